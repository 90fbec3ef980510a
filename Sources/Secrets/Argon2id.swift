import CSodium

/// Argon2id (RFC 9106), version 1.3, one lane, by libsodium: a key from a passphrase.
public enum Argon2id {
    /// What one derivation costs.
    public struct Cost: Hashable, Sendable {
        /// Passes over the memory, 1 or more.
        public let passes: UInt32
        /// Memory in KiB, 8 or more.
        public let kibibytes: UInt32

        /// A cost of its two numbers.
        public init(passes: UInt32, kibibytes: UInt32) {
            self.passes = passes
            self.kibibytes = kibibytes
        }

        /// 3 passes over 256 MiB: about a second on a small machine.
        public static let standard = Cost(passes: 3, kibibytes: 262_144)
        /// 1 pass over 8 MiB, for tests and `.demo` deployments; no protection.
        public static let demo = Cost(passes: 1, kibibytes: 8_192)
    }

    /// 16: bytes of a salt.
    public static let saltSize = 16

    /// A 32-byte key. Throws `key-size` for a salt that is not 16 bytes, `memory-locked-out` where
    /// the memory that the cost asks for is not there.
    public static func derive(
        passphrase: borrowing SecretBytes, salt: [UInt8], cost: Cost
    ) throws(SecretsError) -> SecretBytes {
        guard salt.count == saltSize, cost.passes >= 1, (8...4_194_304).contains(cost.kibibytes)
        else {
            throw SecretsError(code: "key-size", sentence: "Argon2id: salt or cost out of range")
        }
        var key = try SecretBytes(zeros: 32)
        let status = passphrase.withUnsafeBytes { passphrase in
            key.withUnsafeMutableBytes { key in
                passphrase.pointer.withMemoryRebound(to: CChar.self, capacity: passphrase.count) {
                    crypto_pwhash(
                        key.pointer, 32, $0, UInt64(passphrase.count), salt, UInt64(cost.passes),
                        Int(cost.kibibytes) * 1_024, crypto_pwhash_alg_argon2id13())
                }
            }
        }
        guard status == 0 else {
            throw SecretsError(
                code: "memory-locked-out",
                sentence: "Argon2id needs \(cost.kibibytes) KiB of memory, which is not there")
        }
        return key
    }
}
