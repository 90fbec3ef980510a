// XML as cameras send it, read by a parser of our own: elements and text, and nothing that could
// fetch, expand or recur. Foundation's parser is libxml2, which must be talked out of document
// types, entities and encodings one by one; what is not there need not be switched off.

/// One element with its children.
struct XMLTree {
    /// The most elements inside one another.
    static let maximumDepth = 32
    /// The most bytes of a document; pictures stand beside it, in parts of their own.
    static let maximumBytes = 1 << 20
    /// The most elements of a message.
    static let maximumElements = 4_096

    /// The local name, without a prefix.
    let name: String
    /// The text directly inside, of all its pieces, without white space around it.
    fileprivate(set) var text = ""
    /// The elements directly inside.
    fileprivate(set) var children: [XMLTree] = []

    /// The first child of a name.
    subscript(name: String) -> XMLTree? { children.first { $0.name == name } }

    /// The first child's text; nil where it is missing or empty.
    func value(_ name: String) -> String? {
        guard let text = self[name]?.text, !text.isEmpty else { return nil }
        return text
    }

    /// The root of a document. Throws `message-xml`: no UTF-8, a document type, an entity other
    /// than the five, instructions, bounds broken, or tags that do not match.
    static func parse(_ bytes: some Collection<UInt8>) throws(IntakeRefusal) -> XMLTree {
        guard bytes.count <= maximumBytes else { throw XMLReader.failure }
        let bytes = Array(bytes)
        guard (try? UTF8Span(validating: bytes.span)) != nil, !bytes.contains(0) else {
            throw XMLReader.failure
        }
        var reader = XMLReader(bytes: bytes)
        return try reader.document()
    }

    fileprivate init(name: String) { self.name = name }

    fileprivate mutating func close() {
        let blanks: (Character) -> Bool = { $0.isWhitespace }
        text = String(text.drop(while: blanks).reversed().drop(while: blanks).reversed())
    }
}

/// Goes through the bytes once, from left to right.
private struct XMLReader {
    static let failure = IntakeRefusal(
        "message-xml", "the message is no XML of the plain kind that is read here")

    let bytes: [UInt8]
    var place = 0
    var elements = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(IntakeRefusal) -> XMLTree {
        skip("\u{feff}")
        try declaration()
        var open: [XMLTree] = []
        while true {
            if open.isEmpty {
                blanks()
                if skip("<!--") {
                    try past("-->")
                    continue
                }
                guard at("<"), !at("<!"), !at("<?") else { throw Self.failure }
            } else {
                open[open.count - 1].text += try text()
                if skip("<!--") {
                    try past("-->")
                    continue
                }
                if skip("<![CDATA[") {
                    let start = place
                    try past("]]>")
                    open[open.count - 1].text += String(
                        decoding: bytes[start..<place - 3], as: UTF8.self)
                    continue
                }
                if skip("</") {
                    guard var element = open.popLast(), try name() == element.name else {
                        throw Self.failure
                    }
                    blanks()
                    guard skip(">") else { throw Self.failure }
                    element.close()
                    if open.isEmpty { return try end(element) }
                    open[open.count - 1].children.append(element)
                    continue
                }
            }
            guard !at("<!"), !at("<?"), skip("<") else { throw Self.failure }
            let (element, isEmpty) = try startTag()
            guard open.count < XMLTree.maximumDepth else { throw Self.failure }
            if !isEmpty {
                open.append(element)
            } else if open.isEmpty {
                return try end(element)
            } else {
                open[open.count - 1].children.append(element)
            }
        }
    }

    /// The XML declaration, which may name UTF-8 only.
    private mutating func declaration() throws(IntakeRefusal) {
        guard at("<?xml ") else { return }
        let start = place
        try past("?>")
        let text = String(decoding: bytes[start..<place], as: UTF8.self).lowercased()
        guard !text.contains("encoding") || text.contains("utf-8") else { throw Self.failure }
    }

    /// Nothing but comments and white space stands after the root.
    private mutating func end(_ root: XMLTree) throws(IntakeRefusal) -> XMLTree {
        blanks()
        while skip("<!--") {
            try past("-->")
            blanks()
        }
        guard place == bytes.count else { throw Self.failure }
        return root
    }

    /// A start tag after its `<`; attributes are passed over.
    private mutating func startTag() throws(IntakeRefusal) -> (XMLTree, isEmpty: Bool) {
        elements += 1
        guard elements <= XMLTree.maximumElements else { throw Self.failure }
        let element = XMLTree(name: try name())
        while true {
            blanks()
            if skip("/>") { return (element, true) }
            if skip(">") { return (element, false) }
            _ = try name()
            blanks()
            guard skip("=") else { throw Self.failure }
            blanks()
            guard place < bytes.count, bytes[place] == 0x22 || bytes[place] == 0x27,
                let end = bytes[(place + 1)...].firstIndex(of: bytes[place]),
                !bytes[place..<end].contains(0x3c)
            else { throw Self.failure }
            place = end + 1
        }
    }

    /// A name; what stands before a colon is dropped.
    private mutating func name() throws(IntakeRefusal) -> String {
        let ends = Set(" \t\r\n/>=<&\"'!?".utf8)
        let start = place
        while place < bytes.count, !ends.contains(bytes[place]) { place += 1 }
        guard (1...256).contains(place - start),
            let local = bytes[start..<place].split(separator: 0x3a).last
        else { throw Self.failure }
        return String(decoding: local, as: UTF8.self)
    }

    /// Text up to the next `<`.
    private mutating func text() throws(IntakeRefusal) -> String {
        var result: [UInt8] = []
        while place < bytes.count, bytes[place] != 0x3c {
            if bytes[place] == 0x26 {
                result += try reference()
            } else {
                result.append(bytes[place])
                place += 1
            }
        }
        guard place < bytes.count else { throw Self.failure }
        return String(decoding: result, as: UTF8.self)
    }

    /// `&amp;` and the other four, or a character's number.
    private mutating func reference() throws(IntakeRefusal) -> [UInt8] {
        let limit = min(bytes.count, place + 12)
        guard let end = bytes[place..<limit].firstIndex(of: 0x3b) else { throw Self.failure }
        let name = String(decoding: bytes[(place + 1)..<end], as: UTF8.self)
        place = end + 1
        switch name {
        case "amp": return [0x26]
        case "lt": return [0x3c]
        case "gt": return [0x3e]
        case "quot": return [0x22]
        case "apos": return [0x27]
        default: break
        }
        guard name.hasPrefix("#") else { throw Self.failure }
        let value =
            name.hasPrefix("#x")
            ? UInt32(name.dropFirst(2), radix: 16) : UInt32(name.dropFirst())
        guard let value, value >= 0x20 || value == 9 || value == 10 || value == 13,
            let scalar = Unicode.Scalar(value)
        else { throw Self.failure }
        return Array(String(Character(scalar)).utf8)
    }

    private func at(_ text: String) -> Bool { bytes[place...].starts(with: text.utf8) }

    @discardableResult
    private mutating func skip(_ text: String) -> Bool {
        guard at(text) else { return false }
        place += text.utf8.count
        return true
    }

    /// Goes behind the next `text`.
    private mutating func past(_ text: String) throws(IntakeRefusal) {
        let first = text.utf8.first ?? 0
        while let next = bytes[place...].firstIndex(of: first) {
            place = next
            if skip(text) { return }
            place += 1
        }
        throw Self.failure
    }

    private mutating func blanks() {
        while place < bytes.count, [0x20, 9, 0x0a, 0x0d].contains(bytes[place]) { place += 1 }
    }
}
