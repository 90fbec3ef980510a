public import Secrets

/// The root of a growing RFC 6962 tree from leaf hashes alone, in one hash for each bit of its size:
/// what a reader needs who passes by all entries and keeps none.
public struct MerkleFrontier: Sendable {
    /// How many leaves.
    public private(set) var size: UInt64 = 0
    /// The complete subtrees from the largest on, one for each bit that is set in `size`.
    private var peaks: [Digest] = []

    /// The tree without leaves.
    public init() {}

    /// Adds a leaf by its hash.
    public mutating func append(_ leafHash: Digest) { append(leafHash, level: 0) }

    /// Adds a complete subtree of 2^level leaves; the size must be a multiple of that.
    mutating func append(_ hash: Digest, level: Int) {
        var hash = hash
        var bit: UInt64 = 1 << UInt64(level)
        while size & bit != 0, let left = peaks.popLast() {
            hash = Merkle.nodeHash(left, hash)
            (size, bit) = (size ^ bit, bit << 1)
        }
        size |= bit
        peaks.append(hash)
    }

    /// The root over all leaves.
    public var root: Digest {
        guard var hash = peaks.last else { return Merkle.emptyRoot }
        for left in peaks.dropLast().reversed() { hash = Merkle.nodeHash(left, hash) }
        return hash
    }
}
