import Plates
import Rows
import Secrets

/// What a cell has of its two trees.
struct CellTrees {
    let prompt: CellTree?
    let late: CellTree?

    init(_ cell: Cell, _ day: any ClosedTrees) throws(StoreError) {
        prompt = try CellTree(CellTreeID(cell: cell, kind: .prompt), day)
        // No late tree is closed before the prompt one.
        late = prompt == nil ? nil : try CellTree(CellTreeID(cell: cell, kind: .late), day)
    }

    /// Whether both together have at most so many rows, where any may be handed out at all.
    func isSmall(_ most: Int) -> Bool {
        most > 0 && (prompt?.count ?? 0) + (late?.count ?? 0) <= most
    }
}

/// A closed tree, in which rows are found one by one, each with its proof.
struct CellTree {
    private let tree: CellTreeID
    private let closing: KnownClosing
    private let day: any ClosedTrees

    init?(_ tree: CellTreeID, _ day: any ClosedTrees) throws(StoreError) {
        guard let closing = try day.closing(of: tree) else { return nil }
        self.tree = tree
        self.closing = closing
        self.day = day
    }

    /// How many rows it has.
    var count: Int { Int(closing.opening.tree.size) - 2 }

    /// All rows.
    var whole: WholeCell.Tree {
        get throws(StoreError) {
            WholeCell.Tree(
                opening: closing.opening, statement: closing.statement,
                entries: try day.rows(of: tree).map { .row($0) })
        }
    }

    /// The rows of one item, each run's from the counter that it has come to in the cell's other tree.
    func answer(
        _ query: LookupQuery, _ index: Int, after other: LookupAnswer.Tree? = nil
    ) throws(StoreError) -> LookupAnswer.Tree {
        let runs = try closing.opening.runs.map { run throws(StoreError) in
            let known = other?.runs.first { $0.run == run.id }?.rows.count ?? 0
            return try found(run.id, from: UInt64(known), query, index)
        }
        return LookupAnswer.Tree(
            opening: closing.opening, statement: closing.statement, runs: runs)
    }

    private func found(
        _ run: RunID, from first: UInt64, _ query: LookupQuery, _ index: Int
    ) throws(StoreError) -> LookupAnswer.FoundRun {
        var found: [LookupAnswer.FoundRow] = []
        while true {
            let label: Label
            do throws(RowsError) {
                label = try query.label(index, run: run, counter: first + UInt64(found.count))
            } catch {
                throw StoreError(code: error.code, sentence: error.sentence)
            }
            switch try day.find(label, in: tree) {
            case .present(let row): found.append(row)
            case .absent(let absence):
                return LookupAnswer.FoundRun(run: run, rows: found, absence: absence)
            }
        }
    }
}
