import Secrets

/// Which ranges of leaves a proof takes the hashes of, and how a range's hash is put together from
/// complete subtrees: RFC 6962 section 2.1 once, for a tree in memory and for one in tiles.
enum MerkleRanges {
    /// A complete subtree: the `index`-th of those with 2^level leaves.
    struct Node: Hashable {
        let level: Int
        let index: UInt64

        /// The first leaf, and the one after the last.
        var leaves: Range<UInt64> {
            (index << UInt64(level))..<((index + 1) << UInt64(level))
        }
    }

    /// PATH(index, D[0:size]), lowest first.
    static func inclusion(_ index: UInt64, size: UInt64) -> [Range<UInt64>] {
        var ranges: [Range<UInt64>] = []
        var range = 0..<size
        while range.count > 1 {
            let (left, right) = halves(range)
            ranges.append(left.contains(index) ? right : left)
            range = left.contains(index) ? left : right
        }
        return ranges.reversed()
    }

    /// SUBTREE_PROOF(start, end, D[0:size]) of draft-ietf-plants-merkle-tree-certs section 4.4,
    /// lowest first; from 0 on, it is PROOF(end, D[0:size]) of RFC 6962 section 2.1.2. The subtree
    /// must be one (`isSubtree`) and not be empty.
    static func consistency(of subtree: Range<UInt64>, size: UInt64) -> [Range<UInt64>] {
        var ranges: [Range<UInt64>] = []
        var range = 0..<size
        while !isReached(subtree, range) {
            let (left, right) = halves(range)
            let isLeft = subtree.upperBound <= left.upperBound
            ranges.append(isLeft ? right : left)
            range = isLeft ? left : right
        }
        // Where the subtree is no node of the tree, nobody was given its last part.
        if range != subtree { ranges.append(range) }
        return ranges.reversed()
    }

    /// Whether the way down from the root to a subtree ends at this range: at the subtree itself,
    /// or at its last part, where the parts before it hang elsewhere in the tree.
    static func isReached(_ subtree: Range<UInt64>, _ range: Range<UInt64>) -> Bool {
        range.upperBound == subtree.upperBound && range.lowerBound >= subtree.lowerBound
    }

    /// Whether a range is a subtree of section 4.1: not empty, and its start is a multiple of the
    /// smallest power of two that is not below its count.
    static func isSubtree(_ range: Range<UInt64>) -> Bool {
        guard !range.isEmpty else { return false }
        let last = range.upperBound - range.lowerBound - 1
        let bits = UInt64(64 - last.leadingZeroBitCount)
        return bits > 63 ? range.lowerBound == 0 : range.lowerBound & (1 << bits - 1) == 0
    }

    /// A range split as RFC 6962 splits it, at the largest power of two below its count.
    static func halves(_ range: Range<UInt64>) -> (Range<UInt64>, Range<UInt64>) {
        let count = range.upperBound - range.lowerBound
        let middle = range.lowerBound + (1 << (63 - UInt64((count - 1).leadingZeroBitCount)))
        return (range.lowerBound..<middle, middle..<range.upperBound)
    }

    /// The hash over a range that starts at a multiple of the power of two not below its count.
    static func hash<Failure>(
        _ range: Range<UInt64>, _ node: (Node) throws(Failure) -> Digest
    ) throws(Failure) -> Digest {
        let count = range.upperBound - range.lowerBound
        guard count.nonzeroBitCount != 1 else {
            let level = count.trailingZeroBitCount
            return try node(Node(level: level, index: range.lowerBound >> UInt64(level)))
        }
        let (left, right) = halves(range)
        return Merkle.nodeHash(try hash(left, node), try hash(right, node))
    }
}
