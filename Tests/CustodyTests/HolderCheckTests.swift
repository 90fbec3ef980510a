import Ledger
import Plates
import Secrets
import TestSupport
import Testing
import Tokens
import Warrants
import Wire

@testable import Custody

@Suite struct HolderCheckTests {
    /// A request that the audit, the clerk and the inspector have evaluated.
    private func evaluated() throws -> Asked {
        let asked = try Asked(try Town.running())
        for word in ["audit", "clerk", "inspector"] { #expect(asked.refused(by: word) == nil) }
        return asked
    }

    @Test func everyOtherHolderChecksAndAllAgree() throws {
        let asked = try evaluated()
        let town = asked.town
        let threshold = town.roster.threshold
        #expect(try asked.state().confirmation(threshold) == .unconfirmed)
        try town.tick()
        let state = try asked.state()
        #expect(state.checks.map(\.body.custodian) == ["privacy", "rights"])
        #expect(state.confirmation(threshold) == .confirmed(by: 3, of: 3))
        // Each subset's holders logged the same digests, whether asked or not.
        for word in state.words { #expect(word.camps.map(\.count) == [3]) }
        #expect(town.vault.record.findings.isEmpty)

        // Once, however often it looks.
        try town.tick()
        try town.reopen("privacy")
        try town.tick()
        #expect(try asked.state().checks.count == 2)
    }

    @Test func whoHasEvaluatedDoesNotCheck() throws {
        let asked = try evaluated()
        try asked.town.tick(["audit", "clerk", "inspector"])
        #expect(try asked.state().checks.isEmpty)
        for word in ["audit", "clerk", "inspector"] {
            #expect(try asked.town.custodian(word).state.outbox.isEmpty)
        }
    }

    @Test func nothingIsCheckedThatNobodyEvaluated() throws {
        let asked = try Asked(try Town.running())
        try asked.town.tick()
        #expect(try asked.state().checks.isEmpty)
    }

    @Test func whoCannotReadItsCopyChecksNothing() throws {
        let town = try Town.running()
        town.vault.onMail = { $0.recipient.hasSuffix("/rights") ? [] : [$0] }
        let asked = try Asked(town)
        #expect(asked.refused(by: "clerk") == nil)
        let reports = try town.tick(["privacy", "rights"])
        #expect(!reports[0].problems.map(\.code).contains("sealed-copy-missing"))
        #expect(reports[1].problems.map(\.code).contains("sealed-copy-missing"))
        #expect(try asked.state().checks.map(\.body.custodian) == ["privacy"])
        #expect(try town.custodian("rights").state.outbox.isEmpty)
    }

    /// Once the prekey is erased, nobody can read the plates any more.
    @Test func afterThePrekeyIsGoneNothingIsChecked() throws {
        let asked = try Asked(try Town.running())
        #expect(asked.refused(by: "clerk") == nil)
        asked.town.pass(hours: 10 * 24)
        try asked.town.tick(["privacy"])
        #expect(try asked.state().checks.isEmpty)
    }

    /// A custodian that answers without approvals finds nobody who computes along.
    @Test(arguments: [["audit", "clerk"], ["audit", "clerk", "inspector"]])
    func nothingIsCheckedThatTheJudgeRefuses(_ approving: [String]) throws {
        let asked = try Asked(try Town.running(), approving: approving)
        let town = asked.town
        let audit = try town.custodian("audit")
        let parcel = try audit.state.shares[0].open()
            .evaluate(plates: asked.secret.plates, cells: asked.secret.cells)
        try town.say(
            EvaluationBody(
                custodian: "audit", request: asked.id,
                digests: try Custodian.items(
                    of: parcel, request: asked.id, secret: asked.secret),
                time: town.roster.policy.blunt(town.clock.wall)), by: "audit")
        // Approvals that come afterwards do not make it right.
        if approving.count < 3 { try town.approve(asked.id, ["inspector"]) }
        try town.tick(["privacy", "rights"])
        let checks = try asked.state().checks.map(\.body.custodian)
        #expect(checks == (approving.count < 3 ? [] : ["privacy", "rights"]))
    }

    @Test func aCheckThatWaitsIsTheSameAfterAStart() throws {
        let asked = try evaluated()
        let town = asked.town
        town.vault.refused = [.check]
        try town.tick(["privacy"])
        let waiting = try town.custodian("privacy").state.outbox.map(\.note)
        #expect(try waiting.map { try UnverifiedStatement(wire: $0).type } == [.check])
        let again = try town.reopen("privacy")
        town.pass(minutes: 3)
        try again.tick()
        #expect(again.state.outbox.map(\.note) == waiting)
        town.vault.refused = []
        try again.tick()
        #expect(again.state.outbox.isEmpty)
        let checks = try asked.state().checks
        #expect(checks.map(\.body.custodian) == ["privacy"])
        #expect(try town.vault.log.entries(0..<town.vault.log.size).contains(waiting[0]))
    }

    @Test(arguments: CrashMode.allCases)
    func aCrashOnTheWayDoublesNothing(_ mode: CrashMode) throws {
        for operation in stride(from: 1, to: 40, by: 13) {
            let asked = try evaluated()
            let town = asked.town
            let disk = try #require(town.disks["privacy"])
            let privacy = try town.reopen("privacy")
            disk.crash(at: operation, mode: mode)
            _ = refusal { try privacy.tick() }
            disk.restart()
            try town.reopen("privacy")
            try town.tick(["privacy"])
            try town.tick(["privacy"])
            #expect(try asked.state().checks.map(\.body.custodian) == ["privacy"])
            #expect(try town.custodian("privacy").state.outbox.isEmpty)
        }
    }
}
