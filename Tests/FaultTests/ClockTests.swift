import Disk
import Foundation
import Hosting
import Plates
import Testing
import Warrants

@testable import Custody
@testable import Embedded
@testable import Inquiry

/// One machine's wall clock is set wrong by a day while it runs; its custodian's own clock follows at
/// double speed, or hardly slower. Nobody else notices but by what it says of itself.
extension FaultTests {
    @Test(arguments: [1, -1]) func aCustodiansClockIsWrongByADay(_ direction: Int64) throws {
        let town = try Town("a clock is wrong by a day, \(direction)", sites: 1)
        defer { town.close() }
        let word = town.custodians[0]
        let wrong = try town.ownClock(of: word)
        try town.start()
        // The same machine, another wall clock: a server of time that lies, or a mistyped date.
        var hands = wrong.hands
        hands.wall += direction * 86_400_000
        try POSIXFileSystem().replace(
            town.layout.custodian(0) + "/clock", Array(hands.text.utf8))
        /// Half a day for everybody.
        func half() throws {
            try town.pass(seconds: 12 * 3_600)
            try wrong.pass(milliseconds: 12 * 3_600_000)
        }
        let traffic = Traffic(town, perSite: 2)
        #expect(town.wait(30) { traffic.acknowledged > 20 })
        try half()
        #expect(town.wait(30) { town.isOff(word) == (direction > 0) })
        let before = traffic.acknowledged
        #expect(town.wait(30) { traffic.acknowledged > before + 20 })
        let account = traffic.stop()
        // Half a day ahead, and a day in the end; behind, it runs on at nearly the right speed.
        // It says so whenever enough others have cosigned the newest checkpoint.
        if direction > 0 {
            let isTold = town.wait(30) {
                let ahead = town.serving.metric("clock_ahead_of_others_milliseconds", of: word)
                return (ahead ?? 0) > 8 * 3_600_000
            }
            #expect(isTold)
        }
        try half()
        let cells = Set(account.acknowledged.map { Timestamp(milliseconds: $0.milliseconds).hour })
            .map { Cell(hour: $0, site: SiteNumber(number: 1)) }.sorted()
        try town.expectClosed(cells)
        town.expectFound(account, try Errand(town, seconds: 90).search(Traffic.plates, cells))

        // A day before the first day is due, all but one still have it, and nobody calls it dead.
        let first = Town.start.day
        let due = first.start.adding(days: Int64(town.roster.policy.retentionDays))
        let gap = due.adding(hours: -2).milliseconds(since: town.now)
        try town.pass(seconds: Double(gap) / 1_000)
        try wrong.pass(milliseconds: gap)
        #expect(try town.wait(30) { try town.hasKept(first, on: 0) == (direction < 0) })
        for index in [1, 2] { #expect(try town.hasKept(first, on: index)) }
        let early = try town.city().record().report(on: first, at: town.now)
        #expect(early?.verdict == .alive && early?.erasedBy.isEmpty == true)
        // When it is due it dies by the others' word, in time; a slow clock is a thousandth late.
        try town.pass(to: due)
        try wrong.pass(milliseconds: 2 * 3_600_000)
        #expect(try town.wait(60) { try town.isGone(dueAt: due, from: [1, 2]) })
        #expect(town.now <= due.adding(milliseconds: 60_000))
        let isDead = try town.wait(30) {
            try town.city().record().report(on: first, at: town.now)?.verdict == .dead
        }
        #expect(isDead)
    }
}

extension Town {
    /// Gives a party a clock of its own, which shows the same time until somebody moves it.
    func ownClock(of party: String) throws -> DemoClock {
        let folder = try program(party).folder
        try POSIXFileSystem().replace(folder + "/clock", Array(clock.hands.text.utf8))
        try change(party) { $0.replacing("clock = \"../clock\"", with: "clock = \"clock\"") }
        return try DemoClock(folder + "/clock", origin: Self.origin, disk: POSIXFileSystem())
    }

    /// Whether a custodian says of itself that its clock differs from the others'.
    func isOff(_ party: String) -> Bool {
        page("readyz", of: party)?.text.contains("clock-differs") == true
            && log(of: party).contains("clock-differs")
    }

    /// Whether a custodian's disk still has a day.
    func hasKept(_ day: Day, on index: Int) throws -> Bool {
        try disk(of: index).shares.contains { share in
            share.first <= day && oldest(share).map { $0 <= day } == true
        }
    }
}
