public import Disk
public import Secrets
import Synchronization

/// A follower's own durable copy of a log, which believes nothing but what it has recomputed; with
/// a `Cosigner`, one that says so under its own name (tlog-mirror).
///
/// A folder holds `journal`, every entry up to the checkpoint accepted last, and in
/// `public/<SHA-256 of the origin>` what anybody may fetch: `checkpoint`, that checkpoint as the log
/// signed it (before the first there is none), and the tiles and entry bundles under it. `advance`
/// goes through these steps, and `open` recovers from a crash in any of them.
///
/// 1. The new checkpoint is verified: key, origin, form, not smaller, not another root of the size
///    held. If we crash here, nothing has changed.
/// 2. Entries are fetched and written to the end of the journal, unsealed. If we crash here, they
///    stand under no seal and `open` cuts them off.
/// 3. The root over all entries, the kept and the new, is compared with the checkpoint's: equal
///    roots prove inclusion and consistency at once. If not, the entries are taken back.
/// 4. A seal is written, the journal synchronized. If we crash here, the entries may stay, but the
///    checkpoint over them was not accepted: `open` goes back to the one that was.
/// 5. The new tiles and bundles are written, and not synchronized. If we crash here, or lose power
///    later and with it files that nobody had synchronized, `open` compares every one that an
///    accepted checkpoint needs with the journal, and writes what is missing or different.
/// 6. Where the log goes on under another key, `log-keys` is replaced, durably. If we crash here,
///    the old checkpoint stands under an older key, and `open` takes it under any key of the list.
/// 7. The own cosignature is put on the checkpoint, and `checkpoint` is replaced, durably. If we
///    crash here, the old or the new one stands, `open` goes to the seal of that size, which is on
///    disk in both cases, and to the key that signed it. No cosignature has left yet.
/// 8. Partial tiles in whose place full ones stand now are removed. If we crash here, `open` removes
///    the rest.
/// 9. Only now does `advance` return, and the new entries, key and cosignature count.
public final class Mirror: Sendable {
    /// The name of the log that is followed.
    public let origin: String
    let files: MirrorFiles
    /// Where what anybody may fetch stands: `checkpoint`, `tile/…`.
    public var publicFolder: String { files.published.path }
    let cosigner: Cosigner?
    /// The key that the mirror was opened with; `log-keys` has only those that followed.
    private let firstKey: NoteVerifierKey
    /// Held by whoever brings entries, from the first to the seal: one writer of the journal at a
    /// time, who may wait for a network meanwhile.
    let writing = Mutex<Void>(())
    /// Held for as long as the disk takes, never while anything is fetched: readers do not wait.
    let state: Mutex<State>

    struct State: Sendable {
        var held: HeldLog
        var note: Note?
        /// The key that the log signs with now.
        var logKey: NoteVerifierKey
        /// What `log-keys` holds.
        var adopted: [NoteVerifierKey]
        /// The last pending checkpoints, oldest first, each proven to extend the one before.
        var pending: [SignedHead] = []
        var isStopped = false

        /// Throws `mirror-stopped` after an error of the disk.
        func ensureRunning() throws(LedgerError) {
            guard isStopped else { return }
            throw LedgerError(
                code: "mirror-stopped",
                sentence: "the mirror stopped after an error of its disk; open it again")
        }
    }

    private init(
        _ files: MirrorFiles, _ logKey: NoteVerifierKey, _ cosigner: Cosigner?
    ) throws(LedgerError) {
        origin = files.origin
        self.files = files
        self.cosigner = cosigner
        firstKey = logKey
        state = Mutex(try Self.recovered(files, logKey))
    }

    /// What the disk has, under `logKey` or a key that was adopted since.
    private static func recovered(
        _ files: MirrorFiles, _ logKey: NoteVerifierKey
    ) throws(LedgerError) -> State {
        var journal = try Journal.replayed(files.journal, files.fileSystem)
        let adopted = try files.adoptedKeys()
        let signed = try files.signed(files.checkpoint, by: [logKey] + adopted)
        let empty = try Checkpoint(origin: files.origin, size: 0, root: Merkle.emptyRoot)
        let head = signed?.head ?? empty
        try journal.rewind(to: head.size)
        guard journal.tree.root == head.root else {
            throw LedgerError(
                code: "mirror-damaged",
                sentence:
                    "the journal in \(files.folder) does not give the root of its checkpoint")
        }
        try journal.settle()
        let pending = try files.signed(files.pending, by: [logKey] + adopted)
        try files.settle([files.checkpoint, files.logKeys, files.pending])
        try files.published.restore(journal)
        return State(
            held: HeldLog(journal: journal, head: head), note: signed?.note,
            logKey: signed?.key ?? logKey, adopted: adopted, pending: pending.map { [$0] } ?? [])
    }

    /// Goes on after an error of the disk, as opening the mirror again would; nothing happens where
    /// there was none. Throws as `open`; the mirror is then stopped as before.
    public func recover() throws(LedgerError) {
        try writing.withLock { _ throws(LedgerError) in
            try state.withLock { state throws(LedgerError) in
                guard state.isStopped else { return }
                state = try Self.recovered(files, firstKey)
            }
        }
    }

    /// Makes a mirror without entries in a folder, which is made if need be, and opens it. A
    /// creation that crashed is begun again, or is found done (`mirror-exists`). Throws
    /// `mirror-exists`, `checkpoint-origin`, and the disk's errors.
    public static func create(
        at folder: String, origin: String, logKey: NoteVerifierKey, cosigner: Cosigner? = nil,
        fileSystem: any FileSystem
    ) throws(LedgerError) -> Mirror {
        let files = MirrorFiles(folder: folder, origin: origin, fileSystem: fileSystem)
        try files.createFolders()
        let exists = try onDisk { () throws(DiskError) in
            let sizes = [
                try fileSystem.size(files.journal), try fileSystem.size(files.checkpoint),
            ]
            return sizes.contains { $0 != nil }
        }
        guard !exists else {
            throw LedgerError(
                code: "mirror-exists", sentence: "there is a mirror in \(folder) already")
        }
        try Journal.create(files.journal, fileSystem)
        return try Mirror(files, logKey, cosigner)
    }

    /// Opens a mirror at the checkpoint that it accepted last, under `logKey` or a key that it has
    /// adopted since. Throws `journal-missing` where there is none, `journal-damaged` or
    /// `mirror-damaged` where the entries do not give the checkpoint, `checkpoint-unsigned` or
    /// `checkpoint-origin` for another log's, and the disk's errors.
    public static func open(
        at folder: String, origin: String, logKey: NoteVerifierKey, cosigner: Cosigner? = nil,
        fileSystem: any FileSystem
    ) throws(LedgerError) -> Mirror {
        let files = MirrorFiles(folder: folder, origin: origin, fileSystem: fileSystem)
        return try Mirror(files, logKey, cosigner)
    }

    /// The key that signs the log's checkpoints: the one that the mirror was opened with, or the
    /// one it has adopted since (`advance`).
    public var logKey: NoteVerifierKey { state.withLock { $0.logKey } }
    /// The checkpoint accepted last, as the log signed it, with the cosignatures that it has here;
    /// nil before the first.
    public var checkpoint: [UInt8]? { state.withLock { $0.note?.encode() } }
    /// What it says; size 0 before the first.
    public var head: Checkpoint { state.withLock { $0.held.head } }
    /// How many entries are held.
    public var size: UInt64 { head.size }
    /// The key of the mirror's own cosignatures, if it makes any.
    public var cosignerKey: CosignerKey? { cosigner?.verifierKey }

    /// One entry. Throws `entry-missing`, `entry-damaged`.
    public func entry(at index: UInt64) throws(LedgerError) -> [UInt8] {
        try state.withLock { state throws(LedgerError) in try state.held.entry(index) }
    }

    /// Entries in order. Throws as `entry(at:)`.
    public func entries(_ range: Range<UInt64>) throws(LedgerError) -> [[UInt8]] {
        try state.withLock { state throws(LedgerError) in try state.held.entries(range) }
    }

    /// The root over the first `size` entries held. Throws `proof-range` above the held size.
    public func root(at size: UInt64) throws(LedgerError) -> Digest {
        try state.withLock { state throws(LedgerError) in
            guard size <= state.held.head.size else { throw Merkle.outOfRange }
            return try state.held.journal.tree.root(at: size)
        }
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
}
