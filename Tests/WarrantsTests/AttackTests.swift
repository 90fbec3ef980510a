import Ledger
import Plates
import Secrets
import Testing
import Warrants

/// What parties could try in the log, each caught by an audit of its entries, with its code.
/// Attacks on the log as a log are in InquiryTests.
struct AttackTests {
    private func faults(_ world: World, at time: Timestamp = World.noon) throws -> [String] {
        try Auditor.report(on: world.entries, at: time).findings.filter(\.isFault).map(\.code)
    }

    private var due: Timestamp { World.today.adding(-10).start.adding(days: 30) }

    @Test func aDayIsDestroyedTwiceEarlyOrWithoutHavingBeenHeld() throws {
        let day = World.today.adding(-10)
        let cases: [(Day, Int64, [String])] = [
            (day, 0, ["destruction-backwards"]),
            (day.adding(5), 0, ["destruction-early"]),
            (day.adding(-1), 0, ["reference-unknown"]),
            (day.adding(21), 60, ["reference-unknown"]),
        ]
        for (named, days, codes) in cases {
            var world = try World.running()
            for word in World.custodianWords {
                #expect(try world.destroy(day, by: word, at: due) == nil)
            }
            let time = due.adding(days: days).adding(seconds: 1)
            #expect(try world.destroy(named, by: "clerk", tag: "again", at: time) != nil)
            #expect(try faults(world, at: due) == codes)
        }
        // One that holds nothing of the generation, since it joined after it was made.
        var newcomer = try World.custodian("newcomer")
        newcomer.officers.sort { $0.id < $1.id }
        var world = try World.running()
        try world.succeed { body in
            body.custodians[0] = newcomer
        }
        let body = DayDestroyedBody(
            custodian: "newcomer", generation: 1, day: day,
            next: try World.commits(of: "newcomer", tag: "x", in: world.roster), slot: .file,
            time: due)
        #expect(try world.say(body, by: "newcomer").refusal != nil)
        #expect(try faults(world, at: due) == ["reference-unknown"])
    }

    @Test func twoCustodiansCommitToDifferentChains() throws {
        var world = try World.running()
        let day = World.today.adding(-10)
        for word in World.custodianWords {
            let tag = word == "clerk" ? "lie" : "next"
            #expect(try world.destroy(day, by: word, tag: tag, at: due) == nil)
        }
        let report = try Auditor.report(on: world.entries, at: due)
        let found = report.findings.filter { $0.code == "destruction-differs" }
        // The clerk is in six subsets; each later holder of one of them shows the difference again.
        #expect(Set(found.map(\.sentence)).count == found.count && found.count >= 6)
        #expect(found.allSatisfy { $0.sentence.contains("clerk") && $0.index != nil })
        #expect(!report.isClean)
    }

    @Test func theRequesterApprovesItself() throws {
        var world = try World.running()
        let filed = try world.file(Filing())
        #expect(try world.attest(filed.id) == nil)
        try world.approve(filed.id, ["clerk", "privacy"])
        let own = ApprovalBody(officer: "doyle", request: filed.id, time: World.noon)
        #expect(try world.say(own, by: "doyle").refusal?.reason == .signerUnknown)
        #expect(try world.evaluate(filed.id, by: "clerk") == nil)
        #expect(try faults(world) == ["signer-unknown", "evaluation-unbacked"])
    }

    /// The auditors' agency asks; its own institution's custodian approves.
    @Test func theRequestersInstitutionApproves() throws {
        var world = try World.running()
        var filing = Filing()
        (filing.agency, filing.requester) = ("auditors", "own")
        let filed = try world.file(filing)
        #expect(try world.attest(filed.id) == nil)
        try world.approve(filed.id, ["clerk", "privacy", "audit"])
        #expect(try world.evaluate(filed.id, by: "clerk") == nil)
        #expect(try faults(world) == ["evaluation-unbacked"])
    }

    /// A custodian's own key is none of its officers', and the authority's is no officer's.
    @Test(arguments: ["rights", "court", "site-1", "vault"])
    func aPartyApprovesInAnothersRole(_ word: String) throws {
        var world = try World.running()
        let filed = try world.file(Filing())
        #expect(try world.attest(filed.id) == nil)
        try world.approve(filed.id, ["clerk", "privacy"])
        let named = ApprovalBody(officer: word, request: filed.id, time: World.noon)
        #expect(try world.say(named, by: word).refusal?.reason == .signerUnknown)
        let forged = ApprovalBody(officer: "rights-officer", request: filed.id, time: World.noon)
        #expect(try world.say(forged, by: word).refusal?.reason == .signatureInvalid)
        #expect(try world.evaluate(filed.id, by: "clerk") == nil)
        #expect(
            try faults(world) == ["signer-unknown", "signature-invalid", "evaluation-unbacked"])
    }

    @Test func oneWhoIsGoneFromTheRosterApproves() throws {
        var world = try World.running()
        let filed = try world.file(Filing())
        #expect(try world.attest(filed.id) == nil)
        // Once before it is removed, and that does not count any more when it is; once after.
        try world.approve(filed.id, ["clerk", "privacy", "rights"])
        try world.succeed { body in
            body.custodians[4].officers.removeAll { $0.id == "rights-officer" }
        }
        let late = ApprovalBody(
            officer: "rights-officer", request: filed.id, time: World.noon.adding(hours: 1))
        #expect(try world.say(late, by: "rights-officer").refusal?.reason == .signerUnknown)
        #expect(try world.evaluate(filed.id, by: "clerk") == nil)
        #expect(try faults(world) == ["signer-unknown", "evaluation-unbacked"])
    }

    @Test func aRequestIsReplayedAndAnApprovalIsMoved() throws {
        var world = try World.running()
        let filed = try world.granted()
        let request = try #require(world.entries.dropLast(4).last)
        #expect(world.append(request)?.reason == .statementRepeated)
        // An approval names the request that it was given to: its bytes are another request's only
        // with another signature.
        var filing = Filing()
        filing.seed = "another"
        filing.replyKey[0] = 1
        filing.warrant = Digest(of: [1])
        let other = try world.file(filing)
        #expect(try world.attest(other.id) == nil)
        try world.approve(other.id, ["clerk", "privacy"])
        let approval = try #require(
            world.entries.first {
                String(decoding: $0, as: UTF8.self).contains("rights-officer\",\"r")
            }
        )
        let moved = String(decoding: approval, as: UTF8.self)
            .replacing(filed.id.hex, with: other.id.hex)
        #expect(world.append(Array(moved.utf8))?.reason == .signatureInvalid)
        #expect(try world.evaluate(other.id, by: "clerk") == nil)
        #expect(
            try faults(world)
                == ["statement-repeated", "signature-invalid", "evaluation-unbacked"])
    }

    @Test func aRosterIsSignedByTooFewOrSwapsTheLogsKey() throws {
        var world = try World.running()
        var draft = RosterDraft(changing: world.roster)
        draft.change { $0.policy.maxCells = 3_000 }
        let next = try draft.roster(origin: World.origin, previous: world.roster.hash)
        let two = try ["audit", "clerk"].map { try World.signer($0) }
        #expect(world.append(try next.signed(by: two))?.reason == .rosterSignatures)
        let key = PartyKey(try World.open("another log"))
        draft.change { $0.vault.logKey = key }
        let swap = try draft.roster(origin: World.origin, previous: world.roster.hash)
        let three = try ["audit", "clerk", "rights"].map { try World.signer($0) }
        #expect(world.append(try swap.signed(by: three))?.reason == .rosterSuccession)
        #expect(world.record.roster == world.roster)
        #expect(try faults(world) == ["roster-signatures", "roster-succession"])
    }

    @Test func aDeadDayIsEvaluated() throws {
        var world = try World.running()
        let day = World.today.adding(-10)
        let filed = try world.granted()
        for word in ["audit", "inspector", "rights"] {
            #expect(try world.destroy(day, by: word, at: due) == nil)
        }
        let index = try #require(world.roster.custodianIndex("clerk"))
        let items = world.roster.threshold.subsets(heldBy: index).flatMap { mask in
            [0, 1].map { EvaluationItem(day: day, plate: $0, mask: mask, e: .zero) }
        }
        let body = EvaluationBody(
            custodian: "clerk", request: filed.id, digests: items, time: World.noon)
        #expect(try world.say(body, by: "clerk").refusal?.reason == .dayDead)
        #expect(try faults(world) == ["day-dead"])
    }

    @Test func aCheckContradicts() throws {
        var world = try World.running()
        let filed = try world.granted()
        for word in ["clerk", "privacy", "rights"] {
            #expect(try world.evaluate(filed.id, by: word) == nil)
        }
        let index = try #require(world.roster.custodianIndex("audit"))
        let items = world.roster.threshold.subsets(heldBy: index).flatMap { mask in
            [0, 1].map { EvaluationItem(day: World.today, plate: $0, mask: mask, e: .zero) }
        }
        let check = CheckBody(
            custodian: "audit", request: filed.id, digests: items, time: World.noon)
        #expect(try world.say(check, by: "audit").refusal == nil)
        let report = try Auditor.report(on: world.entries, at: World.noon)
        let found = try #require(report.findings.first { $0.code == "evaluation-disputed" })
        #expect(found.isFault && found.index == world.record.count - 1)
        #expect(found.sentence.contains("audit"))
        #expect(report.counters.map(\.disputed) == [1])
    }

    @Test func anOpeningLies() throws {
        var world = try World.running()
        let filed = try world.granted()
        let lie = OpeningBody(
            custodian: "clerk", request: filed.id, cells: Array(filed.secret.cells.dropLast()),
            windowSalt: try #require(Digest(wire: filed.secret.windowSalt)),
            docket: filed.secret.docket,
            docketSalt: try #require(Digest(wire: filed.secret.docketSalt)), time: World.noon)
        #expect(try world.say(lie, by: "clerk").refusal?.reason == .openingMismatch)
        #expect(try faults(world) == ["opening-mismatch"])
    }

    @Test func aSuccessorIsSignedByTooFewOrStandsElsewhere() throws {
        var world = try World.running()
        func successor(_ size: UInt64, _ words: [String]) throws -> [UInt8] {
            let body = SuccessorBody(
                logKey: PartyKey(try World.open("new log")), root: .zero, size: size,
                time: World.noon)
            return try world.roster.signed(body, together: words.map { try World.signer($0) })
        }
        _ = world.append(try successor(world.record.count, ["audit", "clerk"]))
        _ = world.append(try successor(world.record.count - 1, ["audit", "clerk", "rights"]))
        #expect(try faults(world) == ["successor-signatures", "successor-place"])
    }
}
