import CSodium

/// SHA-256 (FIPS 180-4) over secret and open parts, by libsodium, without a copy of the secret
/// ones in ordinary memory. The digest itself is not secret.
public struct SecretHasher: ~Copyable {
    private var state = crypto_hash_sha256_state()

    /// A hash of nothing yet.
    public init() { crypto_hash_sha256_init(&state) }

    /// Takes open bytes.
    public mutating func update(_ bytes: [UInt8]) {
        crypto_hash_sha256_update(&state, bytes, UInt64(bytes.count))
    }

    /// Takes secret bytes out of the block that lends them.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        crypto_hash_sha256_update(&state, bytes.pointer, UInt64(bytes.count))
    }

    /// The digest of everything taken; the inner state is wiped.
    public consuming func finish() -> Digest {
        var result = [UInt8](repeating: 0, count: 32)
        crypto_hash_sha256_final(&state, &result)
        return Digest(hashed: result)
    }
}

/// Comparison of secrets in time that depends on their sizes only.
public enum ConstantTime {
    /// Whether both hold the same bytes.
    public static func isEqual(
        _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer
    ) -> Bool {
        left.count == right.count && sodium_memcmp(left.pointer, right.pointer, left.count) == 0
    }
}
