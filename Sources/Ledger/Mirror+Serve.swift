import Secrets
import Synchronization

extension Mirror {
    /// Answers `add-checkpoint`: as a witness does, but for the *pending* checkpoint, up to which
    /// `addEntries` may then bring the entries, and without a cosignature: 200 has an empty body. The
    /// pending checkpoint is durable before the answer; 500 and 503 after an error of the disk.
    public func addCheckpoint(_ body: [UInt8]) -> TlogReply {
        state.withLock { state in
            do throws(LedgerError) {
                try state.ensureRunning()
                switch AddCheckpoint.judge(
                    body, origin: origin, key: state.logKey, latest: state.latest?.head)
                {
                case .refused(let reply): return reply
                case .accepted(let new):
                    state.isStopped = true
                    try files.replace(files.pending, new.note.encode())
                    state.isStopped = false
                    state.pend(new)
                    return TlogReply(status: 200, body: [])
                }
            } catch { return .failed(error) }
        }
    }

    /// Answers a GET below the monitoring prefix, `<origin hash>/checkpoint` and
    /// `<origin hash>/tile/…`, or 404. A static server of the folder `public` answers the same.
    public func resource(_ path: String) -> TlogReply {
        let prefix = files.originHash + "/"
        guard path.hasPrefix(prefix) else { return .refused(404, "there is no such resource") }
        let name = String(path.dropFirst(prefix.count))
        return FolderTiles(files.published.path, fileSystem: files.fileSystem).reply(to: name)
    }
}

extension Mirror.State {
    /// How many earlier pending checkpoints an upload may still name as its end.
    private static let remembered = 16

    /// The pending checkpoint: the largest that the log is known to have signed, be it that its
    /// entries are still missing or that they are held.
    var latest: SignedHead? {
        if let pending = pending.last, pending.head.size >= held.head.size { return pending }
        return note.map { SignedHead(head: held.head, note: $0, key: logKey) }
    }

    /// Keeps one more pending checkpoint, proven to extend the one before.
    mutating func pend(_ new: SignedHead) {
        pending.removeAll { $0.head.size == new.head.size }
        pending.append(new)
        pending.removeFirst(max(0, pending.count - Self.remembered))
    }

    /// The checkpoint of this size that is pending or held, under the key that the log has now.
    func known(_ size: UInt64) -> SignedHead? {
        if let note, size == held.head.size {
            return SignedHead(head: held.head, note: note, key: logKey)
        }
        return pending.last { $0.head.size == size && $0.key == logKey }
    }
}
