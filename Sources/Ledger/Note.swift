import Bytes
public import Secrets

/// One signature line of a note: who says so, with which key, and the bytes of the signature.
public struct NoteSignature: Sendable, Hashable {
    /// The key's name; not empty, without Unicode spaces and plus signs.
    public let name: String
    /// The first 4 bytes of the key's hash.
    public let keyID: [UInt8]
    /// The signature itself; 64 bytes for Ed25519.
    public let signature: [UInt8]

    /// A line from its parts. Throws `note-signature-form` where a part is not as it must be.
    public init(name: String, keyID: [UInt8], signature: [UInt8]) throws(LedgerError) {
        guard NoteSyntax.isName(name), keyID.count == 4, !signature.isEmpty else {
            throw LedgerError(
                code: "note-signature-form", sentence: "this is no signature line of a note")
        }
        self.name = name
        self.keyID = keyID
        self.signature = signature
    }

    /// The line with its line feed: `— <name> base64(key id ‖ signature)`.
    var line: String { "\u{2014} \(name) \(Base64.encode(keyID + signature))\n" }

    /// The same bytes, not only the same text.
    public static func == (left: NoteSignature, right: NoteSignature) -> Bool {
        left.isSameKey(as: right.name, right.keyID) && left.signature == right.signature
    }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(keyID)
        hasher.combine(signature)
    }

    /// Whether name and key id are these, byte for byte.
    func isSameKey(as name: String, _ keyID: [UInt8]) -> Bool {
        self.keyID == keyID && self.name.utf8.elementsEqual(name.utf8)
    }
}

/// A C2SP signed note (signed-note v1.0.0): a text and who signed it. Nothing is verified by
/// parsing: ask `isSigned(by:)` or `signers(among:)` before believing the text.
///
///     This is an example message.
///
///     — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
public struct Note: Sendable, Hashable {
    /// The signed text; ends with a line feed.
    public let text: String
    /// The signatures in the order of their lines; at least one, at most 100.
    public let signatures: [NoteSignature]

    /// The largest note in bytes that is read or made.
    public static let maximumSize = 1 << 20
    /// The most signatures that a note may carry.
    public static let maximumSignatures = 100

    /// A note from its parts. Throws `note-text` for a text that does not end with a line feed or
    /// has control characters, `note-signatures` where none, too many or two of one key are given,
    /// `note-size` above `maximumSize`.
    public init(text: String, signatures: [NoteSignature]) throws(LedgerError) {
        try self.init(checking: Array(text.utf8)[...], text, signatures)
        guard encode().count <= Self.maximumSize else { throw Self.tooLarge }
    }

    private init(
        checking bytes: ArraySlice<UInt8>, _ text: String, _ signatures: [NoteSignature]
    ) throws(LedgerError) {
        guard NoteSyntax.isText(bytes) else {
            throw LedgerError(
                code: "note-text",
                sentence: "a note's text ends with a line feed and has no control characters")
        }
        guard (1...Self.maximumSignatures).contains(signatures.count),
            signatures.count == 1
                || Set(signatures.map { Array($0.name.utf8) + $0.keyID }).count == signatures.count
        else {
            throw LedgerError(
                code: "note-signatures",
                sentence: "a note has 1 to \(Self.maximumSignatures) signatures, one of each key")
        }
        self.text = text
        self.signatures = signatures
    }

    /// Reads a note, accepting only what `encode` would have written. Throws `note-size`,
    /// `note-form`, `note-signature-form` and what the parts throw.
    public init(wire: [UInt8]) throws(LedgerError) {
        guard wire.count <= Self.maximumSize else { throw Self.tooLarge }
        guard let split = NoteSyntax.lastEmptyLine(wire), wire.last == NoteSyntax.lineFeed,
            let text = String(validating: wire[..<split], as: UTF8.self)
        else { throw Self.malformed }
        var signatures: [NoteSignature] = []
        for line in wire[(split + 1)...].dropLast().split(
            separator: NoteSyntax.lineFeed, maxSplits: Self.maximumSignatures,
            omittingEmptySubsequences: false)
        {
            signatures.append(try NoteSyntax.signature(line))
        }
        // Every byte has been accounted for: the text is kept as it is, and of a signature line
        // each part has one spelling. So `encode` gives the same bytes again.
        try self.init(checking: wire[..<split], text, signatures)
    }

    /// The note's bytes: text, empty line, signature lines.
    public func encode() -> [UInt8] {
        Array((text + "\n" + signatures.map(\.line).joined()).utf8)
    }

    /// SHA-256 of the text: the same for every set of signatures under it.
    public var id: Digest { Digest(of: Array(text.utf8)) }

    /// Whether this key signed the text. Other signatures play no part.
    public func isSigned(by key: NoteVerifierKey) -> Bool {
        guard let signature = signatures.first(where: { $0.isSameKey(as: key.name, key.keyID) })
        else { return false }
        return key.key.isValid(signature.signature, for: Array(text.utf8))
    }

    /// Which of the keys signed, in the order of `keys`; unknown signatures are ignored. Throws
    /// `note-signature-wrong` where a line names one of the keys and its signature is not valid.
    public func signers(
        among keys: [NoteVerifierKey]
    ) throws(LedgerError) -> [NoteVerifierKey] {
        var signers: [NoteVerifierKey] = []
        for key in keys
        where signatures.contains(where: { $0.isSameKey(as: key.name, key.keyID) }) {
            guard isSigned(by: key) else {
                throw LedgerError(
                    code: "note-signature-wrong",
                    sentence: "a signature under the name \(key.name) is not valid")
            }
            signers.append(key)
        }
        return signers
    }

    /// The same bytes, not only the same text.
    public static func == (left: Note, right: Note) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8) && left.signatures == right.signatures
    }

    /// Hashes the text's bytes.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(id)
    }

    private static var tooLarge: LedgerError {
        LedgerError(code: "note-size", sentence: "a note has at most \(maximumSize) bytes")
    }

    private static var malformed: LedgerError {
        LedgerError(
            code: "note-form", sentence: "this is no signed note as c2sp.org/signed-note has it")
    }
}

/// The characters that signed-note v1.0.0 allows, section "Format".
enum NoteSyntax {
    static let lineFeed: UInt8 = 0x0a
    private static let dash: [UInt8] = [0xe2, 0x80, 0x94, 0x20]  // em dash, space

    /// Not empty, no Unicode spaces, no plus, no control characters.
    static func isName(_ name: String) -> Bool {
        if name.utf8.allSatisfy({ (0x21..<0x7f).contains($0) && $0 != 0x2b }) {
            return !name.isEmpty
        }
        return name.unicodeScalars.allSatisfy {
            $0.value >= 0x20 && $0 != "+" && !$0.properties.isWhitespace
        }
    }

    /// Ends with a line feed, and has no other control character.
    static func isText(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.last == lineFeed && bytes.allSatisfy { $0 >= 0x20 || $0 == lineFeed }
    }

    /// Where the empty line stands that ends the text; the text may have empty lines of its own.
    static func lastEmptyLine(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 2 else { return nil }
        var place = bytes.count - 1
        while place > 0 {
            if bytes[place] == lineFeed && bytes[place - 1] == lineFeed { return place }
            place -= 1
        }
        return nil
    }

    /// A signature line without its line feed.
    static func signature(_ line: ArraySlice<UInt8>) throws(LedgerError) -> NoteSignature {
        let rest = line.dropFirst(dash.count)
        guard line.starts(with: dash), let space = rest.firstIndex(of: 0x20),
            let name = String(validating: rest[..<space], as: UTF8.self),
            let bytes = Base64.decode(rest[(space + 1)...]), bytes.count > 4
        else {
            throw LedgerError(
                code: "note-signature-form", sentence: "this is no signature line of a note")
        }
        return try NoteSignature(
            name: name, keyID: Array(bytes[..<4]), signature: Array(bytes[4...]))
    }
}
