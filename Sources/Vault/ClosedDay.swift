import GRDB
import Plates
import Rows

/// The closed trees of a day's file while it is read: one search of the index for a label.
struct ClosedDay: ClosedTrees {
    private let database: Database
    private let blocks: BlockFile
    private let known: KnownClosings
    /// The trees that are closed, where they are known, so that nobody looks for others.
    private let closed: Set<CellTreeID>?
    /// The block in which a label stands, if any has it, and the next one.
    private let here: TreeSearch
    private let next: TreeSearch
    private let closings: TreeSearch

    init(
        _ database: Database, _ blocks: BlockFile, _ known: KnownClosings,
        _ closed: Set<CellTreeID>? = nil
    ) throws {
        self.database = database
        self.blocks = blocks
        self.known = known
        self.closed = closed
        here = try .blocks("label <= ? ORDER BY label DESC", database)
        next = try .blocks("label > ? ORDER BY label", database)
        closings = try .closings(database)
    }

    func closing(of tree: CellTreeID) throws(StoreError) -> KnownClosing? {
        if let closed, !closed.contains(tree) { return nil }
        return try known.closing(of: tree) { () throws(StoreError) in
            try closings.closing(of: tree)
        }
    }

    func find(_ label: Label, in tree: CellTreeID) throws(StoreError) -> FoundLabel {
        guard let block = try found(here, tree, label) else {
            throw Self.damaged
        }
        let place = block.lowerBound(label)
        if block.holds(label, at: place), let row = block.row(at: place) {
            return .present(LookupAnswer.FoundRow(row: row, proof: block.proven(place).proof))
        }
        guard place > 0 else { throw Self.damaged }
        if place < block.count {
            let (left, right) = block.proven(place - 1, and: place)
            return .absent(between: left, and: right)
        }
        guard let next = try found(self.next, tree, label) else {
            throw Self.damaged
        }
        return .absent(between: block.proven(place - 1), and: next.proven(0))
    }

    /// The first block that a search for a label leads to.
    private func found(
        _ search: TreeSearch, _ tree: CellTreeID, _ label: Label
    ) throws(StoreError) -> Block? {
        guard let place = try search.place(of: tree, label) else { return nil }
        return try block(at: place)
    }

    private func block(at place: BlockPlace) throws(StoreError) -> Block {
        try Block(wire: blocks.read(at: place.start, count: place.count))
    }

    /// The row of a label without its proof; nil where the tree has none.
    func row(_ label: Label, in tree: CellTreeID) throws(StoreError) -> SealedRow? {
        guard let block = try found(here, tree, label) else { return nil }
        let place = block.lowerBound(label)
        return block.holds(label, at: place) ? block.row(at: place) : nil
    }

    func rows(of tree: CellTreeID) throws(StoreError) -> [SealedRow] {
        try SQLiteFile.checked {
            let found = try Row.fetchCursor(
                database,
                sql: "SELECT start, bytes FROM blocks WHERE \(DayFile.ofTree) ORDER BY label",
                arguments: DayFile.arguments(tree))
            var rows: [SealedRow] = []
            while let place = try found.next() {
                rows += try block(at: BlockPlace(start: place[0], count: place[1])).rows.rows
            }
            return rows
        }
    }

    private static var damaged: StoreError {
        StoreError(code: "store-failed", sentence: "a closed cell lacks a block of its rows")
    }
}

extension FoundLabel {
    fileprivate static func absent(
        between left: (leaf: RowLeaf, proof: LeafProof),
        and right: (leaf: RowLeaf, proof: LeafProof)
    ) -> FoundLabel {
        .absent(
            AbsenceProof(
                left: left.leaf, leftProof: left.proof, right: right.leaf,
                rightPath: right.proof.path))
    }
}
