import Plates
import Warrants

// `/figures/`: each figure with the entries that make it up. `/requests/`: the searches one by one.

/// One way in which searches are counted.
struct FigureGroup: Sendable {
    let id: String
    let title: String
    let name: String
    /// What each of its figures counts.
    var unit = "Searches"
    let counts: @Sendable (Figures) -> [FigureCount]
    let word: @Sendable (PageMaker, String) -> String

    /// A place on the page of figures.
    func anchor(_ name: String) -> String { "\(id)-\(name)" }

    static let all: [FigureGroup] = [
        FigureGroup(
            id: "agency", title: "By agency", name: "Agency", counts: { $0.counted(by: \.agency) },
            word: { $0.agency($1) }),
        FigureGroup(
            id: "process", title: "By legal process", name: "Process",
            counts: { $0.counted(by: \.process) }, word: { Words.process($1) }),
        FigureGroup(
            id: "offence", title: "By class of offence", name: "Class",
            counts: { $0.counted(by: \.offence.rawValue) },
            word: { OffenceClass(rawValue: $1)?.name ?? $1 }),
        FigureGroup(
            id: "outcome", title: "By outcome", name: "Outcome",
            counts: { $0.counted(by: \.outcome.rawValue) }, word: { $1 }),
        FigureGroup(
            id: "confirmation", title: "How far custodians agree on the answer", name: "Agreement",
            counts: { $0.counted(by: \.confirmation) }, word: { Words.confirmation($1).text }),
        FigureGroup(
            id: "refusal", title: "Why institutions said no", name: "Reason",
            unit: "Institutions, of each search once", counts: \.refusals,
            word: { Words.denial($1) }),
    ]
}

/// A figure with the entries that make it up.
private struct FigureRow {
    let id: String
    let name: String
    let entries: [UInt64]
}

extension PageMaker {
    /// 1,200: how many links to entries the page of figures has at most, so that it stays small.
    private static let mostLinks = 1_200

    func figures() throws(PortalError) -> Page {
        let figures = snapshot.figures
        let decided = figures.decision?.searches.map(\.entry) ?? []
        var groups: [(title: String, rows: [FigureRow])] = [
            (
                "All",
                [
                    FigureRow(
                        id: "searches", name: "Searches asked for",
                        entries: figures.searches.map(\.entry)),
                    FigureRow(
                        id: "answered", name: "Answered by custodians",
                        entries: figures.answered.map(\.entry)),
                    FigureRow(id: "decision", name: decisionText, entries: decided),
                ]
            )
        ]
        groups += FigureGroup.all.map { group in
            (
                group.title,
                group.counts(figures).map {
                    FigureRow(
                        id: group.anchor($0.name), name: group.word(self, $0.name),
                        entries: $0.entries)
                }
            )
        }
        let rows = groups.reduce(0) { $0 + $1.rows.count }
        let most = max(3, min(60, Self.mostLinks / max(1, rows)))
        var page = try page(
            "Figures and their entries",
            "Each figure of the last 30 days, with the entries of the log that make it up.",
            help: "Spec/Figures.md", "figures",
            [
                "from": .of(TimeText(.init(milliseconds: figures.from))),
                "until": .of(TimeText(snapshot.now)), "tally": .list(tally),
                "groups": .list(
                    groups.map { group in
                        [
                            "title": .text(group.title), "isEmpty": .flag(group.rows.isEmpty),
                            "rows": .list(
                                group.rows.map { figure($0, most: most) }),
                        ]
                    }),
            ])
        page.place = "requests/"
        page.crumbs = [Place("Searches", "requests/")]
        return page
    }

    /// The reads of each day, as the vault counts them, beside the hours that the log has of it.
    private var tally: [Values] {
        guard let tally = snapshot.tally else { return [] }
        let rows = tally.days.suffix(Int(Figures.ordinaryDays)).map { one in
            [
                Table.Cell(one.day), Table.Cell(one.reads), Table.Cell(one.hours),
                one.isWhole
                    ? Table.Cell(one.closed) : Table.Cell(one.closed.parted, badge: .warn),
            ]
        }
        return [
            [
                "signed": .of(TimeText(tally.time)),
                "hasClosed": .flag(!snapshot.entries(of: .hourClosed).isEmpty),
                "table": .of(
                    Table(
                        "Reads of each day, by the vault's word",
                        heads: ["Day", "Reads", "Hours counted", "Hours closed in the log"],
                        rows: rows, numbers: [1, 2, 3])),
            ]
        ]
    }

    private var decisionText: String {
        guard let decision = snapshot.figures.decision else { return "None was decided" }
        return "Decided; the median took \(length(decision.median))"
    }

    private func figure(_ row: FigureRow, most: Int) -> Values {
        let count = row.entries.count
        return [
            "id": .text(row.id), "name": .text(row.name), "count": .number(count),
            "entries": .list(
                row.entries.prefix(most).map {
                    ["number": .text("\($0)"), "href": .text(to("log/\($0)/"))]
                }),
            "more": .maybe(count > most ? (count - most).parted : nil),
        ]
    }

    /// The searches, newest first: a page of them, from 1.
    func searches(_ number: Int) throws(PortalError) -> Page? {
        let all = Array(snapshot.figures.searches.reversed())
        guard let list = Paging(count: all.count, page: number) else { return nil }
        let table = Table(
            "Searches of the last 30 days, newest first",
            heads: [
                "Entry", "Filed", "Agency", "Purpose", "Process", "Hours × plates", "Outcome",
                "Agreement",
            ], rows: all[list.range].map(row))
        let root = root
        var page = try page(
            "Searches",
            "Every search that was asked for in the last 30 days: by whom, for what, and what came of "
                + "it.", "searches",
            [
                "isEmpty": .flag(all.isEmpty),
                "empty": .of(EmptyState("Nobody has asked for a search in the last 30 days.")),
                "table": .of(table),
                "pager": .of(
                    Pager(
                        page: number, pages: list.pages,
                        about: Words.count(all.count, "search", "searches")
                    ) { root + ($0 == 1 ? "requests/" : "requests/\($0)/") }),
            ])
        page.place = "requests/"
        page.isWide = true
        page.feeds = [Place("Requests", "requests.atom")]
        return page
    }

    private func row(_ search: SearchFigure) -> [Table.Cell] {
        let outcome = search.outcome.badge
        let agreement = Words.confirmation(search.confirmation)
        return [
            entry(search.entry), Table.Cell(time(search.filed)),
            Table.Cell(agency(search.agency), href: to("log/agency/\(search.agency)/")),
            Table.Cell(Words.purpose(search.purpose)), Table.Cell(Words.process(search.process)),
            Table.Cell("\(search.cells.parted) × \(search.plates)"),
            Table.Cell(outcome.text, badge: outcome.kind),
            search.confirmation == "none"
                ? Table.Cell("–") : Table.Cell(agreement.text, badge: agreement.kind),
        ]
    }
}

/// Which of a long list stands on a page.
struct Paging: Sendable {
    let range: Range<Int>
    let pages: Int

    /// A page of a list, from 1; nil where the list has no such page. An empty list has one.
    init?(count: Int, page: Int, length: Int = PageMaker.length) {
        pages = max(1, (count + length - 1) / length)
        guard (1...pages).contains(page) else { return nil }
        range = (page - 1) * length..<min(count, page * length)
    }
}
