import CLinux
import Glibc

/// The machine's own files, by POSIX calls; every call opens, acts and closes.
public struct POSIXFileSystem: FileSystem {
    /// A door to the machine's files.
    public init() {}

    public func read(_ path: String) throws(DiskError) -> [UInt8] {
        // Its size is asked of what was opened: another may have taken the name's place meanwhile.
        let file = OpenFile(path, try opened(path, O_RDONLY))
        return try file.read(at: 0, count: try file.size)
    }

    public func read(_ path: String, at offset: UInt64, count: Int) throws(DiskError) -> [UInt8] {
        try OpenFile(path, try opened(path, O_RDONLY)).read(at: offset, count: count)
    }

    public func reader(_ path: String) throws(DiskError) -> any FileReader {
        OpenFile(path, try opened(path, O_RDONLY))
    }

    public func size(_ path: String) throws(DiskError) -> UInt64? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            if errno == ENOENT { return nil }
            throw failed("look at", path)
        }
        return UInt64(status.st_size)
    }

    public func create(_ path: String, _ bytes: [UInt8]) throws(DiskError) {
        try create(path, bytes, 0o600)
    }

    /// By flock(2): the lock goes with the last descriptor, so that a killed program holds none.
    public func lock(_ path: String) throws(DiskError) -> DiskLock? {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw errno == ENOENT ? missing(folder(of: path)) : failed("create", path)
        }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno != EINTR else { continue }
            let isHeld = errno == EWOULDBLOCK
            close(descriptor)
            guard isHeld else { throw failed("lock", path) }
            return nil
        }
        return DiskLock { close(descriptor) }
    }

    public func createPublic(_ path: String, _ bytes: [UInt8]) throws(DiskError) {
        try create(path, bytes, 0o644)
    }

    private func create(_ path: String, _ bytes: [UInt8], _ mode: mode_t) throws(DiskError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else {
            if errno == EEXIST {
                throw DiskError(code: "file-exists", sentence: "\(path) exists already")
            }
            throw errno == ENOENT ? missing(folder(of: path)) : failed("create", path)
        }
        defer { close(descriptor) }
        // The process's mask may have taken some of the mode away.
        guard fchmod(descriptor, mode) == 0 else { throw failed("open to readers", path) }
        try put(descriptor, path, 0, bytes)
    }

    public func write(_ path: String, at offset: UInt64, _ bytes: [UInt8]) throws(DiskError) {
        let descriptor = try opened(path, O_WRONLY)
        defer { close(descriptor) }
        try put(descriptor, path, offset, bytes)
    }

    public func writeDurably(
        _ path: String, _ next: () throws(DiskError) -> DiskPiece?
    ) throws(DiskError) {
        let descriptor = try opened(path, O_WRONLY)
        defer { close(descriptor) }
        while let piece = try next() { try put(descriptor, path, piece.offset, piece.bytes) }
        guard fsync(descriptor) == 0 else { throw failed("synchronize", path) }
    }

    public func truncate(_ path: String, to size: UInt64) throws(DiskError) {
        let descriptor = try opened(path, O_WRONLY)
        defer { close(descriptor) }
        guard ftruncate(descriptor, Int(size)) == 0 else { throw failed("truncate", path) }
    }

    public func synchronize(_ path: String) throws(DiskError) {
        let descriptor = try opened(path, O_RDONLY)
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failed("synchronize", path) }
    }

    public func rename(_ path: String, to target: String) throws(DiskError) {
        guard Glibc.rename(path, target) == 0 else { throw failed("rename", path) }
    }

    public func remove(_ path: String) throws(DiskError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw failed("remove", path) }
    }

    public func makeFolder(_ path: String) throws(DiskError) { try makeFolder(path, 0o700) }

    public func makePublicFolder(_ path: String) throws(DiskError) {
        try makeFolder(path, 0o755)
    }

    private func makeFolder(_ path: String, _ mode: mode_t) throws(DiskError) {
        func make() -> Bool { mkdir(path, mode) == 0 && chmod(path, mode) == 0 }
        if make() { return }
        if errno == ENOENT, folder(of: path) != path {
            try makeFolder(folder(of: path), mode)
            if make() { return }
        }
        let reason = errno
        var status = stat()
        let isFolder = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        errno = reason
        guard isFolder else { throw failed("make the folder", path) }
    }

    public func list(_ path: String) throws(DiskError) -> [String] {
        guard let folder = opendir(path) else {
            throw errno == ENOENT ? missing(path) : failed("list", path)
        }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    public func kind(_ path: String) throws(DiskError) -> String {
        let type = linux_file_system_type(path)
        guard type >= 0 else { throw failed("look at", path) }
        return Self.kinds[UInt32(type)] ?? "unknown"
    }

    /// The f_type numbers of statfs(2).
    private static let kinds: [UInt32: String] = [
        0xef53: "ext4", 0x5846_5342: "xfs", 0x0102_1994: "tmpfs", 0x794c_7630: "overlay",
        0x9123_683e: "btrfs", 0x2fc1_2fc1: "zfs", 0x6969: "nfs", 0xff53_4d42: "cifs",
        0xfe53_4d42: "smb2", 0x6573_5546: "fuse", 0x0102_1997: "9p", 0xf2f5_2010: "f2fs",
        0xca45_1a4e: "bcachefs", 0x9fa0: "proc", 0x00c3_6400: "ceph", 0x4d44: "vfat",
    ]

    private func put(
        _ descriptor: Int32, _ path: String, _ offset: UInt64, _ bytes: [UInt8]
    ) throws(DiskError) {
        var done = 0
        while done < bytes.count {
            let put = bytes.withUnsafeBytes {
                pwrite(
                    descriptor, $0.baseAddress.map { $0 + done }, bytes.count - done,
                    Int(offset) + done)
            }
            if put < 0 && errno == EINTR { continue }
            guard put >= 0 else { throw failed("write", path) }
            done += put
        }
    }

    private func opened(_ path: String, _ flags: Int32) throws(DiskError) -> Int32 {
        let descriptor = open(path, flags | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw errno == ENOENT ? missing(path) : failed("open", path)
        }
        return descriptor
    }

    private func missing(_ path: String) -> DiskError {
        DiskError(code: "file-missing", sentence: "there is no file \(path)")
    }

    private func failed(_ verb: String, _ path: String) -> DiskError { .failed(verb, path) }
}

extension DiskError {
    /// What errno says of something that could not be done.
    fileprivate static func failed(_ verb: String, _ path: String) -> DiskError {
        DiskError(
            code: errno == ENOSPC || errno == EDQUOT ? "disk-full" : "disk-failed",
            sentence: "could not \(verb) \(path): \(String(cString: strerror(errno)))")
    }
}

/// A file that is open for as long as somebody has this.
private final class OpenFile: FileReader {
    private let path: String
    private let descriptor: Int32

    init(_ path: String, _ descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    var size: Int {
        get throws(DiskError) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw .failed("look at", path) }
            return Int(status.st_size)
        }
    }

    func read(at offset: UInt64, count: Int) throws(DiskError) -> [UInt8] {
        var failure: DiskError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { target, done in
            while done < count {
                let got = pread(
                    descriptor, target.baseAddress.map { $0 + done }, count - done,
                    Int(offset) + done)
                if got < 0 && errno == EINTR { continue }
                if got < 0 { failure = .failed("read", path) }
                if got <= 0 { break }
                done += got
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
