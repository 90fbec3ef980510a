import Ledger
import Plates
import Secrets
import TestSupport
import Testing
import Warrants
import Wire

@testable import Custody

/// The log's key has signed two trees, each shown to another custodian.
@Suite struct ForkTests {
    /// The town's entries, the last `cut` of them replaced by `count` others.
    private func forked(_ town: Town, cut: UInt64, count: Int) throws -> [[UInt8]] {
        let size = town.vault.log.size
        return try town.vault.log.entries(0..<(size - cut))
            + (0..<count).map { Array("other entry \($0)".utf8) }
    }

    /// Of the same size, smaller, and larger than what the other custodian holds.
    @Test(arguments: [(1, 1), (2, 1), (1, 4)] as [(UInt64, Int)])
    func whoComparesRefusesBeforeItAnswers(cut: UInt64, count: Int) throws {
        let asked = try Asked(try Town.running())
        let town = asked.town
        try town.tick(["clerk"])
        town.disguise["privacy"] = try ForkedMirror(
            town, "privacy", entries: try forked(town, cut: cut, count: count))
        #expect(asked.refused(by: "clerk") == "log-forked")
        #expect(try asked.state().evaluations.isEmpty)

        // For good: also without the other mirror, and after a new start.
        town.disguise = [:]
        #expect(asked.refused(by: "clerk") == "halted")
        let clerk = try town.reopen("clerk")
        #expect(clerk.status.halted == "log-forked")
        #expect(asked.refused(by: "clerk") == "halted")
        #expect(clerk.state.evaluations.isEmpty)
        #expect(clerk.state.outbox.isEmpty)
        try expectProof(town)

        town.pass(hours: 40 * 24)
        #expect(try clerk.tick().hasDestroyed)
        #expect(clerk.state.shares[0].oldest > Town.today)
    }

    /// Both notes are kept, each signed by the log's key, and neither tree extends the other.
    private func expectProof(_ town: Town) throws {
        let image = try #require(town.disks["clerk"]).image
        let notes = try (1...2).map { place in
            try Note(wire: try #require(image["/custodian/fork-\(place).note"]))
        }
        let heads = try notes.map { note in
            #expect(note.isSigned(by: town.roster.logKey))
            return try Checkpoint(text: note.text)
        }
        let differing = try heads.filter { head in
            guard head.size <= town.vault.log.size else { return true }
            let entries = try town.vault.log.entries(0..<head.size)
            var tree = MerkleFrontier()
            for entry in entries { tree.append(Merkle.leafHash(entry)) }
            return tree.root != head.root
        }
        #expect(differing.count == 1)
        #expect(heads[0] != heads[1])
    }

    /// The one that was shown the other tree finds the same, and each halts by itself.
    @Test func afterAStartNoKeyIsUsedEither() throws {
        let town = try Town.running()
        try town.tick()
        town.disguise["audit"] = try ForkedMirror(
            town, "audit", entries: try forked(town, cut: 1, count: 1))
        let clerk = try town.reopen("clerk")
        let report = try clerk.tick()
        #expect(report.problems.map(\.code).contains("log-forked"))
        #expect(clerk.status.halted == "log-forked")
        #expect(!clerk.status.isConfirmed)
        #expect(refusal { _ = try town.siteKeys("clerk") } == "halted")
        try expectProof(town)
    }

    @Test func whoIsHaltedCosignsNothing() throws {
        let town = try Town.running()
        try town.tick()
        town.disguise["audit"] = try ForkedMirror(
            town, "audit", entries: try forked(town, cut: 1, count: 1))
        let clerk = try town.reopen("clerk")
        try clerk.tick()
        #expect(clerk.status.halted == "log-forked")
        town.disguise = [:]
        let told = try town.vault.cosigned(by: clerk).count
        _ = try town.siteKeys("audit")
        try clerk.tick()
        #expect(told > 0)
        #expect(try town.vault.cosigned(by: clerk).count == told)
        #expect(clerk.mirror.size == town.vault.log.size)
        #expect(!clerk.isCosigned)
        #expect(clerk.addEntries([]).status == 503)
    }

    /// A mirror that only calls its answer a fork proves none.
    @Test func anothersWordHaltsNobody() throws {
        let asked = try Asked(try Town.running())
        let town = asked.town
        for word in ["audit", "inspector", "privacy"] {
            town.disguise[word] = ShownCheckpoint(town, word) { _ in
                throw WireProblem(code: "log-forked", sentence: "so it says")
            }
        }
        #expect(asked.refused(by: "clerk") == "checkpoints-missing")
        #expect(try town.custodian("clerk").status.halted == nil)
        town.disguise = [:]
        #expect(asked.refused(by: "clerk") == nil)
    }
}
