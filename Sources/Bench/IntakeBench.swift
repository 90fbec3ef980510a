import Disk
import Dispatch
import Foundation
import Intake
import Plates
import Secrets
import Synchronization
import Warrants
import Wire

/// Reads by the day through the gateways of some sites and the vault, in one process, from the plate
/// to the durable sealed row, hours closed and rows in their final place included; beside SQLite
/// that keeps random rows of the same size.
///
/// All days go into one store, and all reference rows into one file, so that their growth shows.
final class IntakeBench {
    /// One day's figures.
    struct Day {
        let kind: Workload.Kind
        let reads: Int
        /// Reads a second, and the reference's rows a second.
        let rate: Double
        let reference: Double
        /// The part of the time that closing the hours took.
        let closing: Double
        /// Bytes of the day's file for each read.
        let bytes: Double
    }

    private static let batch = 4_096

    private let sites: Int
    private let town: BenchTown
    private let sqlite: SQLiteReference
    private let lanes: [Lane]
    private var day = BenchTown.first
    private(set) var days: [Day] = []

    /// So many lanes work at once, each with its own sites.
    init(_ folder: String, _ disk: any FileSystem, lanes count: Int, sites: Int = 2) throws {
        self.sites = sites
        town = try BenchTown(at: "\(folder)/intake-\(count)", sites: sites, disk)
        sqlite = try SQLiteReference("\(folder)/intake-\(count)/reference.sqlite")
        let town = town
        lanes = try (0..<count).map { lane in
            try Lane(
                town, (1...sites).filter { $0 % count == lane }.map { UInt16($0) })
        }
    }

    /// One day of reads, and as many rows of the reference. The lanes go through the day's hours by
    /// themselves, as sites do: one closes an hour while another takes the next one's reads.
    func run(_ kind: Workload.Kind, reads: Int) throws {
        let workload = Workload(kind, reads: reads, seed: UInt64(day.number))
        let (day, sites) = (day, sites)
        for lane in lanes { try lane.fetchKeys(day) }
        try atOnce { lane in
            for (range, hour) in zip(workload.hours, day.hours) {
                try lane.prepare(workload, range, hour, sites)
            }
        }
        let time = try Measure.seconds {
            try atOnce { try $0.run(day, Self.batch) }
        }
        guard lanes.map(\.delivered).reduce(0, +) == reads else { throw Failure.delivery }
        let closing = lanes.map(\.closing).reduce(0, +) / Double(lanes.count)
        for lane in lanes { lane.reset() }
        let bare = try Measure.seconds {
            for start in stride(from: 0, to: reads, by: Self.batch) {
                try sqlite.append(min(Self.batch, reads - start))
            }
            try sqlite.close()
        }
        let bytes = try bytes(of: day)
        days.append(
            Day(
                kind: kind, reads: reads, rate: Double(reads) / time,
                reference: Double(reads) / bare, closing: closing / time,
                bytes: Double(bytes) / Double(reads)))
        // The night has no reads: a day is over before the next begins.
        self.day = day.adding(2)
        for lane in lanes { try lane.skip(to: self.day.hours[0]) }
    }

    /// All reads in the busiest hour, which is closed; no reference.
    func oneHour(reads: Int) throws -> (rate: Double, bytes: Double) {
        let workload = Workload(.realistic, reads: reads, seed: 8)
        let (hour, sites) = (day.hours[17], sites)
        for lane in lanes {
            try lane.skip(to: hour)
            try lane.fetchKeys(day)
        }
        try atOnce { try $0.prepare(workload, 0..<reads, hour, sites) }
        let time = try Measure.seconds { try atOnce { try $0.run(hour, Self.batch) } }
        guard lanes.map(\.delivered).reduce(0, +) == reads else { throw Failure.delivery }
        let bytes = try bytes(of: day)
        return (Double(reads) / time, Double(bytes) / Double(reads))
    }

    /// Bytes of all of a day's files.
    private func bytes(of day: Plates.Day) throws -> Int {
        let names = try FileManager.default.contentsOfDirectory(atPath: town.rows)
        return try names.filter { $0.contains("-\(day.number).") }.map {
            try POSIXFiles.size("\(town.rows)/\($0)")
        }.reduce(0, +)
    }

    private func atOnce(_ work: @escaping @Sendable (Lane) throws -> Void) throws {
        let lanes = lanes
        let failures = Mutex<[any Error]>([])
        DispatchQueue.concurrentPerform(iterations: lanes.count) { index in
            do { try work(lanes[index]) } catch { failures.withLock { $0.append(error) } }
        }
        if let failure = failures.withLock({ $0.first }) { throw failure }
    }

    enum Failure: Error {
        case delivery
        case closing(String)
        case refused(String)
    }

    /// The figures of the days of a kind.
    func measure(_ kind: Workload.Kind, id: String, _ what: String, _ target: [Bound]) -> Measure {
        Measure(
            id: id, what: what, unit: "reads/s",
            pairs: days.filter { $0.kind == kind }.map { ($0.rate, $0.reference) }, target: target)
    }
}

/// Some sites' gateways, one after the other. Unchecked: used by one thread at a time.
private final class Lane: @unchecked Sendable {
    private let town: BenchTown
    private let sites: [UInt16]
    private var gateways: [Gateway] = []
    /// Of each hour, what its cameras will see.
    private var reads: [Hour: [(gateway: Int, read: Read)]] = [:]
    /// Rows that the vault has acknowledged.
    private(set) var delivered = 0
    /// Seconds in which it closed hours.
    private(set) var closing = 0.0

    init(_ town: BenchTown, _ sites: [UInt16]) throws {
        self.town = town
        self.sites = sites
        try skip(to: BenchTown.first.hours[0])
    }

    /// Gateways that begin with an hour.
    func skip(to hour: Hour) throws {
        gateways = try sites.map { number in
            try Gateway(
                roster: town.roster, site: SiteNumber(number: number),
                key: try BenchTown.key("site-\(number)"), vault: town.client,
                custodians: try town.custodians().map(\.client), firstOpenHour: hour,
                random: SystemRandom())
        }
    }

    func fetchKeys(_ day: Plates.Day) throws {
        for gateway in gateways {
            let report = gateway.fetchKeys(
                day.hours[0]...day.hours[23], generation: 1, at: day.start)
            guard report.incomplete.isEmpty else { throw IntakeBench.Failure.refused("keys") }
        }
    }

    /// The reads of an hour, made before the time runs.
    func prepare(
        _ workload: Workload, _ range: Range<Int>, _ hour: Hour, _ all: Int
    ) throws {
        var reads: [(gateway: Int, read: Read)] = []
        let step = 3_000_000 / Int64(max(1, range.count))
        for place in range {
            let site = UInt16(place % all + 1)
            guard let gateway = sites.firstIndex(of: site) else { continue }
            let seen = hour.start.adding(milliseconds: step * Int64(place - range.lowerBound))
            reads.append(
                (
                    gateway,
                    try Workload.read(
                        Workload.text(of: workload.plates[place]), seen: seen, camera: place % 64,
                        fold: town.roster.policy.fold)
                ))
        }
        self.reads[hour] = reads
    }

    /// Nothing is prepared, and nothing counted.
    func reset() { (reads, delivered, closing) = ([:], 0, 0) }

    /// Takes what was prepared of a day, in batches, and closes its hours.
    func run(_ day: Plates.Day, _ batch: Int) throws {
        for hour in day.hours { try run(hour, batch) }
        try close(at: day.end.adding(hours: 7))
    }

    /// Takes and closes an hour.
    func run(_ hour: Hour, _ batch: Int) throws {
        let now = hour.start.adding(minutes: 50)
        town.clock.reach(now)
        for (index, read) in reads.removeValue(forKey: hour) ?? [] {
            let gateway = gateways[index]
            try gateway.take(read, at: now)
            if gateway.counts.waiting >= batch { try hand(over: gateway) }
        }
        for gateway in gateways { try hand(over: gateway) }
        try close(at: hour.end.adding(minutes: 6))
    }

    private func hand(over gateway: Gateway) throws {
        let report = gateway.flush()
        if let problem = report.problems.first { throw problem }
        delivered += report.rows
    }

    private func close(at now: Timestamp) throws {
        town.clock.reach(now)
        closing += try Measure.seconds {
            for gateway in gateways {
                if let problem = gateway.closeHours(at: now).problem { throw problem }
                gateway.erase(at: now)
            }
        }
    }
}
