import CSodium

/// HMAC-SHA-256 (RFC 2104) under keys in guarded memory, by libsodium.
public enum HMACSHA256 {
    /// 32: the size of a tag in bytes, and of every key in the hierarchy.
    public static let size = 32

    /// A secret tag, in guarded memory. Throws `memory-locked-out`.
    public static func secret(
        _ message: [UInt8], key: borrowing SecretBytes
    ) throws(SecretsError) -> SecretBytes {
        var result = try SecretBytes(zeros: size)
        key.withUnsafeBytes { key in
            result.withUnsafeMutableBytes { compute(message, key: key, into: $0) }
        }
        return result
    }

    /// A tag that may be known to everybody, such as a commitment or a label.
    public static func open(_ message: [UInt8], key: borrowing SecretBytes) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: size)
        key.withUnsafeBytes { key in
            result.withUnsafeMutableBytes { compute(message, key: key, into: $0) }
        }
        return result
    }

    /// Writes a tag, keyed by the 32 bytes at `start` of one block, into the 32 bytes at `place` of
    /// another. Throws `key-size` where either lies outside of its block.
    public static func compute(
        _ message: [UInt8], key: borrowing SecretBytes, at start: Int,
        into target: inout SecretBytes, at place: Int
    ) throws(SecretsError) {
        guard start >= 0, place >= 0, start + size <= key.count, place + size <= target.count
        else {
            throw SecretsError(code: "key-size", sentence: "32 bytes outside of their block")
        }
        key.withUnsafeBytes { key in
            target.withUnsafeMutableBytes { target in
                compute(
                    message, key: UnsafeRawBufferPointer(rebasing: key[start..<(start + size)]),
                    into: UnsafeMutableRawBufferPointer(rebasing: target[place..<(place + size)]))
            }
        }
    }

    /// Writes a tag into 32 bytes of `target`, keyed by any bytes; for blocks of many keys. Target
    /// and key may be the same memory.
    public static func compute(
        _ message: [UInt8], key: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer
    ) {
        var state = crypto_auth_hmacsha256_state()
        crypto_auth_hmacsha256_init(&state, key.pointer, key.count)
        crypto_auth_hmacsha256_update(&state, message, UInt64(message.count))
        crypto_auth_hmacsha256_final(&state, target.pointer)
        // The state holds what is as good as the key.
        sodium_memzero(&state, MemoryLayout<crypto_auth_hmacsha256_state>.size)
    }
}

/// HKDF-SHA-256 (RFC 5869), extract and expand, over `HMACSHA256`: libsodium 1.0.18 has none, and
/// swift-crypto's leaves copies of its input key on the heap.
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
        var state = crypto_auth_hmacsha256_state()
        crypto_auth_hmacsha256_init(&state, salt, salt.count)
        inputKey.withUnsafeBytes {
            _ = crypto_auth_hmacsha256_update(&state, $0.pointer, UInt64($0.count))
        }
        extracted.withUnsafeMutableBytes { _ = crypto_auth_hmacsha256_final(&state, $0.pointer) }
        blocks.withUnsafeMutableBytes { blocks in
            extracted.withUnsafeBytes { key in
                for round in 0..<rounds {
                    crypto_auth_hmacsha256_init(&state, key.pointer, key.count)
                    let start = round * HMACSHA256.size
                    if round > 0 {
                        let previous = UnsafeRawBufferPointer(blocks)[(start - 32)..<start]
                        let bytes = UnsafeRawBufferPointer(rebasing: previous)
                        crypto_auth_hmacsha256_update(&state, bytes.pointer, 32)
                    }
                    crypto_auth_hmacsha256_update(&state, info, UInt64(info.count))
                    crypto_auth_hmacsha256_update(&state, [UInt8(round + 1)], 1)
                    let target = UnsafeMutableRawBufferPointer(rebasing: blocks[start...])
                    crypto_auth_hmacsha256_final(&state, target.pointer)
                }
            }
        }
        sodium_memzero(&state, MemoryLayout<crypto_auth_hmacsha256_state>.size)
        return try blocks.copy(0..<count)
    }
}

/// What an empty buffer points to where libsodium wants an address; never read or written.
nonisolated(unsafe) private let nowhere = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)

extension UnsafeRawBufferPointer {
    /// The bytes as libsodium takes them.
    var pointer: UnsafePointer<UInt8> {
        baseAddress?.assumingMemoryBound(to: UInt8.self) ?? UnsafePointer(nowhere)
    }
}

extension UnsafeMutableRawBufferPointer {
    /// The bytes as libsodium takes them.
    var pointer: UnsafeMutablePointer<UInt8> {
        baseAddress?.assumingMemoryBound(to: UInt8.self) ?? nowhere
    }
}
