import Ledger
import Plates
import Secrets
import Testing
import Warrants

/// The log read in order: what counts, what does not, and the lookups.
struct RecordTests {
    @Test func beginsWithTheTrustedRosterOnly() throws {
        let world = try World.running()
        let again = try Record(entries: world.entries, trusted: world.roster.hash)
        #expect(again.count == UInt64(world.entries.count) && again.findings.isEmpty)
        #expect(throws: Refusal(.rosterMissing, "")) {
            try Record(entries: world.entries, trusted: .zero)
        }
        #expect(throws: Refusal(.rosterMissing, "")) { try Record(entries: [], trusted: nil) }
        var other = Record(trusting: try World.draft().roster(origin: "example.org/b.test"))
        for entry in world.entries {
            #expect(other.append(entry)?.reason == .rosterMissing)
        }
    }

    @Test func anInvalidEntryKeepsItsIndexAndCountsForNothing() throws {
        var world = try World.running()
        let before = world.record.count
        #expect(world.append(Array("nonsense".utf8))?.reason == .statementMalformed)
        #expect(world.append([])?.reason == .statementMalformed)
        #expect(world.record.count == before + 2)
        #expect(world.record.findings.map(\.index) == [before, before + 1])
        let filed = try world.granted()
        #expect(world.record.index(of: filed.id) == before + 2)
        #expect(world.verdict(filed) == .granted)
    }

    @Test func theSameStatementTwiceIsRefused() throws {
        var world = try World.running()
        let filed = try world.granted()
        #expect(try world.approve(filed.id, ["clerk"]) == [Refusal(.statementRepeated, "")])
        let last = try #require(world.entries.last)
        #expect(world.append(last)?.reason == .statementRepeated)
        #expect(world.append(world.entries[0])?.reason == .statementRepeated)
    }

    @Test func unloggedKindsStayOut() throws {
        var world = try World.running()
        let body = GrantRequestBody(
            site: World.siteOne, firstHour: World.noon.hour, lastHour: World.noon.hour,
            oneTimeKey: World.oneTime, time: World.noon)
        #expect(try world.say(body, by: "site-1").refusal?.reason == .statementUnlogged)
        let tally = TallyBody(party: "vault", days: [], time: World.noon)
        #expect(try world.say(tally, by: "vault").refusal?.reason == .statementUnlogged)
    }

    @Test func aCellIsClosedOnceOfEachKind() throws {
        var world = try World.running()
        let cell = Cell(hour: World.today.hours[0], site: World.siteOne)
        let other = HourClosedBody(cell: cell, kind: .prompt, closed: .zero, time: World.noon)
        #expect(try world.say(other, by: "site-1").refusal?.reason == .cellClosed)
        #expect(world.record.closing(cell, .late) == nil)
        try world.close(cell, kind: .late)
        #expect(
            world.record.closing(cell, .prompt)?.closed == Digest(of: Array(cell.description.utf8)))
        #expect(world.record.closing(cell, .late) != nil)
        #expect(world.record.closedCells.count == 10)
        let forged = HourClosedBody(
            cell: Cell(hour: World.today.hours[5], site: World.siteOne), kind: .prompt,
            closed: .zero, time: World.noon)
        #expect(try world.say(forged, by: "site-2").refusal?.reason == .signatureInvalid)
    }

    @Test func aCeremonyGoesInItsOrder() throws {
        var world = try World()
        let noon = World.noon
        #expect(try world.commit(1, by: "clerk", at: noon)?.reason == .generationOutOfTurn)
        #expect(try world.propose(2, first: World.today, at: noon)?.reason == .generationOutOfTurn)
        #expect(try world.propose(1, first: World.today, at: noon) == nil)
        for word in World.custodianWords.dropLast() {
            #expect(try world.commit(1, by: word, at: noon) == nil)
        }
        #expect(try world.finish(1, by: "clerk", at: noon)?.reason == .generationOutOfTurn)
        let again = noon.adding(seconds: 1)
        #expect(try world.commit(1, by: "clerk", at: again)?.reason == .statementRepeated)
        #expect(try world.commit(1, by: "rights", at: noon) == nil)
        #expect(world.record.generations[1]?.isCommitted == true)
        for word in World.custodianWords {
            #expect(world.record.generation(for: World.today) == nil)
            #expect(try world.finish(1, by: word, at: noon) == nil)
        }
        #expect(try world.finish(1, by: "clerk", at: again)?.reason == .statementRepeated)
        let state = try #require(world.record.generation(for: World.today))
        #expect(state.isFinal && state.number == 1)
        #expect(state.firstCommit(of: .init(bits: 7)) == Digest(of: Array("first 7".utf8)))
        #expect(state.commit(of: "clerk")?.oneTimeKey == World.oneTime)
        #expect(world.record.generation(for: World.today.adding(-1)) == nil)
        // A second one cannot begin before the first, and one too late is never used.
        let early = try world.propose(2, first: World.today, at: noon)
        #expect(early?.reason == .generationOutOfTurn)
        let first = World.today.adding(4)
        try world.makeGeneration(2, first: first, at: first.start.adding(hours: -72))
        #expect(world.record.generation(for: first)?.number == 2)
        #expect(world.record.generation(for: first.adding(-1))?.number == 1)
        let late = World.today.adding(10)
        let toolate = late.start.adding(hours: -71)
        #expect(try world.propose(3, first: late, at: toolate) == nil)
        for word in World.custodianWords {
            #expect(try world.commit(3, by: word, at: toolate) == nil)
            // Refused, so that whoever delays it is missing, and named for it.
            #expect(
                try world.finish(3, by: word, at: toolate)?.reason == .generationOutOfTurn)
        }
        #expect(world.record.generations[3]?.missing == World.custodianWords)
        #expect(world.record.generation(for: late)?.number == 2)
        // Nor one whose finals are dated early and come after the log's time has gone on.
        let held = World.today.adding(9)
        try world.makeGeneration(4, first: held, at: held.start.adding(hours: -73))
        #expect(world.record.generations[4]?.isFinal == true)
        #expect(world.record.generation(for: held)?.number == 2)
    }

    @Test func finalsThatDifferVoidTheGeneration() throws {
        var world = try World()
        let noon = World.noon
        #expect(try world.propose(1, first: World.today, at: noon) == nil)
        for word in World.custodianWords { #expect(try world.commit(1, by: word, at: noon) == nil) }
        for word in World.custodianWords {
            let tag = word == "rights" ? "other" : "first"
            #expect(try world.finish(1, by: word, tag: tag, at: noon) == nil)
        }
        let state = try #require(world.record.generations[1])
        #expect(!state.isFinal && state.disputes.count == 6)
        #expect(world.record.generation(for: World.today) == nil)
        #expect(state.disputes.allSatisfy { $0.custodians.contains("rights") })
        try world.makeGeneration(2, first: World.today.adding(9), at: noon)
        #expect(world.record.generation(for: World.today.adding(9))?.number == 2)
    }

    @Test func aChangeOfRosterVoidsACeremonyAndOldStatements() throws {
        var world = try World()
        #expect(try world.propose(1, first: World.today, at: World.noon) == nil)
        let old = world.roster
        try world.succeed { $0.policy.maxCells = 500 }
        #expect(world.record.roster == world.roster && world.record.rosters.count == 2)
        let reason = try world.commit(1, by: "clerk", at: World.noon)?.reason
        #expect(reason == .generationOutOfTurn)
        let stale = try StatementDraft.sign(
            ShredBody(custodian: "clerk", generation: 1, slot: .file, time: World.noon),
            under: old, by: try World.signer("clerk"))
        #expect(world.append(stale)?.reason == .rosterOutdated)
        #expect(world.record.roster(at: 1) == old)
        #expect(world.record.roster(at: 3) == world.roster)
    }

    @Test func evaluationsCoverExactlyWhatIsHeld() throws {
        var world = try World.running()
        let filed = try world.granted()
        let state = try #require(world.record.request(filed.id))
        let held = world.roster.threshold.subsets(heldBy: 1)
        func items(_ masks: [SubsetMask], plates: Range<Int>, day: Day) -> [EvaluationItem] {
            masks.flatMap { mask in
                plates.map { EvaluationItem(day: day, plate: $0, mask: mask, e: .zero) }
            }
        }
        let wrong: [([EvaluationItem], RefusalCode)] = [
            (items(Array(held.dropLast()), plates: 0..<2, day: World.today), .subsetForeign),
            (
                items(world.roster.threshold.subsets, plates: 0..<2, day: World.today),
                .subsetForeign
            ),
            (items(held, plates: 0..<1, day: World.today), .subsetForeign),
            (items(held, plates: 0..<3, day: World.today), .subsetForeign),
            (items(held, plates: 0..<2, day: World.today.adding(-99)), .referenceUnknown),
        ]
        for (digests, code) in wrong {
            let body = EvaluationBody(
                custodian: "clerk", request: state.id, digests: digests, time: World.noon)
            #expect(try world.say(body, by: "clerk").refusal?.reason == code)
        }
        #expect(try world.evaluate(filed.id, by: "clerk") == nil)
        let lost = EvaluationBody(
            custodian: "clerk", request: .zero,
            digests: items(held, plates: 0..<2, day: World.today), time: World.noon)
        #expect(try world.say(lost, by: "clerk").refusal?.reason == .requestUnknown)
    }

    @Test func destructionGoesForwardOnly() throws {
        var world = try World.running()
        let day = World.today.adding(-5)
        let due = day.start.adding(days: 30)
        let early = try world.destroy(day, by: "clerk", at: due.adding(milliseconds: -1))
        #expect(early?.reason == .destructionEarly)
        #expect(try world.destroy(day, by: "clerk", at: due) == nil)
        #expect(world.record.destroyed(through: 1, by: "clerk") == day)
        let later = due.adding(seconds: 1)
        let backwards = try world.destroy(day, by: "clerk", at: later)
        #expect(backwards?.reason == .destructionBackwards)
        let before = try world.destroy(World.today.adding(-11), by: "audit", at: later)
        #expect(before?.reason == .referenceUnknown, "before the generation began")
        let after = try world.destroy(
            World.today.adding(11), by: "audit", at: due.adding(days: 40))
        #expect(after?.reason == .referenceUnknown, "after its 21st day")
        let unknown = try world.destroy(day, by: "audit", generation: 2, at: later)
        #expect(unknown?.reason == .referenceUnknown)
        let foreign = DayDestroyedBody(
            custodian: "audit", generation: 1, day: day,
            next: try World.commits(of: "clerk", tag: "x", in: world.roster), slot: .file,
            time: later)
        #expect(try world.say(foreign, by: "audit").refusal?.reason == .subsetForeign)
    }

    @Test func prekeysAreForOneDayEach() throws {
        var world = try World.running()
        #expect(world.record.prekey(of: "clerk", on: World.today) == World.oneTime)
        #expect(world.record.prekey(of: "clerk", on: World.today.next) == nil)
        let body = PrekeysBody(
            custodian: "clerk", keys: [.init(day: World.today, key: World.oneTime)],
            time: World.noon)
        #expect(try world.say(body, by: "clerk").refusal?.reason == .statementRepeated)
    }
}
