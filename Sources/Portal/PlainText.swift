import Bytes

/// Text of others on its way to a template.
enum PlainText {
    private static let special: Set<Unicode.Scalar> = ["<", ">", "&", "\"", "'"]

    /// The text with what could deceive a reader or the engine made harmless. Controls of direction
    /// and of the terminal become U+FFFD: a name cannot turn the words around it. And each markup
    /// character stands as a grapheme of its own, parted by U+200B where it would not: the engine
    /// escapes grapheme by grapheme, and would let a quote with a combining mark pass.
    static func harmless(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { isDeceiving($0) || special.contains($0) })
        else { return text }
        var result = ""
        for character in text {
            let scalars = character.unicodeScalars
            let isMixed = scalars.count > 1 && scalars.contains(where: special.contains)
            for scalar in scalars {
                if isMixed, special.contains(scalar) {
                    result.unicodeScalars.append(contentsOf: ["\u{200B}", scalar, "\u{200B}"])
                } else {
                    result.unicodeScalars.append(isDeceiving(scalar) ? "\u{FFFD}" : scalar)
                }
            }
        }
        return result
    }

    /// The text as it may stand in an element, every scalar of it as it is: for what is compared
    /// byte for byte, such as a note. The element's class isolates its direction.
    static func exact(_ text: String) -> String {
        MarkupText.escape(text)
    }

    /// As much of a text's beginning as stands in so many bytes of markup; nil where all of it does.
    static func beginning(_ text: String, bytes: Int) -> String? {
        var (shown, room) = (String.UnicodeScalarView(), bytes)
        for scalar in text.unicodeScalars {
            // What is escaped is longer than what was there, the quote the longest.
            room -= special.contains(scalar) ? 6 : UTF8.width(scalar)
            guard room >= 0 else { return String(shown) }
            shown.append(scalar)
        }
        return nil
    }

    private static func isDeceiving(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A, 0x09: false
        case 0..<0x20, 0x7F..<0xA0: true
        case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
