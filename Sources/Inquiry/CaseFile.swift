import Bytes
public import Secrets

/// What a requester must not lose between filing and opening: the request as signed, its secret
/// part, and the key to which custodians seal their answers.
///
/// On disk it is sealed under a key that only the requester's signing key gives:
/// `nonce24 ‖ XChaCha20-Poly1305(HMAC(seed, "platevault/case-file/v1"), aad = request id,
/// u32 length ‖ request ‖ u32 length ‖ secret ‖ reply key seed 32)`.
public final class CaseFile: Sendable {
    /// The request's statement as it stands in the log.
    public let request: [UInt8]
    /// The request's secret part, as `RequestSecret` encodes it.
    public let secret: SecretBox
    /// The key that opens the custodians' answers.
    public let replyKey: OneTimeKey

    /// A case of its parts.
    public init(request: [UInt8], secret: consuming SecretBytes, replyKey: OneTimeKey) {
        self.request = request
        self.secret = SecretBox(secret)
        self.replyKey = replyKey
    }

    /// The sealed file. Throws `memory-locked-out`.
    public func seal(
        id: Digest, key: SigningKey, random: any RandomSource
    ) throws(SecretsError) -> [UInt8] {
        var header = ByteWriter()
        header.u32(UInt32(request.count))
        header.raw(request)
        header.u32(UInt32(secret.bytes.count))
        let seed = try replyKey.seed()
        var whole = try SecretBytes(zeros: header.bytes.count + secret.bytes.count + seed.count)
        whole.withUnsafeMutableBytes { whole in
            whole.copyBytes(from: header.bytes)
            secret.bytes.withUnsafeBytes { bytes in
                UnsafeMutableRawBufferPointer(rebasing: whole[header.bytes.count...])
                    .copyMemory(from: bytes)
            }
            seed.withUnsafeBytes { bytes in
                UnsafeMutableRawBufferPointer(rebasing: whole[(whole.count - bytes.count)...])
                    .copyMemory(from: bytes)
            }
        }
        let nonce = random.bytes(XChaCha20Poly1305.nonceSize)
        return nonce
            + (try XChaCha20Poly1305.seal(
                secret: whole, key: try Self.fileKey(key), nonce: nonce, aad: id.bytes))
    }

    /// A case from its sealed file. Throws `not-authentic` for another requester's or a changed
    /// file, and `key-size` for one that `seal` did not write.
    public init(sealed: [UInt8], id: Digest, key: SigningKey) throws(SecretsError) {
        let cut = min(XChaCha20Poly1305.nonceSize, sealed.count)
        guard cut == XChaCha20Poly1305.nonceSize else { throw Self.malformed }
        let whole = try XChaCha20Poly1305.openSecret(
            Array(sealed[cut...]), key: try Self.fileKey(key), nonce: Array(sealed[..<cut]),
            aad: id.bytes)
        let requestSize = try Self.length(whole, at: 0)
        let secretStart = 4 + requestSize + 4
        let secretSize = try Self.length(whole, at: 4 + requestSize)
        let seedStart = secretStart + secretSize
        guard whole.count == seedStart + 32 else { throw Self.malformed }
        request = whole.withUnsafeBytes { Array($0[4..<(4 + requestSize)]) }
        secret = SecretBox(try whole.copy(secretStart..<seedStart))
        replyKey = try OneTimeKey(seed: try whole.copy(seedStart..<whole.count))
    }

    private static func length(
        _ whole: borrowing SecretBytes, at offset: Int
    ) throws(SecretsError) -> Int {
        guard offset + 4 <= whole.count else { throw malformed }
        return whole.withUnsafeBytes { bytes in
            bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) }
        }
    }

    private static func fileKey(_ key: SigningKey) throws(SecretsError) -> SecretBytes {
        try HMACSHA256.secret(Array("platevault/case-file/v1".utf8), key: try key.seed())
    }

    private static var malformed: SecretsError {
        SecretsError(code: "key-size", sentence: "the case file does not have its form")
    }
}
