import Plates
import Secrets
import Testing

@testable import Warrants

/// What a record forgets, and that it never matters.
struct MemoryTests {
    @Test func hourSetsAreSetsOfHours() {
        var random = SplitMix(seed: 7)
        for _ in 0..<200 {
            var set = HourSet()
            var plain: Set<UInt32> = []
            for _ in 0..<60 {
                let hour = UInt32(1_000 + random.next() % 50)
                set.insert(Hour(number: hour))
                plain.insert(hour)
            }
            for hour in UInt32(990)..<1_060 {
                #expect(set.contains(Hour(number: hour)) == plain.contains(hour))
            }
            #expect(set.count == plain.count)
            #expect(
                zip(set.ranges, set.ranges.dropFirst()).allSatisfy {
                    $0.upperBound.number + 1 < $1.lowerBound.number
                })
            let low = UInt32(990 + random.next() % 40)
            let high = low + UInt32(random.next() % 40)
            let missing = set.missing(in: Hour(number: low)...Hour(number: high))
            let hours = missing.flatMap { Array($0.lowerBound.number...$0.upperBound.number) }
            #expect(hours == (low...high).filter { !plain.contains($0) })
        }
    }

    @Test func theLogsTimeIsWhatThreeCustodiansHaveReached() throws {
        var world = try World.running()
        let start = world.record.time
        #expect(start == World.today.start, "all five published prekeys today")
        func speak(_ word: String, _ time: Timestamp, _ day: Int64) throws -> Refusal? {
            let key = PrekeysBody.Prekey(day: World.today.adding(day), key: World.oneTime)
            let body = PrekeysBody(custodian: word, keys: [key], time: time)
            return try world.say(body, by: word).refusal
        }
        // Two liars cannot hurry it, whatever they say, and nobody else can.
        let far = Timestamp(milliseconds: 253_402_300_799_999)
        #expect(try speak("audit", far, 1) == nil)
        #expect(try speak("clerk", far, 1) == nil)
        try world.close(Cell(hour: World.today.hours[6], site: World.siteOne))
        #expect(world.record.time == start)
        let next = World.noon.adding(days: 1)
        #expect(try speak("rights", next, 1) == nil)
        #expect(world.record.time == next)
        #expect(try speak("rights", World.noon, 2) == nil)
        #expect(world.record.time == next, "it never goes back")
    }

    @Test func whatWasSignedLongBeforeTheLogsTimeCountsForNothing() throws {
        var world = try World.running()
        let late = try StatementDraft.sign(
            RolledBackBody(
                custodian: "clerk", generation: 1, announced: World.today, found: World.today,
                time: World.noon), under: world.roster, by: try World.signer("clerk"))
        try world.pass(until: World.today.adding(40), hour: 12)
        #expect(world.record.refusal(of: late) == nil, "forty days, to the millisecond")
        try world.pass(until: World.today.adding(41), hour: 12)
        #expect(world.append(late)?.reason == .statementStale)
    }

    /// What was in the log once is refused for ever: first as a repetition, then as too old.
    @Test func nothingThatIsForgottenCanBeSaidAgain() throws {
        var world = try World.running()
        let filed = try world.granted()
        let before = world.entries
        for day in stride(from: Int64(1), through: 91, by: 15) {
            try world.pass(until: World.today.adding(day), hour: 12)
            var record = world.record
            for entry in before { #expect(record.append(entry) != nil) }
        }
        #expect(world.record.request(filed.id) == nil, "its embargo ended on its own day")
        #expect(world.record.index(of: filed.id) == nil)
        #expect(world.record.prekey(of: "clerk", on: World.today) == nil)
        let cell = Cell(hour: World.today.hours[0], site: World.siteOne)
        #expect(world.record.closing(cell, .prompt) == nil)
        #expect(world.record.isClosed(cell, .prompt) && !world.record.isClosed(cell, .late))
    }

    /// A year and a quarter of a small log: what an auditor holds on to is the same at its end as
    /// it was early on, but for a line a day.
    @Test func anAuditorsMemoryDoesNotGrowWithTheLog() throws {
        var world = try World.running()
        var auditor = Auditor(trusting: world.roster)
        var taken = 0
        var sizes: [Int] = []
        for month in 1...15 {
            for day in (30 * (month - 1) + 1)...(30 * month) {
                try world.pass(until: World.today.adding(Int64(day)), hour: 12)
                var filing = Filing()
                filing.time = World.today.adding(Int64(day)).start.adding(hours: 12)
                filing.prekeyDay = World.today.adding(Int64(day))
                filing.seed = "day \(day)"
                filing.replyKey[0] = UInt8(day & 255)
                filing.replyKey[1] = UInt8(day >> 8)
                _ = try world.say(filing.body(try filing.secret()), by: "doyle")
                try world.close(
                    Cell(hour: World.today.adding(Int64(day)).hours[0], site: World.siteOne))
                _ = world.append(Array("nonsense \(day)".utf8))
            }
            for entry in world.entries[taken...] {
                auditor.take(Examined(entry, under: auditor.roster))
            }
            taken = world.entries.count
            sizes.append(auditor.residents)
        }
        // What is left is the holes in the closings, one a day here, of which each is a range.
        #expect(sizes[14] - sizes[9] <= 5 * 30 + 20, "\(sizes) of \(taken)")
        #expect(taken > 2_500)
        let report = auditor.report(at: World.today.adding(450).start.adding(hours: 12))
        #expect(report.requests == 450 && report.counters.map(\.filed) == [450])
        #expect(report.counters[0].lapsed == 447 && report.counters[0].waiting == 3)
        #expect(report.findings.filter { $0.code == "statement-malformed" }.count == 200)
        #expect(report.omitted["statement-malformed"] == 250)
    }
}

/// A small generator of repeatable numbers.
private struct SplitMix {
    var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}

extension World {
    /// Lets days go by: three custodians say something on each, so that the log's time moves.
    mutating func pass(until day: Day, hour: Int64) throws {
        for word in ["audit", "clerk", "privacy"] {
            let newest = record.time.day
            guard newest < day || word != "audit" else { continue }
            let body = PrekeysBody(
                custodian: word, keys: [.init(day: day, key: Self.oneTime)],
                time: day.start.adding(hours: hour))
            #expect(try say(body, by: word).refusal == nil)
        }
    }
}
