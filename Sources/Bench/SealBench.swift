import CSodium
import Foundation
import Plates
import Secrets
import Tokens

/// A gateway's cryptography alone, per read: a plate's first sight in a cell, and its second; beside
/// the same primitive calls in a bare loop over reused buffers, with the same keys' sizes and the
/// same messages' lengths.
struct SealBench {
    private static let count = 20_000
    private static let hour = BenchTown.first.hours[17]
    private static let site = SiteNumber(number: 1)

    private let keys: SiteKeys
    private let reads: [Read]
    private let run: RunID
    private let random = SystemRandom()

    init() throws {
        let threshold = try Threshold(t: 3, of: 5)
        keys = SiteKeys(generation: 1, site: Self.site, threshold: threshold)
        for (index, chain) in try BenchTown.chains().enumerated() {
            let parcel = try chain.siteKeys(site: Self.site, hours: [Self.hour])
            guard try keys.take(parcel, from: index).isEmpty else {
                throw CocoaError(.coderInvalidValue)
            }
        }
        let day = Workload(.distinct, reads: Self.count, seed: 3)
        reads = try day.plates.map {
            try Workload.read(
                Workload.text(of: $0), seen: Self.hour.start.adding(minutes: 1), camera: 7,
                fold: .letterOAsZero)
        }
        run = try RunID(bytes: random.bytes(8))
    }

    func measures() throws -> [Measure] {
        var first: [(value: Double, reference: Double)] = []
        var again: [(value: Double, reference: Double)] = []
        let bare = try BareSealing()
        for _ in 0..<5 {
            var held: [CellKeys] = []
            held.reserveCapacity(reads.count)
            let firstTime = try Measure.seconds {
                for read in reads {
                    let cell = try keys.cellKeys(for: read.plate, hour: Self.hour)
                    try seal(read, cell, 0)
                    held.append(cell)
                }
            }
            let bareFirst = Measure.seconds { for read in reads { bare.first(read) } }
            let againTime = try Measure.seconds {
                for (read, cell) in zip(reads, held) { try seal(read, cell, 1) }
            }
            let bareAgain = Measure.seconds { for read in reads { bare.again(read) } }
            let count = Double(reads.count)
            first.append((count / firstTime, count / bareFirst))
            again.append((count / againTime, count / bareAgain))
        }
        return [
            Measure(
                id: "seal-first", what: "a plate's first sight: keys, label, sealed row",
                unit: "/s",
                pairs: first, target: [.ratioAtLeast(0.8)]),
            Measure(
                id: "seal-again", what: "its next sight: label, sealed row", unit: "/s",
                pairs: again, target: [.ratioAtLeast(0.8)]),
        ]
    }

    private func seal(_ read: Read, _ cell: CellKeys, _ counter: UInt64) throws {
        let context = RowContext(
            origin: BenchTown.origin, cell: Cell(hour: Self.hour, site: Self.site), run: run,
            counter: counter)
        _ = try cell.sealRow(read, context: context, nonce: random.bytes(24))
    }
}

/// The primitives and nothing else.
private final class BareSealing {
    private let keys: UnsafeMutableRawPointer
    private let sums = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 * 32, alignment: 16)
    private let sealed = UnsafeMutablePointer<UInt8>.allocate(capacity: 272)
    private let padded = [UInt8](repeating: 7, count: 256)
    private var nonce = [UInt8](repeating: 0, count: 24)
    private let info = [UInt8](repeating: 1, count: 16)
    private let word = [UInt8](repeating: 2, count: 18)
    private let aad = [UInt8](repeating: 3, count: 64)

    init() throws {
        guard let keys = sodium_malloc(11 * 32) else { throw CocoaError(.fileReadTooLarge) }
        randombytes_buf(keys, 11 * 32)
        self.keys = keys
    }

    deinit { sodium_free(keys) }

    private func key(_ index: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: keys + 32 * index, count: 32)
    }

    private func target(_ index: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: sums[(32 * index)..<(32 * index + 32)])
    }

    /// Ten partials and their sum, three keys of it, a label, a sealed row.
    func first(_ read: Read) {
        let message = [0, 1] + read.plate.utf8Bytes
        for index in 0..<10 {
            HMACSHA256.compute(message, key: key(index), into: target(1))
            for byte in 0..<32 { sums[byte] ^= sums[32 + byte] }
        }
        let sum = UnsafeRawBufferPointer(target(0))
        for index in 1..<4 { HMACSHA256.compute(word, key: sum, into: target(index)) }
        again(read)
    }

    /// A label, a sealed row.
    func again(_ read: Read) {
        HMACSHA256.compute(info, key: key(10), into: target(1))
        randombytes_buf(&nonce, nonce.count)
        crypto_aead_xchacha20poly1305_ietf_encrypt(
            sealed, nil, padded, 256, aad, UInt64(aad.count), nil, nonce,
            keys.assumingMemoryBound(to: UInt8.self))
    }
}
