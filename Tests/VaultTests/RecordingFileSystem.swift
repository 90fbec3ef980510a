import Disk
import Synchronization

/// The machine's files, where what is done to those of one folder enters the same record as what
/// SQLite does (`RecordingDisk`), and where one operation can be made to fail.
final class RecordingFileSystem: FileSystem {
    /// A fault of the disk.
    enum Fault: Sendable {
        /// Nothing is written.
        case write
        /// A beginning is written.
        case halfWritten
        /// All of it is there for who reads it, the answer is that it is not, and the disk does not
        /// have it: the system keeps the pages and takes them for written.
        case synchronize
        /// The same, but it is another opening of the file that is told.
        case toldElsewhere
        /// A file is not removed.
        case remove
        /// A file keeps its name.
        case rename
    }

    private let real = POSIXFileSystem()
    private let fault = Mutex<(Fault, String)?>(nil)
    private let reads = Mutex<[String: Int]>([:])
    private let hook = Mutex<(@Sendable (String) -> Void)?>(nil)

    /// What is done when the next part of a file is read, once.
    func onRead(_ body: @escaping @Sendable (String) -> Void) { hook.withLock { $0 = body } }

    /// How often parts of a file were read.
    func reads(of path: String) -> Int { reads.withLock { $0[path] ?? 0 } }

    /// The next operation of a kind on a file whose name has this in it fails, once.
    func fail(_ kind: Fault, on name: String) { fault.withLock { $0 = (kind, name) } }

    private func takeFault(_ kinds: [Fault], _ path: String) -> Fault? {
        fault.withLock { fault in
            guard let (kind, name) = fault, kinds.contains(kind), path.contains(name) else {
                return nil
            }
            fault = nil
            return kind
        }
    }

    private static var full: DiskError {
        DiskError(code: "disk-full", sentence: "the disk of the test is full")
    }

    private static var failed: DiskError {
        DiskError(code: "disk-failed", sentence: "the disk of the test has failed")
    }

    func create(_ path: String, _ bytes: [UInt8]) throws(DiskError) {
        try real.create(path, bytes)
        // A file of SQLite's begins when SQLite writes it.
        if !bytes.isEmpty { RecordingDisk.note(path) { .write($0, 0, bytes) } }
    }

    func write(_ path: String, at offset: UInt64, _ bytes: [UInt8]) throws(DiskError) {
        switch takeFault([.write, .halfWritten, .toldElsewhere], path) {
        case .write: throw Self.full
        case .toldElsewhere: return try real.write(path, at: offset, bytes)
        case .halfWritten:
            try real.write(path, at: offset, Array(bytes.prefix(bytes.count * 2 / 3)))
            throw Self.full
        default: break
        }
        try real.write(path, at: offset, bytes)
        RecordingDisk.note(path) { .write($0, Int(offset), bytes) }
    }

    func truncate(_ path: String, to size: UInt64) throws(DiskError) {
        try real.truncate(path, to: size)
        RecordingDisk.note(path) { .truncate($0, Int(size)) }
    }

    func synchronize(_ path: String) throws(DiskError) {
        try real.synchronize(path)
        if takeFault([.synchronize], path) != nil {
            RecordingDisk.note(path) { .lost($0) }
            throw Self.full
        }
        RecordingDisk.note(path) { .synchronize($0) }
    }

    func writeDurably(
        _ path: String, _ next: () throws(DiskError) -> DiskPiece?
    ) throws(DiskError) {
        // Whoever has the file open is told, whoever else is told too.
        if takeFault([.toldElsewhere], path) != nil { throw Self.failed }
        while let piece = try next() { try write(path, at: piece.offset, piece.bytes) }
        try synchronize(path)
    }

    func rename(_ path: String, to target: String) throws(DiskError) {
        if takeFault([.rename], path) != nil { throw Self.failed }
        try real.rename(path, to: target)
        RecordingDisk.note(path) { name in
            .rename(name, String(target.dropFirst(path.count - name.count)))
        }
    }

    func remove(_ path: String) throws(DiskError) {
        if takeFault([.remove], path) != nil { throw Self.failed }
        try real.remove(path)
        RecordingDisk.note(path) { .remove($0) }
    }

    func read(_ path: String) throws(DiskError) -> [UInt8] { try real.read(path) }
    func read(_ path: String, at offset: UInt64, count: Int) throws(DiskError) -> [UInt8] {
        reads.withLock { $0[path, default: 0] += 1 }
        let body = hook.withLock { hook in
            defer { hook = nil }
            return hook
        }
        body?(path)
        return try real.read(path, at: offset, count: count)
    }
    func size(_ path: String) throws(DiskError) -> UInt64? { try real.size(path) }
    func createPublic(_ path: String, _ bytes: [UInt8]) throws(DiskError) {
        try real.createPublic(path, bytes)
    }
    func makeFolder(_ path: String) throws(DiskError) { try real.makeFolder(path) }
    func makePublicFolder(_ path: String) throws(DiskError) { try real.makePublicFolder(path) }
    func list(_ path: String) throws(DiskError) -> [String] { try real.list(path) }
    func kind(_ path: String) throws(DiskError) -> String { try real.kind(path) }
}
