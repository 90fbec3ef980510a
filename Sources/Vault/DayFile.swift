import Disk
import FoundationEssentials
import GRDB
import Plates
import Rows
import Secrets

/// One day's rows and closings in a SQLite file of their own (Docs/Spec/Store.md).
///
/// No table has a rowid, which would count arrivals. Within a transaction rows go in by label, so
/// that neither the pages nor the journal know another order. `members` says which row came in
/// which batch; closing a cell empties it, and writes the cell's rows anew in label order.
struct DayFile: Sendable {
    private let file: SQLiteFile

    private static let schema = """
        CREATE TABLE rows (
            hour INTEGER NOT NULL, site INTEGER NOT NULL, kind INTEGER NOT NULL,
            label BLOB NOT NULL CHECK (length(label) = 16), row BLOB NOT NULL,
            PRIMARY KEY (hour, site, kind, label)) STRICT, WITHOUT ROWID;
        CREATE TABLE batches (
            hour INTEGER NOT NULL, site INTEGER NOT NULL, kind INTEGER NOT NULL,
            run BLOB NOT NULL, number INTEGER NOT NULL, root BLOB NOT NULL,
            signature BLOB NOT NULL,
            PRIMARY KEY (hour, site, kind, run, number)) STRICT, WITHOUT ROWID;
        CREATE TABLE members (
            hour INTEGER NOT NULL, site INTEGER NOT NULL, kind INTEGER NOT NULL,
            run BLOB NOT NULL, number INTEGER NOT NULL, label BLOB NOT NULL,
            PRIMARY KEY (hour, site, kind, run, number, label)) STRICT, WITHOUT ROWID;
        CREATE TABLE closings (
            hour INTEGER NOT NULL, site INTEGER NOT NULL, kind INTEGER NOT NULL,
            opening BLOB NOT NULL, statement BLOB NOT NULL, wire BLOB NOT NULL,
            PRIMARY KEY (hour, site, kind)) STRICT, WITHOUT ROWID;
        """

    static func create(_ path: String, _ fileSystem: any FileSystem) throws(StoreError) -> DayFile {
        DayFile(file: try SQLiteFile.create(path, schema: schema, fileSystem: fileSystem))
    }

    static func open(_ path: String, _ fileSystem: any FileSystem) throws(StoreError) -> DayFile {
        DayFile(file: try SQLiteFile.open(path, fileSystem: fileSystem))
    }

    func remove(_ fileSystem: any FileSystem) throws(StoreError) { try file.remove(fileSystem) }

    func keep(_ batch: Batch) throws(StoreError) -> Kept {
        try file.write { database in
            guard try StoreRules.judge(batch, try place(batch, database)) == .fresh else {
                return .again
            }
            let key = arguments(batch.tree)
            let other = arguments(batch.tree.other)
            let batchKey = key + [Data(batch.run.bytes), Int64(batch.number)]
            try database.execute(
                sql: "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?)",
                arguments: batchKey + [Data(batch.root.bytes), Data(batch.signature)])
            let find = try database.cachedStatement(
                sql: "SELECT row FROM rows WHERE hour = ? AND site = ? AND kind = ? AND label = ?")
            let insert = try database.cachedStatement(
                sql: "INSERT INTO rows VALUES (?, ?, ?, ?, ?)")
            let member = try database.cachedStatement(
                sql: "INSERT INTO members VALUES (?, ?, ?, ?, ?, ?)")
            for row in batch.rows {
                let label = Data(row.label.bytes)
                try member.execute(arguments: batchKey + [label])
                if let kept = try Data.fetchOne(find, arguments: other + [label]),
                    !kept.elementsEqual(row.bytes)
                {
                    throw StoreRules.labelDiffers(batch.cell)
                }
                if let kept = try Data.fetchOne(find, arguments: key + [label]) {
                    guard kept.elementsEqual(row.bytes) else {
                        throw StoreRules.labelDiffers(batch.cell)
                    }
                    continue
                }
                try insert.execute(arguments: key + [label, Data(row.bytes)])
            }
            return .fresh
        }
    }

    private func place(_ batch: Batch, _ database: Database) throws -> StoreRules.Place {
        let key = arguments(batch.tree) + [Data(batch.run.bytes)]
        let known = try Int64.fetchOne(
            database,
            sql: "SELECT count(*) FROM batches WHERE \(Self.ofTree) AND run = ?",
            arguments: key)
        let taken = try Row.fetchOne(
            database,
            sql: """
                SELECT root, signature FROM batches
                WHERE \(Self.ofTree) AND run = ? AND number = ?
                """, arguments: key + [Int64(batch.number)])
        return StoreRules.Place(
            known: UInt64(known ?? 0),
            taken: try taken.map { (try digest($0["root"]), Array($0["signature"] as Data)) },
            isClosed: try closing(batch.tree, database) != nil,
            isPromptClosed: try closing(
                CellTreeID(cell: batch.cell, kind: .prompt), database) != nil)
    }

    func batches(of tree: CellTreeID) throws(StoreError) -> [Batch] {
        try file.read { database in
            guard try closing(tree, database) == nil else { throw StoreRules.closed(tree.cell) }
            let found = try Row.fetchAll(
                database,
                sql: """
                    SELECT run, number, signature FROM batches WHERE \(Self.ofTree)
                    ORDER BY run, number
                    """, arguments: arguments(tree))
            return try found.map { batch in
                let rows = try Row.fetchAll(
                    database,
                    sql: """
                        SELECT label, row FROM members JOIN rows USING (hour, site, kind, label)
                        WHERE \(Self.ofTree) AND run = ? AND number = ? ORDER BY label
                        """,
                    arguments: arguments(tree) + [batch["run"] as Data, batch["number"] as Int64])
                return try Batch(
                    cell: tree.cell, kind: tree.kind,
                    run: RunID(bytes: Array(batch["run"] as Data)),
                    number: UInt64(batch["number"] as Int64), rows: rows.map(sealedRow),
                    signature: Array(batch["signature"] as Data))
            }
        }
    }

    func rows(of tree: CellTreeID) throws(StoreError) -> [SealedRow] {
        try file.read { try rows(tree, $0) }
    }

    func close(_ closing: StoredClosing) throws(StoreError) -> Kept {
        let tree = closing.tree
        let kept: Kept = try file.write { database in
            guard try judge(closing, database) == .fresh else { return .again }
            try database.execute(
                sql: "INSERT INTO closings VALUES (?, ?, ?, ?, ?, ?)",
                arguments: arguments(tree) + [
                    Data(closing.opening.encode()), Data(closing.statement.bytes),
                    Data(closing.wire),
                ])
            // Pages that grew batch by batch still group the rows by batch: write them anew.
            let rows = try rows(tree, database)
            for table in ["members", "rows"] {
                try database.execute(
                    sql: "DELETE FROM \(table) WHERE \(Self.ofTree)",
                    arguments: arguments(tree))
            }
            let insert = try database.cachedStatement(
                sql: "INSERT INTO rows VALUES (?, ?, ?, ?, ?)")
            for row in rows {
                try insert.execute(
                    arguments: arguments(tree) + [Data(row.label.bytes), Data(row.bytes)])
            }
            return .fresh
        }
        // The journal still has the pages of before; if we crash here, the next closing or the
        // next opening of the store empties it.
        if kept == .fresh { try file.settleIfRoom() }
        return kept
    }

    func settle() throws(StoreError) { try file.settleIfRoom() }

    func checkClose(_ closing: StoredClosing) throws(StoreError) {
        _ = try file.read { try judge(closing, $0) }
    }

    private func judge(_ closing: StoredClosing, _ database: Database) throws -> Kept {
        let tree = closing.tree
        if let standing = try self.closing(tree, database) {
            guard standing == closing else { throw StoreRules.closed(tree.cell) }
            return .again
        }
        if tree.kind == .late, try self.closing(tree.other, database) == nil {
            throw StoreRules.open(tree.cell)
        }
        let found = try Row.fetchAll(
            database,
            sql: "SELECT run, count(*) FROM batches WHERE \(Self.ofTree) GROUP BY run",
            arguments: arguments(tree))
        let runs = try found.map {
            (try RunID(bytes: Array($0[0] as Data)), UInt64($0[1] as Int64))
        }
        try StoreRules.judge(
            closing.opening, runs: Dictionary(runs, uniquingKeysWith: max),
            rows: try rows(tree, database))
        return .fresh
    }

    func closing(of tree: CellTreeID) throws(StoreError) -> StoredClosing? {
        try file.read { try closing(tree, $0) }
    }

    /// Of these labels those that have a row in a closed tree of a cell, and whether the late tree is
    /// closed, after which no row comes. Nil where no tree is closed.
    func closed(
        _ labels: Set<Label>, in cell: Cell
    ) throws(StoreError) -> (rows: Set<Label>, isOver: Bool)? {
        try file.read { database in
            var rows: Set<Label> = []
            var isOver: Bool?
            for kind in HourOpening.Kind.allCases {
                let tree = CellTreeID(cell: cell, kind: kind)
                guard try closing(tree, database) != nil else { continue }
                isOver = kind == .late
                let find = try database.cachedStatement(
                    sql: "SELECT 1 FROM rows WHERE \(Self.ofTree) AND label = ?")
                for label in labels {
                    let key = arguments(tree) + [Data(label.bytes)]
                    if try Int.fetchOne(find, arguments: key) != nil { rows.insert(label) }
                }
            }
            return isOver.map { (rows, $0) }
        }
    }

    func closings() throws(StoreError) -> [StoredClosing] {
        try file.read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT opening, statement, wire FROM closings ORDER BY hour, site, kind"
            ).map(storedClosing)
        }
    }

    private func closing(_ tree: CellTreeID, _ database: Database) throws -> StoredClosing? {
        try Row.fetchOne(
            database,
            sql: "SELECT opening, statement, wire FROM closings WHERE \(Self.ofTree)",
            arguments: arguments(tree)
        ).map(storedClosing)
    }

    private func rows(_ tree: CellTreeID, _ database: Database) throws -> [SealedRow] {
        try Row.fetchAll(
            database,
            sql: "SELECT label, row FROM rows WHERE \(Self.ofTree) ORDER BY label",
            arguments: arguments(tree)
        ).map(sealedRow)
    }

    private static let ofTree = "hour = ? AND site = ? AND kind = ?"

    private func arguments(_ tree: CellTreeID) -> StatementArguments {
        [Int64(tree.cell.hour.number), Int64(tree.cell.site.number), Int64(tree.kind.rawValue)]
    }

    private func sealedRow(_ row: Row) throws -> SealedRow {
        let label = try Label(bytes: Array(row["label"] as Data))
        return try SealedRow(label: label, bytes: Array(row["row"] as Data))
    }

    private func storedClosing(_ row: Row) throws -> StoredClosing {
        StoredClosing(
            opening: try HourOpening(wire: Array(row["opening"] as Data)),
            statement: try digest(row["statement"]), wire: Array(row["wire"] as Data))
    }

    private func digest(_ bytes: Data) throws -> Digest {
        guard let digest = Digest(wire: Array(bytes)) else {
            throw StoreError(code: "store-failed", sentence: "a digest in the store is damaged")
        }
        return digest
    }
}
