import Plates
import Secrets
import Testing

@testable import Warrants

/// What the public is told of searches, each figure with the entries that make it up.
struct FiguresTests {
    private func figures(
        _ world: World, at time: Timestamp = World.noon, days: Int64 = Figures.ordinaryDays
    ) throws -> Figures {
        var auditor = Auditor(trusting: try #require(world.record.rosters.first).roster)
        for entry in world.entries { auditor.take(Examined(entry, under: auditor.roster)) }
        return auditor.figures(at: time, days: days)
    }

    @Test func aQuietTownHasNoSearches() throws {
        let figures = try figures(try World.running())
        #expect(figures.searches.isEmpty && figures.refusals.isEmpty && figures.decision == nil)
        #expect(figures.counted { $0.agency }.isEmpty)
        #expect(figures.independent == 5)
        #expect(figures.readiness.isPossible && figures.readiness.able.count == 5)
    }

    @Test func eachOutcomeIsCountedWithItsEntries() throws {
        var world = try World.running()
        let granted = try world.granted()
        for word in ["clerk", "privacy", "rights"] {
            #expect(try world.evaluate(granted.id, by: word) == nil)
        }
        var other = Filing()
        (other.seed, other.purpose, other.process) = ("denied", "240", "court-order")
        other.replyKey = [UInt8](repeating: 3, count: HybridSeal.publicKeySize)
        other.warrant = Digest(of: Array("another".utf8))
        let denied = try world.file(other)
        try world.deny(denied.id, ["clerk", "privacy", "rights"])
        let figures = try figures(world)
        #expect(figures.searches.map(\.outcome) == [.evaluated, .denied])
        #expect(figures.searches.map(\.offence) == [.persons, .property])
        #expect(figures.searches.map(\.process) == ["search-warrant", "court-order"])
        #expect(figures.searches.map(\.confirmation) == ["unconfirmed", "none"])
        #expect(figures.counted { $0.agency }.map(\.count) == [2])
        #expect(figures.refusals.map(\.name) == ["too-broad"])
        // Each entry named is the statement that it is said to be.
        for entry in figures.refusals.flatMap(\.entries) {
            #expect(try UnverifiedStatement(wire: world.entries[Int(entry)]).type == .denial)
        }
        for search in figures.searches {
            let statement = try UnverifiedStatement(wire: world.entries[Int(search.entry)])
            #expect(statement.type == .request && statement.id.hex == search.id)
            #expect(search.all.first == search.entry && search.all == search.all.sorted())
        }
        #expect(figures.searches[0].all.count == 1 + 1 + 3 + 3)
        #expect(figures.searches[1].all.count == 1 + 3)
        #expect(figures.decision?.searches.count == 2 && figures.decision?.median == 0)
        // What custodians sign stands beside what the vault says.
        #expect(figures.answered.map(\.outcome) == [.evaluated])
    }

    @Test func theMedianIsOfWhatWasDecided() throws {
        var world = try World.running()
        for (place, hours) in [Int64(2), 7, 5].enumerated() {
            var filing = Filing()
            filing.seed = "filing \(place)"
            filing.replyKey = [UInt8](repeating: UInt8(20 + place), count: HybridSeal.publicKeySize)
            filing.warrant = Digest(of: Array("warrant \(place)".utf8))
            let filed = try world.file(filing)
            for word in ["clerk", "privacy"] {
                #expect(try world.approve(filed.id, [word]) == [nil])
            }
            // Two are not enough; the third decides.
            #expect(try figures(world).searches.last?.decided == nil)
            let third = ApprovalBody(
                officer: "rights-officer", request: filed.id, time: World.noon.adding(hours: hours))
            #expect(try world.say(third, by: "rights-officer").refusal == nil)
        }
        let figures = try figures(world, at: World.noon.adding(hours: 8))
        let fiveHours: Int64 = 5 * 3_600_000
        #expect(figures.decision?.median == fiveHours)
        #expect(figures.searches.map(\.outcome) == [.waiting, .waiting, .waiting])
    }

    /// An officer who says the same again and again is one institution, with one last word.
    @Test func eachInstitutionCountsOnce() throws {
        var world = try World.running()
        let filed = try world.file(Filing())
        func no(_ officer: String, _ code: DenialCode, _ number: Int) -> DenialBody {
            DenialBody(
                officer: officer, request: filed.id, code: code,
                reason: Digest(of: Array("\(number)".utf8)), time: World.noon)
        }
        for number in 0..<20 {
            let code: DenialCode = number < 19 ? .tooBroad : .conflict
            let said = try world.say(no("clerk-officer", code, number), by: "clerk-officer")
            #expect(said.refusal == nil)
        }
        #expect(
            try world.say(no("privacy-officer", .tooBroad, 0), by: "privacy-officer").refusal == nil
        )
        try world.approve(filed.id, ["privacy"])
        let figures = try figures(world)
        #expect(figures.refusals.map(\.name) == ["conflict-of-interest"])
        #expect(figures.refusals.map(\.count) == [1])
        let search = try #require(figures.searches.first)
        #expect(search.denials.map(\.officer) == ["clerk-officer"])
        let named = try UnverifiedStatement(wire: world.entries[Int(search.denials[0].entry)])
        #expect(try named.unverifiedBody(DenialBody.self).code == .conflict)
        // Nothing was decided: one of five institutions says no, one yes.
        #expect(search.decided == nil && search.outcome == .waiting)
    }

    /// Each vote is looked at once, however many there are.
    @Test func manyVotesAreNoBurden() throws {
        var world = try World.running()
        let filed = try world.file(Filing())
        let request = try #require(world.record.request(filed.id)).body
        var looks = 0
        let votes = (0..<20_000).map { number in
            VoteCount.Vote(
                index: UInt64(1_000 + number), time: World.noon,
                officer: number.isMultiple(of: 2) ? "clerk-officer" : "rights-officer",
                denial: number == 19_998 ? nil : .tooBroad
            ) { _ in
                looks += 1
                return true
            }
        }
        let (deciding, last) = world.record.count(votes, on: request)
        #expect(looks == votes.count && deciding == nil)
        #expect(last.map(\.denial) == [nil, .tooBroad])
        #expect(last.map(\.index) == [20_998, 20_999])
    }

    /// Officers date their votes; a decision is neither before the request nor after today.
    @Test(arguments: [(Int64(-5), Int64(0)), (3, 3), (90, 8)])
    func aDecisionHasAPossibleTime(_ said: Int64, _ counted: Int64) throws {
        var world = try World.running()
        let filed = try world.file(Filing())
        for word in ["clerk", "privacy", "rights"] {
            let vote = ApprovalBody(
                officer: word + "-officer", request: filed.id, time: World.noon.adding(hours: said))
            #expect(try world.say(vote, by: word + "-officer").refusal == nil)
        }
        let figures = try figures(world, at: World.noon.adding(hours: 8))
        #expect(figures.decision?.median == counted * 3_600_000)
    }

    @Test func olderSearchesAndDrillsAreLeftOut() throws {
        var world = try World.running()
        _ = try world.granted()
        #expect(try figures(world, at: World.noon.adding(days: 30)).searches.count == 1)
        #expect(try figures(world, at: World.noon.adding(days: 31)).searches.isEmpty)
        let lapsed = try figures(world, at: World.noon.adding(days: 20))
        #expect(lapsed.searches.map(\.outcome) == [.lapsed])
    }

    @Test func withoutPrekeysNobodyCanAnswer() throws {
        let world = try World.running()
        let tomorrow = try figures(world, at: World.noon.adding(days: 1)).readiness
        #expect(!tomorrow.isPossible && tomorrow.able.isEmpty && tomorrow.threshold == 3)
    }

    @Test func eachPurposeHasItsClass() {
        let classes = Purpose.all.map { OffenceClass(of: $0.code) }
        #expect(!classes.contains(.other))
        #expect(classes.filter { $0 == .missing }.count == 1)
        #expect(OffenceClass(of: "30A") == .other && OffenceClass(of: "drill") == .other)
        #expect(OffenceClass(of: "120") == .property && OffenceClass(of: "90D") == .society)
    }
}
