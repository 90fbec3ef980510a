import Bytes
public import Plates
public import Secrets

/// What the vault says to one item of a query: a claim until `LookupVerifier` has checked it
/// (Docs/Spec/Lookup.md).
///
/// Wire form: `u32(hour) ‖ u16(site) ‖ u8(plate) ‖ u8(0 unknown, 1 open, 2 gone, 3 closed)`, and
/// after 3 the prompt tree, u8(0 unknown, 1 open, 3 closed) for the late tree, and after 3 that one.
/// A tree: `statement(32) ‖ u32(length) ‖ opening ‖ u16(runs)`, then each run. A whole cell has
/// u8(4) and its trees as `WholeCell` writes them.
public struct LookupAnswer: Hashable, Sendable {
    /// A row with the place that it is said to have in the cell's tree.
    public struct FoundRow: Hashable, Sendable {
        /// The row as the site handed it over.
        public let row: SealedRow
        /// Its place in the tree.
        public let proof: LeafProof

        /// A claim of a row.
        public init(row: SealedRow, proof: LeafProof) {
            self.row = row
            self.proof = proof
        }
    }

    /// All that one run has for the item: `rows[c]` is the row with counter c.
    public struct FoundRun: Hashable, Sendable {
        /// The run.
        public let run: RunID
        /// The rows with counters 0, 1, 2, …; in a late tree from where the prompt one ended.
        public let rows: [FoundRow]
        /// Why there is no row with the next counter.
        public let absence: AbsenceProof

        /// A claim of all rows of one run.
        public init(run: RunID, rows: [FoundRow], absence: AbsenceProof) {
            self.run = run
            self.rows = rows
            self.absence = absence
        }
    }

    /// One tree of a closed cell.
    public struct Tree: Hashable, Sendable {
        /// The opening of what the site committed to.
        public let opening: HourOpening
        /// The id of the `hour-closed` statement in the log.
        public let statement: Digest
        /// One for each run of the opening, ascending.
        public let runs: [FoundRun]

        /// A claim about one tree.
        public init(opening: HourOpening, statement: Digest, runs: [FoundRun]) {
            self.opening = opening
            self.statement = statement
            self.runs = runs
        }
    }

    /// What is said of the late tree of a cell whose prompt one is closed.
    public enum Late: Hashable, Sendable {
        /// It is not closed, though its time is over.
        case unknown
        /// It is not closed yet: more rows may come.
        case open
        /// It is closed; with proofs.
        case closed(Tree)
    }

    /// A closed cell's answer.
    public struct Closed: Hashable, Sendable {
        /// The tree of the rows that came in time.
        public let prompt: Tree
        /// The tree of those that came later.
        public let late: Late

        /// A claim about a closed cell.
        public init(prompt: Tree, late: Late) {
            self.prompt = prompt
            self.late = late
        }
    }

    /// What can be said of a cell.
    public enum Outcome: Hashable, Sendable {
        /// The vault has no statement for the cell, nor rows that it could prove complete.
        case unknown
        /// The cell's hour is not closed yet.
        case open
        /// The cell's day is dead, and its rows are dropped.
        case gone
        /// The cell is closed; with proofs.
        case closed(Closed)
        /// The cell is closed, and here are all of its rows; where all were asked for.
        case whole(WholeCell)
    }

    /// What was asked.
    public let item: LookupItem
    /// What is said to it.
    public let outcome: Outcome

    /// An answer.
    public init(item: LookupItem, outcome: Outcome) {
        self.item = item
        self.outcome = outcome
    }

    /// The wire form.
    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: 2_048)
        writer.u32(item.cell.hour.number)
        writer.u16(item.cell.site.number)
        writer.u8(item.plate)
        switch outcome {
        case .unknown: writer.u8(0)
        case .open: writer.u8(1)
        case .gone: writer.u8(2)
        case .closed(let closed):
            writer.u8(3)
            writer.tree(closed.prompt)
            switch closed.late {
            case .unknown: writer.u8(0)
            case .open: writer.u8(1)
            case .closed(let tree):
                writer.u8(3)
                writer.tree(tree)
            }
        case .whole(let cell):
            writer.u8(4)
            writer.whole(cell)
        }
        return writer.bytes
    }

    /// An answer from its wire form. Throws `answer-malformed`.
    public init(wire bytes: [UInt8]) throws(RowsError) {
        do {
            var reader = ByteReader(bytes)
            item = LookupItem(cell: try Cell(from: &reader), plate: try reader.u8())
            outcome = try Self.outcome(&reader)
            try reader.end()
            // Rows by a key and all rows are answers to different items.
            switch outcome {
            case .closed: if item.isWhole { throw Self.malformed }
            case .whole: if !item.isWhole { throw Self.malformed }
            case .unknown, .open, .gone: break
            }
        } catch {
            throw Self.malformed
        }
    }

    /// Whether bytes that may be an answer begin as one for a whole cell.
    public static func isWhole(_ wire: [UInt8]) -> Bool {
        let place = LookupWindow.cellSize
        return wire.count > place && wire[place] == LookupItem.whole
    }

    private static func outcome(_ reader: inout ByteReader) throws -> Outcome {
        switch try reader.u8() {
        case 0: return .unknown
        case 1: return .open
        case 2: return .gone
        case 3:
            return .closed(Closed(prompt: try reader.tree(), late: try late(&reader)))
        case 4: return .whole(try reader.whole())
        default: throw malformed
        }
    }

    private static func late(_ reader: inout ByteReader) throws -> Late {
        switch try reader.u8() {
        case 0: return .unknown
        case 1: return .open
        case 3: return .closed(try reader.tree())
        default: throw malformed
        }
    }

    private static var malformed: RowsError {
        RowsError(code: "answer-malformed", sentence: "this is no well-formed look-up answer")
    }
}

// A run: `run(8) ‖ u32(rows)`, each row as in a batch and then `u64(index) ‖ path`; then
// `u64(left index) ‖ left leaf(48) ‖ path ‖ right leaf(48) ‖ path`. A path: `u8(hashes) ‖ hashes`.
extension ByteWriter {
    fileprivate mutating func tree(_ tree: LookupAnswer.Tree) {
        tree.statement.withUnsafeBytes { raw($0) }
        u32(UInt32(tree.opening.wireSize))
        opening(tree.opening)
        u16(UInt16(clamping: tree.runs.count))
        for run in tree.runs { found(run) }
    }

    private mutating func found(_ run: LookupAnswer.FoundRun) {
        u64(run.run.number)
        u32(UInt32(run.rows.count))
        for found in run.rows {
            row(found.row)
            u64(found.proof.index)
            path(found.proof.path)
        }
        u64(run.absence.leftProof.index)
        raw(run.absence.left.bytes)
        path(run.absence.leftProof.path)
        raw(run.absence.right.bytes)
        path(run.absence.rightPath)
    }

    private mutating func path(_ hashes: [Digest]) {
        u8(UInt8(clamping: hashes.count))
        for hash in hashes { hash.withUnsafeBytes { raw($0) } }
    }
}

extension ByteReader {
    fileprivate mutating func tree() throws -> LookupAnswer.Tree {
        let statement = try digest()
        let opening = try HourOpening(wire: raw(Int(try u32())))
        var runs: [LookupAnswer.FoundRun] = []
        for _ in 0..<(try u16()) { runs.append(try found()) }
        return LookupAnswer.Tree(opening: opening, statement: statement, runs: runs)
    }

    private mutating func found() throws -> LookupAnswer.FoundRun {
        let run = RunID(number: try u64())
        var rows: [LookupAnswer.FoundRow] = []
        for _ in 0..<(try u32()) {
            let row = try row()
            let proof = LeafProof(index: try u64(), path: try path())
            rows.append(LookupAnswer.FoundRow(row: row, proof: proof))
        }
        let index = try u64()
        let left = try leaf()
        let leftProof = LeafProof(index: index, path: try path())
        let absence = AbsenceProof(
            left: left, leftProof: leftProof, right: try leaf(), rightPath: try path())
        return LookupAnswer.FoundRun(run: run, rows: rows, absence: absence)
    }

    private mutating func leaf() throws -> RowLeaf {
        guard let leaf = RowLeaf(wire: try raw(48)) else {
            throw BytesError(code: "bytes-short", sentence: "a leaf expected")
        }
        return leaf
    }

    private mutating func path() throws -> [Digest] {
        let count = try u8()
        guard count <= 64 else {
            throw BytesError(code: "bytes-text", sentence: "a path has at most 64 hashes")
        }
        return try lend(Int(count) * Digest.size) { Digest.list($0) }
    }
}
