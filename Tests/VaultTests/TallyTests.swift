import Disk
import Plates
import Rows
import TestSupport
import Testing
import Warrants
import Wire

@testable import Vault

@Suite("the vault counts its rows by the day")
struct TallyTests {
    private func town(isSigning: Bool = true) throws -> Town {
        try Town(isSigning: isSigning)
    }

    private func rows(_ count: UInt64, _ name: String = "car") throws -> [SealedRow] {
        try Car(name).rows(try Sample.run("a"), 0..<count)
    }

    private func tally(_ town: Town) throws -> TallyBody? {
        try town.service.tally().map {
            try town.roster.verify(UnverifiedStatement(wire: $0), as: TallyBody.self).body
        }
    }

    @Test("what is closed of a day that is over, late rows included, rounded down")
    func days() throws {
        let town = try town()
        let early = try Sample.batch(try rows(27))
        try town.client.submit(early)
        try town.client.close([try town.closing([early])])
        // In another hour, and never closed.
        let open = Cell(hour: Sample.cell.hour.next, site: Sample.cell.site)
        try town.client.submit(try Sample.batch(try rows(40, "open"), cell: open))
        #expect(try tally(town)?.days == [], "the day is not over")
        let late = try Sample.batch(try rows(5, "late"), kind: .late)
        try town.client.submit(late)
        town.clock.set(Sample.day.end)
        try town.client.close([try town.closing([late], kind: .late)])
        let counted = TallyBody.Counted(day: Sample.day, hours: 1, rows: 32)
        #expect(try tally(town)?.days == [counted] && counted.reads == 30)
    }

    @Test("nobody's word is none, and a dead day is told no more")
    func nothing() throws {
        #expect(try town(isSigning: false).service.tally() == nil)
        let town = try town()
        try town.client.close([try town.closing([])])
        town.clock.set(Sample.day.end)
        #expect(
            try tally(town)?.days == [TallyBody.Counted(day: Sample.day, hours: 1, rows: 0)])
        try town.store.expire(Sample.day)
        #expect(try tally(town)?.days == [])
    }
}
