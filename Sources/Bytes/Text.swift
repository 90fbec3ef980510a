// Bytes as text: lower-case hex and Base64 (RFC 4648 section 4). Both refuse other spellings of
// the same bytes, so that whatever is accepted encodes to the same text again.

/// Lower-case hexadecimal.
public enum Hex {
    private static let digits = Array("0123456789abcdef".utf8)

    /// Two lower-case digits a byte.
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        let bytes = Array(bytes)
        var text: [UInt8] = []
        text.reserveCapacity(2 * bytes.count)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes, or nil where the text is not an even number of lower-case digits.
    public static func decode(_ text: String) -> [UInt8]? { decode(Array(text.utf8)[...]) }

    /// The bytes of a text that is part of a larger one.
    public static func decode(_ characters: ArraySlice<UInt8>) -> [UInt8]? {
        guard characters.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(characters.count / 2)
        for index in stride(from: characters.startIndex, to: characters.endIndex, by: 2) {
            guard let high = value(characters[index]), let low = value(characters[index + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }
}

/// Padded Base64 with the standard alphabet.
public enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The padded text of some bytes.
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        let bytes = Array(bytes)
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var place = 0
        while place < bytes.count {
            let held = min(3, bytes.count - place)
            var group: UInt32 = 0
            for offset in 0..<held {
                group |= UInt32(bytes[place + offset]) << UInt32(16 - 8 * offset)
            }
            for digit in 0..<4 {
                let value = Int(group >> UInt32(18 - 6 * digit) & 63)
                text.append(digit <= held ? alphabet[value] : 0x3d)
            }
            place += held
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes, or nil where the text is not what `encode` writes for them.
    public static func decode(_ text: String) -> [UInt8]? { decode(Array(text.utf8)[...]) }

    /// The bytes of a text that is part of a larger one.
    public static func decode(_ characters: ArraySlice<UInt8>) -> [UInt8]? {
        guard characters.count.isMultiple(of: 4) else { return nil }
        let padding = characters.suffix(2).reduce(0) { $0 + ($1 == 0x3d ? 1 : 0) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(characters.count / 4 * 3)
        var group: UInt32 = 0
        let digits = characters.dropLast(padding)
        for (place, character) in digits.enumerated() {
            guard let digit = value(character) else { return nil }
            group = group << 6 | digit
            if place % 4 == 3 {
                bytes.append(UInt8(truncatingIfNeeded: group >> 16))
                bytes.append(UInt8(truncatingIfNeeded: group >> 8))
                bytes.append(UInt8(truncatingIfNeeded: group))
                group = 0
            }
        }
        // What stands behind the last whole byte is zero: each byte string has one text.
        switch padding {
        case 1:
            guard group & 3 == 0 else { return nil }
            bytes.append(UInt8(truncatingIfNeeded: group >> 10))
            bytes.append(UInt8(truncatingIfNeeded: group >> 2))
        case 2:
            guard group & 15 == 0 else { return nil }
            bytes.append(UInt8(truncatingIfNeeded: group >> 4))
        default: break
        }
        return bytes
    }

    private static func value(_ character: UInt8) -> UInt32? {
        switch character {
        case 0x41...0x5a: UInt32(character - 0x41)
        case 0x61...0x7a: UInt32(character - 0x61 + 26)
        case 0x30...0x39: UInt32(character - 0x30 + 52)
        case 0x2b: 62
        case 0x2f: 63
        default: nil
        }
    }
}

extension String {
    /// Whether the text has 1 to so many UTF-8 bytes and no control character, so that it can be
    /// shown.
    public func isShown(most: Int) -> Bool {
        guard (1...most).contains(utf8.count) else { return false }
        // U+0080 to U+009F are the bytes 0xc2 and 0x80 to 0x9f.
        var last: UInt8 = 0
        return utf8.allSatisfy { byte in
            defer { last = byte }
            return byte >= 0x20 && byte != 0x7f
                && !(last == 0xc2 && (0x80...0x9f).contains(byte))
        }
    }

    /// Whether the text is a word of at most so many of a-z, 0-9 and `-`.
    public func isWord(most: Int) -> Bool {
        (1...most).contains(utf8.count)
            && utf8.allSatisfy {
                (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d
            }
    }
}

/// Text as it stands in markup.
public enum MarkupText {
    /// The text as it may stand anywhere in HTML and XML, also in an attribute between quotes: every
    /// scalar as it is but for the five characters of markup.
    public static func escape(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
