import Bytes
import Embedded
import Foundation
import Plates
import Portal
import Secrets
import Warrants
import Wire

/// A custodian by the log, by its program's numbers and by what the other mirrors show.
struct CustodianView {
    /// 200: rows of a table of what was given.
    static let limit = 200

    let view: DeskView
    let custodian: Warrants.Custodian
    let health: CustodianHealth?
    let witnesses: Witnesses?
    let problems: [any CodedError]

    private var record: Record { view.record }
    private var roster: Roster { view.roster }
    private var now: Timestamp { view.now }

    /// The values of `custodian_state`.
    var values: Values {
        [
            "problems": .each(
                problems.map { ProblemBox(code: $0.code, DeskFrame.sentence($0.sentence)) }),
            "figures": .maybe(figures), "days": .maybe(days),
            "noDays": .maybe(
                days == nil ? EmptyState("No generation of keys is in use.") : nil),
            "mirrors": .of(mirrors), "machine": .of(machine), "ceremony": .maybe(ceremony),
        ]
    }

    /// What each code of `missing` means, and what to do.
    private static let words = [
        "mirrors-unseen": "too few other mirrors were seen since its start",
        "clock-differs": "its clock differs from what others cosigned",
        "generation-missing": "no generation of keys is final",
        "log-forked": "the log signed two trees",
    ]

    private var figures: Facts? {
        guard let health else { return nil }
        let held = health.oldest.map { $0.number...max($0.number, now.day.number) }?.count ?? 0
        let state =
            health.missing.map {
                Facts.Fact(
                    "State", Table.Cell("not ready", badge: .bad),
                    note: Self.words[$0].map { DeskFrame.sentence($0) } ?? $0)
            } ?? Facts.Fact("State", Table.Cell("ready", badge: .good))
        let next = health.oldest.flatMap { day in
            record.generation(for: day).map { (day: day, due: $0.due(day)) }
        }
        let destruction =
            next.map {
                Facts.Fact(
                    "Next destruction", Table.Cell(TimeText($0.due, in: .current)),
                    note: "of \($0.day.text), "
                        + ($0.due > now
                            ? "in \(TimeText.length($0.due.milliseconds(since: now)))"
                            : "which is due now"))
            } ?? Facts.Fact("Next destruction", Table.Cell("none"))
        return Facts(
            [
                state,
                Facts.Fact(
                    "Days held", Table.Cell(held),
                    note: health.oldest.map { "from \($0.text)" } ?? "no keys"),
                destruction,
                Facts.Fact(
                    "Keys made until", Table.Cell(health.last?.text ?? "none"),
                    note: health.isExtended ? "runs on for want of a successor" : nil),
                Facts.Fact(
                    "Log in the own mirror", Table.Cell(health.logSize),
                    note: health.logSize < record.count
                        ? "\(record.count - health.logSize) behind" : "entries"),
                clock(health),
                Facts.Fact(
                    "Not yet in the log", Table.Cell(health.unpublished),
                    note: health.isWithholding ? "kept out for an hour" : "own statements"),
                Facts.Fact(
                    "Overdue",
                    Table.Cell("\(health.overdue)", badge: health.overdue > 0 ? .bad : nil),
                    note: "generations with a day past its time"),
            ], isLarge: true)
    }

    /// Its clock beside the times at which others cosigned last. They do every hour, so that an
    /// honest one is some minutes ahead of that.
    private func clock(_ health: CustodianHealth) -> Facts.Fact {
        guard let ahead = health.ahead else {
            return Facts.Fact(
                "Clock", Table.Cell("not compared", badge: .warn),
                note: "too few others seen; \(health.behind / 1_000) s behind this machine's")
        }
        return Facts.Fact(
            "Clock",
            health.isClockOff
                ? Table.Cell("differs", badge: .bad) : Table.Cell("agrees", badge: .good),
            note: "\(ahead.magnitude / 1_000) s \(ahead < 0 ? "before" : "after") "
                + "\(roster.threshold.t) others cosigned last; they do every hour")
    }

    private var ceremony: Facts? {
        guard let ceremony = record.newestProposed, record.isUnderWay(ceremony) else { return nil }
        return Facts([
            Facts.Fact("Generation", Table.Cell("\(ceremony.number) from \(ceremony.first.text)")),
            Facts.Fact("Given up at", Table.Cell(TimeText(ceremony.deadline, in: .current))),
            Facts.Fact("Missing", Table.Cell(ceremony.missing.joined(separator: ", "))),
        ])
    }

    /// The days of the last weeks, newest first: what has become of each, and this custodian's part.
    private var days: Table? {
        let all = record.days(upTo: now).suffix(40).reversed()
        let reports = all.compactMap { record.report(on: $0, at: now) }
        guard !reports.isEmpty else { return nil }
        return Table(
            "Days, newest first",
            heads: ["Day", "Of all custodians", "Here", "Due", "Erased here"],
            rows: reports.map { report in
                let place = report.erasedBy.firstIndex(of: custodian.id)
                let kind: Badge.Kind =
                    switch report.verdict {
                    case .alive: .calm
                    case .dying: .warn
                    case .dead: .good
                    case .overdue: .bad
                    }
                let here: Table.Cell =
                    if place != nil {
                        Table.Cell("erased", badge: .good)
                    } else if report.late.contains(custodian.id) {
                        Table.Cell("overdue", badge: .bad)
                    } else if !report.holders.contains(custodian.id)
                        || report.gone.contains(custodian.id)
                    {
                        Table.Cell("not held", badge: .calm)
                    } else {
                        Table.Cell("held", badge: .calm)
                    }
                return [
                    Table.Cell(report.day.text), Table.Cell(report.verdict.rawValue, badge: kind),
                    here, Table.Cell(TimeText(Timestamp(milliseconds: report.due), in: .current)),
                    place.map {
                        Table.Cell(
                            TimeText(
                                Timestamp(milliseconds: report.erasedAt[$0]), in: .current))
                    } ?? Table.Cell(""),
                ]
            }, whole: [0], hidesCaption: true)
    }

    /// What the mirrors show, asked just now.
    private var mirrors: Table {
        Table(
            "Custodians' mirrors, asked just now",
            heads: ["Custodian", "Entries", "Cosigned", "State"],
            rows: roster.custodians.map { one in
                let name = one.id == custodian.id ? "\(one.id) (this one)" : one.id
                guard let shown = witnesses?.shown.first(where: { $0.custodian == one.id }) else {
                    let problem = witnesses?.problems[one.id]?.code ?? "not asked"
                    return [
                        Table.Cell(name), Table.Cell(""), Table.Cell(""),
                        Table.Cell(problem, badge: .bad),
                    ]
                }
                let behind = record.count > shown.size ? record.count - shown.size : 0
                return [
                    Table.Cell(name), Table.Cell(shown.size),
                    Table.Cell(TimeText(shown.time, in: .current)),
                    behind == 0
                        ? Table.Cell("agrees", badge: .good)
                        : Table.Cell("\(behind) entries behind", badge: .warn),
                ]
            }, numbers: [1], hidesCaption: true)
    }

    private var machine: Facts {
        Facts([
            Facts.Fact("Custodian", Table.Cell("\(custodian.name) (\(custodian.id))")),
            Facts.Fact("Institution", Table.Cell(custodian.institution)),
            Facts.Fact("Place", Table.Cell(custodian.place)),
            Facts.Fact("Administrator", Table.Cell(custodian.administrator)),
            Facts.Fact(
                "Slot of the root key", Table.Cell(custodian.slot.rawValue),
                note: "by the roster; what it proves stands in Docs/Trust.md"),
            Facts.Fact("Log", Table.Cell("\(record.count.parted) entries seen by this desk")),
            Facts.Fact("Roster", Table.Cell(roster.hash.hex)),
        ])
    }

    /// Site keys that this custodian granted, newest first.
    var grants: Table? {
        let own = record.grants.filter { $0.body.custodian == custodian.id }.reversed()
        guard !own.isEmpty else { return nil }
        return Table(
            own.count > Self.limit ? "The newest \(Self.limit) of \(own.count)" : "Grants",
            heads: ["When", "Site", "From hour", "To hour", "Entry"],
            rows: own.prefix(Self.limit).map { grant in
                let name = roster.sites.first { $0.number == grant.body.site }?.name ?? "unknown"
                return [
                    Table.Cell(TimeText(grant.body.time, in: .current)),
                    Table.Cell("\(grant.body.site) \(name)"), Table.Cell(grant.body.firstHour.text),
                    Table.Cell(grant.body.lastHour.text), Table.Cell(grant.index),
                ]
            }, numbers: [4], whole: [2, 3])
    }

    /// Requests that this custodian answered, and answers of others that it checked, newest first.
    var answers: Table? {
        var rows: [(index: UInt64, cells: [Table.Cell])] = []
        for state in record.allRequests {
            func row(_ what: String, _ kind: Badge.Kind, _ time: Timestamp, _ index: UInt64)
                -> [Table.Cell]
            {
                [
                    Table.Cell(TimeText(time, in: .current)), Table.Cell(what, badge: kind),
                    Table.Cell(state.body.agency),
                    Table.Cell("\(state.body.purpose), \(state.body.process)"),
                    Table.Cell(state.confirmation(roster.threshold).description),
                    Table.Cell(String(state.id.hex.prefix(16))), Table.Cell(index),
                ]
            }
            for one in state.evaluations where one.body.custodian == custodian.id {
                rows.append((one.index, row("answered", .good, one.body.time, one.index)))
            }
            for one in state.checks where one.body.custodian == custodian.id {
                rows.append((one.index, row("checked", .calm, one.body.time, one.index)))
            }
        }
        guard !rows.isEmpty else { return nil }
        return Table(
            "Answers and checks, newest first",
            heads: ["When", "What", "Agency", "For", "Confirmation", "Request", "Entry"],
            rows: rows.sorted { $0.index > $1.index }.prefix(Self.limit).map { $0.cells },
            numbers: [6])
    }

    /// Answers of others that this custodian has not checked, the oldest first.
    var owed: Table? {
        let owing = record.allRequests.filter { state in
            !state.evaluations.isEmpty
                && !state.evaluations.contains { $0.body.custodian == custodian.id }
                && !state.checks.contains { $0.body.custodian == custodian.id }
        }
        guard !owing.isEmpty else { return nil }
        return Table(
            "Checks that are owed", heads: ["Until", "Left", "Agency", "Request", "Entry"],
            rows: owing.map { state in
                let first = state.evaluations.map(\.body.time).min() ?? state.body.time
                let due = first.adding(hours: 24)
                return [
                    Table.Cell(TimeText(due, in: .current)),
                    RequestWords.left(until: due, at: now), Table.Cell(state.body.agency),
                    Table.Cell(String(state.id.hex.prefix(16))), Table.Cell(state.request.index),
                ]
            }, numbers: [4])
    }
}
