/// HTML or SVG that this project's own templates and code made. Outside this target nobody can
/// make any but by rendering a template, in which all text is escaped.
public struct Markup: Sendable, Hashable {
    /// The markup.
    public let html: String

    init(own html: String) { self.html = html }

    /// Nothing.
    public static let none = Markup(own: "")

    /// One after the other.
    public static func + (left: Markup, right: Markup) -> Markup {
        Markup(own: left.html + right.html)
    }
}

extension [Markup] {
    /// All, one after the other.
    public func joined() -> Markup { Markup(own: map(\.html).joined(separator: "\n")) }
}
