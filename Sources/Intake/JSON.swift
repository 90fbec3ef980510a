// JSON as readers send it (RFC 8259), read without trust and written back in the same key order.
//
// Numbers keep their text, so that a message that is written again says what it said. A parser of
// its own, because a plate must not stay in a framework's buffers and depth must be bounded.

/// One JSON value.
enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    /// The number's text as it stood.
    case number(String)
    case string(String)
    case array([JSON])
    /// Keys in the order in which they stood; where a key stands twice, the first counts.
    case object([Member])

    struct Member: Hashable, Sendable {
        var key: String
        var value: JSON
    }

    /// The most nested arrays and objects.
    static let maximumDepth = 32

    /// The value of a key of an object; nil for everything else and for `null`.
    subscript(key: String) -> JSON? {
        guard case .object(let members) = self,
            let value = members.first(where: { $0.key == key })?.value, value != .null
        else { return nil }
        return value
    }

    var string: String? { if case .string(let text) = self { text } else { nil } }
    var array: [JSON]? { if case .array(let items) = self { items } else { nil } }
    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    var isObject: Bool { if case .object = self { true } else { false } }

    /// A number, also where it was sent as a string; never infinite.
    var double: Double? {
        switch self {
        case .number(let text), .string(let text):
            guard let value = Double(text), value.isFinite else { return nil }
            return value
        default: return nil
        }
    }

    /// A whole number without loss, also where it was sent as a string or with a zero fraction.
    var integer: Int64? {
        switch self {
        case .number(let text), .string(let text):
            Int64(text) ?? double.flatMap(Int64.init(exactly:))
        default: nil
        }
    }

    /// The value of a text. Throws `message-json`, with the offset and nothing of the content.
    init(parsing bytes: [UInt8]) throws(IntakeRefusal) {
        var parser = JSONParser(bytes)
        self = try parser.document()
    }

    /// The text of this value, compact, keys in their order.
    var text: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let text): text
        case .string(let text): JSON.quoted(text)
        case .array(let items): "[" + items.map(\.text).joined(separator: ",") + "]"
        case .object(let members):
            "{"
                + members.map { JSON.quoted($0.key) + ":" + $0.value.text }
                .joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

/// A recursive-descent parser over bytes.
private struct JSONParser {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(IntakeRefusal) -> JSON {
        let value = try value(depth: 0)
        skipSpace()
        guard offset == bytes.count else { throw failure }
        return value
    }

    private var failure: IntakeRefusal {
        IntakeRefusal("message-json", "the message is no JSON at byte \(offset)")
    }

    private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
            offset += 1
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        offset += 1
        return true
    }

    private mutating func value(depth: Int) throws(IntakeRefusal) -> JSON {
        guard depth <= JSON.maximumDepth else { throw failure }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: String, _ value: JSON) throws(IntakeRefusal) -> JSON {
        guard bytes[offset...].starts(with: word.utf8) else { throw failure }
        offset += word.utf8.count
        return value
    }

    private mutating func object(depth: Int) throws(IntakeRefusal) -> JSON {
        offset += 1
        var members: [JSON.Member] = []
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object(members) }
        repeat {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw failure }
            let key = try string()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw failure }
            members.append(JSON.Member(key: key, value: try value(depth: depth + 1)))
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw failure }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(IntakeRefusal) -> JSON {
        offset += 1
        var items: [JSON] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array(items) }
        repeat {
            items.append(try value(depth: depth + 1))
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw failure }
        return .array(items)
    }

    private mutating func number() throws(IntakeRefusal) -> JSON {
        let start = offset
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        if take(UInt8(ascii: ".")) { try digits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        return .number(String(decoding: bytes[start..<offset], as: UTF8.self))
    }

    private mutating func digits() throws(IntakeRefusal) {
        let start = offset
        while let byte = next, (0x30...0x39).contains(byte) { offset += 1 }
        guard offset > start else { throw failure }
    }

    private mutating func string() throws(IntakeRefusal) -> String {
        offset += 1
        var text: [UInt8] = []
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw failure }
            offset += 1
            if byte == UInt8(ascii: "\\") {
                text.append(contentsOf: String(try escape()).utf8)
            } else {
                text.append(byte)
            }
        }
        guard take(UInt8(ascii: "\"")), let result = String(validating: text, as: UTF8.self) else {
            throw failure
        }
        return result
    }

    private mutating func escape() throws(IntakeRefusal) -> Character {
        guard let byte = next else { throw failure }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
            return Character(Unicode.Scalar(byte))
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return Character(try escapedScalar())
        default: throw failure
        }
    }

    /// Four hex digits, and for a high surrogate the low one that must follow.
    private mutating func escapedScalar() throws(IntakeRefusal) -> Unicode.Scalar {
        let first = try fourDigits()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard (0xd800...0xdbff).contains(first), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u"))
        else { throw failure }
        let second = try fourDigits()
        guard (0xdc00...0xdfff).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
        else { throw failure }
        return scalar
    }

    private mutating func fourDigits() throws(IntakeRefusal) -> UInt32 {
        guard offset + 4 <= bytes.count,
            bytes[offset..<offset + 4].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let value = UInt32(
                String(decoding: bytes[offset..<offset + 4], as: UTF8.self), radix: 16)
        else { throw failure }
        offset += 4
        return value
    }
}
