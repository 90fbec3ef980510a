import Disk
import FoundationEssentials
import GRDB
import Plates
import Rows
import Secrets

/// One day's closed trees: a SQLite file, `day-<number>.sqlite`, with the closings and where each
/// block of rows stands in the day's `BlockFile` (Docs/Spec/Store.md).
///
/// The rows stand in label order over all batches; of the batches nothing is left, not even a root or
/// a signature, from which it could be computed which rows one had. What closing a tree writes stands
/// in `DayFile+Closing.swift`, open trees in `ArrivingFile`, and what is decided on both in `DayStore`.
struct DayFile: Sendable {
    let file: SQLiteFile
    let blocks: BlockFile
    private let known = KnownClosings()

    private static let schema = """
        CREATE TABLE trees (
            hour INTEGER NOT NULL, site INTEGER NOT NULL, kind INTEGER NOT NULL,
            start INTEGER NOT NULL, bytes INTEGER NOT NULL,
            PRIMARY KEY (hour, site, kind)) STRICT, WITHOUT ROWID;
        CREATE TABLE blocks (
            hour INTEGER NOT NULL, site INTEGER NOT NULL, kind INTEGER NOT NULL,
            label BLOB NOT NULL CHECK (length(label) = 16),
            start INTEGER NOT NULL, bytes INTEGER NOT NULL,
            PRIMARY KEY (hour, site, kind, label)) STRICT, WITHOUT ROWID;
        CREATE TABLE closings (
            hour INTEGER NOT NULL, site INTEGER NOT NULL, kind INTEGER NOT NULL,
            opening BLOB NOT NULL, statement BLOB NOT NULL, wire BLOB NOT NULL,
            PRIMARY KEY (hour, site, kind)) STRICT, WITHOUT ROWID;
        """

    private init(_ file: SQLiteFile, _ day: Day, _ fileSystem: any FileSystem) {
        self.file = file
        blocks = BlockFile(
            fileSystem.folder(of: file.path) + "/" + BlockFile.name(day.number), fileSystem)
    }

    /// The files of a new day; the store has removed what an earlier creation may have left.
    static func create(
        _ path: String, _ day: Day, _ fileSystem: any FileSystem
    ) throws(StoreError) -> DayFile {
        DayFile(
            try SQLiteFile.create(path, schema: schema, fileSystem: fileSystem), day, fileSystem)
    }

    static func open(
        _ path: String, _ day: Day, _ fileSystem: any FileSystem
    ) throws(StoreError) -> DayFile {
        DayFile(try SQLiteFile.open(path, fileSystem: fileSystem), day, fileSystem)
    }

    /// Closes both files; what is asked of them from here on fails. Waits for whoever is reading.
    func close() throws(StoreError) {
        defer { blocks.close() }
        try file.close()
    }

    /// Whether a closed tree has what a batch has: its closing names the run and the number, and every
    /// row is there, byte for byte.
    func has(_ batch: Batch) throws(StoreError) -> Bool {
        try search { day throws(StoreError) in
            guard let closing = try day.closing(of: batch.tree),
                StoreRules.names(closing.opening, batch)
            else { return false }
            for row in batch.rows where try day.row(row.label, in: batch.tree) != row {
                return false
            }
            return true
        }
    }

    /// Reads closed trees; `closed` are those that are, where that is known already.
    func search<Found>(
        among closed: Set<CellTreeID>? = nil, _ body: (ClosedDay) throws(StoreError) -> Found
    ) throws(StoreError) -> Found {
        try file.read { try body(ClosedDay($0, blocks, known, closed)) }
    }

    func closing(of tree: CellTreeID) throws(StoreError) -> StoredClosing? {
        try file.read { try Self.closing(tree, $0) }
    }

    func closings() throws(StoreError) -> [StoredClosing] {
        try file.read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT opening, statement, wire FROM closings ORDER BY hour, site, kind"
            ).map(Self.storedClosing)
        }
    }

    /// The trees that are closed.
    func closedTrees() throws(StoreError) -> Set<CellTreeID> {
        try file.read { database in
            try Self.trees("closings", database)
        }
    }

    static func trees(_ table: String, _ database: Database) throws -> Set<CellTreeID> {
        let found = try Row.fetchAll(database, sql: "SELECT hour, site, kind FROM \(table)")
        return Set(
            found.compactMap { row in
                guard let kind = HourOpening.Kind(rawValue: UInt8(clamping: row[2] as Int64)) else {
                    return nil
                }
                let hour = Hour(number: UInt32(clamping: row[0] as Int64))
                let site = SiteNumber(number: UInt16(clamping: row[1] as Int64))
                return CellTreeID(cell: Cell(hour: hour, site: site), kind: kind)
            })
    }

    /// Of these labels those that have a row in a closed tree of a cell, and whether the late tree is
    /// closed, after which no row comes. Nil where no tree is closed.
    func closed(
        _ labels: Set<Label>, in cell: Cell
    ) throws(StoreError) -> (rows: Set<Label>, isOver: Bool)? {
        try file.read { database in
            let day = try ClosedDay(database, blocks, known)
            var rows: Set<Label> = []
            var isOver: Bool?
            for kind in HourOpening.Kind.allCases {
                let tree = CellTreeID(cell: cell, kind: kind)
                guard try Self.closing(tree, database) != nil else { continue }
                isOver = kind == .late
                for label in labels where try day.row(label, in: tree) != nil {
                    rows.insert(label)
                }
            }
            return isOver.map { (rows, $0) }
        }
    }

    static func closing(_ tree: CellTreeID, _ database: Database) throws -> StoredClosing? {
        let statement = try database.cachedStatement(
            sql: "SELECT opening, statement, wire FROM closings WHERE \(ofTree)")
        return try Row.fetchOne(statement, arguments: arguments(tree)).map(storedClosing)
    }

    static let ofTree = "hour = ? AND site = ? AND kind = ?"

    static func arguments(_ tree: CellTreeID) -> StatementArguments {
        [Int64(tree.cell.hour.number), Int64(tree.cell.site.number), Int64(tree.kind.rawValue)]
    }

    private static func storedClosing(_ row: Row) throws -> StoredClosing {
        StoredClosing(
            opening: try HourOpening(wire: Array(row[0] as Data)),
            statement: try digest(row[1]), wire: Array(row[2] as Data))
    }

    static func digest(_ bytes: Data) throws -> Digest {
        guard let digest = Digest(wire: Array(bytes)) else {
            throw StoreError(code: "store-failed", sentence: "a digest in the store is damaged")
        }
        return digest
    }
}
