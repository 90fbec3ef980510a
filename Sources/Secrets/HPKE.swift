import CSodium
import Crypto
import Foundation

/// HPKE (RFC 9180) in base mode with the one suite of the project: X-Wing (ML-KEM-768 + X25519),
/// HKDF-SHA-256, AES-256-GCM. One message a key; aad is always empty.
public enum HybridSeal {
    /// 1,216: bytes of a public key.
    public static let publicKeySize = 1_216
    /// 1,120: bytes of the encapsulated key that opens every sealed message.
    public static let encapsulationSize = 1_120

    static let suite = HPKE.Ciphersuite.XWingMLKEM768X25519_SHA256_AES_GCM_256

    /// `enc ‖ ciphertext ‖ tag` of a secret for the holder of a one-time key, 1,136 bytes longer
    /// than it. `info` is "platevault/" ‖ type ‖ "/v1" ‖ origin (DESIGN section 6).
    /// Throws `key-invalid` for a public key that is none.
    public static func seal(
        _ secret: borrowing SecretBytes, to publicKey: [UInt8], info: String
    ) throws(SecretsError) -> [UInt8] {
        do {
            let key = try XWingMLKEM768X25519.PublicKey(rawRepresentation: publicKey)
            var sender = try HPKE.Sender(
                recipientKey: key, ciphersuite: suite, info: Data(info.utf8))
            let sealed = try secret.withUnsafeBytes { bytes in
                try sender.seal(bytes, authenticating: Data())
            }
            return Array(sender.encapsulatedKey) + Array(sealed)
        } catch {
            throw SecretsError(
                code: "key-invalid", sentence: "cannot seal to that public key")
        }
    }
}

/// A private X-Wing key that opens messages sealed to it, and is meant to be erased soon.
public final class OneTimeKey: Sendable, CustomStringConvertible, CustomReflectable {
    private let secret: SecretBytes  // X-Wing's 32-byte seed
    /// The public half, 1,216 bytes.
    public let publicKey: [UInt8]

    /// The key of a 32-byte seed. Throws `key-size` or `key-invalid`.
    public init(seed: consuming SecretBytes) throws(SecretsError) {
        guard seed.count == 32 else {
            throw SecretsError(code: "key-size", sentence: "an X-Wing seed has 32 bytes")
        }
        publicKey = Array(try Self.key(seed).publicKey.rawRepresentation)
        secret = seed
    }

    /// A fresh key. Throws `memory-locked-out`.
    public convenience init(from source: any RandomSource) throws(SecretsError) {
        try self.init(seed: SecretBytes(random: 32, from: source))
    }

    /// The 32-byte seed, for the sealed state file. Throws `memory-locked-out`.
    public func seed() throws(SecretsError) -> SecretBytes { try secret.copy() }

    /// What was sealed to this key. Throws `not-authentic` for any change of message or info.
    public func open(_ message: [UInt8], info: String) throws(SecretsError) -> SecretBytes {
        let key = try Self.key(secret)
        do {
            guard message.count >= HybridSeal.encapsulationSize + 16 else {
                throw Self.notAuthentic
            }
            var recipient = try HPKE.Recipient(
                privateKey: key, ciphersuite: HybridSeal.suite, info: Data(info.utf8),
                encapsulatedKey: Data(message[..<HybridSeal.encapsulationSize]))
            var plaintext = try recipient.open(
                Data(message[HybridSeal.encapsulationSize...]), authenticating: Data())
            // The library hands the plaintext out in ordinary memory: moved over and wiped at once.
            var result = try SecretBytes(zeros: plaintext.count)
            result.withUnsafeMutableBytes { _ = plaintext.copyBytes(to: $0) }
            plaintext.withUnsafeMutableBytes { bytes in
                if let start = bytes.baseAddress { sodium_memzero(start, bytes.count) }
            }
            return result
        } catch let error as SecretsError {
            throw error
        } catch {
            throw Self.notAuthentic
        }
    }

    private static var notAuthentic: SecretsError {
        SecretsError(
            code: "not-authentic",
            sentence: "the sealed message does not open: wrong key or changed")
    }

    private static func key(
        _ seed: borrowing SecretBytes
    ) throws(SecretsError) -> XWingMLKEM768X25519.PrivateKey {
        do {
            return try seed.withUnsafeBytes { bytes in
                try XWingMLKEM768X25519.PrivateKey(
                    seedRepresentation: bytes, publicKey: nil)
            }
        } catch {
            throw SecretsError(code: "key-invalid", sentence: "no X-Wing key came of the seed")
        }
    }

    /// No part of the key.
    public var description: String { "one-time key" }
    /// No children: a dump shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
