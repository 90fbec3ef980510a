import CSodium

/// An Ed25519 public key (RFC 8032), 32 bytes.
public struct VerifyingKey: Hashable, Sendable {
    /// The 32 bytes.
    public let bytes: [UInt8]

    /// A key that came over the wire; nil unless it is 32 bytes.
    public init?(wire bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// Whether `signature` (64 bytes) is this key's over `message`. libsodium refuses keys of small
    /// order and non-canonical signatures.
    public func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        signature.count == 64
            && crypto_sign_verify_detached(signature, message, UInt64(message.count), bytes) == 0
    }
}

/// An Ed25519 private key in guarded memory; cannot be printed.
public final class SigningKey: Sendable, CustomStringConvertible, CustomReflectable {
    private let secret: SecretBytes  // 64 bytes, as libsodium keeps it: seed and public key
    /// The public half.
    public let verifyingKey: VerifyingKey

    /// The key of a 32-byte seed (RFC 8032's private key). Throws `key-size`.
    public init(seed: borrowing SecretBytes) throws(SecretsError) {
        guard seed.count == 32 else {
            throw SecretsError(code: "key-size", sentence: "an Ed25519 seed has 32 bytes")
        }
        var secret = try SecretBytes(zeros: 64)
        var open = [UInt8](repeating: 0, count: 32)
        seed.withUnsafeBytes { seed in
            secret.withUnsafeMutableBytes {
                _ = crypto_sign_seed_keypair(&open, $0.pointer, seed.pointer)
            }
        }
        guard let verifyingKey = VerifyingKey(wire: open) else {
            throw SecretsError(code: "key-invalid", sentence: "no Ed25519 key came of the seed")
        }
        self.secret = secret
        self.verifyingKey = verifyingKey
    }

    /// A fresh key. Throws `memory-locked-out`.
    public convenience init(from source: any RandomSource) throws(SecretsError) {
        try self.init(seed: SecretBytes(random: 32, from: source))
    }

    /// The 32-byte seed, for a sealed key file. Throws `memory-locked-out`.
    public func seed() throws(SecretsError) -> SecretBytes { try secret.copy(0..<32) }

    /// The 64-byte signature of a message; the same message gives the same signature.
    public func sign(_ message: [UInt8]) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: 64)
        secret.withUnsafeBytes {
            _ = crypto_sign_detached(
                &signature, nil, message, UInt64(message.count), $0.pointer)
        }
        return signature
    }

    /// No part of the key.
    public var description: String { "signing key" }
    /// No children: a dump shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
