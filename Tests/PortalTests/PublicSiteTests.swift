import Foundation
import Ledger
import Plates
import Secrets
import TestSupport
import Testing
import Warrants

@testable import Portal

/// The public pages of a log in which everything has happened once.
struct PublicSiteTests {
    /// Every page by its path.
    private static func pages(_ hamlet: Hamlet) throws -> [(path: String, html: [UInt8])] {
        let site = PublicSite(try hamlet.snapshot())
        return try site.pages.map { path in
            let answer = try #require(try site.answer(path), "\(path)")
            #expect(answer.status == 200 && answer.type == "text/html; charset=utf-8")
            return (path, answer.body)
        }
    }

    @Test func everyPageStandsOnceAndIsSmall() throws {
        let hamlet = try Hamlet()
        defer { hamlet.close() }
        let pages = try Self.pages(hamlet)
        #expect(Set(pages.map(\.path)).count == pages.count)
        #expect(pages.count > hamlet.entries.count + 20)
        for (path, html) in pages {
            #expect(html.count <= 100 * 1_024, "\(path)")
            #expect(path.hasPrefix("/") && path.hasSuffix("/"))
        }
    }

    @Test func everyLinkLeadsSomewhere() throws {
        let hamlet = try Hamlet()
        defer { hamlet.close() }
        let pages = try Self.pages(hamlet)
        var ids: [String: Set<String>] = [:]
        for (path, html) in pages {
            let all = Markings(html).values(of: "id")
            ids[path] = Set(all)
            #expect(ids[path]?.count == all.count, "an id stands twice on \(path)")
        }
        let files = Set(PublicSite.files + ["/checkpoint", "/tally"])
        var count = 0
        for (path, html) in pages {
            let markings = Markings(html)
            for link in markings.values(of: "href") + markings.values(of: "src") {
                // Below any path: nothing begins at a host or at its root.
                #expect(!link.hasPrefix("/") && !link.contains(":"), "\(link) on \(path)")
                let url = try #require(
                    URL(string: link, relativeTo: URL(string: "http://host" + path)))
                let parts = try #require(
                    URLComponents(url: url.absoluteURL, resolvingAgainstBaseURL: true))
                let isThere = ids[parts.path] != nil || files.contains(parts.path)
                #expect(isThere, "\(link) on \(path)")
                if let id = parts.fragment {
                    #expect(ids[parts.path]?.contains(id) == true, "\(link) on \(path)")
                }
                count += 1
            }
        }
        #expect(count > 1_000)
    }

    /// Where nothing stands, however deep it would lie, the style and the overview are found from there.
    @Test func nothingStandsAtAnyDepth() throws {
        let hamlet = try Hamlet()
        defer { hamlet.close() }
        let site = PublicSite(try hamlet.snapshot())
        var sizes: Set<Int> = []
        for depth in [0, 1, 2, 5, 15, 16, 17, 18, 40, 4_000] {
            for end in ["", "/"] {
                let path = "/" + String(repeating: "x/", count: depth) + "y" + end
                let answer = site.missing(path)
                #expect(answer.status == 404 && answer.type == "text/html; charset=utf-8")
                sizes.insert(answer.body.count)
                let markings = Markings(answer.body)
                let host = try #require(URL(string: "http://host" + path))
                let found = markings.values(of: "href").compactMap {
                    URL(string: $0, relativeTo: host)?.absoluteURL.path(percentEncoded: false)
                }
                #expect(found.contains("/assets/style.css"), "\(depth)")
                #expect(found.contains("/") && found.contains("/log/"), "\(depth)")
            }
        }
        // Whoever asks for a long path is not answered with as many steps in every link.
        #expect((sizes.max() ?? 0) < 8_000)
    }

    @Test func everyPageIsWhatBrowsersAndScreenReadersNeed() throws {
        let hamlet = try Hamlet()
        defer { hamlet.close() }
        for (path, html) in try Self.pages(hamlet) {
            let markings = Markings(html)
            let names = markings.tags.map(\.name)
            for one in ["h1", "title", "main", "footer"] {
                #expect(names.filter { $0 == one }.count == 1, "\(one) on \(path)")
            }
            #expect(markings.tags.first { $0.name == "html" }?.attributes["lang"] == "en")
            #expect(markings.values(of: "aria-current").count >= 1)
            for tag in markings.tags where tag.name == "th" {
                #expect(tag.attributes["scope"] != nil, "\(path)")
            }
            #expect(names.filter { $0 == "table" }.count == names.filter { $0 == "caption" }.count)
            // What the Content-Security-Policy forbids is nowhere.
            #expect(!names.contains("style") && markings.values(of: "style").isEmpty)
            for tag in markings.tags {
                #expect(!tag.attributes.keys.contains { $0.hasPrefix("on") }, "\(path)")
                if tag.name == "script" { #expect(tag.attributes["src"] != nil) }
            }
            let empty: Set = [
                "!doctype", "meta", "link", "input", "rect", "line", "progress", "br",
            ]
            for name in Set(names) where !name.hasPrefix("/") && !empty.contains(name) {
                #expect(
                    names.filter { $0 == name }.count == names.filter { $0 == "/" + name }.count,
                    "\(name) on \(path)")
            }
        }
    }

    /// What a roster's names may hold, and a docket; of names, a roster refuses characters that are
    /// not seen.
    static let hostile = [
        "<script>alert(1)</script>", "' onmouseover=alert(1) x='", "a<img src=x onerror=b()>",
        "\u{600}<b>", "x'\u{301} onclick=c()", "{{{body}}}", "&lt;i&gt;", "\u{202E}evil",
        "</pre></table>",
    ]

    @Test(arguments: hostile) func namesAndDocketsNeverBecomeMarkup(_ text: String) throws {
        let plain = try Hamlet()
        let isName = !text.unicodeScalars.contains { "\u{600}\u{202E}".unicodeScalars.contains($0) }
        let hamlet = try Hamlet(named: isName ? text : "Plain", docket: text)
        defer {
            plain.close()
            hamlet.close()
        }
        let seen = try Self.pages(hamlet)
        for (one, other) in zip(try Self.pages(plain), seen) {
            let (left, right) = (Markings(one.html), Markings(other.html))
            // The log's tree differs, and with it nothing but text. A warning is told of what turns
            // the direction, and only of that.
            let turns = text.contains("\u{202E}")
            guard !turns || !one.path.hasPrefix("/log/") else { continue }
            #expect(left.skeleton == right.skeleton, "\(one.path)")
        }
        let all = seen.map { String(decoding: $0.html, as: UTF8.self) }.joined()
        #expect(!all.contains("<script>") && !all.contains("<img"))
        // They are shown, and not only left out.
        func shows(_ page: String, _ words: String) throws -> Bool {
            let html = try #require(seen.first { $0.path == page }).html
            return Markings.unescaped(String(decoding: html, as: UTF8.self))
                .contains(PlainText.harmless(words))
        }
        if isName { #expect(try shows("/policy/", text + " police")) }
        let opening = try #require(
            hamlet.entries.firstIndex {
                (try? UnverifiedStatement(wire: $0))?.type == .opening
            })
        #expect(try shows("/log/\(opening)/", text))
    }

    @Test func anEntryShowsItsBytesAndProvesItsPlace() throws {
        let hamlet = try Hamlet()
        defer { hamlet.close() }
        let snapshot = try hamlet.snapshot()
        let site = PublicSite(snapshot)
        for (index, entry) in hamlet.entries.enumerated() {
            let html = try #require(try site.answer("/log/\(index)/")).body
            let note = Self.pre(html)
            if String(validating: entry, as: UTF8.self) != nil {
                #expect(note.map { Array($0.utf8) } == entry, "entry \(index)")
            } else {
                #expect(note == "ff3c623e")
            }
            let list = try #require(
                Markings.inside(html, from: "<ol class=\"hashes\"", to: "</ol>"))
            let proof = list.split(separator: "<code>").dropFirst().map {
                Digest(hex: String($0.prefix(64))) ?? .zero
            }
            let root = try #require(Digest(hex: snapshot.head.root))
            try Merkle.verifyInclusion(
                leafHash: Merkle.leafHash(entry), index: UInt64(index),
                size: UInt64(hamlet.entries.count), proof: proof, root: root)
        }
    }

    /// The text of the page's first <pre>, as HTML has it: a line feed right behind the tag is none of it.
    private static func pre(_ html: [UInt8]) -> String? {
        Markings.inside(html, from: "<pre", to: "</pre>").map {
            $0.unicodeScalars.first == "\n"
                ? String(String.UnicodeScalarView($0.unicodeScalars.dropFirst())) : $0
        }
    }

    /// Whoever may log anything may log what no page shows well: it is shown all the same, or its
    /// beginning is, and no page is long.
    @Test func whatIsLoggedToDeceiveIsShownAsItIs() throws {
        let marks = String(repeating: "\u{301}", count: 20_000)
        let half = String(repeating: "\u{301}", count: 15_000)
        let quotes = String(repeating: "\"", count: 65_535)
        let hash = String(repeating: "a", count: 64)
        let keys = (0..<60).map { "\"\($0)<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<\":\"\($0)\(hash)>>>>\"" }
        func statement(_ json: String) -> [UInt8] {
            Array(
                ("platevault/grant/v1\n\(Hamlet.origin)\n\(hash)\n\(json)\n\n"
                    + "\u{2014} \(Hamlet.origin)/audit AAAAAAAA\n").utf8)
        }
        let texts = ["\n<b>after a line feed</b>", "\n\n", "\u{FEFF}x"].map { Array($0.utf8) }
        let long = [
            Array(quotes.utf8), [UInt8](repeating: 0xFF, count: 65_535),
            statement("{\"custodian\":\"x\(marks)\"}"), statement("{\"x\(marks)\":{\"y\":1}}"),
            statement("{\"a\":{\"a\":{\"a\":{\"x\(half)\":\"y\(half)\"}}}}"),
        ]
        let hamlet = try Hamlet(
            also: texts + long + [statement("{\(keys.joined(separator: ","))}")])
        defer { hamlet.close() }
        let site = PublicSite(try hamlet.snapshot())
        let first = hamlet.entries.count - texts.count - long.count - 1
        for (place, text) in texts.enumerated() {
            let html = try #require(try site.answer("/log/\(first + place)/")).body
            #expect(Self.pre(html).map { Array($0.utf8) } == text)
            #expect(Markings(html).tags.contains { $0.attributes["data-note"] != nil })
        }
        for index in (first + texts.count)..<hamlet.entries.count {
            let html = try #require(try site.answer("/log/\(index)/")).body
            #expect(html.count <= 100 * 1_024, "entry \(index): \(html.count)")
        }
        for (place, entry) in long.enumerated() {
            let html = try #require(try site.answer("/log/\(first + texts.count + place)/")).body
            let pages = Markings(html)
            #expect(!pages.tags.contains { $0.attributes["data-note"] != nil })
            let shown = Array(try #require(Self.pre(html)).utf8)
            let isText = String(validating: entry, as: UTF8.self) != nil
            let whole =
                isText ? entry : Array(repeating: Array("ff".utf8), count: 65_535).flatMap { $0 }
            #expect(shown.count > 5_000 && whole.starts(with: shown))
            let link = try #require(pages.values(of: "href").first { $0.contains("tile/entries/") })
            #expect(link == "../../tile/entries/000.p/\(hamlet.entries.count)")
            #expect(String(decoding: html, as: UTF8.self).contains("\(entry.count / 1_000),"))
        }
    }

    /// What the front page promises is what the roster and the living keys say.
    @Test func nothingIsPromisedThatDoesNotHold() throws {
        func text(_ policy: Policy, _ path: String) throws -> String {
            let hamlet = try Hamlet(policy: policy)
            defer { hamlet.close() }
            let answer = try #require(try PublicSite(try hamlet.snapshot()).answer(path))
            return String(decoding: answer.body, as: UTF8.self)
        }
        var policy = Policy(purposes: ["09A", "240"])
        policy.unattested = []
        #expect(!(try text(policy, "/")).contains("exigent request may bring later"))
        #expect(try text(policy, "/days/").contains("if their word is true"))
        policy.unattested = [.exigent]
        #expect(try text(policy, "/").contains("exigent request may bring later"))
        // Keys keep what was fixed when they were made, whatever the policy says later.
        let hamlet = try Hamlet()
        defer { hamlet.close() }
        let snapshot = try hamlet.snapshot()
        #expect(snapshot.roster.policy.retentionDays == 30)
        for path in ["/", "/days/", "/policy/"] {
            let html = try #require(try PublicSite(snapshot).answer(path)).body
            #expect(
                String(decoding: html, as: UTF8.self).contains("at most 30 days")
                    || String(decoding: html, as: UTF8.self).contains(">30 days<"), "\(path)")
        }
        #expect(
            PageMaker.longestRetention(
                [(30, .dead), (20, .alive), (25, .dying), (10, .overdue)], else: 7) == 25)
        #expect(PageMaker.longestRetention([(30, .dead)], else: 7) == 7)
    }

    /// A spreadsheet reads scalars, and takes no sign of a formula for a letter because of a mark on it.
    @Test func noFieldIsAFormula() {
        for text in ["=1", "+1", "-1", "@x", "\tx", "=\u{301}1", "+\u{308}", "-\u{20DD}"] {
            let field = Statistics.field(text)
            #expect(field.unicodeScalars.first == "'", "\(text.debugDescription)")
        }
        for (text, field) in [
            ("\r\nx", "\"'\r\nx\""), ("a\r\nb", "\"a\r\nb\""), ("a\"b", "\"a\"\"b\""),
            ("a,\u{301}b", "\"a,\u{301}b\""), ("\"\u{301}x", "\"\"\"\u{301}x\""), ("ab", "ab"),
            ("", ""),
        ] {
            #expect(
                Array(Statistics.field(text).unicodeScalars) == Array(field.unicodeScalars),
                "\(text.debugDescription)")
        }
    }

    @Test func figuresLeadToTheEntriesThatMakeThemUp() throws {
        let hamlet = try Hamlet()
        defer { hamlet.close() }
        let html = try #require(
            try PublicSite(try hamlet.snapshot()).answer("/figures/")
        ).body
        let text = String(decoding: html, as: UTF8.self)
        let kinds = hamlet.entries.map { (try? UnverifiedStatement(wire: $0))?.type }
        func entries(_ id: String) throws -> [Int] {
            let start = try #require(text.firstRange(of: "id=\"\(id)\""), "\(id)")
            let end = try #require(text[start.upperBound...].firstRange(of: "</ul>"))
            return text[start.upperBound..<end.lowerBound].split(separator: "../log/").dropFirst()
                .compactMap { Int($0.prefix { $0 != "/" }) }
        }
        let requests = kinds.indices.filter { kinds[$0] == .request }
        #expect(requests.count == 3)
        #expect(try entries("searches") == requests)
        #expect(try entries("outcome-disclosed") == [requests[0]])
        #expect(try entries("answered") == [requests[0]])
        #expect(try entries("outcome-denied") == [requests[1]])
        #expect(try entries("outcome-waiting") == [requests[2]])
        #expect(try entries("agency-sheriff") == [requests[1]])
        #expect(try entries("agency-police") == [requests[0], requests[2]])
        #expect(
            try entries("refusal-too-broad") == kinds.indices.filter { kinds[$0] == .denial })
        #expect(try entries("decision") == [requests[0], requests[1]])
    }

    @Test func theCalendarTellsTheDaysApart() throws {
        let hamlet = try Hamlet()
        defer { hamlet.close() }
        let site = PublicSite(try hamlet.snapshot())
        let html = try #require(try site.answer("/days/")).body
        let markings = Markings(html)
        let states = markings.tags.filter { $0.name == "span" && $0.attributes["title"] != nil }
            .compactMap { $0.attributes["class"]?.split(separator: " ").last.map(String.init) }
        // 32 days of three custodians; the first is dead but for one who is late with it, another
        // was late; the second is due and nobody has said anything.
        #expect(states.count == 3 * 32)
        #expect(states.filter { $0 == "erased" }.count == 1)
        #expect(states.filter { $0 == "late" }.count == 1)
        #expect(states.filter { $0 == "missing" }.count == 4)
        #expect(states.filter { $0 == "alive" }.count == 3 * 30)
        let text = String(decoding: html, as: UTF8.self)
        #expect(text.contains("overdue: has said nothing") && text.contains("destroyed late"))
        // The overview shows the front of it: one dead day, one overdue, seven of thirty alive.
        let front = try #require(try site.answer("/")).body
        let shown = Markings(front).tags.filter { $0.name == "span" }
            .compactMap { $0.attributes["title"] }
        #expect(shown.count == 3 * 9 && shown.filter { $0.contains("overdue") }.count == 4)
        #expect(String(decoding: front, as: UTF8.self).contains("23 living days follow"))
    }

    @Test func whatDoesNotCountSaysSo() throws {
        let hamlet = try Hamlet()
        defer { hamlet.close() }
        let site = PublicSite(try hamlet.snapshot())
        let last = hamlet.entries.count - 1
        let html = String(
            decoding: try #require(try site.answer("/log/\(last)/")).body, as: UTF8.self)
        #expect(html.contains("This entry counts for nothing."))
        #expect(html.contains("statement-malformed"))
        let list = try #require(try site.answer("/log/kind/refused/")).body
        #expect(Markings(list).values(of: "href").contains("../../../log/\(last)/"))
        let turning = String(
            decoding: try #require(try site.answer("/log/\(last - 1)/")).body, as: UTF8.self)
        #expect(turning.contains("turn the direction"))
    }

    @Test func onlyThePathsOfPagesHaveOne() throws {
        let hamlet = try Hamlet()
        defer { hamlet.close() }
        let site = PublicSite(try hamlet.snapshot())
        for path in [
            "", "//", "/log", "/log//", "/log/01/", "/log/-1/", "/log/+1/", "/log/1", "/log/9999/",
            "/log/page/", "/log/page/1/", "/log/page/99/", "/log/kind/", "/log/kind/nothing/",
            "/log/kind/request/1/", "/log/agency/nobody/", "/log/day/2026-02-30/",
            "/log/day/1999-01-01/", "/requests/1/", "/requests/2/", "/days/1/", "/../", "/./",
            "/log/1/x/", "/%2e/", "/assets/", "/assets/../style.css", "/figures",
        ] {
            #expect(try site.answer(path) == nil, "\(path)")
        }
        let missing = site.missing("/log/nowhere/else")
        #expect(missing.status == 404)
        #expect(Markings(missing.body).values(of: "href").contains("../../assets/style.css"))
        let reading = PublicSite.reading("/", taken: 1_000, of: 100_000)
        let text = String(decoding: reading.body, as: UTF8.self)
        #expect(reading.status == 503 && text.contains("1,000 of 100,000"))
        #expect(Markings(reading.body).values(of: "max") == ["100000"])
    }

    @Test func readsADayAreToldAsTheVaultsWord() throws {
        let hamlet = try Hamlet()
        defer { hamlet.close() }
        let site = PublicSite(try hamlet.snapshot())
        func text(_ path: String) throws -> String {
            String(decoding: try #require(try site.answer(path)).body, as: UTF8.self)
        }
        let (early, late) = (Hamlet.today.adding(-2).text, Hamlet.today.adding(-1).text)
        let front = try text("/")
        #expect(front.contains("By the word of the vault alone"))
        #expect(front.contains("12,340") && front.contains("670") && !front.contains("12,345"))
        let figures = try text("/figures/")
        #expect(figures.contains("the vault has signed a lie"))
        let days = try #require(site.snapshot.tally?.days)
        #expect(days.map(\.day) == [early, late] && days.map(\.isWhole) == [true, false])
        let csv = try text("/days.csv").components(separatedBy: "\r\n")
        #expect(csv.contains { $0.hasPrefix(late) && $0.hasSuffix(",670,3,0") })
        #expect(try site.answer("/tally")?.body == (try hamlet.tally(hamlet.counted)))
    }

    @Test("what the vault has not signed, or not so, is told by no page")
    func aTallyOfOthersIsNone() throws {
        let hamlet = try Hamlet()
        defer { hamlet.close() }
        var unrounded = hamlet.counted
        unrounded[0].reads = 12_345
        for tally in [
            try hamlet.tally(hamlet.counted, by: "audit"), try hamlet.tally(unrounded),
            try hamlet.tally([hamlet.counted[0], hamlet.counted[0]]),
            try hamlet.tally(hamlet.counted, time: Hamlet.noon.adding(days: -2)),
            Array(try hamlet.tally(hamlet.counted).dropLast()), [],
        ] {
            let site = PublicSite(try hamlet.snapshot(tally: tally))
            #expect(site.snapshot.tally == nil)
            #expect(try site.answer("/tally") == nil)
            let front = try #require(try site.answer("/"))
            #expect(
                String(decoding: front.body, as: UTF8.self).contains("does not stand in the log"))
            hamlet.close()
        }
    }

    @Test func theSpecNamesEveryColumnAndFile() throws {
        let page = try SpecPage("Figures")
        for column in Statistics.searchColumns + Statistics.dayColumns {
            #expect(page.shows("`\(column.name)`"), "\(column.name)")
        }
        for file in PublicSite.files + ["/tally"] where !file.hasPrefix("/assets/") {
            #expect(page.shows("`\(file.dropFirst())`"), "\(file)")
        }
    }

    /// A page takes as long in a long log as in a short one, and is as small.
    @Test func pagesDoNotGrowWithTheLog() throws {
        func measure(_ grants: Int) throws -> (seconds: Double, bytes: Int, count: Int) {
            let hamlet = try Hamlet(grants: grants)
            defer { hamlet.close() }
            let site = PublicSite(try hamlet.snapshot())
            let paths = ["/", "/log/", "/log/kind/grant/", "/log/40/", "/days/", "/audit/"]
            var (most, best) = (0, Double.infinity)
            for _ in 0..<9 {
                let clock = ContinuousClock()
                let time = try clock.measure {
                    for path in paths {
                        most = max(most, try #require(try site.answer(path)).body.count)
                    }
                }
                best = min(best, time / .seconds(1))
            }
            return (best, most, site.snapshot.count)
        }
        let (short, long) = (try measure(300), try measure(3_600))
        #expect(long.count > 9 * short.count)
        // Ten times the log: a page that went through it would take ten times as long.
        #expect(long.seconds < 4 * short.seconds, "\(short) to \(long)")
        #expect(long.bytes <= 100 * 1_024)
    }
}
