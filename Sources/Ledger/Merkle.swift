public import Secrets

/// The Merkle tree hash of RFC 6962 section 2.1 and the checking of its proofs (RFC 9162 sections
/// 2.1.3.2 and 2.1.4.2). Pure functions; `MerkleTree` keeps a growing tree.
public enum Merkle {
    /// The root of the tree without leaves: SHA-256 of nothing.
    public static let emptyRoot = Digest(of: [])

    /// SHA-256(0x00 ‖ entry).
    public static func leafHash(_ entry: [UInt8]) -> Digest { Digest(of: 0, entry[...]) }

    /// SHA-256(0x01 ‖ left ‖ right).
    public static func nodeHash(_ left: Digest, _ right: Digest) -> Digest {
        Digest(of: 1, left, right)
    }

    /// One level up in a tree, 32 bytes a hash: pairs are hashed, and a last one without a partner stands
    /// as it is until it finds one. From the leaf hashes on, level by level, that gives the root.
    public static func parents(of hashes: [UInt8]) -> [UInt8] {
        let pairs = hashes.count / 64
        let rest = hashes.count - pairs * 64
        return hashes.withUnsafeBytes { hashes in
            [UInt8](unsafeUninitializedCapacity: pairs * 32 + rest) { parents, count in
                let parents = UnsafeMutableRawBufferPointer(parents)
                for pair in 0..<pairs {
                    let both = UnsafeRawBufferPointer(
                        rebasing: hashes[(pair * 64)..<(pair * 64 + 64)])
                    Digest(of: 1, both).withUnsafeBytes {
                        UnsafeMutableRawBufferPointer(
                            rebasing: parents[(pair * 32)..<(pair * 32 + 32)]
                        ).copyMemory(from: $0)
                    }
                }
                let last = UnsafeRawBufferPointer(rebasing: hashes[(pairs * 64)...])
                UnsafeMutableRawBufferPointer(rebasing: parents[(pairs * 32)...])
                    .copyMemory(from: last)
                count = pairs * 32 + rest
            }
        }
    }

    /// The root over leaf hashes that stand one after the other, 32 bytes each.
    public static func root(ofHashes hashes: [UInt8]) -> Digest {
        var level = hashes
        while level.count >= 64 { level = parents(of: level) }
        return Digest(wire: level) ?? emptyRoot
    }

    /// The root over leaf hashes.
    public static func root(of leafHashes: [Digest]) -> Digest {
        root(ofHashes: leafHashes.flatMap(\.bytes))
    }

    /// The proof that the leaf at `index` is in the tree of these leaf hashes, lowest sibling
    /// first. Throws `proof-range` unless the leaf exists.
    public static func inclusionProof(
        _ index: Int, in leafHashes: [Digest]
    ) throws(LedgerError) -> [Digest] {
        guard let index = UInt64(exactly: index) else { throw outOfRange }
        return try MerkleTree(leafHashes).inclusionProof(index, size: UInt64(leafHashes.count))
    }

    /// The proof that the first `size` leaves are the beginning of all; empty for all of them.
    /// Throws `proof-range` for 0, unless there are none, and for a size above their number.
    public static func consistencyProof(
        from size: Int, in leafHashes: [Digest]
    ) throws(LedgerError) -> [Digest] {
        guard let size = UInt64(exactly: size) else { throw outOfRange }
        return try MerkleTree(leafHashes)
            .consistencyProof(from: size, to: UInt64(leafHashes.count))
    }

    /// Checks that a leaf is entry `index` of the tree with this size and root. Throws
    /// `proof-range` for an index beyond the size, `proof-length`, `proof-wrong`.
    public static func verifyInclusion(
        leafHash: Digest, index: UInt64, size: UInt64, proof: [Digest], root: Digest
    ) throws(LedgerError) {
        guard index < size else { throw outOfRange }
        var node = index
        var last = size - 1
        var hash = leafHash
        for sibling in proof {
            guard last > 0 else { throw wrongLength }
            if node & 1 == 1 || node == last {
                hash = nodeHash(sibling, hash)
                // A last node without a sibling moves up until it has one on its left.
                while node & 1 == 0 && node != 0 { (node, last) = (node >> 1, last >> 1) }
            } else {
                hash = nodeHash(hash, sibling)
            }
            (node, last) = (node >> 1, last >> 1)
        }
        guard last == 0 else { throw wrongLength }
        guard hash == root else { throw wrong }
    }

    /// Checks that the tree of `size` and `root` extends the one of `oldSize` and `oldRoot`. From
    /// an empty tree there is nothing to prove but another empty one: `proof-range`, lest anybody
    /// takes it for a proof. Throws as `verifyInclusion`.
    public static func verifyConsistency(
        oldSize: UInt64, oldRoot: Digest, size: UInt64, root: Digest, proof: [Digest]
    ) throws(LedgerError) {
        guard oldSize <= size, oldSize > 0 || size == 0 else { throw outOfRange }
        if oldSize == size {
            guard proof.isEmpty else { throw wrongLength }
            guard oldRoot == root, size > 0 || root == emptyRoot else { throw wrong }
            return
        }
        // Where the old tree is one complete subtree of the new, its root opens the proof unsaid.
        var path = proof[...]
        guard let start = oldSize.nonzeroBitCount == 1 ? oldRoot : path.popFirst() else {
            throw wrongLength
        }
        var (node, last) = (oldSize - 1, size - 1)
        while node & 1 == 1 { (node, last) = (node >> 1, last >> 1) }
        var (oldHash, hash) = (start, start)
        for sibling in path {
            guard last > 0 else { throw wrongLength }
            if node & 1 == 1 || node == last {
                oldHash = nodeHash(sibling, oldHash)
                hash = nodeHash(sibling, hash)
                while node & 1 == 0 && node != 0 { (node, last) = (node >> 1, last >> 1) }
            } else {
                hash = nodeHash(hash, sibling)
            }
            (node, last) = (node >> 1, last >> 1)
        }
        guard last == 0 else { throw wrongLength }
        guard oldHash == oldRoot, hash == root else { throw wrong }
    }

    /// Checks that the hash is that of a subtree of the tree with this size and root
    /// (draft-ietf-plants-merkle-tree-certs section 4.4, the definition read backwards). Throws
    /// `proof-range` unless the range is a subtree within the tree, `proof-length`, `proof-wrong`.
    public static func verifySubtree(
        _ subtree: Range<UInt64>, hash: Digest, size: UInt64, root: Digest, proof: [Digest]
    ) throws(LedgerError) {
        guard MerkleRanges.isSubtree(subtree), subtree.upperBound <= size else { throw outOfRange }
        // The last hash of a proof stands beside the root, so it is taken from the end, and what
        // is put together on the way back up stands in the order of `turns` reversed.
        var path = proof[...]
        var turns: [(isLeft: Bool, beside: Digest, isWithin: Bool)] = []
        var range = 0..<size
        while !MerkleRanges.isReached(subtree, range) {
            guard let beside = path.popLast() else { throw wrongLength }
            let (left, right) = MerkleRanges.halves(range)
            let isLeft = subtree.upperBound <= left.upperBound
            turns.append((isLeft, beside, !isLeft && subtree.lowerBound < right.lowerBound))
            range = isLeft ? left : right
        }
        // Where the subtree is no node of the tree, its last part is, and opens the proof.
        guard let start = range == subtree ? hash : path.popLast(), path.isEmpty else {
            throw wrongLength
        }
        var (part, whole) = (start, start)
        for turn in turns.reversed() {
            whole = turn.isLeft ? nodeHash(whole, turn.beside) : nodeHash(turn.beside, whole)
            if turn.isWithin { part = nodeHash(turn.beside, part) }
        }
        guard part == hash, whole == root else { throw wrong }
    }

    static var outOfRange: LedgerError {
        LedgerError(code: "proof-range", sentence: "there is no such leaf or size in the tree")
    }

    private static var wrongLength: LedgerError {
        LedgerError(code: "proof-length", sentence: "the proof is too short or too long")
    }

    private static var wrong: LedgerError {
        LedgerError(code: "proof-wrong", sentence: "the proof does not give the root")
    }
}
