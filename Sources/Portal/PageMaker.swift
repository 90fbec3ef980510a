import Plates
import Warrants

/// Makes the pages of one snapshot, as they stand below one root. Each page is a function of the
/// snapshot alone.
struct PageMaker: Sendable {
    /// 100: how many entries or requests a page of a list has.
    static let length = 100

    let snapshot: PublicSnapshot
    let templates: Templates
    /// The way from the page to the site's root.
    let root: String

    static let places = [
        Place("Overview", "", id: "overview"), Place("Searches", "requests/"),
        Place("Destruction", "days/"), Place("Log", "log/"), Place("Policy", "policy/"),
        Place("Audit", "audit/"), Place("Data", "data/"),
    ]

    /// An address below the site's root.
    func to(_ path: String) -> String { root + path }

    /// A cell that leads to an entry.
    func entry(_ index: UInt64) -> Table.Cell {
        Table.Cell(index, href: to("log/\(index)/"))
    }

    /// A time of statements about requests, as exact as the policy lets it be known.
    func time(_ milliseconds: Int64) -> TimeText {
        TimeText(
            Timestamp(milliseconds: milliseconds),
            grain: snapshot.roster.policy.times == .hour ? .hour : .minute)
    }

    /// A length of time between such times: of what is known to the hour, nothing finer is told.
    func length(_ milliseconds: Int64) -> String {
        guard snapshot.roster.policy.times == .hour, milliseconds < 3_600_000 else {
            return TimeText.length(milliseconds)
        }
        return "within the hour"
    }

    /// An agency's name.
    func agency(_ word: String) -> String { snapshot.roster.agency(word)?.name ?? word }

    /// A page of a template.
    func page(
        _ title: String, _ purpose: String, help: String = "Operating/Pages.md",
        _ template: String, _ values: Values
    ) throws(PortalError) -> Page {
        let base: Values = ["root": .text(root)]
        var page = Page(
            title: title, purpose: purpose, help: help,
            body: try templates.render(template, base.with(values)))
        page.modules = ["time.js"]
        return page
    }

    /// The whole page, in the frame.
    func html(_ page: Page) throws(PortalError) -> [UInt8] {
        var frame = Frame(
            name: snapshot.roster.origin, face: "Public record", root: root, places: Self.places)
        frame.foot = [
            "Made from the log, as of \(TimeText(snapshot.now).utc): "
                + "\(Words.count(snapshot.head.size, "entry", "entries")) under the root "
                + "\(snapshot.head.root.prefix(16))….",
            "No plate stands in the log, and none on these pages. Nothing here needs to be believed: "
                + "each figure leads to the entries that make it up, and anybody can check them.",
        ]
        return try frame.html(page, by: templates)
    }
}
