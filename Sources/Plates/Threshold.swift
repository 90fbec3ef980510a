// How the custodians share: t of n, and the subsets that hold keys together (DESIGN section 3).

/// A set of custodians as a bit mask: bit i stands for custodian i in roster order.
public struct SubsetMask: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The mask.
    public let bits: UInt16

    /// A subset from its mask.
    public init(bits: UInt16) { self.bits = bits }

    /// The custodians' indices, ascending.
    public var members: [Int] { (0..<16).filter { contains($0) } }
    /// How many custodians are in it.
    public var count: Int { bits.nonzeroBitCount }
    /// The plain number.
    public var description: String { String(bits) }

    /// Whether custodian `index` is in it; false for an index that no mask has.
    public func contains(_ index: Int) -> Bool {
        (0..<16).contains(index) && bits & (1 << UInt16(index)) != 0
    }

    /// By mask.
    public static func < (left: Self, right: Self) -> Bool { left.bits < right.bits }
}

/// A quorum: t of n custodians. Only 2 of 3, 3 of 5 and 4 of 7 exist.
public struct Threshold: Hashable, Sendable, CustomStringConvertible {
    /// All custodians.
    public let n: Int
    /// How many must take part in a search.
    public let t: Int

    /// A quorum. Throws `threshold-unknown` for any but 2 of 3, 3 of 5 and 4 of 7.
    public init(t: Int, of n: Int) throws(PlatesError) {
        guard [(2, 3), (3, 5), (4, 7)].contains(where: { $0.0 == t && $0.1 == n }) else {
            throw PlatesError(
                code: "threshold-unknown",
                sentence: "\(t) of \(n) is no known quorum; choose 2 of 3, 3 of 5 or 4 of 7")
        }
        self.n = n
        self.t = t
    }

    /// Such as `3 of 5`.
    public var description: String { "\(t) of \(n)" }

    /// n − t + 1: the size of a subset, and how many erasures kill a day.
    public var subsetSize: Int { n - t + 1 }

    /// Every subset of n − t + 1 custodians, ascending by mask: 3, 10 or 35 of them.
    public var subsets: [SubsetMask] {
        (UInt16(0)..<(1 << UInt16(n))).map { SubsetMask(bits: $0) }
            .filter { $0.count == subsetSize }
    }

    /// The subsets that custodian `index` is in, ascending by mask; none for an unknown index.
    public func subsets(heldBy index: Int) -> [SubsetMask] {
        subsets.filter { $0.contains(index) }
    }
}
