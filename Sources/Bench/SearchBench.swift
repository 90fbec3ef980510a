import Disk
import Foundation
import Hosting
import Inquiry
import Ledger
import Plates
import Secrets
import Synchronization
import Vault
import Warrants
import Wire

/// One plate over thirty days, from the question to the opened reads: three custodians evaluate and
/// log it, their answers are checked against the log and combined, the vault looks up and proves,
/// and what it found is verified and opened, all by the programs' own code. Beside it, one point
/// look-up in SQLite's best layout of as many rows of the same size, for each cell and run.
struct SearchBench {
    /// The figures of one number of rows, in milliseconds.
    struct Figures {
        var warm: [(value: Double, reference: Double)] = []
        var cold: [(value: Double, reference: Double)] = []
        var all: [(value: Double, reference: Double)] = []
        /// With 70 sites for the first time.
        var first: [Double] = []
        /// What of a warm search with one site was whose.
        var custodians: [Double] = []
        var vault: [Double] = []
    }

    let folder: String
    let disk: any FileSystem
    let rows: Int

    /// Fills a store, and searches it so often. With 70 sites `all` is measured too.
    func run(_ rounds: Int) throws -> Figures {
        let store = SearchStore(rows: rows)
        let path = "\(folder)/search-\(rows)"
        let town = try BenchTown(
            at: path, sites: SearchStore.sites, disk, bytes: Int64(rows) * 500, fill: store.fill)
        town.clock.now = BenchTown.first.adding(Int64(SearchStore.days)).start.adding(hours: 8)
        let sqlite = try reference(path)
        let search = try Search(town, disk)
        Suite.say("search: a store of \(rows) rows is filled")
        let cells = SearchStore.cells(sites: 1)
        var figures = Figures()
        for round in 0..<rounds {
            // Both programs start anew: nothing is in their memory, and nothing in the machine's.
            try town.restart()
            try sqlite.chill()
            let bare = try sqlite.lookup(cells.count, seed: UInt64(round))
            try POSIXFiles.dropCache(in: town.rows)
            let cold = try search.run([cells])
            figures.cold.append((cold.all * 1000, bare * Double(cells.count) * 1000))
            tell("cold", figures.cold)
        }
        _ = try sqlite.lookup(50_000, seed: 99)
        for round in 0..<rounds {
            let bare = try sqlite.lookup(10 * cells.count, seed: UInt64(round + 100))
            let warm = try search.run([cells])
            figures.warm.append((warm.all * 1000, bare * Double(cells.count) * 1000))
            figures.custodians.append(warm.custodians * 1000)
            figures.vault.append(warm.vault * 1000)
            tell("warm", figures.warm)
        }
        // A request has at most 3,000 cells: seventy sites are asked for by forty hours each.
        let every = SearchStore.cells(sites: SearchStore.sites)
        let parts = stride(from: 0, to: every.count, by: 40 * SearchStore.sites).map {
            Array(every[$0..<min(every.count, $0 + 40 * SearchStore.sites)])
        }
        // Of the first time most is still on the disk.
        let first = try search.run(parts)
        figures.first.append(first.all * 1000)
        for round in 0..<2 {
            let bare = try sqlite.lookup(every.count, seed: UInt64(round + 200))
            let all = try search.run(parts)
            figures.all.append((all.all * 1000, bare * Double(every.count) * 1000))
            tell("70 sites", figures.all)
        }
        return figures
    }

    private func tell(_ name: String, _ runs: [(value: Double, reference: Double)]) {
        guard let last = runs.last else { return }
        Suite.say(
            "search: \(rows) rows, \(name): \(Measure.number(last.value)) ms beside "
                + "\(Measure.number(last.reference)) ms")
    }

    /// 10,000,000: the most rows of the reference. It looks up in ten of its segments then, which
    /// more of them do not make faster, and two stores of a hundred million rows need 70 GB.
    private static let referenceRows = 10_000_000

    private func reference(_ path: String) throws -> SQLiteReference {
        let sqlite = try SQLiteReference(path + "/reference.sqlite")
        let rows = min(rows, Self.referenceRows)
        for start in stride(from: 0, to: rows, by: 50_000) {
            try sqlite.append(min(50_000, rows - start))
        }
        try sqlite.close()
        _ = try sqlite.bytes()
        return sqlite
    }
}

/// A requester with custodians who answer it.
private final class Search {
    private let town: BenchTown
    private let desk: Desk
    private let handlers: [BenchCustodian]
    private let requester: Requester
    private let vault: TimedWay
    private var number = 0

    init(_ town: BenchTown, _ disk: any FileSystem) throws {
        self.town = town
        vault = TimedWay(town)
        handlers = try (0..<3).map { try town.custodian($0) }
        desk = Desk(
            id: "doyle", signer: try BenchTown.signer("doyle"),
            follower: try LogCopy.open(
                in: town.folder + "/desk", trusting: town.roster, disk: disk),
            vault: VaultClient(vault), mirrors: [])
        requester = Requester(desk: desk, random: SystemRandom())
        try desk.refresh()
    }

    /// Searches some windows, one request each. Seconds in all, of the custodians, of the vault.
    func run(_ windows: [[Cell]]) throws -> (all: Double, custodians: Double, vault: Double) {
        // Filing and approving take people's time, and are not measured.
        let filed = try windows.map { try file($0) }
        let before = vault.seconds
        var (found, custodians) = (0, 0.0)
        let all = try Measure.seconds {
            for (id, file) in filed {
                let finding = try requester.search(
                    file, request: id,
                    custodians: zip(BenchTown.words, handlers).map {
                        (id: $0, client: CustodianClient(shared: ServiceWay($1)))
                    })
                guard finding.disclosure.isSound else { throw Failure.unsound }
                found += finding.disclosure.reads.count
                custodians += evaluating
            }
        }
        let cells = Set(windows.joined())
        guard found == SearchStore.passages.count(where: cells.contains) else {
            throw Failure.reads(found)
        }
        return (all, custodians, vault.seconds - before)
    }

    /// Seconds from the first custodian's beginning with the last request to the last one's end.
    private var evaluating: Double {
        let spans = handlers.compactMap { $0.evaluated.withLock { $0 } }
        guard let first = spans.map(\.from).min(), let last = spans.map(\.to).max() else {
            return 0
        }
        return Measure.seconds(last - first)
    }

    enum Failure: Error {
        case unsound
        case reads(Int)
    }

    private func file(_ cells: [Cell]) throws -> (Digest, CaseFile) {
        number += 1
        let replyKey = try OneTimeKey(from: SystemRandom())
        let secret = try RequestSecret(
            requester: "doyle", replyKey: replyKey.publicKey, plates: [SearchStore.wanted],
            fold: town.roster.policy.fold, cells: cells, docket: "bench \(number)",
            random: SystemRandom())
        let now = town.clock.now
        let body = secret.request(
            agency: "police", purpose: "09A", process: .searchWarrant,
            warrant: Digest(of: Array("warrant \(number)".utf8)), embargo: now.day.next,
            replyKey: replyKey.publicKey,
            sealedCopies: BenchTown.words.map {
                SealedCopy(custodian: $0, digest: Digest(of: Array($0.utf8)), prekeyDay: now.day)
            }, time: town.roster.policy.blunt(now))
        let wire = try StatementDraft.sign(
            body, under: town.roster, by: try BenchTown.signer("doyle"))
        _ = try town.client.append([wire])
        let id = try UnverifiedStatement(wire: wire).id
        for handler in handlers {
            handler.secrets.withLock { $0[id] = (secret, replyKey.publicKey) }
        }
        try desk.refresh()
        return (id, CaseFile(request: wire, secret: try secret.encode(), replyKey: replyKey))
    }
}

/// The way to the vault, with a clock for the look-ups.
private final class TimedWay: Channel {
    private let town: BenchTown
    private(set) var seconds = 0.0

    init(_ town: BenchTown) { self.town = town }

    /// The vault may have been started anew.
    private var way: ServiceWay { town.way }

    func exchange(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
        guard endpoint == .rowsLookup else { return try way.exchange(endpoint, body) }
        let start = ContinuousClock.now
        defer { seconds += Measure.seconds(ContinuousClock.now - start) }
        return try way.exchange(endpoint, body)
    }
}
