import Synchronization

extension Mirror {
    /// Cosigns the checkpoint held once more, at a new time, durably before it returns. Throws
    /// `cosigner-missing` for a mirror without one, `checkpoint-missing` before the first,
    /// `cosignature-time`, `mirror-stopped`, and the disk's errors, after which it is stopped.
    public func cosign(at seconds: UInt64) throws(LedgerError) {
        guard let cosigner else {
            throw LedgerError(code: "cosigner-missing", sentence: "the mirror has no cosigner")
        }
        try state.withLock { state throws(LedgerError) in
            try state.ensureRunning()
            guard let note = state.note else {
                throw LedgerError(
                    code: "checkpoint-missing", sentence: "the mirror holds no checkpoint yet")
            }
            let head = state.held.head
            let all = try note.adding([cosigner.cosign(head, at: seconds)])
            guard all != note else { return }
            try accept(head, all, state.logKey, seal: false, &state)
        }
    }

    /// Takes the signature lines of a note over the held checkpoint, which the caller has verified,
    /// to those that it has, durably; the log's line and the mirror's own stay as they are. Returns
    /// false, and does nothing, where the note is over another checkpoint. Throws `note-signatures`
    /// above 100 lines, `mirror-stopped`, and the disk's errors, after which it is stopped.
    @discardableResult
    public func merge(_ note: Note) throws(LedgerError) -> Bool {
        try state.withLock { state throws(LedgerError) in
            try state.ensureRunning()
            guard let held = state.note, held.text.utf8.elementsEqual(note.text.utf8) else {
                return false
            }
            let own = cosigner?.verifierKey
            let lines = note.lines(except: state.logKey.name, state.logKey.keyID)
                .filter { !$0.isSameKey(as: own?.name ?? "", own?.keyID ?? []) }
            let all = try held.adding(lines)
            guard all != held else { return true }
            try accept(state.held.head, all, state.logKey, seal: false, &state)
            return true
        }
    }
}
