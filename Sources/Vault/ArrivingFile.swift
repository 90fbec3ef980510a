import Disk
import FoundationEssentials
import GRDB
import Plates
import Rows
import Secrets

/// One day's open trees in a SQLite file of their own, `open-<number>.sqlite` (Docs/Spec/Store.md).
///
/// A batch is one record, its rows by label as they came over the wire. No table has a rowid, which
/// would count arrivals. What is decided on it stands in `DayStore`.
struct ArrivingFile: Sendable {
    let file: SQLiteFile

    private static let schema = """
        CREATE TABLE arriving (
            hour INTEGER NOT NULL, site INTEGER NOT NULL, kind INTEGER NOT NULL,
            run BLOB NOT NULL, number INTEGER NOT NULL, root BLOB NOT NULL,
            signature BLOB NOT NULL, rows BLOB NOT NULL,
            PRIMARY KEY (hour, site, kind, run, number)) STRICT, WITHOUT ROWID;
        """
    // 4 MiB: how much is read or removed at once, for which others wait.
    private static let bytesAtOnce = 4 << 20

    static func create(
        _ path: String, _ fileSystem: any FileSystem
    ) throws(StoreError) -> ArrivingFile {
        ArrivingFile(file: try SQLiteFile.create(path, schema: schema, fileSystem: fileSystem))
    }

    static func open(
        _ path: String, _ fileSystem: any FileSystem
    ) throws(StoreError) -> ArrivingFile {
        ArrivingFile(file: try SQLiteFile.open(path, fileSystem: fileSystem))
    }

    /// A batch as the file has it.
    struct Batch {
        let place: BatchPlace
        let root: Digest
        let signature: [UInt8]
        let rows: PackedRows

        fileprivate init(_ row: Row) throws {
            place = BatchPlace(
                run: try RunID(bytes: Array(row[0] as Data)), number: UInt64(row[1] as Int64))
            root = try DayFile.digest(row[2])
            signature = Array(row[3] as Data)
            rows = try PackedRows(wire: Array(row[4] as Data))
        }
    }

    static func insert(_ batch: Rows.Batch, _ database: Database) throws {
        let statement = try database.cachedStatement(
            sql: "INSERT INTO arriving VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        try statement.execute(
            arguments: DayFile.arguments(batch.tree) + [
                Data(batch.run.bytes), Int64(batch.number), Data(batch.root.bytes),
                Data(batch.signature), Data(PackedRows(batch.rows).bytes),
            ])
    }

    /// Root and signature of the batch that has a run's number in a tree.
    static func taken(
        _ tree: CellTreeID, _ run: RunID, _ number: UInt64, _ database: Database
    ) throws -> StoreRules.Head? {
        let statement = try database.cachedStatement(
            sql: """
                SELECT root, signature FROM arriving
                WHERE \(DayFile.ofTree) AND run = ? AND number = ?
                """)
        let key = DayFile.arguments(tree) + [Data(run.bytes), Int64(number)]
        return try Row.fetchOne(statement, arguments: key).map(DayFile.head)
    }

    /// How many batches each run has in a tree.
    static func runs(_ tree: CellTreeID, _ database: Database) throws -> [RunID: UInt64] {
        let found = try Row.fetchAll(
            database,
            sql: "SELECT run, count(*) FROM arriving WHERE \(DayFile.ofTree) GROUP BY run",
            arguments: DayFile.arguments(tree))
        let runs = try found.map {
            (try RunID(bytes: Array($0[0] as Data)), UInt64($0[1] as Int64))
        }
        return Dictionary(runs, uniquingKeysWith: max)
    }

    /// Goes through the batches of a tree by run and number.
    static func batches(
        of tree: CellTreeID, _ database: Database, _ body: (Batch) throws -> Void
    ) throws {
        let found = try Row.fetchCursor(
            database,
            sql: """
                SELECT run, number, root, signature, rows FROM arriving WHERE \(DayFile.ofTree)
                ORDER BY run, number
                """, arguments: DayFile.arguments(tree))
        while let row = try found.next() { try body(Batch(row)) }
    }

    func runs(of tree: CellTreeID) throws(StoreError) -> [RunID: UInt64] {
        try file.read { try Self.runs(tree, $0) }
    }

    /// All batches of a tree.
    func batches(of tree: CellTreeID) throws(StoreError) -> [Rows.Batch] {
        try file.read { database in
            var batches: [Rows.Batch] = []
            try Self.batches(of: tree, database) { batch in
                batches.append(
                    try Rows.Batch(
                        cell: tree.cell, kind: tree.kind, run: batch.place.run,
                        number: batch.place.number, rows: batch.rows.rows(),
                        signature: batch.signature))
            }
            return batches
        }
    }

    /// The rows of a tree in label order.
    func rows(of tree: CellTreeID) throws(StoreError) -> [SealedRow] {
        try file.read { database in
            var rows: [Label: SealedRow] = [:]
            try Self.batches(of: tree, database) { batch in
                for row in try batch.rows.rows() { rows[row.label] = row }
            }
            return rows.values.sorted { $0.label < $1.label }
        }
    }

    /// The rows of a tree that is to be closed, read in parts, between which batches come in.
    func closingRows(of tree: CellTreeID) throws(StoreError) -> ClosingRows {
        var rows = ClosingRows()
        var after: BatchPlace?
        while true {
            let part = try file.read { try Self.part(of: tree, after: after, $0) }
            guard let last = part.last else { return rows }
            for batch in part { rows.add(batch) }
            after = last.place
        }
    }

    /// Some batches of a tree without their rows, from behind a place on.
    func leaves(
        of tree: CellTreeID, after place: BatchPlace?
    ) throws(StoreError) -> [BatchLeaves] {
        try file.read { try Self.part(of: tree, after: place, $0) }.map { batch in
            BatchLeaves(
                cell: tree.cell, kind: tree.kind, place: batch.place, root: batch.root,
                signature: batch.signature, rows: batch.rows)
        }
    }

    private static func part(
        of tree: CellTreeID, after: BatchPlace?, _ database: Database
    ) throws -> [Batch] {
        let found = try Row.fetchCursor(
            database,
            sql: """
                SELECT run, number, root, signature, rows FROM arriving
                WHERE \(DayFile.ofTree) AND (run, number) > (?, ?) ORDER BY run, number
                """,
            arguments: DayFile.arguments(tree) + [
                Data(after?.run.bytes ?? []), after.map { Int64($0.number) } ?? -1,
            ])
        var part: [Batch] = []
        var size = 0
        while size < bytesAtOnce, let row = try found.next() {
            let batch = try Batch(row)
            part.append(batch)
            size += batch.rows.bytes.count
        }
        return part
    }

    /// Removes the batches of a tree that is closed, in parts, and empties the journal. If we crash
    /// anywhere here, the next opening of the store goes on.
    func remove(_ tree: CellTreeID) throws(StoreError) {
        while try file.write({ try Self.removePart(of: tree, $0) }) {}
        // What was removed is zeros now, but the journal still has the pages of before; if we crash
        // here, the next closing or the next opening of the store empties it.
        try file.settleIfRoom()
    }

    private static func removePart(of tree: CellTreeID, _ database: Database) throws -> Bool {
        let found = try Row.fetchCursor(
            database,
            sql: """
                SELECT run, number, length(rows) FROM arriving WHERE \(DayFile.ofTree)
                ORDER BY run, number
                """, arguments: DayFile.arguments(tree))
        var last: StatementArguments?
        var size = 0
        while size < bytesAtOnce, let row = try found.next() {
            last = [row[0] as Data, row[1] as Int64]
            size += row[2] as Int
        }
        guard let last else { return false }
        try database.execute(
            sql: "DELETE FROM arriving WHERE \(DayFile.ofTree) AND (run, number) <= (?, ?)",
            arguments: DayFile.arguments(tree) + last)
        return true
    }

    /// Gives the room back to the disk, where no tree is open any more.
    func shrink() throws(StoreError) {
        try file.withoutTransaction { database in
            guard try Int.fetchOne(database, sql: "SELECT 1 FROM arriving LIMIT 1") == nil,
                let free = try Int.fetchOne(database, sql: "PRAGMA freelist_count"), free > 0
            else { return }
            try database.execute(sql: "VACUUM")
        }
        try file.settleIfRoom()
    }
}
