import Ledger
import Plates
import Secrets
import Testing
import Warrants

/// Attestation, approvals, denials, withdrawal and lapsing.
struct LeaveTests {
    @Test func waitsForTheAttestation() throws {
        var world = try World.running()
        let filed = try world.file(Filing())
        try world.approve(filed.id, ["clerk", "privacy", "rights"])
        #expect(world.verdict(filed) == .waiting(Refusal(.attestationMissing, "")))
        try world.attest(filed.id)
        #expect(world.verdict(filed) == .granted)
    }

    @Test func anExigentRequestNeedsNone() throws {
        var world = try World.running()
        var filing = Filing()
        filing.process = "exigent"
        let filed = try world.file(filing)
        try world.approve(filed.id, ["clerk", "privacy", "rights"])
        #expect(world.verdict(filed) == .granted)
    }

    @Test func anExigentRequestNeedsOneWhereThePolicySaysSo() throws {
        var draft = try World.draft()
        draft.change { $0.policy.unattested = [] }
        var world = try World(draft: draft)
        var filing = Filing()
        filing.process = "exigent"
        let filed = try world.file(filing)
        let checks = Judge.checks(
            on: filed.id, secret: nil, in: world.record, at: World.noon)
        let check = checks.first { $0.name == "attestation" }
        #expect(check?.verdict == .waiting(Refusal(.attestationMissing, "")))
    }

    @Test func refusesOrdersForOtherBytes() throws {
        let spoils: [(inout OrderBody) -> Void] = [
            { $0.warrant = .zero }, { $0.plateCommitments.removeLast() },
            { $0.plateCommitments.reverse() }, { $0.windowCommitment = .zero },
        ]
        for spoil in spoils {
            var world = try World.running()
            let filed = try world.file(Filing())
            try world.approve(filed.id, ["clerk", "privacy", "rights"])
            #expect(try world.attest(filed.id, spoil) == nil)
            #expect(world.verdict(filed) == .refused(Refusal(.orderMismatch, "")))
            // A right one afterwards heals it.
            try world.attest(filed.id, expires: World.noon.adding(days: 1))
            #expect(world.verdict(filed) == .granted)
        }
    }

    @Test func refusesAnOrderThatHasEnded() throws {
        var world = try World.running()
        let filed = try world.file(Filing())
        try world.approve(filed.id, ["clerk", "privacy", "rights"])
        try world.attest(filed.id, expires: World.noon.adding(hours: 1))
        #expect(world.verdict(filed) == .granted)
        let end = World.noon.adding(hours: 1)
        #expect(world.verdict(filed, at: end) == .refused(Refusal(.orderExpired, "")))
    }

    @Test func refusesAnAuthorityThatNobodyKnows() throws {
        var world = try World.running()
        let filed = try world.granted()
        let stranger = try world.attest(filed.id) { $0.authority = "clerk" }
        #expect(stranger?.reason == .authorityUnknown)
        try world.succeed { $0.authorities = [] }
        #expect(world.verdict(filed) == .refused(Refusal(.authorityUnknown, "")))
    }

    @Test func countsEachInstitutionOnceAndNeverTheAskersOwn() throws {
        var world = try World.running()
        let filed = try world.file(Filing())
        try world.attest(filed.id)
        let two = Verdict.waiting(Refusal(.approvalsMissing, ""))
        #expect(world.verdict(filed) == two)
        try world.approve(filed.id, ["clerk", "privacy"])
        #expect(world.verdict(filed) == two)
        try world.approve(filed.id, ["clerk", "privacy"], role: "deputy")
        #expect(world.verdict(filed) == two)
        try world.approve(filed.id, ["rights"], role: "deputy")
        #expect(world.verdict(filed) == .granted)

        var own = Filing()
        own.agency = "auditors"
        own.requester = "own"
        own.replyKey[0] = 1
        let second = try world.file(own)
        try world.attest(second.id)
        try world.approve(second.id, ["audit", "clerk", "privacy"])
        #expect(world.verdict(second) == two)
        try world.approve(second.id, ["inspector"])
        #expect(world.verdict(second) == .granted)
    }

    @Test func aRequestersOrVaultsApprovalIsNone() throws {
        var world = try World.running()
        let filed = try world.file(Filing())
        for word in ["doyle", "vault", "court", "site-1", "clerk", "nobody"] {
            let body = ApprovalBody(officer: word, request: filed.id, time: World.noon)
            #expect(try world.say(body, by: word).refusal?.reason == .signerUnknown)
        }
        let forged = ApprovalBody(officer: "clerk-officer", request: filed.id, time: World.noon)
        #expect(try world.say(forged, by: "doyle").refusal?.reason == .signatureInvalid)
    }

    @Test func anApprovalIsForOneRequestOnly() throws {
        var world = try World.running()
        let filed = try world.granted()
        var filing = Filing()
        filing.replyKey[0] = 1
        // Even one millisecond makes it another request.
        filing.time = filing.time.adding(milliseconds: -1)
        let other = try world.file(filing)
        #expect(other.id != filed.id)
        try world.attest(other.id)
        #expect(world.verdict(other) == .waiting(Refusal(.approvalsMissing, "")))
        let missing = ApprovalBody(officer: "clerk-officer", request: .zero, time: World.noon)
        #expect(try world.say(missing, by: "clerk-officer").refusal?.reason == .requestUnknown)
    }

    @Test func aDenialTakesAnApprovalBackAndThreeEndIt() throws {
        var world = try World.running()
        let filed = try world.granted()
        try world.deny(filed.id, ["rights"])
        #expect(world.verdict(filed) == .waiting(Refusal(.approvalsMissing, "")))
        try world.approve(filed.id, ["rights"], role: "deputy")
        #expect(world.verdict(filed) == .granted)
        try world.deny(filed.id, ["audit", "inspector"])
        #expect(world.verdict(filed) == .granted)
        let again = DenialBody(
            officer: "rights-deputy", request: filed.id, code: .conflict, time: World.noon)
        #expect(try world.say(again, by: "rights-deputy").refusal == nil)
        #expect(world.verdict(filed) == .refused(Refusal(.denied, "")))
    }

    @Test func aWithdrawnRequestIsOver() throws {
        var world = try World.running()
        for (place, party) in ["doyle", "court"].enumerated() {
            var filing = Filing()
            filing.replyKey[1] = UInt8(place)
            let filed = try world.granted(filing)
            let body = WithdrawBody(party: party, request: filed.id, time: World.noon)
            let stranger = WithdrawBody(party: "own", request: filed.id, time: World.noon)
            #expect(try world.say(stranger, by: "own").refusal?.reason == .signerUnknown)
            let clerk = WithdrawBody(party: "clerk", request: filed.id, time: World.noon)
            #expect(try world.say(clerk, by: "clerk").refusal?.reason == .signerUnknown)
            #expect(world.verdict(filed) == .granted)
            #expect(try world.say(body, by: party).refusal == nil)
            #expect(world.verdict(filed) == .refused(Refusal(.withdrawn, "")))
        }
    }

    @Test func lapsesAfterThreeDays() throws {
        var world = try World.running()
        let filed = try world.file(Filing())
        try world.attest(filed.id, expires: World.noon.adding(days: 30))
        try world.approve(filed.id, ["clerk", "privacy", "rights"])
        let end = World.noon.adding(days: 3)
        #expect(world.verdict(filed, at: end.adding(milliseconds: -1)) == .granted)
        #expect(world.verdict(filed, at: end) == .refused(Refusal(.lapsed, "")))
    }

    @Test func aWarrantServesOnceUnlessANewOrderSaysSo() throws {
        var world = try World.running()
        let filed = try world.granted()
        #expect(try world.evaluate(filed.id, by: "clerk") == nil)
        #expect(
            try world.evaluate(filed.id, by: "clerk", tag: "other")?.reason == .alreadyEvaluated)
        var filing = Filing()
        filing.process = "exigent"
        filing.replyKey[0] = 1
        let second = try world.file(filing)
        try world.approve(second.id, ["clerk", "privacy", "rights"])
        #expect(world.verdict(second) == .refused(Refusal(.orderUsed, "")))
        // The first request itself is not used up by its own evaluation.
        #expect(world.verdict(filed) == .granted)
        try world.attest(second.id)
        #expect(world.verdict(second) == .granted)
    }

    @Test func theLimitHidesWhatCameLater() throws {
        var world = try World.running()
        let filed = try world.file(Filing())
        try world.attest(filed.id)
        let limit = world.record.count
        try world.approve(filed.id, ["clerk", "privacy", "rights"])
        let then = Judge.verdict(
            on: filed.id, secret: filed.secret, in: world.record, at: World.noon, before: limit)
        #expect(then == .waiting(Refusal(.approvalsMissing, "")))
        #expect(world.verdict(filed) == .granted)
    }
}

extension World {
    /// Puts a changed roster into force.
    mutating func succeed(_ edit: (inout RosterBody) -> Void) throws {
        var draft = RosterDraft(changing: roster)
        draft.change(edit)
        let next = try draft.roster(origin: Self.origin, previous: roster.hash)
        let signers = try ["audit", "clerk", "privacy"].map { try Self.signer($0) }
        #expect(append(try next.signed(by: signers)) == nil)
        roster = next
    }
}
