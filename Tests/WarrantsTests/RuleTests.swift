import Ledger
import Plates
import Secrets
import Testing
import Warrants

/// The rules about budgets, drills, embargoes, times, and what is said after an evaluation.
struct RuleTests {
    private func digests(
        _ world: World, by word: String, tag: String = "e", plates: Int = 2,
        day: Day = World.today
    ) throws -> [EvaluationItem] {
        let index = try #require(world.roster.custodianIndex(word))
        return world.roster.threshold.subsets(heldBy: index).flatMap { mask in
            (0..<plates).map {
                EvaluationItem(
                    day: day, plate: $0, mask: mask,
                    e: Digest(of: Array("\(tag) \($0) \(mask.bits)".utf8)))
            }
        }
    }

    private func check(
        _ world: inout World, _ id: Digest, by word: String, tag: String = "e"
    ) throws -> Refusal? {
        let body = CheckBody(
            custodian: word, request: id, digests: try digests(world, by: word, tag: tag),
            time: World.noon)
        return try world.say(body, by: word).refusal
    }

    @Test func budgetsAreCountedInCellsOverThirtyDays() throws {
        var draft = try World.draft()
        draft.change { body in
            for place in body.agencies.indices { body.agencies[place].budget = 24 }
        }
        var world = try World.running(draft)
        // Twelve cells for two plates each: the first two fit, the third does not.
        var ids: [(id: Digest, secret: RequestSecret)] = []
        for number in 0..<3 {
            var filing = Filing()
            filing.replyKey[0] = UInt8(number)
            filing.seed = "budget \(number)"
            filing.warrant = Digest(of: [UInt8(number)])
            ids.append(try world.granted(filing))
        }
        #expect(world.record.spent(by: "police", until: World.noon, before: .max) == 36)
        #expect(world.verdict(ids[0]) == .granted && world.verdict(ids[1]) == .granted)
        #expect(world.verdict(ids[2]).refusal?.reason == .budgetExceeded)
        // The others' cells, and those of more than 30 days ago, do not count.
        #expect(world.record.spent(by: "auditors", until: World.noon, before: .max) == 0)
        let later = World.noon.adding(days: 30)
        #expect(world.record.spent(by: "police", until: later, before: .max) == 0)
        #expect(
            world.record.spent(by: "police", until: later.adding(milliseconds: -1), before: .max)
                == 36)
    }

    @Test func drillsAreCountedByDayAndCostNothing() throws {
        var world = try World.running()
        var ids: [Digest] = []
        for number in 0..<5 {
            var filing = Filing()
            filing.purpose = "drill"
            filing.process = "drill"
            filing.replyKey[0] = UInt8(number)
            let secret = try RequestSecret(
                drillBy: filing.requester, replyKey: filing.replyKey, fold: .letterOAsZero,
                cells: filing.cells, random: SeededRandom("drill \(number)"))
            let body = filing.body(secret)
            ids.append(try world.say(body, by: "doyle").id)
        }
        #expect(world.record.spent(by: "police", until: World.noon, before: .max) == 0)
        let verdicts = ids.map {
            Judge.verdict(on: $0, secret: nil, in: world.record, at: World.noon).refusal?.reason
        }
        #expect(verdicts == [nil, nil, nil, nil, .drillsOverLimit])
        let report = try Auditor.report(on: world.entries, at: World.noon)
        #expect(report.drills.map(\.filed) == [5] && report.drills.map(\.evaluated) == [0])
    }

    @Test(arguments: [("drill", "search-warrant"), ("09A", "drill")])
    func aDrillIsOneAltogether(_ purpose: String, _ process: String) throws {
        var world = try World.running()
        var filing = Filing()
        filing.purpose = purpose
        filing.process = process
        let filed = try world.file(filing)
        let refusal = Judge.verdict(on: filed.id, secret: nil, in: world.record, at: World.noon)
        #expect(refusal.refusal?.reason == .drillMixed)
    }

    @Test func anEmbargoEndsWithinThePolicysDays() throws {
        var world = try World.running()
        let secret = try Filing().secret()
        for (days, code) in [(-1, RefusalCode.embargoTooLate), (91, .embargoTooLate), (90, nil)] {
            var body = Filing().body(secret)
            body.embargo = World.today.adding(Int64(days))
            let (id, refusal) = try world.say(body, by: "doyle")
            #expect(refusal?.reason == code)
            guard code == nil else { continue }
            #expect(world.record.request(id)?.embargo == World.today.adding(90))
            // An order extends it, but never shortens it, and by 90 days at most.
            let late = try world.attest(id) { $0.embargo = World.today.adding(91) }
            #expect(late?.reason == .embargoTooLate)
            #expect(try world.attest(id) { $0.embargo = World.today.adding(3) } == nil)
            #expect(world.record.request(id)?.embargo == World.today.adding(90))
        }
        let (id, _) = try world.file(Filing())
        #expect(try world.attest(id) { $0.embargo = World.today.adding(9) } == nil)
        #expect(world.record.request(id)?.embargo == World.today.adding(9))
    }

    @Test func timesAboutRequestsAreFullHours() throws {
        var draft = try World.draft()
        draft.change { $0.policy.times = .hour }
        var world = try World.running(draft)
        let exact = World.noon.adding(minutes: 7)
        var filing = Filing()
        filing.time = exact
        let secret = try filing.secret()
        #expect(try world.say(filing.body(secret), by: "doyle").refusal?.reason == .timeExact)
        #expect(world.roster.policy.blunt(exact) == World.noon)
        let (id, _) = try world.file(Filing())
        #expect(try world.attest(id) { $0.time = exact }?.reason == .timeExact)
        let approval = ApprovalBody(officer: "clerk-officer", request: id, time: exact)
        #expect(try world.say(approval, by: "clerk-officer").refusal?.reason == .timeExact)
        #expect(try world.evaluate(id, by: "clerk", at: exact)?.reason == .timeExact)
        // What is not about a request keeps its time.
        let prekeys = PrekeysBody(
            custodian: "clerk", keys: [.init(day: World.today.next, key: World.oneTime)],
            time: exact)
        #expect(try world.say(prekeys, by: "clerk").refusal == nil)
    }

    @Test func checksAreForHoldersWhoHaveNotEvaluated() throws {
        var world = try World.running()
        let filed = try world.granted()
        #expect(try check(&world, filed.id, by: "audit")?.reason == .checkUnasked)
        #expect(try world.evaluate(filed.id, by: "clerk") == nil)
        #expect(try check(&world, filed.id, by: "clerk")?.reason == .checkUnasked)
        #expect(try check(&world, .zero, by: "audit")?.reason == .requestUnknown)
        #expect(try check(&world, filed.id, by: "audit") == nil)
        #expect(try check(&world, filed.id, by: "audit", tag: "x")?.reason == .statementRepeated)
        var short = CheckBody(
            custodian: "rights", request: filed.id, digests: try digests(world, by: "rights"),
            time: World.noon)
        short.digests.removeLast()
        #expect(try world.say(short, by: "rights").refusal?.reason == .subsetForeign)
        // Who has evaluated with the others stands with those who only checked.
        for word in ["privacy", "rights"] { #expect(try world.evaluate(filed.id, by: word) == nil) }
        let state = try #require(world.record.request(filed.id))
        #expect(state.confirmation(world.roster.threshold) == .confirmed(by: 2, of: 3))
        #expect(try check(&world, filed.id, by: "inspector", tag: "lie") == nil)
        let disputed = try #require(world.record.request(filed.id))
        #expect(disputed.confirmation(world.roster.threshold) == .disputed(["inspector"]))
    }

    @Test func anOpeningIsOneOfWhatWasCommittedTo() throws {
        var world = try World.running()
        let filed = try world.granted()
        func opening(_ edit: (inout OpeningBody) -> Void = { _ in }) throws -> OpeningBody {
            var body = OpeningBody(
                custodian: "clerk", request: filed.id, cells: filed.secret.cells,
                windowSalt: try #require(Digest(wire: filed.secret.windowSalt)),
                docket: filed.secret.docket,
                docketSalt: try #require(Digest(wire: filed.secret.docketSalt)),
                time: World.today.next.start)
            edit(&body)
            return body
        }
        func refusal(_ body: OpeningBody) throws -> RefusalCode? {
            try world.say(body, by: body.custodian).refusal?.reason
        }
        let early = try opening { $0.time = World.today.start.adding(milliseconds: -1) }
        #expect(try refusal(early) == .openingEarly)
        #expect(try refusal(opening { $0.docket = "24-CR-00173" }) == .openingMismatch)
        #expect(try refusal(opening { $0.cells.removeLast() }) == .openingMismatch)
        #expect(try refusal(opening { $0.windowSalt = .zero }) == .openingMismatch)
        #expect(try refusal(opening { $0.docketSalt = .zero }) == .openingMismatch)
        #expect(try refusal(opening { $0.cells.swapAt(0, 1) }) == .statementMalformed)
        #expect(try refusal(opening()) == nil)
        #expect(try refusal(opening { $0.custodian = "audit" }) == .statementRepeated)
    }

    @Test func aNoticeIsTheAgencysOwn() throws {
        var world = try World.running()
        let filed = try world.file(Filing())
        func notice(_ party: String) throws -> RefusalCode? {
            let body = NoticeBody(party: party, request: filed.id, time: World.noon)
            return try world.say(body, by: party).refusal?.reason
        }
        #expect(try notice("own") == .signerUnknown)
        #expect(try notice("court") == .signerUnknown)
        #expect(try notice("doyle") == nil)
        #expect(world.record.request(filed.id)?.notice?.body.party == "doyle")
        let again = NoticeBody(
            party: "doyle", request: filed.id, time: World.noon.adding(hours: 1))
        #expect(try world.say(again, by: "doyle").refusal?.reason == .statementRepeated)
    }

    @Test func aSuccessorIsSignedByThreeAndStandsInItsPlace() throws {
        var world = try World.running()
        let key = try World.open("new log")
        func successor(_ size: UInt64, by words: [String]) throws -> [UInt8] {
            let body = SuccessorBody(
                logKey: PartyKey(key), root: Digest(of: [1]), size: size, time: World.noon)
            return try world.roster.signed(body, together: words.map { try World.signer($0) })
        }
        let size = world.record.count
        let few = try successor(size, by: ["audit", "clerk"])
        #expect(world.append(few)?.reason == .successorSignatures)
        let stranger = try successor(size + 1, by: ["audit", "clerk", "privacy", "vault"])
        #expect(world.append(stranger)?.reason == .successorSignatures)
        let misplaced = try successor(size, by: ["audit", "clerk", "privacy"])
        #expect(world.append(misplaced)?.reason == .successorPlace)
        #expect(world.record.logKey.key == (try World.open("log")))
        let right = try successor(size + 3, by: ["audit", "clerk", "privacy"])
        #expect(world.append(right) == nil)
        #expect(world.record.logKey.key == key && world.record.logKey.name == World.origin)
        // From now on a roster names the new key, and only it.
        for (named, code) in [(try World.open("log"), RefusalCode.rosterSuccession), (key, nil)] {
            var draft = RosterDraft(changing: world.roster)
            draft.change { $0.vault.logKey = PartyKey(named) }
            let next = try draft.roster(origin: World.origin, previous: world.roster.hash)
            let signers = try ["audit", "clerk", "rights"].map { try World.signer($0) }
            #expect(world.append(try next.signed(by: signers))?.reason == code)
        }
    }
}
