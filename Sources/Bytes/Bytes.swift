// The floor: byte strings and their few encodings. No secrets, no I/O.
//
// Integers are big-endian everywhere (DESIGN section 3). A reader accepts only what a writer would
// have written: no trailing bytes, lower-case hex, canonical padded Base64.

/// A byte string that could not be read: what was expected and where, never its content.
public struct BytesError: CodedError {
    /// A stable word for machines: `bytes-short`, `bytes-trailing`, `bytes-text`.
    public let code: String
    /// One sentence for people; holds offsets and sizes only.
    public let sentence: String

    /// An error with its machine code and its sentence.
    public init(code: String, sentence: String) {
        self.code = code
        self.sentence = sentence
    }
}

/// Writes big-endian integers and byte strings one after the other.
public struct ByteWriter: Sendable {
    /// What has been written so far.
    public private(set) var bytes: [UInt8] = []

    /// An empty writer.
    public init() {}

    /// An empty writer with room for `capacity` bytes.
    public init(capacity: Int) { bytes.reserveCapacity(capacity) }

    /// One byte.
    public mutating func u8(_ value: UInt8) { bytes.append(value) }
    /// Two bytes, big-endian.
    public mutating func u16(_ value: UInt16) { integer(value) }
    /// Four bytes, big-endian.
    public mutating func u32(_ value: UInt32) { integer(value) }
    /// Eight bytes, big-endian.
    public mutating func u64(_ value: UInt64) { integer(value) }
    /// The bytes as they are, without a length.
    public mutating func raw(_ value: some Sequence<UInt8>) { bytes.append(contentsOf: value) }
    /// The same, as fast as memory is copied.
    public mutating func raw(_ value: [UInt8]) { bytes += value }
    /// The same.
    public mutating func raw(_ value: ArraySlice<UInt8>) { bytes += value }
    /// The UTF-8 bytes of a text, without a length or terminator.
    public mutating func text(_ value: String) { bytes.append(contentsOf: value.utf8) }

    private mutating func integer<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
}

/// Reads what `ByteWriter` wrote, and refuses anything shorter or longer.
public struct ByteReader: Sendable {
    private let bytes: [UInt8]
    /// The offset of the next unread byte.
    public private(set) var offset = 0

    /// A reader at the start of `bytes`.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// How many bytes are still unread.
    public var remaining: Int { bytes.count - offset }

    /// One byte. Throws `bytes-short` at the end.
    public mutating func u8() throws(BytesError) -> UInt8 { try integer() }
    /// Two bytes, big-endian. Throws `bytes-short`.
    public mutating func u16() throws(BytesError) -> UInt16 { try integer() }
    /// Four bytes, big-endian. Throws `bytes-short`.
    public mutating func u32() throws(BytesError) -> UInt32 { try integer() }
    /// Eight bytes, big-endian. Throws `bytes-short`.
    public mutating func u64() throws(BytesError) -> UInt64 { try integer() }

    /// The next `count` bytes. Throws `bytes-short`, also for a negative count.
    public mutating func raw(_ count: Int) throws(BytesError) -> [UInt8] {
        guard count >= 0, count <= remaining else {
            throw BytesError(
                code: "bytes-short",
                sentence: "\(count) bytes expected at offset \(offset), \(remaining) are left")
        }
        defer { offset += count }
        return Array(bytes[offset..<(offset + count)])
    }

    /// Lends the next `count` bytes, which are not copied. Throws as `raw`.
    public mutating func lend<Result>(
        _ count: Int, _ body: (UnsafeRawBufferPointer) -> Result
    ) throws(BytesError) -> Result {
        guard count >= 0, count <= remaining else {
            throw BytesError(
                code: "bytes-short",
                sentence: "\(count) bytes expected at offset \(offset), \(remaining) are left")
        }
        defer { offset += count }
        return bytes.withUnsafeBytes {
            body(UnsafeRawBufferPointer(rebasing: $0[offset..<(offset + count)]))
        }
    }

    /// The next `count` bytes as UTF-8. Throws `bytes-short` or, where they are not UTF-8, `bytes-text`.
    public mutating func text(_ count: Int) throws(BytesError) -> String {
        let start = offset
        guard let text = String(validating: try raw(count), as: UTF8.self) else {
            throw BytesError(code: "bytes-text", sentence: "no UTF-8 at offset \(start)")
        }
        return text
    }

    /// Throws `bytes-trailing` unless everything has been read.
    public func end() throws(BytesError) {
        guard remaining == 0 else {
            throw BytesError(
                code: "bytes-trailing", sentence: "\(remaining) bytes too many after \(offset)")
        }
    }

    private mutating func integer<Value: FixedWidthInteger>() throws(BytesError) -> Value {
        let size = MemoryLayout<Value>.size
        guard size <= remaining else {
            throw BytesError(
                code: "bytes-short",
                sentence: "\(size) bytes expected at offset \(offset), \(remaining) are left")
        }
        var value: Value = 0
        for place in offset..<(offset + size) { value = value << 8 | Value(bytes[place]) }
        offset += size
        return value
    }
}
