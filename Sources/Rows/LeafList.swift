import Ledger
public import Plates
import Secrets

/// Leaves of a cell's tree side by side, 48 bytes each: what a tree is made from where rows are many.
public struct LeafList: Hashable, Sendable {
    static let leafSize = 48

    /// 48 bytes a leaf.
    public private(set) var bytes: [UInt8] = []

    /// No leaves, with room for some.
    public init(capacity: Int = 0) { bytes.reserveCapacity(capacity * Self.leafSize) }

    /// Leaves as they came over the wire, of 48 bytes each.
    init(wire bytes: [UInt8]) { self.bytes = bytes }

    /// How many.
    public var count: Int { bytes.count / Self.leafSize }

    /// Adds the leaf of a row.
    public mutating func append(_ row: SealedRow) {
        row.label.withUnsafeBytes { bytes.append(contentsOf: $0) }
        Digest(of: row.bytes).withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    /// Adds the leaves of rows.
    public mutating func append(_ rows: some Sequence<SealedRow>) {
        for row in rows { append(row) }
    }

    /// Adds the leaf of one of many rows.
    public mutating func append(_ rows: PackedRows, at place: Int) {
        bytes += rows.label(at: place)
        rows.sealed(at: place).withUnsafeBytes { Digest(of: $0) }
            .withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    /// Adds all of another list.
    mutating func append(_ list: LeafList) { bytes += list.bytes }

    /// Adds a leaf.
    public mutating func append(_ leaf: RowLeaf) { bytes += leaf.bytes }

    /// One leaf.
    public subscript(place: Int) -> RowLeaf { RowLeaf(slice(place)) }

    /// The 16 bytes of a leaf's label.
    public func label(at place: Int) -> ArraySlice<UInt8> {
        bytes[(place * Self.leafSize)..<(place * Self.leafSize + 16)]
    }

    /// The RFC 6962 hashes of the leaves, 32 bytes each.
    public var hashes: [UInt8] {
        bytes.withUnsafeBytes { bytes in
            var hashes: [UInt8] = []
            hashes.reserveCapacity(count * Digest.size)
            for start in stride(from: 0, to: bytes.count, by: Self.leafSize) {
                let leaf = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + Self.leafSize)])
                Digest(of: 0, leaf).withUnsafeBytes { hashes.append(contentsOf: $0) }
            }
            return hashes
        }
    }

    /// The leaves between the two sentinels, labels strictly ascending; leaves that are equal are one
    /// where they may be. Throws `hour-repeats` where two leaves have one label, or one has the label
    /// of a sentinel.
    func enclosed(mergingEqual: Bool) throws(RowsError) -> LeafList {
        var order = (0..<count).map { place in (word(place, 0), word(place, 8), place) }
        // Whoever sorted them before has done the work.
        if !zip(order, order.dropFirst()).allSatisfy({ $0 <= $1 }) { order.sort { $0 < $1 } }
        var result = LeafList(capacity: count + 2)
        result.append(.first)
        for (_, _, place) in order {
            let leaf = slice(place)
            if result.slice(result.count - 1).prefix(16) == leaf.prefix(16) {
                guard mergingEqual, result.slice(result.count - 1) == leaf, result.count > 1 else {
                    throw Self.repeats
                }
                continue
            }
            result.bytes += leaf
        }
        guard result.slice(result.count - 1).prefix(16) != RowLeaf.last.label else {
            throw Self.repeats
        }
        result.append(.last)
        return result
    }

    /// Whether every label is above the one before it.
    var isAscending: Bool {
        (0..<max(0, count - 1)).allSatisfy {
            (word($0, 0), word($0, 8)) < (word($0 + 1, 0), word($0 + 1, 8))
        }
    }

    private func slice(_ place: Int) -> ArraySlice<UInt8> {
        bytes[(place * Self.leafSize)..<((place + 1) * Self.leafSize)]
    }

    /// Eight bytes of a label, in the order of numbers.
    private func word(_ place: Int, _ offset: Int) -> UInt64 {
        bytes.withUnsafeBytes {
            UInt64(
                bigEndian: $0.loadUnaligned(
                    fromByteOffset: place * Self.leafSize + offset, as: UInt64.self))
        }
    }

    static var repeats: RowsError {
        RowsError(code: "hour-repeats", sentence: "two rows of the cell have one label")
    }
}
