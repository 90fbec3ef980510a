// Files, through one small door, so that tests can crash at every step of it.
//
// Entry point: `FileSystem`; `POSIXFileSystem` is the real one. Nothing here is durable until
// `synchronize` returned for the file, and for its folder where a name was made or changed.
// What never happens here: creating on open, following a half-written file, retrying.

public import Bytes

/// What could not be done with a file; holds the operation, the path and errno, never content.
public struct DiskError: CodedError {
    /// A stable word for machines: `file-missing`, `file-exists`, `disk-full`, `disk-failed`,
    /// `disk-crashed`.
    public let code: String
    /// One sentence for people.
    public let sentence: String

    /// An error with its machine code and its sentence.
    public init(code: String, sentence: String) {
        self.code = code
        self.sentence = sentence
    }
}

/// The file operations that the log and the custodian's state need, and no more.
///
/// Paths are absolute or relative to the working directory; all calls block. A real disk may lose
/// whatever was not synchronized, in any order.
public protocol FileSystem: Sendable {
    /// The whole content of a file. Throws `file-missing`, `disk-failed`, and
    /// where something is written `disk-full`.
    func read(_ path: String) throws(DiskError) -> [UInt8]
    /// `count` bytes from `offset`; fewer at the end of the file. Throws as `read(_:)`.
    func read(_ path: String, at offset: UInt64, count: Int) throws(DiskError) -> [UInt8]
    /// A file that is opened once and read often. What is removed meanwhile can be read on, and takes
    /// its room, until the reader is let go of. Throws `file-missing`, `disk-failed`.
    func reader(_ path: String) throws(DiskError) -> any FileReader
    /// The size of a file in bytes, nil where there is none.
    func size(_ path: String) throws(DiskError) -> UInt64?
    /// A new file with this content, mode 0600. Throws `file-exists` where the name is taken,
    /// `file-missing` where the folder is not there.
    func create(_ path: String, _ bytes: [UInt8]) throws(DiskError)
    /// As `create`, but for every user of the machine to read: mode 0644.
    func createPublic(_ path: String, _ bytes: [UInt8]) throws(DiskError)
    /// Overwrites in place from `offset`, growing the file where needed. Throws `file-missing`.
    func write(_ path: String, at offset: UInt64, _ bytes: [UInt8]) throws(DiskError)
    /// Overwrites in place, one piece after the other until there is none, growing the file where
    /// needed, and makes all of it survive a power cut, on one opening of the file. Throws
    /// `file-missing`.
    ///
    /// A disk that loses what was written is told of once to each who has the file open at that
    /// moment, and to nobody who opens it after another was told: where more than one works on a
    /// file, `write` and then `synchronize` can take for durable what is lost.
    func writeDurably(
        _ path: String, _ next: () throws(DiskError) -> DiskPiece?
    ) throws(DiskError)
    /// Cuts a file to `size` bytes. Throws `file-missing`.
    func truncate(_ path: String, to size: UInt64) throws(DiskError)
    /// Makes the content of a file, or the names in a folder, survive a power cut.
    func synchronize(_ path: String) throws(DiskError)
    /// Renames, replacing what stood at `target`; atomic.
    func rename(_ path: String, to target: String) throws(DiskError)
    /// Removes a file; it is no error if there is none.
    func remove(_ path: String) throws(DiskError)
    /// Makes a folder and its parents, mode 0700; it is no error if it exists.
    func makeFolder(_ path: String) throws(DiskError)
    /// As `makeFolder`, but for every user of the machine to enter and list: mode 0755, for the
    /// parents that it makes too. One that exists keeps the mode that it has.
    func makePublicFolder(_ path: String) throws(DiskError)
    /// The names in a folder, sorted. Throws `file-missing`.
    func list(_ path: String) throws(DiskError) -> [String]
    /// The kind of file system under a path, as a lower-case word (`ext4`, `overlay`, `nfs`, …).
    func kind(_ path: String) throws(DiskError) -> String
    /// Takes a lock file, made where there is none, until the answer is let go of or the process ends,
    /// however it ends; nil where somebody else has it.
    func lock(_ path: String) throws(DiskError) -> DiskLock?
}

/// A file that stays open to be read, by many at once.
public protocol FileReader: Sendable {
    /// `count` bytes from `offset`; fewer at the end of the file. Throws `disk-failed`.
    func read(at offset: UInt64, count: Int) throws(DiskError) -> [UInt8]
}

/// Bytes that go to one place of a file.
public struct DiskPiece: Hashable, Sendable {
    /// Where they go.
    public let offset: UInt64
    /// What goes there.
    public let bytes: [UInt8]

    /// Bytes and their place.
    public init(offset: UInt64, bytes: [UInt8]) {
        self.offset = offset
        self.bytes = bytes
    }
}

/// A lock file that is held, until it is let go of.
public final class DiskLock: Sendable {
    private let release: @Sendable () -> Void

    /// A lock that ends with `release`.
    public init(release: @escaping @Sendable () -> Void = {}) { self.release = release }

    deinit { release() }
}

extension FileSystem {
    /// A disk that only this process has needs no lock.
    public func lock(_ path: String) throws(DiskError) -> DiskLock? { DiskLock() }

    /// Where files are not held open, each part by its path.
    public func reader(_ path: String) throws(DiskError) -> any FileReader {
        PathReader(fileSystem: self, path: path)
    }

    /// Where writing cannot be told apart from another's, piece by piece and then `synchronize`.
    public func writeDurably(
        _ path: String, _ next: () throws(DiskError) -> DiskPiece?
    ) throws(DiskError) {
        while let piece = try next() { try write(path, at: piece.offset, piece.bytes) }
        try synchronize(path)
    }

    /// The same of a single piece.
    public func writeDurably(
        _ path: String, at offset: UInt64, _ bytes: [UInt8]
    ) throws(DiskError) {
        var piece: DiskPiece? = DiskPiece(offset: offset, bytes: bytes)
        try writeDurably(path) { () throws(DiskError) in
            defer { piece = nil }
            return piece
        }
    }

    /// Replaces a file as a whole and durably: new file beside it, synchronized, renamed over it,
    /// folder synchronized. A crash leaves the old content or the new, never a mixture.
    /// A public one is for every user of the machine to read, from the first moment on.
    public func replace(
        _ path: String, _ bytes: [UInt8], isPublic: Bool = false
    ) throws(DiskError) {
        let fresh = path + ".new"
        try remove(fresh)
        if isPublic { try createPublic(fresh, bytes) } else { try create(fresh, bytes) }
        try synchronize(fresh)
        try rename(fresh, to: path)
        try synchronize(folder(of: path))
    }

    /// The folder that holds a path; `.` for a bare name.
    public func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

/// A file that is opened for each part that is read of it.
private struct PathReader<Files: FileSystem>: FileReader {
    let fileSystem: Files
    let path: String

    func read(at offset: UInt64, count: Int) throws(DiskError) -> [UInt8] {
        try fileSystem.read(path, at: offset, count: count)
    }
}
