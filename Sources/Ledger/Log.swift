public import Disk
public import Secrets
import Synchronization

/// The log as its one writer has it.
///
/// A folder holds `journal`, every entry, and in `public` what anybody may fetch: `checkpoint`, the
/// signed head, and the tiles and entry bundles of tlog-tiles, which follow from the journal. The
/// order in which they are written is the whole safety of it; `append` goes through these steps,
/// and `open` through steps 2 to 6, whatever it finds.
///
/// 1. The batch's entries and a seal (their number and root) are written to the end of the
///    journal. If we crash here, some of it may be on disk, in any state. The seal over it does not
///    hold, or it holds and the batch is whole; `open` keeps what stands under the last seal that
///    holds and cuts off the rest. Nobody had been told of either.
/// 2. The journal is synchronized. If we crash here, or from here on, the batch stays: `open` goes
///    forward to it. It could not go back: after step 5 somebody may have seen a checkpoint.
/// 3. The new tiles and bundles are written, and not synchronized: a batch costs the journal's
///    round and the checkpoint's, whatever its size. If we crash here, or lose power later and with
///    it files that nobody had synchronized, `open` compares every one that a published checkpoint
///    needs with the journal, and writes what is missing or different.
/// 4. The checkpoint is signed: only now, over entries that cannot go away any more. If we crash
///    here, the same text is signed again at `open`, and Ed25519 gives the same bytes: no two
///    different checkpoints of one size can ever leave this log.
/// 5. `checkpoint` is replaced, durably (written beside, synchronized, renamed, folder
///    synchronized). If we crash here, the old one or the new one stands, and both fit the journal;
///    `open` writes the new one.
/// 6. Partial tiles in whose place full ones stand now are removed: not before, since the old
///    checkpoint was in force until step 5. If we crash here, `open` removes the rest.
/// 7. The caller is told. An entry that was acknowledged is therefore under a durable, signed
///    checkpoint: a journal that no longer gives its root is refused as damaged, never cut.
///
/// After any error from the disk an open log takes no more entries (`log-stopped`) until it is
/// opened again or recovered in place, which is the same: only steps 2 to 6 know what the disk
/// kept. One process writes a log at a time:
/// whoever starts it sees to that.
public final class Log: Sendable {
    /// The log's name in its checkpoints.
    public let origin: String
    private let folder: String
    private let files: PublicFolder
    private let signer: NoteSigner
    private let state: Mutex<State>

    private struct State: Sendable {
        var held: HeldLog
        var note: Note
        var isStopped = false
    }

    private init(
        _ folder: String, _ origin: String, _ signer: NoteSigner, _ fileSystem: any FileSystem
    ) throws(LedgerError) {
        self.origin = origin
        self.signer = signer
        self.folder = folder
        files = Self.files(folder, fileSystem)
        state = Mutex(try Self.recovered(folder, files, origin, signer))
    }

    /// What the disk has, after steps 2 to 6.
    private static func recovered(
        _ folder: String, _ files: PublicFolder, _ origin: String, _ signer: NoteSigner
    ) throws(LedgerError) -> State {
        let (published, note) = try Self.published(files, folder, origin, signer.verifierKey)
        var journal = try Journal.replayed(folder + "/journal", files.fileSystem)
        guard published.size <= journal.size,
            try journal.tree.root(at: published.size) == published.root
        else {
            throw LedgerError(
                code: "log-damaged",
                sentence: "the journal in \(folder) does not give the root of its checkpoint")
        }
        try journal.settle()
        try files.restore(journal)
        return try Self.publish(journal, over: note, files, origin, signer)
    }

    /// Goes on after an error of the disk, as opening the log again would; nothing happens where there
    /// was none. Whether the batch that failed is in the log or not, `size` tells afterwards. Throws
    /// as `open`; the log is then stopped as before.
    public func recover() throws(LedgerError) {
        try state.withLock { state throws(LedgerError) in
            guard state.isStopped else { return }
            state = try Self.recovered(folder, files, origin, signer)
        }
    }

    /// Makes a log without entries in a folder, which is made if need be, and opens it. A creation
    /// that crashed is begun again. Throws `log-exists` where there is one, `journal-exists` where
    /// there are entries without a checkpoint, `checkpoint-origin`, and the disk's errors.
    public static func create(
        at folder: String, origin: String, signer: NoteSigner, fileSystem: any FileSystem
    ) throws(LedgerError) -> Log {
        let head = try Checkpoint(origin: origin, size: 0, root: Merkle.emptyRoot)
        let note = try signer.sign(head.text)
        let files = files(folder, fileSystem)
        let exists = try onDisk { () throws(DiskError) in
            try fileSystem.makeFolder(fileSystem.folder(of: folder))
            try fileSystem.makePublicFolder(folder)
            try fileSystem.synchronize(fileSystem.folder(of: folder))
            return try fileSystem.size(files.checkpoint) != nil
        }
        guard !exists else {
            throw LedgerError(code: "log-exists", sentence: "there is a log in \(folder) already")
        }
        // The journal first: a checkpoint is what makes a folder a log.
        try Journal.create(folder + "/journal", fileSystem)
        try files.create()
        try files.publish(note)
        return try Log(folder, origin, signer, fileSystem)
    }

    /// Opens a log: keeps every acknowledged entry, finishes or cuts off what a crash interrupted,
    /// publishes the checkpoint. Throws `log-missing`, `log-damaged`, `journal-missing`,
    /// `journal-damaged`, `checkpoint-unsigned` or `checkpoint-origin` for another's log, and the
    /// disk's errors.
    public static func open(
        at folder: String, origin: String, signer: NoteSigner, fileSystem: any FileSystem
    ) throws(LedgerError) -> Log {
        try Log(folder, origin, signer, fileSystem)
    }

    /// The signed checkpoint, as `checkpoint` has it.
    public var checkpoint: [UInt8] { state.withLock { $0.note.encode() } }
    /// What the checkpoint says.
    public var head: Checkpoint { state.withLock { $0.held.head } }
    /// How many entries.
    public var size: UInt64 { head.size }
    /// The key that verifies the checkpoints.
    public var verifierKey: NoteVerifierKey { signer.verifierKey }

    /// Adds entries in order, each of at most 65,535 bytes, and returns their indexes once they are
    /// durable and under the published checkpoint. Nothing happens for an empty batch. Throws
    /// `entry-size` (the log goes on), `log-stopped`, `journal-changed`, and the disk's errors,
    /// after which the batch may be in the log or not: `open` tells.
    public func append(_ entries: [[UInt8]]) throws(LedgerError) -> Range<UInt64> {
        try state.withLock { state throws(LedgerError) in
            guard !state.isStopped else { throw Self.stopped }
            let first = state.held.head.size
            guard !entries.isEmpty else { return first..<first }
            do throws(LedgerError) {
                try state.held.journal.add(entries, sealed: true)
                try state.held.journal.commit()
                try files.write(state.held.journal, from: first)
                state = try Self.publish(
                    state.held.journal, over: state.note, files, origin, signer)
                try files.tidy(from: first, to: state.held.head.size)
            } catch {
                state.isStopped = error.code != "entry-size"
                throw error
            }
            return first..<state.held.head.size
        }
    }

    /// Takes the signature lines of a note over the present head, which the caller has verified,
    /// into the published checkpoint, durably; the log's own line stays as it is. Returns false,
    /// and does nothing, where the head has moved on. Throws `note-signatures` above 100 lines,
    /// `log-stopped`, and the disk's errors, after which the log is stopped.
    public func add(cosignatures note: Note) throws(LedgerError) -> Bool {
        try state.withLock { state throws(LedgerError) in
            guard !state.isStopped else { throw Self.stopped }
            guard note.text.utf8.elementsEqual(state.note.text.utf8) else { return false }
            let own = signer.verifierKey
            let all = try state.note.adding(note.lines(except: own.name, own.keyID))
            guard all != state.note else { return true }
            do throws(LedgerError) {
                try files.publish(all)
            } catch {
                state.isStopped = true
                throw error
            }
            state.note = all
            return true
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

    /// The proof that an entry is in the log of `size` entries, the present size if nil. Throws
    /// `proof-range`.
    public func inclusionProof(
        of index: UInt64, size: UInt64? = nil
    ) throws(LedgerError) -> [Digest] {
        try state.withLock { state throws(LedgerError) in
            try state.held.inclusionProof(index, size)
        }
    }

    /// The proof that the log of `size` entries, the present size if nil, extends the one of
    /// `oldSize`. Throws `proof-range`.
    public func consistencyProof(
        from oldSize: UInt64, to size: UInt64? = nil
    ) throws(LedgerError) -> [Digest] {
        try state.withLock { state throws(LedgerError) in
            try state.held.consistencyProof(oldSize, size)
        }
    }

    /// The proof that a subtree is one of the log of `size` entries. Throws `proof-range`.
    public func subtreeProof(
        of subtree: Range<UInt64>, size: UInt64
    ) throws(LedgerError) -> [Digest] {
        try state.withLock { state throws(LedgerError) in
            try state.held.subtreeProof(subtree, size)
        }
    }

    /// Steps 4 and 5: signs the head of a durable journal and publishes it. Where that head is
    /// published already, it stays with the cosignatures that it has.
    private static func publish(
        _ journal: Journal, over old: Note, _ files: PublicFolder, _ origin: String,
        _ signer: NoteSigner
    ) throws(LedgerError) -> State {
        let head = try Checkpoint(
            origin: origin, size: journal.size, root: journal.tree.root)
        let isPublished = old.text.utf8.elementsEqual(head.text.utf8)
        let note = isPublished ? old : try signer.sign(head.text)
        try files.publish(note)
        return State(held: HeldLog(journal: journal, head: head), note: note)
    }

    private static func files(_ folder: String, _ fileSystem: any FileSystem) -> PublicFolder {
        PublicFolder(path: folder + "/public", fileSystem: fileSystem)
    }

    private static func published(
        _ files: PublicFolder, _ folder: String, _ origin: String, _ key: NoteVerifierKey
    ) throws(LedgerError) -> (checkpoint: Checkpoint, note: Note) {
        let path = files.checkpoint
        let isThere = try onDisk { () throws(DiskError) in
            try files.fileSystem.size(path) != nil
        }
        guard isThere else {
            throw LedgerError(code: "log-missing", sentence: "there is no log in \(folder)")
        }
        let wire = try onDisk { () throws(DiskError) in try files.fileSystem.read(path) }
        return try Checkpoint.verified(wire, origin: origin, key: key)
    }

    private static var stopped: LedgerError {
        LedgerError(
            code: "log-stopped",
            sentence: "the log stopped after an error of its disk; open it again")
    }
}
