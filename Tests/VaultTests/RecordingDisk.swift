import Foundation
import GRDBSQLite
import Secrets
import Synchronization

/// What SQLite does to the files of one folder, in its order: a VFS that hands everything on to that of
/// the system and keeps a record, from which any moment's disk can be made again.
enum RecordingDisk {
    enum Operation: Sendable {
        case write(String, Int, [UInt8])
        case truncate(String, Int)
        case synchronize(String)
        /// What was not synchronized is not on the disk, and is taken for it.
        case lost(String)
        case remove(String)
        case rename(String, String)
        /// Something was acknowledged.
        case mark(Int)
    }

    private struct State {
        var folder: String?
        var operations: [Operation] = []
        var names: [UInt: String] = [:]
        var failing: (suffix: String, count: Int)?
    }

    private static let state = Mutex(State())

    /// From here on records what happens under a folder, until `end`.
    static func begin(_ folder: String) {
        _ = isRegistered
        state.withLock { $0 = State(folder: folder) }
    }

    /// The next synchronizations of a file whose name ends so fail, so many of them.
    static func failSynchronizing(_ suffix: String, _ count: Int) {
        state.withLock { $0.failing = (suffix, count) }
    }

    private static func takeFailure(_ file: File?) -> Bool {
        state.withLock { state in
            guard let folder = state.folder, let name = state.names[UInt(bitPattern: file)],
                name.hasPrefix(folder + "/"), let failing = state.failing, failing.count > 0,
                name.hasSuffix(failing.suffix)
            else { return false }
            state.failing?.count -= 1
            return true
        }
    }

    static func mark(_ number: Int) { state.withLock { $0.operations.append(.mark(number)) } }

    static func end() -> [Operation] {
        state.withLock { state in
            state.folder = nil
            return state.operations
        }
    }

    /// Records what is done to a file of the folder in another way than through SQLite.
    static func note(_ path: String, _ operation: (String) -> Operation) {
        state.withLock { state in
            guard let folder = state.folder, path.hasPrefix(folder + "/") else { return }
            state.operations.append(operation(String(path.dropFirst(folder.count + 1))))
        }
    }

    // MARK: The VFS

    // A file of ours is this, and then the system's.
    private static let headerSize = 16
    private nonisolated(unsafe) static let system = sqlite3_vfs_find(nil)

    private static let isRegistered: Bool = {
        guard let system else { return false }
        let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        vfs.initialize(to: system.pointee)
        vfs.pointee.szOsFile += Int32(headerSize)
        vfs.pointee.zName = UnsafePointer(strdup("recording"))
        vfs.pointee.xOpen = { _, name, file, flags, out in
            RecordingDisk.open(name, file, flags, out)
        }
        vfs.pointee.xDelete = { _, name, isDurable in
            RecordingDisk.remove(name, isDurable)
        }
        return sqlite3_vfs_register(vfs, 1) == SQLITE_OK
    }()

    private typealias File = UnsafeMutablePointer<sqlite3_file>

    private static func real(_ file: File?) -> File? {
        file.map {
            (UnsafeMutableRawPointer($0) + headerSize).assumingMemoryBound(to: sqlite3_file.self)
        }
    }

    private static func methods(_ file: File?) -> sqlite3_io_methods? {
        real(file)?.pointee.pMethods?.pointee
    }

    private static func open(
        _ name: UnsafePointer<CChar>?, _ file: File?, _ flags: Int32,
        _ out: UnsafeMutablePointer<Int32>?
    ) -> Int32 {
        guard let file, let system else { return SQLITE_CANTOPEN }
        file.pointee.pMethods = nil
        let result = system.pointee.xOpen?(system, name, real(file), flags, out) ?? SQLITE_ERROR
        guard result == SQLITE_OK else { return result }
        file.pointee.pMethods = table
        if let name {
            let path = String(cString: name)
            state.withLock { $0.names[UInt(bitPattern: file)] = path }
        }
        return result
    }

    private static func remove(_ name: UnsafePointer<CChar>?, _ isDurable: Int32) -> Int32 {
        guard let system else { return SQLITE_ERROR }
        if let name {
            let path = String(cString: name)
            state.withLock { state in
                guard let folder = state.folder, path.hasPrefix(folder + "/") else { return }
                state.operations.append(.remove(String(path.dropFirst(folder.count + 1))))
            }
        }
        return system.pointee.xDelete?(system, name, isDurable) ?? SQLITE_ERROR
    }

    private static func record(_ file: File?, _ operation: (String) -> Operation) {
        state.withLock { state in
            guard let folder = state.folder, let name = state.names[UInt(bitPattern: file)],
                name.hasPrefix(folder + "/")
            else { return }
            state.operations.append(operation(String(name.dropFirst(folder.count + 1))))
        }
    }

    private nonisolated(unsafe) static let table: UnsafePointer<sqlite3_io_methods> = {
        var table = sqlite3_io_methods()
        table.iVersion = 2
        table.xClose = { file in
            state.withLock { _ = $0.names.removeValue(forKey: UInt(bitPattern: file)) }
            return methods(file)?.xClose?(real(file)) ?? SQLITE_ERROR
        }
        table.xRead = { methods($0)?.xRead?(real($0), $1, $2, $3) ?? SQLITE_ERROR }
        table.xWrite = { file, bytes, count, offset in
            record(file) {
                let bytes = UnsafeRawBufferPointer(start: bytes, count: Int(count))
                return .write($0, Int(offset), Array(bytes))
            }
            return methods(file)?.xWrite?(real(file), bytes, count, offset) ?? SQLITE_ERROR
        }
        table.xTruncate = { file, size in
            record(file) { .truncate($0, Int(size)) }
            return methods(file)?.xTruncate?(real(file), size) ?? SQLITE_ERROR
        }
        table.xSync = { file, flags in
            if takeFailure(file) {
                record(file) { .lost($0) }
                // SQLITE_IOERR_FSYNC.
                return SQLITE_IOERR | 4 << 8
            }
            let result = methods(file)?.xSync?(real(file), flags) ?? SQLITE_ERROR
            record(file) { .synchronize($0) }
            return result
        }
        table.xFileSize = { methods($0)?.xFileSize?(real($0), $1) ?? SQLITE_ERROR }
        table.xLock = { methods($0)?.xLock?(real($0), $1) ?? SQLITE_ERROR }
        table.xUnlock = { methods($0)?.xUnlock?(real($0), $1) ?? SQLITE_ERROR }
        table.xCheckReservedLock = {
            methods($0)?.xCheckReservedLock?(real($0), $1) ?? SQLITE_ERROR
        }
        table.xFileControl = { methods($0)?.xFileControl?(real($0), $1, $2) ?? SQLITE_ERROR }
        table.xSectorSize = { methods($0)?.xSectorSize?(real($0)) ?? 4_096 }
        // Nothing is promised of the disk: neither order, nor whole writes.
        table.xDeviceCharacteristics = { _ in 0 }
        table.xShmMap = { methods($0)?.xShmMap?(real($0), $1, $2, $3, $4) ?? SQLITE_ERROR }
        table.xShmLock = { methods($0)?.xShmLock?(real($0), $1, $2, $3) ?? SQLITE_ERROR }
        table.xShmBarrier = { methods($0)?.xShmBarrier?(real($0)) }
        table.xShmUnmap = { methods($0)?.xShmUnmap?(real($0), $1) ?? SQLITE_ERROR }
        let place = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        place.initialize(to: table)
        return UnsafePointer(place)
    }()
}

/// The disk as a power cut leaves it: of each file what was synchronized, and of what was not
/// a beginning, the last write of it torn.
struct CutDisk {
    /// What each file has, and what was done to it since it was synchronized.
    private struct File {
        var content: [UInt8] = []
        var pending: [RecordingDisk.Operation] = []
    }

    private var files: [String: File] = [:]

    /// The files after some operations. Where `synchronizes` is false nothing ever gets to be durable.
    init(_ operations: ArraySlice<RecordingDisk.Operation>, synchronizes: Bool = true) {
        for operation in operations {
            switch operation {
            case .write(let name, _, _), .truncate(let name, _):
                files[name, default: File()].pending.append(operation)
            case .synchronize(let name):
                guard synchronizes, var file = files[name] else { continue }
                for operation in file.pending { Self.apply(operation, to: &file.content) }
                file.pending = []
                files[name] = file
            case .lost(let name): files[name]?.pending = []
            case .remove(let name):
                // The folder is synchronized together with the journal that is made next, before
                // anything is acknowledged.
                files[name] = nil
            case .rename(let name, let target):
                files[target] = files.removeValue(forKey: name)
            case .mark: continue
            }
        }
    }

    /// The files' contents, where each keeps some of its operations that were not synchronized.
    func contents(_ random: SeededRandom) -> [String: [UInt8]] {
        func number(below limit: Int) -> Int {
            random.bytes(4).reduce(0) { $0 << 8 | Int($1) } % max(limit, 1)
        }
        var contents: [String: [UInt8]] = [:]
        for (name, file) in files.sorted(by: { $0.key < $1.key }) {
            var content = file.content
            let kept = number(below: file.pending.count + 1)
            for operation in file.pending.prefix(kept) { Self.apply(operation, to: &content) }
            if kept < file.pending.count,
                case .write(_, let offset, let bytes) = file.pending[kept]
            {
                let torn = number(below: bytes.count / 512 + 1) * 512
                Self.apply(.write(name, offset, Array(bytes.prefix(torn))), to: &content)
            }
            contents[name] = content
        }
        return contents
    }

    private static func apply(_ operation: RecordingDisk.Operation, to content: inout [UInt8]) {
        switch operation {
        case .write(_, let offset, let bytes):
            guard !bytes.isEmpty else { return }
            if content.count < offset + bytes.count {
                content += [UInt8](repeating: 0, count: offset + bytes.count - content.count)
            }
            content.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
        case .truncate(_, let size):
            content = Array(content.prefix(size))
        case .synchronize, .lost, .remove, .rename, .mark: return
        }
    }
}
