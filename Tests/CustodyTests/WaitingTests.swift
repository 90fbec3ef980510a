import Ledger
import Plates
import Secrets
import TestSupport
import Testing
import Wire

@testable import Custody

/// The way to a vault that lets its callers wait: time passes before each answer.
private final class SlowVault: Handler {
    let vault: TestVault
    let clock: SimulatedClockSource
    var delay: Int64 = 0
    private(set) var exchanges: [Timestamp] = []

    init(_ town: Town) {
        vault = town.vault
        clock = town.clock
    }

    func handle(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
        exchanges.append(clock.wall)
        clock.pass(milliseconds: delay)
        return try vault.handle(endpoint, body)
    }
}

/// What must not wait for anybody: others who read the mirror, and destruction.
@Suite struct WaitingTests {
    private func slow(_ town: Town) throws -> (vault: SlowVault, clerk: Custody.Custodian) {
        let way = SlowVault(town)
        let usual = try town.setting("clerk")
        let setting = CustodianSetting(
            folder: usual.folder, roster: usual.roster, custodian: usual.custodian,
            signer: usual.signer, cosigner: usual.cosigner, clock: usual.clock,
            vault: VaultClient(LoopbackChannel(way)), mirrors: usual.mirrors, disk: usual.disk,
            random: usual.random)
        let clerk = try Custodian.open(setting)
        town.custodians["clerk"] = clerk
        return (way, clerk)
    }

    /// An act that hangs from before the due instant on ends with that one exchange.
    @Test func noActGoesOnOnceSomethingIsDue() throws {
        let town = try Town.running()
        let (way, clerk) = try slow(town)
        town.pass(hours: 12 + 29 * 24 - 1)
        try clerk.tick()
        // Something new in the log, so that following takes more than one exchange.
        try town.tick(["audit"])
        town.pass(minutes: 59)
        town.clock.pass(milliseconds: 55_000)
        way.delay = 10_000
        let due = Town.today.start.adding(days: 30)
        let service = CustodianService(clerk)
        let key = try OneTimeKey(from: SeededRandom("gateway"))
        let note = try town.grantRequest(key: key)
        let code = refusal { _ = try service.handle(.grant, note) }
        #expect(code == "destruction-due")
        #expect(way.exchanges.last.map { $0 < due } == true)
        #expect(town.clock.wall.milliseconds(since: due) < 60_000)
        // Whoever comes next destroys before it asks anybody.
        let report = try service.poll()
        #expect(report.hasDestroyed)
        #expect(clerk.status.generations.first?.oldest == Town.today.next)
    }

    /// A mirror is read while its custodian waits for somebody else in an act of its own.
    @Test func aMirrorIsServedDuringAnAct() throws {
        let town = try Town.running()
        let service = CustodianService(try town.custodian("clerk"))
        let shown = try service.inTurn { _ throws(CustodyError) in
            try onWire { () throws(WireProblem) in
                try CustodianClient(LoopbackChannel(service)).checkpoint()
            }
        }
        #expect(shown == service.mirror.checkpoint)
    }

    /// What a mirror holds is read while it fetches what it lacks.
    @Test func aMirrorIsReadWhileItAdvances() throws {
        let town = try Town.running()
        let clerk = try town.custodian("clerk")
        let mirror = clerk.mirror
        let before = mirror.size
        _ = try town.siteKeys("audit")
        var asked = 0
        try mirror.advance(to: town.vault.log.checkpoint) { range in
            asked += 1
            #expect(mirror.size == before)
            #expect(try mirror.publicFile(TilePath.checkpoint) == mirror.checkpoint)
            #expect(try mirror.entry(at: before - 1).isEmpty == false)
            #expect(throws: LedgerError(code: "entry-missing", sentence: "")) {
                try mirror.entry(at: before)
            }
            return try town.vault.log.entries(range)
        }
        #expect(asked > 0)
        #expect(mirror.size == town.vault.log.size)
    }

    /// Many threads at once: each is answered, one after the other.
    @Test func severalThreadsAreServed() async throws {
        let town = try Town.running()
        let service = CustodianService(try town.custodian("clerk"))
        let size = try await withThrowingTaskGroup(of: UInt64.self) { group in
            for number in 0..<16 {
                group.addTask {
                    if number.isMultiple(of: 4) { try service.poll() }
                    _ = try service.handle(.mirrorResource, Array("checkpoint".utf8))
                    return service.status.logSize
                }
            }
            var sizes: Set<UInt64> = []
            for try await size in group { sizes.insert(size) }
            return sizes.max()
        }
        #expect(size == town.vault.log.size)
    }
}

/// After a power-off the others say what time it is; fewer than t of them say nothing.
@Suite struct CatchUpTests {
    /// The clerk's machine was off for some days; the others went on, and cosigned just now.
    private func returned(days: Int64) throws -> Town {
        let town = try Town.running()
        town.pass(hours: 24 * days)
        try town.tick(["audit", "inspector", "privacy", "rights"])
        return town
    }

    /// The clerk, back from its disk under a boot of its own.
    private func back(_ town: Town, boot: Int64 = 1_000) throws -> Custody.Custodian {
        let usual = try town.setting("clerk", random: "back")
        let clock = try SimulatedClockSource(
            origin: Town.origin, wall: Town.today.start, boot: boot, boots: 7)
        let setting = CustodianSetting(
            folder: usual.folder, roster: usual.roster, custodian: usual.custodian,
            signer: usual.signer, cosigner: usual.cosigner, clock: clock, vault: usual.vault,
            mirrors: usual.mirrors, disk: usual.disk, random: usual.random)
        let clerk = try Custodian.open(setting)
        town.custodians["clerk"] = clerk
        return clerk
    }

    /// Also with a wall clock that is set back: it cannot keep the data alive.
    @Test func theFirstTickCatchesUpAndDestroys() throws {
        let town = try returned(days: 33)
        let clerk = try back(town)
        let report = try clerk.tick()
        #expect(report.problems.isEmpty)
        #expect(clerk.clockTime.milliseconds(since: town.clock.wall).magnitude < 60_000)
        #expect(clerk.state.shares.first?.oldest == Town.today.adding(4))
        #expect(town.destroyed("clerk") == Town.today.adding(3))
        // It is on disk, too.
        #expect(try back(town).state.clock.now >= clerk.state.clock.now)
    }

    @Test func fewerThanTSayNothing() throws {
        let town = try returned(days: 33)
        town.unreachable = ["audit", "inspector"]
        let clerk = try back(town)
        try clerk.tick()
        #expect(clerk.isConfirmed)
        #expect(clerk.state.shares.first?.oldest == Town.today)
        // The third may come back later.
        town.unreachable = ["audit"]
        try clerk.tick()
        #expect(clerk.state.shares.first?.oldest == Town.today.adding(4))
    }

    /// t − 1 others cosign years ahead: the t-th latest is an honest one's.
    @Test func oneLessThanTCannotPushIt() throws {
        let town = try returned(days: 1)
        for word in ["audit", "inspector"] { town.disguise[word] = try ahead(town, word) }
        let clerk = try back(town)
        try clerk.tick()
        #expect(clerk.state.shares.first?.oldest == Town.today)
        #expect(clerk.clockTime <= town.clock.wall)
        #expect(clerk.clockTime.milliseconds(since: town.clock.wall).magnitude < 60_000)
        // What t say, is so: nobody could tell them from honest ones.
        town.disguise["privacy"] = try ahead(town, "privacy")
        try clerk.tick()
        #expect(clerk.state.shares.first?.chains == nil)
    }

    /// A day after the boot nobody's word moves it any more.
    @Test func laterItDoesNotStep() throws {
        let town = try returned(days: 1)
        for word in Town.words { town.disguise[word] = try ahead(town, word) }
        let clerk = try back(town, boot: 86_400_000)
        try clerk.tick()
        #expect(clerk.state.shares.first?.oldest == Town.today)
    }

    /// A custodian that cosigns its mirror's checkpoint a year ahead.
    private func ahead(_ town: Town, _ word: String) throws -> ShownCheckpoint {
        let cosigner = try town.setting(word).cosigner
        let time = UInt64(town.clock.wall.milliseconds / 1_000) + 31_536_000
        return ShownCheckpoint(town, word) { wire in
            let note = try Note(wire: wire)
            return try note.adding([
                cosigner.cosign(try Checkpoint(text: note.text), at: time)
            ]).encode()
        }
    }
}
