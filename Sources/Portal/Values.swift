public import Mustache

/// What a template is given: names with texts, flags, lists, further names, and markup of our own.
/// Nothing that a template engine would run can be among them.
///
/// A name that is absent is looked up further out, as in every Mustache; so a value that may be
/// missing is put in as `.maybe(nil)`, which is false, and hides an outer one of its name.
public struct Values: Sendable, ExpressibleByDictionaryLiteral {
    private var fields: [String: Value] = [:]

    /// Values of a dictionary literal; a later one replaces an earlier.
    public init(dictionaryLiteral elements: (String, Value)...) {
        for (name, value) in elements { fields[name] = value }
    }

    /// One value by its name.
    public subscript(name: String) -> Value? {
        get { fields[name] }
        set { fields[name] = newValue }
    }

    /// These, and others; the others' where both have a name.
    public func with(_ others: Values) -> Values {
        var all = self
        all.fields.merge(others.fields) { $1 }
        return all
    }
}

/// One value of a template.
public indirect enum Value: Sendable {
    /// Text from anywhere: always escaped, and harmless also where it is hostile.
    case text(String)
    /// Whether a section is shown.
    case flag(Bool)
    /// A section once for each.
    case list([Values])
    /// A section with further names.
    case values(Values)
    /// Markup of our own, for `{{{name}}}`.
    case markup(Markup)

    /// A text, or false where there is none.
    public static func maybe(_ text: String?) -> Value { text.map(Value.text) ?? .flag(false) }

    /// A whole number, its thousands parted.
    public static func number(_ value: some BinaryInteger) -> Value { .text(value.parted) }

    /// A part of a page, for its partial.
    public static func of(_ part: some Part) -> Value { .values(part.values) }

    /// A part, or false where there is none.
    public static func maybe(_ part: (some Part)?) -> Value {
        part.map { .values($0.values) } ?? .flag(false)
    }

    /// Parts, one after the other.
    public static func each(_ parts: [some Part]) -> Value { .list(parts.map(\.values)) }

    /// What the engine sees.
    fileprivate var shown: Any {
        switch self {
        case .text(let text): PlainText.harmless(text)
        case .flag(let flag): flag
        case .list(let list): list
        case .values(let values): values
        case .markup(let markup): markup.html
        }
    }
}

extension Value: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral {
    /// A text.
    public init(stringLiteral value: String) { self = .text(value) }
    /// A flag.
    public init(booleanLiteral value: Bool) { self = .flag(value) }
}

extension Values: MustacheParent {
    /// What the engine asks for.
    public func child(named name: String) -> Any? { fields[name]?.shown }
}

/// Something that a template of Portal's shows.
public protocol Part: Sendable {
    /// Its names, as its template has them.
    var values: Values { get }
}

extension BinaryInteger {
    /// The number with its thousands parted: `12,345`.
    public var parted: String {
        var text = String(self)
        let first = text.hasPrefix("-") ? 1 : 0
        var place = text.count - 3
        while place > first {
            text.insert(",", at: text.index(text.startIndex, offsetBy: place))
            place -= 3
        }
        return text
    }
}
