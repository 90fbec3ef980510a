import Plates
import Testing
import Warrants

@testable import Custody

/// Generations follow each other by themselves.
@Suite struct RenewalTests {
    @Test func halfAYearWithMachinesDownAtTimes() throws {
        let trio = try Trio.running()
        // When who is off, in days from the first on.
        let outages: [(word: String, days: Range<Int>)] = [
            ("clerk", 20..<24), ("privacy", 59..<62), ("inspector", 100..<112),
            ("clerk", 140..<141), ("privacy", 141..<142),
        ]
        var extended = 0
        for number in 0..<182 {
            let day = Trio.today.adding(Int64(number))
            let off = Set(outages.filter { $0.days.contains(number) }.map(\.word))
            for word in trio.down.subtracting(off) { try trio.reopen(word) }
            trio.down = off
            try trio.settle()
            #expect(trio.generation(of: day) != nil, "\(day.text) has keys")
            #expect(trio.generation(of: day.next) != nil, "so has the day after")
            let generation = try #require(trio.vault.record.generation(for: day))
            if day >= generation.first.adding(GenerationState.ordinaryDays) { extended += 1 }
            let dead = trio.vault.record.days(upTo: trio.clock.wall).compactMap {
                trio.vault.record.report(on: $0, at: trio.clock.wall)
            }.filter { $0.verdict == .dead }.count
            #expect(dead == max(0, number - 29), "each day dies on time")
            trio.pass(hours: 24)
        }
        try trio.settle()
        #expect(extended > 0 && extended < 20)
        let record = trio.vault.record
        // 26 weeks, fewer by those that an outage made longer.
        #expect(record.generations.values.filter(\.isUsable).count > 20)
        let report = try trio.audit()
        #expect(report.isClean)
        #expect(report.days.count == 183)
        for word in trio.words {
            let state = try trio.custodian(word).state
            #expect(state.ceremony == nil && state.outbox.isEmpty)
            // A month, and the week to come.
            #expect((4...7).contains(state.shares.count))
            #expect(state.shares.allSatisfy { $0.chains != nil })
        }
    }
}

/// What custodians make of proposals that are not as they should be.
@Suite struct ProposalTests {
    private func propose(
        _ trio: Trio, _ number: UInt32, first: Day, by word: String
    ) throws {
        try trio.say(
            GenerationBody.propose(
                GenerationProposal(
                    custodian: word, generation: number, first: first, under: trio.roster,
                    time: trio.clock.wall)), by: word)
    }

    /// It would leave no room for a generation before its first day.
    @Test func nobodyFollowsAProposalForDaysFarOff() throws {
        let trio = try Trio.running()
        trio.pass(hours: 64)
        try propose(trio, 2, first: trio.clock.wall.day.adding(20), by: "privacy")
        try trio.settle()
        #expect(trio.vault.record.generations[2]?.commits.isEmpty == true)
        trio.pass(hours: 1)
        try trio.settle()
        let next = try #require(trio.vault.record.generations[3])
        #expect(next.isUsable && next.first == Trio.today.adding(7))
    }

    @Test func nobodyFollowsAProposalBeforeItsTime() throws {
        let trio = try Trio.running()
        trio.pass(hours: 12)
        try propose(trio, 2, first: Trio.today.adding(7), by: "privacy")
        try trio.settle()
        #expect(trio.vault.record.generations[2]?.commits.isEmpty == true)
        // At its time it is what is owed.
        try trio.pass(days: 4)
        #expect(trio.vault.record.generations[2]?.isUsable == true)
        #expect(trio.vault.record.generations.count == 2)
    }

    @Test func whoComesLaterProposesOnlyWhereTheFirstIsSilent() throws {
        let trio = try Trio.running()
        trio.down = ["clerk"]
        trio.pass(hours: 60)
        try trio.settle()
        #expect(trio.vault.record.generations.count == 1)
        trio.clock.pass(milliseconds: 600_000)
        try trio.settle()
        #expect(trio.vault.record.generations[2]?.proposal.custodian == "inspector")
        #expect(trio.vault.record.generations[2]?.missing == ["clerk"])
        // Back in time, it takes part.
        trio.down = []
        trio.pass(hours: 5)
        try trio.settle()
        #expect(trio.vault.record.generations[2]?.isUsable == true)
    }

    @Test func twoProposalsAtOnceDoNotBlockEachOther() throws {
        let trio = try Trio.running()
        // Neither sees the other's while the vault is away; both are owed at the same time.
        trio.vault.isDown = true
        trio.pass(hours: 61)
        for word in ["clerk", "inspector"] { _ = try trio.custodian(word).tick() }
        trio.vault.isDown = false
        for word in ["clerk", "inspector"] {
            try trio.custodian(word).renewGeneration(trio.clock.wall)
        }
        #expect(
            try ["clerk", "inspector"].map { try trio.custodian($0).state.outbox.count }
                .allSatisfy { $0 > 0 })
        try trio.settle()
        try trio.settle()
        #expect(trio.vault.record.generations.count == 2)
        #expect(trio.vault.record.generations[2]?.isUsable == true)
        for word in trio.words { #expect(try trio.custodian(word).state.outbox.isEmpty) }
    }

    @Test func aSuccessorThatIsFinalTooLateIsNeverUsedAndItsSharesGo() throws {
        let trio = try Trio.running()
        trio.pass(hours: 64)
        // One final is held back until the deadline has passed by the others' words.
        trio.vault.refused = [.generation]
        try trio.settle()
        trio.vault.refused = []
        var kept = 0
        for _ in 0..<8 where trio.vault.record.generations[2]?.finals.count != 2 {
            for word in ["clerk", "inspector", "privacy"] {
                if trio.vault.record.generations[2]?.finals.count == 2 { break }
                _ = try trio.custodian(word).tick()
                kept += 1
            }
        }
        let slow = try #require(trio.vault.record.generations[2]?.missing.first)
        trio.vault.refused = [.generation]
        _ = try trio.custodian(slow).tick()
        _ = try trio.custodian(slow).tick()
        #expect(try trio.custodian(slow).state.outbox.count == 1)
        trio.down = [slow]
        trio.pass(hours: 30)
        try trio.settle()
        trio.vault.refused = []
        trio.down = []
        try trio.custodian(slow).publish()
        let late = try #require(trio.vault.record.generations[2])
        #expect(late.isFinal && !late.isUsable)
        try trio.settle()
        for word in trio.words {
            #expect(
                try !trio.custodian(word).state.shares.contains { $0.generation == 2 })
        }
        #expect(try trio.audit().findings.contains { $0.code == "generation-late" })
        try trio.pass(days: 2)
        #expect(trio.vault.record.generations[3]?.isUsable == true)
    }
}
