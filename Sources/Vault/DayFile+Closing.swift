import FoundationEssentials
import GRDB
import Plates
import Rows
import Secrets

// What closing a tree writes, and what is left of it where a crash cut it short.
extension DayFile {
    // 16,384: how many blocks are noted in one transaction, for which look-ups of the day wait.
    private static let blocksAtOnce = 16_384

    /// Writes a tree's blocks, and then notes where they stand. If we crash before there is a closing,
    /// the next opening of the store overwrites and forgets them.
    func write(_ rows: ClosingRows, _ hours: HourTree, of tree: CellTreeID) throws(StoreError) {
        var written: [(label: [UInt8], count: Int)] = []
        written.reserveCapacity(Block.count(hours))
        let place = try blocks.append {
            guard written.count < Block.count(hours) else { return nil }
            let block = Block.encode(written.count, of: hours) { rows.packed($0) }
            written.append((block.label, block.bytes.count))
            return block.bytes
        }
        blocks.keep(place)
        var isNamed = false
        do throws(StoreError) {
            try note(written[...], of: tree, at: place, &isNamed)
        } catch {
            // The disk may have the transaction all the same: what the next opening then finds is an
            // unfinished tree, and before another tree is named here another transaction is there.
            if !isNamed { blocks.release(place) }
            throw error
        }
    }

    private func note(
        _ blocks: ArraySlice<(label: [UInt8], count: Int)>, of tree: CellTreeID,
        at place: Range<UInt64>, _ isNamed: inout Bool
    ) throws(StoreError) {
        var rest = blocks
        var start = place.lowerBound
        repeat {
            let isFirst = !isNamed
            try file.write { database in
                if isFirst {
                    try database.execute(
                        sql: "INSERT INTO trees VALUES (?, ?, ?, ?, ?)",
                        arguments: Self.arguments(tree) + [Int64(start), Int64(place.count)])
                }
                let insert = try BlockInsertion(of: tree, database)
                for block in rest.prefix(Self.blocksAtOnce) {
                    try insert.insert(block.label, start, block.count)
                    start += UInt64(block.count)
                }
            }
            isNamed = true
            rest = rest.dropFirst(Self.blocksAtOnce)
        } while !rest.isEmpty
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

    /// The trees whose blocks are noted, and which are not closed.
    func unfinished() throws(StoreError) -> Set<CellTreeID> {
        try file.read {
            try Self.trees("trees", $0).subtracting(Self.trees("closings", $0))
        }
    }

    /// Overwrites and forgets what a closing has written that did not come about; whether there was
    /// something. What a closed tree has is never touched.
    func dropUnfinished(_ tree: CellTreeID) throws(StoreError) -> Bool {
        let place = try file.read { database in
            try Self.closing(tree, database) == nil ? try Self.place(of: tree, database) : nil
        }
        guard let place else { return false }
        try blocks.erase(place)
        try forgetUnfinished(tree)
        blocks.release(place)
        return true
    }

    /// Forgets it, and leaves it to `settleBlocks` to overwrite it, which spares whatever a closed tree
    /// has.
    func forgetUnfinished(_ tree: CellTreeID) throws(StoreError) {
        try file.write { database in
            for table in ["blocks", "trees"] {
                try database.execute(
                    sql: "DELETE FROM \(table) WHERE \(Self.ofTree)",
                    arguments: Self.arguments(tree))
            }
        }
    }

    /// Throws `store-failed` where the file of blocks lacks some of a closed tree.
    func checkBlocks() throws(StoreError) {
        try blocks.check(try file.read { try Self.places($0, "AND \(Self.isClosed)") })
    }

    /// Overwrites and cuts off what a crash has left in the file of blocks.
    func settleBlocks() throws(StoreError) {
        try blocks.settle(try file.read { try Self.places($0, "") })
    }

    private static let isClosed = """
        EXISTS (SELECT 1 FROM closings WHERE closings.hour = trees.hour
            AND closings.site = trees.site AND closings.kind = trees.kind)
        """

    private static func places(
        _ database: Database, _ condition: String
    ) throws -> [Range<UInt64>] {
        try Row.fetchAll(
            database, sql: "SELECT start, bytes FROM trees WHERE true \(condition)"
        ).map(place)
    }

    private static func place(of tree: CellTreeID, _ database: Database) throws -> Range<UInt64>? {
        try Row.fetchOne(
            database, sql: "SELECT start, bytes FROM trees WHERE \(ofTree)",
            arguments: arguments(tree)
        ).map(place)
    }

    private static func place(_ row: Row) throws -> Range<UInt64> {
        let (start, count) = (row[0] as Int64, row[1] as Int64)
        guard start >= 0, count >= 0, !start.addingReportingOverflow(count).overflow else {
            throw StoreError(code: "store-failed", sentence: "the place of a tree is damaged")
        }
        return UInt64(start)..<UInt64(start + count)
    }
}
