import Plates
import Secrets
import Warrants

// `/`: what this deployment is, and how it stands.

extension PageMaker {
    /// 7: how many dead and how many living days the overview shows.
    private static let frontDays = 7

    func overview() throws(PortalError) -> Page {
        let roster = snapshot.roster
        let figures = snapshot.figures
        let front = front(Self.frontDays)
        let values: Values = [
            "ready": .values(readiness), "threshold": .number(roster.threshold.t),
            "custodianCount": .number(roster.threshold.n),
            "retention": .number(longestRetention), "isExigent": .flag(isExigent),
            "siteCount": .text(Words.count(roster.sites.count, "site", "sites")),
            "agencyCount": .text(Words.count(roster.body.agencies.count, "agency", "agencies")),
            "glance": .of(glance), "charts": .each(charts),
            "isQuiet": .flag(figures.searches.isEmpty),
            "quiet": .of(
                EmptyState(
                    "Nobody has asked for a search in the last 30 days.",
                    hint: "Drills, which open no car's plate, are not counted.")),
            "reads": .maybe(readsByDay),
            "readsSigned": .maybe(snapshot.tally.map { TimeText($0.time) }),
            "calendar": .of(front.calendar),
            "following": .maybe(
                front.following > 0
                    ? Words.count(front.following, "living day follows", "living days follow") : nil
            ),
            "hasDays": .flag(!snapshot.report.days.isEmpty),
            "noDays": .of(EmptyState("No day has had keys yet.")),
            "custodians": .of(custodians), "sites": .of(sites), "head": .of(headFacts),
            "mirrors": .maybe(mirrors), "prohibited": .list(prohibited),
        ]
        var page = try page(
            "What is searched, and what is destroyed",
            "This page shows what a vault of licence-plate reads did in the last 30 days, and that its "
                + "keys are destroyed on time.", "overview", values)
        page.place = "overview"
        page.feeds = [
            Place("Requests", "requests.atom"), Place("Destructions", "destructions.atom"),
        ]
        return page
    }

    /// Whether a search may go ahead without an authority's word.
    private var isExigent: Bool { !snapshot.roster.policy.unattested.isEmpty }

    private var readiness: Values {
        let ready = snapshot.figures.readiness
        let have = Words.count(ready.institutions, "institution", "institutions")
        let note =
            "\(have) could answer today; a search needs \(ready.threshold)"
            + (ready.canBeAttested
                ? "." : ", and an authority that attests, of which there is none.")
        return [
            "kind": .text(ready.isPossible ? "good" : "bad"),
            "text": .text(
                ready.isPossible ? "A search is possible now." : "No search is possible now."),
            "note": .text(note),
        ]
    }

    private var glance: Facts {
        let figures = snapshot.figures
        func outcome(_ outcome: SearchFigure.Outcome) -> Int {
            figures.searches.filter { $0.outcome == outcome }.count
        }
        let days = snapshot.report.days
        let overdue = days.filter { $0.verdict == .overdue }.count
        let custodians = snapshot.roster.threshold.n
        return Facts(
            [
                .init(
                    "Searches asked for",
                    .init(figures.searches.count, href: to("figures/#searches")),
                    note: "in the last 30 days"),
                .init(
                    "Answered by custodians",
                    .init(figures.answered.count, href: to("figures/#answered")),
                    note: "by their own signed word"),
                .init(
                    "Rows handed over",
                    .init(outcome(.disclosed), href: to("figures/#outcome-disclosed")),
                    note: "by the word of the vault alone"),
                .init("Denied", .init(outcome(.denied), href: to("figures/#outcome-denied"))),
                .init(
                    "Median time to a decision",
                    .init(
                        figures.decision.map { length($0.median) } ?? "–",
                        href: to("figures/#decision"))),
                .init(
                    "Days destroyed",
                    .init(days.filter { $0.verdict == .dead }.count, href: to("days/"))),
                .init(
                    "Days overdue",
                    overdue == 0
                        ? .init("none", href: to("days/"), badge: .good)
                        : .init("\(overdue.parted)", href: to("days/"), badge: .bad)),
                .init(
                    "Independent custodians",
                    .init("\(figures.independent) of \(custodians)", href: to("policy/#custodians"))
                ),
                .init("Entries in the log", .init(snapshot.head.size, href: to("log/"))),
            ], isLarge: true)
    }

    private var charts: [Chart] {
        let figures = snapshot.figures
        guard !figures.searches.isEmpty else { return [] }
        return [byDay]
            + FigureGroup.all.map { group in
                Chart(
                    group.title, names: group.name, unit: group.unit,
                    bars: group.counts(figures).map {
                        Chart.Bar(
                            group.word(self, $0.name), $0.count,
                            href: to("figures/#\(group.anchor($0.name))"))
                    })
            }
    }

    /// The vault's own word: nil where there is none.
    private var readsByDay: Chart? {
        guard let tally = snapshot.tally, !tally.days.isEmpty else { return nil }
        return Chart(
            "Reads, day by day", names: "Day", unit: "Reads",
            bars: tally.days.suffix(Int(Figures.ordinaryDays)).map {
                Chart.Bar($0.day, Int(clamping: $0.reads), href: to("figures/#reads"))
            }, isLying: false)
    }

    private var byDay: Chart {
        let figures = snapshot.figures
        let counts = Dictionary(grouping: figures.searches) {
            Timestamp(milliseconds: $0.filed).day
        }
        let first = Timestamp(milliseconds: figures.from).day.number + 1
        let days = (first...max(first, snapshot.now.day.number)).map { Day(number: $0) }
        return Chart(
            "Searches asked for, day by day", names: "Day", unit: "Searches",
            bars: days.map {
                let count = counts[$0]?.count ?? 0
                return Chart.Bar(
                    $0.text, count, href: count > 0 ? to("log/day/\($0.text)/") : nil)
            }, isLying: false)
    }

    private var sites: Table {
        Table(
            "Sites: every hour is closed, also a quiet one; an hour that is not is unknown, never empty",
            heads: ["Site", "Name", "Hours closed", "Hours unknown"],
            rows: snapshot.report.sites.map {
                [
                    Table.Cell("\($0.site)"),
                    Table.Cell($0.name + ($0.isRetired ? " (retired)" : "")),
                    Table.Cell($0.closed),
                    $0.unknown == 0
                        ? Table.Cell($0.unknown) : Table.Cell($0.unknown.parted, badge: .warn),
                ]
            }, numbers: [0, 2, 3])
    }

    /// The log's head in facts.
    var headFacts: Facts {
        let head = snapshot.head
        let newest = head.cosignatures.map(\.time).max()
        var facts = [
            Facts.Fact("Entries", .init(head.size, href: to("log/"))),
            Facts.Fact("Root", .init(head.root)),
            Facts.Fact(
                "Signed by the log's key",
                snapshot.isSigned ? .init("yes", badge: .good) : .init("no", badge: .bad)),
            Facts.Fact(
                "Cosigned by",
                .init(
                    head.cosignatures.isEmpty
                        ? "nobody yet" : head.cosignatures.map(\.custodian).joined(separator: ", ")),
                note: "\(head.quorum) make it count"),
        ]
        if let newest {
            let time = Timestamp(seconds: Int64(clamping: newest))
            let age = max(0, snapshot.now.milliseconds(since: time))
            facts.append(
                .init(
                    "Newest cosignature", .init(TimeText(time)),
                    note: "\(TimeText.length(age)) before this page was made"))
        }
        facts.append(.init("First roster", .init(snapshot.firstRoster.hex)))
        return Facts(facts)
    }

    private var mirrors: Table? {
        guard !snapshot.head.mirrors.isEmpty else { return nil }
        return Table(
            "Mirrors that were compared", heads: ["Mirror", "Entries", "Verdict"],
            rows: snapshot.head.mirrors.map {
                let isFault = ["forked", "ahead"].contains($0.verdict)
                return [
                    Table.Cell($0.name), Table.Cell($0.size.map { $0.parted } ?? "–"),
                    Table.Cell(
                        $0.verdict,
                        badge: $0.verdict == "equal" ? .good : isFault ? .bad : .warn),
                ]
            }, numbers: [1])
    }
}
