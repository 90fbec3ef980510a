import Foundation
import Plates
import Portal
import Secrets
import Warrants

/// What a request says, in words for people, and as parts of a page. Shared by the desks that show
/// requests of others: the officer's and the authority's.
struct RequestWords {
    let state: RequestState
    let view: DeskView

    private var body: RequestBody { state.body }
    private var roster: Roster { view.roster }

    /// Until when it can be evaluated.
    var deadline: Timestamp { body.time.adding(days: Int64(roster.policy.approvalDays)) }

    /// Such as `240 Motor vehicle theft`.
    var purpose: String {
        [body.purpose, Purpose(code: body.purpose)?.name ?? "on no list"].joined(separator: " ")
    }

    /// Such as `search warrant`.
    var process: String { body.process.replacing("-", with: " ") }

    /// The agency's name for people, with its word.
    var agency: String {
        roster.agency(body.agency).map { "\($0.name) (\($0.id))" } ?? body.agency
    }

    /// How the id begins; enough for people.
    var short: String { String(state.id.hex.prefix(16)) }

    /// Such as `1 Main Street`.
    func site(_ number: SiteNumber) -> String {
        let name = roster.sites.first { $0.number == number }?.name
        return "\(number) \(name ?? "unknown")"
    }

    /// A time of a statement, as exact as the policy lets it be.
    func time(_ time: Timestamp) -> TimeText {
        TimeText(time, in: .current, grain: time == time.hour.start ? .hour : .minute)
    }

    /// How long there is left, with a colour.
    static func left(until time: Timestamp, at now: Timestamp) -> Table.Cell {
        let left = time.milliseconds(since: now)
        guard left > 0 else { return Table.Cell("over", badge: .bad) }
        let kind: Badge.Kind = left < 86_400_000 ? .warn : .calm
        return Table.Cell("\(TimeText.length(left)) left", badge: kind)
    }

    /// What is asked, by the log; and with the secret what the log does not show.
    func facts(_ secret: RequestSecret?) -> Facts {
        var facts = [
            Facts.Fact("Purpose", Table.Cell(purpose)),
            Facts.Fact("Process", Table.Cell(process)),
            Facts.Fact("Agency", Table.Cell(agency)),
            Facts.Fact("Requester", Table.Cell(body.requester)),
            Facts.Fact("Filed", Table.Cell(time(body.time)), note: "entry \(state.request.index)"),
            Facts.Fact("Can be answered until", Table.Cell(time(deadline))),
            Facts.Fact(
                "Kept from the public until", Table.Cell(state.embargo.text),
                note: "then custodians open hours, sites and docket; the plate never"),
            Facts.Fact(
                "Size", Table.Cell("\(body.cellCount) hours at sites"),
                note:
                    "for \(body.plateCommitments.count == 1 ? "one plate" : "\(body.plateCommitments.count) plates")"
            ),
            Facts.Fact("Request", Table.Cell(state.id.hex)),
        ]
        if let secret {
            facts.insert(Facts.Fact("Docket", Table.Cell(secret.docket)), at: 2)
        }
        return Facts(facts)
    }

    /// Which hours at which sites, a row for each site.
    func window(_ secret: RequestSecret) -> Table {
        let bySite = Dictionary(grouping: secret.cells, by: \.site).sorted { $0.key < $1.key }
        return Table(
            "Hours at sites that would be searched", heads: ["Site", "Hours (UTC)", "Count"],
            rows: bySite.map { number, cells in
                let hours = cells.map(\.hour).sorted()
                return [
                    Table.Cell(site(number)), Table.Cell(Self.ranges(hours)),
                    Table.Cell(hours.count),
                ]
            }, numbers: [2])
    }

    /// Such as `2026-03-02 06:00 to 08:00, 11:00 to 12:00`.
    static func ranges(_ hours: [Hour]) -> String {
        var ranges: [(from: Hour, to: Hour)] = []
        for hour in hours {
            if let last = ranges.last, last.to == hour {
                ranges[ranges.count - 1].to = hour.next
            } else {
                ranges.append((hour, hour.next))
            }
        }
        func clock(_ hour: Hour) -> String { "\(hour.start.text.dropFirst(11).prefix(5))" }
        var day: Day?
        return ranges.map { from, to in
            let dated = day == from.day ? clock(from) : "\(from.day.text) \(clock(from))"
            day = to.day
            return "\(dated) to " + (to.day == from.day ? clock(to) : "\(to.day.text) \(clock(to))")
        }.joined(separator: ", ")
    }

    /// The orders that stand behind it; nil where there is none.
    var orders: Table? {
        guard !state.orders.isEmpty else { return nil }
        return Table(
            "Orders in the log", heads: ["Attested by", "On", "Holds until", "Embargo", "Entry"],
            rows: state.orders.map { order in
                [
                    Table.Cell(order.body.authority), Table.Cell(time(order.body.time)),
                    Table.Cell(TimeText(order.body.expires, in: .current)),
                    Table.Cell(order.body.embargo?.text ?? "as requested"),
                    Table.Cell(order.index),
                ]
            }, numbers: [4])
    }

    /// What became of a request, as far as it went.
    static func outcome(
        of state: RequestState, in record: Record, at now: Timestamp
    ) -> (word: String, kind: Badge.Kind) {
        if !state.withdrawals.isEmpty { return ("withdrawn", .calm) }
        if !state.disclosures.isEmpty { return ("rows disclosed", .good) }
        if !state.evaluations.isEmpty { return ("evaluated", .good) }
        switch Judge.verdict(on: state.id, secret: nil, in: record, at: now) {
        case .granted: return ("approved", .calm)
        case .waiting: return ("waiting", .calm)
        case .refused(let refusal):
            return (refusal.code.replacing("-", with: " "), .warn)
        }
    }

    /// What agency and requester asked for in the 30 days before, without this request. Of what
    /// `hides` says, what officers decided is left out.
    func history(
        limit: Int = 12, hides: (RequestState) -> Bool = { _ in false }
    ) -> (facts: Facts, table: Table?) {
        let from = view.now.adding(days: -30)
        let all = view.record.allRequests.filter {
            !$0.isDrill && $0.body.agency == body.agency && $0.body.time >= from
                && $0.id != state.id
        }
        let own = all.filter { $0.body.requester == body.requester }
        func outcome(of state: RequestState) -> (word: String, kind: Badge.Kind) {
            hides(state)
                ? ("waiting", .calm) : Self.outcome(of: state, in: view.record, at: view.now)
        }
        func told(_ states: [RequestState]) -> String {
            let words = states.map { outcome(of: $0).word }
            let counts = Dictionary(grouping: words) { $0 }.mapValues(\.count)
            return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
                .map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        }
        var facts = [
            Facts.Fact(
                "Requests of the agency, 30 days", Table.Cell(all.count), note: told(all)),
            Facts.Fact(
                "Of this requester", Table.Cell(own.count),
                note: told(own)),
        ]
        if let agency = roster.agency(body.agency) {
            let spent = view.record.spent(by: agency.id, until: view.now, before: .max)
            facts.append(
                Facts.Fact(
                    "Searched of its budget",
                    Table.Cell("\(spent.parted) of \(agency.budget.parted)"),
                    note: "hours at sites in 30 days, this request included"))
            let holds = view.now < agency.agreementEnds.start
            facts.append(
                Facts.Fact(
                    "Its agreement",
                    Table.Cell(
                        holds ? "holds until \(agency.agreementEnds.text)" : "has ended",
                        badge: holds ? .good : .bad)))
            facts.append(Facts.Fact("Its institution", Table.Cell(agency.institution)))
        }
        let newest = all.reversed().prefix(limit)
        let table = Table(
            all.count > newest.count
                ? "The agency's last \(newest.count) requests of \(all.count)"
                : "The agency's requests",
            heads: ["Filed", "By", "For", "Hours at sites", "What became of it", "Entry"],
            rows: newest.map { state in
                let outcome = outcome(of: state)
                return [
                    Table.Cell(time(state.body.time)), Table.Cell(state.body.requester),
                    Table.Cell("\(state.body.purpose), \(state.body.process)"),
                    Table.Cell(state.body.cellCount),
                    Table.Cell(outcome.word, badge: outcome.kind),
                    Table.Cell(state.request.index),
                ]
            }, numbers: [3, 5])
        return (Facts(facts), newest.isEmpty ? nil : table)
    }
}
