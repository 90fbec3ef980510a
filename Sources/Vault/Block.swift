import Bytes
import Ledger
import Plates
import Rows
import Secrets

/// Up to 32 neighbouring leaves of a closed tree, as they lie in the store, with every hash that a
/// proof of one of them needs: whatever a look-up says of a label stands in one or two blocks
/// (Docs/Spec/Store.md).
///
/// Form: `u32(number) ‖ u8(rows) ‖ u8(1 where the last sentinel is in it) ‖ rows as in a batch ‖ the
/// hashes of its groups of 4 leaves ‖ the siblings from the block to the root`, 32 bytes a hash. Block
/// `n` has the leaves from 32·n on; the first sentinel is in block 0.
struct Block {
    /// 2^5 leaves.
    static let level = 5
    static let leaves = 1 << level
    /// The bytes that a block can have: a path has at most 59 hashes.
    static let sizes = 6...(6 + leaves * (18 + SealedRow.sizes[1]) + (leaves / 4 + 64) * 32)
    /// 2^2 leaves stand under one of the hashes in the block, and are hashed when one is asked for.
    private static let groupLevel = 2

    /// Where the block stands among those of its tree.
    let number: Int
    /// Its rows, in label order.
    let rows: PackedRows
    private let hasLast: Bool
    private let groups: [UInt8]
    private let path: [UInt8]

    /// A block as it was written. Throws `store-failed`.
    init(wire bytes: [UInt8]) throws(StoreError) {
        guard bytes.count >= 6 else { throw Self.damaged }
        number = bytes[..<4].reduce(0) { $0 << 8 | Int($1) }
        hasLast = bytes[5] == 1
        do throws(RowsError) {
            rows = try PackedRows(in: bytes, at: 6, count: Int(bytes[4]))
        } catch {
            throw Self.damaged
        }
        let leaves = rows.count + (number == 0 ? 1 : 0) + (hasLast ? 1 : 0)
        let path = rows.end + (leaves + 3) / 4 * 32
        guard leaves > 0, path <= bytes.count, (bytes.count - path).isMultiple(of: 32) else {
            throw Self.damaged
        }
        groups = Array(bytes[rows.end..<path])
        self.path = Array(bytes[path...])
    }

    /// The blocks of a tree whose rows are these, each with the label of its first leaf.
    static func encode(
        _ number: Int, of tree: HourTree, _ packed: (Int) -> ArraySlice<UInt8>
    ) -> (label: [UInt8], bytes: [UInt8]) {
        let all = (number * leaves)..<min((number + 1) * leaves, Int(tree.size))
        // The leaf at index i is that of row i − 1.
        let rows = max(all.lowerBound - 1, 0)..<min(all.upperBound - 1, Int(tree.size) - 2)
        var writer = ByteWriter(capacity: 11_000)
        writer.u32(UInt32(number))
        writer.u8(UInt8(rows.count))
        writer.u8(all.upperBound == Int(tree.size) ? 1 : 0)
        for row in rows { writer.raw(packed(row)) }
        let first = all.lowerBound >> groupLevel
        writer.raw(tree.hashes(level: groupLevel, first..<(first + leaves >> groupLevel)))
        writer.raw(tree.path(level: level, number))
        return (Array(tree[all.lowerBound].label), writer.bytes)
    }

    /// How many blocks a tree has.
    static func count(_ tree: HourTree) -> Int { (Int(tree.size) + leaves - 1) / leaves }

    /// How many leaves, sentinels included.
    var count: Int { rows.count + (number == 0 ? 1 : 0) + (hasLast ? 1 : 0) }

    /// The place in the block of the first leaf whose label is not below this one; `count` where it
    /// stands in a later block.
    func lowerBound(_ label: Label) -> Int {
        label.lowerBound(among: rows.count, rows.label(at:)) + (number == 0 ? 1 : 0)
    }

    /// The row at a place; nil for a sentinel.
    func row(at place: Int) -> SealedRow? { rowPlace(place).map { rows.row(at: $0) } }

    /// Whether the leaf at a place is that of a row of this label.
    func holds(_ label: Label, at place: Int) -> Bool {
        rowPlace(place).map { rows.label(at: $0).elementsEqual(label.bytes) } ?? false
    }

    /// The leaf at a place, which the block has, and its proof.
    func proven(_ place: Int) -> (leaf: RowLeaf, proof: LeafProof) {
        proven(place, in: leaves(of: place / Self.inGroup))
    }

    /// The same of two neighbours, of which the block has both.
    func proven(
        _ left: Int, and right: Int
    ) -> (left: (leaf: RowLeaf, proof: LeafProof), right: (leaf: RowLeaf, proof: LeafProof)) {
        let group = leaves(of: left / Self.inGroup)
        let isSame = left / Self.inGroup == right / Self.inGroup
        return (proven(left, in: group), isSame ? proven(right, in: group) : proven(right))
    }

    private func proven(
        _ place: Int, in group: (leaves: LeafList, hashes: [UInt8])
    ) -> (leaf: RowLeaf, proof: LeafProof) {
        var path: [UInt8] = []
        path.reserveCapacity(self.path.count + Self.level * 32)
        Self.climb(place % Self.inGroup, in: group.hashes, &path)
        Self.climb(place / Self.inGroup, in: groups, &path)
        path += self.path
        let proof = LeafProof(
            index: UInt64(number * Self.leaves + place), path: Digest.list(path))
        return (group.leaves[place % Self.inGroup], proof)
    }

    private static let inGroup = 1 << groupLevel

    /// The leaves of a group, and their hashes.
    private func leaves(of group: Int) -> (leaves: LeafList, hashes: [UInt8]) {
        var leaves = LeafList(capacity: Self.inGroup)
        for place in (group * Self.inGroup)..<min((group + 1) * Self.inGroup, count) {
            append(place, to: &leaves)
        }
        return (leaves, leaves.hashes)
    }

    private func append(_ place: Int, to leaves: inout LeafList) {
        if let row = rowPlace(place) {
            leaves.append(rows, at: row)
        } else {
            leaves.append(place == 0 && number == 0 ? RowLeaf.first : .last)
        }
    }

    private func rowPlace(_ place: Int) -> Int? {
        let row = number == 0 ? place - 1 : place
        return (0..<rows.count).contains(row) ? row : nil
    }

    /// Adds the siblings on the way from one hash of a level to the one above them all.
    private static func climb(_ index: Int, in level: [UInt8], _ path: inout [UInt8]) {
        var (index, level) = (index, level)
        while level.count > 32 {
            let sibling = (index ^ 1) * 32
            if sibling < level.count { path += level[sibling..<(sibling + 32)] }
            // Above two there is the one that nobody asks for.
            guard level.count > 64 else { return }
            (index, level) = (index >> 1, Merkle.parents(of: level))
        }
    }

    private static var damaged: StoreError {
        StoreError(code: "store-failed", sentence: "a block of rows in the store is damaged")
    }
}
