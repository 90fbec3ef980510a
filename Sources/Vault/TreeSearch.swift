import GRDB
import GRDBSQLite
import Plates
import Rows
import Secrets

/// A prepared question about one tree, bound and stepped as often as it is asked: without SQL or boxes
/// for what is bound. The connection keeps it prepared.
struct TreeSearch {
    private let statement: Statement

    private init(_ sql: String, _ database: Database) throws {
        statement = try database.cachedStatement(sql: sql)
    }

    /// The search for a block by a condition on the label and an order.
    static func blocks(_ place: String, _ database: Database) throws -> TreeSearch {
        try TreeSearch(
            "SELECT start, bytes FROM blocks WHERE \(DayFile.ofTree) AND \(place) LIMIT 1", database
        )
    }

    /// The search for a closing.
    static func closings(_ database: Database) throws -> TreeSearch {
        try TreeSearch(
            "SELECT opening, statement FROM closings WHERE \(DayFile.ofTree)", database)
    }

    /// Where the first block stands that a label leads to. Throws `store-failed`.
    func place(of tree: CellTreeID, _ label: Label) throws(StoreError) -> BlockPlace? {
        let found: Result<BlockPlace?, StoreError> = label.withUnsafeBytes { bytes in
            Result { () throws(StoreError) in
                // The label lies still until the question is answered.
                sqlite3_bind_blob(
                    statement.sqliteStatement, 4, bytes.baseAddress, Int32(bytes.count), nil)
                return try first(of: tree) { () throws(StoreError) in
                    try BlockPlace(
                        start: sqlite3_column_int64(statement.sqliteStatement, 0),
                        count: sqlite3_column_int64(statement.sqliteStatement, 1))
                }
            }
        }
        return try found.get()
    }

    /// The closing of a tree; nil where it is open. Throws `store-failed`.
    func closing(of tree: CellTreeID) throws(StoreError) -> KnownClosing? {
        try first(of: tree) { () throws(StoreError) in
            guard let opening = try? HourOpening(wire: column(0)),
                let statement = Digest(wire: column(1))
            else {
                throw StoreError(code: "store-failed", sentence: "a closing is damaged")
            }
            return KnownClosing(opening: opening, statement: statement)
        }
    }

    private func first<Found>(
        of tree: CellTreeID, _ read: () throws(StoreError) -> Found
    ) throws(StoreError) -> Found? {
        let search = statement.sqliteStatement
        tree.bind(to: search)
        defer {
            sqlite3_reset(search)
            sqlite3_clear_bindings(search)
        }
        switch sqlite3_step(search) {
        case SQLITE_ROW: return try read()
        case SQLITE_DONE: return nil
        case let answer:
            throw StoreError(
                code: "store-failed", sentence: "SQLite answered with error \(answer)")
        }
    }

    /// The bytes of a column where the search stands; none where it has none.
    private func column(_ place: Int32) -> [UInt8] {
        let search = statement.sqliteStatement
        let bytes = sqlite3_column_blob(search, place)
        return Array(
            UnsafeRawBufferPointer(
                start: bytes, count: Int(sqlite3_column_bytes(search, place))))
    }
}

/// Where a block stands in the day's file of them.
struct BlockPlace {
    let start: UInt64
    let count: Int

    /// A place as the table has it. Throws `store-failed` for what no block has.
    init(start: Int64, count: Int64) throws(StoreError) {
        guard start >= 0, Block.sizes.contains(Int(count)) else {
            throw StoreError(code: "store-failed", sentence: "the place of a block is damaged")
        }
        self.start = UInt64(start)
        self.count = Int(count)
    }
}

/// A prepared insertion of the places of one tree's blocks, likewise.
struct BlockInsertion {
    private let statement: Statement
    private let tree: CellTreeID

    init(of tree: CellTreeID, _ database: Database) throws {
        self.tree = tree
        statement = try database.cachedStatement(
            sql: "INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?)")
    }

    /// Adds a block under the label of its first leaf. Throws SQLite's error.
    func insert(_ label: [UInt8], _ start: UInt64, _ count: Int) throws {
        let insert = statement.sqliteStatement
        tree.bind(to: insert)
        sqlite3_bind_int64(insert, 5, Int64(start))
        sqlite3_bind_int64(insert, 6, Int64(count))
        defer {
            sqlite3_reset(insert)
            sqlite3_clear_bindings(insert)
        }
        let answer = label.withUnsafeBytes { label in
            // It lies still until it is written.
            sqlite3_bind_blob(insert, 4, label.baseAddress, Int32(label.count), nil)
            return sqlite3_step(insert)
        }
        guard answer == SQLITE_DONE else {
            throw DatabaseError(resultCode: ResultCode(rawValue: answer))
        }
    }
}

extension CellTreeID {
    /// Binds a statement's first three parameters: hour, site and kind.
    fileprivate func bind(to statement: OpaquePointer?) {
        sqlite3_bind_int64(statement, 1, Int64(cell.hour.number))
        sqlite3_bind_int64(statement, 2, Int64(cell.site.number))
        sqlite3_bind_int64(statement, 3, Int64(kind.rawValue))
    }
}
