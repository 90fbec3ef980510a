import Bytes
import Secrets
import Synchronization

extension Mirror {
    /// The most entries that an upload may send once more, before it is told where to go on.
    private static let maximumExcess: UInt64 = 32 * 256

    /// Answers `add-entries` (tlog-mirror): takes the packages that prove themselves against a
    /// pending checkpoint, and once all up to it are there, makes it the mirror's checkpoint,
    /// cosigned at this time, durably, and answers 200 with the cosignature. Else 202 or 409 with
    /// where to go on, 422 for entries that are not in the tree or before any checkpoint came, 404
    /// for another log (and for a mirror without a cosigner), 400; 500 and 503 after an error of
    /// the disk. Entries that were taken and not yet sealed may be asked for again after a crash.
    public func addEntries(_ body: [UInt8], cosignAt seconds: UInt64) -> TlogReply {
        var reader = ByteReader(body)
        guard let upload = EntryUpload(&reader) else {
            return .refused(400, "the body is no add-entries request")
        }
        guard let cosigner, upload.origin.elementsEqual(origin.utf8) else {
            return .refused(404, "the entries are of a log that is not mirrored here")
        }
        guard upload.start <= upload.end else {
            return .refused(400, "the upload ends before it starts")
        }
        return writing.withLock { _ in
            state.withLock { state in
                do throws(LedgerError) {
                    try state.ensureRunning()
                    let target: SignedHead
                    switch Self.target(upload, state) {
                    case .refused(let reply): return reply
                    case .accepted(let head): target = head
                    }
                    if let reply = try Self.take(upload, target, &reader, &state) { return reply }
                    return try finish(target, cosigner, seconds, &state)
                } catch { return .failed(error) }
            }
        }
    }

    /// The checks of section "Processing", before any package is read.
    private static func target(_ upload: EntryUpload, _ state: State) -> AddCheckpoint.Ruling {
        guard let latest = state.latest else {
            return .refused(.refused(422, "no checkpoint of this log has come yet"))
        }
        let next = state.held.journal.size
        guard let target = state.known(upload.end), target.head.size >= state.held.head.size else {
            return .refused(info(latest.head.size, next))
        }
        guard upload.start <= next, min(upload.end, next) - upload.start <= maximumExcess else {
            return .refused(info(upload.end, next))
        }
        return .accepted(target)
    }

    /// Reads, proves and keeps the packages; nil once all are there, else the answer.
    private static func take(
        _ upload: EntryUpload, _ target: SignedHead, _ reader: inout ByteReader,
        _ state: inout State
    ) throws(LedgerError) -> TlogReply? {
        var isFirst = true
        for range in upload.ranges {
            guard let package = EntryUpload.package(range, &reader) else {
                return isFirst
                    ? .refused(400, "the body ends within the first entry package")
                    : info(upload.end, state.held.journal.size, status: 202)
            }
            var frontier = MerkleFrontier()
            for index in package.subtree.lowerBound..<range.lowerBound {
                frontier.append(try state.held.journal.tree.leafHash(index))
            }
            for entry in package.entries { frontier.append(Merkle.leafHash(entry)) }
            do throws(LedgerError) {
                try Merkle.verifySubtree(
                    package.subtree, hash: frontier.root, size: upload.end,
                    root: target.head.root, proof: package.proof)
            } catch { return .refused(422, "entries \(range) are not in the checkpoint's tree") }
            let there = Int(clamping: state.held.journal.size - range.lowerBound)
            try keep(Array(package.entries.dropFirst(there)), &state)
            isFirst = false
        }
        return nil
    }

    /// Writes proven entries to the journal, unsealed; stops where the disk does not take them.
    private static func keep(_ entries: [[UInt8]], _ state: inout State) throws(LedgerError) {
        guard !entries.isEmpty else { return }
        state.isStopped = true
        try state.held.journal.add(entries, sealed: false)
        state.isStopped = false
    }

    /// Makes a checkpoint whose entries are all there the mirror's own, unless it is that already,
    /// and answers with the cosignature.
    private func finish(
        _ target: SignedHead, _ cosigner: Cosigner, _ seconds: UInt64, _ state: inout State
    ) throws(LedgerError) -> TlogReply {
        let own = cosigner.verifierKey
        let isHeld = state.note != nil && target.head.size == state.held.head.size
        if isHeld,
            let line = target.note.signatures.first(where: {
                $0.isSameKey(as: own.name, own.keyID)
            })
        {
            return .signed([line])
        }
        let line = try cosigner.cosign(target.head, at: seconds)
        let note = try target.note.adding([line])
        if !isHeld {
            // What stands beyond belongs to an upload that goes on; it cannot stay under this seal.
            state.isStopped = true
            try state.held.journal.cut(to: target.head.size)
            state.isStopped = false
            guard state.held.journal.tree.root == target.head.root else {
                return .refused(422, "the entries that are held do not give the checkpoint's root")
            }
        }
        try accept(target.head, note, target.key, seal: !isHeld, &state)
        return .signed([line])
    }

    private static func info(_ size: UInt64, _ next: UInt64, status: Int = 409) -> TlogReply {
        // The ticket is empty: what it could hold, the mirror remembers.
        TlogReply(
            status: status, contentType: TlogReply.mirrorInfo,
            body: Array("\(size)\n\(next)\n\n".utf8))
    }
}
