import Disk
import GRDB

/// One SQLite file of the vault with the settings that all of them share.
///
/// WAL with `synchronous = FULL`: a transaction is on the disk before it is acknowledged.
/// The journal is moved into the file when it has 32 MiB. `secure_delete`: what is deleted is overwritten with zeros. Pages are of 8 KiB. `temp_store = MEMORY`: no file is made that this type does not know.
struct SQLiteFile: Sendable {
    let path: String
    let queue: DatabaseQueue
    private static let version = 7

    /// A new file with a schema, mode 0600. Throws `store-exists`, `store-failed`.
    static func create(
        _ path: String, schema: String, fileSystem: any FileSystem
    ) throws(StoreError) -> SQLiteFile {
        try disk { () throws(DiskError) in
            try fileSystem.create(path, [])
            try fileSystem.synchronize(fileSystem.folder(of: path))
        }
        let file = try SQLiteFile(path)
        try file.write { database in
            try database.execute(sql: schema)
            try database.execute(sql: "PRAGMA user_version = \(version)")
        }
        return file
    }

    /// A file that exists. Throws `store-missing`, `store-version` for another program's file or
    /// one whose creation was cut short, `store-failed`.
    static func open(_ path: String, fileSystem: any FileSystem) throws(StoreError) -> SQLiteFile {
        guard try disk({ () throws(DiskError) in try fileSystem.size(path) }) != nil else {
            throw StoreError(code: "store-missing", sentence: "there is no store at \(path)")
        }
        let file = try SQLiteFile(path)
        let found = try file.read { try Int.fetchOne($0, sql: "PRAGMA user_version") }
        guard found == version else {
            throw StoreError(
                code: "store-version", sentence: "\(path) is not of this version of the store")
        }
        return file
    }

    /// Whether a crash cut short the creation of a file: it has no schema, so nobody was ever told
    /// of anything in it. Throws `store-failed`.
    static func isUnborn(_ path: String, _ fileSystem: any FileSystem) throws(StoreError) -> Bool {
        guard try disk({ () throws(DiskError) in try fileSystem.size(path) }) != nil else {
            return true
        }
        let file = try SQLiteFile(path)
        let objects = try file.read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_schema")
        }
        try checked { try file.queue.close() }
        return objects == 0
    }

    /// A database that lives as long as the process. Throws `store-failed`.
    static func inMemory(schema: String) throws(StoreError) -> SQLiteFile {
        let file = try SQLiteFile(":memory:")
        try file.write { try $0.execute(sql: schema) }
        return file
    }

    /// SQLite wants 32 KiB beside the file for an index of its journal. Where a full disk refuses them
    /// the index is held in memory, and no other process can look at the file: so it opens all the same.
    private init(_ path: String) throws(StoreError) {
        self.path = path
        do throws(StoreError) {
            queue = try Self.connect(path, isAlone: false)
        } catch {
            guard error.code == Self.full else { throw error }
            queue = try Self.connect(path, isAlone: true)
        }
    }

    private static func connect(
        _ path: String, isAlone: Bool
    ) throws(StoreError) -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "vault"
        configuration.prepareDatabase { database in
            if isAlone { try database.execute(sql: "PRAGMA locking_mode = EXCLUSIVE") }
            for pragma in [
                "page_size = 8192", "secure_delete = ON", "journal_mode = WAL",
                "synchronous = FULL", "wal_autocheckpoint = 4096", "temp_store = MEMORY",
                "trusted_schema = OFF",
            ] {
                try database.execute(sql: "PRAGMA \(pragma)")
            }
        }
        return try checked { try DatabaseQueue(path: path, configuration: configuration) }
    }

    /// Reads in one transaction.
    func read<Result>(_ body: (Database) throws -> Result) throws(StoreError) -> Result {
        try Self.checked { try queue.read(body) }
    }

    /// Writes in one transaction, durable when this returns; nothing is changed when it throws.
    func write<Result>(_ body: (Database) throws -> Result) throws(StoreError) -> Result {
        try Self.checked { try queue.write(body) }
    }

    /// Writes something that changes nothing. What a failed transaction has left in the journal, and
    /// the next opening could take for one that came about, is overwritten by it, durably.
    func overwriteFailed() throws(StoreError) {
        try write { try $0.execute(sql: "PRAGMA user_version = \(Self.version)") }
    }

    /// Does what no transaction may be around.
    func withoutTransaction(_ body: (Database) throws -> Void) throws(StoreError) {
        try Self.checked { try queue.writeWithoutTransaction(body) }
    }

    /// Moves the journal into the file and empties it, so that no older page is left in it.
    func settle() throws(StoreError) {
        try Self.checked {
            try queue.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        }
    }

    /// The same where there is room for it: a full disk keeps no store from opening.
    func settleIfRoom() throws(StoreError) {
        do throws(StoreError) {
            try settle()
        } catch {
            guard error.code == Self.full else { throw error }
        }
    }

    /// The code of what a full disk refuses.
    static let full = "store-full"

    /// Closes the file; what is asked of it from here on fails.
    func close() throws(StoreError) { try Self.checked { try queue.close() } }

    /// Removes a file that is not open, with everything that SQLite puts beside it.
    static func remove(_ path: String, _ fileSystem: any FileSystem) throws(StoreError) {
        try disk { () throws(DiskError) in
            for suffix in ["", "-wal", "-shm", "-journal"] { try fileSystem.remove(path + suffix) }
            try fileSystem.synchronize(fileSystem.folder(of: path))
        }
    }

    // SQLite's own messages can quote what was bound: only the number goes out.
    static func checked<Result>(
        _ body: () throws -> Result
    ) throws(StoreError) -> Result {
        do {
            return try body()
        } catch let error as StoreError {
            throw error
        } catch let error as DatabaseError {
            if [.SQLITE_FULL, .SQLITE_IOERR_SHMSIZE].contains(error.extendedResultCode) {
                throw StoreError(code: full, sentence: "the disk of the store is full")
            }
            throw StoreError(
                code: "store-failed",
                sentence: "SQLite answered with error \(error.extendedResultCode.rawValue)")
        } catch {
            throw StoreError(
                code: "store-failed", sentence: "the store holds what it did not write")
        }
    }

    static func disk<Result>(
        _ body: () throws(DiskError) -> Result
    ) throws(StoreError) -> Result {
        do throws(DiskError) {
            return try body()
        } catch {
            throw refusal(error)
        }
    }

    /// What the disk refused, as the store says it.
    static func refusal(_ error: DiskError) -> StoreError {
        let codes = ["file-exists": "store-exists", "disk-full": full]
        return StoreError(code: codes[error.code] ?? "store-failed", sentence: error.sentence)
    }
}
