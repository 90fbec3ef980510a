import Disk
import Embedded
import Foundation
import Hosting
import Plates
import Secrets

/// A whole deployment under load: a gateway, the vault and five custodians as programs of their own,
/// TLS between them, cameras that post over HTTP, and every answer only after the vault has synced
/// the rows; beside the same listener with nothing behind it but the parser. All of it, the cameras
/// too, on this machine's cores.
struct LoadBench {
    static let start = Timestamp(seconds: 1_772_431_200)  // 2026-03-02T06:00:00Z
    private static let origin = "bench.example/load.demo"
    private static let feeds = (1...4).map { "agent-\($0)" } + (1...4).map { "lines-\($0)" }
    private static let connections = 100
    private static let lines = 200

    let folder: String
    let disk: POSIXFileSystem
    /// Seconds of each run.
    let seconds: Double

    func measures() throws -> [Measure] {
        let root = folder + "/city"
        var plan = Plan(origin: Self.origin, start: Self.start)
        plan.sites = ["Main Street"]
        try Deployment.create(at: root, plan: plan).clocks.run(true)
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let serving = try Serving(
            root, binaries: URL(filePath: own).deletingLastPathComponent().path)
        let gateway = try Self.addFeeds(to: serving, disk)
        try serving.start()
        defer { serving.stop() }
        let place = try FreePort.take()
        let parser = try Command.start(own, ["serve-parsing", "127.0.0.1:\(place)"])
        defer {
            kill(parser, SIGKILL)
            Command.wait(parser)
        }
        Thread.sleep(forTimeInterval: 1)
        let load = Load(
            gateway: gateway, parser: place,
            clock: try DemoClock(Layout(root).clock, origin: Self.origin, disk: disk))
        return try speed(load) + (try memory(load, serving)) + [try PlateMemory.measure(own)]
    }

    /// Where loads go.
    private struct Load {
        let gateway: Int
        let parser: Int
        let clock: DemoClock
        private(set) var seed: UInt64 = 1

        init(gateway: Int, parser: Int, clock: DemoClock) {
            self.gateway = gateway
            self.parser = parser
            self.clock = clock
        }

        func groups(_ port: Int, _ seconds: Double, seed: UInt64) throws -> LoadGenerator.Outcome {
            try LoadGenerator(
                port: port, feeds: Array(LoadBench.feeds.prefix(4)),
                connections: LoadBench.connections,
                messages: .groups(at: clock.wall.milliseconds, seed: seed)
            ).run(seconds: seconds)
        }

        func lines(_ port: Int, _ seconds: Double, seed: UInt64) throws -> LoadGenerator.Outcome {
            try LoadGenerator(
                port: port, feeds: Array(LoadBench.feeds.suffix(4)), connections: 16,
                messages: .lines(
                    LoadBench.lines, at: clock.wall.milliseconds, seed: seed)
            ).run(seconds: seconds)
        }
    }

    /// Gives the site's gateway the benchmark's feeds; its port.
    private static func addFeeds(to serving: Serving, _ disk: POSIXFileSystem) throws -> Int {
        guard let gateway = serving.programs.first(where: { $0.name == "gatewayd" }),
            let port = gateway.address.split(separator: ":").last.flatMap({ Int($0) })
        else { throw BenchError("the deployment has no gateway") }
        let path = gateway.folder + "/gatewayd.toml"
        var text = String(decoding: try disk.read(path), as: UTF8.self)
        let digest = Digest(of: Array(LoadMessages.credential.utf8)).hex
        for feed in feeds {
            let kind = feed.hasPrefix("lines") ? "ndjson" : "openalpr"
            text +=
                "\n[[feed]]\nname = \"\(feed)\"\nkind = \"\(kind)\"\n"
                + "credential-sha256 = \"\(digest)\"\n"
        }
        try disk.replace(path, Array(text.utf8))
        return port
    }

    /// Row 2.
    private func speed(_ load: Load) throws -> [Measure] {
        var groups: [(LoadGenerator.Outcome, LoadGenerator.Outcome)] = []
        var lines: [(LoadGenerator.Outcome, LoadGenerator.Outcome)] = []
        for round in 0..<3 {
            let seed = UInt64(10 * round)
            groups.append(
                (
                    try load.groups(load.gateway, seconds, seed: seed),
                    try load.groups(load.parser, seconds, seed: seed + 1)
                ))
            lines.append(
                (
                    try load.lines(load.gateway, seconds, seed: seed + 2),
                    try load.lines(load.parser, seconds, seed: seed + 3)
                ))
        }
        for (own, bare) in groups + lines where !own.refused.isEmpty || !bare.refused.isEmpty {
            print("load: refused \(own.refused), by the parser \(bare.refused)")
        }
        return [
            Measure(
                id: "http-single",
                what: "OpenALPR passages over 100 connections, durable before each answer; "
                    + "reference: the same listener, parsing only", unit: "reads/s",
                pairs: groups.map { ($0.rate, $1.rate) },
                target: [.ratioAtLeast(0.5), .valueAtLeast(8_000)]),
            Measure(
                id: "http-batch",
                what: "lines of our own, \(Self.lines) a message, 16 connections; reference: "
                    + "likewise", unit: "reads/s", pairs: lines.map { ($0.rate, $1.rate) },
                target: [.ratioAtLeast(0.5), .valueAtLeast(25_000)]),
            Measure(
                id: "http-single-p99", what: "99 of 100 answers come within", unit: "ms",
                pairs: groups.map { ($0.slowest, $1.slowest) }, target: [.valueAtMost(250)]),
            Measure(
                id: "http-batch-p99", what: "the same of batches", unit: "ms",
                pairs: lines.map { ($0.slowest, $1.slowest) }, target: [.valueAtMost(250)]),
        ]
    }

    /// Row 7: at load, and once the hours of before are closed and their keys erased.
    private func memory(_ load: Load, _ serving: Serving) throws -> [Measure] {
        var loaded: [String: [Double]] = [:]
        var quiet: [String: [Double]] = [:]
        for cycle in 0..<3 {
            _ = try load.groups(load.gateway, seconds, seed: UInt64(100 + cycle))
            Self.note(serving, &loaded)
            // The keys of an hour go six hours after it.
            try load.clock.pass(milliseconds: 8 * 3_600_000)
            for program in serving.programs {
                try serving.waitUntilReady(program.party, seconds: 60)
            }
            Thread.sleep(forTimeInterval: 4)
            Self.note(serving, &quiet)
        }
        return ["gatewayd", "vaultd", "custodiand"].flatMap { name in
            let (first, rest) = (quiet[name]?.first ?? 0, quiet[name]?.dropFirst() ?? [])
            return [
                Measure(
                    id: "memory-\(name)", what: "\(name) at that load", unit: "MiB",
                    values: loaded[name] ?? []),
                Measure(
                    id: "memory-\(name)-after",
                    what: "\(name) hours later; reference: the first time", unit: "MiB",
                    pairs: rest.map { (value: $0, reference: first) },
                    target: [.ratioAtMost(1.2)]),
            ]
        }
    }

    /// The largest resident memory among the programs of each name.
    private static func note(_ serving: Serving, _ sizes: inout [String: [Double]]) {
        var found: [String: Double] = [:]
        for program in serving.programs {
            guard let id = serving.processID(program.party), let size = Resident.mebibytes(id)
            else { continue }
            found[program.name] = max(found[program.name] ?? 0, size)
        }
        for (name, size) in found { sizes[name, default: []].append(size) }
    }
}

/// How much of a process is in memory.
enum Resident {
    static func mebibytes(_ id: pid_t) -> Double? {
        guard let text = try? String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8) else {
            return nil
        }
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first
            .flatMap { Double($0) }.map { $0 / 1_024 }
    }
}
