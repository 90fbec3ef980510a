import Foundation

/// What one unit of work costs, as the benchmark measured it.
struct UnitCosts {
    /// Reads a second that one machine of the measured kind takes, to closed hours.
    var reads = 150_000.0
    /// Bytes of a read on disk.
    var bytes = 350.0
    /// A custodian's seconds for one cell and plate, logged and sealed.
    var evaluate = 25e-6
    /// The vault's seconds for one cell and run.
    var find = 60e-6
    /// The requester's seconds for one cell: checking, combining, verifying, opening.
    var check = 60e-6
    /// Seconds from the due instant of a day to its death.
    var destroy = 1.0
    /// Log entries a second that an auditor goes through: read, verified and judged.
    var audit = 8_000.0

    /// The costs that stand in a `results.json`; what does not stand there keeps its value.
    static func read(_ path: String) throws -> UnitCosts {
        struct Figure: Decodable {
            let id: String
            let value: Double
        }
        let data = try Data(contentsOf: URL(filePath: path))
        var values: [String: Double] = [:]
        for figure in try JSONDecoder().decode([Figure].self, from: data) {
            values[figure.id] = figure.value
        }
        var costs = UnitCosts()
        func take(_ place: WritableKeyPath<UnitCosts, Double>, _ ids: [String], _ factor: Double) {
            guard let value = ids.compactMap({ values[$0] }).first else { return }
            costs[keyPath: place] = value * factor
        }
        // A search of one site has 720 cells; its custodians are three.
        let cells = Double(SearchStore.days * 24)
        let largest = ["100m", "10m", "1m"]
        take(\.reads, ["intake"], 1)
        take(\.bytes, ["row-bytes"], 1)
        take(\.evaluate, largest.map { "search-custodians-\($0)" }, 1e-3 / cells / 3)
        take(\.find, largest.map { "search-vault-\($0)" }, 1e-3 / cells)
        take(\.destroy, ["destroy-100m"], 1)
        let parts = ["structure", "signatures", "law"].compactMap { values["audit-\($0)-200000"] }
        if parts.count == 3 { costs.audit = 1 / parts.map { 1 / $0 }.reduce(0, +) }
        if let all = largest.compactMap({ values["search-warm-\($0)"] }).first {
            costs.check = max(0, all * 1e-3 / cells - 3 * costs.evaluate - costs.find)
        }
        return costs
    }
}

/// A deployment of a size.
struct Scale {
    let name: String
    /// Cameras of all sites.
    let cameras: Double
    /// Reads a day.
    let reads: Double
    /// Sites; each closes every hour twice.
    let sites: Double
    /// Gateway processes of one site in one hour.
    let runs: Double
    /// Requests a day.
    let requests: Double
    /// Sites of one request.
    let asked: Double

    /// Known sizes: a city like Denver, a large one, a state, and what all of a country's cameras of
    /// the largest vendor read.
    static let all = [
        Scale(
            name: "city", cameras: 95, reads: 69_000, sites: 4, runs: 1, requests: 20, asked: 4),
        Scale(
            name: "large city", cameras: 2_000, reads: 3_000_000, sites: 40, runs: 1.2,
            requests: 200, asked: 40),
        Scale(
            name: "state", cameras: 15_000, reads: 64_000_000, sites: 600, runs: 1.5,
            requests: 3_000, asked: 20),
        Scale(
            name: "country", cameras: 90_000, reads: 640_000_000, sites: 6_000, runs: 1.5,
            requests: 60_000, asked: 20),
    ]
}

/// What a scale comes to, minute by minute over a day of uneven hours, with vault machines that may
/// be away for an hour at the worst time.
struct Simulation {
    let costs: UnitCosts
    let scale: Scale
    /// How much of a machine's speed is used at the peak.
    var load = 0.5

    /// Vault machines: enough for the peak hour at that load.
    var machines: Double { (peak / (costs.reads * load)).rounded(.up) }
    /// Reads a second in the busiest hour.
    var peak: Double { scale.reads / 86_400 * (Workload.hours.max() ?? 1) }
    /// Bytes of thirty days.
    var disk: Double { scale.reads * 30 * costs.bytes }
    /// Cells of a search of thirty days.
    var cells: Double { 720 * scale.asked }
    /// Seconds of one custodian for one search.
    var custodian: Double { cells * costs.evaluate }
    /// Seconds of one search, custodians side by side.
    var search: Double {
        cells * (costs.evaluate + costs.find * scale.runs + costs.check)
    }
    /// Requests of at most 3,000 cells that it takes.
    var filings: Double { (cells / 3_000).rounded(.up) }
    /// Hours of one core that a custodian computes a day, when each request is answered by all.
    var custody: Double { custodian * scale.requests / 3_600 }
    /// Log entries a day: closings, grants of five custodians, and about 16 for each request.
    var entries: Double {
        scale.sites * 48 + scale.sites * 5 + scale.requests * filings * 16 + 40
    }

    /// The most reads that wait in gateways, and for how many minutes anything waits, when the vault
    /// is away for `minutes` from the beginning of the busiest hour.
    func outage(_ minutes: Int) -> (most: Double, over: Int) {
        var waiting = 0.0
        var most = 0.0
        var over = 0
        let start = (Workload.hours.firstIndex(of: Workload.hours.max() ?? 0) ?? 0) * 60
        for minute in 0..<(24 * 60) {
            let arriving = scale.reads / 1_440 * Workload.hours[minute / 60]
            let isAway = (start..<(start + minutes)).contains(minute)
            waiting += arriving
            waiting -= isAway ? 0 : min(waiting, costs.reads * machines * 60)
            most = max(most, waiting)
            if waiting > 0 { over += 1 }
        }
        return (most, over)
    }

    /// The table of all scales, as it stands in Docs/Scaling.md.
    static func table(_ costs: UnitCosts) -> [String] {
        let all = Scale.all.map { Simulation(costs: costs, scale: $0) }
        func row(_ name: String, _ value: (Simulation) -> String) -> String {
            "| \(name) | \(all.map(value).joined(separator: " | ")) |"
        }
        return [
            row("") { $0.scale.name },
            "|---|" + String(repeating: "---:|", count: all.count),
            row("cameras") { grouped($0.scale.cameras) },
            row("sites") { grouped($0.scale.sites) },
            row("reads a day") { grouped($0.scale.reads) },
            row("reads an hour, mean") { grouped($0.scale.reads / 24) },
            row("reads an hour, busiest") { grouped($0.peak * 3_600) },
            row("reads a second, busiest hour") { grouped($0.peak) },
            row("rows of thirty days") { grouped($0.scale.reads * 30) },
            row("disk of thirty days") { size($0.disk) },
            row("rows of a site's busiest hour") { grouped($0.peak * 3_600 / $0.scale.sites) },
            row("runs of a site in an hour") { Measure.number($0.scale.runs) },
            row("vault machines, half loaded at the peak") { grouped($0.machines) },
            row("part of them used at the peak") {
                percent($0.peak / ($0.costs.reads * $0.machines))
            },
            row("searches a day") { grouped($0.scale.requests) },
            row("sites and cells of a search of thirty days") {
                "\(grouped($0.scale.asked)), \(grouped($0.cells))"
            },
            row("requests that it takes") { grouped($0.filings) },
            row("seconds of it, custodians side by side") { Measure.number($0.search) },
            row("a custodian's seconds for it") { String(format: "%.2f", $0.custodian) },
            row("a custodian's core-hours a day") { String(format: "%.2f", $0.custody) },
            row("log entries a day") { grouped($0.entries) },
            row("an auditor's minutes for thirty days") {
                Measure.number($0.entries * 30 / $0.costs.audit / 60)
            },
            row("reads that wait after an hour without the vault") { grouped($0.outage(60).most) },
            row("minutes until none waits") { grouped(Double($0.outage(60).over)) },
        ]
    }

    private static func grouped(_ value: Double) -> String {
        let digits = Array(String(format: "%.0f", value))
        return String(
            digits.enumerated().flatMap { place, digit -> [Character] in
                let left = digits.count - place
                return place > 0 && left.isMultiple(of: 3) ? [",", digit] : [digit]
            })
    }

    private static func percent(_ part: Double) -> String {
        part < 0.01 ? "< 1 %" : String(format: "%.0f %%", part * 100)
    }

    private static func size(_ bytes: Double) -> String {
        let units = ["B", "kB", "MB", "GB", "TB", "PB"]
        let power = min(units.count - 1, max(0, Int(log10(max(1, bytes)) / 3)))
        return String(format: "%.1f ", bytes / pow(1_000, Double(power))) + units[power]
    }

    /// `Bench simulate [results.json]`: the costs, and the table.
    static func run(_ words: [String]) throws {
        let costs = try words.first.map(UnitCosts.read) ?? UnitCosts()
        print(
            String(
                format: "%.0f reads/s a machine, %.0f bytes a read; a cell: custodian %.1f µs, "
                    + "vault %.1f µs a run, requester %.1f µs; audit %.0f entries/s\n",
                costs.reads, costs.bytes, costs.evaluate * 1e6, costs.find * 1e6,
                costs.check * 1e6, costs.audit))
        for line in table(costs) { print(line) }
    }
}
