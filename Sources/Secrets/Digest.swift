import Bytes
import Crypto

/// A SHA-256 digest (FIPS 180-4), 32 bytes, of bytes that are not secret.
public struct Digest: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// The 32 bytes.
    public let bytes: [UInt8]

    /// The digest of `message`.
    public init(of message: [UInt8]) {
        bytes = SHA256.hash(data: message).withUnsafeBytes { Array($0) }
    }

    /// The digest of one byte and the bytes after it, which are not copied together.
    public init(of first: UInt8, _ rest: ArraySlice<UInt8>) {
        var hasher = SHA256()
        withUnsafeBytes(of: first) { hasher.update(bufferPointer: $0) }
        rest.withUnsafeBytes { hasher.update(bufferPointer: $0) }
        bytes = hasher.finalize().withUnsafeBytes { Array($0) }
    }

    /// A digest that came over the wire; nil unless it is 32 bytes.
    public init?(wire bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
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

    /// 64 lower-case hex digits.
    public var hex: String { Hex.encode(bytes) }
    /// 64 lower-case hex digits.
    public var description: String { hex }
    /// 32 zero bytes.
    public static let zero = Digest(hashed: [UInt8](repeating: 0, count: 32))

    /// What a hasher of this module has computed: always 32 bytes.
    init(hashed bytes: [UInt8]) { self.bytes = bytes }

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
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}
