/// A failure or refusal that tells machines a code and people a sentence: what, where, what to do;
/// never a plate or a key. Only the code compares, so that a test or a caller asks for the reason
/// and never for the words.
public protocol CodedError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A stable word in lower case, its parts joined by hyphens.
    var code: String { get }
    /// One sentence for people.
    var sentence: String { get }
}

extension CodedError {
    /// The sentence.
    public var description: String { sentence }

    /// Only the code compares.
    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }

    /// Only the code is hashed.
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
