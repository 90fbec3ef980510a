import Bytes
import Disk
import Foundation

/// The parts in their order, and what becomes of their figures.
final class Suite {
    private let options: Options
    private let disk: POSIXFileSystem
    private let folder: String
    private let work: String
    private var results: [Measure] = []
    private var failed: [String] = []
    private var charts: [String: Chart] = [:]

    init(_ options: Options, _ disk: POSIXFileSystem) {
        self.options = options
        self.disk = disk
        folder = FileManager.default.currentDirectoryPath + "/.bench"
        work = folder + "/work"
    }

    func run() throws {
        for (name, part) in parts where options.wants(name) {
            try? FileManager.default.removeItem(atPath: work)
            try disk.makeFolder(work)
            defer { try? FileManager.default.removeItem(atPath: work) }
            do {
                var found: [Measure] = []
                let time = try Measure.seconds { found = try part() }
                Self.say("\(name): \(Measure.number(time)) s")
                for line in Measure.table(found) { Self.say(line) }
                results += found
            } catch {
                // The other parts are measured all the same.
                Self.say("error: \(name): \((error as? any CodedError)?.sentence ?? "\(error)")")
                failed.append(name)
            }
        }
        if options.only.count != 1 { for line in Measure.table(results) { Self.say(line) } }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(results).write(to: URL(filePath: folder + "/results.json"))
        for (name, chart) in charts {
            try Data(chart.svg.utf8).write(to: URL(filePath: "\(folder)/\(name).svg"))
        }
        guard failed.isEmpty else {
            throw BenchError("not measured: \(failed.joined(separator: ", "))")
        }
    }

    /// At once, also into a pipe.
    static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    private var parts: [(String, () throws -> [Measure])] {
        [
            ("seal", { try SealBench().measures() }),
            ("intake", intake),
            ("search", search),
            ("destroy", destroy),
            ("peers", peers),
            ("load", load),
            ("log", log),
            ("pages", { [work, disk] in try PagesBench(folder: work, disk: disk).run() }),
        ]
    }

    private func log() throws -> [Measure] {
        var found = try [1, 100, 1000].map {
            try AppendBench(folder: work, disk: disk).run(batch: $0)
        }
        found.append(try CosignBench(folder: work, disk: disk).run())
        found.append(try ReadBench(folder: work, disk: disk).run())
        return found + (try AuditBench(folder: work, disk: disk).run())
    }

    /// Rows 1 and 4: reads to durable rows, and what they take on disk.
    private func intake() throws -> [Measure] {
        let reads = options.scaled(1_000_000)
        let both = try IntakeBench(work, disk, lanes: 2)
        for _ in 0..<(options.isFull ? 10 : 3) { try both.run(.realistic, reads: reads) }
        for kind in [Workload.Kind.distinct, .single] { try both.run(kind, reads: reads / 4) }
        let one = try IntakeBench(work, disk, lanes: 1)
        try one.run(.realistic, reads: reads / 2)
        let days = both.days.filter { $0.kind == .realistic }
        charts["throughput"] = Chart(
            title: "From plate to durable sealed row", x: "million rows in the store",
            y: "thousand rows a second",
            lines: [
                Chart.Line(name: "PlateVault", points: growth(days.map(\.rate))),
                Chart.Line(name: "SQLite, append and index", points: growth(days.map(\.reference))),
            ])
        return [
            both.measure(
                .realistic, id: "intake", "plate to durable sealed row, hours closed, two cores",
                [.ratioAtLeast(0.6), .valueAtLeast(150_000)]),
            both.measure(.distinct, id: "intake-distinct", "the same, all plates distinct", []),
            both.measure(.single, id: "intake-single", "the same, one plate only", []),
            one.measure(.realistic, id: "intake-one-core", "the same on one core", []),
            Measure(
                id: "intake-closing", what: "the part of that time in which hours are closed",
                unit: "of 1", values: days.map(\.closing)),
            Measure(
                id: "row-bytes",
                what: "bytes on disk per read; reference: padded read, nonce, tag and label",
                unit: "bytes", pairs: days.map { ($0.bytes, Double(SQLiteReference.rowSize + 16)) },
                target: [.ratioAtMost(1.25)]),
        ]
    }

    /// Thousand rows a second, by the million rows that there are after each day.
    private func growth(_ rates: [Double]) -> [(Double, Double)] {
        let million = Double(options.scaled(1_000_000)) / 1_000_000
        return rates.enumerated().map { (Double($0 + 1) * million, $1 / 1000) }
    }

    /// Row 5: one plate over thirty days, in stores that grow.
    private func search() throws -> [Measure] {
        var sizes = [options.scaled(1_000_000), options.scaled(10_000_000)]
        if options.isFull { sizes.append(options.scaled(100_000_000)) }
        if let rows = options.rows { sizes = sizes.filter { $0 < rows } + [rows] }
        var found: [Measure] = []
        var figures: [(rows: Int, figures: SearchBench.Figures)] = []
        for rows in sizes {
            let one = try SearchBench(folder: work, disk: disk, rows: rows)
                .run(options.isFull ? 5 : 3)
            try FileManager.default.removeItem(atPath: "\(work)/search-\(rows)")
            figures.append((rows, one))
            found += SearchReport.measures(rows, one)
        }
        found += SearchReport.growth(figures)
        charts["search"] = SearchReport.chart(figures)
        return found
    }

    /// Row 6: a day's death, in stores of a million and of a hundred million rows.
    private func destroy() throws -> [Measure] {
        try DestroyBench(
            folder: work, disk: disk,
            sizes: [1_000_000, 100_000_000].map { options.scaled($0) }
        ).measures()
    }

    /// Row 8: others that do the same work.
    private func peers() throws -> [Measure] {
        try PeerBench(folder: work, disk: disk, count: options.scaled(100_000)).measures()
    }

    /// Rows 2 and 7: a whole deployment under load.
    private func load() throws -> [Measure] {
        try LoadBench(folder: work, disk: disk, seconds: options.isFull ? 20 : 2).measures()
    }
}
