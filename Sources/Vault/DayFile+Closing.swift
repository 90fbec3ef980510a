import FoundationEssentials
import GRDB
import Plates
import Rows
import Secrets

// What closing a tree writes, and what is left of it where a crash cut it short.
extension DayFile {
    // 16 MiB: how much is written in one transaction, for which look-ups of the day wait.
    private static let bytesAtOnce = 16 << 20

    /// Notes a tree as one whose closing has begun, and writes its blocks and the heads of its batches.
    /// If we crash before there is a closing, the next opening of the store removes them.
    func write(_ rows: ClosingRows, _ hours: HourTree, of tree: CellTreeID) throws(StoreError) {
        try file.write { database in
            try database.execute(
                sql: "INSERT INTO unfinished VALUES (?, ?, ?)", arguments: Self.arguments(tree))
            let insert = try database.cachedStatement(
                sql: "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?)")
            for head in rows.heads {
                try insert.execute(
                    arguments: Self.arguments(tree) + [
                        Data(head.run.bytes), Int64(head.number), Data(head.root.bytes),
                        Data(head.signature),
                    ])
            }
        }
        var next = 0
        while next < Block.count(hours) {
            try file.write { database in
                let insert = try database.cachedStatement(
                    sql: """
                        INSERT INTO blocks (hour, site, kind, label, block)
                        VALUES (?, ?, ?, ?, ?)
                        """)
                var size = 0
                while next < Block.count(hours), size < Self.bytesAtOnce {
                    let block = Block.encode(next, of: hours) { rows.packed($0) }
                    try insert.execute(
                        arguments: Self.arguments(tree) + [Data(block.label), Data(block.bytes)])
                    size += block.bytes.count
                    next += 1
                }
            }
        }
    }

    /// From here on the tree is closed; that its batches are still there is the next step's.
    func publish(_ closing: StoredClosing) throws(StoreError) {
        try file.write { database in
            try database.execute(
                sql: "INSERT INTO closings VALUES (?, ?, ?, ?, ?, ?)",
                arguments: Self.arguments(closing.tree) + [
                    Data(closing.opening.encode()), Data(closing.statement.bytes),
                    Data(closing.wire),
                ])
        }
    }

    /// The trees whose closing has begun and is not finished.
    func unfinished() throws(StoreError) -> Set<CellTreeID> {
        try file.read { try Self.trees("unfinished", $0) }
    }

    /// Notes that nothing is left to be done for a tree.
    func finish(_ tree: CellTreeID) throws(StoreError) {
        try file.write {
            try $0.execute(
                sql: "DELETE FROM unfinished WHERE \(Self.ofTree)", arguments: Self.arguments(tree))
        }
    }

    /// Removes what a closing has written that did not come about.
    func dropUnfinished(_ tree: CellTreeID) throws(StoreError) {
        guard try unfinished().contains(tree) else { return }
        var isMore = true
        while isMore {
            isMore = try file.write { database in
                try database.execute(
                    sql: """
                        DELETE FROM blocks WHERE id IN (
                            SELECT id FROM blocks WHERE \(Self.ofTree) LIMIT 1600)
                        """, arguments: Self.arguments(tree))
                return database.changesCount > 0
            }
        }
        try file.write {
            try $0.execute(
                sql: "DELETE FROM batches WHERE \(Self.ofTree)", arguments: Self.arguments(tree))
        }
        try finish(tree)
    }
}
