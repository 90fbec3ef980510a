public import Disk
import Secrets
import Synchronization

/// A witness of one log (tlog-witness v1.0.0): it sees that the log only grows, says so with a time,
/// and keeps no more than the last checkpoint that it cosigned, where anybody may fetch it:
/// `public/<SHA-256 of the origin>/checkpoint`.
///
/// The latest checkpoint is compared, replaced and answered for under one lock, and the file is
/// durable before the answer: of two requests at once the second sees what the first has kept.
public final class Witness: Sendable {
    /// The name of the log.
    public let origin: String
    private let logKey: NoteVerifierKey
    private let cosigner: Cosigner
    private let files: MirrorFiles
    private let state: Mutex<State>

    private struct State: Sendable {
        var latest: SignedHead?
        var isStopped = false
    }

    private init(
        _ files: MirrorFiles, _ logKey: NoteVerifierKey, _ cosigner: Cosigner
    ) throws(LedgerError) {
        let latest = try files.signed(files.checkpoint, by: [logKey])
        if let latest, try latest.note.cosignatures(by: [cosigner.verifierKey]).isEmpty {
            throw LedgerError(
                code: "witness-damaged",
                sentence: "the checkpoint in \(files.folder) is not one that this witness cosigned")
        }
        origin = files.origin
        self.files = files
        self.logKey = logKey
        self.cosigner = cosigner
        try files.settle([files.checkpoint])
        state = Mutex(State(latest: latest))
    }

    /// Makes a witness that has seen nothing in a folder, which is made if need be, and opens it.
    /// Throws `witness-exists` where there is one, `checkpoint-origin`, and the disk's errors.
    public static func create(
        at folder: String, origin: String, logKey: NoteVerifierKey, cosigner: Cosigner,
        fileSystem: any FileSystem
    ) throws(LedgerError) -> Witness {
        _ = try Checkpoint(origin: origin, size: 0, root: Merkle.emptyRoot)
        let files = MirrorFiles(folder: folder, origin: origin, fileSystem: fileSystem)
        try files.createFolders()
        guard try files.content(files.checkpoint) == nil else {
            throw LedgerError(
                code: "witness-exists", sentence: "there is a witness in \(folder) already")
        }
        return try Witness(files, logKey, cosigner)
    }

    /// Opens a witness at the checkpoint that it cosigned last. Throws `file-missing` where there is
    /// none, `checkpoint-unsigned`, `checkpoint-origin`, `witness-damaged`, and the disk's errors.
    public static func open(
        at folder: String, origin: String, logKey: NoteVerifierKey, cosigner: Cosigner,
        fileSystem: any FileSystem
    ) throws(LedgerError) -> Witness {
        let files = MirrorFiles(folder: folder, origin: origin, fileSystem: fileSystem)
        return try Witness(files, logKey, cosigner)
    }

    /// The checkpoint cosigned last, with the log's line and the witness's; nil before the first.
    public var checkpoint: [UInt8]? { state.withLock { $0.latest?.note.encode() } }

    /// Answers `add-checkpoint` at a time in seconds since 1970: 200 with the cosignature, or 400,
    /// 403, 404, 409 with the latest size, 422 as the specification has them; 500 after an error of
    /// the disk, and 503 from then on until the witness is opened again.
    public func addCheckpoint(_ body: [UInt8], at seconds: UInt64) -> TlogReply {
        state.withLock { state in
            guard !state.isStopped else {
                return .refused(503, "the witness stopped after an error of its disk")
            }
            switch AddCheckpoint.judge(
                body, origin: origin, key: logKey, latest: state.latest?.head)
            {
            case .refused(let reply): return reply
            case .accepted(let new):
                do throws(LedgerError) {
                    let line = try cosigner.cosign(new.head, at: seconds)
                    let note = try new.note.adding([line])
                    state.isStopped = true
                    try files.published.publish(note)
                    state = State(latest: SignedHead(head: new.head, note: note, key: new.key))
                    return .signed([line])
                } catch { return .failed(error) }
            }
        }
    }

    /// Answers a GET below the monitoring prefix: `<origin hash>/checkpoint`, or 404.
    public func resource(_ path: String) -> TlogReply {
        guard path == "\(files.originHash)/\(TilePath.checkpoint)", let checkpoint else {
            return .refused(404, "there is no such resource")
        }
        return TlogReply(status: 200, body: checkpoint)
    }
}
