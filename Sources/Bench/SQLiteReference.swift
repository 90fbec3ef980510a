import Foundation
import GRDBSQLite

/// What the store is held against: SQLite by its C interface, with the same page size, journal and
/// durability, keeping random rows of the same size in the fastest layout that can still be looked
/// up by label: append-only tables whose index is built when a segment of about a million rows
/// closes.
final class SQLiteReference {
    /// Rows of a segment.
    static let segment = 1_000_000
    /// Bytes of a row beside its 16-byte label: what a read of 256 bytes seals to.
    static let rowSize = 24 + 256 + 16

    private let path: String
    private var database: OpaquePointer?
    private var insert: OpaquePointer?
    private var finds: [OpaquePointer?] = []
    private var number = 0
    private var open = 0
    private var random: Splitmix
    // Rows are cut out of it: to draw each anew would cost as much as to store it.
    private let noise: [UInt8]
    /// The labels by which look-ups ask, one of each 256 rows, with their segments.
    private var labels: [(segment: Int, label: [UInt8])] = []
    private(set) var rows = 0

    /// A new file at a path.
    init(_ path: String, seed: UInt64 = 1) throws {
        self.path = path
        var random = Splitmix(seed)
        noise = (0..<(1 << 20)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        self.random = random
        try connect()
        try begin()
    }

    deinit { disconnect() }

    private func connect() throws {
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        guard sqlite3_open_v2(path, &database, flags, nil) == SQLITE_OK else { throw failure }
        for sql in ["page_size = 8192", "journal_mode = WAL", "synchronous = FULL"] {
            try execute("PRAGMA " + sql)
        }
    }

    private func disconnect() {
        for statement in finds + [insert] { sqlite3_finalize(statement) }
        sqlite3_close_v2(database)
        (finds, insert, database) = ([], nil, nil)
    }

    private var failure: CocoaError { CocoaError(.fileWriteUnknown) }

    private func execute(_ sql: String) throws {
        guard sqlite3_exec(database, sql, nil, nil, nil) == SQLITE_OK else { throw failure }
    }

    private func prepare(_ sql: String) throws -> OpaquePointer? {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(database, sql, -1, &statement, nil) == SQLITE_OK else {
            throw failure
        }
        return statement
    }

    private func begin() throws {
        try execute("CREATE TABLE segment_\(number) (label BLOB NOT NULL, row BLOB NOT NULL)")
        sqlite3_finalize(insert)
        insert = try prepare("INSERT INTO segment_\(number) VALUES (?, ?)")
        open = 0
    }

    /// Appends one durable batch.
    func append(_ count: Int) throws {
        try execute("BEGIN IMMEDIATE")
        for _ in 0..<count { try append() }
        try execute("COMMIT")
        rows += count
        open += count
        if open >= Self.segment { try close() }
    }

    private func append() throws {
        var label = (random.next(), random.next())
        let offset = Int(random.next() % UInt64(noise.count - Self.rowSize))
        try withUnsafeBytes(of: &label) { label in
            try noise.withUnsafeBytes { noise in
                sqlite3_bind_blob(insert, 1, label.baseAddress, 16, nil)
                sqlite3_bind_blob(
                    insert, 2, noise.baseAddress.map { $0 + offset }, Int32(Self.rowSize), nil)
                guard sqlite3_step(insert) == SQLITE_DONE else { throw failure }
                sqlite3_reset(insert)
            }
            if random.next() & 255 == 0 { labels.append((number, Array(label))) }
        }
    }

    /// Closes the segment: its index is built.
    func close() throws {
        guard open > 0 else { return }
        try execute("CREATE INDEX label_\(number) ON segment_\(number) (label)")
        number += 1
        try begin()
    }

    /// Bytes of the file, once its journal is emptied into it.
    func bytes() throws -> Int {
        try execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return try POSIXFiles.size(path)
    }

    /// Closes the file and opens it again without anything of it in memory.
    func chill() throws {
        disconnect()
        try POSIXFiles.dropCache(path)
        try connect()
    }

    /// Seconds that one point look-up of a random row takes, in the mean of so many, each in one
    /// segment.
    func lookup(_ rounds: Int, seed: UInt64) throws -> Double {
        guard !labels.isEmpty else { throw failure }
        if finds.isEmpty {
            finds = try (0..<number).map {
                try prepare("SELECT row FROM segment_\($0) WHERE label = ?")
            }
        }
        var random = Splitmix(seed)
        var found = 0
        let time = try Measure.seconds {
            for _ in 0..<rounds {
                let place = labels[Int(random.next() % UInt64(labels.count))]
                found += try find(place.label, in: finds[place.segment])
            }
        }
        guard found == rounds else { throw failure }
        return time / Double(rounds)
    }

    private func find(_ label: [UInt8], in statement: OpaquePointer?) throws -> Int {
        defer { sqlite3_reset(statement) }
        return try label.withUnsafeBytes { bytes in
            sqlite3_bind_blob(statement, 1, bytes.baseAddress, 16, nil)
            switch sqlite3_step(statement) {
            case SQLITE_ROW: return Int(sqlite3_column_bytes(statement, 0)) / Self.rowSize
            case SQLITE_DONE: return 0
            default: throw failure
            }
        }
    }
}

/// Files as the machine has them.
enum POSIXFiles {
    static func size(_ path: String) throws -> Int {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw CocoaError(.fileNoSuchFile)
        }
        return Int(try file.seekToEnd())
    }

    /// Bytes of all files of a folder.
    static func bytes(in folder: String) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: folder).map {
            try size(folder + "/" + $0)
        }.reduce(0, +)
    }

    /// Tells the machine to forget what it has in memory of a file.
    static func dropCache(_ path: String) throws {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CocoaError(.fileReadUnknown) }
        defer { Glibc.close(descriptor) }
        fdatasync(descriptor)
        guard posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) == 0 else {
            throw CocoaError(.fileReadUnknown)
        }
    }

    /// The same for all files of a folder.
    static func dropCache(in folder: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            try dropCache(folder + "/" + name)
        }
    }
}
