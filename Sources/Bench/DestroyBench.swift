import Disk
import Embedded
import Foundation
import Plates
import Rows
import Secrets
import Vault
import Warrants

/// The death of a day, with five real custodians, their state files and slots: from the instant at
/// which it is due until all five have said in the log that its keys are gone, and the vault has
/// dropped its rows. Beside it, the same in a store a hundredth as large.
struct DestroyBench {
    private static let start = Timestamp(seconds: 1_772_431_200)  // 2026-03-02T06:00:00Z
    private static let rounds = 3

    let folder: String
    let disk: POSIXFileSystem
    /// Rows of the whole store; a day has a thirtieth of them.
    let sizes: [Int]

    /// Seconds for each size, in the order of `sizes`, so often.
    func run() throws -> [[Double]] {
        let root = folder + "/city"
        var plan = Plan(origin: "bench.example/destroy.demo", start: Self.start)
        plan.sites = ["Main Street"]
        _ = try Deployment.create(at: root, plan: plan)
        try fill(Layout(root).rows)
        let city = try Deployment.open(at: root)
        var found = [[Double]](repeating: [], count: sizes.count)
        for offset in 0..<(Self.rounds * sizes.count) {
            let day = Self.start.day.adding(Int64(offset))
            found[offset % sizes.count].append(try death(of: day, in: city, root))
        }
        return found
    }

    /// One day after the other of each size, so that the sizes take turns.
    private func fill(_ rows: String) throws {
        let days = (0..<(Self.rounds * sizes.count)).map { Self.start.day.adding(Int64($0)) }
        let store = try SQLiteRowStore.open(at: rows, fileSystem: disk)
        for (place, size) in sizes.enumerated() {
            try fill(days[place], size / SearchStore.days, store)
        }
        for place in sizes.count..<days.count {
            // Whose rows they are does not matter to whoever removes them.
            try FileManager.default.copyItem(
                atPath: "\(rows)/day-\(days[place % sizes.count].number).sqlite",
                toPath: "\(rows)/day-\(days[place].number).sqlite")
        }
    }

    private func fill(_ day: Day, _ count: Int, _ store: SQLiteRowStore) throws {
        let site = SiteNumber(number: 1)
        let key = try BenchTown.key("site-1")
        let admission = Admission(sites: [site], hours: day.hours[0]...day.hours[23])
        var noise = Noise(seed: UInt64(day.number))
        let run = try RunID(bytes: SystemRandom().bytes(8))
        for (hour, part) in zip(day.hours, Workload.hours) {
            let cell = Cell(hour: hour, site: site)
            var left = Int(Double(count) * part / 24)
            var batches: [Batch] = []
            while left > 0 {
                let batch = try Batch(
                    cell: cell, run: run, number: UInt64(batches.count),
                    rows: try noise.rows(min(left, Batch.maximumRows)), origin: BenchTown.origin,
                    key: key)
                _ = try store.keep(batch, admission: admission)
                batches.append(batch)
                left -= batch.rows.count
            }
            let opening = try HourOpening(
                closing: cell, kind: .prompt, batches: batches, unfinished: [],
                salt: SystemRandom().bytes(32))
            _ = try store.close(
                StoredClosing(
                    opening: opening, statement: Digest(of: opening.encode()),
                    wire: opening.encode()))
        }
    }

    /// Seconds from the due instant.
    private func death(of day: Day, in city: Deployment, _ root: String) throws -> Double {
        let due = day.start.adding(days: Int64(city.roster.policy.retentionDays))
        // Everybody's other duties come first, a day at a time, and the destruction is prepared.
        let eve = due.adding(minutes: -10)
        while city.now < eve {
            let step = min(eve.milliseconds(since: city.now), 43_200_000)
            try city.clocks.pass(milliseconds: step)
            try city.settle()
        }
        try city.clocks.pass(milliseconds: due.milliseconds(since: city.now) + 1)
        let file = "\(Layout(root).rows)/day-\(day.number).sqlite"
        // Here its rows were written minutes ago, and not a month: no machine has those in memory.
        try POSIXFiles.dropCache(file)
        let time = try Measure.seconds { try city.settle() }
        let said = try city.audit().days.first { $0.day == day }
        guard said?.verdict == .dead, said?.erasedBy.count == 5,
            try disk.size(file) == nil
        else { throw BenchError("day \(day.text) is not dead by the word of five") }
        return time
    }

    /// The table's rows.
    func measures() throws -> [Measure] {
        let found = try run()
        guard let least = found.first, let most = found.last else { return [] }
        func millions(_ rows: Int) -> String { Measure.number(Double(rows) / 1_000_000) + "m" }
        let name = millions(sizes[sizes.count - 1])
        return [
            Measure(
                id: "destroy-\(name)",
                what: "a day of a store of \(name) rows from due to five attestations; reference: "
                    + "of \(millions(sizes[0])) rows", unit: "s",
                pairs: zip(most, least).map { (value: $0, reference: $1) },
                target: [.ratioAtMost(1.2), .valueAtMost(5)])
        ]
    }
}
