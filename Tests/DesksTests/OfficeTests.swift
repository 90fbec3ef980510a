import Foundation
import Hosting
import Portal
import Synchronization
import Testing
import Warrants

@testable import Desks
@testable import Embedded

/// What a desk answers while it is at a slow piece of work.
@Suite struct OfficeTests {
    /// A role with a page of the log alone, one that needs the deployment, and slow work that ends
    /// when it is told to.
    private struct Slow: DeskPages {
        let begun = DispatchSemaphore(value: 0)
        let end = DispatchSemaphore(value: 0)
        var title: String { "Slow" }
        var places: [DeskPlace] { [DeskPlace("/", "Home")] }

        func answer(_ ask: DeskAsk, in office: DeskOffice) throws -> DeskReply {
            switch (ask.isForm, ask.path.first) {
            case (false, nil):
                let count = try office.view().record.count
                return .page(
                    DeskPage(
                        "\(count) entries", purpose: "p",
                        body: try ask.render("desk_problem", [:])))
            case (true, "file"):
                return .see(
                    office.begin("Filing") { deployment, _ in
                        _ = try deployment.file(Town.application(), as: "investigator")
                        begun.signal()
                        end.wait()
                        return "/"
                    }.path)
            default: throw ask.unknown
            }
        }
    }

    private func title(_ page: DeskAnswer) -> Substring? {
        page.text.firstMatch(of: /<h1>([0-9]+ entries)<\/h1>/)?.output.1
    }

    @Test func `pages of the log are answered while slow work is under way`() throws {
        let path = try Town.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let office = try DeskOffice(try Deployment.open(at: path), as: "investigator")
        let pages = Slow()
        let browser = TestBrowser(DeskServer(office, pages: pages) { _ in })
        let before = browser.get("/")
        #expect(title(before) != nil && !before.text.contains("slow work"))

        let progress = browser.post("/file", [])
        #expect(progress.text.contains("Filing"))
        pages.begun.wait()
        let start = ContinuousClock.now
        // The log has grown; the page says of when it is, and does not wait for the work.
        let meanwhile = browser.get("/")
        #expect(title(meanwhile) == title(before))
        #expect(meanwhile.text.contains("slow work is under way"))
        #expect(browser.get("/waiting.json").text == "{\"waiting\":[]}")
        #expect(ContinuousClock.now - start < .seconds(DeskOffice.patience / 2))

        // Who needs the deployment waits for it: one thread at a time.
        let isThrough = Mutex(false)
        let through = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            try? office.work { _ in isThrough.withLock { $0 = true } }
            through.signal()
        }
        #expect(through.wait(timeout: .now() + 0.5) == .timedOut && !isThrough.withLock { $0 })
        pages.end.signal()
        through.wait()
        #expect(isThrough.withLock { $0 })
        let after = browser.get("/")
        #expect(title(after) != title(before) && !after.text.contains("slow work"))
    }
}
