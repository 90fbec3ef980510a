import Bytes
public import Plates
public import Secrets

/// What the vault says to one item of a query: a claim until `LookupVerifier` has checked it
/// (Docs/Spec/Lookup.md).
///
/// Wire form: `u32(hour) ‖ u16(site) ‖ u8(plate) ‖ u8(0 unknown, 1 open, 2 gone, 3 closed)`, and
/// after 3 `statement(32) ‖ u32(length) ‖ opening ‖ u16(runs)`, then each run.
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
        /// The rows with counters 0, 1, 2, …
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

    /// A closed cell's answer.
    public struct Closed: Hashable, Sendable {
        /// The opening of what the site committed to.
        public let opening: HourOpening
        /// The id of the `hour-closed` statement in the log.
        public let statement: Digest
        /// One for each run of the opening, ascending.
        public let runs: [FoundRun]

        /// A claim about a closed cell.
        public init(opening: HourOpening, statement: Digest, runs: [FoundRun]) {
            self.opening = opening
            self.statement = statement
            self.runs = runs
        }
    }

    /// The four things that can be said of a cell.
    public enum Outcome: Hashable, Sendable {
        /// The vault has no statement for the cell, nor rows that it could prove complete.
        case unknown
        /// The cell's hour is not closed yet.
        case open
        /// The cell's day is dead, and its rows are dropped.
        case gone
        /// The cell is closed; with proofs.
        case closed(Closed)
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
        var writer = ByteWriter()
        writer.raw(item.cell.encode())
        writer.u8(item.plate)
        switch outcome {
        case .unknown: writer.u8(0)
        case .open: writer.u8(1)
        case .gone: writer.u8(2)
        case .closed(let closed):
            writer.u8(3)
            writer.raw(closed.statement.bytes)
            let opening = closed.opening.encode()
            writer.u32(UInt32(opening.count))
            writer.raw(opening)
            writer.u16(UInt16(clamping: closed.runs.count))
            for run in closed.runs { writer.found(run) }
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
        } catch {
            throw Self.malformed
        }
    }

    private static func outcome(_ reader: inout ByteReader) throws -> Outcome {
        switch try reader.u8() {
        case 0: return .unknown
        case 1: return .open
        case 2: return .gone
        case 3:
            let statement = try reader.digest()
            let opening = try HourOpening(wire: reader.raw(Int(try reader.u32())))
            var runs: [FoundRun] = []
            for _ in 0..<(try reader.u16()) { runs.append(try reader.found()) }
            return .closed(Closed(opening: opening, statement: statement, runs: runs))
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
    fileprivate mutating func found(_ run: LookupAnswer.FoundRun) {
        raw(run.run.bytes)
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
        for hash in hashes { raw(hash.bytes) }
    }
}

extension ByteReader {
    fileprivate mutating func found() throws -> LookupAnswer.FoundRun {
        let run = try RunID(bytes: raw(8))
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
        var hashes: [Digest] = []
        for _ in 0..<count { hashes.append(try digest()) }
        return hashes
    }
}
