import Foundation
import Hosting
import Plates
import Portal
import Secrets
import Testing
import Warrants

@testable import Desks
@testable import Embedded
@testable import Inquiry

/// The officer's whole job at the desk, against a real deployment.
@Suite struct OfficerTests {
    /// A town with one request, and its privacy officer's desk.
    private func withDesk(
        docket: String = "26-1047", _ body: (TestBrowser, Deployment, Digest) throws -> Void
    ) throws {
        let path = try Town.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let town = try Deployment.open(at: path)
        let id = try town.file(Town.application(docket: docket), as: "investigator")
        let office = try DeskOffice(town, as: "privacy-office-officer")
        let server = DeskServer(office, pages: try Roles.pages(for: office)) { _ in }
        try body(TestBrowser(server), town, id)
    }

    private func link(_ id: Digest) -> String { "/request/\(id.hex)" }

    @Test func `what waits is listed, and its page has everything but the plate`() throws {
        try withDesk(docket: "26-1047 <b>&\"'") { browser, town, id in
            let list = browser.get("/")
            #expect(list.status == 200 && list.text.contains("href=\"\(link(id))\""))
            #expect(list.text.contains("left</span>"))
            let page = browser.get(link(id))
            #expect(page.status == 200)
            for word in [
                "240 ", "search warrant", "investigator", "26-1047 &lt;b&gt;&amp;&quot;&#39;",
                "1 Main Street", "2026-03-02 06:00 to 08:00", Digest(of: Town.warrant).hex,
                "One plate is named, and not shown", "The purpose is one that the policy allows",
            ] { #expect(page.text.contains(word), "\(word) is missing") }
            #expect(!page.text.contains(Town.plate) && !page.text.contains("<b>&"))
            #expect(browser.get("/waiting.json").text.contains(id.hex))
        }
    }

    @Test func `the plate is shown when it is asked for, and only then`() throws {
        try withDesk { browser, town, id in
            let shown = browser.post(link(id) + "/plates", [])
            #expect(shown.text.contains("<code>\(Town.plate)</code>"))
            #expect(!browser.get(link(id)).text.contains(Town.plate))
            #expect(browser.get(link(id) + "/plates").status == 404)
        }
    }

    @Test func `a document is compared here and its bytes kept nowhere`() throws {
        try withDesk { browser, town, id in
            let right = browser.post(link(id) + "/warrant", [], file: ("document", Town.warrant))
            #expect(right.text.contains("The document is the one that the request names"))
            let wrong = browser.post(link(id) + "/warrant", [], file: ("document", [1, 2, 3]))
            #expect(wrong.text.contains("another one than the request names"))
            #expect(browser.post(link(id) + "/warrant", []).text.contains("No document was chosen"))
        }
    }

    @Test func `an approval counts after a second look, and is the text that was shown`() throws {
        try withDesk { browser, town, id in
            let look = browser.post(link(id) + "/approve", [])
            #expect(look.text.contains("platevault/approval/v1"))
            #expect(look.text.contains("Sign the approval"))
            #expect(try town.record().request(id)?.approvals.isEmpty == true)
            let sign = try #require(look.text.firstMatch(of: /\/decision\/[0-9a-f]{64}\/sign/))
            let digest = try #require(
                look.text.firstMatch(of: /its id in the log: <code>([0-9a-f]{64})/))
            let done = browser.post(String(sign.output), [])
            #expect(done.text.contains("You have approved this request"))
            let approvals = try #require(try town.record().request(id)).approvals
            #expect(approvals.map(\.id.hex) == [String(digest.output.1)])
            #expect(approvals.first?.body.officer == "privacy-office-officer")
            // It was taken once, and what is decided waits no more.
            let again = browser.post(String(sign.output), [])
            #expect(again.text.contains("<code>decision-gone</code>"))
            #expect(try town.record().request(id)?.approvals.count == 1)
            #expect(browser.get("/").text.contains("Nothing waits for you"))
            #expect(browser.get("/decided").text.contains("approved"))
        }
    }

    @Test func `a denial has a code and a reason that only the requester reads`() throws {
        try withDesk { browser, town, id in
            let none = browser.post(
                link(id) + "/deny", [("code", ""), ("reason", "kept & <typed>")])
            #expect(none.status == 422 && none.text.contains("Choose why."))
            #expect(none.text.contains("kept &amp; &lt;typed&gt;"))
            let look = browser.post(
                link(id) + "/deny", [("code", "too-broad"), ("reason", "Two hours\r\nare enough.")])
            #expect(look.text.contains("platevault/denial/v1") && look.text.contains("too-broad"))
            let sign = try #require(look.text.firstMatch(of: /\/decision\/[0-9a-f]{64}\/sign/))
            #expect(
                browser.post(String(sign.output), []).text.contains("You have denied this request"))
            let requester = Requester(
                desk: try town.desk("investigator"), random: SystemRandom())
            let reasons = try requester.reasons(of: id, try town.caseFile(id, of: "investigator"))
            #expect(reasons.map(\.reason.text) == ["Two hours\nare enough."])
            let long = browser.post(
                link(id) + "/deny",
                [("code", "too-broad"), ("reason", String(repeating: "x", count: 2_001))])
            #expect(long.text.contains("<code>reason-too-long</code>"))
        }
    }

    @Test func `what others decided is shown after the own decision`() throws {
        try withDesk { browser, town, id in
            try town.officer("clerk-of-court").deny(id, code: .conflict, at: town.now)
            let before = browser.get(link(id)).text
            #expect(!before.contains("conflict-of-interest, entry"))
            #expect(
                !before.contains("clerk-of-court-officer") && !before.contains("of 2 approvals"))
            #expect(before.contains("What others decided is shown once you have decided"))
            try town.officer("privacy-office").approve(id, at: town.now)
            let after = browser.get(link(id)).text
            #expect(after.contains("Denied by clerk-of-court-officer"))
            #expect(after.contains("conflict-of-interest, entry"))
        }
    }

    @Test func `the agency's history tells nothing of what others decided either`() throws {
        try withDesk { browser, town, id in
            let other = try town.file(Town.application(docket: "26-1048"), as: "investigator")
            try town.attest(
                other, warrant: Digest(of: Town.warrant), expires: town.now.adding(days: 2))
            for word in ["clerk-of-court", "inspector-general"] {
                try town.officer(word).approve(other, at: town.now)
            }
            let verdict = Judge.verdict(on: other, secret: nil, in: try town.record(), at: town.now)
            #expect(verdict == .granted)
            let before = browser.get(link(id)).text
            #expect(before.contains(">waiting<") && !before.contains(">approved<"))
            #expect(before.contains("1 waiting") && !before.contains("1 approved"))
            try town.officer("privacy-office").deny(other, code: .tooBroad, at: town.now)
            let after = browser.get(link(id)).text
            #expect(after.contains(">approved<") && after.contains("1 approved"))
        }
    }

    @Test func `a request that a rule refuses cannot be approved`() throws {
        try withDesk { browser, town, id in
            try town.desk("investigator").refresh()
            try Requester(desk: try town.desk("investigator"), random: SystemRandom())
                .withdraw(id, at: town.now)
            let page = browser.get(link(id))
            #expect(page.text.contains("It was withdrawn."))
            #expect(!page.text.contains("Approve…"))
            let tried = browser.post(link(id) + "/approve", [])
            #expect(tried.status == 422 && tried.text.contains("<code>withdrawn</code>"))
            #expect(try town.record().request(id)?.approvals.isEmpty == true)
        }
    }

    @Test func `unknown requests and paths are told as what they are`() throws {
        try withDesk { browser, town, id in
            let unknown = Digest(of: [1]).hex
            for path in [
                "/request/\(unknown)", "/request/xyz", "/nothing", "/request", "/decision",
            ] {
                #expect(browser.get(path).status == 404, "\(path)")
            }
            #expect(browser.get("/decision/\(unknown)").text.contains("<code>decision-gone</code>"))
            #expect(browser.post(link(id) + "/burn", []).status == 404)
        }
    }
}
