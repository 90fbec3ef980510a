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
    public let packed: PackedRows
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
        let packed = PackedRows(sorting: rows)
        try Self.check(number, packed)
        let leaves = LeafList(of: packed)
        let root = Merkle.root(ofHashes: leaves.hashes)
        let head = Head(
            cell: cell, kind: kind, place: BatchPlace(run: run, number: number),
            count: packed.count, root: root, signature: [])
        self.init(
            cell, kind, run, number, packed, leaves, root,
            key.sign(head.signedBytes(origin: origin)))
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
            throw Self.malformed
        }
        self = batch
    }

    /// A batch as a store kept it in parts; the root is computed anew, and that of the head counts for
    /// nothing. Throws as `init(wire:)`, save `batch-malformed`.
    public init(_ head: Head, _ rows: PackedRows) throws(RowsError) {
        try Self.check(head.place.number, rows)
        let leaves = LeafList(of: rows)
        self.init(
            head.cell, head.kind, head.place.run, head.place.number, rows, leaves,
            Merkle.root(ofHashes: leaves.hashes), head.signature)
    }

    private static func parse(_ bytes: [UInt8]) throws -> Batch {
        var reader = ByteReader(bytes)
        let head = try Head(from: &reader)
        guard
            let rows = try? PackedRows(in: bytes, at: Head.size, count: head.count),
            rows.end == bytes.count
        else { throw malformed }
        let batch = try Batch(head, rows)
        guard head.root == batch.root else { throw otherRoot }
        return batch
    }

    private init(
        _ cell: Cell, _ kind: HourOpening.Kind, _ run: RunID, _ number: UInt64,
        _ rows: PackedRows, _ leaves: LeafList, _ root: Digest, _ signature: [UInt8]
    ) {
        self.cell = cell
        self.kind = kind
        self.run = run
        self.number = number
        packed = rows
        self.leaves = leaves
        self.root = root
        self.signature = signature
    }

    /// How many rows.
    public var count: Int { packed.count }

    /// The rows one by one, each with memory of its own.
    public var rows: [SealedRow] { packed.rows }

    /// The wire form.
    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: Head.size + packed.all.count)
        writer.head(head)
        writer.raw(packed.all)
        return writer.bytes
    }

    /// What the site signs: `"platevault/batch/v1" ‖ origin ‖ u32(hour) ‖ u16(site) ‖ run ‖
    /// u64(late × 2^63 + number) ‖ u32(rows) ‖ root`. No note of the site can be taken for it: a note's type is
    /// followed by a line feed, which no origin begins with.
    public func signedBytes(origin: String) -> [UInt8] { head.signedBytes(origin: origin) }

    /// All of it but the rows.
    public var head: Head {
        Head(
            cell: cell, kind: kind, place: place, count: count, root: root, signature: signature)
    }

    /// Where the batch stands among those of its tree.
    public var place: BatchPlace { BatchPlace(run: run, number: number) }

    /// Whether the site of this key signed the batch for this log. Throws `batch-signature`.
    public func verify(origin: String, key: VerifyingKey) throws(RowsError) {
        guard key.isValid(signature, for: signedBytes(origin: origin)) else {
            throw Self.unsigned(cell.site)
        }
    }

    private static func check(_ number: UInt64, _ rows: PackedRows) throws(RowsError) {
        guard (1...maximumRows).contains(rows.count) else { throw size(rows.count) }
        guard number <= maximumNumber else {
            throw RowsError(code: "batch-number", sentence: "a batch's number is below 2^63")
        }
        guard rows.isAscending else { throw repeats }
    }

    static var repeats: RowsError {
        RowsError(code: "batch-repeats", sentence: "the labels of a batch do not strictly ascend")
    }

    static var malformed: RowsError {
        RowsError(code: "batch-malformed", sentence: "this is no well-formed batch")
    }

    static var otherRoot: RowsError {
        RowsError(code: "batch-root", sentence: "the root is not that of the rows")
    }

    static func unsigned(_ site: SiteNumber) -> RowsError {
        RowsError(
            code: "batch-signature",
            sentence: "the batch does not carry the signature of site \(site)")
    }

    fileprivate static func size(_ count: Int) -> RowsError {
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

extension Batch {
    /// All of a batch but its rows: what stands before them on the wire.
    public struct Head: Hashable, Sendable {
        /// 122: bytes of the wire form.
        public static let size = 122

        /// The cell that all rows are of.
        public let cell: Cell
        /// Which of the cell's two trees the rows are for.
        public let kind: HourOpening.Kind
        /// The run, and the batch's number in it.
        public let place: BatchPlace
        /// How many rows.
        public let count: Int
        /// RFC 6962 root over the rows' leaves, without sentinels.
        public let root: Digest
        /// The site's signature, 64 bytes.
        public let signature: [UInt8]

        /// What the site signs.
        func signedBytes(origin: String) -> [UInt8] {
            var writer = ByteWriter()
            writer.text("platevault/batch/v1")
            writer.text(origin)
            writer.raw(cell.encode())
            writer.raw(place.run.bytes)
            writer.u64(kind.word(place.number))
            writer.u32(UInt32(count))
            writer.raw(root.bytes)
            return writer.bytes
        }
    }
}

extension Batch.Head {
    /// A head from the wire. Throws `batch-size`, and what the reader throws.
    init(from reader: inout ByteReader) throws {
        cell = try Cell(from: &reader)
        let run = try RunID(bytes: reader.raw(8))
        let word = try reader.u64()
        place = BatchPlace(run: run, number: word & Batch.maximumNumber)
        kind = word > Batch.maximumNumber ? .late : .prompt
        count = Int(try reader.u32())
        guard (1...Batch.maximumRows).contains(count) else { throw Batch.size(count) }
        root = try reader.digest()
        signature = try reader.raw(64)
    }
}

extension Batch.Head {
    /// A head as a store kept it. Throws `batch-malformed`, `batch-size`.
    public init(wire bytes: [UInt8]) throws(RowsError) {
        do {
            var reader = ByteReader(bytes)
            let head = try Batch.Head(from: &reader)
            try reader.end()
            self = head
        } catch let error as RowsError {
            throw error
        } catch {
            throw Batch.malformed
        }
    }

    /// The wire form.
    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: Self.size)
        writer.head(self)
        return writer.bytes
    }

    /// Whether these are the batch's rows, byte for byte: as many as it has, and the root is theirs.
    public func isOf(_ rows: PackedRows) -> Bool {
        guard rows.count == count else { return false }
        return root == Merkle.root(ofHashes: LeafList(of: rows).hashes)
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
        guard let digest = try lend(Digest.size, { Digest(lent: $0) }) else {
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
    /// A batch's head: `u32(hour) ‖ u16(site) ‖ run(8) ‖ u64(late × 2^63 + number) ‖ u32(rows) ‖
    /// root(32) ‖ signature(64)`.
    mutating func head(_ head: Batch.Head) {
        raw(head.cell.encode())
        raw(head.place.run.bytes)
        u64(head.kind.word(head.place.number))
        u32(UInt32(head.count))
        raw(head.root.bytes)
        raw(head.signature)
    }

    /// `label(16) ‖ u16(length) ‖ bytes`.
    mutating func row(_ row: SealedRow) {
        row.label.withUnsafeBytes { raw($0) }
        u16(UInt16(row.bytes.count))
        raw(row.bytes)
    }
}
