public import Disk
public import Secrets
import Synchronization

/// A follower's own durable copy of a log, which believes nothing but what it has recomputed.
///
/// A folder holds `journal`, every entry up to the checkpoint accepted last, and `checkpoint`, that
/// checkpoint as the log signed it; before the first there is none. `advance` goes through these
/// steps, and `open` recovers from a crash in any of them.
///
/// 1. The new checkpoint is verified: key, origin, form, not smaller, not another root of the size
///    held. If we crash here, nothing has changed.
/// 2. Entries are fetched and written to the end of the journal, unsealed. If we crash here, they
///    stand under no seal and `open` cuts them off.
/// 3. The root over all entries, the kept and the new, is compared with the checkpoint's: equal
///    roots prove inclusion and consistency at once. If not, the entries are taken back.
/// 4. A seal is written, the journal synchronized. If we crash here, the entries may stay, but the
///    checkpoint over them was not accepted: `open` goes back to the one that was.
/// 5. `checkpoint` is replaced, durably. If we crash here, the old or the new one stands, and
///    `open` goes to the seal of that size, which is on disk in both cases.
/// 6. Only now does `advance` return, and the new entries count.
public final class Mirror: Sendable {
    /// The name of the log that is followed.
    public let origin: String
    /// The key that signs its checkpoints.
    public let logKey: NoteVerifierKey
    private let folder: String
    private let fileSystem: any FileSystem
    private let state: Mutex<State>

    private struct State: Sendable {
        var held: HeldLog
        var note: Note?
        var isStopped = false
    }

    private init(
        _ folder: String, _ origin: String, _ logKey: NoteVerifierKey,
        _ fileSystem: any FileSystem
    ) throws(LedgerError) {
        self.origin = origin
        self.logKey = logKey
        self.folder = folder
        self.fileSystem = fileSystem
        var head = try Checkpoint(origin: origin, size: 0, root: Merkle.emptyRoot)
        var note: Note?
        var journal = try Journal.replayed(folder + "/journal", fileSystem)
        let path = folder + "/checkpoint"
        if try onDisk({ () throws(DiskError) in try fileSystem.size(path) }) != nil {
            let wire = try onDisk { () throws(DiskError) in try fileSystem.read(path) }
            (head, note) = try Checkpoint.verified(wire, origin: origin, key: logKey)
        }
        try journal.rewind(to: head.size)
        guard journal.tree.root == head.root else {
            throw LedgerError(
                code: "mirror-damaged",
                sentence: "the journal in \(folder) does not give the root of its checkpoint")
        }
        try journal.settle()
        // A name seen after a crash of the program may be in memory only, as content may.
        let hasCheckpoint = note != nil
        try onDisk { () throws(DiskError) in
            if hasCheckpoint { try fileSystem.synchronize(path) }
            try fileSystem.synchronize(folder)
        }
        state = Mutex(State(held: HeldLog(journal: journal, head: head), note: note))
    }

    /// Makes a mirror without entries in a folder, which is made if need be, and opens it. A
    /// creation that crashed is begun again, or is found done (`mirror-exists`). Throws
    /// `mirror-exists`, `checkpoint-origin`, and the disk's errors.
    public static func create(
        at folder: String, origin: String, logKey: NoteVerifierKey, fileSystem: any FileSystem
    ) throws(LedgerError) -> Mirror {
        let exists = try onDisk { () throws(DiskError) in
            try fileSystem.makeFolder(folder)
            try fileSystem.synchronize(fileSystem.folder(of: folder))
            let sizes = [
                try fileSystem.size(folder + "/journal"),
                try fileSystem.size(folder + "/checkpoint"),
            ]
            return sizes.contains { $0 != nil }
        }
        guard !exists else {
            throw LedgerError(
                code: "mirror-exists", sentence: "there is a mirror in \(folder) already")
        }
        try Journal.create(folder + "/journal", fileSystem)
        return try Mirror(folder, origin, logKey, fileSystem)
    }

    /// Opens a mirror at the checkpoint that it accepted last. Throws `journal-missing` where there
    /// is none, `journal-damaged` or `mirror-damaged` where the entries do not give the checkpoint,
    /// `checkpoint-unsigned` or `checkpoint-origin` for another log's, and the disk's errors.
    public static func open(
        at folder: String, origin: String, logKey: NoteVerifierKey, fileSystem: any FileSystem
    ) throws(LedgerError) -> Mirror {
        try Mirror(folder, origin, logKey, fileSystem)
    }

    /// The checkpoint accepted last, as the log signed it; nil before the first.
    public var checkpoint: [UInt8]? { state.withLock { $0.note?.encode() } }
    /// What it says; size 0 before the first.
    public var head: Checkpoint { state.withLock { $0.held.head } }
    /// How many entries are held.
    public var size: UInt64 { head.size }

    /// Follows the log to a newer checkpoint. `fetch` is asked for the missing entries in order, in
    /// ranges that end at multiples of 256 or at the new size, and must not call the mirror.
    /// Returns once entries and checkpoint are durable; the checkpoint held already is accepted
    /// without effect. Throws, and keeps what it had:
    /// - `checkpoint-unsigned`, `checkpoint-origin`, `checkpoint-form`, `note-form`, …;
    /// - `checkpoint-older`: smaller than the one held, but of the same log;
    /// - `log-forked`: the log signed two trees of which neither extends the other; `evidence` has
    ///   the checkpoint held and the one refused;
    /// - `entries-mismatch`: the entries that came do not give the checkpoint, and nothing shows
    ///   whether the log or who carried them is at fault; `evidence` as before;
    /// - `entries-count`: `fetch` gave another number than asked for; and what `fetch` throws;
    /// - `mirror-stopped` after an error of the disk, until it is opened again.
    public func advance(
        to checkpointNote: [UInt8], fetch: (Range<UInt64>) throws -> [[UInt8]]
    ) throws {
        let (checkpoint, note) = try Checkpoint.verified(
            checkpointNote, origin: origin, key: logKey)
        try state.withLock { state in
            guard !state.isStopped else {
                throw LedgerError(
                    code: "mirror-stopped",
                    sentence: "the mirror stopped after an error of its disk; open it again")
            }
            guard try isNewer(checkpoint, note, state) else { return }
            do {
                try Self.follow(checkpoint, note, &state, fetch)
            } catch {
                try Self.takeBack(&state, after: error)
            }
            do throws(LedgerError) {
                try state.held.journal.add([], sealed: true)
                try state.held.journal.commit()
                let path = folder + "/checkpoint"
                try onDisk { () throws(DiskError) in
                    try fileSystem.replace(path, note.encode())
                }
            } catch {
                // What the disk kept, only `open` can tell.
                state.isStopped = true
                throw error
            }
            (state.held.head, state.note) = (checkpoint, note)
        }
    }

    /// One entry. Throws `entry-missing`, `entry-damaged`.
    public func entry(at index: UInt64) throws(LedgerError) -> [UInt8] {
        try state.withLock { state throws(LedgerError) in try state.held.entry(index) }
    }

    /// Entries in order. Throws as `entry(at:)`.
    public func entries(_ range: Range<UInt64>) throws(LedgerError) -> [[UInt8]] {
        try state.withLock { state throws(LedgerError) in try state.held.entries(range) }
    }

    /// The proof that an entry is in the log of `size` entries, the held size if nil. Throws
    /// `proof-range`.
    public func inclusionProof(
        of index: UInt64, size: UInt64? = nil
    ) throws(LedgerError) -> [Digest] {
        try state.withLock { state throws(LedgerError) in
            try state.held.inclusionProof(index, size)
        }
    }

    /// The proof that the log of `size` entries, the held size if nil, extends the one of
    /// `oldSize`. Throws `proof-range`.
    public func consistencyProof(
        from oldSize: UInt64, to size: UInt64? = nil
    ) throws(LedgerError) -> [Digest] {
        try state.withLock { state throws(LedgerError) in
            try state.held.consistencyProof(oldSize, size)
        }
    }

    /// Step 1: whether there is anything to do; throws for what can be refused without an entry.
    private func isNewer(
        _ checkpoint: Checkpoint, _ note: Note, _ state: State
    ) throws(LedgerError) -> Bool {
        let head = state.held.head
        let evidence = (state.note.map { [$0] } ?? []) + [note]
        if checkpoint.size <= head.size {
            // Our entries were signed for: another root over the first of them is another tree.
            guard try state.held.journal.tree.root(at: checkpoint.size) == checkpoint.root else {
                throw Self.forked(evidence)
            }
            guard checkpoint.size == head.size else {
                throw LedgerError(
                    code: "checkpoint-older",
                    sentence:
                        "the checkpoint has \(checkpoint.size) entries, \(head.size) are held",
                    evidence: evidence)
            }
            return state.note == nil
        }
        return true
    }

    /// Steps 2 and 3.
    private static func follow(
        _ checkpoint: Checkpoint, _ note: Note, _ state: inout State,
        _ fetch: (Range<UInt64>) throws -> [[UInt8]]
    ) throws {
        for range in bundles(state.held.head.size..<checkpoint.size) {
            try state.held.journal.add(asked(range, fetch), sealed: false)
        }
        guard state.held.journal.tree.root != checkpoint.root else { return }
        let evidence = (state.note.map { [$0] } ?? []) + [note]
        // Who is at fault? If all the entries from the first on give the new checkpoint, the log
        // signed a tree that does not extend ours.
        var tree = MerkleTree()
        for range in bundles(0..<checkpoint.size) {
            for entry in try asked(range, fetch) { tree.append(Merkle.leafHash(entry)) }
        }
        guard tree.root != checkpoint.root else { throw forked(evidence) }
        throw LedgerError(
            code: "entries-mismatch",
            sentence: "the entries that came do not give the checkpoint's root",
            evidence: evidence)
    }

    /// A range cut at the multiples of 256, where tlog-tiles cuts its entry bundles.
    private static func bundles(_ range: Range<UInt64>) -> some Sequence<Range<UInt64>> {
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
        state.isStopped = isForeign || (try? state.held.journal.takeBack()) == nil
        throw error
    }

    private static func forked(_ evidence: [Note]) -> LedgerError {
        LedgerError(
            code: "log-forked",
            sentence: "the log signed two trees of which neither extends the other",
            evidence: evidence)
    }
}
