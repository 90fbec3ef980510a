import Ledger
import Plates
import Secrets
import Testing
import Warrants

/// What an audit reads from silence, and what it counts.
struct SilenceTests {
    private func report(_ world: World, at time: Timestamp) throws -> AuditReport {
        try Auditor.report(on: world.entries, at: time)
    }

    private func findings(
        _ world: World, _ code: String, at time: Timestamp
    ) throws -> [Finding] {
        try report(world, at: time).findings.filter { $0.code == code }
    }

    private func open(_ world: inout World, _ filed: (id: Digest, secret: RequestSecret)) throws {
        let body = OpeningBody(
            custodian: "clerk", request: filed.id, cells: filed.secret.cells,
            windowSalt: try #require(Digest(wire: filed.secret.windowSalt)),
            docket: filed.secret.docket,
            docketSalt: try #require(Digest(wire: filed.secret.docketSalt)),
            time: World.noon.adding(hours: 1))
        #expect(try world.say(body, by: "clerk").refusal == nil)
    }

    /// Vault and requester together can leave out that rows were handed over; not that they could be.
    @Test func nobodySaysThatRowsWereHandedOver() throws {
        var world = try World.running()
        let filed = try world.granted()
        let code = "disclosure-missing"
        let day = World.noon.adding(hours: 26)
        for word in ["clerk", "privacy"] {
            #expect(try world.evaluate(filed.id, by: word) == nil)
        }
        #expect(try findings(world, code, at: day).isEmpty, "two of three are not enough")
        #expect(try world.evaluate(filed.id, by: "rights") == nil)
        let third = UInt64(world.entries.count - 1)
        #expect(try findings(world, code, at: day.adding(milliseconds: -1)).isEmpty)
        let found = try findings(world, code, at: day)
        #expect(found.map(\.index) == [third] && found.map(\.isFault) == [false])
        let told = DisclosureBody(
            role: .vault, party: "vault", request: filed.id, bundle: Digest(of: [1]),
            time: World.noon)
        #expect(try world.say(told, by: "vault").refusal == nil)
        #expect(try findings(world, code, at: day).isEmpty)
    }

    @Test func holdersWhoNeverCheckedAreNamed() throws {
        var world = try World.running()
        let filed = try world.granted()
        for word in ["clerk", "privacy", "rights"] {
            #expect(try world.evaluate(filed.id, by: word) == nil)
        }
        let deadline = World.noon.adding(hours: 26)
        let before = deadline.adding(milliseconds: -1)
        #expect(try findings(world, "check-missing", at: before).isEmpty)
        let missing = try findings(world, "check-missing", at: deadline)
        #expect(missing.count == 1 && missing[0].sentence.hasSuffix("by: audit, inspector"))
        let index = try #require(world.roster.custodianIndex("audit"))
        let items = world.roster.threshold.subsets(heldBy: index).flatMap { mask in
            [0, 1].map {
                EvaluationItem(
                    day: World.today, plate: $0, mask: mask,
                    e: Digest(of: Array("e \($0) \(mask.bits)".utf8)))
            }
        }
        let check = CheckBody(
            custodian: "audit", request: filed.id, digests: items, time: World.noon)
        #expect(try world.say(check, by: "audit").refusal == nil)
        let left = try findings(world, "check-missing", at: deadline)
        #expect(left.count == 1 && left[0].sentence.hasSuffix("by: inspector"))
        // Whoever has shredded its keys in time cannot check, and owes nothing.
        let shred = ShredBody(custodian: "inspector", generation: 1, slot: .file, time: World.noon)
        #expect(try world.say(shred, by: "inspector").refusal == nil)
        #expect(try findings(world, "check-missing", at: deadline).isEmpty)
    }

    /// What one custodian evaluates without leave makes nobody else miss a check.
    @Test func nobodyOwesAnythingToAnEvaluationWithoutLeave() throws {
        var world = try World.running()
        let filed = try world.file(Filing())
        #expect(try world.evaluate(filed.id, by: "clerk") == nil)
        let deadline = World.noon.adding(hours: 26)
        #expect(try findings(world, "evaluation-unbacked", at: deadline).count == 1)
        #expect(try findings(world, "check-missing", at: deadline).isEmpty)
        // Approved later, and evaluated by somebody who may: now the others owe a check.
        #expect(try world.attest(filed.id) == nil)
        try world.approve(filed.id, ["clerk", "privacy", "rights"])
        #expect(try world.evaluate(filed.id, by: "privacy") == nil)
        let missing = try findings(world, "check-missing", at: deadline)
        #expect(missing.count == 1 && missing[0].sentence.hasSuffix("by: audit, inspector, rights"))
    }

    @Test func openingsAndNoticesFallDue() throws {
        var world = try World.running()
        let filed = try world.granted()
        #expect(try world.evaluate(filed.id, by: "clerk") == nil)
        let index = try #require(world.record.request(filed.id)).request.index
        // The embargo ends today; a day later they are overdue.
        let tomorrow = World.today.next.start
        for code in ["opening-overdue", "notice-overdue"] {
            #expect(try findings(world, code, at: tomorrow.adding(milliseconds: -1)).isEmpty)
            #expect(try findings(world, code, at: tomorrow).map(\.index) == [index])
        }
        #expect(try findings(world, "opening-overdue", at: tomorrow).map(\.isFault) == [true])
        #expect(try findings(world, "notice-overdue", at: tomorrow).map(\.isFault) == [false])
        #expect(try report(world, at: tomorrow).unverifiable == 1)
        try open(&world, filed)
        let notice = NoticeBody(party: "doyle", request: filed.id, time: World.noon)
        #expect(try world.say(notice, by: "doyle").refusal == nil)
        let after = try report(world, at: tomorrow)
        #expect(after.unverifiable == 0)
        #expect(after.findings.filter { $0.code.hasSuffix("overdue") }.isEmpty)
    }

    /// An order moves both to a later day.
    @Test func anOrderPutsThemOff() throws {
        var world = try World.running()
        let filed = try world.granted()
        #expect(try world.attest(filed.id) { $0.embargo = World.today.adding(9) } == nil)
        #expect(try world.evaluate(filed.id, by: "clerk") == nil)
        let tenth = World.today.adding(10).start
        let early = tenth.adding(milliseconds: -1)
        #expect(try findings(world, "opening-overdue", at: early).isEmpty)
        #expect(try findings(world, "opening-overdue", at: tenth).count == 1)
    }

    @Test func aWindowThatCouldNotBeSearchedComesToLight() throws {
        // Hours that were not closed, an hour that is too young, a site that does not exist.
        let hours = World.today.hours
        let windows: [([Cell], [String])] = [
            ([Cell(hour: hours[1], site: World.siteOne)], []),
            ([Cell(hour: hours[9], site: World.siteOne)], ["hour-open"]),
            ([Cell(hour: hours[1], site: SiteNumber(number: 9))], ["site-unknown"]),
            ([Cell(hour: hours[1].adding(-24 * 20), site: World.siteOne)], ["window-unkept"]),
        ]
        for (cells, codes) in windows {
            var world = try World.running()
            var filing = Filing()
            filing.cells = cells
            let filed = try world.granted(filing)
            #expect(try world.evaluate(filed.id, by: "clerk") == nil)
            #expect(try report(world, at: World.noon).isClean)
            let evaluation = world.record.count - 1
            try open(&world, filed)
            let found = try findings(world, "evaluation-outside-window", at: World.noon)
            #expect(found.allSatisfy { $0.isFault && $0.index == evaluation })
            for code in codes { #expect(found.contains { $0.sentence.contains(code) }) }
            #expect(found.isEmpty == codes.isEmpty)
        }
    }

    @Test func aDayThatWasNotNamedComesToLight() throws {
        var world = try World.running()
        let filed = try world.granted()
        let index = try #require(world.roster.custodianIndex("clerk"))
        let items = world.roster.threshold.subsets(heldBy: index).flatMap { mask in
            [World.today.adding(-1), World.today].flatMap { day in
                [0, 1].map { EvaluationItem(day: day, plate: $0, mask: mask, e: .zero) }
            }
        }
        let body = EvaluationBody(
            custodian: "clerk", request: filed.id, digests: items, time: World.noon)
        #expect(try world.say(body, by: "clerk").refusal == nil)
        try open(&world, filed)
        let found = try findings(world, "evaluation-outside-window", at: World.noon)
        #expect(found.count == 1 && found[0].sentence.contains(World.today.adding(-1).text))
    }

    @Test func aCountThatLiedComesToLight() throws {
        var world = try World.running()
        let secret = try Filing().secret()
        var body = Filing().body(secret)
        body.cellCount = 2
        let (id, refusal) = try world.say(body, by: "doyle")
        #expect(refusal == nil)
        try open(&world, (id, secret))
        #expect(try findings(world, "opening-count", at: World.noon).count == 1)
    }

    @Test func hoursThatNobodyClosedAreUnknown() throws {
        // Hours 0 to 4 of today are closed at both sites, since midnight; noon is 7 hours later.
        let world = try World.running()
        let clean = try report(world, at: World.noon)
        #expect(clean.sites.map(\.closed) == [5, 5] && clean.sites.map(\.unknown) == [0, 0])
        #expect(clean.findings.allSatisfy { $0.code == "generation-extended" })
        let first = World.today.hours[5]
        // An hour that ended late_hours + 1 hours ago is owed a moment later.
        let due = first.end.adding(hours: 7)
        #expect(try report(world, at: due.adding(milliseconds: -1)).sites[0].unknown == 0)
        let later = try report(world, at: due.adding(hours: 1))
        #expect(later.sites.map(\.unknown) == [2, 2])
        #expect(later.sites[0].ranges == [[first.number, first.number + 1]])
        let found = later.findings.filter { $0.code == "cell-unknown" }
        #expect(found.count == 2 && found.allSatisfy { !$0.isFault })
        #expect(found[0].sentence.contains(first.text))
        // A hole counts, once another hour after it is closed; a late closing alone closes nothing.
        var holed = world
        try holed.close(Cell(hour: World.today.hours[6], site: World.siteOne))
        try holed.close(Cell(hour: World.today.hours[5], site: World.siteOne), kind: .late)
        let hole = try report(holed, at: due.adding(hours: 1))
        #expect(hole.sites[0].ranges == [[first.number, first.number]])
        #expect(hole.sites.map(\.unknown) == [1, 2])
    }

    /// Of an hour that was closed in time, what came late is owed too, and unknown until it comes.
    @Test func lateTreesThatNobodyClosedAreUnknown() throws {
        var world = try World.running()
        let cell = Cell(hour: World.today.hours[5], site: World.siteOne)
        try world.close(cell)
        let due = cell.hour.end.adding(hours: 7)
        #expect(try report(world, at: due).sites[0].lateUnknown == 0, "from the first one on")
        try world.close(Cell(hour: World.today.hours[4], site: cell.site), kind: .late)
        #expect(try report(world, at: due.adding(milliseconds: -1)).sites[0].lateUnknown == 0)
        let found = try report(world, at: due)
        #expect(found.sites.map(\.lateUnknown) == [1, 0])
        #expect(found.sites[0].lateRanges == [[cell.hour.number, cell.hour.number]])
        let told = found.findings.filter { $0.code == "late-unknown" }
        #expect(told.count == 1 && !told[0].isFault)
        #expect(told[0].sentence.contains(cell.hour.text))
        try world.close(cell, kind: .late)
        let closed = try report(world, at: due)
        #expect(closed.sites.map(\.lateUnknown) == [0, 0])
        #expect(!closed.findings.contains { $0.code == "late-unknown" })
    }

    @Test func aSiteOwesNothingBeforeItCameAndAfterItLeft() throws {
        var world = try World.running()
        try world.succeed { body in
            body.sites.removeAll { $0.number == World.siteTwo }
            body.retiredSites = [2]
        }
        let report = try report(world, at: World.noon.adding(days: 2))
        #expect(report.sites.map(\.isRetired) == [false, true])
        #expect(report.sites[0].unknown > 40 && report.sites[1].unknown == 0)
        var draft = try World.draft()
        draft.change { $0.sites.removeAll { $0.number == World.siteTwo } }
        var later = try World.running(draft, closing: [World.siteOne])
        let added = try World.draft().body.sites
        try later.succeed { $0.sites = added }
        let both = try self.report(later, at: World.noon)
        #expect(both.sites.map(\.site.number) == [1, 2])
        #expect(both.sites[1].closed == 0 && both.sites[1].unknown == 5, "since the log's midnight")
    }

    @Test func everyRequestHasOneOutcome() throws {
        var world = try World.running()
        func file(_ name: String) throws -> (id: Digest, secret: RequestSecret) {
            var filing = Filing()
            filing.seed = name
            filing.warrant = Digest(of: Array(name.utf8))
            filing.replyKey = [UInt8](repeating: UInt8(name.utf8.count), count: 1_216)
            return try world.file(filing)
        }
        let waiting = try file("waiting")
        let denied = try file("it is denied")
        try world.deny(denied.id, ["audit", "clerk", "rights"])
        let withdrawn = try file("and withdrawn")
        let withdraw = WithdrawBody(party: "doyle", request: withdrawn.id, time: World.noon)
        #expect(try world.say(withdraw, by: "doyle").refusal == nil)
        let evaluated = try file("it is evaluated")
        #expect(try world.attest(evaluated.id) == nil)
        try world.approve(evaluated.id, ["clerk", "privacy", "rights"])
        #expect(try world.evaluate(evaluated.id, by: "clerk") == nil)
        let counter = try #require(try report(world, at: World.noon).counters.first)
        #expect(waiting.id != denied.id)
        #expect(
            (counter.agency, counter.purpose, counter.process) == (
                "police", "09A", "search-warrant"
            ))
        #expect((counter.filed, counter.waiting, counter.lapsed) == (4, 1, 0))
        #expect((counter.denied, counter.withdrawn, counter.evaluated) == (1, 1, 1))
        #expect((counter.disclosed, counter.unconfirmed, counter.confirmed) == (0, 1, 0))
        #expect((counter.cells, counter.plates) == (24, 8))
        let later = try #require(
            try report(world, at: World.noon.adding(days: 3)).counters.first)
        #expect((later.waiting, later.lapsed) == (0, 1))
    }

    /// Words that requesters choose do not make new lines without end.
    @Test func whatIsNoPurposeIsCountedAsOther() throws {
        var world = try World.running()
        for number in 0..<5 {
            var filing = Filing()
            filing.purpose = "x\(number)"
            filing.process = "y\(number)"
            filing.seed = "other \(number)"
            filing.replyKey[0] = UInt8(number)
            _ = try world.file(filing)
        }
        let counters = try report(world, at: World.noon).counters
        #expect(counters.count == 1 && counters[0].filed == 5)
        #expect(counters[0].purpose == "other" && counters[0].process == "other")
    }
}
