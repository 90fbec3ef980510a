import Ledger
import Plates
import Secrets
import TestSupport
import Testing
import Warrants
import Wire

@testable import Custody

/// Afterwards: every holder checks, and commitments are opened when their embargo is over.
struct CheckTests {
    private func evaluated(_ town: Town) throws -> (id: Digest, secret: RequestSecret) {
        let cell = try town.closedCell()
        let key = try OneTimeKey(from: SeededRandom("reply"))
        let filed = try town.file(cells: [cell], replyKey: key)
        try town.approve(filed.id, ["clerk", "privacy", "rights"])
        for word in ["clerk", "privacy", "rights"] {
            _ = try town.evaluate(filed.id, word, key)
        }
        return filed
    }

    @Test func whoWasNotAskedChecks() throws {
        let town = try Town.running()
        let (id, _) = try evaluated(town)
        let before = try #require(town.vault.record.request(id))
        #expect(before.confirmation(town.roster.threshold) == .unconfirmed)
        for _ in 0..<2 { try town.tick() }
        let state = try #require(town.vault.record.request(id))
        #expect(state.checks.map(\.body.custodian).sorted() == ["audit", "inspector"])
        #expect(state.confirmation(town.roster.threshold) == .confirmed(by: 3, of: 3))
        // Once, also after a restart.
        try town.reopen("audit")
        for _ in 0..<2 { try town.tick() }
        #expect(town.vault.record.request(id)?.checks.count == 2)
        #expect(town.vault.record.findings.isEmpty)
    }

    /// A check that waits while the vault does not take it is not made a second time.
    @Test func aCheckThatIsKeptOutComesLater() throws {
        let town = try Town.running()
        let (id, _) = try evaluated(town)
        town.vault.refused = [.check]
        for _ in 0..<3 { try town.tick(["audit"]) }
        #expect(try town.custodian("audit").state.outbox.count == 1)
        try town.reopen("audit")
        town.vault.refused = []
        try town.tick(["audit"])
        #expect(town.vault.record.request(id)?.checks.map(\.body.custodian) == ["audit"])
        #expect(try town.custodian("audit").state.outbox.isEmpty)
    }

    /// What nobody has evaluated is not computed, however well it is approved.
    @Test func nothingIsCheckedUnasked() throws {
        let town = try Town.running()
        let cell = try town.closedCell()
        let key = try OneTimeKey(from: SeededRandom("reply"))
        let id = try town.file(cells: [cell], replyKey: key).id
        try town.approve(id, ["clerk", "privacy", "rights"])
        for _ in 0..<2 { try town.tick() }
        #expect(town.vault.record.request(id)?.checks.isEmpty == true)
    }

    /// Window and docket are opened once, on the embargo's day, long after the prekeys are gone;
    /// the plate never is.
    @Test func commitmentsAreOpenedAtTheEmbargo() throws {
        let town = try Town.running()
        let (id, secret) = try evaluated(town)
        try town.tick()
        let embargo = try #require(town.vault.record.request(id)?.embargo)
        #expect(embargo == town.clock.wall.day, "the test's request ends its embargo at once")
        for _ in 0..<2 { try town.tick() }
        let opening = try #require(town.vault.record.request(id)?.opening)
        #expect(opening.body.cells == secret.cells && opening.body.docket == "24-CR-1")
        let text = String(decoding: opening.statement.wire, as: UTF8.self)
        #expect(!text.contains("ABC120") && !text.contains("ABC12"))
        for _ in 0..<2 { try town.tick() }
        for word in Town.words {
            #expect(try town.custodian(word).state.openings.isEmpty)
            #expect(try town.custodian(word).state.outbox.isEmpty)
        }
        #expect(town.vault.record.findings.isEmpty)
    }

    /// An order extends the embargo; what was kept for it survives the prekeys.
    @Test func anOrderExtendsTheEmbargo() throws {
        let town = try Town.running()
        let cell = try town.closedCell()
        let key = try OneTimeKey(from: SeededRandom("reply"))
        let id = try town.file(cells: [cell], replyKey: key).id
        let state = try #require(town.vault.record.request(id))
        let later = town.clock.wall.day.adding(10)
        try town.say(
            OrderBody(
                authority: "court", attesting: state.request.statement,
                expires: town.clock.wall.adding(days: 2), embargo: later, time: town.clock.wall),
            by: "court")
        for _ in 0..<9 {
            try town.tick()
            town.pass(hours: 24)
        }
        try town.tick()
        #expect(town.vault.record.request(id)?.opening == nil)
        let day = state.request.body.time.day
        #expect(try !town.custodian("clerk").state.prekeys.contains { $0.day == day })
        town.pass(hours: 24)
        for _ in 0..<2 { try town.tick() }
        #expect(town.vault.record.request(id)?.opening != nil)
    }
}
