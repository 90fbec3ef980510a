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
        return MerkleRanges.inclusion(index, size: size).map(hash)
    }

    /// PROOF(oldSize, D[0:size]) of RFC 6962 section 2.1.2; empty where both sizes are equal. Throws
    /// `proof-range`, also from 0 to more, which needs no proof and could not be one.
    public func consistencyProof(
        from oldSize: UInt64, to size: UInt64
    ) throws(LedgerError) -> [Digest] {
        guard oldSize <= size, size <= self.size, oldSize > 0 || size == 0 else {
            throw Merkle.outOfRange
        }
        guard size > 0 else { return [] }
        return MerkleRanges.consistency(of: 0..<oldSize, size: size).map(hash)
    }

    /// The proof that a subtree is one of the tree of `size` leaves
    /// (draft-ietf-plants-merkle-tree-certs section 4.4). Throws `proof-range` unless the range is
    /// a subtree: not empty, beginning at a multiple of the power of two not below its count.
    public func subtreeProof(
        of subtree: Range<UInt64>, size: UInt64
    ) throws(LedgerError) -> [Digest] {
        guard MerkleRanges.isSubtree(subtree), subtree.upperBound <= size, size <= self.size else {
            throw Merkle.outOfRange
        }
        return MerkleRanges.consistency(of: subtree, size: size).map(hash)
    }

    /// The root of a subtree. Throws `proof-range` as `subtreeProof`.
    public func subtreeHash(_ subtree: Range<UInt64>) throws(LedgerError) -> Digest {
        guard MerkleRanges.isSubtree(subtree), subtree.upperBound <= size else {
            throw Merkle.outOfRange
        }
        return hash(subtree)
    }

    /// The hashes of complete subtrees of 2^level leaves, one after the other: a tile's bytes.
    func hashes(level: Int, _ range: Range<UInt64>) throws(LedgerError) -> [UInt8] {
        guard range.isEmpty || level < levels.count,
            range.isEmpty || range.upperBound <= UInt64(levels[level].count / 32)
        else { throw Merkle.outOfRange }
        return range.isEmpty
            ? [] : Array(levels[level][Int(range.lowerBound) * 32..<Int(range.upperBound) * 32])
    }

    private func hash(_ range: Range<UInt64>) -> Digest {
        MerkleRanges.hash(range) { node($0.level, $0.index) }
    }

    private func node(_ level: Int, _ index: UInt64) -> Digest {
        let start = Int(index) * 32
        return Digest(wire: Array(levels[level][start..<(start + 32)])) ?? .zero
    }
}
