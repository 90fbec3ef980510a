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

    /// The leaves of rows, in their order.
    init(of rows: PackedRows) {
        bytes = rows.bytes.withUnsafeBytes { source in
            [UInt8](unsafeUninitializedCapacity: rows.count * Self.leafSize) { target, count in
                let target = UnsafeMutableRawBufferPointer(target)
                for place in 0..<rows.count {
                    let start = place * Self.leafSize
                    UnsafeMutableRawBufferPointer(rebasing: target[start..<(start + 16)])
                        .copyMemory(
                            from: UnsafeRawBufferPointer(
                                rebasing: source[rows.labelRange(at: place)]))
                    let sealed = UnsafeRawBufferPointer(
                        rebasing: source[rows.sealedRange(at: place)])
                    Digest(of: sealed).withUnsafeBytes {
                        UnsafeMutableRawBufferPointer(
                            rebasing: target[(start + 16)..<(start + Self.leafSize)]
                        ).copyMemory(from: $0)
                    }
                }
                count = rows.count * Self.leafSize
            }
        }
    }

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
            [UInt8](unsafeUninitializedCapacity: self.count * Digest.size) { hashes, count in
                let hashes = UnsafeMutableRawBufferPointer(hashes)
                for start in stride(from: 0, to: bytes.count, by: Self.leafSize) {
                    let leaf = UnsafeRawBufferPointer(
                        rebasing: bytes[start..<(start + Self.leafSize)])
                    Digest(of: 0, leaf).withUnsafeBytes {
                        UnsafeMutableRawBufferPointer(
                            rebasing: hashes[count..<(count + Digest.size)]
                        ).copyMemory(from: $0)
                    }
                    count += Digest.size
                }
            }
        }
    }

    /// The leaves between the two sentinels, labels strictly ascending. Throws `hour-repeats` where two
    /// leaves have one label, or one has the label of a sentinel.
    func enclosed() throws(RowsError) -> LeafList {
        var order = bytes.withUnsafeBytes { bytes in
            (0..<count).map { place in
                let label = bytes.label(at: place * Self.leafSize)
                return (label.0, label.1, place)
            }
        }
        // Whoever sorted them before has done the work.
        if !zip(order, order.dropFirst()).allSatisfy({ $0 <= $1 }) { order.sort { $0 < $1 } }
        var result = LeafList(capacity: count + 2)
        result.append(.first)
        for (_, _, place) in order { result.bytes += slice(place) }
        result.append(.last)
        guard result.isAscending else { throw Self.repeats }
        return result
    }

    /// Whether every label is above the one before it.
    var isAscending: Bool {
        bytes.withUnsafeBytes { bytes in
            var last: (UInt64, UInt64)?
            for start in stride(from: 0, to: bytes.count, by: Self.leafSize) {
                let label = bytes.label(at: start)
                if let last, label <= last { return false }
                last = label
            }
            return true
        }
    }

    private func slice(_ place: Int) -> ArraySlice<UInt8> {
        bytes[(place * Self.leafSize)..<((place + 1) * Self.leafSize)]
    }

    static var repeats: RowsError {
        RowsError(code: "hour-repeats", sentence: "two rows of the cell have one label")
    }
}

extension UnsafeRawBufferPointer {
    /// The label that begins at a place, as two numbers in the order of labels.
    func label(at start: Int) -> (UInt64, UInt64) {
        (
            UInt64(bigEndian: loadUnaligned(fromByteOffset: start, as: UInt64.self)),
            UInt64(bigEndian: loadUnaligned(fromByteOffset: start + 8, as: UInt64.self))
        )
    }
}
