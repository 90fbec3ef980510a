// JSON as readers send it (RFC 8259), read without trust by the standard library's decoder.
//
// What the decoder leaves open is decided before it: the text is UTF-8 and nothing else, and its
// depth is bounded. Which keys count is decided after it, by the parser of the messages.

import Foundation

/// One JSON value.
enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    /// A whole number, exact.
    case whole(Int64)
    /// Every other number, as near as a double comes.
    case fraction(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    /// The most arrays and objects inside one another.
    static let maximumDepth = 32
    /// The most values of a text: each costs some hundred bytes once it is read.
    static let maximumValues = 131_072

    /// The value of a key of an object; nil for everything else and for `null`.
    subscript(key: String) -> JSON? {
        guard case .object(let members) = self, let value = members[key], value != .null else {
            return nil
        }
        return value
    }

    var string: String? { if case .string(let text) = self { text } else { nil } }
    var array: [JSON]? { if case .array(let items) = self { items } else { nil } }
    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    var isObject: Bool { if case .object = self { true } else { false } }

    /// A number, also where it was sent as a string; never infinite.
    var double: Double? {
        switch self {
        case .whole(let value): Double(value)
        case .fraction(let value): value.isFinite ? value : nil
        case .string(let text): Double(text).flatMap { $0.isFinite ? $0 : nil }
        default: nil
        }
    }

    /// A whole number without loss, also where it was sent as a string or with a zero fraction.
    var integer: Int64? {
        switch self {
        case .whole(let value): value
        case .fraction, .string:
            string.flatMap { Int64($0) } ?? double.flatMap(Int64.init(exactly:))
        default: nil
        }
    }

    /// The value of a text. Throws `message-json`, with nothing of the content.
    init(parsing bytes: [UInt8]) throws(IntakeRefusal) {
        guard JSON.isBounded(bytes), (try? UTF8Span(validating: bytes.span)) != nil else {
            throw JSON.failure
        }
        let data = Data(bytes)
        if let value = try? JSONSerialization.jsonObject(with: data), let json = JSON(value) {
            self = json
            return
        }
        // The quick reader refuses a whole message for one number that no double holds; the slow
        // one lets it stand, and what it says elsewhere is not lost.
        do {
            self = try JSONDecoder().decode(JSON.self, from: data)
        } catch {
            // The decoder's own error could quote what it read: it is not passed on.
            throw JSON.failure
        }
    }

    /// The value of what the quick reader gives; nil for anything that is no JSON. The types are
    /// asked for by name: a cast that fails costs more than reading the text did.
    private init?(_ value: Any) {
        switch ObjectIdentifier(type(of: value)) {
        case ObjectIdentifier(String.self):
            guard let text = value as? String else { return nil }
            self = .string(text)
        case ObjectIdentifier([String: Any].self):
            guard let members = value as? [String: Any] else { return nil }
            var values: [String: JSON] = [:]
            values.reserveCapacity(members.count)
            for (key, member) in members {
                guard let value = JSON(member) else { return nil }
                values[key] = value
            }
            self = .object(values)
        case ObjectIdentifier([Any].self):
            guard let items = value as? [Any] else { return nil }
            var values: [JSON] = []
            values.reserveCapacity(items.count)
            for item in items {
                guard let value = JSON(item) else { return nil }
                values.append(value)
            }
            self = .array(values)
        default:
            guard let number = value as? NSNumber else {
                guard value is NSNull else { return nil }
                self = .null
                return
            }
            switch UInt8(bitPattern: number.objCType.pointee) {
            case UInt8(ascii: "c"): self = .bool(number.boolValue)
            case UInt8(ascii: "d"), UInt8(ascii: "f"): self = JSON(number.doubleValue)
            case UInt8(ascii: "Q"):
                self =
                    Int64(exactly: number.uint64Value).map(JSON.whole)
                    ?? .fraction(number.doubleValue)
            default: self = .whole(number.int64Value)
            }
        }
    }

    /// A number that came as a double; a whole one is exact.
    private init(_ number: Double) {
        self = Int64(exactly: number).map(JSON.whole) ?? .fraction(number)
    }

    /// The text of this value: compact, keys sorted. Throws `message-json` for an infinite number.
    func text() throws(IntakeRefusal) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(self))
        } catch {
            throw JSON.failure
        }
    }

    private static let failure = IntakeRefusal("message-json", "the message is no JSON")

    /// Whether a text nests no deeper than allowed, has no more values, has no comma before a closing bracket (which
    /// the decoder would let pass) and is in no encoding that the decoder would guess: a zero byte
    /// is in every UTF-16 or UTF-32 text, a byte order mark is not JSON's.
    private static func isBounded(_ bytes: [UInt8]) -> Bool {
        guard !bytes.starts(with: [0xef, 0xbb, 0xbf]) else { return false }
        var depth = 0
        var separators = 0
        var isInString = false
        var isEscaped = false
        // The last byte outside of strings that is no white space.
        var last: UInt8 = 0
        for byte in bytes {
            if byte == 0 { return false }
            if isInString {
                if byte < 0x20 { return false }
                isInString = isEscaped || byte != UInt8(ascii: "\"")
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
                continue
            }
            switch byte {
            case 0x20, 0x0a, 0x0d, 0x09: continue
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                separators += 1
            case UInt8(ascii: ","): separators += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                if last == UInt8(ascii: ",") { return false }
                depth -= 1
            default: break
            }
            if depth > maximumDepth || separators > maximumValues { return false }
            last = byte
        }
        return true
    }
}

extension JSON: Codable {
    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        // A value of another type is looked at again; a malformed one is not. Numbers and texts
        // come first: they are nearly all there is, and each look costs an error.
        func value<Value: Decodable>(_ type: Value.Type) throws -> Value? {
            do {
                return try container.decode(type)
            } catch DecodingError.typeMismatch {
                return nil
            }
        }
        // Beyond a double's range is a number still; the decoder's type for that is not public.
        func number() throws -> Double? {
            do {
                return try value(Double.self)
            } catch  where "\(error)".hasPrefix("numberIsNotRepresentable") {
                return .infinity
            }
        }
        if container.decodeNil() {
            self = .null
        } else if let number = try number() {
            let isWhole = number == number.rounded()
            let whole = isWhole ? try? container.decode(Int64.self) : nil
            self = whole.map(JSON.whole) ?? .fraction(number)
        } else if let text = try value(String.self) {
            self = .string(text)
        } else if let members = try value([String: JSON].self) {
            self = .object(members)
        } else if let items = try value([JSON].self) {
            self = .array(items)
        } else {
            self = .bool(try container.decode(Bool.self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .whole(let value): try container.encode(value)
        case .fraction(let value): try container.encode(value)
        case .string(let text): try container.encode(text)
        case .array(let items): try container.encode(items)
        case .object(let members): try container.encode(members)
        }
    }
}
