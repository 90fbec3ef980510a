import Bytes

/// A signing key at rest: an Ed25519 seed sealed under a passphrase, as the text of a small file.
/// Pure encoding; whoever calls reads and writes the file (Docs/Spec/KeyFile.md).
///
///     platevault key 1
///     argon2id 3 262144 2Fq0c8m0m6b1S0b8c9vKkA==
///     nonce Jx0b…
///     sealed q83v…
///
public enum KeyFile {
    /// The most passes and KiB that are worked through for a file: a stranger's file must not be
    /// able to stop the machine.
    public static let limit = Argon2id.Cost(passes: 16, kibibytes: 1_048_576)

    private static let title = "platevault key 1"
    private static let sealedSize = 32 + XChaCha20Poly1305.tagSize

    /// The file's text, ended by a line feed. Salt and nonce are drawn from `source`. Throws
    /// `passphrase-empty`, `key-file-cost` beyond `limit`, and `memory-locked-out`.
    public static func seal(
        _ key: SigningKey, passphrase: borrowing SecretBytes, cost: Argon2id.Cost,
        from source: any RandomSource
    ) throws(SecretsError) -> String {
        guard passphrase.count > 0 else {
            throw SecretsError(
                code: "passphrase-empty", sentence: "a key file needs a passphrase")
        }
        try check(cost)
        let salt = source.bytes(Argon2id.saltSize)
        let nonce = source.bytes(XChaCha20Poly1305.nonceSize)
        let header = header(cost: cost, salt: salt)
        let wrapping = try Argon2id.derive(passphrase: passphrase, salt: salt, cost: cost)
        let seed = try key.seed()
        let sealed = try XChaCha20Poly1305.seal(
            secret: seed, key: wrapping, nonce: nonce, aad: Array(header.utf8))
        return text(header, nonce, sealed)
    }

    /// The key in a file. Throws `key-file-malformed` unless `seal` would have written the text,
    /// `key-file-cost` beyond `limit`, `not-authentic` for another passphrase or a changed file,
    /// and `memory-locked-out`.
    public static func open(
        _ text: String, passphrase: borrowing SecretBytes
    ) throws(SecretsError) -> SigningKey {
        let parts = try parse(text)
        try check(parts.cost)
        let wrapping = try Argon2id.derive(
            passphrase: passphrase, salt: parts.salt, cost: parts.cost)
        let header = header(cost: parts.cost, salt: parts.salt)
        let seed = try XChaCha20Poly1305.openSecret(
            parts.sealed, key: wrapping, nonce: parts.nonce, aad: Array(header.utf8))
        return try SigningKey(seed: seed)
    }

    private struct Parts {
        let cost: Argon2id.Cost
        let salt: [UInt8]
        let nonce: [UInt8]
        let sealed: [UInt8]
    }

    /// The first two lines, which the seal is bound to.
    private static func header(cost: Argon2id.Cost, salt: [UInt8]) -> String {
        "\(title)\nargon2id \(cost.passes) \(cost.kibibytes) \(Base64.encode(salt))\n"
    }

    private static func text(_ header: String, _ nonce: [UInt8], _ sealed: [UInt8]) -> String {
        header + "nonce \(Base64.encode(nonce))\nsealed \(Base64.encode(sealed))\n"
    }

    /// The parts of a text that `text` writes again in the same bytes.
    private static func parse(_ text: String) throws(SecretsError) -> Parts {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let fields = lines.map { $0.split(separator: " ", omittingEmptySubsequences: false) }
        guard fields.map(\.count) == [3, 4, 2, 2, 1],
            let passes = UInt32(fields[1][1]), let kibibytes = UInt32(fields[1][2]),
            let salt = Base64.decode(String(fields[1][3])), salt.count == Argon2id.saltSize,
            let nonce = Base64.decode(String(fields[2][1])),
            nonce.count == XChaCha20Poly1305.nonceSize,
            let sealed = Base64.decode(String(fields[3][1])), sealed.count == sealedSize
        else { throw malformed }
        let cost = Argon2id.Cost(passes: passes, kibibytes: kibibytes)
        let again = Self.text(header(cost: cost, salt: salt), nonce, sealed)
        guard again.utf8.elementsEqual(text.utf8) else { throw malformed }
        return Parts(cost: cost, salt: salt, nonce: nonce, sealed: sealed)
    }

    private static func check(_ cost: Argon2id.Cost) throws(SecretsError) {
        guard (1...limit.passes).contains(cost.passes),
            (8...limit.kibibytes).contains(cost.kibibytes)
        else {
            throw SecretsError(
                code: "key-file-cost",
                sentence: "1 to \(limit.passes) passes over 8 to \(limit.kibibytes) KiB are taken")
        }
    }

    private static var malformed: SecretsError {
        SecretsError(
            code: "key-file-malformed", sentence: "this is no key file, or it has been edited")
    }
}
