import Plates
import Secrets
import Warrants

// `/policy/`: who takes part, what may be asked, and what never.

extension PageMaker {
    /// What no search may be for, here and everywhere.
    var prohibited: [Values] {
        let own = snapshot.roster.policy.prohibited.filter {
            ProhibitedPurpose(rawValue: $0) == nil
        }
        return (ProhibitedPurpose.allCases.map(\.rawValue) + own).map {
            ["use": .text(Words.prohibited($0))]
        }
    }

    /// The custodians, who hold the key shares.
    var custodians: Table {
        Table(
            "Custodians: each holds a share, answers for itself and destroys by itself",
            heads: [
                "Custodian", "Institution", "Where its machine stands", "Administered by", "Slot",
            ],
            rows: snapshot.roster.custodians.map {
                [
                    Table.Cell($0.name), Table.Cell($0.institution), Table.Cell($0.place),
                    Table.Cell($0.administrator), Table.Cell($0.slot.rawValue),
                ]
            })
    }

    func policy() throws(PortalError) -> Page {
        let roster = snapshot.roster
        let policy = roster.policy
        let unattested = policy.unattested.map { Words.process($0.rawValue) }
        var page = try page(
            "Policy",
            "Who takes part here, what may be asked and under which conditions, and what never may.",
            help: "Spec/Roster.md", "policy",
            [
                "threshold": .number(roster.threshold.t),
                "custodianCount": .number(roster.threshold.n),
                "prohibited": .list(prohibited), "rules": .of(Facts(rules)),
                "unattested": .maybe(
                    unattested.isEmpty ? nil : unattested.joined(separator: ", ")),
                "allows": .flag(!policy.purposes.isEmpty),
                "purposes": .of(purposes), "custodians": .of(custodians),
                "agencies": .of(agencies),
                "authorities": .of(
                    Table(
                        "Authorities: they attest that an order stands behind a request",
                        heads: ["Authority", "Word"],
                        rows: roster.body.authorities.map { [.init($0.name), .init($0.id)] })),
                "sites": .of(
                    Table(
                        "Sites: cameras whose reads are sealed here", heads: ["Site", "Name"],
                        rows: roster.sites.map { [.init("\($0.number)"), .init($0.name)] },
                        numbers: [0])),
                "rosterEntry": .of(
                    Facts([
                        .init("Roster in force", .init(roster.hash.hex)),
                        .init(
                            "All rosters of the log",
                            .init(
                                "\(snapshot.entries(of: .roster).count)",
                                href: to("log/kind/roster/"))),
                    ])),
            ])
        page.place = "policy/"
        return page
    }

    private var purposes: Table {
        Table(
            "Purposes that a search may have: offences by their NIBRS codes",
            heads: ["Code", "Purpose", "Class"],
            rows: snapshot.roster.policy.purposes.map {
                [
                    .init($0), .init(Purpose(code: $0)?.name ?? $0),
                    .init(OffenceClass(of: $0).name),
                ]
            }, hidesCaption: true)
    }

    private var agencies: Table {
        Table(
            "Agencies: who may ask, and until when",
            heads: ["Agency", "Institution", "Agreement ends", "Budget: cells in 30 days"],
            rows: snapshot.roster.body.agencies.map {
                let isOver = $0.agreementEnds <= snapshot.now.day
                return [
                    .init($0.name), .init($0.institution),
                    isOver
                        ? .init("over since \($0.agreementEnds.text)", badge: .warn)
                        : .init($0.agreementEnds.text), .init($0.budget),
                ]
            }, numbers: [3])
    }

    private var rules: [Facts.Fact] {
        let policy = snapshot.roster.policy
        func days(_ number: Int) -> Table.Cell { .init(Words.count(number, "day", "days")) }
        func hours(_ number: Int) -> Table.Cell { .init(Words.count(number, "hour", "hours")) }
        return [
            .init(
                "A read lives at most", days(longestRetention),
                note: "then the custodians destroy the day's keys; fixed when keys are made"
                    + (policy.retentionDays == longestRetention
                        ? ""
                        : ", for new ones "
                            + Words.count(policy.retentionDays, "day", "days"))),
            .init("Plates of a request, at most", .init(policy.maxPlates)),
            .init(
                "Cells of a request, at most", .init(policy.maxCells),
                note: "a cell is one hour at one site"),
            .init("A request lapses after", days(policy.approvalDays)),
            .init(
                "Hours and docket are opened after, at most", days(policy.embargoDays),
                note: "unless an order extends it; the plates never are"),
            .init("Rows of an hour may come late by", hours(policy.lateHours)),
            .init("A site has its keys ahead by", hours(policy.prefetchHours)),
            .init(
                "Photos that are kept",
                .init(
                    policy.photos == .none
                        ? "none"
                        : policy.photos == .crop ? "crops of plate and vehicle" : "whole frames")),
            .init(
                "Times in the public log",
                .init(policy.times == .hour ? "to the hour" : "exact"),
                note: "of statements about requests"),
            .init("Drills a day, at most", .init(policy.drillsPerDay)),
        ]
    }
}
