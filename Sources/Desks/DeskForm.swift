import Hosting
import Intake

/// A form as a browser sent it: `application/x-www-form-urlencoded` or `multipart/form-data`,
/// bounded, its texts valid UTF-8.
public struct DeskForm: Sendable {
    /// 24 MiB: the longest body of a form, files included.
    public static let bodyLimit = 24 << 20
    /// 16 KiB: the longest text of one field.
    static let textLimit = 16_384
    /// 4,096: the most fields.
    static let fieldLimit = 4_096

    /// A file that was chosen.
    public struct File: Sendable {
        /// Its name, for the screen only: no path is made of it.
        public let name: String
        /// Its bytes.
        public let bytes: [UInt8]
    }

    private var texts: [(name: String, value: String)] = []
    private var files: [(name: String, file: File)] = []

    /// An empty form.
    init() {}

    /// The form in a body of a content type. Nil for anything else and anything beyond the bounds.
    init?(_ body: [UInt8], contentType: String) {
        if contentType.lowercased().hasPrefix("application/x-www-form-urlencoded") {
            guard let pairs = Self.pairs(String(validating: body, as: UTF8.self)) else {
                return nil
            }
            texts = pairs
            return
        }
        guard contentType.lowercased().hasPrefix("multipart/form-data"),
            let parts = try? Multipart(
                body, contentType: contentType, atMost: Self.fieldLimit
            ).parts
        else { return nil }
        for part in parts {
            if let name = part.fileName {
                // A field for a file of which none was chosen comes with an empty name.
                if name.isEmpty && part.content.isEmpty { continue }
                files.append((part.name, File(name: name, bytes: Array(part.content))))
            } else {
                guard part.content.count <= Self.textLimit,
                    let text = String(validating: part.content, as: UTF8.self)
                else { return nil }
                texts.append((part.name, text))
            }
        }
    }

    /// The fields of a query. Nil where it is none.
    init?(query: String) {
        guard let pairs = Self.pairs(query) else { return nil }
        texts = pairs
    }

    /// The first text of a field; nil where it has none.
    public func text(_ name: String) -> String? { texts.first { $0.name == name }?.value }
    /// Every text of a field, in order: a list in which several were chosen.
    public func all(_ name: String) -> [String] {
        texts.filter { $0.name == name }.map(\.value)
    }
    /// Whether a box was ticked or a button of that name was pressed.
    public func has(_ name: String) -> Bool { text(name) != nil }
    /// The file of a field; nil where none was chosen.
    public func file(_ name: String) -> File? { files.first { $0.name == name }?.file }

    private static func pairs(_ text: String?) -> [(name: String, value: String)]? {
        guard let text else { return nil }
        var pairs: [(name: String, value: String)] = []
        for piece in text.split(separator: "&") {
            let halves = piece.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = decoded(halves[0]),
                let value = halves.count == 2 ? decoded(halves[1]) : "",
                value.utf8.count <= textLimit, pairs.count < fieldLimit
            else { return nil }
            pairs.append((name, value))
        }
        return pairs
    }

    /// The WHATWG form encoding: `+` for a space, `%` and two hex digits for a byte.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case 0x2b: bytes.append(0x20)
            case 0x25:
                guard rest.count >= 2,
                    let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16),
                    rest.first != 0x2b, rest.first != 0x2d
                else { return nil }
                bytes.append(value)
                rest = rest.dropFirst(2)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
