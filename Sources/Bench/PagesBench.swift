import Disk
import Foundation
import Ledger
import Plates
import Portal
import Warrants

/// The public pages of a city's log, beside those of one a fiftieth as long: what a page costs must not grow
/// with the log. What making them costs, and how long a browser waits for the first byte.
///
/// Also by hand: `Bench pages-log FOLDER`, with a log of `Bench make-log`.
struct PagesBench {
    let folder: String
    let disk: any FileSystem
    private static let count = 100_000
    private static let runs = 21
    /// One page of each kind; `/log/N/` is an entry in the middle.
    private static let paths = [
        "/", "/requests/", "/figures/", "/days/", "/log/", "/log/page/9/",
        "/log/kind/hour-closed/", "/log/N/", "/policy/", "/audit/", "/data/",
    ]

    func run() throws -> [Measure] {
        let (long, short) = (folder + "/long", folder + "/short")
        try AuditBench.make(long, Self.count, disk)
        try AuditBench.make(short, Self.count / 50, disk)
        return try Self.measures(long, beside: short, disk) + Self.served(long).measures
    }

    /// How long the first byte of each kind of page takes over HTTP on this machine, and how long the
    /// pages are, in runs one after the other.
    private static func served(
        _ folder: String
    ) throws -> (measures: [Measure], kinds: [(path: String, milliseconds: [Double])]) {
        var kinds = paths.map { (path: $0, milliseconds: [Double]()) }
        var slowest: [Double] = []
        var most = 0
        try PagesServer.with(folder) { port in
            for _ in 0..<runs {
                for place in kinds.indices {
                    let path = kinds[place].path
                    let page = try FirstByte(path == "/log/N/" ? middle(count) : path, at: port)
                    guard page.status == 200 else { throw BenchError("nothing stands at \(path)") }
                    kinds[place].milliseconds.append(page.milliseconds)
                    most = max(most, page.bytes)
                }
                slowest.append(kinds.compactMap(\.milliseconds.last).max() ?? 0)
            }
        }
        let measures = [
            Measure(
                id: "pages-first-byte",
                what: "the first byte of the slowest public page, over HTTP on this machine",
                unit: "ms", values: slowest, target: [.valueAtMost(50)]),
            Measure(
                id: "pages-served-bytes", what: "the longest of them, as it was sent", unit: "KB",
                values: [Double(most) / 1_024], target: [.valueAtMost(100)]),
        ]
        return (measures, kinds)
    }

    private static func measures(
        _ long: String, beside short: String?, _ disk: any FileSystem
    ) throws -> [Measure] {
        let (city, snapshots) = try snapshot(long, disk)
        let first = try short.map { try snapshot($0, disk).site } ?? city
        var pairs: [(value: Double, reference: Double)] = []
        var most = 0
        for _ in 0..<runs {
            var (slowest, beside) = (0.0, 0.0)
            for path in paths {
                let page = try time(path, city)
                (slowest, most) = (max(slowest, page.milliseconds), max(most, page.bytes))
                beside = max(beside, try time(path, first).milliseconds)
            }
            pairs.append((slowest, beside))
        }
        return [
            Measure(
                id: "pages",
                what: "the slowest public page; reference: of a log a fiftieth as long",
                unit: "ms", pairs: pairs, target: [.valueAtMost(50)]),
            Measure(
                id: "pages-bytes", what: "the longest of them", unit: "KB",
                values: [Double(most) / 1_024], target: [.valueAtMost(100)]),
            Measure(
                id: "pages-snapshot", what: "the state of a minute, from which all are made",
                unit: "ms", values: snapshots),
        ]
    }

    /// The pages of a log as of its last evening, and how long each of some later minutes took.
    private static func snapshot(
        _ path: String, _ disk: any FileSystem
    ) throws -> (site: PublicSite, minutes: [Double]) {
        let city = try BenchCity()
        let source = FolderTiles(path + "/public", fileSystem: disk)
        let now = try evening(source, city)
        let record = PublicRecord(source, trusting: city.roster.hash)
        try record.follow(at: now)
        var minutes: [Double] = []
        for minute in 1...Int64(5) {
            minutes.append(
                1_000 * (try Measure.seconds { try record.follow(at: now.adding(minutes: minute)) })
            )
        }
        guard let snapshot = record.snapshot else { throw BenchError("no snapshot was made") }
        return (PublicSite(snapshot), minutes)
    }

    /// The end of such a log's last day.
    static func evening(_ source: any TileSource, _ city: BenchCity) throws -> Timestamp {
        let (log, _) = try TiledLog.open(
            source, origin: BenchCity.origin, logKey: city.roster.logKey)
        // A day on which anybody searched ends with what a requester received at eight in the evening.
        for index in (0..<log.size).reversed() {
            let entry = try UnverifiedStatement(wire: try log.entry(at: index))
            if let last = try? entry.unverifiedBody(DisclosureBody.self) {
                return last.time.adding(hours: 2)
            }
        }
        throw BenchError("nobody has searched in this log")
    }

    /// An entry in the middle of a log of so many.
    private static func middle(_ count: Int) -> String { "/log/\(count / 2)/" }

    private static func time(
        _ path: String, _ site: PublicSite
    ) throws -> (milliseconds: Double, bytes: Int) {
        let path = path == "/log/N/" ? middle(site.snapshot.count) : path
        var bytes = 0
        let seconds = try Measure.seconds {
            let found = try site.answer(path)
            guard let found else { throw BenchError("nothing stands at \(path)") }
            bytes = found.body.count
        }
        return (1_000 * seconds, bytes)
    }

    /// The command by hand; false where it is not meant.
    static func command(_ words: [String], _ disk: any FileSystem) throws -> Bool {
        guard words.count == 2, words[0] == "pages-log" else { return false }
        let (measures, kinds) = try served(words[1])
        for line in Measure.table(try Self.measures(words[1], beside: nil, disk) + measures) {
            Suite.say(line)
        }
        for (path, milliseconds) in kinds {
            let (middle, most) = (Measure.median(milliseconds), milliseconds.max() ?? 0)
            Suite.say(
                "first byte of \(path): \(Measure.number(middle)) ms, "
                    + "at most \(Measure.number(most)) ms")
        }
        return true
    }
}
