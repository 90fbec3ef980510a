import Bytes
import FoundationEssentials
public import Plates
public import Secrets

/// The one JSON form of statements: keys sorted, no white space, whole numbers only, nothing
/// escaped that need not be. Whatever decodes must encode to the same bytes again.
enum CanonicalJSON {
    static func encode(_ value: some Encodable) throws(Refusal) -> [UInt8] {
        guard var body = value as? any ItemizedBody else { return try plain(value) }
        let items = body.digests
        body.digests = []
        if let bytes = ItemText.encode(items, in: try plain(body)) { return bytes }
        return try plain(value)
    }

    private static func plain(_ value: some Encodable) throws(Refusal) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(value))
        } catch {
            throw Refusal(.statementMalformed, "a \(type(of: value)) cannot be written as JSON")
        }
    }

    static func decode<Value: Codable>(
        _ type: Value.Type, from bytes: [UInt8]
    ) throws(Refusal) -> Value {
        if let type = type as? any ItemizedBody.Type, let (items, rest) = ItemText.decode(bytes),
            let body = try? whole(type, rest, items) as? Value
        {
            return body
        }
        return try plain(type, from: bytes)
    }

    /// A body whose list stood elsewhere.
    private static func whole<Body: ItemizedBody>(
        _ type: Body.Type, _ json: [UInt8], _ items: [EvaluationItem]
    ) throws(Refusal) -> Body {
        var body = try plain(type, from: json)
        guard body.digests.isEmpty else {
            throw Refusal(.statementMalformed, "a list of digests stands beside the list")
        }
        body.digests = items
        return body
    }

    private static func plain<Value: Codable>(
        _ type: Value.Type, from bytes: [UInt8]
    ) throws(Refusal) -> Value {
        let value: Value
        do {
            value = try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            // The decoder's own error could quote what it read: it is not passed on.
            throw Refusal(.statementMalformed, "the JSON is no \(type)")
        }
        guard try plain(value) == bytes else {
            throw Refusal(
                .statementMalformed,
                "the JSON of a \(type) is not in its one form: sorted keys, no spaces, no others")
        }
        return value
    }
}

/// A word of the domain that is one whole number in JSON.
public protocol PlainNumber: Hashable, Sendable {
    /// The number.
    var plainNumber: Int64 { get }
    /// The value of a number; nil where there is none.
    init?(plainNumber: Int64)
}

extension Timestamp: PlainNumber {
    public var plainNumber: Int64 { milliseconds }
    public init?(plainNumber: Int64) {
        // Up to the year 9999: what every JSON reader can hold exactly.
        guard (0..<253_402_300_800_000).contains(plainNumber) else { return nil }
        self.init(milliseconds: plainNumber)
    }
}
extension Day: PlainNumber {
    public var plainNumber: Int64 { Int64(number) }
    public init?(plainNumber: Int64) {
        guard (0..<3_000_000).contains(plainNumber) else { return nil }
        self.init(number: UInt32(plainNumber))
    }
}
extension Hour: PlainNumber {
    public var plainNumber: Int64 { Int64(number) }
    public init?(plainNumber: Int64) {
        guard (0..<72_000_000).contains(plainNumber) else { return nil }
        self.init(number: UInt32(plainNumber))
    }
}
extension SiteNumber: PlainNumber {
    public var plainNumber: Int64 { Int64(number) }
    public init?(plainNumber: Int64) {
        guard let number = UInt16(exactly: plainNumber) else { return nil }
        self.init(number: number)
    }
}
extension SubsetMask: PlainNumber {
    public var plainNumber: Int64 { Int64(bits) }
    public init?(plainNumber: Int64) {
        guard let bits = UInt16(exactly: plainNumber) else { return nil }
        self.init(bits: bits)
    }
}

/// Writes a day, an hour, a site, a mask or a time as its plain number.
@propertyWrapper
public struct Plain<Value: PlainNumber>: Codable, Hashable, Sendable {
    /// The value itself.
    public var wrappedValue: Value

    /// Wraps a value.
    public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }

    /// From a whole number. Throws `DecodingError` for one that stands for nothing.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = Value(plainNumber: try container.decode(Int64.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "number out of range")
        }
        wrappedValue = value
    }

    /// As a whole number.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(wrappedValue.plainNumber)
    }
}

/// Writes a public key as Base64.
@propertyWrapper
public struct KeyText: Codable, Hashable, Sendable {
    /// The key's bytes.
    public var wrappedValue: [UInt8]

    /// Wraps a key.
    public init(wrappedValue: [UInt8]) { self.wrappedValue = wrappedValue }

    /// From canonical padded Base64. Throws `DecodingError` for anything else.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let bytes = Base64.decode(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "Base64 expected")
        }
        wrappedValue = bytes
    }

    /// As padded Base64.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Base64.encode(wrappedValue))
    }
}

/// An Ed25519 public key as Base64 in JSON.
public struct PartyKey: Codable, Hashable, Sendable {
    /// The key.
    public let key: VerifyingKey

    /// Wraps a key.
    public init(_ key: VerifyingKey) { self.key = key }

    /// From 44 Base64 characters; nil for anything else.
    public init?(text: String) {
        guard let bytes = Base64.decode(text), let key = VerifyingKey(wire: bytes) else {
            return nil
        }
        self.key = key
    }

    /// 44 Base64 characters.
    public var text: String { Base64.encode(key.bytes) }

    /// From its Base64 text. Throws `DecodingError` for anything else.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let key = PartyKey(text: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "a 32-byte key in Base64 expected")
        }
        self = key
    }

    /// As its Base64 text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
