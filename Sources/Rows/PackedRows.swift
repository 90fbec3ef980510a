import Bytes
public import Plates

/// Rows one after the other, as they go over the wire in a batch and lie in a store:
/// `label(16) ‖ u16(length) ‖ bytes` each. What comes in is of two sizes only, and nothing is copied
/// out of it before somebody asks for a row.
public struct PackedRows: Sendable {
    /// The bytes in which the rows stand.
    public let bytes: [UInt8]
    /// Where the last row ends in them.
    public let end: Int
    private let starts: [Int]

    /// Rows in the order of their labels.
    init(sorting rows: [SealedRow]) {
        let order = rows.indices.map { place in
            rows[place].label.withUnsafeBytes { label in
                let (high, low) = label.label(at: 0)
                return (high, low, place)
            }
        }.sorted { $0 < $1 }
        var writer = ByteWriter(
            capacity: rows.reduce(0) { $0 + 18 + $1.bytes.count })
        var starts: [Int] = []
        starts.reserveCapacity(rows.count)
        for (_, _, place) in order {
            starts.append(writer.bytes.count)
            writer.row(rows[place])
        }
        bytes = writer.bytes
        end = bytes.count
        self.starts = starts
    }

    /// So many rows that stand somewhere in other bytes, which are not copied. Throws `rows-malformed`
    /// for cut bytes, and for a length that no row has.
    public init(in bytes: [UInt8], at start: Int, count: Int) throws(RowsError) {
        var starts: [Int] = []
        starts.reserveCapacity(count)
        var next = start
        while starts.count < count {
            guard next + 18 <= bytes.count else { throw Self.malformed }
            starts.append(next)
            let length = Int(bytes[next + 16]) << 8 | Int(bytes[next + 17])
            guard SealedRow.sizes.contains(length) else { throw Self.malformed }
            next += 18 + length
        }
        guard next <= bytes.count else { throw Self.malformed }
        self.bytes = bytes
        self.starts = starts
        end = next
    }

    /// How many rows.
    public var count: Int { starts.count }

    /// All rows as they are packed.
    public var all: ArraySlice<UInt8> { bytes[(starts.first ?? end)..<end] }

    /// The 16 bytes of a row's label.
    public func label(at place: Int) -> ArraySlice<UInt8> { bytes[labelRange(at: place)] }

    func labelRange(at place: Int) -> Range<Int> { starts[place]..<(starts[place] + 16) }

    /// A row's sealed bytes, without its label.
    public func sealed(at place: Int) -> ArraySlice<UInt8> { bytes[sealedRange(at: place)] }

    func sealedRange(at place: Int) -> Range<Int> { (starts[place] + 18)..<end(of: place) }

    /// A row as it is packed, label and length included.
    public func packed(at place: Int) -> ArraySlice<UInt8> {
        bytes[starts[place]..<end(of: place)]
    }

    /// One row.
    public func row(at place: Int) -> SealedRow {
        SealedRow(checkedLabel: label(at: place), checkedBytes: sealed(at: place))
    }

    /// All rows in their order.
    public var rows: [SealedRow] { starts.indices.map { row(at: $0) } }

    /// Whether every label is above the one before it.
    var isAscending: Bool {
        bytes.withUnsafeBytes { bytes in
            zip(starts, starts.dropFirst()).allSatisfy {
                bytes.label(at: $0) < bytes.label(at: $1)
            }
        }
    }

    private func end(of place: Int) -> Int {
        place + 1 < starts.count ? starts[place + 1] : end
    }

    private static var malformed: RowsError {
        RowsError(code: "rows-malformed", sentence: "these are no well-formed rows")
    }
}
