import Disk
import Foundation
import Intake
import Plates
import Secrets
import Wire

/// How much memory a gateway needs for each plate of the hour, in a process of its own that does
/// nothing else: `Bench plate-memory FOLDER`.
enum PlateMemory {
    private static let plates = 900_000

    static func measure(_ own: String) throws -> Measure {
        let values = try (0..<3).map { round in
            let output = try Command.run(
                own, ["plate-memory", "/tmp/platevault-bench-\(getpid())-memory-\(round)"])
            guard let value = Double(output.trimmingCharacters(in: .whitespacesAndNewlines)) else {
                throw BenchError("no memory was measured")
            }
            return value
        }
        return Measure(
            id: "memory-plate", what: "a gateway's memory for each distinct plate of the hour",
            unit: "bytes", values: values, target: [.valueAtMost(120)])
    }

    /// Takes distinct plates; what the later two thirds of them have added to the process.
    static func run(in folder: String) throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let town = try BenchTown(at: folder, sites: 1, POSIXFileSystem())
        let hour = BenchTown.first.hours[17]
        let gateway = try Gateway(
            roster: town.roster, site: SiteNumber(number: 1), key: try BenchTown.key("site-1"),
            vault: VaultClient(Abyss()), custodians: try town.custodians().map(\.client),
            firstOpenHour: hour, random: SystemRandom())
        _ = gateway.fetchKeys(hour...hour, generation: 1, at: hour.start)
        let day = Workload(.distinct, reads: plates, seed: 5)
        var early = 0.0
        for (place, number) in day.plates.enumerated() {
            let read = try Workload.read(
                Workload.text(of: number), seen: hour.start, camera: 7, fold: .letterOAsZero)
            try gateway.take(read, at: hour.start.adding(minutes: 1))
            if gateway.counts.waiting >= 4_096 { gateway.flush() }
            if place == plates / 3 { early = resident() }
        }
        gateway.flush()
        print((resident() - early) / Double(plates - plates / 3) * 1_048_576)
    }

    private static func resident() -> Double { Resident.mebibytes(getpid()) ?? 0 }

    /// A vault that says yes and keeps nothing.
    private struct Abyss: Channel {
        func exchange(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] { [] }
    }
}
