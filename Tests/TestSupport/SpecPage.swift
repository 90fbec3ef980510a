/// A page of Docs/Spec, for tests that keep its examples true.
public struct SpecPage {
    private let text: String

    /// The page of a name, without its ending.
    public init(_ name: String) throws {
        text = Self.squeezed(try Vectors.text("Docs/Spec/\(name).md"))
    }

    /// Whether a value stands on the page, however its lines are broken and indented.
    public func shows(_ value: String) -> Bool {
        let value = Self.squeezed(value)
        return !value.isEmpty && text.contains(value)
    }

    private static func squeezed(_ text: String) -> String {
        String(text.filter { !$0.isWhitespace })
    }
}
