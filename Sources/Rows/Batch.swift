import Bytes
import Ledger
public import Plates
public import Secrets

/// What one run of a gateway hands over at once: rows of one cell, sorted by label, under the
/// site's signature (Docs/Spec/Batch.md).
///
/// Wire form: `u32(hour) ‖ u16(site) ‖ run(8) ‖ u64(late × 2^63 + number) ‖ u32(rows) ‖ root(32) ‖
/// signature(64)` and then each row as `label(16) ‖ u16(length) ‖ bytes`. Numbers count from 0 for
/// each run in each of a cell's two trees, without gaps, so that a closed hour can name the last one.
public struct Batch: Sendable {
    /// 4,096: rows that one batch may hold; it holds at least one.
    public static let maximumRows = 4_096
    /// The largest number of a batch: the highest bit says which tree, and in `HourOpening` more.
    public static let maximumNumber = UInt64(Int64.max)

    /// The cell that all rows are of.
    public let cell: Cell
    /// The gateway's run.
    public let run: RunID
    /// Which of the cell's two trees the rows are for.
    public let kind: HourOpening.Kind
    /// The how-many-eth batch of this run in this tree of the cell, from 0.
    public let number: UInt64
    /// The rows, labels strictly ascending: the order of arrival is gone.
    public let rows: [SealedRow]
    /// RFC 6962 root over the rows' leaves, without sentinels.
    public let root: Digest
    /// The rows' leaves, from which the root was computed.
    let leaves: LeafList
    /// The site's Ed25519 signature over `signedBytes(origin:)`, 64 bytes.
    public let signature: [UInt8]

    /// A signed batch of rows in any order. Throws `batch-size` for none or above 4,096 rows,
    /// `batch-repeats` where two have one label, `batch-number` above 2^63 − 1.
    public init(
        cell: Cell, kind: HourOpening.Kind = .prompt, run: RunID, number: UInt64,
        rows: [SealedRow], origin: String, key: SigningKey
    ) throws(RowsError) {
        let sorted = rows.sorted { $0.label < $1.label }
        try Self.check(number, sorted)
        let leaves = Self.leaves(of: sorted)
        let root = Merkle.root(ofHashes: leaves.hashes)
        let message = Self.message(origin, cell, run, kind.word(number), sorted.count, root)
        self.init(cell, kind, run, number, sorted, leaves, root, key.sign(message))
    }

    /// A batch from its wire form; whether the site signed it is another question. Throws
    /// `batch-malformed`, `batch-size`, `batch-repeats` also for rows out of order, `batch-number`,
    /// and `batch-root` where the root is not the rows'.
    public init(wire bytes: [UInt8]) throws(RowsError) {
        let batch: Batch
        do {
            batch = try Self.parse(bytes)
        } catch let error as RowsError {
            throw error
        } catch {
            throw RowsError(code: "batch-malformed", sentence: "this is no well-formed batch")
        }
        self = batch
    }

    /// A batch as a store kept it in parts; the root is computed anew. Throws as `init(wire:)`, save
    /// `batch-malformed`.
    public init(
        cell: Cell, kind: HourOpening.Kind, run: RunID, number: UInt64, rows: [SealedRow],
        signature: [UInt8]
    ) throws(RowsError) {
        try Self.check(number, rows)
        let leaves = Self.leaves(of: rows)
        let root = Merkle.root(ofHashes: leaves.hashes)
        self.init(cell, kind, run, number, rows, leaves, root, signature)
    }

    private static func leaves(of rows: [SealedRow]) -> LeafList {
        var leaves = LeafList(capacity: rows.count)
        leaves.append(rows)
        return leaves
    }

    private static func parse(_ bytes: [UInt8]) throws -> Batch {
        var reader = ByteReader(bytes)
        let cell = try Cell(from: &reader)
        let run = try RunID(bytes: reader.raw(8))
        let word = try reader.u64()
        let number = word & maximumNumber
        let count = try reader.u32()
        guard count <= maximumRows else { throw size(Int(count)) }
        let root = try reader.digest()
        let signature = try reader.raw(64)
        var rows: [SealedRow] = []
        for _ in 0..<count { rows.append(try reader.row()) }
        try reader.end()
        try check(number, rows)
        let leaves = leaves(of: rows)
        guard root == Merkle.root(ofHashes: leaves.hashes) else {
            throw RowsError(code: "batch-root", sentence: "the root is not that of the rows")
        }
        let kind: HourOpening.Kind = word > maximumNumber ? .late : .prompt
        return Batch(cell, kind, run, number, rows, leaves, root, signature)
    }

    private init(
        _ cell: Cell, _ kind: HourOpening.Kind, _ run: RunID, _ number: UInt64,
        _ rows: [SealedRow], _ leaves: LeafList, _ root: Digest, _ signature: [UInt8]
    ) {
        self.cell = cell
        self.kind = kind
        self.run = run
        self.number = number
        self.rows = rows
        self.leaves = leaves
        self.root = root
        self.signature = signature
    }

    /// The wire form.
    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: 126 + rows.count * 314)
        writer.raw(cell.encode())
        writer.raw(run.bytes)
        writer.u64(kind.word(number))
        writer.u32(UInt32(rows.count))
        writer.raw(root.bytes)
        writer.raw(signature)
        for row in rows { writer.row(row) }
        return writer.bytes
    }

    /// What the site signs: `"platevault/batch/v1" ‖ origin ‖ u32(hour) ‖ u16(site) ‖ run ‖
    /// u64(late × 2^63 + number) ‖ u32(rows) ‖ root`. No note of the site can be taken for it: a note's type is
    /// followed by a line feed, which no origin begins with.
    public func signedBytes(origin: String) -> [UInt8] {
        Self.message(origin, cell, run, kind.word(number), rows.count, root)
    }

    /// Whether the site of this key signed the batch for this log. Throws `batch-signature`.
    public func verify(origin: String, key: VerifyingKey) throws(RowsError) {
        guard key.isValid(signature, for: signedBytes(origin: origin)) else {
            throw RowsError(
                code: "batch-signature",
                sentence: "the batch does not carry the signature of site \(cell.site)")
        }
    }

    private static func message(
        _ origin: String, _ cell: Cell, _ run: RunID, _ word: UInt64, _ count: Int, _ root: Digest
    ) -> [UInt8] {
        var writer = ByteWriter()
        writer.text("platevault/batch/v1")
        writer.text(origin)
        writer.raw(cell.encode())
        writer.raw(run.bytes)
        writer.u64(word)
        writer.u32(UInt32(count))
        writer.raw(root.bytes)
        return writer.bytes
    }

    private static func check(_ number: UInt64, _ rows: [SealedRow]) throws(RowsError) {
        guard (1...maximumRows).contains(rows.count) else { throw size(rows.count) }
        guard number <= maximumNumber else {
            throw RowsError(code: "batch-number", sentence: "a batch's number is below 2^63")
        }
        guard zip(rows, rows.dropFirst()).allSatisfy({ $0.label < $1.label }) else {
            throw RowsError(
                code: "batch-repeats", sentence: "the labels of a batch do not strictly ascend")
        }
    }

    private static func size(_ count: Int) -> RowsError {
        RowsError(
            code: "batch-size", sentence: "a batch has 1 to \(maximumRows) rows, not \(count)")
    }
}

// The root was computed from the rows: whoever has it has them.
extension Batch: Hashable {
    /// Whether two are the same, byte for byte.
    public static func == (left: Self, right: Self) -> Bool {
        left.cell == right.cell && left.run == right.run && left.kind == right.kind
            && left.number == right.number && left.root == right.root
            && left.signature == right.signature
    }

    /// By root and signature.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(root)
        hasher.combine(signature)
    }
}

extension HourOpening.Kind {
    /// How a number goes over the wire: the highest bit says `late`.
    fileprivate func word(_ number: UInt64) -> UInt64 {
        self == .late ? number | 1 << 63 : number
    }
}

extension ByteReader {
    /// A 32-byte digest.
    mutating func digest() throws -> Digest {
        guard let digest = Digest(wire: try raw(32)) else {
            throw BytesError(code: "bytes-short", sentence: "a digest expected")
        }
        return digest
    }

    /// `label(16) ‖ u16(length) ‖ bytes`.
    mutating func row() throws -> SealedRow {
        let label = try Label(bytes: raw(16))
        return try SealedRow(label: label, bytes: raw(Int(try u16())))
    }
}

extension ByteWriter {
    /// `label(16) ‖ u16(length) ‖ bytes`.
    mutating func row(_ row: SealedRow) {
        raw(row.label.bytes)
        u16(UInt16(row.bytes.count))
        raw(row.bytes)
    }
}
