import Plates
import Secrets

/// What an audit counts. Bounded by the roster's parties and the list of purposes, and by one line
/// for each day: what requesters write cannot make it grow.
struct AuditTally: Sendable {
    private struct Key: Hashable {
        let agency: String
        let purpose: String
        let process: String
    }

    private struct Span {
        var name: String
        /// When its roster came into force, by the log's time.
        let since: Hour
        var retired: Timestamp?
    }

    var requests = 0
    var evaluations = 0
    var disclosures = 0
    var unverifiable = 0
    var drills: [Day: AuditDrills] = [:]
    /// The hour in which the first generation became final.
    var begin: Hour?
    private var counters: [Key: AuditCounter] = [:]
    private var spans: [SiteNumber: Span] = [:]

    var residents: Int { counters.count + drills.count + spans.count }

    var sorted: [AuditCounter] {
        counters.values.sorted {
            ($0.agency, $0.purpose, $0.process) < ($1.agency, $1.purpose, $1.process)
        }
    }

    mutating func filed(_ body: RequestBody) {
        requests += 1
        guard body.isDrill else { return }
        drills[body.time.day, default: AuditDrills(day: body.time.day)].filed += 1
    }

    mutating func drilled(_ body: RequestBody) {
        drills[body.time.day, default: AuditDrills(day: body.time.day)].evaluated += 1
    }

    mutating func ended(
        _ state: RequestState, _ outcome: SearchFigure.Outcome, _ confirmation: Confirmation
    ) {
        let body = state.body
        let isKnown =
            Purpose(code: body.purpose) != nil || ProhibitedPurpose(code: body.purpose) != nil
            || body.isDrill
        let key = Key(
            agency: body.agency, purpose: isKnown ? body.purpose : "other",
            process: ProcessKind(rawValue: body.process)?.rawValue ?? "other")
        var counter =
            counters[key]
            ?? AuditCounter(agency: key.agency, purpose: key.purpose, process: key.process)
        counter.filed += 1
        counter.cells += body.cellCount
        counter.plates += body.plateCommitments.count
        switch outcome {
        case .waiting: counter.waiting += 1
        case .lapsed: counter.lapsed += 1
        case .denied: counter.denied += 1
        case .withdrawn: counter.withdrawn += 1
        case .evaluated: counter.evaluated += 1
        case .disclosed: counter.disclosed += 1
        }
        switch confirmation {
        case .none: break
        case .unconfirmed: counter.unconfirmed += 1
        case .confirmed: counter.confirmed += 1
        case .disputed: counter.disputed += 1
        }
        counters[key] = counter
    }

    /// A roster came into force: which sites owe closings from now on, and which no more.
    mutating func sites(from old: Roster, to new: Roster, at time: Timestamp) {
        for site in new.sites {
            let since = spans[site.number]?.since ?? time.hour
            spans[site.number] = Span(name: site.name, since: since)
        }
        for site in old.sites where new.site(site.number) == nil {
            spans[site.number]?.retired = time
        }
    }

    /// Each site with the hours that it owes and has not closed: those that ended more than
    /// late_hours + 1 hours ago, since its first closing, or since it could have closed any. Of those
    /// that it has closed it owes the late tree by the same time, from its first late closing on.
    func sites(in record: Record, at now: Timestamp) -> [AuditSite] {
        let late = Int64(record.roster.policy.lateHours) + 1
        return spans.keys.sorted().compactMap { number in
            guard let span = spans[number] else { return nil }
            let closed = record.closedHours(of: number, .prompt)
            let closedLate = record.closedHours(of: number, .late)
            var missing: [ClosedRange<Hour>] = []
            var missingLate: [ClosedRange<Hour>] = []
            let first = closed.ranges.first?.lowerBound ?? begin.map { max($0, span.since) }
            // The last hour whose end lies more than late_hours + 1 hours back.
            let last = (span.retired ?? now).adding(hours: -late).hour.adding(-1)
            if let first, first <= last { missing = closed.missing(in: first...last) }
            let firstLate = closedLate.ranges.first?.lowerBound ?? last.next
            for range in closed.ranges {
                let (from, to) = (max(range.lowerBound, firstLate), min(range.upperBound, last))
                if from <= to { missingLate += closedLate.missing(in: from...to) }
            }
            return AuditSite(
                site: number, name: span.name, isRetired: span.retired != nil,
                closed: closed.count, unknown: Self.count(missing), ranges: Self.first(missing),
                lateUnknown: Self.count(missingLate), lateRanges: Self.first(missingLate))
        }
    }

    private static func count(_ ranges: [ClosedRange<Hour>]) -> Int {
        ranges.reduce(0) { $0 + Int($1.upperBound.number - $1.lowerBound.number) + 1 }
    }

    private static func first(_ ranges: [ClosedRange<Hour>]) -> [[UInt32]] {
        ranges.prefix(50).map { [$0.lowerBound.number, $0.upperBound.number] }
    }
}

extension AuditSite {
    /// What is unknown of the site, in a sentence each.
    var findings: [Finding] {
        [
            Self.text(ranges).map {
                Finding(
                    code: "cell-unknown",
                    sentence: "site \(site) has not closed \(unknown) hours: \($0)", index: nil,
                    isFault: false)
            },
            Self.text(lateRanges).map {
                Finding(
                    code: "late-unknown",
                    sentence: "site \(site) has not closed the late trees of \(lateUnknown) hours: "
                        + $0, index: nil, isFault: false)
            },
        ].compactMap { $0 }
    }

    private static func text(_ ranges: [[UInt32]]) -> String? {
        guard let first = ranges.first, first.count == 2 else { return nil }
        let more = ranges.count > 1 ? ", and \(ranges.count - 1) further ranges" : ""
        return "\(Hour(number: first[0]).text) to \(Hour(number: first[1]).text)\(more)"
    }
}

extension Record {
    /// How many objects it holds on to, but for rosters, generations and days: one for each of the
    /// statements and ids that are not forgotten.
    var residents: Int {
        var count = indices.count + requests.count + grants.count + destructions.count
        count += rollbacks.count + shreds.count + differences.count + findings.count
        count += hours.values.reduce(0) {
            $0 + $1.recent.count + $1.places.count + $1.prompt.ranges.count + $1.late.ranges.count
        }
        count += prekeys.values.reduce(0) { $0 + $1.count }
        count += spending.values.reduce(0) { $0 + $1.count }
        return count + replyKeys.count + warrants.count + drills.count
    }
}
