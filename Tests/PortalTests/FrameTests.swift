import Foundation
import Plates
import Testing

@testable import Portal

/// The frame, the templates, and what hostile text can do in them.
struct FrameTests {
    static let hostile = [
        "<script>alert(1)</script>", "\" onmouseover=alert(1) x=\"", "'><img src=x onerror=a()>",
        "x\"\u{301} onmouseover=alert(1) y=\"\u{301}", "\u{600}\"\u{600}<b>", "<\u{338}script>",
        "&lt;b&gt;", "{{{body}}}", "]]></script>", "\u{202E}evil\u{202C}", "a\u{0}\u{1B}[2Jb",
    ]

    private let templates: Templates

    init() throws { templates = try Templates.own.get() }

    /// A page with a text in each place that text can stand in.
    private func page(_ text: String) throws -> String {
        let cell = Table.Cell(text, href: text, badge: .good)
        let table = Table(text, heads: [text], rows: [[cell, Table.Cell(text)]])
        let step = Steps.Step(text, .now, note: text, href: text)
        let field = Field(
            "name", text, .choice([.init(text, text)]), value: text, hint: text, problem: text)
        let pager = Pager(page: 2, pages: 4, about: text) { _ in text }
        let parts = [
            try templates.render("table", table.values),
            try templates.render("facts", Facts([.init(text, cell, note: text)]).values),
            try templates.render("empty", EmptyState(text, hint: text).values),
            try templates.render("problem", ProblemBox(code: text, text, hint: text).values),
            try templates.render("progress", ProgressBar(text, share: (1, 2)).values),
            try templates.render("field", field.values),
            try templates.render("field", Field("a", text, .line, value: text).values),
            try templates.render("field", Field("b", text, .lines, value: text).values),
            try templates.render("pager", pager.values),
            try templates.render("steps", Steps([step]).values),
            try templates.render(
                "chart",
                Chart(text, names: text, unit: text, bars: [.init(text, 3, href: text)]).values),
            try templates.render(
                "chart",
                Chart(text, names: text, unit: text, bars: [.init(text, 3)], isLying: false).values),
        ]
        var page = Page(title: text, purpose: text, help: text, body: parts.joined())
        page.flash = Flash(.bad, text, hint: text, code: text)
        page.crumbs = [Place(text, text)]
        page.feeds = [Place(text, text)]
        page.modules = [text]
        var frame = Frame(name: text, face: text, root: text, places: [Place(text, text)])
        frame.foot = [text]
        frame.docs = text
        return String(decoding: try frame.html(page, by: templates), as: UTF8.self)
    }

    private func skeleton(_ html: String) -> [String] { Markings(html).skeleton }

    @Test(arguments: hostile) func textNeverBecomesMarkup(_ text: String) throws {
        #expect(skeleton(try page(text)) == skeleton(try page("plain")))
    }

    @Test func aSkeletonSeesWhatGetsOut() {
        #expect(skeleton("<a title=\"x\" onclick=\"\">") != skeleton("<a title=\"x\">"))
        #expect(skeleton("<p><b></p>") != skeleton("<p></p>"))
    }

    @Test func directionsAndControlsAreShownAsSuch() throws {
        let html = try page("\u{202E}evil\u{2066}\u{1B}")
        for scalar in ["\u{202E}", "\u{2066}", "\u{1B}"] as [Unicode.Scalar] {
            #expect(!html.unicodeScalars.contains(scalar))
        }
        #expect(html.contains("\u{FFFD}evil"))
    }

    @Test func nothingInAPageIsForbiddenByItsPolicy() throws {
        let html = try page("plain")
        for word in [" style=", "<style", "javascript:", " onclick", " onload"] {
            #expect(!html.contains(word))
        }
        #expect(!html.contains("<script>"))
    }

    @Test func whereMarkupIsNotEscapedStandsInThisList() {
        let places = TemplateFiles.all.flatMap { name, text in
            text.split(separator: "{{{").dropFirst().map {
                name + " " + $0.prefix { $0 != "}" }
            }
        }
        #expect(
            places.sorted() == [
                "chart svg", "entry checkpoint", "entry note", "frame body",
            ])
        #expect(TemplateFiles.all.values.allSatisfy { !$0.contains("{{&") && !$0.contains("{{%") })
    }

    @Test func theListsNameEveryFile() throws {
        let portal = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Sources/Portal")
        let files = FileManager.default
        let templates = try files.contentsOfDirectory(
            atPath: portal.appending(path: "Templates").path)
        #expect(Set(templates) == Set(TemplateFiles.all.keys.map { $0 + ".mustache" }))
        let assets = try files.contentsOfDirectory(atPath: portal.appending(path: "Assets").path)
        #expect(Set(assets) == Set(Asset.all.keys))
    }

    @Test func aMissingValueHidesAnOuterOne() throws {
        let own = try templates.extended(with: ["outer": "{{#rows}}{{>cell}};{{/rows}}"])
        let inner: Values = [
            "text": "a", "href": .maybe(String?.none), "kind": false, "time": false,
        ]
        let html = try own.render("outer", ["href": "/other", "rows": .list([inner])]).html
        #expect(html == "a;")
    }

    @Test func timesAreToldInUTCAndInAPlace() throws {
        let time = try #require(Timestamp(text: "2026-03-02T14:05:09.123Z"))
        let zone = try #require(TimeZone(identifier: "America/New_York"))
        #expect(TimeText(time).utc == "2026-03-02 14:05 UTC")
        #expect(TimeText(time, in: zone).local == "2026-03-02 09:05 America/New_York")
        #expect(TimeText(time, grain: .hour).utc == "2026-03-02 14:00 UTC")
        #expect(TimeText.length(59_999) == "under a minute")
        #expect(TimeText.length(3_600_000) == "1 h")
        #expect(TimeText.length(90_000_000) == "1 d 1 h")
        let html = try templates.render("time", TimeText(time).values).html
        #expect(
            html
                == "<time datetime=\"2026-03-02T14:05:09.123Z\" data-local>2026-03-02 14:05 UTC</time>"
        )
    }

    @Test func unknownAndMalformedTemplatesAreRefused() {
        #expect { try templates.render("nothing", [:]) } throws: {
            ($0 as? PortalError)?.code == "template-unknown"
        }
        #expect { try templates.extended(with: ["x": "{{#a}}"]) } throws: {
            ($0 as? PortalError)?.code == "template-malformed"
        }
    }

    @Test func thousandsAreParted() {
        #expect(0.parted == "0" && 999.parted == "999" && 1_000.parted == "1,000")
        #expect(1_234_567.parted == "1,234,567" && (-1_234).parted == "-1,234")
        #expect((-123).parted == "-123")
    }
}
