import Bytes
public import Secrets

/// A public key that cosigns checkpoints (tlog-cosignature v1.0.1, Ed25519 `cosignature/v1`), with
/// its name.
///
/// The published example of a cosignature line, 8 bytes of time and 64 of signature:
///
///     — witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
public struct CosignerKey: Sendable, Hashable, CustomStringConvertible {
    /// The key's name; a URL without its scheme by custom.
    public let name: String
    /// The Ed25519 key.
    public let key: VerifyingKey
    /// The first 4 bytes of SHA-256(name ‖ 0x0a ‖ 0x04 ‖ key).
    public let keyID: [UInt8]

    /// signed-note's type byte of timestamped Ed25519 cosignatures.
    private static let algorithm: UInt8 = 4

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
    public static func == (left: CosignerKey, right: CosignerKey) -> Bool {
        left.key == right.key && left.name.utf8.elementsEqual(right.name.utf8)
    }

    /// Hashes the key's bytes.
    public func hash(into hasher: inout Hasher) { hasher.combine(key) }

    /// The time of a signature line over a checkpoint's text, or nil where it is not this key's:
    /// another name or id, another length, time 0 or above 2^63 − 1, another signer.
    func time(of line: NoteSignature, over text: String) -> UInt64? {
        guard line.isSameKey(as: name, keyID), line.signature.count == 8 + 64 else { return nil }
        let seconds = line.signature[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        guard Self.times.contains(seconds),
            key.isValid(Array(line.signature[8...]), for: Self.message(text, seconds))
        else { return nil }
        return seconds
    }

    /// The times that may be signed: a cosigner that saw the log saw it some time.
    static let times: ClosedRange<UInt64> = 1...(1 << 63 - 1)

    /// What is signed: header, time, and the checkpoint's whole text.
    static func message(_ text: String, _ seconds: UInt64) -> [UInt8] {
        Array("cosignature/v1\ntime \(seconds)\n\(text)".utf8)
    }
}

/// A named private key that cosigns checkpoints; the key stays in guarded memory. Its owner must
/// not use the key under another name, since the name is not in what it signs.
public final class Cosigner: Sendable {
    /// The public half, under the same name.
    public let verifierKey: CosignerKey
    private let key: SigningKey

    /// A cosigner. Throws `key-name` as `CosignerKey`.
    public init(name: String, key: SigningKey) throws(LedgerError) {
        verifierKey = try CosignerKey(name: name, key: key.verifyingKey)
        self.key = key
    }

    /// The line that says: at this time (seconds since 1970), this was the largest tree of the log
    /// that the cosigner had seen, and it extends all that it had seen before. Whoever calls has
    /// made sure of it. Throws `cosignature-time` for 0 and above 2^63 − 1.
    public func cosign(
        _ checkpoint: Checkpoint, at seconds: UInt64
    ) throws(LedgerError) -> NoteSignature {
        guard CosignerKey.times.contains(seconds) else {
            throw LedgerError(
                code: "cosignature-time", sentence: "a cosignature's time is from 1 to 2^63 - 1")
        }
        var signature = ByteWriter(capacity: 8 + 64)
        signature.u64(seconds)
        signature.raw(key.sign(CosignerKey.message(checkpoint.text, seconds)))
        return try NoteSignature(
            name: verifierKey.name, keyID: verifierKey.keyID, signature: signature.bytes)
    }
}

/// A valid cosignature of a note: whose, and of when.
public struct Cosignature: Sendable, Hashable {
    /// The key that signed.
    public let key: CosignerKey
    /// Seconds since 1970, as the cosigner said.
    public let time: UInt64
}

extension Note {
    /// The cosignatures by these keys, in their order; lines of unknown keys are ignored. Throws
    /// `note-signature-wrong` where a line names one of the keys and does not verify.
    public func cosignatures(by keys: [CosignerKey]) throws(LedgerError) -> [Cosignature] {
        var found: [Cosignature] = []
        for key in keys {
            guard let line = signatures.first(where: { $0.isSameKey(as: key.name, key.keyID) })
            else { continue }
            guard let time = key.time(of: line, over: text) else {
                throw LedgerError(
                    code: "note-signature-wrong",
                    sentence: "a cosignature under the name \(key.name) is not valid")
            }
            found.append(Cosignature(key: key, time: time))
        }
        return found
    }

    /// The same note with nothing but the cosignatures by these keys; nil where there is none of
    /// them. Throws as `cosignatures(by:)`.
    public func keeping(cosignersOf keys: [CosignerKey]) throws(LedgerError) -> Note? {
        let found = try cosignatures(by: keys)
        let lines = signatures.filter { line in
            found.contains { line.isSameKey(as: $0.key.name, $0.key.keyID) }
        }
        return lines.isEmpty ? nil : try Note(text: text, signatures: lines)
    }

    /// Which of some parties cosigned, by their words; a cosignature that does not verify is none.
    public func cosigners(among keys: [(id: String, key: CosignerKey)]) -> [String] {
        keys.filter { (try? cosignatures(by: [$0.key]))?.isEmpty == false }.map(\.id)
    }

    /// The note with these lines too: each takes the place of the line of the same name and key id,
    /// or stands after the others. Nothing is verified. Throws `note-signatures` above 100 lines.
    public func adding(_ lines: [NoteSignature]) throws(LedgerError) -> Note {
        var all = signatures
        for line in lines {
            if let place = all.firstIndex(where: { $0.isSameKey(as: line.name, line.keyID) }) {
                all[place] = line
            } else {
                all.append(line)
            }
        }
        return try Note(text: text, signatures: all)
    }

    /// The lines that stand under no such name and key id.
    func lines(except name: String, _ keyID: [UInt8]) -> [NoteSignature] {
        signatures.filter { !$0.isSameKey(as: name, keyID) }
    }
}
