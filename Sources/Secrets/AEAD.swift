import CSodium

/// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), by libsodium: 24-byte nonce that may be drawn
/// at random, 16-byte tag behind the ciphertext.
public enum XChaCha20Poly1305 {
    /// 24: bytes of a nonce.
    public static let nonceSize = 24
    /// 16: bytes that the ciphertext is longer than the plaintext.
    public static let tagSize = 16

    /// Ciphertext and tag of a plaintext in ordinary memory. Throws `key-size` for a key that is
    /// not 32 or a nonce that is not 24 bytes.
    public static func seal(
        _ plaintext: [UInt8], key: borrowing SecretBytes, nonce: [UInt8], aad: [UInt8]
    ) throws(SecretsError) -> [UInt8] {
        try check(key.count, nonce.count)
        return key.withUnsafeBytes { key in
            plaintext.withUnsafeBytes { sealed($0, key, nonce, aad) }
        }
    }

    /// The same under a key that lies in a block of many. Throws as the other.
    public static func seal(
        _ plaintext: [UInt8], key: UnsafeRawBufferPointer, nonce: [UInt8], aad: [UInt8]
    ) throws(SecretsError) -> [UInt8] {
        try check(key.count, nonce.count)
        return plaintext.withUnsafeBytes { sealed($0, key, nonce, aad) }
    }

    /// Seals in place: the bytes between the first 24 of `target`, which are the nonce, and its last
    /// 16, where the tag goes. Returns false, and does nothing, for a key that is not 32 bytes or a
    /// target that has no room for both.
    public static func seal(
        inPlace target: UnsafeMutableRawBufferPointer, key: UnsafeRawBufferPointer,
        aad: UnsafeRawBufferPointer
    ) -> Bool {
        guard key.count == 32, target.count >= nonceSize + tagSize else { return false }
        let text = UnsafeMutableRawBufferPointer(rebasing: target[nonceSize...])
        return crypto_aead_xchacha20poly1305_ietf_encrypt(
            text.pointer, nil, text.pointer, UInt64(text.count - tagSize), aad.pointer,
            UInt64(aad.count), nil, target.pointer, key.pointer) == 0
    }

    /// Ciphertext and tag of a secret plaintext. Throws as the other.
    public static func seal(
        secret: borrowing SecretBytes, key: borrowing SecretBytes, nonce: [UInt8], aad: [UInt8]
    ) throws(SecretsError) -> [UInt8] {
        try check(key.count, nonce.count)
        return key.withUnsafeBytes { key in
            secret.withUnsafeBytes { sealed($0, key, nonce, aad) }
        }
    }

    /// The plaintext in ordinary memory. Throws `not-authentic` for any change of ciphertext,
    /// nonce, aad or key, without saying which.
    public static func open(
        _ ciphertext: [UInt8], key: borrowing SecretBytes, nonce: [UInt8], aad: [UInt8]
    ) throws(SecretsError) -> [UInt8] {
        try key.withUnsafeBytes { (key) throws(SecretsError) in
            try open(ciphertext, key: key, nonce: nonce, aad: aad)
        }
    }

    /// The same under a key that lies in a block of many. Throws as the other.
    public static func open(
        _ ciphertext: [UInt8], key: UnsafeRawBufferPointer, nonce: [UInt8], aad: [UInt8]
    ) throws(SecretsError) -> [UInt8] {
        try check(key.count, nonce.count)
        guard ciphertext.count >= tagSize else { throw notAuthentic }
        var plaintext = [UInt8](repeating: 0, count: ciphertext.count - tagSize)
        let isAuthentic = plaintext.withUnsafeMutableBytes {
            opened(ciphertext, key, nonce, aad, $0)
        }
        guard isAuthentic else { throw notAuthentic }
        return plaintext
    }

    /// The plaintext in guarded memory. Throws `not-authentic` and `memory-locked-out`.
    public static func openSecret(
        _ ciphertext: [UInt8], key: borrowing SecretBytes, nonce: [UInt8], aad: [UInt8]
    ) throws(SecretsError) -> SecretBytes {
        try check(key.count, nonce.count)
        guard ciphertext.count >= tagSize else { throw notAuthentic }
        var plaintext = try SecretBytes(zeros: ciphertext.count - tagSize)
        let isAuthentic = key.withUnsafeBytes { key in
            plaintext.withUnsafeMutableBytes { opened(ciphertext, key, nonce, aad, $0) }
        }
        guard isAuthentic else { throw notAuthentic }
        return plaintext
    }

    private static var notAuthentic: SecretsError {
        SecretsError(
            code: "not-authentic", sentence: "the sealed bytes do not open: wrong key or changed")
    }

    private static func check(_ key: Int, _ nonce: Int) throws(SecretsError) {
        guard key == 32, nonce == nonceSize else {
            throw SecretsError(
                code: "key-size", sentence: "XChaCha20-Poly1305 takes 32 and 24 bytes")
        }
    }

    private static func sealed(
        _ plaintext: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer, _ nonce: [UInt8],
        _ aad: [UInt8]
    ) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: plaintext.count + tagSize)
        _ = crypto_aead_xchacha20poly1305_ietf_encrypt(
            &result, nil, plaintext.pointer, UInt64(plaintext.count), aad, UInt64(aad.count),
            nil, nonce, key.pointer)
        return result
    }

    private static func opened(
        _ ciphertext: [UInt8], _ key: UnsafeRawBufferPointer, _ nonce: [UInt8], _ aad: [UInt8],
        _ target: UnsafeMutableRawBufferPointer
    ) -> Bool {
        crypto_aead_xchacha20poly1305_ietf_decrypt(
            target.pointer, nil, nil, ciphertext, UInt64(ciphertext.count), aad,
            UInt64(aad.count), nonce, key.pointer) == 0
    }
}
