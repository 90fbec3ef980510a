import Foundation
import Hosting
import Ledger
import Plates
import Portal
import Secrets
import Testing
import Warrants

@testable import Desks
@testable import Embedded
@testable import Inquiry

/// The authority's and the custodian's desks, against a real deployment.
@Suite struct OtherDesksTests {
    private func withDesk(
        _ word: String, _ body: (TestBrowser, Deployment, Digest) throws -> Void
    ) throws {
        let path = try Town.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let town = try Deployment.open(at: path)
        let id = try town.file(Town.application(), as: "investigator")
        let office = try DeskOffice(town, as: word)
        let server = DeskServer(office, pages: try Roles.pages(for: office)) { _ in }
        try body(TestBrowser(server), town, id)
    }

    private var authority: String {
        get throws {
            let path = try Town.copy()
            defer { try? FileManager.default.removeItem(atPath: path) }
            return try #require(
                try Deployment.open(at: path).roster.body.authorities.first
            ).id
        }
    }

    @Test func `an order is attested for the document that the request names`() throws {
        try withDesk(try authority) { browser, town, id in
            let link = "/request/\(id.hex)"
            #expect(browser.get("/").text.contains("href=\"\(link)\""))
            let page = browser.get(link)
            let body = try #require(try town.record().request(id)).body
            #expect(page.status == 200 && page.text.contains(body.windowCommitment.hex))
            #expect(!page.text.contains(Town.plate))

            let wrong = browser.post(
                link + "/attest", [("expires", "3"), ("embargo", "")], file: ("document", [1]))
            #expect(wrong.status == 422 && wrong.text.contains("another document than the request"))
            let never = browser.post(
                link + "/attest", [("expires", "400"), ("embargo", "2099-01-01")],
                file: ("document", Town.warrant))
            #expect(never.text.contains("Choose how long") && never.text.contains("At most until"))

            let early = browser.post(
                link + "/attest", [("expires", "3"), ("embargo", body.embargo.text)],
                file: ("document", Town.warrant))
            #expect(early.status == 422)
            #expect(early.text.contains("It is kept until \(body.embargo.text) already."))

            let look = browser.post(
                link + "/attest", [("expires", "3"), ("embargo", "")],
                file: ("document", Town.warrant))
            #expect(look.text.contains("platevault/order/v1"))
            #expect(try town.record().request(id)?.orders.isEmpty == true)
            let sign = try #require(look.text.firstMatch(of: /\/decision\/[0-9a-f]{64}\/sign/))
            #expect(browser.post(String(sign.output), []).text.contains("The order is attested"))
            let orders = try #require(try town.record().request(id)).orders
            #expect(orders.count == 1 && orders[0].body.warrant == Digest(of: Town.warrant))
            #expect(orders[0].body.windowCommitment == body.windowCommitment)
            #expect(browser.get("/").text.contains("No request waits for an order"))
            #expect(browser.get("/attested").text.contains(link))
        }
    }

    @Test func `a plate's commitment is opened by the requester's proof`() throws {
        try withDesk(try authority) { browser, town, id in
            let proof = try town.proof(of: id, plate: 0, as: "investigator").encode()
            let link = "/request/\(id.hex)"
            let other = browser.post(
                link + "/proof", [("plate", "ZZ99ZZZ")], file: ("proof", proof))
            #expect(other.status == 422 && other.text.contains("(plate-other)"))
            #expect(!other.text.contains(Town.plate))
            let form = browser.post(link + "/proof", [("plate", Town.plate)], file: ("proof", [1]))
            #expect(form.text.contains("(request-proof-form)"))
            let right = browser.post(
                link + "/proof", [("plate", "rk 161 ag")], file: ("proof", proof))
            #expect(right.text.contains("Plate 1 is <code>\(Town.plate)</code>"))
        }
    }

    @Test func `a custodian's administrator sees days, mirrors and what was given`() throws {
        try withDesk("privacy-office") { browser, town, id in
            let state = browser.get("/")
            #expect(state.status == 200 && state.text.contains("State of Privacy Office"))
            for word in ["ready", "Next destruction", "2026-03-02", "privacy-office (this one)"] {
                #expect(state.text.contains(word), "\(word) is missing")
            }
            #expect(!state.text.contains("not ready"))
            // Three custodians' mirrors were asked, and agree; so does the clock.
            #expect(state.text.split(separator: ">agrees<").count == 5)
            #expect(state.text.contains("2 others cosigned last; they do every hour"))
            let given = browser.get("/given")
            #expect(given.status == 200 && given.text.contains("1 Main Street"))
            #expect(given.text.contains("No check is owed"))
            #expect(browser.get("/waiting.json").text == "{\"waiting\":[]}")
            #expect(browser.get("/request/\(id.hex)").status == 404)
        }
    }

    @Test func `a destroyed day is shown as erased here`() throws {
        try withDesk("privacy-office") { browser, town, _ in
            try town.clocks.pass(milliseconds: 31 * 86_400_000)
            try town.settle()
            let page = browser.get("/").text
            #expect(page.contains(">dead</span>") && page.contains(">erased</span>"))
        }
    }

    @Test func `a program's pages say the same as its status`() throws {
        let metrics = """
            # TYPE platevault_log_entries gauge
            platevault_log_entries 120
            platevault_confirmed 1
            platevault_withholding 0
            platevault_unpublished 2
            platevault_oldest_day 20514
            platevault_keys_last_day 20520
            platevault_days_overdue 0
            platevault_generation_extended 1
            platevault_ceremony_missing 0
            platevault_clock_behind_milliseconds 12
            platevault_problems_total{code="unreachable"} 3
            """
        let health = try #require(
            CustodianHealth(ready: "not ready: clock-differs\n", metrics: metrics))
        #expect(health.missing == "clock-differs" && health.logSize == 120)
        #expect(health.oldest == Day(text: "2026-03-02") && health.unpublished == 2)
        #expect(health.isExtended && health.ahead == nil && health.behind == 12)
        #expect(!health.isClockOff)
        for (ahead, isOff) in [(3_600_000, false), (7_200_001, true), (-7_200_001, true)] {
            let line = "\nplatevault_clock_ahead_of_others_milliseconds \(ahead)\n"
            let other = CustodianHealth(ready: "ready\n", metrics: metrics + line)
            #expect(other?.ahead == Int64(ahead) && other?.isClockOff == isOff)
        }
        #expect(CustodianHealth(ready: "ready\n", metrics: metrics)?.missing == nil)
        #expect(CustodianHealth(ready: "ready\n", metrics: "") == nil)
    }

    @Test func `a word without a key or a desk has none`() throws {
        let path = try Town.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let town = try Deployment.open(at: path)
        for word in ["nobody", "../privacy-office"] {
            #expect(throws: DeskError.self) { try DeskOffice(town, as: word) }
        }
        let vault = try DeskOffice(town, as: town.roster.body.vault.id)
        #expect(throws: (any Error).self) { try Roles.pages(for: vault) }
    }
}
