import Disk
import Ledger
import Plates
import Secrets
import TestSupport
import Testing
import Warrants
import Wire

@testable import Custody

/// No log, no answer: what others must hold before a custodian evaluates.
struct QuorumTests {
    private func granted(_ town: Town) throws -> (id: Digest, key: OneTimeKey) {
        try town.tick()
        let cell = try town.closedCell()
        let key = try OneTimeKey(from: SeededRandom("reply"))
        let id = try town.file(cells: [cell], replyKey: key).id
        try town.approve(id, ["clerk", "privacy", "rights"])
        return (id, key)
    }

    /// q = t: the own mirror and t−1 others, asked directly.
    @Test func theDefaultQuorumIsTheThreshold() throws {
        let town = try Town.running()
        let (id, key) = try granted(town)
        town.unreachable = ["audit", "inspector", "privacy"]
        #expect(refusal { _ = try town.evaluate(id, "clerk", key) } == "checkpoints-missing")
        town.unreachable = ["audit", "inspector"]
        _ = try town.evaluate(id, "clerk", key)
        #expect(town.vault.record.request(id)?.evaluations.count == 1)
    }

    /// q = ⌈(n+t)/2⌉ = 4: one more must have cosigned, be it asked directly or seen at the vault.
    @Test func theForkFreeQuorumNeedsOneMore() throws {
        let town = try Town(quorum: 4)
        try town.found()
        let (id, key) = try granted(town)
        town.unreachable = ["audit", "inspector"]
        #expect(refusal { _ = try town.evaluate(id, "clerk", key) } == "cosignatures-missing")
        #expect(town.vault.record.request(id)?.evaluations.isEmpty == true)
        town.unreachable = ["audit"]
        _ = try town.evaluate(id, "clerk", key)
    }

    @Test(arguments: [0, 1, 2, 5]) func anyOtherQuorumIsNoRoster(_ quorum: Int) throws {
        #expect(refusal { _ = try Town(quorum: quorum) } == "roster-quorum")
    }

    /// A mirror that does not hold the approvals yet, or does not say under its own key that it
    /// holds them, is no witness.
    @Test func onlyWhatIsHeldAndCosignedCounts() throws {
        let town = try Town.running()
        let early = try #require(try town.custodian("audit").mirror.checkpoint)
        let (id, key) = try granted(town)
        town.unreachable = ["inspector", "privacy"]
        town.disguise["audit"] = Frozen(early)
        #expect(refusal { _ = try town.evaluate(id, "clerk", key) } == "checkpoints-missing")
        // The newest checkpoint, but as the log alone signed it, or as somebody else cosigned it.
        town.disguise["audit"] = Frozen(town.vault.log.checkpoint)
        #expect(refusal { _ = try town.evaluate(id, "clerk", key) } == "checkpoints-missing")
        let note = try Note(wire: town.vault.log.checkpoint)
        let stranger = try Cosigner(
            name: "\(Town.origin)/audit", key: try Town.key("a stranger"))
        let line = try stranger.cosign(town.vault.log.head, at: 1_795_000_000)
        town.disguise["audit"] = Frozen(try note.adding([line]).encode())
        #expect(refusal { _ = try town.evaluate(id, "clerk", key) } == "checkpoints-missing")
        town.disguise = [:]
        _ = try town.evaluate(id, "clerk", key)
    }

    /// Two logs under the log's key: whoever meets the other one answers nothing ever again, keeps
    /// the proof, and still destroys on time.
    @Test func aForkIsProvenAndHalts() throws {
        let town = try Town.running()
        let (id, key) = try granted(town)
        var entries = try town.vault.log.entries(0..<town.vault.log.size)
        entries[entries.count - 1] = Array("another history".utf8)
        let other = try Log.create(
            at: "/other", origin: Town.origin,
            signer: try NoteSigner(name: Town.origin, key: try Town.key("log")),
            fileSystem: FaultyFileSystem())
        _ = try other.append(entries)
        let cosigner = try Cosigner(
            name: "\(Town.origin)/audit", key: try Town.key("audit-cosign"))
        let line = try cosigner.cosign(other.head, at: 1_795_000_000)
        town.disguise["audit"] = Frozen(
            try Note(wire: other.checkpoint).adding([line]).encode())
        #expect(refusal { _ = try town.evaluate(id, "clerk", key) } == "log-forked")
        #expect(town.vault.record.request(id)?.evaluations.isEmpty == true)
        town.disguise = [:]
        #expect(refusal { _ = try town.evaluate(id, "clerk", key) } == "halted")
        let disk = try #require(town.disks["clerk"])
        let logKey = town.roster.logKey
        for place in 1...2 {
            let kept = try Note(wire: try disk.read("/custodian/fork-\(place).note"))
            #expect(kept.isSigned(by: logKey))
        }
        town.pass(hours: 30 * 24)
        #expect(try town.custodian("clerk").tick().hasDestroyed)
    }

    /// A vault that shows an old log is not believed, and others' mirrors make up for it.
    @Test func anOldLogIsNotTaken() throws {
        let town = try Town.running()
        let old = town.vault.log.checkpoint
        let (id, key) = try granted(town)
        try town.tick()
        let size = try town.custodian("clerk").mirror.size
        town.vault.checkpoint = old
        #expect(refusal { _ = try town.evaluate(id, "clerk", key) } == "checkpoint-older")
        #expect(try town.custodian("clerk").mirror.size == size)
        town.vault.checkpoint = nil
        _ = try town.evaluate(id, "clerk", key)
    }

    /// A statement that the log does not take is a reason to stop cosigning after an hour.
    @Test func whatIsKeptOutIsNotCosigned() throws {
        let town = try Town.running()
        town.vault.refused = [.prekeys]
        town.pass(hours: 24)
        let clerk = try town.custodian("clerk")
        try clerk.tick()
        #expect(clerk.status.unpublished == 1 && !clerk.status.isWithholding)
        #expect(clerk.isCosigned)
        town.pass(minutes: 59)
        try town.say(
            HourClosedBody(
                cell: Cell(hour: town.clock.wall.hour.adding(-2), site: Town.site), kind: .prompt,
                closed: .zero, time: town.clock.wall), by: "site-1")
        try clerk.tick()
        #expect(!clerk.status.isWithholding && clerk.isCosigned)
        town.pass(minutes: 1)
        try town.say(
            HourClosedBody(
                cell: Cell(hour: town.clock.wall.hour.adding(-8), site: Town.site), kind: .prompt,
                closed: .zero, time: town.clock.wall), by: "site-1")
        try clerk.tick()
        #expect(clerk.status.isWithholding)
        #expect(clerk.mirror.size == town.vault.log.size, "it follows all the same")
        #expect(!clerk.isCosigned)
        town.vault.refused = []
        try clerk.tick()
        #expect(!clerk.status.isWithholding && clerk.isCosigned)
        let last = try Note(wire: try #require(town.vault.cosigned.last))
        let key = try #require(town.roster.cosignerKey(of: "clerk"))
        #expect(try last.cosignatures(by: [key]).count == 1)
    }

    /// A custodian that was put back from an old image, together with an old log: it uses no key
    /// before it has seen the others, and then erases forward and says so.
    @Test func aRestoredCustodianFindsOut() throws {
        let town = try Town.running()
        try town.tick()
        let image = try #require(town.disks["clerk"]).copy()
        let oldLog = town.vault.log.checkpoint
        town.pass(hours: 31 * 24)
        try town.tick()
        try town.tick()
        #expect(town.destroyed("clerk") == Town.today.next)
        // The machine starts from the image: its clock goes on where the image's stood.
        town.clock.reboot(after: 0)
        town.disks["clerk"] = image
        town.custodians["clerk"] = nil
        town.vault.checkpoint = oldLog
        town.unreachable = ["audit", "inspector", "privacy", "rights"]
        let clerk = try town.reopen("clerk")
        let first = try clerk.tick()
        #expect(first.problems.contains { $0.code == "mirrors-unseen" })
        #expect(!clerk.status.isConfirmed)
        #expect(refusal { _ = try town.siteKeys("clerk") } == "mirrors-unseen")
        town.unreachable = []
        town.vault.checkpoint = nil
        try clerk.tick()
        try clerk.tick()
        #expect(clerk.status.isConfirmed)
        #expect(town.vault.record.rollbacks.map(\.body.custodian) == ["clerk"])
        #expect(try #require(clerk.status.generations.first?.oldest) > Town.today.next)
    }
}

/// A mirror that shows one checkpoint and has nothing else.
private final class Frozen: Handler {
    private let checkpoint: [UInt8]

    init(_ checkpoint: [UInt8]) { self.checkpoint = checkpoint }

    func handle(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
        guard endpoint == .mirrorResource, body == Array(TilePath.checkpoint.utf8) else {
            throw WireProblem(code: "tile-missing", sentence: "there is no such file")
        }
        return checkpoint
    }
}
