import Foundation
import Plates
import Secrets
import Tokens

/// A gateway's cryptography alone, per read: a plate's first sight in a cell, and its second; beside
/// the same primitive calls in a bare loop over reused buffers, with messages of the same lengths.
struct SealBench {
    private static let count = 20_000
    private static let cell = Cell(
        hour: BenchTown.first.hours[17], site: SiteNumber(number: 1))

    private let keys: SiteKeys
    private let reads: [Read]
    private let run: RunID

    init() throws {
        let threshold = try Threshold(t: 3, of: 5)
        keys = SiteKeys(generation: 1, site: Self.cell.site, threshold: threshold)
        for (index, chain) in try BenchTown.chains().enumerated() {
            let parcel = try chain.siteKeys(site: Self.cell.site, hours: [Self.cell.hour])
            guard try keys.take(parcel, from: index).isEmpty else {
                throw BenchError("the custodians gave different keys")
            }
        }
        let day = Workload(.distinct, reads: Self.count, seed: 3)
        reads = try day.plates.map {
            try Workload.read(
                Workload.text(of: $0), seen: Self.cell.hour.start.adding(minutes: 1), camera: 7,
                fold: .letterOAsZero)
        }
        run = try RunID(bytes: SystemRandom().bytes(8))
    }

    func measures() throws -> [Measure] {
        var first: [(value: Double, reference: Double)] = []
        var again: [(value: Double, reference: Double)] = []
        let bare = try BareSealing()
        for _ in 0..<9 {
            var sealer = try CellSealer(
                cell: Self.cell, origin: BenchTown.origin, run: run,
                nonces: NonceSource(from: SystemRandom()))
            func seconds(_ body: (Read) throws -> Void) rethrows -> Double {
                try Measure.seconds { for read in reads { try body(read) } }
            }
            let firstTime = try seconds { _ = try sealer.seal($0, under: keys) }
            let bareFirst = seconds { bare.first($0) }
            let againTime = try seconds { _ = try sealer.seal($0, under: keys) }
            let bareAgain = seconds { bare.again($0) }
            let count = Double(reads.count)
            first.append((count / firstTime, count / bareFirst))
            again.append((count / againTime, count / bareAgain))
        }
        return [
            Measure(
                id: "seal-first",
                what: "a plate's first sight: keys, label, sealed row; reference: the primitives "
                    + "alone",
                unit: "reads/s", pairs: first, target: [.ratioAtLeast(0.8)]),
            Measure(
                id: "seal-again", what: "its next sight: label, sealed row; reference: likewise",
                unit: "reads/s", pairs: again, target: [.ratioAtLeast(0.8)]),
        ]
    }
}

/// The primitives and nothing else.
private final class BareSealing {
    private static let size = HMACSHA256.size
    private static let keys = 13
    private var secrets: SecretBytes
    private var schedules: SecretBytes
    private var row = [UInt8](repeating: 7, count: 24 + 256 + 16)
    private let nonces = NonceSource(from: SystemRandom())
    private let word = [UInt8](repeating: 2, count: 18)
    private let label = [UInt8](repeating: 1, count: 16)
    private let aad = [UInt8](repeating: 3, count: 66)

    init() throws {
        secrets = try SecretBytes(zeros: Self.keys * Self.size)
        schedules = try SecretBytes(zeros: 11 * HMACSHA256.scheduleSize)
        secrets.withUnsafeMutableBytes { SystemRandom().fill($0) }
        schedules.withUnsafeMutableBytes { SystemRandom().fill($0) }
    }

    private static func part(
        _ all: UnsafeMutableRawBufferPointer, _ index: Int, _ size: Int
    ) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: all[(index * size)..<((index + 1) * size)])
    }

    /// Ten partials and their sum, its schedule, two keys of it, a label, a sealed row.
    func first(_ read: Read) {
        let message = [0, 1] + read.plate.utf8Bytes
        secrets.withUnsafeMutableBytes { secrets in
            schedules.withUnsafeMutableBytes { schedules in
                message.withUnsafeBytes { message in
                    for index in 0..<10 {
                        let schedule = Self.part(schedules, index, HMACSHA256.scheduleSize)
                        HMACSHA256.compute(
                            message, schedule: UnsafeRawBufferPointer(schedule),
                            into: Self.part(secrets, 1, Self.size))
                        for byte in 0..<Self.size { secrets[byte] ^= secrets[Self.size + byte] }
                    }
                }
                let sum = Self.part(schedules, 10, HMACSHA256.scheduleSize)
                HMACSHA256.schedule(
                    of: UnsafeRawBufferPointer(Self.part(secrets, 0, Self.size)), into: sum)
                word.withUnsafeBytes { word in
                    for index in 2..<4 {
                        HMACSHA256.compute(
                            word, schedule: UnsafeRawBufferPointer(sum),
                            into: Self.part(secrets, index, Self.size))
                    }
                }
            }
        }
        again(read)
    }

    /// A label, a sealed row.
    func again(_ read: Read) {
        secrets.withUnsafeMutableBytes { secrets in
            let key = UnsafeRawBufferPointer(Self.part(secrets, 4, Self.size))
            label.withUnsafeBytes {
                HMACSHA256.compute($0, key: key, into: Self.part(secrets, 5, Self.size))
            }
            row.withUnsafeMutableBytes { row in
                nonces.next(into: UnsafeMutableRawBufferPointer(rebasing: row[..<24]))
                aad.withUnsafeBytes { aad in
                    _ = XChaCha20Poly1305.seal(inPlace: row, key: key, aad: aad)
                }
            }
        }
    }
}
