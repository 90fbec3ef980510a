// Where and how a read is filed: the site, the cell, the run, the label.

public import Bytes

/// Why a value of this target was refused: never holds a plate.
public struct PlatesError: CodedError {
    /// A stable word for machines, such as `label-size` or `threshold-unknown`.
    public let code: String
    /// One sentence for people.
    public let sentence: String

    /// A refusal with its machine code and its sentence.
    public init(code: String, sentence: String) {
        self.code = code
        self.sentence = sentence
    }
}

/// The number of a site in the roster; never given to another site.
public struct SiteNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// 0 to 65,535.
    public let number: UInt16

    /// A site from its number.
    public init(number: UInt16) { self.number = number }

    /// The plain number.
    public var description: String { String(number) }
    /// By number.
    public static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

/// One hour at one site: the unit of keys, look-ups and closing (DESIGN section 4).
public struct Cell: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The UTC hour at which the plates were seen.
    public let hour: Hour
    /// The site that saw them.
    public let site: SiteNumber

    /// A cell.
    public init(hour: Hour, site: SiteNumber) {
        self.hour = hour
        self.site = site
    }

    /// Such as `2026-11-23T14Z/3`.
    public var description: String { "\(hour)/\(site)" }

    /// Six bytes: `u32(hour) ‖ u16(site)`.
    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: 6)
        writer.u32(hour.number)
        writer.u16(site.number)
        return writer.bytes
    }

    /// The next six bytes of a reader. Throws `bytes-short`.
    public init(from reader: inout ByteReader) throws(BytesError) {
        hour = Hour(number: try reader.u32())
        site = SiteNumber(number: try reader.u16())
    }

    /// By hour, then by site.
    public static func < (left: Self, right: Self) -> Bool {
        (left.hour, left.site) < (right.hour, right.site)
    }
}

/// The eight random bytes a gateway process draws at its start (DESIGN section 5).
public struct RunID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The eight bytes as one number, the first one highest.
    public let number: UInt64

    /// A run from its number.
    public init(number: UInt64) { self.number = number }

    /// A run from its bytes. Throws `run-size` unless there are eight.
    public init(bytes: [UInt8]) throws(PlatesError) {
        guard bytes.count == 8 else {
            throw PlatesError(code: "run-size", sentence: "a run is 8 bytes, not \(bytes.count)")
        }
        number = bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Eight bytes.
    public var bytes: [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }

    /// Sixteen lower-case hex digits.
    public var hex: String { Hex.encode(bytes) }
    /// Sixteen lower-case hex digits.
    public var description: String { hex }
    /// Byte-wise.
    public static func < (left: Self, right: Self) -> Bool {
        left.number < right.number
    }
}

/// The pseudorandom name of a row, all that a look-up is made with (DESIGN section 5).
public struct Label: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// 16: the bytes of a label.
    public static let size = 16

    private let first: UInt64
    private let second: UInt64

    /// A label from its bytes. Throws `label-size` unless there are sixteen.
    public init(bytes: some Collection<UInt8>) throws(PlatesError) {
        guard bytes.count == Self.size else {
            throw PlatesError(
                code: "label-size", sentence: "a label is 16 bytes, not \(bytes.count)")
        }
        var words: (UInt64, UInt64) = (0, 0)
        withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
        first = UInt64(bigEndian: words.0)
        second = UInt64(bigEndian: words.1)
    }

    /// The label that opens a tag of at least sixteen bytes. Throws `label-size`.
    public init(opening tag: UnsafeRawBufferPointer) throws(PlatesError) {
        guard tag.count >= Self.size else {
            throw PlatesError(
                code: "label-size", sentence: "a label is 16 bytes, not \(tag.count)")
        }
        first = UInt64(bigEndian: tag.loadUnaligned(as: UInt64.self))
        second = UInt64(bigEndian: tag.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }

    /// A label out of bytes that were looked at before: there are sixteen, or the program ends.
    public init(checked bytes: ArraySlice<UInt8>) {
        precondition(bytes.count == Self.size, "a label is 16 bytes")
        (first, second) = bytes.withUnsafeBytes {
            (
                UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
    }

    /// The sixteen bytes.
    public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// Lends the sixteen bytes.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        Swift.withUnsafeBytes(of: (first.bigEndian, second.bigEndian)) { body($0) }
    }

    /// Thirty-two lower-case hex digits; a label says nothing without its key.
    public var hex: String { Hex.encode(bytes) }
    /// Thirty-two lower-case hex digits.
    public var description: String { hex }
    /// Byte-wise.
    public static func < (left: Self, right: Self) -> Bool {
        left.first != right.first ? left.first < right.first : left.second < right.second
    }
}
