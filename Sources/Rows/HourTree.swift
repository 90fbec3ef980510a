import Ledger
public import Plates
public import Secrets

/// A leaf of a cell's tree: `label(16) ‖ SHA-256(row)(32)`, 48 bytes.
public struct RowLeaf: Hashable, Comparable, Sendable {
    /// The sentinel before all rows: 48 bytes of 0x00.
    public static let first = RowLeaf(repeating: 0x00)
    /// The sentinel after all rows: 48 bytes of 0xff.
    public static let last = RowLeaf(repeating: 0xff)

    /// The 48 bytes.
    public let bytes: [UInt8]

    /// The leaf of a row.
    public init(_ row: SealedRow) { bytes = row.label.bytes + Digest(of: row.bytes).bytes }

    /// A leaf that came over the wire; nil unless it is 48 bytes.
    public init?(wire bytes: [UInt8]) {
        guard bytes.count == 48 else { return nil }
        self.bytes = bytes
    }

    private init(repeating byte: UInt8) { bytes = [UInt8](repeating: byte, count: 48) }

    /// A leaf of a list, which has 48 bytes.
    init(_ slice: ArraySlice<UInt8>) { bytes = Array(slice) }

    /// The RFC 6962 hash of the leaf.
    public var hash: Digest { Merkle.leafHash(bytes) }

    /// The 16 bytes of the label, by which leaves are ordered.
    public var label: ArraySlice<UInt8> { bytes[..<16] }

    /// The label itself.
    var name: Label { Label(checked: label) }

    /// By label alone: two rows of one label can not both be in a tree.
    public static func < (left: Self, right: Self) -> Bool {
        left.label.lexicographicallyPrecedes(right.label)
    }
}

/// Where a leaf stands in a cell's tree, and the hashes that lead from it to the root.
public struct LeafProof: Hashable, Sendable {
    /// The leaf's index; the first sentinel has 0.
    public let index: UInt64
    /// The siblings, lowest first (RFC 6962 section 2.1.1); at most 64.
    public let path: [Digest]

    /// A claim of a place; it proves nothing until `HourRoot` has checked it.
    public init(index: UInt64, path: [Digest]) {
        self.index = index
        self.path = path
    }
}

/// Two leaves said to be neighbours in a cell's tree, with nothing between them.
public struct AbsenceProof: Hashable, Sendable {
    /// The leaf below the absent label, which may be the first sentinel.
    public let left: RowLeaf
    /// Where the left leaf stands; the right one stands at the index after it.
    public let leftProof: LeafProof
    /// The leaf above the absent label, which may be the last sentinel.
    public let right: RowLeaf
    /// The right leaf's siblings.
    public let rightPath: [Digest]

    /// A claim of absence; it proves nothing until `HourRoot` has checked it.
    public init(left: RowLeaf, leftProof: LeafProof, right: RowLeaf, rightPath: [Digest]) {
        self.left = left
        self.leftProof = leftProof
        self.right = right
        self.rightPath = rightPath
    }
}

/// The tree of one closed cell: RFC 6962 over the leaves of its rows, labels strictly ascending,
/// between two sentinel leaves that count in its size (Docs/Spec/Hour.md). Immutable; 112 bytes a leaf.
public struct HourTree: Sendable {
    private let leaves: LeafList
    // levels[k] has the hashes of all subtrees of 2^k leaves, and of a last one with fewer.
    private let levels: [[UInt8]]

    /// The tree of all rows of a cell, in any order; none gives the tree of a quiet hour. Throws
    /// `hour-repeats` where two rows have one label, or one has the label of a sentinel.
    public init(_ rows: [SealedRow]) throws(RowsError) {
        var leaves = LeafList(capacity: rows.count)
        leaves.append(rows)
        try self.init(leaves)
    }

    /// The tree of all rows' leaves, in any order. Throws as the other.
    public init(leaves rows: [RowLeaf]) throws(RowsError) {
        var leaves = LeafList(capacity: rows.count)
        for leaf in rows { leaves.append(leaf) }
        try self.init(leaves)
    }

    /// The same of a list. Throws as the others.
    public init(_ rows: LeafList) throws(RowsError) {
        self.init(sorted: try rows.enclosed())
    }

    /// The tree of leaves that stand in their order, both sentinels among them: nothing is sorted or
    /// copied. Throws `hour-repeats` where a label is not above the one before it.
    public init(ascending leaves: LeafList) throws(RowsError) {
        guard leaves.count >= 2, leaves[0] == .first, leaves[leaves.count - 1] == .last,
            leaves.isAscending
        else { throw LeafList.repeats }
        self.init(sorted: leaves)
    }

    private init(sorted leaves: LeafList) {
        self.leaves = leaves
        var levels = [leaves.hashes]
        while let top = levels.last, top.count > 32 { levels.append(Merkle.parents(of: top)) }
        self.levels = levels
    }

    /// How many leaves, both sentinels included: rows + 2.
    public var size: UInt64 { UInt64(leaves.count) }
    /// The root, and the size that it counts for.
    public var root: HourRoot {
        HourRoot(size: size, root: Digest(wire: levels[levels.count - 1]) ?? .zero)
    }

    /// The leaf at an index.
    public subscript(index: Int) -> RowLeaf { leaves[index] }

    /// The hashes of some of the subtrees of 2^level leaves, one after the other; the last one may
    /// have fewer leaves.
    public func hashes(level: Int, _ range: Range<Int>) -> ArraySlice<UInt8> {
        // A tree of fewer leaves is such a subtree by itself.
        let hashes = levels[min(max(level, 0), levels.count - 1)]
        let range = range.clamped(to: 0..<(hashes.count / 32))
        return hashes[(range.lowerBound * 32)..<(range.upperBound * 32)]
    }

    /// The siblings on the way from one of the subtrees of 2^level leaves to the root, lowest first,
    /// 32 bytes each: from level 0 on, PATH of RFC 6962 section 2.1.1.
    public func path(level: Int, _ index: Int) -> [UInt8] {
        var path: [UInt8] = []
        var index = index
        for hashes in levels.dropFirst(level) {
            let sibling = (index ^ 1) * 32
            if sibling < hashes.count { path += hashes[sibling..<(sibling + 32)] }
            index >>= 1
        }
        return path
    }

    /// The place of the row of a label, nil where there is none.
    public func presence(of label: Label) -> LeafProof? {
        let index = lowerBound(label)
        guard leaves.label(at: index).elementsEqual(label.bytes) else { return nil }
        return proof(index)
    }

    /// The two neighbours between which a label is not; nil where it is there.
    public func absence(of label: Label) -> AbsenceProof? {
        let index = lowerBound(label)
        guard index > 0, !leaves.label(at: index).elementsEqual(label.bytes) else { return nil }
        return AbsenceProof(
            left: leaves[index - 1], leftProof: proof(index - 1), right: leaves[index],
            rightPath: proof(index).path)
    }

    /// The first index whose label is not below this one; the last sentinel at the latest.
    private func lowerBound(_ label: Label) -> Int {
        label.lowerBound(among: leaves.count - 1, leaves.label(at:))
    }

    private func proof(_ index: Int) -> LeafProof {
        LeafProof(index: UInt64(index), path: Digest.list(path(level: 0, index)))
    }
}

extension Digest {
    /// Digests that stand one after the other, 32 bytes each.
    public static func list(_ bytes: [UInt8]) -> [Digest] {
        bytes.withUnsafeBytes { list($0) }
    }

    /// The same of lent bytes.
    public static func list(_ bytes: UnsafeRawBufferPointer) -> [Digest] {
        var digests: [Digest] = []
        digests.reserveCapacity(bytes.count / size)
        for start in stride(from: 0, to: bytes.count - size + 1, by: size) {
            let part = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + size)])
            if let digest = Digest(lent: part) { digests.append(digest) }
        }
        return digests
    }
}

/// The root of a cell's tree and its size: all that is needed to check presence and absence.
public struct HourRoot: Hashable, Sendable {
    /// Leaves, both sentinels included.
    public let size: UInt64
    /// The RFC 6962 root.
    public let root: Digest

    /// A root as an opening states it.
    public init(size: UInt64, root: Digest) {
        self.size = size
        self.root = root
    }

    /// The root over the leaves of batches, in any order, between the two sentinels. A row may be in two
    /// batches. Throws `hour-repeats` where one label stands for two different rows, or is a
    /// sentinel's.
    init(over batches: [BatchLeaves]) throws(RowsError) {
        let count = batches.reduce(0) { $0 + $1.count }
        var order: [(high: UInt64, low: UInt64, place: Int)] = []
        var hashes: [UInt8] = []
        order.reserveCapacity(count)
        hashes.reserveCapacity(count * Digest.size)
        for batch in batches {
            batch.leaves.bytes.withUnsafeBytes { leaves in
                for start in stride(from: 0, to: leaves.count, by: LeafList.leafSize) {
                    let label = leaves.label(at: start)
                    order.append((label.0, label.1, order.count))
                }
            }
            hashes += batch.hashes
        }
        order.sort { ($0.high, $0.low) < ($1.high, $1.low) }
        func hash(_ place: Int) -> ArraySlice<UInt8> {
            hashes[(place * Digest.size)..<((place + 1) * Digest.size)]
        }
        var level = RowLeaf.first.hash.bytes
        level.reserveCapacity((count + 2) * Digest.size)
        // The sentinels' labels are all zeros and all ones.
        var last = (high: UInt64.min, low: UInt64.min, place: -1)
        for next in order {
            if (next.high, next.low) == (last.high, last.low) {
                guard last.place >= 0, hash(next.place) == hash(last.place) else {
                    throw LeafList.repeats
                }
                continue
            }
            level += hash(next.place)
            last = next
        }
        guard (last.high, last.low) != (.max, .max) else { throw LeafList.repeats }
        level += RowLeaf.last.hash.bytes
        self.init(
            size: UInt64(level.count / Digest.size), root: Merkle.root(ofHashes: level))
    }

    /// Whether the leaf stands where the proof says.
    public func holds(_ leaf: RowLeaf, _ proof: LeafProof) -> Bool {
        do throws(LedgerError) {
            try Merkle.verifyInclusion(
                leafHash: leaf.hash, index: proof.index, size: size, proof: proof.path, root: root)
            return true
        } catch {
            return false
        }
    }

    /// Whether no row has this label: two leaves at neighbouring places, one below and one above.
    /// That all labels ascend is what the site signed; a site that lies can only hurt its own rows.
    public func lacks(_ label: Label, _ proof: AbsenceProof) -> Bool {
        let (next, overflow) = proof.leftProof.index.addingReportingOverflow(1)
        return !overflow && proof.left.name < label && label < proof.right.name
            && holds(proof.left, proof.leftProof)
            && holds(proof.right, LeafProof(index: next, path: proof.rightPath))
    }
}
