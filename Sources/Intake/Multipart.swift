// multipart bodies (RFC 2046, RFC 7578), read without trust: bounded parts and headers, each byte
// looked at a bounded number of times.
//
// A delimiter is a line break, two hyphens, the boundary and then a line break or two hyphens: the
// boundary's text alone inside an image is none. A part that says its length and has a delimiter
// right behind it ends there, whatever stands inside.

/// The parts of a body.
public struct Multipart {
    /// The most parts of a camera's message.
    public static let usualParts = 32
    /// The most bytes of a part's header lines.
    public static let maximumHeader = 8_192

    /// One part.
    public struct Part {
        /// Its field's name, empty where it has none.
        public internal(set) var name = ""
        /// Its file's name; nil where it has none.
        public internal(set) var fileName: String?
        /// Its type in lower case without parameters, empty where it says none.
        public internal(set) var type = ""
        /// Where its content stands.
        public internal(set) var content: ArraySlice<UInt8> = []
        fileprivate var length: Int?
    }

    /// The parts, in order.
    public let parts: [Part]

    /// The parts of a body with this content type, `atMost` of them. Throws `multipart-boundary`, `multipart-header`,
    /// `multipart-parts` or `multipart-end`.
    public init(
        _ body: [UInt8], contentType: String, atMost limit: Int = usualParts
    ) throws(IntakeRefusal) {
        guard let boundary = Self.boundary(contentType) else {
            throw IntakeRefusal("multipart-boundary", "the content type has no usable boundary")
        }
        var parts: [Part] = []
        guard var place = Self.opening(body, boundary) else {
            throw IntakeRefusal("multipart-boundary", "the body does not begin with its boundary")
        }
        while true {
            var (part, start) = try Self.header(body, place)
            guard let end = Self.end(body, start, boundary, part.length) else {
                throw IntakeRefusal("multipart-end", "a part has no end")
            }
            part.content = body[start..<end.content]
            parts.append(part)
            guard parts.count <= limit else {
                throw IntakeRefusal("multipart-parts", "more than \(limit) parts")
            }
            guard let next = end.next else { break }
            place = next
        }
        self.parts = parts
    }

    /// Whether a content type is a multipart one.
    public static func isMultipart(_ contentType: String) -> Bool {
        MediaType.essence(contentType).hasPrefix("multipart/")
    }

    /// The boundary: 1 to 70 characters of RFC 2046, quoted or not.
    private static func boundary(_ contentType: String) -> [UInt8]? {
        guard let text = MediaType.parameter("boundary", of: contentType) else { return nil }
        let bytes = Array(text.utf8)
        let marks = Set("'()+_,-./:=? ".utf8)
        let isUsual = bytes.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5a).contains($0)
                || (0x61...0x7a).contains($0) || marks.contains($0)
        }
        return isUsual && (1...70).contains(bytes.count) && bytes.last != 0x20 ? bytes : nil
    }

    /// The offset after the first delimiter, which may have a preamble of line breaks only.
    private static func opening(_ body: [UInt8], _ boundary: [UInt8]) -> Int? {
        let start = body.prefix(4).prefix { $0 == 0x0d || $0 == 0x0a }.count
        return delimiter(body, start, boundary)?.next
    }

    /// A delimiter; `next` is where the next part begins, nil behind the last.
    private struct Delimiter { let next: Int? }

    /// The delimiter that stands, without its line break, at `place`; nil where there is none.
    private static func delimiter(
        _ body: [UInt8], _ place: Int, _ boundary: [UInt8]
    ) -> Delimiter? {
        let length = boundary.count + 2
        guard body.count - place >= length + 2, body[place] == 0x2d, body[place + 1] == 0x2d,
            body[place + 2..<place + length].elementsEqual(boundary)
        else { return nil }
        var after = place + length
        if body[after] == 0x2d, body[after + 1] == 0x2d { return Delimiter(next: nil) }
        // Padding that gateways may have added; at most a few, so that it costs nothing.
        while after < min(body.count, place + length + 16), body[after] == 0x20 || body[after] == 9
        {
            after += 1
        }
        guard after + 1 < body.count, body[after] == 0x0d, body[after + 1] == 0x0a else {
            return nil
        }
        return Delimiter(next: after + 2)
    }

    /// Where a part's content ends, and where the next part begins.
    private static func end(
        _ body: [UInt8], _ start: Int, _ boundary: [UInt8], _ length: Int?
    ) -> (content: Int, next: Int?)? {
        func at(_ place: Int) -> (content: Int, next: Int?)? {
            guard place + 1 < body.count, body[place] == 0x0d, body[place + 1] == 0x0a,
                let found = delimiter(body, place + 2, boundary)
            else { return nil }
            return (place, found.next)
        }
        if let length, length <= body.count - start, let end = at(start + length) { return end }
        // An empty part may have its delimiter right after the empty line.
        if let found = delimiter(body, start, boundary) { return (start, found.next) }
        var place = start
        while let next = body[place...].firstIndex(of: 0x0d) {
            if let end = at(next) { return end }
            place = next + 1
        }
        return nil
    }

    /// A part's header lines, and where its content begins.
    private static func header(
        _ body: [UInt8], _ start: Int
    ) throws(IntakeRefusal) -> (Part, Int) {
        var part = Part()
        var place = start
        for _ in 0..<16 {
            let limit = min(body.count, start + maximumHeader)
            guard place < limit, let end = body[place..<limit].firstIndex(of: 0x0d),
                end + 1 < body.count, body[end + 1] == 0x0a,
                let line = String(validating: body[place..<end], as: UTF8.self)
            else { break }
            place = end + 2
            if line.isEmpty { return (part, place) }
            guard let colon = line.firstIndex(of: ":") else { break }
            let value = String(line[line.index(after: colon)...])
            switch line[..<colon].lowercased() {
            case "content-disposition":
                part.name = MediaType.parameter("name", of: value) ?? ""
                part.fileName = MediaType.parameter("filename", of: value)
            case "content-type": part.type = MediaType.essence(value)
            case "content-length":
                part.length = Int(value.filter { $0 != " " }).flatMap {
                    $0 >= 0 ? $0 : nil
                }
            default: break
            }
        }
        throw IntakeRefusal("multipart-header", "a part's header is malformed or too long")
    }
}

/// The values of `Content-Type` and `Content-Disposition`.
enum MediaType {
    /// The type in lower case, without parameters.
    static func essence(_ text: String) -> String {
        String(text.prefix { $0 != ";" }).filter { $0 != " " && $0 != "\t" }.lowercased()
    }

    /// A parameter's value, unquoted; the first of that name counts.
    static func parameter(_ name: String, of text: String) -> String? {
        guard text.utf8.count <= Multipart.maximumHeader else { return nil }
        var pieces: [String] = [""]
        var isQuoted = false
        var isEscaped = false
        for character in text.unicodeScalars {
            if character == "\"", !isEscaped { isQuoted.toggle() }
            isEscaped = isQuoted && character == "\\" && !isEscaped
            if character == ";", !isQuoted {
                pieces.append("")
            } else {
                pieces[pieces.count - 1].unicodeScalars.append(character)
            }
        }
        for piece in pieces.dropFirst() {
            let parts = piece.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, trimmed(parts[0]).lowercased() == name else { continue }
            let value = trimmed(parts[1])
            guard value.hasPrefix("\""), value.hasSuffix("\""), value.utf8.count >= 2 else {
                return value
            }
            return String(value.dropFirst().dropLast())
        }
        return nil
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let blanks: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let front = text.drop(while: blanks)
        return String(front.reversed().drop(while: blanks).reversed())
    }
}
