public import Secrets

/// A growing RFC 6962 tree that keeps the hash of every complete subtree: 64 bytes a leaf, one
/// more hash a leaf to grow, and at most 2·log2(size) hashes for a root or a proof of any size up
/// to its own. Level 8·l holds exactly what tlog-tiles serves as its level l.
public struct MerkleTree: Sendable {
    /// levels[k] holds the hashes of the complete subtrees of 2^k leaves, 32 bytes each.
    private var levels: [[UInt8]] = [[]]

    /// The tree without leaves.
    public init() {}

    /// The tree of these leaf hashes.
    public init(_ leafHashes: [Digest]) {
        for hash in leafHashes { append(hash) }
    }

    /// How many leaves.
    public var size: UInt64 { UInt64(levels[0].count / 32) }

    /// The root over all leaves.
    public var root: Digest {
        size == 0 ? Merkle.emptyRoot : hash(0..<size)
    }

    /// Adds a leaf by its hash.
    public mutating func append(_ leafHash: Digest) {
        var hash = leafHash
        var level = 0
        while true {
            if level == levels.count { levels.append([]) }
            levels[level] += hash.bytes
            let count = levels[level].count / 32
            guard count.isMultiple(of: 2) else { return }
            hash = Merkle.nodeHash(node(level, UInt64(count - 2)), hash)
            level += 1
        }
    }

    /// Forgets the leaves from `size` on; nothing where there are fewer.
    public mutating func truncate(to size: UInt64) {
        guard size < self.size else { return }
        for level in levels.indices {
            levels[level].removeLast(levels[level].count - Int(size >> UInt64(level)) * 32)
        }
    }

    /// The hash of one leaf. Throws `proof-range`.
    public func leafHash(_ index: UInt64) throws(LedgerError) -> Digest {
        guard index < size else { throw Merkle.outOfRange }
        return node(0, index)
    }

    /// The root that the tree had at an earlier size. Throws `proof-range` above its own.
    public func root(at size: UInt64) throws(LedgerError) -> Digest {
        guard size <= self.size else { throw Merkle.outOfRange }
        return size == 0 ? Merkle.emptyRoot : hash(0..<size)
    }

    /// PATH(index, D[0:size]) of RFC 6962 section 2.1.1. Throws `proof-range`.
    public func inclusionProof(_ index: UInt64, size: UInt64) throws(LedgerError) -> [Digest] {
        guard index < size, size <= self.size else { throw Merkle.outOfRange }
        var proof: [Digest] = []
        var range = 0..<size
        while range.count > 1 {
            let (left, right) = Self.halves(range)
            proof.append(hash(left.contains(index) ? right : left))
            range = left.contains(index) ? left : right
        }
        return proof.reversed()
    }

    /// PROOF(oldSize, D[0:size]) of RFC 6962 section 2.1.2; empty where both sizes are equal. Throws
    /// `proof-range`, also from 0 to more, which needs no proof and could not be one.
    public func consistencyProof(
        from oldSize: UInt64, to size: UInt64
    ) throws(LedgerError) -> [Digest] {
        guard oldSize <= size, size <= self.size, oldSize > 0 || size == 0 else {
            throw Merkle.outOfRange
        }
        var proof: [Digest] = []
        var range = 0..<size
        while range.upperBound != oldSize {
            let (left, right) = Self.halves(range)
            proof.append(hash(oldSize <= left.upperBound ? right : left))
            range = oldSize <= left.upperBound ? left : right
        }
        // The old root itself is left out: whoever checks has it.
        if range.lowerBound > 0 { proof.append(hash(range)) }
        return proof.reversed()
    }

    /// A range split as RFC 6962 splits it, at the largest power of two below its count.
    private static func halves(_ range: Range<UInt64>) -> (Range<UInt64>, Range<UInt64>) {
        let count = range.upperBound - range.lowerBound
        let middle = range.lowerBound + (1 << (63 - UInt64((count - 1).leadingZeroBitCount)))
        return (range.lowerBound..<middle, middle..<range.upperBound)
    }

    /// The hash over a range that starts at a multiple of the power of two not below its count.
    private func hash(_ range: Range<UInt64>) -> Digest {
        let count = range.upperBound - range.lowerBound
        guard count.nonzeroBitCount != 1 else {
            let level = count.trailingZeroBitCount
            return node(level, range.lowerBound >> UInt64(level))
        }
        let (left, right) = Self.halves(range)
        return Merkle.nodeHash(hash(left), hash(right))
    }

    private func node(_ level: Int, _ index: UInt64) -> Digest {
        let start = Int(index) * 32
        return Digest(wire: Array(levels[level][start..<(start + 32)])) ?? .zero
    }
}
