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
            try trio.pass(days: 1)
        }
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
