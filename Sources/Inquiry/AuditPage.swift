import Bytes
import Plates
public import Warrants

/// An audit's report as one page for people (Docs/Spec/Audit.md): no script, nothing fetched, and
/// everything that comes from the log escaped.
public enum AuditPage {
    /// The most days that the calendar shows; days with something to say are never left out.
    private static let mostDays = 62

    /// The page.
    public static func html(_ report: AuditReport) -> String {
        let title = "Audit of \(report.origin)"
        let body = [
            head(report), glance(report), findings(report), searches(report), calendar(report),
            sites(report), drills(report), log(report), foot(report),
        ].joined(separator: "\n")
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <meta name="color-scheme" content="light dark">
            <title>\(escape(title))</title>
            <style>
            \(AuditPageStyle.css)
            </style>
            </head>
            <body>
            <main>
            \(body)
            </main>
            </body>
            </html>

            """
    }

    /// Text as it may stand anywhere in the page, also in an attribute between quotes.
    static func escape(_ text: String) -> String { MarkupText.escape(text) }

    private static func head(_ report: AuditReport) -> String {
        let faults = report.findings.filter(\.isFault).count + omittedFaults(report)
        let verdict =
            report.isClean
            ? "Nothing is wrong"
            : "\(faults) \(faults == 1 ? "thing is" : "things are") wrong"
        return """
            <header>
            <p class="over">PlateVault audit</p>
            <h1>\(escape(report.origin))</h1>
            <p class="verdict \(report.isClean ? "good" : "bad")"><strong>\(verdict)</strong>
            <span>as of \(escape(time(report.at)))</span></p>
            <p>This page was made from the public log of a licence-plate vault, by a program that anybody \
            can run and that needs nobody’s permission. It read all \(number(report.entries)) entries, \
            checked every signature, and asked of each act whether it was allowed when it was done: a \
            search needs a request, a court’s attestation, and the approval of \(report.threshold) of \
            \(report.custodians) independent institutions; and every day’s keys must be destroyed on time. \
            No plate stands in the log, and none on this page.</p>
            </header>
            """
    }

    private static func omittedFaults(_ report: AuditReport) -> Int {
        let faulty = Set(report.findings.filter(\.isFault).map(\.code))
        return report.omitted.filter { faulty.contains($0.key) }.values.reduce(0, +)
    }

    private static func glance(_ report: AuditReport) -> String {
        let dead = report.days.filter { $0.verdict == .dead }.count
        let overdue = report.days.filter { $0.verdict == .overdue }.count
        let unknown = report.sites.reduce(0) { $0 + $1.unknown }
        let rows = [
            ("Searches asked for", number(report.requests)),
            ("Answers by custodians", number(report.evaluations)),
            ("Results handed over", number(report.disclosures)),
            ("Days destroyed", number(dead)), ("Days overdue", number(overdue)),
            ("Hours nobody accounts for", number(unknown)),
            ("Answers not yet verifiable", number(report.unverifiable)),
        ]
        let items = rows.map { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd></div>" }.joined()
        return "<section aria-label=\"At a glance\"><dl class=\"glance\">\(items)</dl></section>"
    }

    private static func findings(_ report: AuditReport) -> String {
        guard !report.findings.isEmpty else {
            return section("Findings", "<p>None: no faults and no notices.</p>")
        }
        let sorted = report.findings.filter(\.isFault) + report.findings.filter { !$0.isFault }
        let rows = sorted.map { finding in
            let kind = finding.isFault ? "fault" : "notice"
            return [
                "<span class=\"tag \(kind)\">\(kind)</span>",
                finding.index.map { number($0) } ?? "–",
                "\(escape(finding.sentence)) <code>\(escape(finding.code))</code>",
            ]
        }
        let more = report.omitted.sorted { $0.key < $1.key }.map {
            "<p>And \(number($0.value)) more of <code>\(escape($0.key))</code>.</p>"
        }.joined()
        return section(
            "Findings",
            "<p>Faults are what must not be; notices are what is worth knowing. Each has a stable code "
                + "and the place in the log.</p>"
                + table(["Kind", "Entry", "What was found"], rows, numbers: [1]) + more)
    }

    private static func searches(_ report: AuditReport) -> String {
        guard !report.counters.isEmpty else {
            return section("Searches", "<p>Nobody has asked for a search.</p>")
        }
        let heads = [
            "Agency", "Purpose", "Process", "Filed", "Waiting", "Lapsed", "Denied", "Withdrawn",
            "Evaluated", "Disclosed", "Confirmed", "Unconfirmed", "Disputed", "Cells", "Plates",
        ]
        let rows = report.counters.map { counter in
            let purpose = Purpose(code: counter.purpose)?.name ?? counter.purpose
            return [
                escape(counter.agency), escape(purpose), escape(counter.process),
            ]
                + [
                    counter.filed, counter.waiting, counter.lapsed, counter.denied,
                    counter.withdrawn, counter.evaluated, counter.disclosed, counter.confirmed,
                    counter.unconfirmed, counter.disputed, counter.cells, counter.plates,
                ].map { number($0) }
        }
        return section(
            "Searches",
            "<p>Who asked, for what, under which kind of legal process, and what came of it. Each "
                + "request has one outcome, from waiting to disclosed; a cell is one hour at one "
                + "site.</p>" + table(heads, rows, numbers: Set(3..<heads.count), isTight: true))
    }

    private static func calendar(_ report: AuditReport) -> String {
        let holders = report.days.reduce(into: [String]()) { all, day in
            for holder in day.holders where !all.contains(holder) { all.append(holder) }
        }
        guard !holders.isEmpty else {
            return section("Calendar of destruction", "<p>No day has had keys yet.</p>")
        }
        let last = report.days.suffix(mostDays).first?.day ?? Day(number: 0)
        let shown = report.days.filter { $0.day >= last || !$0.late.isEmpty }
        let heads = holders.map { "<th scope=\"col\" class=\"up\"><span>\(escape($0))</span></th>" }
        let rows = shown.reversed().map { day in
            let cells = holders.map { CalendarCell(of: $0, on: day, at: report.at).html }
            return "<tr><th scope=\"row\">\(escape(day.day.text))</th>"
                + "<td class=\"word \(day.verdict.rawValue)\">\(escape(day.verdict.rawValue))</td>"
                + cells.joined() + "</tr>"
        }
        let hidden = report.days.count - shown.count
        let left =
            hidden > 0 ? "<p>\(number(hidden)) earlier days, all in order, are not shown.</p>" : ""
        return section(
            "Calendar of destruction",
            "<p>The keys of each day are held by the custodians, and each must erase its own when the "
                + "day’s first read becomes too old. When enough have, nobody can open that day again. "
                + "What is shown is each custodian’s signed word.</p>" + CalendarCell.legend
                + "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Calendar\">"
                + "<table class=\"calendar\"><thead><tr><th scope=\"col\">Day</th>"
                + "<th scope=\"col\">Verdict</th>\(heads.joined())</tr></thead><tbody>"
                + rows.joined(separator: "\n") + "</tbody></table></div>" + left)
    }

    private static func sites(_ report: AuditReport) -> String {
        let rows = report.sites.map { site in
            [
                "\(site.site)", escape(site.name) + (site.isRetired ? " (retired)" : ""),
                number(site.closed), number(site.unknown), number(site.lateUnknown),
                site.ranges.prefix(5).filter { $0.count == 2 }.map {
                    escape("\(Hour(number: $0[0]).text) to \(Hour(number: $0[1]).text)")
                }.joined(separator: "<br>") + (site.ranges.count > 5 ? "<br>…" : ""),
            ]
        }
        return section(
            "Sites",
            "<p>Each site closes every hour, also a quiet one. An hour that it has not closed is "
                + "unknown, never empty. Of one whose late tree it has not closed, what came late is "
                + "unknown.</p>"
                + table(
                    ["Site", "Name", "Hours closed", "Hours unknown", "Late unknown", "Which"],
                    rows, numbers: [0, 2, 3, 4]))
    }

    private static func drills(_ report: AuditReport) -> String {
        guard !report.drills.isEmpty else { return "" }
        let rows = report.drills.suffix(mostDays).reversed().map {
            [escape($0.day.text), number($0.filed), number($0.evaluated)]
        }
        return section(
            "Drills",
            "<p>Openings of a plate that no car can have, to show that the keys work, and after their "
                + "day that they no longer do.</p>"
                + table(["Day", "Filed", "Evaluated"], rows, numbers: [1, 2]))
    }

    private static func log(_ report: AuditReport) -> String {
        guard let log = report.log else { return "" }
        let cosigned = log.cosignatures.map {
            [
                escape($0.custodian), number($0.size),
                escape(Timestamp(seconds: Int64(clamping: $0.time)).text),
            ]
        }
        let mirrors = log.mirrors.map {
            [escape($0.name), $0.size.map { number($0) } ?? "–", escape($0.verdict)]
        }
        var text =
            "<p>\(number(log.size)) entries under the root <code class=\"long\">\(escape(log.root))"
            + "</code>; \(log.quorum) custodians have cosigned \(number(log.cosigned)) of them.</p>"
        if !cosigned.isEmpty {
            text += table(["Custodian", "Entries cosigned", "When"], cosigned, numbers: [1])
        }
        if !mirrors.isEmpty {
            text += table(["Mirror", "Entries", "Verdict"], mirrors, numbers: [1])
        }
        return section("The log", text)
    }

    private static func foot(_ report: AuditReport) -> String {
        """
        <footer><p>Check it yourself: <code>platevault audit --log URL --roster HASH</code>, with the hash \
        of the log’s first roster from a source that you trust. Roster in force: \
        <code class="long">\(escape(report.roster))</code></p>
        <p>A signed word proves who said it, not that it was done.</p></footer>
        """
    }

    private static func section(_ title: String, _ html: String) -> String {
        "<section><h2>\(title)</h2>\(html)</section>"
    }

    /// A table; what comes in is HTML already.
    private static func table(
        _ heads: [String], _ rows: [[String]], numbers: Set<Int> = [], isTight: Bool = false
    ) -> String {
        func mark(_ column: Int) -> String { numbers.contains(column) ? " class=\"number\"" : "" }
        let head = heads.enumerated().map { "<th scope=\"col\"\(mark($0))>\($1)</th>" }.joined()
        let body = rows.map { row in
            "<tr>" + row.enumerated().map { "<td\(mark($0))>\($1)</td>" }.joined() + "</tr>"
        }
        return "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table\"><table"
            + (isTight ? " class=\"tight\">" : ">")
            + "<thead><tr>\(head)</tr></thead><tbody>" + body.joined(separator: "\n")
            + "</tbody></table></div>"
    }

    /// A number with its thousands parted.
    private static func number(_ value: some BinaryInteger) -> String {
        var text = String(value)
        var place = text.count - 3
        while place > 0 {
            text.insert(",", at: text.index(text.startIndex, offsetBy: place))
            place -= 3
        }
        return text
    }

    static func time(_ milliseconds: Int64) -> String {
        let text = Timestamp(milliseconds: milliseconds).text
        return text.prefix(10) + " " + text.dropFirst(11).prefix(5) + " UTC"
    }
}

/// What a custodian has done about one day.
private struct CalendarCell {
    let kind: String
    let sign: String
    let words: String

    init(of holder: String, on day: DayReport, at now: Int64) {
        guard day.holders.contains(holder) else {
            (kind, sign, words) = ("none", "", "holds no key")
            return
        }
        if let place = day.erasedBy.firstIndex(of: holder), place < day.erasedAt.count {
            let erased = day.erasedAt[place]
            let isLate = erased > day.due + 3_600_000
            let time = AuditPage.time(erased)
            (kind, sign, words) =
                isLate
                ? ("tardy", "✓ late", "erased late, \(time)")
                : erased < day.due
                    ? ("early", "✓ early", "erased early, \(time)")
                    : ("done", "✓", "erased on time, \(time)")
        } else if day.late.contains(holder) {
            (kind, sign, words) = ("missing", "✗", "overdue: has said nothing")
        } else {
            (kind, sign, words) = ("alive", "·", "alive, due \(AuditPage.time(day.due))")
        }
    }

    var html: String {
        let text = AuditPage.escape(words)
        return
            "<td class=\"state \(kind)\" title=\"\(text)\"><span aria-hidden=\"true\">\(sign)</span>"
            + "<span class=\"hidden\">\(text)</span></td>"
    }

    static let legend = """
        <ul class="legend"><li><span class="state done">✓</span> erased on time</li>\
        <li><span class="state tardy">✓ late</span> erased late</li>\
        <li><span class="state early">✓ early</span> erased in an emergency</li>\
        <li><span class="state missing">✗</span> overdue</li>\
        <li><span class="state alive">·</span> alive, not due yet</li></ul>
        """
}
