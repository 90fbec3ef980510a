import Disk
import Embedded
import Foundation
import Ledger
import Plates
import Rows
import Secrets
import Vault
import Warrants
import Wire

/// The death of a day, with five real custodians, their state files and slots: from the instant at
/// which it is due until all five have said in the log that its keys are gone, and until the vault
/// has removed the files of its rows too. Beside it, the same in a store a hundredth as large.
struct DestroyBench {
    private static let start = Timestamp(seconds: 1_772_431_200)  // 2026-03-02T06:00:00Z
    private static let rounds = 3
    // Keys are renewed each week, which costs the custodians more for a few days. These six lie
    // between, all like each other.
    private static let first = start.day.adding(9)

    let folder: String
    let disk: POSIXFileSystem
    /// Rows of the whole store; a day has a thirtieth of them.
    let sizes: [Int]

    /// Seconds from the due instant.
    struct Death {
        /// Until the word of five custodians is in the log.
        let said: Double
        /// Until the day's files are gone as well.
        let removed: Double
    }

    /// The deaths for each size, in the order of `sizes`, so often.
    func run() throws -> [[Death]] {
        let root = folder + "/city"
        var plan = Plan(origin: "bench.example/destroy.demo", start: Self.start)
        plan.sites = ["Main Street"]
        _ = try Deployment.create(at: root, plan: plan)
        try fill(Layout(root).rows)
        let city = try Deployment.open(at: root)
        var found = [[Death]](repeating: [], count: sizes.count)
        for offset in 0..<(Self.rounds * sizes.count) {
            let day = Self.first.adding(Int64(offset))
            found[offset % sizes.count].append(try death(of: day, in: city, root))
        }
        return found
    }

    /// One day after the other of each size, so that the sizes take turns.
    private func fill(_ rows: String) throws {
        let days = (0..<(Self.rounds * sizes.count)).map { Self.first.adding(Int64($0)) }
        let store = try SQLiteRowStore.open(at: rows, fileSystem: disk)
        for (place, size) in sizes.enumerated() {
            try fill(days[place], size / SearchStore.days, store)
        }
        for place in sizes.count..<days.count {
            // Whose rows they are does not matter to whoever removes them.
            for (from, to) in zip(
                Self.files(of: days[place % sizes.count], rows), Self.files(of: days[place], rows))
            {
                try FileManager.default.copyItem(atPath: from, toPath: to)
            }
        }
        // Written long ago as well: no day's death waits for what is still to be written of another.
        try POSIXFiles.dropCache(in: rows)
    }

    /// What a day has on the disk once its hours are closed.
    private static func files(of day: Day, _ rows: String) -> [String] {
        ["\(rows)/day-\(day.number).sqlite", "\(rows)/closed-\(day.number).blocks"]
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

    private func death(of day: Day, in city: Deployment, _ root: String) throws -> Death {
        let due = day.start.adding(days: Int64(city.roster.policy.retentionDays))
        // Everybody's other duties come first, a day at a time, and the destruction is prepared.
        let eve = due.adding(minutes: -10)
        while city.now < eve {
            let step = min(eve.milliseconds(since: city.now), 43_200_000)
            try city.clocks.pass(milliseconds: step)
            try city.settle()
        }
        try city.clocks.pass(milliseconds: due.milliseconds(since: city.now) + 1)
        let files = Self.files(of: day, Layout(root).rows)
        // Here its rows were written minutes ago, and not a month: no machine has those in memory.
        for file in files { try POSIXFiles.dropCache(file) }
        let before = try logSize(city)
        let said = try Measure.seconds { _ = try city.settleCustodians() }
        let size = try logSize(city)
        // The vault removes the files by itself; what comes after that waits for the last of it.
        let rest = try Measure.seconds {
            let end = Date().addingTimeInterval(60)
            while try files.contains(where: { try disk.size($0) != nil }), Date() < end {
                usleep(500)
            }
            try city.settle()
        }
        // What stood in the log when the custodians had done.
        let entries = try city.vault.entries(0..<size)
        let others = try entries[Int(before)...].filter {
            ![.dayDestroyed, .prekeys].contains(try UnverifiedStatement(wire: $0).type)
        }
        guard others.isEmpty else {
            throw BenchError("the custodians had more to do than on other days")
        }
        let report = try Record(entries: entries, trusted: city.roster.hash)
            .report(on: day, at: city.now)
        guard report?.verdict == .dead, report?.erasedBy.count == 5 else {
            throw BenchError("day \(day.text) is not dead by the word of five")
        }
        let names = try disk.list(Layout(root).rows)
        guard !names.contains(where: { $0.contains("-\(day.number).") }) else {
            throw BenchError("the files of day \(day.text) are not gone")
        }
        return Death(said: said, removed: said + rest)
    }

    private func logSize(_ city: Deployment) throws -> UInt64 {
        try Checkpoint(text: try Note(wire: city.vault.checkpoint()).text).size
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
                pairs: zip(most, least).map { (value: $0.said, reference: $1.said) },
                target: [.ratioAtMost(1.2), .valueAtMost(5)]),
            Measure(
                id: "destroy-files-\(name)",
                what: "the same until the files of its rows are gone; reference: of "
                    + "\(millions(sizes[0])) rows", unit: "s",
                pairs: zip(most, least).map { (value: $0.removed, reference: $1.removed) },
                target: [.valueAtMost(5)]),
        ]
    }
}
