import Disk
import Secrets

/// Where a mirror's files stand, and how each is read and replaced.
struct MirrorFiles: Sendable {
    let folder: String
    let origin: String
    let fileSystem: any FileSystem

    /// All entries; it makes the folder a mirror.
    var journal: String { folder + "/journal" }
    /// What anybody may fetch, where tlog-mirror has it below the monitoring prefix: `public` and
    /// the SHA-256 of the origin.
    var published: PublicFolder {
        PublicFolder(
            path: "\(folder)/public/\(originHash)", fileSystem: fileSystem)
    }
    /// SHA-256 of the origin in hex: the log's name in a monitoring prefix.
    var originHash: String { Digest(of: Array(origin.utf8)).hex }
    /// The checkpoint accepted last; none before the first.
    var checkpoint: String { published.checkpoint }
    /// The pending checkpoint; none before the first `add-checkpoint`.
    var pending: String { folder + "/pending" }
    /// The keys that the mirror has adopted from its log's successors, the newest last; none before
    /// the first succession.
    var logKeys: String { folder + "/log-keys" }

    /// The content of a file, or nil where there is none.
    func content(_ path: String) throws(LedgerError) -> [UInt8]? {
        try onDisk { () throws(DiskError) in
            try fileSystem.size(path) == nil ? nil : try fileSystem.read(path)
        }
    }

    func replace(_ path: String, _ bytes: [UInt8]) throws(LedgerError) {
        try onDisk { () throws(DiskError) in try fileSystem.replace(path, bytes) }
    }

    /// Makes durable what stands under these names: what is seen after a crash of the program may
    /// be in memory only.
    func settle(_ paths: [String]) throws(LedgerError) {
        try onDisk { () throws(DiskError) in
            for path in paths where try fileSystem.size(path) != nil {
                try fileSystem.synchronize(path)
            }
            try fileSystem.synchronize(folder)
            try fileSystem.synchronize(published.path)
        }
    }

    /// Makes the folders, durably; nothing where they are there.
    func createFolders() throws(LedgerError) {
        try onDisk { () throws(DiskError) in
            try fileSystem.makeFolder(fileSystem.folder(of: folder))
            try fileSystem.makePublicFolder(folder)
            try fileSystem.synchronize(fileSystem.folder(of: folder))
            try fileSystem.makePublicFolder(folder + "/public")
            try fileSystem.synchronize(folder)
        }
        try published.create()
    }

    /// The adopted keys, oldest first. Throws `mirror-damaged` where the file is none of ours.
    func adoptedKeys() throws(LedgerError) -> [NoteVerifierKey] {
        guard let bytes = try content(logKeys) else { return [] }
        var keys: [NoteVerifierKey] = []
        guard let text = String(validating: bytes, as: UTF8.self), text.hasSuffix("\n") else {
            throw damagedKeys
        }
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            guard let key = try? NoteVerifierKey(text: String(line)) else { throw damagedKeys }
            keys.append(key)
        }
        return keys
    }

    /// Writes the adopted keys, durably.
    func adopt(_ keys: [NoteVerifierKey]) throws(LedgerError) {
        try replace(logKeys, Array(keys.map { $0.text + "\n" }.joined().utf8))
    }

    /// A stored checkpoint under whichever of the keys signed it, the newest first; nil where there
    /// is none. Throws `checkpoint-unsigned`, `checkpoint-origin`, and what parsing throws.
    func signed(
        _ path: String, by keys: [NoteVerifierKey]
    ) throws(LedgerError) -> SignedHead? {
        guard let wire = try content(path) else { return nil }
        let note = try Note(wire: wire)
        for key in keys.reversed() where note.isSigned(by: key) {
            let head = try Checkpoint.verified(wire, origin: origin, key: key).checkpoint
            return SignedHead(head: head, note: note, key: key)
        }
        throw LedgerError(
            code: "checkpoint-unsigned",
            sentence: "the checkpoint in \(folder) bears no valid signature of its log",
            evidence: [note])
    }

    private var damagedKeys: LedgerError {
        LedgerError(
            code: "mirror-damaged", sentence: "\(logKeys) does not hold one key a line")
    }
}

/// A checkpoint, the note that it came in, and the log's key that was found to have signed it.
struct SignedHead: Sendable {
    let head: Checkpoint
    let note: Note
    let key: NoteVerifierKey
}
