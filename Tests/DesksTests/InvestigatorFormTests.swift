import Foundation
import Hosting
import Plates
import Secrets
import Testing
import Warrants

@testable import Desks
@testable import Embedded
@testable import Inquiry

/// From an empty form to a filed request, by what a browser sends.
@Suite struct InvestigatorFormTests {
    /// The calendar says of each hour what the judge says of a request for it.
    @Test func `the calendar and the judge agree on every hour`() throws {
        try InvestigatorDesk.with { desk in
            let view = try desk.office.view()
            var seen: Set<CellStanding> = []
            for hours in -8...18 {
                let cell = Cell(
                    hour: Town.start.hour.adding(Int64(hours)), site: SiteNumber(number: 1))
                let standing = view.record.standing(of: cell, at: view.now)
                seen.insert(standing)
                for process in [ProcessKind.searchWarrant, .exigent] {
                    let application = Application(
                        plates: [Town.plate], cells: [cell], purpose: "240", process: process,
                        warrant: Digest(of: Town.warrant), docket: "")
                    let isRefused = refusal {
                        _ = try desk.town.prepare(application, as: "investigator")
                    }
                    #expect(
                        standing.isOpen(to: process) == (isRefused == nil),
                        "\(cell) \(standing) \(process) \(isRefused ?? "")")
                }
            }
            #expect(seen.isSuperset(of: [.closed, .young, .open]))
        }
    }

    @Test func `a day that is dead and a day without keys are told apart`() throws {
        try InvestigatorDesk.with { desk in
            let first = Cell(hour: Town.start.hour, site: SiteNumber(number: 1))
            let before = Cell(hour: Town.start.day.adding(-3).start.hour, site: first.site)
            let record = try desk.office.view().record
            let due = Town.start.day.start.adding(days: 30)
            #expect(record.standing(of: first, at: due.adding(milliseconds: -1)) == .closed)
            #expect(record.standing(of: first, at: due) == .gone)
            #expect(record.standing(of: before, at: due) == .unkept)
            // Never closed, and too old to be closed: nobody knows what was there.
            let quiet = Cell(hour: Town.start.hour.adding(30), site: first.site)
            let ended = quiet.hour.end
            #expect(record.standing(of: quiet, at: ended.adding(hours: 7)) == .open)
            #expect(record.standing(of: quiet, at: ended.adding(hours: 8)) == .unclosed)
        }
    }

    @Test func `every mistake is told at its place, and nothing is filed`() throws {
        try InvestigatorDesk.with { desk in
            let count = try desk.town.record().count
            let draft = try desk.draft()
            let empty = desk.browser.post(draft, [("look", "yes")])
            for words in [
                "Name the plate that the warrant names.", "Pick a day, then the hours",
                "Pick at least one site.", "Choose the offence by its code.",
                "Choose the kind of process", "Attach the document",
            ] { #expect(empty.text.contains(words), "\(words)") }
            #expect(empty.text.contains("6 things are not right yet."))
            var wrong: [(String, String)] = [
                ("plate", "AB*"), ("plate", "rk 161 ag"), ("plate", "RK161AG"),
                ("shown", "2026-03-02"), ("hour", "2026-03-02T16Z"), ("hour", "2026-03-02T12Z"),
                ("site", "1"), ("site", "9"), ("purpose", "immigration-enforcement"),
                ("process", "search-warrant"), ("docket", "a\u{7}b"), ("embargo", "2027-01-01"),
            ]
            let page = desk.send(draft, wrong, ("look", "yes"), warrant: [])
            for words in [
                "wildcards and parts cannot be searched", "The same plate is named twice",
                "2026-03-02T16Z at ", "2026-03-02T12Z at ",
                "The roster has no such site.", "is a prohibited purpose",
                "The docket is one line", "The document is empty.",
                "The embargo ends on a day from",
            ] { #expect(page.text.contains(words), "\(words)") }
            wrong[8].1 = "90Z"
            #expect(desk.send(draft, wrong, ("look", "yes")).text.contains("no offence code"))
            #expect(desk.browser.get("\(draft)/look").value("location") == "\(draft)#top")
            #expect(try desk.town.record().count == count)
        }
    }

    @Test func `an exigent request reaches young hours, another does not`() throws {
        try InvestigatorDesk.with { desk in
            let young = InvestigatorDesk.right.map { field in
                field.0 == "hour" ? ("hour", "2026-03-02T12Z") : field
            }
            let draft = try desk.draft()
            let page = desk.send(draft, young, ("look", "yes"))
            #expect(page.text.contains("exigent requests alone can name it."))
            let exigent = young.map { $0.0 == "process" ? ("process", "exigent") : $0 }
            let look = desk.send(draft, exigent, ("look", "yes"))
            #expect(look.text.contains("A last look"))
            #expect(look.text.contains("It needs no attestation beforehand"))
        }
    }

    @Test func `what was filled in stays, step by step, without any script`() throws {
        try InvestigatorDesk.with { desk in
            let draft = try desk.draft()
            let fields = [("plate", "BK1"), ("docket", "d<b>7"), ("site", "2")]
            var page = desk.send(draft, fields, ("day", "2026-03-02"))
            #expect(page.text.contains("name=\"shown\" value=\"2026-03-02\""))
            #expect(page.text.contains("value=\"d&lt;b&gt;7\"") && !page.text.contains("d<b>"))
            #expect(page.text.contains("f.pdf") && page.text.contains(Digest(of: Town.warrant).hex))
            #expect(page.text.contains("value=\"2\" checked"))
            // No mistake is told before somebody says that it is done.
            #expect(!page.text.contains("class=\"wrong\""))
            let shown = fields + [("shown", "2026-03-02")]
            page = desk.browser.post(draft, shown + [("whole", "2026-03-02")])
            // All that are closed by now, young ones too, and none that never was.
            let picked = page.text.components(separatedBy: "name=\"hour\"").dropFirst()
                .filter { $0.prefix(40).contains("checked") }.count
            #expect(picked == InvestigatorFormTests.closedHours(try desk.office.view()))
            page = desk.browser.post(draft, shown + [("twin", "8K1")])
            #expect(page.text.contains("id=\"plate-2\" name=\"plate\" value=\"8K1\""))
            #expect(page.text.contains("Searched as <code>8K1</code>"))
            page = desk.browser.post(draft, fields + [("purpose", "vehicle"), ("check", "yes")])
            #expect(page.text.contains("name=\"offence\" value=\"240\""))
            page = desk.browser.post(draft, fields + [("purpose", "vehicle"), ("offence", "240")])
            #expect(page.text.contains("value=\"240\" list=\"offences\""))
            #expect(page.text.contains("240: Motor vehicle theft"))
            page = desk.browser.post(draft, shown + [("day", "2026-03-02")])
            #expect(!page.text.contains("Put the day away"))
            page = desk.browser.post(draft, fields + [("sites", "all")])
            #expect(page.text.components(separatedBy: "name=\"site\"").count == 3)
            #expect(page.text.components(separatedBy: "checked").count == 3)
            page = desk.browser.post(draft, [("drop", "yes")])
            #expect(page.text.contains("thrown away"))
            #expect(desk.browser.get(draft).text.contains("draft-missing"))
        }
    }

    private static func closedHours(_ view: DeskView) -> Int {
        Town.start.day.hours.count {
            view.record.isClosed(Cell(hour: $0, site: SiteNumber(number: 2)), .prompt)
        }
    }

    @Test func `the script's question is answered like the form's`() throws {
        try InvestigatorDesk.with { desk in
            let answer = desk.browser.post("/plate.json", [("plate", "b1")])
            #expect(answer.value("content-type") == "application/json")
            let said =
                "{\"normal\":\"B1\",\"problem\":\"\",\"twins\":["
                + "{\"reading\":\"8 for B, character 1\",\"text\":\"81\"},"
                + "{\"reading\":\"I for 1, character 2\",\"text\":\"BI\"}]}"
            #expect(answer.text == said)
            let wrong = desk.browser.post("/plate.json", [("plate", "<b>*")])
            #expect(!wrong.text.contains("<b>") && wrong.text.contains("\"normal\":\"\""))
            #expect(desk.browser.get("/plate.json").status == 404)
        }
    }

    @Test func `what is looked at is what is filed, once`() throws {
        try InvestigatorDesk.with { desk in
            let count = try desk.town.record().count
            let draft = try desk.draft()
            let look = desk.send(draft, ("look", "yes"))
            #expect(look.text.contains("2026-03-02T06Z to 2026-03-02T07Z, 2 hours"))
            #expect(try desk.town.record().count == count)
            // What is shown could not be logged by whoever copies it.
            #expect(look.text.contains("platevault/request/v1") && !look.text.contains("\u{2014} "))
            let page = desk.sign(look, of: draft)
            #expect(page.text.contains("Filed."))
            let record = try desk.town.record()
            let id = try #require(record.requestOrder.last)
            #expect(record.count == count + 1 && look.text.contains(id.hex))
            let state = try #require(record.request(id))
            #expect(state.body.warrant == Digest(of: Town.warrant))
            #expect(state.body.purpose == "240" && state.body.cellCount == 4)
            let secret = try #require(try desk.town.secret(of: id, as: "investigator"))
            #expect(secret.plates.map(\.text) == [Town.plate] && secret.docket == "26-1047")
            // The plate stands in the page for its investigator, and in no public text.
            let start = try #require(look.text.range(of: "What everybody will see"))
            #expect(look.text[..<start.lowerBound].contains(Town.plate))
            #expect(!look.text[start.lowerBound...].contains(Town.plate))
            #expect(!look.text[start.lowerBound...].contains("26-1047"))
            // Once more files nothing.
            #expect(desk.sign(look, of: draft).text.contains("draft-missing"))
            #expect(try desk.town.record().count == count + 1)
        }
    }

    @Test func `any change after the last look leads to another one`() throws {
        try InvestigatorDesk.with { desk in
            let count = try desk.town.record().count
            let draft = try desk.draft()
            let look = desk.send(draft, ("look", "yes"))
            _ = desk.send(draft, ("check", "yes"))
            let page = desk.sign(look, of: draft)
            #expect(page.text.contains("A last look"))
            #expect(try desk.town.record().count == count)
        }
    }

    /// Two windows of one draft: the button of the first look does not sign what the second shows.
    @Test func `a look that another one has replaced files nothing`() throws {
        try InvestigatorDesk.with { desk in
            let count = try desk.town.record().count
            let draft = try desk.draft()
            let first = desk.send(draft, ("look", "yes"))
            let other = InvestigatorDesk.right.map { $0 == "plate" ? ($0, "XYZ987") : ($0, $1) }
            let second = desk.send(draft, other, ("look", "yes"))
            #expect(second.text.contains("XYZ987"))
            let page = desk.sign(first, of: draft)
            #expect(page.text.contains("Nothing was filed") && page.text.contains("A last look"))
            let again = desk.browser.post("\(draft)/file", [])
            #expect(again.text.contains("Nothing was filed"))
            #expect(try desk.town.record().count == count)
            #expect(desk.sign(again, of: draft).text.contains("Filed."))
            let id = try #require(try desk.town.record().requestOrder.last)
            let secret = try #require(try desk.town.secret(of: id, as: "investigator"))
            #expect(secret.plates.map(\.text) == ["XYZ987"])
        }
    }

    @Test func `a docket that names the plate is told before it is filed`() throws {
        try InvestigatorDesk.with { desk in
            let draft = try desk.draft()
            let plate = Town.plate.lowercased()
            for docket in [plate, "26-1047 \(plate.prefix(3)) \(plate.dropFirst(3))", "x\(plate)"] {
                let form = InvestigatorDesk.right.map { $0 == "docket" ? ($0, docket) : ($0, $1) }
                #expect(!desk.send(draft, form, ("look", "yes")).text.contains("A last look"))
                let page = desk.browser.get(draft)
                #expect(page.text.contains("names the plate"), "\(docket.count) characters")
            }
        }
    }

    @Test func `an agency's budget is told before it is overdrawn`() throws {
        try InvestigatorDesk.with { desk in
            let view = try desk.office.view()
            let draft = InvestigatorDraft()
            let left = InvestigatorCheck(draft, view).left
            _ = try desk.file()
            #expect(InvestigatorCheck(draft, try desk.office.view()).left == left - 4)
        }
    }

    private func refusal(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch let refusal as Refusal {
            return refusal.code
        } catch {
            return "other: \(error)"
        }
    }
}
