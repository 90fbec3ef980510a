import Plates
import Secrets

/// The keys of one site in one hour, one of each subset, ready for use: their HMAC schedules in one
/// guarded block.
final class HourKeys: Sendable {
    private let masks: [SubsetMask]
    private let schedules: SecretBytes

    /// The schedules of keys that are lent one after the other, in the order of `masks`. Throws
    /// `memory-locked-out`, and what `lend` throws.
    init(
        _ masks: [SubsetMask],
        lend: (SubsetMask, (UnsafeRawBufferPointer) -> Void) throws(TokensError) -> Void
    ) throws(TokensError) {
        var schedules: SecretBytes
        do { schedules = try SecretBytes(zeros: masks.count * HMACSHA256.scheduleSize) } catch {
            throw TokensError(error)
        }
        for (index, mask) in masks.enumerated() {
            try lend(mask) { key in
                schedules.withUnsafeMutableBytes { all in
                    HMACSHA256.schedule(
                        of: key, into: all.part(index, of: HMACSHA256.scheduleSize))
                }
            }
        }
        self.masks = masks
        self.schedules = schedules
    }

    /// Writes K of a plate (DESIGN section 4) into the first 32 of 64 bytes of guarded memory; the
    /// others are used for the partials.
    func combine(_ plate: Plate, into work: UnsafeMutableRawBufferPointer) {
        let sum = work.part(0, of: Derivation.size)
        let partial = work.part(1, of: Derivation.size)
        _ = sum.initializeMemory(as: UInt8.self, repeating: 0)
        withUnsafeTemporaryAllocation(byteCount: 2 + Plate.maximumBytes, alignment: 8) { message in
            // `u16(mask) ‖ plate`, the plate in ordinary memory, as every caller holds it.
            let plate = plate.utf8Bytes.prefix(Plate.maximumBytes)
            UnsafeMutableRawBufferPointer(rebasing: message[2...]).copyBytes(from: plate)
            let whole = UnsafeRawBufferPointer(rebasing: message[..<(2 + plate.count)])
            schedules.withUnsafeBytes { all in
                for (index, mask) in masks.enumerated() {
                    message[0] = UInt8(truncatingIfNeeded: mask.bits >> 8)
                    message[1] = UInt8(truncatingIfNeeded: mask.bits)
                    HMACSHA256.compute(
                        whole, schedule: all.part(index, of: HMACSHA256.scheduleSize),
                        into: partial)
                    sum.xor(UnsafeRawBufferPointer(partial))
                }
            }
        }
    }
}

extension UnsafeRawBufferPointer {
    /// The how-many-eth part of a size, from 0.
    func part(_ index: Int, of size: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[(index * size)..<((index + 1) * size)])
    }
}

extension UnsafeMutableRawBufferPointer {
    /// The how-many-eth part of a size, from 0.
    func part(_ index: Int, of size: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: self[(index * size)..<((index + 1) * size)])
    }

    /// XORs 32 bytes onto the first 32.
    func xor(_ other: UnsafeRawBufferPointer) {
        guard count >= Derivation.size, other.count >= Derivation.size else { return }
        for offset in stride(from: 0, to: Derivation.size, by: 8) {
            let mine = loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let theirs = other.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            storeBytes(of: mine ^ theirs, toByteOffset: offset, as: UInt64.self)
        }
    }
}
