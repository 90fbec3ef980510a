import FoundationEssentials
import GRDB
import Plates
import Rows
import Secrets

// What closing a tree writes, and what is left of it where a crash cut it short.
extension DayFile {
    // 16 MiB: how much is written in one transaction, for which look-ups of the day wait.
    private static let bytesAtOnce = 16 << 20

    /// Notes a tree as one whose closing has begun, and writes its blocks. If we crash before there is a
    /// closing, the next opening of the store removes them.
    func write(_ rows: ClosingRows, _ hours: HourTree, of tree: CellTreeID) throws(StoreError) {
        var next = 0
        repeat {
            let isFirst = next == 0
            // Made before the transaction: look-ups of the day wait for as long as that one takes.
            let blocks = Self.blocks(from: &next, of: hours, rows)
            try file.write { database in
                if isFirst {
                    try database.execute(
                        sql: "INSERT INTO unfinished VALUES (?, ?, ?)",
                        arguments: Self.arguments(tree))
                }
                let insert = try BlockInsertion(of: tree, database)
                for block in blocks { try insert.insert(block.label, block.bytes) }
            }
        } while next < Block.count(hours)
    }

    private static func blocks(
        from next: inout Int, of hours: HourTree, _ rows: ClosingRows
    ) -> [(label: [UInt8], bytes: [UInt8])] {
        var blocks: [(label: [UInt8], bytes: [UInt8])] = []
        var size = 0
        while next < Block.count(hours), size < bytesAtOnce {
            blocks.append(Block.encode(next, of: hours) { rows.packed($0) })
            size += blocks[blocks.count - 1].bytes.count
            next += 1
        }
        return blocks
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
            try Self.finish(closing.tree, database)
        }
    }

    /// The trees whose closing has begun and has not come about.
    func unfinished() throws(StoreError) -> Set<CellTreeID> {
        try file.read { try Self.trees("unfinished", $0) }
    }

    private static func finish(_ tree: CellTreeID, _ database: Database) throws {
        try database.execute(
            sql: "DELETE FROM unfinished WHERE \(ofTree)", arguments: arguments(tree))
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
        try file.write { try Self.finish(tree, $0) }
    }
}
