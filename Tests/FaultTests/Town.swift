import Disk
import Foundation
import Hosting
import Plates
import Secrets
import Synchronization
import Warrants

@testable import Embedded

/// A deployment whose parties run as programs of their own, with clocks that run and can be moved.
final class Town {
    static let origin = "example.org/faults.demo"
    static let start = Timestamp(seconds: 1_772_431_200)  // 2026-03-02T06:00:00Z

    let root: String
    let layout: Layout
    let roster: Roster
    let serving: Serving
    let clock: DemoClock
    private let random: SeededRandom
    private let client = PlainClient(seconds: 3)

    /// The folder of the built programs: the one in which this test bundle was built.
    static var programs: String {
        let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(filePath: path ?? "").deletingLastPathComponent().path
    }

    /// Founds a town; nothing runs yet. `name` is the seed of everything that is drawn.
    init(_ name: String, threshold: (t: Int, n: Int) = (2, 3), sites: Int = 2) throws {
        root =
            FileManager.default.temporaryDirectory.appending(
                path: "platevault-faults-\(UUID().uuidString)"
            ).path
        random = SeededRandom(name)
        var plan = Plan(origin: Self.origin, start: Self.start)
        (plan.threshold, plan.custodians) = threshold
        plan.sites = (0..<sites).map { "Site \($0 + 1)" }
        let city = try Deployment.create(at: root, plan: plan)
        layout = city.layout
        roster = city.roster
        clock = try DemoClock(layout.clock, origin: Self.origin, disk: POSIXFileSystem())
        try city.clocks.run(true)
        serving = try Serving(root, binaries: Self.programs)
        for program in serving.programs {
            try change(program.party) { text in
                text.replacing("# tick-seconds = 10\n", with: "tick-seconds = 1\n")
                    .replacing("# batch-milliseconds = 250\n", with: "batch-milliseconds = 50\n")
            }
        }
    }

    /// Ends everything and removes the directory.
    func close() {
        serving.stop()
        try? FileManager.default.removeItem(atPath: root)
    }

    // MARK: Programs

    var parties: [String] { serving.programs.map(\.party) }
    var custodians: [String] { roster.custodians.map(\.id) }
    var sites: [String] { roster.sites.map(\.id) }

    func program(_ party: String) throws -> Serving.Program {
        guard let program = serving.programs.first(where: { $0.party == party }) else {
            throw TownFault("no program of \(party)")
        }
        return program
    }

    /// Changes a program's configuration; it counts from the program's next start.
    func change(_ party: String, _ edit: (String) -> String) throws {
        let program = try program(party)
        let path = "\(program.folder)/\(program.name).toml"
        let text = String(decoding: try POSIXFileSystem().read(path), as: UTF8.self)
        try POSIXFileSystem().replace(path, Array(edit(text).utf8))
    }

    /// What a program wrote to standard error.
    func log(of party: String) -> String {
        guard let program = try? program(party) else { return "" }
        let path = "\(program.folder)/\(program.name).log"
        return (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }

    /// Starts what does not run, and waits until everybody, or whoever is named, can work. Throws who
    /// cannot.
    func start(within seconds: Int = 90, waitingFor some: [String]? = nil) throws {
        for party in parties { try serving.start(party) }
        for party in some ?? parties {
            do { try serving.waitUntilReady(party, seconds: seconds) } catch {
                let last = log(of: party).split(separator: "\n").suffix(6)
                throw TownFault("\(party) is not ready: \(last.joined(separator: " | "))")
            }
        }
    }

    /// What a program says on one of its health pages: status and body.
    func page(_ name: String, of party: String) -> (status: Int, text: String)? {
        guard let program = try? program(party),
            let answer = client.get(program.health + "/" + name)
        else { return nil }
        return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }

    func isReady(_ party: String) -> Bool { page("readyz", of: party)?.status == 200 }

    // MARK: Time and chance

    var now: Timestamp { clock.wall }

    /// Lets time pass for everybody at once.
    func pass(seconds: Double) throws {
        try clock.pass(milliseconds: Int64(seconds * 1_000))
    }

    /// Sets the clocks to an instant that is to come.
    func pass(to time: Timestamp) throws {
        try clock.pass(milliseconds: max(0, time.milliseconds(since: now)))
    }

    /// A number below another, by the town's seed.
    func draw(_ bound: Int) -> Int {
        let bytes = random.bytes(4)
        return Int(bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }) % max(1, bound)
    }

    /// Real time, drawn.
    func pause(upTo milliseconds: Int) {
        Thread.sleep(forTimeInterval: Double(draw(milliseconds)) / 1_000)
    }

    /// Asks again and again whether something is so; whether it was within the real time.
    /// An answer that is lost is no answer yet; what the last try throws is thrown.
    func wait(_ seconds: Double, until isSo: () throws -> Bool) rethrows -> Bool {
        let end = Date().addingTimeInterval(seconds)
        while Date() < end {
            if (try? isSo()) == true { return true }
            Thread.sleep(forTimeInterval: 0.1)
        }
        return try isSo()
    }

    /// A view of its own on the parties, over the network, for one thread.
    func city() throws -> Deployment { try Deployment.open(at: root) }
}
