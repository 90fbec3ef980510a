import Inquiry
import Plates
import Portal
import Secrets
import Warrants

/// The list of the own requests, as its template shows it.
struct InvestigatorListPage {
    /// 50: requests on one page.
    static let length = 50

    let rows: [InvestigatorRow]
    let page: Int
    let grain: TimeText.Grain

    /// For the template `investigator-list`.
    var values: Values {
        let pages = max(1, (rows.count + Self.length - 1) / Self.length)
        let here = min(max(page, 1), pages)
        let shown = rows.dropFirst((here - 1) * Self.length).prefix(Self.length)
        return [
            "isEmpty": .flag(rows.isEmpty),
            "empty": .of(
                EmptyState(
                    "You have filed no request.",
                    hint: "What you file stands here, with what it waits for.")),
            "rows": .list(shown.map(values(of:))),
            "pager": .of(
                Pager(page: here, pages: pages, about: "\(rows.count.parted) requests") {
                    "/?page=\($0)"
                }),
        ]
    }

    private func values(of row: InvestigatorRow) -> Values {
        let deadline: Value
        if row.deadline.isEmpty {
            deadline = false
        } else {
            let time = Timestamp(text: row.deadline).map { TimeText($0, grain: grain) }
            deadline = .values(["time": .maybe(time), "text": .text(row.deadline)])
        }
        return [
            "id": .text(row.id), "short": .text(row.short), "purpose": .text(row.purpose),
            "process": .text(row.process), "cost": .number(row.cost),
            "badge": .of(row.standing.badge), "need": .text(row.standing.need),
            "filed": .of(TimeText(row.filed, grain: grain)), "deadline": deadline,
        ]
    }
}

extension InvestigatorStanding {
    /// The word with its colour.
    var badge: Badge {
        let kind: Badge.Kind =
            switch word {
            case "ready": .good
            case "tell-owner": .warn
            case "over": title == "withdrawn" ? .calm : .bad
            default: .calm
            }
        return Badge(title, kind)
    }
}

/// One request, as its template shows it.
struct InvestigatorRequestPage {
    let state: RequestState
    let view: DeskView
    let progress: RequestProgress
    let matter: InvestigatorMatter?
    let isKept: Bool
    let reasons: [(officer: String, text: String)]

    private var standing: InvestigatorStanding { InvestigatorStanding(state, in: view) }
    private var grain: TimeText.Grain { view.roster.policy.times == .hour ? .hour : .minute }

    /// For the template `investigator-request`.
    var values: Values {
        let acts = InvestigatorActs(state, standing, hasCase: matter != nil)
        return [
            "id": .text(state.id.hex), "badge": .of(standing.badge),
            "need": .text(standing.need), "canOpen": .flag(acts.canOpen), "isKept": .flag(isKept),
            "isOpened": .flag(isKept),
            "openWord": .text(isKept ? "Open it once more" : "Open it"),
            "canTell": .flag(acts.canTell), "canWithdraw": .flag(acts.canWithdraw),
            "hasActs": .flag(acts.canOpen || acts.canTell || acts.canWithdraw || isKept),
            "wholeField": .of(
                Field(
                    "whole", "Ask for whole cells where they are small", .tick,
                    hint: "The vault then learns no row of the plate there; it takes longer.")),
            "matter": matter.map { .of(Self.facts(of: $0)) } ?? false, "facts": .of(facts),
            "hasReasons": .flag(!reasons.isEmpty),
            "reasons": .list(
                reasons.map { ["officer": .text($0.officer), "reason": .text($0.text)] }),
            "steps": .of(steps), "hasMissing": .flag(!progress.missing.isEmpty),
            "missing": .sentences(progress.missing), "next": .text(progress.next),
            "machines": .of(machines),
        ]
    }

    private static func facts(of matter: InvestigatorMatter) -> Facts {
        Facts(
            matter.plates.map { Facts.Fact("Plate", Table.Cell($0)) }
                + matter.window.map { Facts.Fact("Hours and sites", Table.Cell($0)) }
                + [
                    Facts.Fact(
                        "Docket", Table.Cell(matter.docket.isEmpty ? "none" : matter.docket))
                ])
    }

    private var facts: Facts {
        let body = state.body
        let lapse = body.time.adding(days: Int64(view.roster.policy.approvalDays))
        return Facts([
            Facts.Fact("Request", Table.Cell(state.id.hex)),
            Facts.Fact(
                "Purpose",
                Table.Cell("\(body.purpose) \(Purpose(code: body.purpose)?.name ?? "")")),
            Facts.Fact("Process", Table.Cell(body.process)),
            Facts.Fact("Warrant", Table.Cell(body.warrant.hex), note: "SHA-256 of the document"),
            Facts.Fact("Cells", Table.Cell(body.cost), note: "counted once for each plate"),
            Facts.Fact("Lapses", Table.Cell(TimeText(lapse, grain: grain))),
            Facts.Fact("Embargo", Table.Cell(state.embargo.text)),
            Facts.Fact(
                "Confirmation", Table.Cell(progress.confirmation),
                note: InvestigatorOpened.meaning(
                    ofConfirmation: state.confirmation(view.roster.threshold).word)),
        ])
    }

    /// What was done, and what is waited for.
    private var steps: Steps {
        var steps = progress.acts.map { act in
            Steps.Step(
                act.what, act.what.hasPrefix("denied") || act.what == "withdrawn" ? .failed : .done,
                note: "by \(act.by), entry \(act.index)",
                time: Timestamp(text: act.time).map { TimeText($0, grain: grain) })
        }
        switch standing.word {
        case "waits": steps.append(Steps.Step("waits", .now, note: standing.need))
        case "ready": steps.append(Steps.Step("to be opened by you", .now))
        case "tell-owner": steps.append(Steps.Step("the owner to be told by you", .now))
        case "over":
            if state.withdrawals.isEmpty {
                steps.append(Steps.Step(standing.title, .failed, note: standing.need))
            }
        default:
            if state.notice == nil {
                steps.append(
                    Steps.Step("embargo until \(state.embargo.text)", .ahead, note: standing.need))
            }
        }
        return Steps(steps)
    }

    private var machines: Table {
        Table(
            "The custodians' machines", heads: ["Custodian", "Holds entries", "Says so at", ""],
            rows: progress.machines.map { machine in
                [
                    Table.Cell(machine.custodian),
                    machine.entries.map { Table.Cell($0) } ?? Table.Cell("none shown"),
                    machine.time.flatMap { Timestamp(text: $0) }.map { Table.Cell(TimeText($0)) }
                        ?? Table.Cell(""),
                    machine.problem.map { Table.Cell($0, badge: .warn) }
                        ?? Table.Cell("up to date", badge: .good),
                ]
            }, numbers: [1], hidesCaption: true)
    }
}
