/// HKDF-SHA-256 (RFC 5869), extract and expand, over HMAC of this module: swift-crypto's leaves
/// copies of its input key on the heap.
public enum HKDFSHA256 {
    /// `count` bytes, at most 255 × 32. Throws `key-size` beyond that, and `memory-locked-out`.
    public static func derive(
        inputKey: borrowing SecretBytes, salt: [UInt8], info: [UInt8], count: Int
    ) throws(SecretsError) -> SecretBytes {
        guard count > 0, count <= 255 * HMACSHA256.size else {
            throw SecretsError(code: "key-size", sentence: "HKDF gives 1 to 8,160 bytes")
        }
        var extracted = try SecretBytes(zeros: HMACSHA256.size)
        let rounds = (count + HMACSHA256.size - 1) / HMACSHA256.size
        var blocks = try SecretBytes(zeros: rounds * HMACSHA256.size)
        // Extract: the salt is the key and the secret the message, so it is fed from its block.
        salt.withUnsafeBytes { salt in
            inputKey.withUnsafeBytes { input in
                extracted.withUnsafeMutableBytes {
                    HMACSHA256.compute(input, key: salt, into: $0)
                }
            }
        }
        blocks.withUnsafeMutableBytes { blocks in
            extracted.withUnsafeBytes { key in
                for round in 0..<rounds {
                    var state = HMACState()
                    state.begin(key: key)
                    let start = round * HMACSHA256.size
                    if round > 0 {
                        let previous = UnsafeRawBufferPointer(blocks)[(start - 32)..<start]
                        state.update(UnsafeRawBufferPointer(rebasing: previous))
                    }
                    info.withUnsafeBytes { state.update($0) }
                    withUnsafeBytes(of: UInt8(round + 1)) { state.update($0) }
                    state.finish(into: UnsafeMutableRawBufferPointer(rebasing: blocks[start...]))
                }
            }
        }
        return try blocks.copy(0..<count)
    }
}
