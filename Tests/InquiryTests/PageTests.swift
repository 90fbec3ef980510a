import Disk
import Foundation
import Inquiry
import Ledger
import Plates
import Secrets
import Testing
import Warrants

/// The page for people: what comes from the log stays text.
struct PageTests {
    @Test func nothingFromTheLogBecomesMarkup() throws {
        // What a roster's names may hold: everything but quotes and backslashes.
        let name = "<script>alert(1)</script><img src=x onerror=alert(1)>&'"
        var village = try Village(hours: 20, named: name)
        defer { village.close() }
        // And what a signer may write into a docket, which no page shows at all.
        village.entries.append(Array("<b>nonsense</b>".utf8))
        let mirror = "<i>mirror</i>"
        let log = try village.publish()
        let report = try LogAudit(
            village.tiles(log), trusting: .hash(village.roster.hash),
            mirrors: [.init(name: mirror, source: village.tiles("/nowhere"))], at: Village.now
        ).run().report
        let html = AuditPage.html(report)
        for tag in ["<script", "<img", "<b>", "<i>", "onerror=alert(1)>"] {
            #expect(!html.contains(tag), "\(tag)")
        }
        #expect(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
        #expect(html.contains("&amp;&#39;") && html.contains("&lt;i&gt;mirror&lt;/i&gt;"))
    }

    @Test func thePageStandsAlone() throws {
        let village = try Village(hours: 20)
        defer { village.close() }
        let report = try village.audit(try village.publish())
        let html = AuditPage.html(report)
        for word in ["http://", "https://", "src=", "url(", "@import", "<link", "javascript:"] {
            #expect(!html.contains(word), "\(word)")
        }
        #expect(html.hasPrefix("<!doctype html>") && html.contains("<html lang=\"en\">"))
        #expect(html.contains("default-src 'none'") && html.contains("Nothing is wrong"))
        #expect(html.contains("prefers-color-scheme: dark") && html.contains("width=device-width"))
        // Every table's head cells say what they are for.
        let heads = html.components(separatedBy: "<th ").count - 1
        let scoped = html.components(separatedBy: "<th scope=").count - 1
        #expect(heads == scoped && heads > 10)
        for tag in ["table", "section", "div", "span", "tr", "td", "th", "ul", "li", "p", "dl"] {
            let opened =
                html.components(separatedBy: "<\(tag)>").count
                + html.components(separatedBy: "<\(tag) ").count
            #expect(opened - 1 == html.components(separatedBy: "</\(tag)>").count, "\(tag)")
        }
    }

    @Test func theCalendarTellsWhatEachCustodianHasDone() throws {
        var village = try Village(hours: 20)
        defer { village.close() }
        try village.destroy(Village.today, by: "clerk")
        let time = Village.today.start.adding(days: 30).adding(hours: 2)
        let report = try village.audit(try village.publish(), at: time)
        #expect(report.days.first?.verdict == .overdue && !report.isClean)
        let html = AuditPage.html(report)
        #expect(html.contains("erased on time, \(Village.today.adding(30).text) 00:00 UTC"))
        #expect(html.components(separatedBy: "overdue: has said nothing").count == 5)
        #expect(html.contains("<td class=\"word overdue\">overdue</td>"))
        #expect(html.contains("alive, due "))
    }
}
