import Bytes
public import Plates
public import Secrets

/// All rows of a closed cell: the answer to a question that names no row (Docs/Spec/Lookup.md).
/// What the site committed to proves by itself that none is missing.
///
/// Wire form: the prompt tree, u8(0 unknown, 1 open, 3 closed) for the late one, and after 3 that one.
/// A tree: `statement(32) ‖ u32(length) ‖ opening ‖ u32(entries)`, each entry as
/// `label(16) ‖ u16(length) ‖ row`, or with the length 0 and `SHA-256(row)(32)` where the row is left
/// out; labels strictly ascend.
public struct WholeCell: Hashable, Sendable {
    /// One row of the cell, or what the site committed to of it.
    public enum Entry: Hashable, Sendable {
        /// The row.
        case row(SealedRow)
        /// A row of somebody else, left out: its label and digest.
        case leaf(RowLeaf)

        /// What stands in the tree for it.
        public var leaf: RowLeaf {
            switch self {
            case .row(let row): RowLeaf(row)
            case .leaf(let leaf): leaf
            }
        }
    }

    /// One tree with all of its entries.
    public struct Tree: Hashable, Sendable {
        /// The opening of what the site committed to.
        public let opening: HourOpening
        /// The id of the `hour-closed` statement in the log.
        public let statement: Digest
        /// The entries, by label.
        public let entries: [Entry]

        /// A claim about one tree.
        public init(opening: HourOpening, statement: Digest, entries: [Entry]) {
            self.opening = opening
            self.statement = statement
            self.entries = entries
        }

        /// The same with the rows left out of which the label is not among these.
        func reduced(to labels: Set<Label>) -> Tree {
            let entries = entries.map { entry -> Entry in
                guard case .row(let row) = entry, !labels.contains(row.label) else { return entry }
                return .leaf(RowLeaf(row))
            }
            return Tree(opening: opening, statement: statement, entries: entries)
        }
    }

    /// What is said of the late tree.
    public enum Late: Hashable, Sendable {
        /// It is not closed, though its time is over.
        case unknown
        /// It is not closed yet: more rows may come.
        case open
        /// It is closed.
        case closed(Tree)
    }

    /// The tree of the rows that came in time.
    public let prompt: Tree
    /// The tree of those that came later.
    public let late: Late

    /// A claim about a cell.
    public init(prompt: Tree, late: Late) {
        self.prompt = prompt
        self.late = late
    }

    /// The labels of all rows, in time and late.
    public var labels: [Label] {
        var trees = [prompt]
        if case .closed(let tree) = late { trees.append(tree) }
        return trees.flatMap(\.entries).compactMap { try? Label(bytes: Array($0.leaf.label)) }
    }
}

extension LookupAnswer {
    /// The same with the rows left out of a whole cell of which the label is not among these: what a
    /// bundle keeps of other people's rows is that they are there.
    public func reduced(to labels: Set<Label> = []) -> LookupAnswer {
        guard case .whole(let cell) = outcome else { return self }
        var late = cell.late
        if case .closed(let tree) = late { late = .closed(tree.reduced(to: labels)) }
        return LookupAnswer(
            item: item,
            outcome: .whole(WholeCell(prompt: cell.prompt.reduced(to: labels), late: late)))
    }

    /// What is logged of answers that were handed over: SHA-256 of their list, with all rows of whole
    /// cells left out. So it can be told from a bundle, which has left most of them out.
    public static func digest(of answers: [LookupAnswer]) -> Digest {
        digest(ofReduced: answers.map { $0.reduced().encode() })
    }

    /// The same of answers in their wire form, of which none has rows of a whole cell.
    public static func digest(ofReduced answers: [[UInt8]]) -> Digest {
        var writer = ByteWriter(capacity: answers.reduce(4) { $0 + $1.count + 4 })
        writer.u32(UInt32(answers.count))
        for wire in answers {
            writer.u32(UInt32(wire.count))
            writer.raw(wire)
        }
        return Digest(of: writer.bytes)
    }

    /// The labels of the rows that were found, or of all rows of a whole cell.
    public var labels: [Label] {
        switch outcome {
        case .unknown, .open, .gone: return []
        case .whole(let cell): return cell.labels
        case .closed(let closed):
            var trees = [closed.prompt]
            if case .closed(let tree) = closed.late { trees.append(tree) }
            return trees.flatMap(\.runs).flatMap(\.rows).map(\.row.label)
        }
    }
}

extension LookupVerifier {
    /// The rows of one plate among all rows of its cell. Whatever the vault says, the leaves are those
    /// of the committed root, or they are not believed.
    func rows(
        _ whole: WholeCell, _ item: LookupItem, _ query: LookupQuery, _ index: Int
    ) throws(LookupRefusal) -> ([VerifiedRow], VerifiedAnswer.Late) {
        var next: [RunID: UInt64] = [:]
        let prompt = try rows(
            whole.prompt, .prompt, closings[item.cell], &next, item, query, index)
        switch whole.late {
        case .open, .unknown:
            guard late[item.cell] == nil else {
                throw refusal(
                    "late-hidden", "has a late tree in the log, but the vault denies it", item)
            }
            return (prompt, whole.late == .open ? .open : .unknown)
        case .closed(let tree):
            let later = try rows(tree, .late, late[item.cell], &next, item, query, index)
            let all = (prompt + later).sorted { ($0.run, $0.counter) < ($1.run, $1.counter) }
            return (all, .closed(tree.opening))
        }
    }

    private func rows(
        _ tree: WholeCell.Tree, _ kind: HourOpening.Kind, _ logged: LoggedClosing?,
        _ next: inout [RunID: UInt64], _ item: LookupItem, _ query: LookupQuery, _ index: Int
    ) throws(LookupRefusal) -> [VerifiedRow] {
        try check(tree.opening, tree.statement, kind, logged, item)
        let leaves = tree.entries.map(\.leaf)
        guard zip(leaves, leaves.dropFirst()).allSatisfy({ $0 < $1 }),
            let committed = try? HourTree(leaves: leaves), committed.root == tree.opening.tree
        else {
            throw refusal("whole-differs", "does not have the rows that its site closed", item)
        }
        var entries: [ArraySlice<UInt8>: WholeCell.Entry] = [:]
        for (leaf, entry) in zip(leaves, tree.entries) { entries[leaf.label] = entry }
        var result: [VerifiedRow] = []
        for run in tree.opening.runs {
            var counter = next[run.id] ?? 0
            while let label = label(query, index, run.id, counter),
                let entry = entries[label.bytes[...]]
            {
                guard case .row(let row) = entry else {
                    throw refusal(
                        "row-hidden", "holds row \(counter), which the answer leaves out", item,
                        run.id)
                }
                result.append(VerifiedRow(row: row, run: run.id, counter: counter))
                counter += 1
            }
            next[run.id] = counter
        }
        return result
    }
}

extension ByteWriter {
    mutating func whole(_ cell: WholeCell) {
        tree(cell.prompt)
        switch cell.late {
        case .unknown: u8(0)
        case .open: u8(1)
        case .closed(let late):
            u8(3)
            tree(late)
        }
    }

    private mutating func tree(_ tree: WholeCell.Tree) {
        raw(tree.statement.bytes)
        let opening = tree.opening.encode()
        u32(UInt32(opening.count))
        raw(opening)
        u32(UInt32(tree.entries.count))
        for entry in tree.entries {
            switch entry {
            case .row(let row): self.row(row)
            case .leaf(let leaf):
                raw(Array(leaf.bytes[..<16]))
                u16(0)
                raw(Array(leaf.bytes[16...]))
            }
        }
    }
}

extension ByteReader {
    mutating func whole() throws -> WholeCell {
        let prompt = try wholeTree()
        switch try u8() {
        case 0: return WholeCell(prompt: prompt, late: .unknown)
        case 1: return WholeCell(prompt: prompt, late: .open)
        case 3: return WholeCell(prompt: prompt, late: .closed(try wholeTree()))
        default: throw BytesError(code: "bytes-text", sentence: "a late tree's outcome expected")
        }
    }

    private mutating func wholeTree() throws -> WholeCell.Tree {
        let statement = try digest()
        let opening = try HourOpening(wire: raw(Int(try u32())))
        var entries: [WholeCell.Entry] = []
        for _ in 0..<(try u32()) {
            let label = try raw(16)
            let length = try u16()
            if length > 0 {
                let row = try SealedRow(label: Label(bytes: label), bytes: raw(Int(length)))
                entries.append(.row(row))
            } else if let leaf = RowLeaf(wire: label + (try raw(32))) {
                entries.append(.leaf(leaf))
            }
        }
        return WholeCell.Tree(opening: opening, statement: statement, entries: entries)
    }
}
