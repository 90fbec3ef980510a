import Secrets
import Synchronization

extension Mirror {
    /// Follows the log to a newer checkpoint. `fetch` is asked for the missing entries in order, in
    /// ranges that end at multiples of 256 or at the new size; it may take its time, since nobody
    /// who reads the mirror waits for it, and must not advance the mirror itself.
    /// Returns once entries and checkpoint are durable; the checkpoint held already is accepted
    /// without effect, but for the two cases below. Throws, and keeps what it had:
    /// - `checkpoint-unsigned`, `checkpoint-origin`, `checkpoint-form`, `note-form`, …;
    /// - `checkpoint-older`: smaller than the one held, but of the same log;
    /// - `log-forked`: the log signed two trees of which neither extends the other; `evidence` has
    ///   the checkpoint held and the one refused;
    /// - `entries-mismatch`: the entries that came do not give the checkpoint, and nothing shows
    ///   whether the log or who carried them is at fault; `evidence` as before;
    /// - `entries-count`: `fetch` gave another number than asked for; and what `fetch` throws;
    /// - `cosignature-time`: no time that can be signed;
    /// - `mirror-stopped` after an error of the disk, until it is opened again.
    ///
    /// `successor` is another key than the log's own, under which the log goes on: the caller has
    /// verified that those who may say so did. Once accepted, it is `logKey`, also after `open`.
    ///
    /// With a cosigner and a time, the mirror's own cosignature is on the checkpoint before anybody
    /// sees it; of other lines only the log's is then kept, as the mirror publishes what it holds
    /// and has verified no other (`merge` takes those that were). Without a cosigner, a note is
    /// kept as it came.
    public func advance(
        to checkpointNote: [UInt8], signedBy successor: NoteVerifierKey? = nil,
        cosignedAt seconds: UInt64? = nil, fetch: (Range<UInt64>) throws -> [[UInt8]]
    ) throws {
        try writing.withLock { _ in
            let missing = try state.withLock { state in
                try begin(checkpointNote, successor, seconds, &state)
            }
            guard let (new, kept) = missing else { return }
            do {
                try follow(new, fetch)
            } catch {
                try state.withLock { state in try Self.takeBack(&state, after: error) }
            }
            try state.withLock { state in
                try state.ensureRunning()
                do {
                    try Self.ensureExtends(state, new.head, new.note)
                } catch {
                    try Self.takeBack(&state, after: error)
                }
                try accept(new.head, kept, new.key, seal: true, &state)
            }
        }
    }

    /// Step 1, and all that there is to do where no entry is missing: nil. Else the checkpoint to
    /// follow to, and its note as it will be kept.
    private func begin(
        _ wire: [UInt8], _ successor: NoteVerifierKey?, _ seconds: UInt64?, _ state: inout State
    ) throws -> (new: SignedHead, kept: Note)? {
        try state.ensureRunning()
        let key = successor ?? state.logKey
        let (checkpoint, note) = try Checkpoint.verified(wire, origin: origin, key: key)
        let isNewer = try Self.isNewer(checkpoint, note, state)
        let kept = try accepted(checkpoint, note, isNewer ? nil : state.note, key, seconds)
        guard isNewer else {
            guard kept != state.note || key != state.logKey else { return nil }
            try accept(checkpoint, kept, key, seal: false, &state)
            return nil
        }
        if state.held.journal.size > state.held.head.size {
            // Entries of an upload that is not complete are fetched again with the others.
            do { try state.held.journal.takeBack() } catch {
                try Self.takeBack(&state, after: error)
            }
        }
        return (SignedHead(head: checkpoint, note: note, key: key), kept)
    }

    /// Steps 4 to 9.
    func accept(
        _ checkpoint: Checkpoint, _ note: Note, _ key: NoteVerifierKey, seal: Bool,
        _ state: inout State
    ) throws(LedgerError) {
        do throws(LedgerError) {
            if seal {
                try state.held.journal.add([], sealed: true)
                try state.held.journal.commit()
                try files.published.write(state.held.journal, from: state.held.head.size)
            }
            if key != state.logKey {
                let adopted = state.adopted.filter { $0 != key } + [key]
                try files.adopt(adopted)
                state.adopted = adopted
            }
            try files.published.publish(note)
            try files.published.tidy(from: state.held.head.size, to: checkpoint.size)
        } catch {
            // What the disk kept, only `open` can tell.
            state.isStopped = true
            throw error
        }
        (state.held.head, state.note, state.logKey) = (checkpoint, note, key)
    }

    /// The note as it is kept: over the checkpoint held already, with the lines that are there.
    private func accepted(
        _ checkpoint: Checkpoint, _ note: Note, _ held: Note?, _ key: NoteVerifierKey,
        _ seconds: UInt64?
    ) throws(LedgerError) -> Note {
        var all = held ?? note
        if let held, !held.isSigned(by: key) {
            all = try Note(text: note.text, signatures: Self.line(of: key, note))
                .adding(held.signatures)
        }
        guard let cosigner else { return all }
        let own = cosigner.verifierKey
        if held == nil { all = try Note(text: note.text, signatures: Self.line(of: key, note)) }
        guard let seconds, all.lines(except: own.name, own.keyID) == all.signatures else {
            return all
        }
        return try all.adding([cosigner.cosign(checkpoint, at: seconds)])
    }

    private static func line(of key: NoteVerifierKey, _ note: Note) -> [NoteSignature] {
        note.signatures.filter { $0.isSameKey(as: key.name, key.keyID) }
    }

    /// Step 1: whether there are entries to fetch; throws for what can be refused without one.
    private static func isNewer(
        _ checkpoint: Checkpoint, _ note: Note, _ state: State
    ) throws(LedgerError) -> Bool {
        let head = state.held.head
        guard checkpoint.size <= head.size else { return true }
        let evidence = (state.note.map { [$0] } ?? []) + [note]
        // Our entries were signed for: another root over the first of them is another tree.
        guard try state.held.journal.tree.root(at: checkpoint.size) == checkpoint.root else {
            throw forked(evidence)
        }
        guard checkpoint.size == head.size else {
            throw LedgerError(
                code: "checkpoint-older",
                sentence: "the checkpoint has \(checkpoint.size) entries, \(head.size) are held",
                evidence: evidence)
        }
        return state.note == nil
    }

    /// Steps 2 and 3. The lock is not held while entries are on their way.
    private func follow(
        _ new: SignedHead, _ fetch: (Range<UInt64>) throws -> [[UInt8]]
    ) throws {
        let (held, note) = state.withLock { ($0.held.head.size, $0.note) }
        for range in Self.bundles(held..<new.head.size) {
            let entries = try Self.asked(range, fetch)
            try state.withLock { state in
                try state.ensureRunning()
                try state.held.journal.add(entries, sealed: false)
            }
        }
        let root = state.withLock { $0.held.journal.tree.root }
        guard root != new.head.root else { return }
        let evidence = (note.map { [$0] } ?? []) + [new.note]
        // Who is at fault? If all the entries from the first on give the new checkpoint, the log
        // signed a tree that does not extend ours.
        var tree = MerkleTree()
        for range in Self.bundles(0..<new.head.size) {
            for entry in try Self.asked(range, fetch) { tree.append(Merkle.leafHash(entry)) }
        }
        guard tree.root != new.head.root else { throw Self.forked(evidence) }
        throw LedgerError(
            code: "entries-mismatch",
            sentence: "the entries that came do not give the checkpoint's root",
            evidence: evidence)
    }

    /// The entries give the checkpoint; they must give what the log signed before as well.
    private static func ensureExtends(
        _ state: State, _ checkpoint: Checkpoint, _ note: Note
    ) throws(LedgerError) {
        // What only an earlier key promised, and nobody holds, is no promise of the log's.
        for pending in state.pending
        where pending.head.size <= checkpoint.size && note.isSigned(by: pending.key) {
            guard try state.held.journal.tree.root(at: pending.head.size) == pending.head.root
            else { throw forked([pending.note, note]) }
        }
    }

    /// A range cut at the multiples of 256, where tlog-tiles cuts its entry bundles.
    static func bundles(_ range: Range<UInt64>) -> some Sequence<Range<UInt64>> {
        sequence(state: range.lowerBound) { start -> Range<UInt64>? in
            guard start < range.upperBound else { return nil }
            let rest = min(256 - start % 256, range.upperBound - start)
            defer { start += rest }
            return start..<(start + rest)
        }
    }

    private static func asked(
        _ range: Range<UInt64>, _ fetch: (Range<UInt64>) throws -> [[UInt8]]
    ) throws -> [[UInt8]] {
        let entries = try fetch(range)
        guard entries.count == range.count else {
            throw LedgerError(
                code: "entries-count",
                sentence: "\(range.count) entries were asked for, \(entries.count) came")
        }
        return entries
    }

    /// Takes unsealed entries back and throws on, stopping where the disk does not let it.
    private static func takeBack(_ state: inout State, after error: any Error) throws -> Never {
        let isForeign = (error as? LedgerError)?.code == "journal-changed"
        let isBack = (try? state.held.journal.takeBack()) != nil
        state.isStopped = state.isStopped || isForeign || !isBack
        throw error
    }

    static func forked(_ evidence: [Note]) -> LedgerError {
        LedgerError(
            code: "log-forked",
            sentence: "the log signed two trees of which neither extends the other",
            evidence: evidence)
    }
}
