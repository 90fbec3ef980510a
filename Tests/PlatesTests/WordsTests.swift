import Bytes
import Foundation
import Plates
import Testing

@Suite("times, cells and quorums")
struct WordsTests {
    @Test(
        "instants, days and hours as text",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (1_795_397_301_244, "2026-11-23T01:28:21.244Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ])
    func text(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).text == text)
        if milliseconds >= 0 {
            #expect(Timestamp(text: text)?.milliseconds == milliseconds)
        }
    }

    @Test("every day of 400 years comes back from its text")
    func days() {
        for number in UInt32(0)..<146_097 {
            let day = Day(number: number)
            guard Day(text: day.text) == day else {
                Issue.record("day \(number)")
                return
            }
        }
        #expect(Day(number: 20_780).text == "2026-11-23")
    }

    @Test(
        "other spellings are refused",
        arguments: [
            "2026-11-23T01:28:21.244", "2026-11-23 01:28:21.244Z", "2026-02-30T00:00:00.000Z",
            "2026-11-23T24:00:00.000Z", "2026-11-23T01:28:60.000Z", "2026-11-23T01:28:21.24Z", "",
            "2026-13-01T00:00:00.000Z", "2026-11-23T01:28:21.244z", "２026-11-23T01:28:21.24Z",
        ])
    func spellings(text: String) {
        #expect(Timestamp(text: text) == nil)
        #expect(Day(text: text) == nil)
        #expect(Hour(text: text) == nil)
    }

    @Test("hours belong to days, and bounds saturate")
    func hours() throws {
        let hour = try #require(Hour(day: Day(number: 20_783), hourOfDay: 17))
        #expect(hour.number == 498_809)
        #expect(hour.day.number == 20_783 && hour.hourOfDay == 17)
        #expect(hour.text == "2026-11-26T17Z" && Hour(text: hour.text) == hour)
        #expect(hour.start.hour == hour && hour.end.hour == hour.next)
        #expect(hour.end.adding(milliseconds: -1).hour == hour)
        #expect(hour.day.hours.count == 24 && hour.day.hours[17] == hour)
        #expect(Hour(day: Day(number: 1), hourOfDay: 24) == nil)
        #expect(Hour(day: Day(number: .max), hourOfDay: 0) == nil)
        #expect(Timestamp(milliseconds: .max).adding(days: 1).milliseconds == .max)
        #expect(Timestamp(milliseconds: .min).adding(hours: -1).milliseconds == .min)
        #expect(Timestamp(milliseconds: -5).hour.number == 0)
        #expect(Day(number: 0).adding(-1).number == 0 && Day(number: .max).next.number == .max)
    }

    @Test("cells are ordered by hour, then site, and come back from their bytes")
    func cells() throws {
        let cells = [(1, 2), (1, 3), (2, 0)].map {
            Cell(hour: Hour(number: $0.0), site: SiteNumber(number: $0.1))
        }
        #expect(cells == cells.shuffled().sorted())
        #expect(Hex.encode(cells[1].encode()) == "000000010003")
        var reader = ByteReader(cells[1].encode())
        #expect(try Cell(from: &reader) == cells[1])
        let json = try JSONEncoder().encode(cells)
        #expect(String(decoding: json, as: UTF8.self) == "[[1,2],[1,3],[2,0]]")
        #expect(try JSONDecoder().decode([Cell].self, from: json) == cells)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([Cell].self, from: Data("[[1,2,3]]".utf8))
        }
    }

    @Test("runs and labels have one size each")
    func sizes() throws {
        #expect(throws: PlatesError.self) { try RunID(bytes: [1, 2, 3]) }
        #expect(throws: PlatesError.self) { try Label(bytes: [UInt8](repeating: 0, count: 15)) }
        #expect(try RunID(bytes: [0, 1, 2, 3, 4, 5, 6, 255]).hex == "00010203040506ff")
        let low = try Label(bytes: [UInt8](repeating: 7, count: 16))
        let high = try Label(bytes: [UInt8](repeating: 7, count: 15) + [8])
        #expect(low < high)
    }

    @Test(
        "three quorums exist; their subsets ascend by mask",
        arguments: [
            (2, 3, 3, 2), (3, 5, 10, 3), (4, 7, 35, 4),
        ])
    func quorums(t: Int, n: Int, count: Int, size: Int) throws {
        let threshold = try Threshold(t: t, of: n)
        let subsets = threshold.subsets
        #expect(subsets.count == count && subsets == subsets.sorted())
        #expect(Set(subsets).count == count)
        #expect(subsets.allSatisfy { $0.count == size && $0.bits < 1 << UInt16(n) })
        #expect(threshold.subsetSize == size)
        // Any t custodians hold every subset; any t − 1 lack one.
        for mask in UInt16(0)..<(1 << UInt16(n)) {
            let held = subsets.filter { $0.bits & mask != 0 }.count
            #expect((held == count) == (mask.nonzeroBitCount >= t))
        }
        #expect(threshold.subsets(heldBy: 0).allSatisfy { $0.members.contains(0) })
        #expect(threshold.subsets(heldBy: n).isEmpty)
    }

    @Test("every other quorum is refused")
    func otherQuorums() {
        for n in -1...9 {
            for t in -1...9 where ![[2, 3], [3, 5], [4, 7]].contains([t, n]) {
                #expect(throws: PlatesError.self) { try Threshold(t: t, of: n) }
            }
        }
    }
}
