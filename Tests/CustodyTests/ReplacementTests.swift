import Ledger
import Plates
import Secrets
import TestSupport
import Testing
import Warrants

@testable import Custody

/// Custodians that lose their state, leave, and are replaced, while their shares are still used.
@Suite struct ReplacementTests {
    private static func ombudsman(_ roster: inout RosterBody) throws {
        roster.custodians[1] = try Trio.party("ombudsman")
    }

    @Test func whoLostItsStateSaysSoAndJoinsWithTheNextGeneration() throws {
        let trio = try Trio.running()
        try trio.pass(days: 2)
        let stolen = try #require(trio.disks["clerk"]).copy()
        // The disk is gone; the administrator makes the custodian anew, under the same keys.
        try trio.create("clerk")
        try trio.settle()
        let record = trio.vault.record
        #expect(record.hasLost(1, "clerk"))
        #expect(record.rollbacks.isEmpty && record.shreds.isEmpty)
        let clerk = try trio.custodian("clerk")
        #expect(clerk.state.shares.isEmpty)
        #expect(
            refusal { _ = try clerk.usableShare(for: [Trio.today]) } == "generation-missing")
        try trio.pass(days: 6)
        let next = try #require(trio.vault.record.generation(for: trio.clock.wall.day))
        #expect(next.number == 2)
        #expect(clerk.state.shares.contains { $0.generation == 2 })
        // Said once.
        #expect(
            try trio.audit().findings.filter { $0.code == "share-lost" }.map(\.isFault) == [false])

        // The old disk comes up once more: it finds that it was given up, and lets go of its share.
        trio.disks["clerk"] = stolen
        let old = try trio.reopen("clerk")
        #expect(old.state.shares.contains { $0.generation == 1 })
        #expect(refusal { _ = try old.ready() } == nil)
        #expect(!old.state.shares.contains { $0.generation == 1 })
        #expect(try openStates(stolen).allSatisfy { $0.shares.isEmpty })
        #expect(trio.vault.record.rollbacks.isEmpty)
    }

    @Test func whatIsSaidOfALostShareAfterwardsDoesNotCount() throws {
        let trio = try Trio.running()
        try trio.create("clerk")
        try trio.settle()
        try trio.pass(days: 31)
        let record = trio.vault.record
        let masks = record.roster.threshold.subsets(heldBy: 0)
        let body = DayDestroyedBody(
            custodian: "clerk", generation: 1, day: Trio.today,
            next: masks.map { MaskedDigest(mask: $0, commit: .zero) }, slot: .file,
            time: trio.clock.wall)
        #expect(refusal { try trio.say(body, by: "clerk") } == "share-lost")
        let again = ShareLostBody(custodian: "clerk", generation: 1, time: trio.clock.wall)
        #expect(refusal { try trio.say(again, by: "clerk") } == "statement-repeated")
        // The two others are n − t + 1: the day is dead, and nobody is blamed.
        let day = try #require(record.report(on: Trio.today, at: trio.clock.wall))
        #expect(day.verdict == .dead)
        #expect(day.erasedBy == ["inspector", "privacy"])
        #expect(day.gone == ["clerk"] && day.late.isEmpty)
        #expect(try trio.audit().isClean)
    }

    @Test func aReplacedCustodianMakesTheNextGenerationComeEarly() throws {
        let trio = try Trio.running()
        try trio.pass(days: 1)
        let old = trio.roster
        let new = try trio.succeed(change: Self.ombudsman)
        try trio.create("ombudsman")
        let newcomer = try trio.custodian("ombudsman")
        try trio.settle()
        let early = try #require(trio.vault.record.generations[2])
        #expect(early.isUsable && early.roster == new)
        #expect(early.first < Trio.today.adding(7))
        #expect(early.first.start >= trio.clock.wall.adding(hours: 72))
        // Nothing of the generation that runs is the newcomer's, though it has the old one's bit.
        #expect(new.custodianIndex("ombudsman") == old.custodianIndex("inspector"))
        #expect(newcomer.state.shares.map(\.generation) == [2])
        #expect(
            refusal { _ = try newcomer.usableShare(for: [Trio.today]) } == "generation-missing")
        for body in [
            DayDestroyedBody(
                custodian: "ombudsman", generation: 1, day: Trio.today,
                next: old.threshold.subsets(heldBy: 1).map {
                    MaskedDigest(mask: $0, commit: .zero)
                }, slot: .file, time: trio.clock.wall.adding(days: 31))
        ] {
            #expect(refusal { try trio.say(body, by: "ombudsman") } == "reference-unknown")
        }
        let shred = ShredBody(
            custodian: "ombudsman", generation: 1, slot: .file, time: trio.clock.wall)
        #expect(refusal { try trio.say(shred, by: "ombudsman") } == "reference-unknown")
        #expect(trio.vault.record.losses.isEmpty, "it has lost nothing")
    }

    @Test func whoWasRemovedStillErasesAndSaysSoAndNothingElse() throws {
        let trio = try Trio.running()
        try trio.pass(days: 1)
        _ = try trio.succeed(change: Self.ombudsman)
        try trio.create("ombudsman")
        try trio.settle()
        let size = trio.vault.log.size
        let inspector = try trio.custodian("inspector")
        #expect(refusal { try inspector.propose(first: Trio.today.adding(20)) } != nil)
        let prekeys = PrekeysBody(
            custodian: "inspector",
            keys: [
                .init(day: Trio.today.adding(9), key: [UInt8](repeating: 1, count: 1_216))
            ], time: trio.clock.wall)
        #expect(refusal { try trio.say(prekeys, by: "inspector") } == "signer-unknown")
        #expect(trio.vault.log.size == size)
        try trio.pass(days: 31)
        let record = trio.vault.record
        let told = record.destroyed(through: 1, by: "inspector")
        #expect(try #require(told) >= Trio.today)
        let day = try #require(record.report(on: Trio.today, at: trio.clock.wall))
        #expect(day.verdict == .dead && day.erasedBy.contains("inspector"))
        #expect(day.holders == Trio.founders)
        #expect(inspector.state.outbox.isEmpty)
        #expect(inspector.state.shares.allSatisfy { $0.generation == 1 })
        #expect(try trio.audit().isClean)
    }

    @Test func withARemovedMemberThatIsSilentTheVerdictStaysDecidable() throws {
        let trio = try Trio.running()
        try trio.pass(days: 1)
        _ = try trio.succeed(change: Self.ombudsman)
        try trio.create("ombudsman")
        trio.down = ["inspector"]
        try trio.pass(days: 32)
        let record = trio.vault.record
        let day = try #require(record.report(on: Trio.today, at: trio.clock.wall))
        #expect(day.verdict == .dead)
        #expect(day.erasedBy == ["clerk", "privacy"] && day.gone == ["inspector"])
        #expect(day.late.isEmpty)
        #expect(try trio.audit().isClean)
    }

    @Test func aRosterVoidsACeremonyAndANewOneStartsByItself() throws {
        let trio = try Trio.running()
        trio.pass(hours: 64)
        trio.down = ["privacy"]
        try trio.settle()
        let voided = try #require(trio.vault.record.newestProposed)
        #expect(voided.number == 2 && voided.missing == ["privacy"])
        _ = try trio.succeed { $0.policy.maxCells = 500 }
        trio.down = []
        try trio.settle()
        let record = trio.vault.record
        #expect(record.generations[2]?.isFinal == false)
        let next = try #require(record.generations[3])
        #expect(next.isUsable && next.roster == record.roster)
        for word in trio.words {
            #expect(try trio.custodian(word).state.ceremony == nil)
            #expect(try trio.custodian(word).state.shares.map(\.generation) == [1, 3])
        }
        #expect(try trio.audit().isClean)
    }

    @Test func ofTwoRostersWithOnePredecessorTheFirstInTheLogCounts() throws {
        let trio = try Trio.running()
        let old = trio.roster
        var body = old.body
        body.policy.maxCells = 400
        let other = try RosterDraft(body: body).roster(origin: Trio.origin, previous: old.hash)
        let signers = try ["clerk", "privacy"].map { try Trio.signer($0) }
        let first = try trio.succeed { $0.policy.maxCells = 500 }
        #expect(refusal { _ = try trio.vault.append(other.signed(by: signers)) } != nil)
        // The first roster again, as it stands in the log, and signed anew.
        let replay = try trio.first.signed(by: signers)
        let size = trio.vault.log.size
        _ = try? trio.vault.append(replay)
        #expect(trio.vault.log.size == size)
        #expect(trio.roster == first)
    }

    @Test func aWordIsNeverAnotherInstitutions() throws {
        let trio = try Trio.running()
        _ = try trio.succeed(change: Self.ombudsman)
        let code = refusal {
            _ = try trio.succeed {
                $0.custodians[1] = try Trio.party("inspector", institution: "Another")
            }
        }
        #expect(code == "roster-succession")
    }

    @Test func aStrangerMakesNoCustodian() throws {
        let trio = try Trio.running()
        #expect(refusal { _ = try trio.create("ombudsman") } == "signer-unknown")
        _ = try trio.succeed(change: Self.ombudsman)
        #expect(refusal { _ = try trio.create("ombudsman") } == nil)
    }
}
