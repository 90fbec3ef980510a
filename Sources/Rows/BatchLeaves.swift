import Bytes
import Ledger
public import Plates
public import Secrets

/// A batch without its rows: what a site needs of its batches to close a tree, a sixth of their size
/// (Docs/Spec/Batch.md). The root stands for the leaves, and the signature for the root.
///
/// Wire form: as `Batch`, with the leaf of each row, 48 bytes, in its place.
public struct BatchLeaves: Sendable {
    /// The cell that all rows are of.
    public let cell: Cell
    /// The gateway's run.
    public let run: RunID
    /// Which of the cell's two trees the rows are for.
    public let kind: HourOpening.Kind
    /// The how-many-eth batch of this run in this tree of the cell, from 0.
    public let number: UInt64
    /// RFC 6962 root over the leaves, without sentinels.
    public let root: Digest
    /// The site's Ed25519 signature, 64 bytes, over what it signed of the batch.
    public let signature: [UInt8]
    let leaves: LeafList
    // What the root was computed from, where it was.
    private let known: [UInt8]?

    /// The RFC 6962 hashes of the leaves, 32 bytes each.
    var hashes: [UInt8] { known ?? leaves.hashes }

    /// How many rows the batch has.
    public var count: Int { leaves.count }

    /// Where the batch stands among those of its tree.
    public var place: BatchPlace { BatchPlace(run: run, number: number) }

    /// What is left of a batch without its rows.
    public init(_ batch: Batch) {
        self.init(
            batch.cell, batch.kind, batch.place, batch.root, batch.signature, batch.leaves)
    }

    /// A batch as a store kept it in parts; whether the root is the rows' is left to the site.
    public init(
        cell: Cell, kind: HourOpening.Kind, place: BatchPlace, root: Digest, signature: [UInt8],
        rows: PackedRows
    ) {
        self.init(cell, kind, place, root, signature, LeafList(of: rows))
    }

    /// From the wire form; whether the site signed it is another question. Throws `batch-malformed`,
    /// `batch-size`, `batch-repeats` also for leaves out of order, and `batch-root` where the root is
    /// not the leaves'.
    public init(wire bytes: [UInt8]) throws(RowsError) {
        var reader = ByteReader(bytes)
        let head: Batch.Head
        let leaves: LeafList
        do {
            head = try Batch.Head(from: &reader)
            leaves = LeafList(wire: try reader.raw(head.count * LeafList.leafSize))
            try reader.end()
        } catch let error as RowsError {
            throw error
        } catch {
            throw Batch.malformed
        }
        guard leaves.isAscending else { throw Batch.repeats }
        let hashes = leaves.hashes
        guard head.root == Merkle.root(ofHashes: hashes) else { throw Batch.otherRoot }
        self.init(head.cell, head.kind, head.place, head.root, head.signature, leaves, hashes)
    }

    private init(
        _ cell: Cell, _ kind: HourOpening.Kind, _ place: BatchPlace, _ root: Digest,
        _ signature: [UInt8], _ leaves: LeafList, _ hashes: [UInt8]? = nil
    ) {
        known = hashes
        self.cell = cell
        run = place.run
        self.kind = kind
        number = place.number
        self.root = root
        self.signature = signature
        self.leaves = leaves
    }

    private var head: Batch.Head {
        Batch.Head(
            cell: cell, kind: kind, place: place, count: count, root: root, signature: signature)
    }

    /// The wire form.
    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: 126 + leaves.bytes.count)
        writer.head(head)
        writer.raw(leaves.bytes)
        return writer.bytes
    }

    /// Whether the site of this key signed the batch for this log. Throws `batch-signature`.
    public func verify(origin: String, key: VerifyingKey) throws(RowsError) {
        guard key.isValid(signature, for: head.signedBytes(origin: origin)) else {
            throw Batch.unsigned(cell.site)
        }
    }
}

// The root was computed from the leaves: whoever has it has them.
extension BatchLeaves: Hashable {
    /// Whether two are the same, byte for byte.
    public static func == (left: Self, right: Self) -> Bool {
        left.head == right.head && left.leaves == right.leaves
    }

    /// By root and signature.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(root)
        hasher.combine(signature)
    }
}

/// Where a batch stands among those of a tree: by run, then number.
public struct BatchPlace: Hashable, Comparable, Sendable {
    /// The gateway's run.
    public let run: RunID
    /// The how-many-eth batch of the run, from 0.
    public let number: UInt64

    /// A place.
    public init(run: RunID, number: UInt64) {
        self.run = run
        self.number = number
    }

    /// By run, then number.
    public static func < (left: Self, right: Self) -> Bool {
        left.run == right.run ? left.number < right.number : left.run < right.run
    }
}
