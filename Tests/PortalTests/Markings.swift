/// What tests read out of a page: its tags with their attributes, without a parser that forgives.
struct Markings {
    /// One tag: its name, with `/` before it where it closes, and its attributes, unescaped.
    struct Tag: Equatable {
        var name = ""
        var attributes: [String: String] = [:]
    }

    private(set) var tags: [Tag] = []

    /// The tags with the names of their attributes: what text must never change.
    var skeleton: [String] {
        tags.map { ([$0.name] + $0.attributes.keys.sorted()).joined(separator: " ") }
    }

    /// The values of one attribute of all tags that have it.
    func values(of attribute: String) -> [String] { tags.compactMap { $0.attributes[attribute] } }

    init(_ html: [UInt8]) { self.init(String(decoding: html, as: UTF8.self)) }

    init(_ html: String) {
        let scalars = Array(html.unicodeScalars)
        var at = 0
        while at < scalars.count {
            guard scalars[at] == "<" else {
                at += 1
                continue
            }
            at += 1
            var parts: [String] = [""]
            var isQuoted = false
            while at < scalars.count, isQuoted || scalars[at] != ">" {
                if scalars[at] == "\"" { isQuoted.toggle() }
                if !isQuoted, scalars[at].properties.isWhitespace {
                    parts.append("")
                } else {
                    parts[parts.count - 1].unicodeScalars.append(scalars[at])
                }
                at += 1
            }
            var tag = Tag(name: parts[0])
            for part in parts.dropFirst() where !part.isEmpty {
                let halves = part.split(separator: "=", maxSplits: 1).map(String.init)
                let value = halves.count > 1 ? String(halves[1].dropFirst().dropLast()) : ""
                tag.attributes[halves[0]] = Self.unescaped(value)
            }
            tags.append(tag)
        }
    }

    static func unescaped(_ text: String) -> String {
        var text = text
        for (entity, sign) in [
            ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&"),
        ] {
            text = text.split(separator: entity, omittingEmptySubsequences: false)
                .joined(separator: sign)
        }
        return text
    }

    /// The text between an opening tag that begins so and the next closing tag of its name,
    /// unescaped; nil where there is none.
    static func inside(_ html: [UInt8], from tag: String, to end: String) -> String? {
        let text = String(decoding: html, as: UTF8.self)
        guard let start = text.firstRange(of: tag),
            let close = text[start.upperBound...].firstRange(of: ">"),
            let last = text[close.upperBound...].firstRange(of: end)
        else { return nil }
        return unescaped(String(text[close.upperBound..<last.lowerBound]))
    }
}
