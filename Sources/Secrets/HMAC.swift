import CSodium

/// HMAC-SHA-256 (RFC 2104) under keys in guarded memory.
public enum HMACSHA256 {
    /// 32: the size of a tag in bytes, and of every key in the hierarchy.
    public static let size = 32
    /// 64: the bytes of a key's schedule.
    public static let scheduleSize = 2 * SHA256State.size

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
        message.withUnsafeBytes { compute($0, key: key, into: target) }
    }

    /// The same of a lent message.
    public static func compute(
        _ message: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer
    ) {
        var state = HMACState()
        state.begin(key: key)
        state.update(message)
        state.finish(into: target)
    }

    /// Writes the tags of several messages under one key, one after the other: the key's schedule is
    /// made once. `target` has 32 bytes for each.
    public static func compute(
        each messages: [[UInt8]], key: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer
    ) {
        var schedule = SIMD64<UInt8>(repeating: 0)
        withUnsafeMutableBytes(of: &schedule) { schedule in
            self.schedule(of: key, into: schedule)
            for (place, message) in messages.enumerated() {
                let tag = UnsafeMutableRawBufferPointer(
                    rebasing: target[(place * size)..<(place * size + size)])
                message.withUnsafeBytes {
                    compute($0, schedule: UnsafeRawBufferPointer(schedule), into: tag)
                }
            }
            sodium_memzero(schedule.pointer, schedule.count)
        }
    }

    /// Writes the schedule of a key, 64 bytes that are as good as the key: with it each tag costs
    /// half.
    public static func schedule(
        of key: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
    ) {
        var state = HMACState()
        state.begin(key: key)
        state.saveSchedule(into: target)
    }

    /// Writes a tag into 32 bytes of `target`, under the key whose schedule this is.
    public static func compute(
        _ message: UnsafeRawBufferPointer, schedule: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer
    ) {
        var state = HMACState()
        state.begin(schedule: schedule)
        state.update(message)
        state.finish(into: target)
    }
}

/// One tag under way. What is inside is as good as the key: it stays where it is, and the last call
/// wipes it.
struct HMACState {
    private var hash = SHA256State()
    /// The chaining value after the outer key's block.
    private var outer = SIMD32<UInt8>(repeating: 0)

    /// Keyed by any bytes.
    mutating func begin(key: UnsafeRawBufferPointer) {
        // RFC 2104: the key, or its digest where it is longer than a block, with zeros behind.
        var block = SIMD64<UInt8>(repeating: 0)
        withUnsafeMutableBytes(of: &block) { block in
            if key.count > block.count {
                hash.begin()
                hash.update(key)
                hash.finish(into: UnsafeMutableRawBufferPointer(rebasing: block[..<32]))
            } else {
                block.copyMemory(from: key)
            }
            for index in block.indices { block[index] ^= 0x5c }
            hash.begin()
            hash.update(UnsafeRawBufferPointer(block))
            withUnsafeMutableBytes(of: &outer) { hash.saveMidstate(into: $0) }
            for index in block.indices { block[index] ^= 0x5c ^ 0x36 }
            hash.begin()
            hash.update(UnsafeRawBufferPointer(block))
            sodium_memzero(block.pointer, block.count)
        }
    }

    /// Keyed by what `saveSchedule` wrote.
    mutating func begin(schedule: UnsafeRawBufferPointer) {
        hash.resume(afterOneBlock: UnsafeRawBufferPointer(rebasing: schedule[..<32]))
        withUnsafeMutableBytes(of: &outer) {
            $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: schedule[32..<64]))
        }
    }

    /// Writes the 64 bytes that stand for the key, before any message, and forgets it.
    mutating func saveSchedule(into target: UnsafeMutableRawBufferPointer) {
        hash.saveMidstate(into: UnsafeMutableRawBufferPointer(rebasing: target[..<32]))
        withUnsafeBytes(of: &outer) {
            UnsafeMutableRawBufferPointer(rebasing: target[32..<64]).copyMemory(from: $0)
        }
        wipe()
    }

    /// Takes bytes of the message.
    mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bytes) }

    /// Writes the 32 bytes of the tag and forgets the key.
    mutating func finish(into target: UnsafeMutableRawBufferPointer) {
        let tag = UnsafeMutableRawBufferPointer(rebasing: target[..<HMACSHA256.size])
        hash.finish(into: tag)
        withUnsafeBytes(of: &outer) { hash.resume(afterOneBlock: $0) }
        hash.update(UnsafeRawBufferPointer(tag))
        hash.finish(into: tag)
        wipe()
    }

    private mutating func wipe() {
        hash.wipe()
        sodium_memzero(&outer, HMACSHA256.size)
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
