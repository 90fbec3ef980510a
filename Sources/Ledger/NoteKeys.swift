import Bytes
public import Secrets

/// A public Ed25519 key with a name, as it stands in rosters and configurations.
///
///     example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k
public struct NoteVerifierKey: Sendable, Hashable, CustomStringConvertible {
    /// The key's name; a URL without its scheme by custom.
    public let name: String
    /// The Ed25519 key.
    public let key: VerifyingKey
    /// The first 4 bytes of SHA-256(name ‖ 0x0a ‖ 0x01 ‖ key).
    public let keyID: [UInt8]

    /// signed-note's type byte of plain Ed25519.
    private static let algorithm: UInt8 = 1

    /// A named key. Throws `key-name` for an empty name or one with spaces or a plus.
    public init(name: String, key: VerifyingKey) throws(LedgerError) {
        keyID = try KeyText.keyID(name, Self.algorithm, key)
        self.name = name
        self.key = key
    }

    /// Reads `name+hash+base64`. Throws `key-form` unless it is exactly what `text` gives.
    public init(text: String) throws(LedgerError) {
        let parts = try KeyText.parts(text, Self.algorithm)
        try self.init(name: parts.name, key: parts.key)
        guard self.text.utf8.elementsEqual(text.utf8) else { throw KeyText.malformed }
    }

    /// `name+hash+base64`, the hash in lower-case hex.
    public var text: String { KeyText.text(name, keyID, Self.algorithm, key) }

    /// The key's text.
    public var description: String { text }

    /// The same bytes, not only the same text.
    public static func == (left: NoteVerifierKey, right: NoteVerifierKey) -> Bool {
        left.key == right.key && left.name.utf8.elementsEqual(right.name.utf8)
    }

    /// Hashes the key's bytes.
    public func hash(into hasher: inout Hasher) { hasher.combine(key) }
}

/// The text of a verifier key, `name+hash+base64`, whatever its type of signature.
enum KeyText {
    /// The first 4 bytes of SHA-256(name ‖ 0x0a ‖ type ‖ key). Throws `key-name`.
    static func keyID(
        _ name: String, _ algorithm: UInt8, _ key: VerifyingKey
    ) throws(LedgerError) -> [UInt8] {
        guard NoteSyntax.isName(name) else {
            throw LedgerError(
                code: "key-name",
                sentence: "a key's name is not empty and has neither spaces nor a plus")
        }
        return Array(Digest(of: Array(name.utf8) + [0x0a, algorithm] + key.bytes).bytes[..<4])
    }

    static func text(
        _ name: String, _ keyID: [UInt8], _ algorithm: UInt8, _ key: VerifyingKey
    ) -> String {
        "\(name)+\(Hex.encode(keyID))+\(Base64.encode([algorithm] + key.bytes))"
    }

    /// Name and key of a text; the hash is not looked at yet. Throws `key-form`.
    static func parts(
        _ text: String, _ algorithm: UInt8
    ) throws(LedgerError) -> (name: String, key: VerifyingKey) {
        // The base64 part may itself hold plus signs; the name and the hash cannot.
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let bytes = Base64.decode(String(parts[2])),
            bytes.first == algorithm, let key = VerifyingKey(wire: Array(bytes[1...]))
        else { throw malformed }
        return (String(parts[0]), key)
    }

    static var malformed: LedgerError {
        LedgerError(
            code: "key-form",
            sentence: "this is no Ed25519 verifier key (name+hash+base64) of signed-note")
    }
}

/// A named private key that signs notes; the key stays in guarded memory.
public final class NoteSigner: Sendable {
    /// The public half, under the same name.
    public let verifierKey: NoteVerifierKey
    private let key: SigningKey

    /// A signer. Throws `key-name` as `NoteVerifierKey`.
    public init(name: String, key: SigningKey) throws(LedgerError) {
        verifierKey = try NoteVerifierKey(name: name, key: key.verifyingKey)
        self.key = key
    }

    /// The key's name.
    public var name: String { verifierKey.name }

    /// A note of this text under this one signature; the same text gives the same bytes. Throws
    /// `note-text` and `note-size`.
    public func sign(_ text: String) throws(LedgerError) -> Note {
        try Note(text: text, signatures: [signature(of: text)])
    }

    /// The note with this signature after those that it has, or the note itself where this key has
    /// signed it. Throws `note-signature-wrong` where a signature of this name and id is not valid,
    /// `note-signatures` above 100.
    public func cosign(_ note: Note) throws(LedgerError) -> Note {
        guard try note.signers(among: [verifierKey]).isEmpty else { return note }
        return try Note(
            text: note.text, signatures: note.signatures + [signature(of: note.text)])
    }

    private func signature(of text: String) throws(LedgerError) -> NoteSignature {
        try NoteSignature(
            name: name, keyID: verifierKey.keyID, signature: key.sign(Array(text.utf8)))
    }
}
