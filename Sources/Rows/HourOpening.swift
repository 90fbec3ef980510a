import Bytes
public import Plates
public import Secrets

/// What a closing site committed to for one cell, opened (Docs/Spec/Hour.md). The log holds the
/// commitment alone; who has the opening learns the runs and how many rows the cell has.
///
/// Wire form: `u32(hour) ‖ u16(site) ‖ u8(kind) ‖ u16(number of runs)`, each run as `run(8) ‖
/// u64(last batch)` with the highest bit set where it is unfinished, runs strictly ascending, and
/// then `u64(size) ‖ root(32) ‖ salt(32)`.
public struct HourOpening: Hashable, Sendable {
    /// Which of a cell's two trees.
    public enum Kind: UInt8, CaseIterable, Sendable {
        /// The tree closed five minutes after the hour.
        case prompt = 0
        /// The tree of rows that came later; closed with the late window.
        case late = 1
    }

    /// A run that handed over rows of the cell.
    public struct Run: Hashable, Sendable {
        /// The run.
        public let id: RunID
        /// The number of its last batch in this cell; all from 0 to it are in the tree.
        public let lastBatch: UInt64
        /// Whether it ended unseen, so that only its signed batches are known.
        public let isUnfinished: Bool

        /// A run with the number of its last batch, at most `Batch.maximumNumber`.
        public init(id: RunID, lastBatch: UInt64, isUnfinished: Bool) {
            self.id = id
            self.lastBatch = min(lastBatch, Batch.maximumNumber)
            self.isUnfinished = isUnfinished
        }
    }

    /// The cell.
    public let cell: Cell
    /// Which of its trees.
    public let kind: Kind
    /// Every run with rows in the tree, ascending.
    public let runs: [Run]
    /// The tree's size, both sentinels included, and its root.
    public let tree: HourRoot
    /// 32 random bytes, so that the commitment tells nothing about the cell.
    public let salt: [UInt8]

    /// An opening of its parts. Throws `hour-malformed` for a size below 2, a salt that is not 32
    /// bytes, above 65,535 runs, a run named twice, or rows without a run.
    public init(
        cell: Cell, kind: Kind, runs: [Run], tree: HourRoot, salt: [UInt8]
    ) throws(RowsError) {
        let runs = runs.sorted { $0.id < $1.id }
        guard tree.size >= 2, salt.count == 32, runs.count <= Int(UInt16.max),
            zip(runs, runs.dropFirst()).allSatisfy({ $0.id < $1.id }),
            runs.isEmpty == (tree.size == 2)
        else { throw Self.malformed }
        self.cell = cell
        self.kind = kind
        self.runs = runs
        self.tree = tree
        self.salt = salt
    }

    /// The opening of one of a cell's trees from all of its batches; `unfinished` are the runs that ended unseen.
    ///
    /// Whether the site signed each batch must have been checked. Throws `hour-cell` for a batch of
    /// another cell or tree, `hour-gap` where a run's numbers do not go from 0 without a gap, and
    /// `hour-repeats` where one label stands for two different rows.
    public init(
        closing cell: Cell, kind: Kind, leaves batches: [BatchLeaves], unfinished: Set<RunID>,
        salt: [UInt8]
    ) throws(RowsError) {
        guard batches.allSatisfy({ $0.cell == cell && $0.kind == kind }) else {
            throw RowsError(
                code: "hour-cell", sentence: "a batch is of another cell or tree than \(cell)")
        }
        var runs: [Run] = []
        for (run, ofRun) in Dictionary(grouping: batches, by: \.run) {
            let numbers = Set(ofRun.map(\.number))
            guard numbers.count == ofRun.count, let last = numbers.max(),
                last == UInt64(numbers.count - 1)
            else {
                throw RowsError(
                    code: "hour-gap", sentence: "run \(run) has a gap in its batches of \(cell)")
            }
            runs.append(
                Run(id: run, lastBatch: last, isUnfinished: unfinished.contains(run)))
        }
        try self.init(
            cell: cell, kind: kind, runs: runs, tree: try HourRoot(over: batches), salt: salt)
    }

    /// The same from batches with their rows.
    public init(
        closing cell: Cell, kind: Kind, batches: [Batch], unfinished: Set<RunID>, salt: [UInt8]
    ) throws(RowsError) {
        try self.init(
            closing: cell, kind: kind, leaves: batches.map { BatchLeaves($0) },
            unfinished: unfinished, salt: salt)
    }

    /// An opening from its wire form. Throws `hour-malformed`.
    public init(wire bytes: [UInt8]) throws(RowsError) {
        do {
            self = try Self.parse(bytes)
        } catch {
            throw Self.malformed
        }
    }

    // Everything that is read is kept as it stands, so that `encode` gives the same bytes.
    private static func parse(_ bytes: [UInt8]) throws -> HourOpening {
        var reader = ByteReader(bytes)
        let cell = try Cell(from: &reader)
        guard let kind = Kind(rawValue: try reader.u8()) else { throw malformed }
        var runs: [Run] = []
        for _ in 0..<(try reader.u16()) {
            let id = RunID(number: try reader.u64())
            let word = try reader.u64()
            // Sorting on the way in would accept what `encode` does not write.
            guard runs.last.map({ $0.id < id }) ?? true else { throw malformed }
            runs.append(
                Run(
                    id: id, lastBatch: word & Batch.maximumNumber,
                    isUnfinished: word > Batch.maximumNumber))
        }
        let tree = HourRoot(size: try reader.u64(), root: try reader.digest())
        let salt = try reader.raw(32)
        try reader.end()
        return try HourOpening(cell: cell, kind: kind, runs: runs, tree: tree, salt: salt)
    }

    /// The wire form.
    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: wireSize)
        writer.opening(self)
        return writer.bytes
    }

    /// How many bytes the wire form has.
    var wireSize: Int { 81 + 16 * runs.count }

    /// What the log holds: SHA-256("platevault/hour/v1" ‖ wire form).
    public var commitment: Digest {
        var writer = ByteWriter(capacity: 18 + wireSize)
        writer.text("platevault/hour/v1")
        writer.opening(self)
        return Digest(of: writer.bytes)
    }

    private static var malformed: RowsError {
        RowsError(code: "hour-malformed", sentence: "this is no well-formed opening of an hour")
    }
}

extension ByteWriter {
    /// An opening in its wire form.
    mutating func opening(_ opening: HourOpening) {
        u32(opening.cell.hour.number)
        u16(opening.cell.site.number)
        u8(opening.kind.rawValue)
        u16(UInt16(opening.runs.count))
        for run in opening.runs {
            u64(run.id.number)
            u64(run.lastBatch | (run.isUnfinished ? 1 << 63 : 0))
        }
        u64(opening.tree.size)
        opening.tree.root.withUnsafeBytes { raw($0) }
        raw(opening.salt)
    }
}
