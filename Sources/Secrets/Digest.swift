import Bytes

/// A SHA-256 digest (FIPS 180-4), 32 bytes, of bytes that are not secret. It lies where it is used:
/// none of its own costs memory elsewhere.
public struct Digest: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// 32: the bytes of a digest.
    public static let size = SHA256State.size

    /// The 32 bytes in their order.
    private var words = SIMD4<UInt64>(repeating: 0)

    /// The 32 bytes.
    public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// The digest of `message`.
    public init(of message: [UInt8]) { self = message.withUnsafeBytes { Digest(of: $0) } }

    /// The digest of lent bytes.
    public init(of message: UnsafeRawBufferPointer) {
        var state = SHA256State()
        state.begin()
        state.update(message)
        self.init { state.finish(into: $0) }
    }

    /// The digest of one byte and the bytes after it, which are not copied together.
    public init(of first: UInt8, _ rest: ArraySlice<UInt8>) {
        self = rest.withUnsafeBytes { Digest(of: first, $0) }
    }

    /// The digest of one byte and of lent bytes after it.
    public init(of first: UInt8, _ rest: UnsafeRawBufferPointer) {
        var state = SHA256State()
        state.begin()
        Swift.withUnsafeBytes(of: first) { state.update($0) }
        state.update(rest)
        self.init { state.finish(into: $0) }
    }

    /// The digest of one byte and two digests after it: a node of a tree.
    public init(of first: UInt8, _ left: Digest, _ right: Digest) {
        var state = SHA256State()
        state.begin()
        Swift.withUnsafeBytes(of: first) { state.update($0) }
        left.withUnsafeBytes { state.update($0) }
        right.withUnsafeBytes { state.update($0) }
        self.init { state.finish(into: $0) }
    }

    /// A digest that came over the wire; nil unless it is 32 bytes.
    public init?(wire bytes: some Collection<UInt8>) {
        guard bytes.count == Self.size else { return nil }
        self.init { $0.copyBytes(from: bytes) }
    }

    /// A digest out of lent bytes; nil unless they are 32.
    public init?(lent bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.size else { return nil }
        self.init { $0.copyMemory(from: bytes) }
    }

    /// A digest from 64 lower-case hex digits; nil for anything else.
    public init?(hex: String) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(wire: bytes)
    }

    /// The same from bytes of a larger text.
    public init?(hex: ArraySlice<UInt8>) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(wire: bytes)
    }

    /// What a hasher of this module writes: always 32 bytes.
    init(filledBy body: (UnsafeMutableRawBufferPointer) -> Void) {
        withUnsafeMutableBytes(of: &words) { body($0) }
    }

    /// Lends the 32 bytes.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        Swift.withUnsafeBytes(of: words) { body($0) }
    }

    /// 64 lower-case hex digits.
    public var hex: String { Hex.encode(bytes) }
    /// 64 lower-case hex digits.
    public var description: String { hex }
    /// 32 zero bytes.
    public static let zero = Digest { _ in }

    /// From its hex text. Throws `DecodingError` for anything else.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let digest = Digest(hex: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "64 lower-case hex digits expected")
        }
        self = digest
    }

    /// As its hex text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }

    /// Byte-wise order.
    public static func < (left: Digest, right: Digest) -> Bool {
        for index in left.words.indices where left.words[index] != right.words[index] {
            return left.words[index].bigEndian < right.words[index].bigEndian
        }
        return false
    }
}
