import Bytes
import Plates
import Secrets

/// One guarded block of 32-byte keys behind an open header, as the parcels and the state file hold
/// it. The header's layout belongs to each parcel.
struct KeyBlock: ~Copyable, Sendable {
    /// The keys, 32 bytes each, one after the other.
    var bytes: SecretBytes
    /// How many keys.
    let count: Int

    /// `count` keys of zeros. Throws `memory-locked-out`.
    init(count: Int) throws(TokensError) {
        do { bytes = try SecretBytes(zeros: count * Derivation.size) } catch {
            throw TokensError(error)
        }
        self.count = count
    }

    /// A second block with the same keys. Throws `memory-locked-out`.
    borrowing func copy() throws(TokensError) -> KeyBlock {
        var result = try KeyBlock(count: count)
        for index in 0..<count { result.set(index, from: self, index) }
        return result
    }

    /// Lends the key at `index`, or an empty buffer for an index outside of the block.
    borrowing func withKey<Result: ~Copyable, Failure: Error>(
        _ index: Int, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let isInside = (0..<count).contains(index)
        let start = isInside ? index * Derivation.size : 0
        return try bytes.withUnsafeBytes { (all) throws(Failure) -> Result in
            let end = isInside ? start + Derivation.size : start
            return try body(UnsafeRawBufferPointer(rebasing: all[start..<end]))
        }
    }

    /// Copies a key of another block to `index`.
    mutating func set(_ index: Int, from other: borrowing KeyBlock, _ source: Int) {
        other.withKey(source) { set(index, $0) }
    }

    /// Copies 32 lent bytes to `index`; anything that does not fit is left out.
    mutating func set(_ index: Int, _ key: UnsafeRawBufferPointer) {
        guard (0..<count).contains(index), key.count == Derivation.size else { return }
        bytes.withUnsafeMutableBytes { all in
            let start = index * Derivation.size
            let target = UnsafeMutableRawBufferPointer(
                rebasing: all[start..<(start + Derivation.size)])
            target.copyMemory(from: key)
        }
    }

    /// Writes HMAC(key at `source`, message) to `index` of another block.
    borrowing func derive(
        _ message: [UInt8], from source: Int, into target: inout KeyBlock, at index: Int
    ) throws(TokensError) {
        do {
            try HMACSHA256.compute(
                message, key: bytes, at: source * Derivation.size, into: &target.bytes,
                at: index * Derivation.size)
        } catch {
            throw TokensError(error)
        }
    }

    /// Writes to each place HMAC(message) under the key whose schedule stands at the same place of
    /// another block.
    mutating func derive(_ message: [UInt8], fromSchedules schedules: borrowing SecretBytes) {
        let size = HMACSHA256.scheduleSize
        schedules.withUnsafeBytes { schedules in
            bytes.withUnsafeMutableBytes { all in
                message.withUnsafeBytes { message in
                    for index in 0..<min(count, schedules.count / size) {
                        let start = index * Derivation.size
                        HMACSHA256.compute(
                            message,
                            schedule: UnsafeRawBufferPointer(
                                rebasing: schedules[(index * size)..<(index * size + size)]),
                            into: UnsafeMutableRawBufferPointer(
                                rebasing: all[start..<(start + Derivation.size)]))
                    }
                }
            }
        }
    }

    /// Replaces every key by HMAC(key, message), in place: the old values are gone.
    mutating func replaceEach(by message: [UInt8]) {
        bytes.withUnsafeMutableBytes { all in
            for start in stride(from: 0, to: all.count, by: Derivation.size) {
                let slot = UnsafeMutableRawBufferPointer(
                    rebasing: all[start..<(start + Derivation.size)])
                HMACSHA256.compute(message, key: UnsafeRawBufferPointer(slot), into: slot)
            }
        }
    }

    /// `header ‖ keys`, in guarded memory. Throws `memory-locked-out`.
    borrowing func encode(header: [UInt8]) throws(TokensError) -> SecretBytes {
        do { return try SecretBytes(header: header, body: bytes) } catch {
            throw TokensError(error)
        }
    }

    /// The keys behind a header of `headerSize` bytes. Throws `parcel-malformed` unless exactly
    /// `count` keys follow it.
    init(wire: borrowing SecretBytes, headerSize: Int, count: Int) throws(TokensError) {
        guard wire.count == headerSize + count * Derivation.size else { throw .malformed }
        try self.init(count: count)
        wire.withUnsafeBytes { wire in
            bytes.withUnsafeMutableBytes { all in
                all.copyMemory(from: UnsafeRawBufferPointer(rebasing: wire[headerSize...]))
            }
        }
    }
}

extension TokensError {
    /// What every parcel's parser says: with what is secret inside, it does not say where.
    static var malformed: TokensError {
        TokensError(code: "parcel-malformed", sentence: "a parcel of keys is not as written")
    }
}

/// Reads the open header in front of a block of keys, field by field, and never looks at a key.
struct HeaderReader {
    /// How many bytes have been read: the header's size, once it is read.
    private(set) var offset = 0

    /// One byte. Throws `parcel-malformed` at the end, as the others do.
    mutating func u8(_ wire: borrowing SecretBytes) throws(TokensError) -> UInt8 {
        UInt8(truncatingIfNeeded: try integer(1, wire))
    }
    /// Two bytes, big-endian.
    mutating func u16(_ wire: borrowing SecretBytes) throws(TokensError) -> UInt16 {
        UInt16(truncatingIfNeeded: try integer(2, wire))
    }
    /// Four bytes, big-endian.
    mutating func u32(_ wire: borrowing SecretBytes) throws(TokensError) -> UInt32 {
        UInt32(truncatingIfNeeded: try integer(4, wire))
    }

    /// `u16(count)` masks, strictly ascending, at least one.
    mutating func masks(_ wire: borrowing SecretBytes) throws(TokensError) -> [SubsetMask] {
        var masks: [SubsetMask] = []
        for _ in 0..<(try u16(wire)) { masks.append(SubsetMask(bits: try u16(wire))) }
        guard !masks.isEmpty, isStrictlyAscending(masks) else { throw .malformed }
        return masks
    }

    private mutating func integer(
        _ size: Int, _ wire: borrowing SecretBytes
    ) throws(TokensError) -> UInt64 {
        guard offset + size <= wire.count else { throw .malformed }
        let start = offset
        offset += size
        return wire.withUnsafeBytes {
            $0[start..<(start + size)].reduce(0) { $0 << 8 | UInt64($1) }
        }
    }
}

/// Whether each element is greater than the one before.
func isStrictlyAscending<Element: Comparable>(_ list: [Element]) -> Bool {
    zip(list, list.dropFirst()).allSatisfy { $0 < $1 }
}

extension Array where Element: Comparable {
    /// Where an element is in an ascending list, found by halving.
    func place(of element: Element) -> Int? {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            if self[middle] < element { low = middle + 1 } else { high = middle }
        }
        return low < endIndex && self[low] == element ? low : nil
    }
}

extension ByteWriter {
    /// `u16(count)` and the masks.
    mutating func masks(_ masks: [SubsetMask]) {
        u16(UInt16(clamping: masks.count))
        for mask in masks { u16(mask.bits) }
    }
}
