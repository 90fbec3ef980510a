import CSodium

/// SHA-256 (FIPS 180-4) over secret and open parts, without a copy of the secret ones in ordinary
/// memory. The digest itself is not secret.
public struct SecretHasher: ~Copyable {
    private var state = SHA256State()

    /// A hash of nothing yet.
    public init() { state.begin() }

    /// Takes open bytes.
    public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { state.update($0) } }

    /// Takes secret bytes out of the block that lends them.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) { state.update(bytes) }

    /// The digest of everything taken; the inner state is wiped.
    public consuming func finish() -> Digest {
        let digest = Digest { state.finish(into: $0) }
        state.wipe()
        return digest
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
