/// JSON written in one way only: members in the order given, two spaces of indentation, and what is
/// short on one line. Foundation's encoder would sort the members.
indirect enum JSONText {
    case number(UInt64)
    case string(String)
    case list([JSONText])
    case object([(String, JSONText)])

    /// A number of any unsigned or small size.
    static func number(_ value: some BinaryInteger) -> JSONText {
        .number(UInt64(clamping: value))
    }

    /// The whole text, ended by a line feed.
    var text: String { written(indent: 0) + "\n" }

    private func written(indent: Int) -> String {
        let short = inline
        guard short.utf8.count + indent > 100 else { return short }
        let inner = String(repeating: " ", count: indent + 2)
        let outer = String(repeating: " ", count: indent)
        switch self {
        case .number, .string: return short
        case .list(let items):
            let lines = items.map { inner + $0.written(indent: indent + 2) }
            return "[\n" + lines.joined(separator: ",\n") + "\n" + outer + "]"
        case .object(let members):
            let lines = members.map {
                inner + quoted($0.0) + ": " + $0.1.written(indent: indent + 2)
            }
            return "{\n" + lines.joined(separator: ",\n") + "\n" + outer + "}"
        }
    }

    private var inline: String {
        switch self {
        case .number(let value): String(value)
        case .string(let value): quoted(value)
        case .list(let items): "[" + items.map(\.inline).joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.map { quoted($0.0) + ": " + $0.1.inline }.joined(separator: ", ") + "}"
        }
    }

    private func quoted(_ value: String) -> String {
        // The inputs hold no control characters; quotes and backslashes are escaped all the same.
        let escaped = value.unicodeScalars.map { scalar in
            scalar == "\"" || scalar == "\\" ? "\\\(scalar)" : String(scalar)
        }
        return "\"" + escaped.joined() + "\""
    }
}
