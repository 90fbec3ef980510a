import Ledger
import Plates
import Secrets
import Testing
import Warrants

/// Each finding of the audit provoked, and the verdicts on days.
struct AuditTests {
    private func codes(_ world: World, at time: Timestamp = World.noon) throws -> [String] {
        try findings(world, at: time).map(\.code)
    }

    /// Without what a log in mid-morning always has: hours that the sites still owe; and without what
    /// a world of one old generation has.
    private func findings(_ world: World, at time: Timestamp = World.noon) throws -> [Finding] {
        let usual = ["cell-unknown", "generation-extended", "days-without-keys"]
        return try Auditor.report(on: world.entries, at: time).findings.filter {
            !usual.contains($0.code)
        }
    }

    @Test func aGenerationThatRunsOnAndDaysWithoutKeysAreTold() throws {
        let world = try World.running()
        let first = try #require(world.record.generations[1]?.first)
        func told(_ day: Int64) throws -> [String] {
            let time = first.adding(day).start.adding(hours: 1)
            return try Auditor.report(on: world.entries, at: time).findings.filter {
                $0.code == "generation-extended" || $0.code == "days-without-keys"
            }.map(\.sentence)
        }
        #expect(try told(6).isEmpty)
        #expect(try told(7).map { $0.contains(first.adding(7).text) } == [true])
        #expect(try told(20).count == 1)
        let late = try told(22)
        #expect(late.count == 2)
        #expect(late[0].contains(first.adding(20).text))
        #expect(late[1].contains(first.adding(21).text) && late[1].contains(first.adding(22).text))
    }

    @Test func aWholeSearchIsClean() throws {
        var world = try World.running()
        let filed = try world.granted()
        for word in ["clerk", "privacy", "rights"] {
            #expect(try world.evaluate(filed.id, by: word) == nil)
        }
        let vault = DisclosureBody(
            role: .vault, party: "vault", request: filed.id, bundle: .zero, time: World.noon)
        #expect(try world.say(vault, by: "vault").refusal == nil)
        let requester = DisclosureBody(
            role: .requester, party: "doyle", request: filed.id, bundle: .zero, time: World.noon)
        #expect(try world.say(requester, by: "doyle").refusal == nil)
        #expect(try world.say(requester, by: "doyle").refusal != nil)
        let report = try Auditor.report(on: world.entries.dropLast(), at: World.noon)
        // The world's one generation is eleven days old, and nobody has made another.
        #expect(report.isClean && report.findings.map(\.code) == ["generation-extended"])
        #expect(report.requests == 1 && report.evaluations == 3 && report.disclosures == 1)
        #expect(report.days.count == 11 && report.days.allSatisfy { $0.verdict == .alive })
        let json = String(decoding: try report.json(), as: UTF8.self)
        #expect(
            json.hasPrefix(#"{"at":1795435200000,"counters":[{"agency":"police""#)
                && json.contains(#""verdict":"alive""#))
    }

    @Test func anEvaluationWithoutLeaveIsFound() throws {
        let lacking: [(inout World, Digest) throws -> Void] = [
            { _, _ in },
            { try $0.attest($1) },
            { try $0.approve($1, ["clerk", "privacy", "rights"]) },
            {
                try $0.attest($1)
                try $0.approve($1, ["clerk", "privacy"])
            },
        ]
        for prepare in lacking {
            var world = try World.running()
            let filed = try world.file(Filing())
            try prepare(&world, filed.id)
            #expect(try world.evaluate(filed.id, by: "clerk") == nil)
            // What comes afterwards heals nothing.
            try world.attest(filed.id, expires: World.noon.adding(days: 9))
            try world.approve(filed.id, ["audit", "inspector", "rights"], role: "deputy")
            #expect(try codes(world) == ["evaluation-unbacked"])
            #expect(!(try Auditor.report(on: world.entries, at: World.noon)).isClean)
        }
    }

    @Test func aLateEvaluationIsFound() throws {
        var world = try World.running()
        let filed = try world.granted()
        #expect(try world.evaluate(filed.id, by: "clerk", at: World.noon.adding(days: 4)) == nil)
        #expect(try codes(world) == ["evaluation-unbacked"])
    }

    @Test func disputedEvaluationsNameTheirHolders() throws {
        var world = try World.running()
        let filed = try world.granted()
        #expect(try world.evaluate(filed.id, by: "clerk") == nil)
        #expect(try world.evaluate(filed.id, by: "privacy", tag: "lie") == nil)
        let findings = try findings(world)
        // Clerk and privacy share three subsets of three, and nobody breaks the tie.
        #expect(findings.map(\.code) == ["evaluation-disputed"])
        #expect(findings[0].sentence.hasSuffix("clerk, privacy"))
        #expect(try world.evaluate(filed.id, by: "rights") == nil)
        let outvoted = try self.findings(world)
        #expect(outvoted.map(\.code) == ["evaluation-disputed"])
    }

    @Test func disclosuresNeedThreeEvaluationsAndOneBundle() throws {
        var world = try World.running()
        let filed = try world.granted()
        #expect(try world.evaluate(filed.id, by: "clerk") == nil)
        #expect(try world.evaluate(filed.id, by: "privacy") == nil)
        let vault = DisclosureBody(
            role: .vault, party: "vault", request: filed.id, bundle: .zero, time: World.noon)
        #expect(try world.say(vault, by: "vault").refusal == nil)
        #expect(try codes(world) == ["disclosure-unbacked"])
        #expect(try world.evaluate(filed.id, by: "rights") == nil)
        #expect(try codes(world) == ["disclosure-unbacked"])
        let other = DisclosureBody(
            role: .requester, party: "doyle", request: filed.id, bundle: Digest(of: [1]),
            time: World.noon)
        #expect(try world.say(other, by: "doyle").refusal == nil)
        #expect(try codes(world) == ["disclosure-unbacked", "disclosure-differs"])
        // Two answers that were given, each signed for, differ from nothing.
        let late = DisclosureBody(
            role: .vault, party: "vault", request: filed.id, bundle: Digest(of: [2]),
            time: World.noon)
        #expect(try world.say(late, by: "vault").refusal == nil)
        for digest in [Digest.zero, Digest(of: [2])] {
            let signed = DisclosureBody(
                role: .requester, party: "doyle", request: filed.id, bundle: digest,
                time: World.noon)
            #expect(try world.say(signed, by: "doyle").refusal == nil)
        }
        #expect(try codes(world) == ["disclosure-unbacked", "disclosure-differs"])
    }

    @Test func grantsStayInsideTheirWindow() throws {
        let hour = World.noon.hour
        let cases: [(SiteNumber, Int64, Int64, [String])] = [
            (World.siteOne, -6, 48, []),
            (World.siteOne, -7, 0, ["grant-outside-window"]),
            (World.siteTwo, 0, 49, ["grant-outside-window"]),
            (SiteNumber(number: 9), 0, 1, ["grant-unknown-site"]),
        ]
        for (site, from, to, expected) in cases {
            var world = try World.running()
            let body = GrantBody(
                custodian: "clerk", site: site, firstHour: hour.adding(from),
                lastHour: hour.adding(to), request: .zero, time: World.noon)
            #expect(try world.say(body, by: "clerk").refusal == nil)
            #expect(try codes(world) == expected)
        }
    }

    @Test func exigentSearchesAskForRatification() throws {
        var world = try World.running()
        var filing = Filing()
        filing.process = "exigent"
        let filed = try world.file(filing)
        try world.approve(filed.id, ["clerk", "privacy", "rights"])
        #expect(try world.evaluate(filed.id, by: "clerk") == nil)
        let report = try Auditor.report(on: world.entries, at: World.noon)
        #expect(report.isClean)
        #expect(
            report.findings.map(\.code).filter { $0 != "generation-extended" }
                == ["exigent-unratified"])
        try world.attest(filed.id)
        #expect(try codes(world).isEmpty)
    }

    @Test func whatPartiesTellAndWhatDoesNotVerifyIsListed() throws {
        var world = try World.running()
        let noon = World.noon
        _ = world.append(Array("nonsense".utf8))
        #expect(
            try world.say(
                DifferenceBody(
                    party: "site-1", kind: .siteKey, generation: 1, mask: .init(bits: 7),
                    custodians: ["audit", "clerk"], subject: .zero, time: noon), by: "site-1"
            ).refusal == nil)
        #expect(
            try world.say(
                RolledBackBody(
                    custodian: "clerk", generation: 1, announced: World.today,
                    found: World.today.adding(-1), time: noon), by: "clerk"
            ).refusal == nil)
        #expect(
            try world.say(
                ShredBody(custodian: "audit", generation: 1, slot: .file, time: noon), by: "audit"
            ).refusal == nil)
        #expect(try world.propose(2, first: World.today.adding(9), at: noon) == nil)
        let findings = try findings(world)
        #expect(
            findings.map(\.code) == [
                "statement-malformed", "difference-told", "rolled-back", "shred",
                "generation-unfinished",
            ])
        #expect(findings.map(\.isFault) == [true, true, false, false, false])
    }

    @Test func aVoidGenerationIsAFault() throws {
        var world = try World()
        #expect(try world.propose(1, first: World.today, at: World.noon) == nil)
        for word in World.custodianWords {
            #expect(try world.commit(1, by: word, at: World.noon) == nil)
        }
        #expect(try world.finish(1, by: "audit", at: World.noon) == nil)
        #expect(try world.finish(1, by: "clerk", tag: "lie", at: World.noon) == nil)
        #expect(Set(try codes(world)) == ["generation-void"])
    }

    @Test func aDayDiesByTheWordOfThree() throws {
        var world = try World.running()
        let day = World.today.adding(-10)
        let due = day.start.adding(days: 30)
        func report(_ time: Timestamp) -> DayReport? { world.record.report(on: day, at: time) }
        #expect(report(due.adding(milliseconds: -1))?.verdict == .alive)
        #expect(try world.destroy(day, by: "clerk", at: due) == nil)
        #expect(try world.destroy(day, by: "audit", at: due.adding(seconds: 5)) == nil)
        #expect(report(due)?.verdict == .dying)
        #expect(report(due)?.late == [])
        let hour = due.adding(hours: 1)
        #expect(report(hour)?.verdict == .overdue)
        #expect(report(hour)?.late == ["inspector", "privacy", "rights"])
        #expect(try codes(world, at: hour) == ["day-overdue"])
        #expect(try world.destroy(day, by: "rights", at: due.adding(seconds: 9)) == nil)
        let dead = try #require(report(hour))
        #expect(dead.verdict == .dead)
        #expect(dead.deadSince == due.adding(seconds: 9).milliseconds)
        #expect(dead.erasedBy == ["audit", "clerk", "rights"] && dead.independent == 3)
        #expect(dead.slots == [.file, .file, .file])
        #expect(try codes(world, at: hour) == ["custodian-late"])
        #expect(try world.destroy(day, by: "privacy", at: due) == nil)
        #expect(try world.destroy(day, by: "inspector", at: due) == nil)
        #expect(try codes(world, at: hour).isEmpty)
        // The third earliest word counts, whenever it reached the log.
        #expect(report(hour)?.deadSince == due.milliseconds)
        #expect(world.record.report(on: day.next, at: hour)?.verdict == .alive)
        #expect(world.record.report(on: day.adding(-1), at: hour) == nil)
    }

    @Test func shredsCountAsErasures() throws {
        var world = try World.running()
        for word in ["audit", "clerk", "rights"] {
            let body = ShredBody(custodian: word, generation: 1, slot: .file, time: World.noon)
            #expect(try world.say(body, by: word).refusal == nil)
        }
        #expect(world.record.report(on: World.today, at: World.noon)?.verdict == .dead)
    }

    @Test func destructionsMustAgreeOnTheNextChain() throws {
        var world = try World.running()
        let day = World.today.adding(-10)
        let due = day.start.adding(days: 30)
        #expect(try world.destroy(day, by: "audit", at: due) == nil)
        #expect(try world.destroy(day, by: "clerk", tag: "lie", at: due) == nil)
        // They share three of the ten subsets.
        #expect(try codes(world) == Array(repeating: "destruction-differs", count: 3))
    }

    @Test func custodiansUnderOneRoofAreOneWitness() throws {
        var draft = try World.draft()
        draft.change {
            $0.custodians[1].administrator = $0.custodians[0].administrator
            $0.custodians[4].place = $0.custodians[1].place
        }
        var world = try World(draft: draft)
        try world.makeGeneration(1, first: World.today, at: World.noon)
        for (count, word) in [(1, "audit"), (2, "inspector"), (2, "rights"), (2, "clerk")] {
            let due = World.today.start.adding(days: 30)
            #expect(try world.destroy(World.today, by: word, at: due) == nil)
            let report = world.record.report(on: World.today, at: World.noon)
            // Audit and rights seem apart until clerk, who is tied to both, has spoken.
            #expect(report?.independent == (word == "rights" ? 3 : count))
        }
    }
}
