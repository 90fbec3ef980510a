import Ledger
import Plates
import Secrets
import TestSupport
import Testing
import Warrants

@testable import Custody

@Suite struct OpeningTests {
    /// The entries of the vault's log that are openings.
    private func openings(_ town: Town) throws -> [[UInt8]] {
        try town.vault.log.entries(0..<town.vault.log.size).filter { entry in
            try UnverifiedStatement(wire: entry).type == .opening
        }
    }

    /// Lets time pass to some days after today, at its first minute.
    private func pass(_ town: Town, toDay days: Int64, minutes: Int64 = 0) {
        let goal = Town.today.adding(days).start.adding(minutes: minutes)
        town.clock.pass(milliseconds: goal.milliseconds(since: town.clock.wall))
    }

    @Test func beforeTheEmbargoNothingAndThenOneOpening() throws {
        let asked = try Asked(try Town.running(), embargo: 3)
        let town = asked.town
        try town.tick()
        for word in Town.words {
            #expect(try town.custodian(word).state.openings.map(\.request) == [asked.id])
        }
        pass(town, toDay: 3, minutes: -1)
        try town.tick()
        #expect(try openings(town).isEmpty)
        pass(town, toDay: 3)
        try town.tick()
        #expect(try asked.state().opening?.body.custodian == "audit")
        pass(town, toDay: 4)
        try town.tick()
        try town.tick()

        let all = try openings(town)
        #expect(all.count == 1)
        let body = try #require(try asked.state().opening?.body)
        #expect(body.cells == [asked.cell])
        #expect(body.docket == "24-CR-1")
        #expect(
            Commitment.window(body.cells, salt: body.windowSalt.bytes)
                == asked.secret.windowCommitment)
        #expect(
            Commitment.docket(body.docket, salt: body.docketSalt.bytes)
                == asked.secret.docketCommitment)
        let text = String(decoding: all[0], as: UTF8.self).uppercased()
        #expect(text.contains("24-CR-1"))
        #expect(!text.contains("ABC120") && !text.contains("ABC12O"))
        // Nothing is kept for it any more.
        for word in Town.words { #expect(try town.custodian(word).state.openings.isEmpty) }
        #expect(town.vault.record.findings.isEmpty)
    }

    /// Who is later in the roster waits ten minutes for each place before it, and then does it.
    @Test func whereTheFirstIsAwayTheNextOpens() throws {
        let asked = try Asked(try Town.running(), embargo: 2)
        let town = asked.town
        try town.tick()
        pass(town, toDay: 2, minutes: 9)
        try town.tick(["clerk", "inspector"])
        #expect(try openings(town).isEmpty)
        pass(town, toDay: 2, minutes: 10)
        try town.tick(["clerk", "inspector"])
        #expect(try asked.state().opening?.body.custodian == "clerk")
        pass(town, toDay: 3)
        try town.tick()
        #expect(try openings(town).count == 1)
    }

    /// Two that open before they see each other's: the log takes one, the other gives up.
    @Test func twoAtOnceLeaveOne() throws {
        let asked = try Asked(try Town.running(), embargo: 2)
        let town = asked.town
        try town.tick()
        pass(town, toDay: 3)
        town.vault.refused = [.opening]
        try town.tick(["audit", "clerk"])
        for word in ["audit", "clerk"] {
            #expect(try town.custodian(word).state.outbox.count == 1)
        }
        town.vault.refused = []
        try town.tick(["clerk", "audit"])
        #expect(try openings(town).count == 1)
        #expect(try asked.state().opening?.body.custodian == "clerk")
        try town.tick(["clerk", "audit"])
        for word in ["audit", "clerk"] {
            #expect(try town.custodian(word).state.outbox.isEmpty)
            #expect(try town.custodian(word).state.openings.isEmpty)
        }
    }

    @Test func itIsOpenedLongAfterThePrekeyIsGone() throws {
        let asked = try Asked(try Town.running(), embargo: 40)
        let town = asked.town
        try town.tick(["clerk"])
        pass(town, toDay: 39, minutes: 1)
        try town.tick(["clerk"])
        let clerk = try town.reopen("clerk")
        #expect(!clerk.state.prekeys.contains { $0.day == Town.today })
        #expect(asked.refused(by: "clerk") == "prekey-gone")
        #expect(try openings(town).isEmpty)
        pass(town, toDay: 40, minutes: 10)
        try town.tick(["clerk"])
        #expect(try asked.state().opening?.body.cells == [asked.cell])
    }

    @Test func anOrderThatExtendsTheEmbargoDelaysIt() throws {
        let asked = try Asked(try Town.running(), embargo: 2)
        let town = asked.town
        try town.tick()
        try town.say(
            OrderBody(
                authority: "court", attesting: try asked.state().request.statement,
                expires: town.clock.wall.adding(days: 2), embargo: Town.today.adding(6),
                time: town.clock.wall), by: "court")
        for day in [2, 3, 5] as [Int64] {
            pass(town, toDay: day, minutes: 60)
            try town.tick()
            #expect(try openings(town).isEmpty)
        }
        pass(town, toDay: 6)
        try town.tick()
        #expect(try openings(town).count == 1)
    }

    @Test func aDrillIsNotOpened() throws {
        let town = try Town.running()
        let cell = try town.closedCell()
        try town.tick()
        func file(_ secret: RequestSecret, _ purpose: String, _ key: OneTimeKey) throws -> Digest {
            try town.file(
                secret, purpose, purpose == Purpose.drill ? .drill : .searchWarrant,
                warrant: purpose, embargo: Town.today.adding(2), replyKey: key)
        }
        let keys = try (1...2).map { try OneTimeKey(from: SeededRandom("reply \($0)")) }
        let drill = try file(
            try RequestSecret(
                drillBy: "doyle", replyKey: keys[0].publicKey, fold: .letterOAsZero,
                cells: [cell], random: SeededRandom("drill")), Purpose.drill, keys[0])
        let search = try file(
            try RequestSecret(
                requester: "doyle", replyKey: keys[1].publicKey, plates: ["ABC120"],
                fold: .letterOAsZero, cells: [cell], docket: "24-CR-1",
                random: SeededRandom("search")), "09A", keys[1])
        try town.tick()
        for word in Town.words {
            #expect(try town.custodian(word).state.openings.map(\.request) == [search])
        }
        pass(town, toDay: 5)
        try town.tick()
        #expect(town.vault.record.request(drill)?.opening == nil)
        #expect(town.vault.record.request(search)?.opening != nil)
        #expect(try openings(town).count == 1)
    }
}
