import Ledger
import Plates
import Secrets
import Testing
import Warrants

/// The verdict, rule by rule: one spoilt place, one code.
struct JudgeTests {
    @Test func grantsWhatFulfilsEveryRule() throws {
        var world = try World.running()
        let filed = try world.granted()
        #expect(world.verdict(filed) == .granted)
        let checks = Judge.checks(
            on: filed.id, secret: filed.secret, in: world.record, at: World.noon)
        #expect(checks.count == 15)
        #expect(checks.allSatisfy { $0.verdict == .granted })
        #expect(Set(checks.map(\.name)).count == checks.count)
        let blind = Judge.checks(on: filed.id, secret: nil, in: world.record, at: World.noon)
        #expect(blind.filter { $0.verdict == nil }.map(\.name) == ["secret", "window"])
    }

    @Test func refusesAnUnknownRequest() throws {
        let world = try World.running()
        let verdict = Judge.verdict(on: .zero, secret: nil, in: world.record, at: World.noon)
        #expect(verdict.refusal?.reason == .requestUnknown)
    }

    /// Requests that are refused as soon as they are looked at, and that nothing can save.
    static let spoilt: [(RefusalCode, @Sendable (inout Filing) -> Void)] = [
        (.purposeUnknown, { $0.purpose = "suspicious-person" }),
        (.purposeUnknown, { $0.purpose = "90Z" }),
        (.purposeNotAllowed, { $0.purpose = "220" }),
        (.prohibitedByRoster, { $0.purpose = "parking-fees" }),
        (.prohibitedImmigration, { $0.purpose = "immigration-enforcement" }),
        (.prohibitedImmigration, { $0.purpose = "30D" }),
        (.prohibitedPersonal, { $0.purpose = "personal-use" }),
        (.prohibitedRace, { $0.purpose = "race" }),
        (.prohibitedSex, { $0.purpose = "sex" }),
        (.prohibitedReligion, { $0.purpose = "religion" }),
        (.prohibitedProtest, { $0.purpose = "protest" }),
        (.prohibitedReproductiveCare, { $0.purpose = "reproductive-care" }),
        (.processUnknown, { $0.process = "subpoena" }),
        (.requestFromFuture, { $0.time = World.noon.adding(minutes: 3) }),
        (
            .lapsed,
            {
                $0.time = World.noon.adding(days: -3)
                $0.prekeyDay = World.today
            }
        ),
        (.platesOverLimit, { $0.plates = (1...9).map { "PLATE\($0)" } }),
        (
            .cellsOverLimit,
            {
                $0.cells = (0..<1_001).map {
                    Cell(hour: World.today.hours[0].adding(-$0), site: World.siteOne)
                }
            }
        ),
        (.siteUnknown, { $0.cells = [Cell(hour: World.today.hours[0], site: .init(number: 9))] }),
        (.hourOpen, { $0.cells = [Cell(hour: World.noon.hour, site: World.siteOne)] }),
        (.hourOpen, { $0.cells = [Cell(hour: World.today.hours[6], site: World.siteOne)] }),
        (
            .windowUnkept,
            {
                $0.cells = [Cell(hour: World.today.adding(-11).hours[3], site: World.siteOne)]
            }
        ),
        (.replyKeyMalformed, { $0.replyKey = [1, 2, 3] }),
        (.sealedCopiesMissing, { $0.copies = ["audit", "clerk", "inspector", "privacy"] }),
        (.sealedCopiesMissing, { $0.copies = [] }),
        (.prekeyUnknown, { $0.prekeyDay = World.today.next }),
    ]

    @Test(arguments: spoilt.indices)
    func refusesEachFault(_ place: Int) throws {
        let (code, spoil) = Self.spoilt[place]
        var world = try World.running()
        var filing = Filing()
        spoil(&filing)
        let secret = try filing.secret()
        let body = filing.body(secret)
        let admission = Judge.admission(
            of: body, secret: secret, in: world.record, at: World.noon)
        #expect(admission?.reason == code)
        // And the same where a careless vault has logged it, however many approve.
        let filed = try world.granted(filing)
        let verdict = world.verdict(filed)
        #expect(verdict == .refused(Refusal(code, "")), "\(verdict)")
        #expect(admission?.sentence.contains("ABC") == false)
    }

    @Test func refusesBeforeSealingWhatIsNoExactPlate() throws {
        for text in ["ABC*", "ABC?23", "A%", "", "[AB]C123", "ABCDEFGHIJKLMNOPQ", ".*"] {
            var filing = Filing()
            filing.plates = [text]
            #expect(throws: Refusal(.plateNotExact, ""), "\(text)") { try filing.secret() }
        }
        var filing = Filing()
        filing.plates = []
        #expect(throws: Refusal(.platesMissing, "")) { try filing.secret() }
        filing.plates = ["ABC 12O", "abc120"]
        #expect(throws: Refusal(.plateRepeated, "")) { try filing.secret() }
        filing = Filing()
        filing.cells = []
        #expect(throws: Refusal(.cellsMissing, "")) { try filing.secret() }
    }

    /// The docket is opened to everybody one day; the plate never is.
    @Test func aDocketThatSaysThePlateIsNotFiled() throws {
        var filing = Filing()
        filing.plates = ["ABC 120", "77"]
        for docket in ["26-1047 ABC120", "abc-12 0", "xABC12Oy", "plate 77", "77"] {
            filing.docket = docket
            #expect(throws: Refusal(.docketNamesPlate, ""), "\(docket)") { try filing.secret() }
        }
        for docket in ["", "26-1047", "26-771047", "ABC 12", "A*B"] {
            filing.docket = docket
            _ = try filing.secret()
        }
    }

    /// An evaluation stands in one entry of the log, and a day's digests are one for each plate and
    /// subset held: what would not fit is refused before anybody is asked.
    @Test func refusesWhatWouldNotFitIntoAnEntry() throws {
        let words = World.custodianWords + ["stack", "tower"]
        let cases: [(Int64, Bool)] = [(7, false), (8, true)]
        for (days, isTooLarge) in cases {
            var world = try World(draft: try World.draft(custodians: words, threshold: 4))
            try world.makeGeneration(
                1, first: World.today.adding(-10), at: World.noon.adding(days: -10))
            for word in words { try world.publishPrekeys(word, days: [World.today]) }
            var filing = Filing()
            filing.copies = words
            filing.plates = ["A1", "A2", "A3", "A4"]
            filing.cells = (1...days).map {
                Cell(hour: World.today.adding(-$0).hours[3], site: World.siteOne)
            }
            let secret = try filing.secret()
            let refusal = Judge.admission(
                of: filing.body(secret), secret: secret, in: world.record, at: World.noon)
            // 20 subsets of 4 of 7 have a custodian in them.
            #expect(refusal?.reason == (isTooLarge ? .answerTooLarge : nil))
        }
    }

    @Test func anEvaluationOfTheMostDigestsFitsIntoAnEntry() throws {
        let world = try World.running()
        let items = (0..<EvaluationBody.digestLimit).map { (place: Int) -> EvaluationItem in
            EvaluationItem(
                day: World.today.adding(Int64(place / 64)), plate: place % 8,
                mask: SubsetMask(bits: UInt16(120 + place / 8 % 8)),
                e: Digest(of: [UInt8(truncatingIfNeeded: place)]))
        }
        let body = EvaluationBody(
            custodian: "inspector", request: .zero, digests: items, time: World.noon)
        let wire = try StatementDraft.sign(
            body, under: world.roster, by: try World.signer("inspector"))
        #expect(wire.count <= 65_535)
    }

    @Test func refusesEmptyPublicLists() throws {
        let world = try World.running()
        let secret = try Filing().secret()
        var body = Filing().body(secret)
        body.plateCommitments = []
        #expect(
            Judge.admission(of: body, in: world.record, at: World.noon)?.reason == .platesMissing)
        body.plateCommitments = [.zero, .zero]
        #expect(
            Judge.admission(of: body, in: world.record, at: World.noon)?.reason == .plateRepeated)
        body = Filing().body(secret)
        body.cellCount = 0
        #expect(
            Judge.admission(of: body, in: world.record, at: World.noon)?.reason == .cellsMissing)
    }

    @Test func refusesASecretThatIsNotTheOneCommittedTo() throws {
        var world = try World.running()
        let filed = try world.granted()
        let changes: [(inout Filing) -> Void] = [
            { $0.plates = ["ABC 124", "XYZ 9"] }, { $0.plates = ["ABC 123"] },
            { $0.cells.removeLast() }, { $0.seed = "other salts" },
            { $0.replyKey[0] ^= 1 }, { $0.requester = "own" },
        ]
        for change in changes {
            var filing = Filing()
            change(&filing)
            let verdict = world.verdict((filed.id, try filing.secret()))
            #expect(verdict == .refused(Refusal(.secretMismatch, "")))
        }
    }

    @Test func refusesPlatesFoldedOtherwise() throws {
        var world = try World.running()
        let filing = Filing()
        let secret = try RequestSecret(
            requester: "doyle", replyKey: filing.replyKey, plates: ["ABC 12O"], fold: .none,
            cells: filing.cells, docket: "", random: SeededRandom("fold"))
        let (id, refusal) = try world.say(filing.body(secret), by: "doyle")
        #expect(refusal == nil)
        #expect(world.verdict((id, secret)) == .refused(Refusal(.plateNotExact, "")))
    }

    @Test func aClosedTreeAfterTheRequestOpensNothing() throws {
        var world = try World.running()
        var filing = Filing()
        filing.process = "exigent"
        let cell = Cell(hour: World.today.hours[10], site: World.siteOne)
        filing.cells = [cell]
        let filed = try world.granted(filing)
        #expect(world.verdict(filed) == .refused(Refusal(.hourOpen, "")))
        try world.close(cell)
        // It was open when the request was made: a search is not a tracker.
        #expect(world.verdict(filed) == .refused(Refusal(.hourOpen, "")))
        filing.seed = "again"
        filing.replyKey[0] = 1
        let again = try world.granted(filing)
        #expect(world.verdict(again) == .granted)
    }

    @Test func youngHoursAreForExigentRequestsOnly() throws {
        var world = try World.running()
        let cell = Cell(hour: World.today.hours[6], site: World.siteOne)
        try world.close(cell)
        var filing = Filing()
        filing.cells = [cell]
        let warrant = try world.granted(filing)
        #expect(world.verdict(warrant) == .refused(Refusal(.hourTooYoung, "")))
        filing.process = "exigent"
        filing.replyKey[0] = 1
        filing.seed = "exigent"
        let filed = try world.granted(filing)
        #expect(world.verdict(filed) == .granted)
    }

    @Test func anHourThatNobodyClosedIsSearchedWhenItIsOldEnough() throws {
        var world = try World.running()
        var filing = Filing()
        // Ended at 05:00 yesterday: nobody closed it, and it counts as unknown.
        filing.cells = [Cell(hour: World.today.adding(-1).hours[4], site: World.siteOne)]
        let filed = try world.granted(filing)
        #expect(world.verdict(filed) == .granted)
    }

    @Test func refusesADayThatIsDueOrDead() throws {
        var world = try World.running()
        let filed = try world.granted()
        let due = World.today.start.adding(days: 30)
        var late = Filing()
        late.time = due.adding(minutes: -1)
        late.prekeyDay = late.time.day
        late.replyKey[0] = 3
        for word in World.custodianWords { try world.publishPrekeys(word, days: [late.prekeyDay]) }
        let old = try world.file(late)
        try world.attest(old.id, expires: due.adding(days: 1))
        try world.approve(old.id, ["clerk", "privacy", "rights"])
        #expect(world.verdict(old, at: due.adding(milliseconds: -1)) == .granted)
        #expect(world.verdict(old, at: due) == .refused(Refusal(.windowExpired, "")))
        for word in ["clerk", "privacy", "rights"] {
            let body = ShredBody(custodian: word, generation: 1, slot: .file, time: World.noon)
            #expect(try world.say(body, by: word).refusal == nil)
        }
        #expect(world.verdict(filed) == .refused(Refusal(.windowExpired, "")))
    }

    @Test func refusesAfterTheAgreementAndForStrangers() throws {
        var draft = try World.draft()
        draft.change { body in
            for place in body.agencies.indices { body.agencies[place].agreementEnds = World.today }
        }
        var world = try World(draft: draft)
        let filed = try world.file(Filing())
        #expect(world.verdict(filed) == .refused(Refusal(.agreementEnded, "")))
        // A requester of another agency, and one whom no roster knows.
        var filing = Filing()
        filing.agency = "auditors"
        let secret = try filing.secret()
        let other = filing.body(secret)
        #expect(try world.say(other, by: "doyle").refusal?.reason == .requesterUnknown)
        filing = Filing()
        filing.time = filing.time.adding(milliseconds: -1)
        #expect(
            try world.say(filing.body(secret), by: "own").refusal?.reason == .signatureInvalid)
    }

    @Test func refusesARequesterWhoHasLeftTheRoster() throws {
        var world = try World.running()
        let filed = try world.granted()
        #expect(world.verdict(filed) == .granted)
        try world.succeed { $0.agencies.removeAll { $0.id == "police" } }
        #expect(world.verdict(filed) == .refused(Refusal(.requesterUnknown, "")))
    }

    /// Rows that an agency was given and did not sign for within a day keep its other requests waiting,
    /// and only its own, and not for ever.
    @Test func waitsForACountersignature() throws {
        var world = try World.running()
        let first = try world.granted()
        for word in ["clerk", "privacy", "rights"] {
            #expect(try world.evaluate(first.id, by: word) == nil)
        }
        var filing = Filing()
        filing.replyKey[0] = 7
        filing.warrant = Digest(of: [7])
        filing.seed = "second"
        let second = try world.granted(filing)
        let vault = DisclosureBody(
            role: .vault, party: "vault", request: first.id, bundle: .zero, time: World.noon)
        #expect(try world.say(vault, by: "vault").refusal == nil)
        let overdue = World.noon.adding(hours: 25)
        let waiting = Verdict.waiting(Refusal(.countersignatureOverdue, ""))
        #expect(world.verdict(second, at: overdue.adding(milliseconds: -1)) == .granted)
        #expect(world.verdict(second, at: overdue) == waiting)
        #expect(world.verdict(first, at: overdue) == .granted, "its own rows may be asked again")
        // A further answer makes it no younger.
        let more = DisclosureBody(
            role: .vault, party: "vault", request: first.id, bundle: Digest(of: [1]),
            time: World.noon.adding(hours: 24))
        #expect(try world.say(more, by: "vault").refusal == nil)
        #expect(world.verdict(second, at: overdue) == waiting)
        let before = Judge.verdict(
            on: second.id, secret: second.secret, in: world.record, at: overdue,
            before: world.record.count - 2)
        #expect(before == .granted, "what was logged later does not count then")
        let signed = DisclosureBody(
            role: .requester, party: "doyle", request: first.id, bundle: Digest(of: [1]),
            time: World.noon.adding(hours: 24))
        #expect(try world.say(signed, by: "doyle").refusal == nil)
        #expect(world.verdict(second, at: overdue) == .granted)
        #expect(try world.say(signed, by: "doyle").refusal?.reason == .statementRepeated)
    }

    @Test func disclosuresOfOneRequestAreBounded() throws {
        var world = try World.running()
        let filed = try world.granted()
        var refusals: [RefusalCode?] = []
        for number: UInt8 in 0..<9 {
            for (role, word) in [(DisclosureBody.Role.vault, "vault"), (.requester, "doyle")] {
                let body = DisclosureBody(
                    role: role, party: word, request: filed.id, bundle: Digest(of: [number]),
                    time: World.noon)
                refusals.append(try world.say(body, by: word).refusal?.reason)
            }
        }
        #expect(refusals.prefix(16).allSatisfy { $0 == nil })
        #expect(refusals.suffix(2) == [.statementRepeated, .statementRepeated])
    }

    @Test func refusesAReplyKeyThatServedBefore() throws {
        var world = try World.running()
        let first = try world.granted()
        var filing = Filing()
        filing.seed = "second"
        let second = try world.granted(filing)
        #expect(world.verdict(second) == .refused(Refusal(.replyKeyUsed, "")))
        #expect(world.verdict(first) == .granted)
    }
}
