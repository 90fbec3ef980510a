import Secrets
import Warrants

// `/audit/`: what the audit found, and how to make one's own. `/data/`: everything as files.

extension PageMaker {
    /// 100: how many findings the page shows; the report has more.
    private static let mostFindings = 100

    func audit() throws(PortalError) -> Page {
        let report = snapshot.report
        let sorted = report.findings.filter(\.isFault) + report.findings.filter { !$0.isFault }
        let faults = report.findings.filter(\.isFault).count
        let left =
            sorted.count - min(sorted.count, Self.mostFindings)
            + report.omitted.values.reduce(0, +)
        var page = try page(
            "Audit",
            "What a program that reads the whole log finds wrong, and how to run it yourself.",
            help: "Spec/Audit.md", "audit",
            [
                "kind": .text(report.isClean ? "good" : "bad"),
                "verdict": .text(
                    report.isClean
                        ? "Nothing is wrong."
                        : Words.count(faults, "thing is wrong.", "things are wrong.")),
                "entries": .text(Words.count(report.entries, "entry", "entries")),
                "isEmpty": .flag(sorted.isEmpty),
                "empty": .of(EmptyState("No faults and no notices.")),
                "findings": .of(
                    Table(
                        "Faults are what must not be; notices are what is worth knowing",
                        heads: ["Kind", "Entry", "What was found", "Code"],
                        rows: sorted.prefix(Self.mostFindings).map(row))),
                "left": .maybe(left > 0 ? left.parted : nil),
                "firstRoster": .text(snapshot.firstRoster.hex),
            ])
        page.place = "audit/"
        page.modules.append("audit-page.js")
        return page
    }

    private func row(_ finding: Finding) -> [Table.Cell] {
        [
            finding.isFault ? .init("fault", badge: .bad) : .init("notice", badge: .calm),
            finding.index.map(entry) ?? .init("–"), .init(finding.sentence), .init(finding.code),
        ]
    }

    func data() throws(PortalError) -> Page {
        func file(_ name: String, _ text: String) -> [Table.Cell] {
            [.init(name, href: to(name)), .init(text)]
        }
        func columns(_ title: String, _ columns: [Statistics.Column]) -> Value {
            .of(
                Table(
                    title, heads: ["Column", "What it says"],
                    rows: columns.map { [.init($0.name), .init($0.meaning)] }))
        }
        var page = try page(
            "Data",
            "Everything on these pages as files, for spreadsheets, programs and feed readers.",
            help: "Spec/Figures.md", "data",
            [
                "files": .of(
                    Table(
                        "Files", heads: ["File", "What it holds"],
                        rows: [
                            file("searches.csv", "the searches of the last 30 days, one a line"),
                            file("days.csv", "every day that has had keys, and who destroyed them"),
                            file(
                                "figures.json", "both, with the log's head and the columns' meaning"
                            ),
                            file("requests.atom", "a feed of new requests"),
                            file("destructions.atom", "a feed of days destroyed"),
                            file("checkpoint", "the log's checkpoint, with its cosignatures"),
                        ]
                            + (snapshot.tally == nil
                                ? []
                                : [
                                    file(
                                        TallyBody.file,
                                        "how many reads the vault says it holds of each day, signed"
                                    )
                                ]),
                        hidesCaption: true)),
                "searchColumns": columns("Columns of searches.csv", Statistics.searchColumns),
                "dayColumns": columns("Columns of days.csv", Statistics.dayColumns),
            ])
        page.place = "data/"
        page.feeds = [
            Place("Requests", "requests.atom"), Place("Destructions", "destructions.atom"),
        ]
        return page
    }
}

extension PageMaker {
    /// What stands where nothing does.
    func missing() throws(PortalError) -> Page {
        try page(
            "Nothing stands here", "The address names no page of this record.", "missing",
            [
                "empty": .of(
                    EmptyState(
                        "There is no such page.",
                        hint: "Entries of the log stand at /log/ and their number, from 0."))
            ])
    }
}
