import Foundation
import NIOCore
import Plates
import Testing

@testable import Bench

/// The pure parts of the benchmark: what is measured must be what the documents say.
@Suite struct WorkloadTests {
    @Test("94 % of plates once a day; the busiest 1 % are 11 % of reads")
    func realistic() {
        let reads = 200_000
        let day = Workload(.realistic, reads: reads, seed: 1)
        #expect(day.plates.count == reads)
        let counts = Dictionary(day.plates.map { ($0, 1) }, uniquingKeysWith: +)
        let once = counts.values.count { $0 == 1 }
        #expect(abs(Double(once) / Double(counts.count) - 0.94) < 0.005)
        let busiest = counts.values.sorted(by: >).prefix(counts.count / 100).reduce(0, +)
        #expect(abs(Double(busiest) / Double(reads) - 0.11) < 0.005)
    }

    @Test("the worst cases are what their names say")
    func worst() {
        let distinct = Workload(.distinct, reads: 10_000, seed: 2).plates
        #expect(Set(distinct).count == 10_000)
        #expect(Set(Workload(.single, reads: 10_000, seed: 2).plates).count == 1)
    }

    @Test("hours cover the day, and the busiest has three times the mean")
    func hours() {
        #expect(abs(Workload.hours.reduce(0, +) - 24) < 1e-9)
        #expect(Workload.hours.max() == 3)
        let day = Workload(.distinct, reads: 24_000, seed: 3)
        #expect(day.hours.count == 24)
        #expect(day.hours.first?.lowerBound == 0)
        #expect(day.hours.last?.upperBound == 24_000)
        #expect(zip(day.hours, day.hours.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
        #expect(day.hours.map(\.count).max() == 3_000)
    }

    @Test("each number is another plate, and a plate is in normal form")
    func plates() throws {
        let texts = (0..<50_000).map { Workload.text(of: UInt32($0)) }
        #expect(Set(texts).count == texts.count)
        for text in texts.prefix(200) {
            #expect(try Plate(normalizing: text, fold: .letterOAsZero).text == text)
        }
    }

    @Test("a read of the workload has the smaller size, as most have")
    func read() throws {
        let read = try Workload.read(
            "ABC1234", seen: Timestamp(seconds: 1_772_431_200), camera: 63, fold: .letterOAsZero)
        #expect((128...254).contains(read.encode().count))
    }
}

@Suite struct MeasureTests {
    @Test("medians, the ratio of each run, and what has to hold")
    func ratios() {
        let measure = Measure(
            id: "a", what: "b", unit: "c", pairs: [(4, 2), (9, 3), (10, 10)],
            target: [.ratioAtLeast(2), .valueAtMost(9)])
        #expect(measure.value == 9)
        #expect(measure.reference == 3)
        #expect(measure.ratio == 2)
        #expect(measure.holds == true)
        #expect(measure.target == "ratio ≥ 2, ≤ 9 c")
    }

    @Test("a bound that is missed is not held; none at all says nothing")
    func bounds() {
        #expect(Measure(id: "", what: "", unit: "", values: [1]).holds == nil)
        #expect(
            Measure(id: "", what: "", unit: "", values: [1], target: [.ratioAtLeast(1)]).holds
                == false)
        #expect(Measure.quantile(0.99, of: (1...100).map(Double.init)) == 100)
        #expect(Measure.median([]) == 0)
    }

    @Test("the JSON has every key, and null where there is nothing")
    func json() throws {
        let data = try JSONEncoder().encode([
            Measure(id: "x", what: "y", unit: "z", values: [1, 3])
        ])
        let decoded = try JSONSerialization.jsonObject(with: data) as? [[String: Any]]
        let first = try #require(decoded?.first)
        let keys = [
            "id", "what", "unit", "value", "minimum", "maximum", "reference", "ratio", "target",
            "holds", "runs",
        ]
        #expect(Set(first.keys) == Set(keys))
        #expect(first["value"] as? Double == 2)
        #expect(first["reference"] is NSNull)
    }
}

@Suite struct SimulationTests {
    private var costs: UnitCosts {
        var costs = UnitCosts()
        costs.reads = 100_000
        costs.bytes = 400
        return costs
    }

    @Test("what follows from the costs")
    func arithmetic() {
        let scale = Scale(
            name: "x", cameras: 1, reads: 86_400_000, sites: 10, runs: 2, requests: 100, asked: 10)
        let simulation = Simulation(costs: costs, scale: scale)
        #expect(abs(simulation.peak - 3_000) < 1e-6)
        #expect(simulation.machines == 1)
        #expect(abs(simulation.disk - 86_400_000 * 30 * 400) < 1)
        #expect(simulation.cells == 7_200)
        #expect(simulation.filings == 3)
    }

    @Test("what waits while the vault is away is made good")
    func outage() {
        let scale = Scale(
            name: "x", cameras: 1, reads: 86_400_000, sites: 10, runs: 2, requests: 100, asked: 10)
        let simulation = Simulation(costs: costs, scale: scale)
        #expect(simulation.outage(0).most == 0)
        #expect(simulation.outage(0).over == 0)
        let hour = simulation.outage(60)
        #expect(abs(hour.most - 3_000 * 3_600) < 1)
        #expect(hour.over >= 60 && hour.over < 70)
    }

    @Test("costs out of a file of results; what it lacks keeps its value")
    func reading() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).json").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let text = """
            [{"id":"intake","value":200000},{"id":"search-custodians-10m","value":72},
             {"id":"search-vault-10m","value":36},{"id":"search-warm-10m","value":180}]
            """
        try Data(text.utf8).write(to: URL(filePath: path))
        let costs = try UnitCosts.read(path)
        #expect(costs.reads == 200_000)
        #expect(costs.bytes == UnitCosts().bytes)
        #expect(abs(costs.evaluate - 72e-3 / 720 / 3) < 1e-12)
        #expect(abs(costs.find - 50e-6) < 1e-12)
        #expect(abs(costs.check - 100e-6) < 1e-12)
        #expect(Simulation.table(costs).count > 20)
    }
}

@Suite struct ChartTests {
    @Test("a chart is one SVG with a line for each name")
    func svg() throws {
        let chart = Chart(
            title: "Rows", x: "millions", y: "thousands",
            lines: [
                Chart.Line(name: "first", points: [(1, 10), (10, 20)]),
                Chart.Line(name: "second", points: [(1, 5), (10, 4)]),
            ], isLogarithmic: true)
        #expect(chart.svg.hasPrefix("<svg "))
        #expect(chart.svg.hasSuffix("</svg>\n"))
        #expect(chart.svg.components(separatedBy: "<polyline").count == 3)
        #expect(chart.svg.contains("first") && chart.svg.contains("second"))
        #expect(!chart.svg.contains("nan"))
    }
}

@Suite struct LoadMessagesTests {
    @Test(
        "each message of a load is another one, as long as the others, and says what it is to say")
    func messages() throws {
        let time: Int64 = 1_772_431_200_123
        for (reads, messages) in [
            (1, LoadMessages.groups(at: time, seed: 5)),
            (200, LoadMessages.lines(200, at: time, seed: 5)),
        ] {
            var seen: Set<Data> = []
            for number in 1...50 {
                var buffer = ByteBuffer()
                messages.write(number, into: &buffer)
                #expect(buffer.readableBytes == messages.size)
                let body = Data(buffer.readableBytesView)
                #expect(seen.insert(body).inserted)
                let lines = body.split(separator: 0x0a)
                #expect(lines.count == reads)
                for line in lines {
                    let object = try #require(
                        try JSONSerialization.jsonObject(with: line) as? [String: Any])
                    let isGroup = reads == 1
                    let plate = object[isGroup ? "best_plate_number" : "plate"] as? String
                    #expect(plate?.wholeMatch(of: /[A-Z]{3}[0-9]{4}/) != nil)
                    let seen = object[isGroup ? "epoch_start" : "epoch_ms"] as? Int64 ?? 0
                    #expect((time..<(time + 60_000)).contains(seen))
                    let others = (object["candidates"] as? [[String: Any]] ?? [])
                        .compactMap { $0["plate"] as? String }
                    #expect(others.count == (isGroup ? 10 : 0))
                    #expect(others.allSatisfy { $0.dropLast() == plate?.dropLast() })
                }
            }
        }
    }
}
