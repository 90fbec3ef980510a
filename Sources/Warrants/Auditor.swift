public import Plates
import Secrets

/// Goes through a log once, entry by entry, and asks of every act whether it was allowed when it was
/// done. Anybody can: it needs no key and no account, and its memory does not grow with the log.
///
/// That the entries are the log's is shown by whoever reads them (`Inquiry.LogAudit`).
///
///     var auditor = Auditor(trusting: first)
///     for entry in entries { auditor.take(Examined(entry, under: auditor.roster)) }
///     let report = auditor.report(at: now)
public struct Auditor: Sendable {
    /// The log as far as it has been taken in.
    public private(set) var record: Record
    /// The roster in force for the next entry.
    public var roster: Roster { record.roster }

    var findings = FindingList()
    var tally = AuditTally()
    /// Where evaluations without leave stand: they oblige nobody to check them.
    var unbacked: Set<UInt64> = []
    private var chains = ChainWords()
    private var claim: ChainClaim?

    /// An auditor who trusts a log's first roster; with a chain value to be held against what the
    /// custodians have committed to.
    public init(trusting first: Roster, claim: ChainClaim? = nil) {
        record = Record(trusting: first)
        record.leaving = []
        self.claim = claim
    }

    /// The report on the entries of a whole log. Throws what is wrong with its first one.
    public static func report(
        on entries: [[UInt8]], at now: Timestamp
    ) throws(Refusal) -> AuditReport {
        guard let first = entries.first else {
            throw Refusal(.rosterMissing, "the log is empty: no roster, no parties")
        }
        var auditor = Auditor(
            trusting: try Roster.first(try UnverifiedStatement(wire: first)).roster)
        for entry in entries { auditor.take(Examined(entry, under: auditor.roster)) }
        return auditor.report(at: now)
    }

    /// Takes in the log's next entry. Returns why it counts for nothing, or nil.
    @discardableResult
    public mutating func take(_ entry: Examined) -> Refusal? {
        let index = record.count
        let before = record.roster
        let day = record.time.day
        var refused: Refusal?
        switch record.take(entry) {
        case .failure(let refusal):
            findings.fault(refusal.code, refusal.sentence, index)
            refused = refusal
        case .success(let statement):
            judge(statement, at: index, before)
            claim?.hold(against: statement, in: record)
        }
        guard record.time.day != day else { return refused }
        for state in record.leaving ?? [] { settle(state, at: record.time) }
        record.leaving = []
        chains.forget(before: record.time.day.adding(-2 * Record.memoryDays))
        return refused
    }

    private mutating func judge(_ statement: AnyStatement, at index: UInt64, _ before: Roster) {
        switch statement {
        case .roster(let next, _): tally.sites(from: before, to: next, at: record.time)
        case .request(let statement): tally.filed(statement.body)
        case .evaluation(let statement):
            judge(Logged(index: index, statement: statement))
        case .disclosure(let statement):
            judge(Logged(index: index, statement: statement))
        case .opening(let statement):
            guard let state = record.request(statement.body.request) else { return }
            judge(statement.body, of: state, at: index)
        case .grant(let statement): judge(statement.body, at: index)
        case .generation(let statement): judge(statement.body, at: index)
        case .dayDestroyed(let statement):
            for finding in chains.differing(statement.body, at: index) { findings.add(finding) }
        case .difference(let statement): judge(statement.body, at: index)
        case .rolledBack(let statement):
            findings.notice(
                "rolled-back",
                "\(statement.body.custodian) found its state at \(statement.body.found.text) after "
                    + "it had announced \(statement.body.announced.text), and erased forward", index
            )
        case .shred(let statement):
            findings.notice(
                "shred",
                "\(statement.body.custodian) has erased all it held of generation "
                    + "\(statement.body.generation)", index)
        case .shareLost(let statement):
            findings.notice(
                "share-lost",
                "\(statement.body.custodian) has lost its share of generation "
                    + "\(statement.body.generation); whether somebody has it, it cannot say", index)
        case .successor:
            findings.notice(
                "log-succeeded",
                "\(statement.signers.joined(separator: ", ")) gave the log a new key",
                index)
        default: break
        }
    }

    /// Grants only to sites of the roster, from late_hours back to prefetch_hours ahead.
    private mutating func judge(_ body: GrantBody, at index: UInt64) {
        if roster.site(body.site) == nil {
            findings.fault(
                "grant-unknown-site",
                "\(body.custodian) gave keys to site \(body.site), which the roster lacks", index)
            return
        }
        let earliest = body.time.hour.adding(-Int64(roster.policy.lateHours))
        let latest = body.time.hour.adding(Int64(roster.policy.prefetchHours))
        guard body.firstHour < earliest || body.lastHour > latest else { return }
        findings.fault(
            "grant-outside-window",
            "\(body.custodian) gave site \(body.site) keys outside \(earliest.text) to "
                + latest.text, index)
    }

    /// Finals that differ void a generation.
    private mutating func judge(_ body: GenerationBody, at index: UInt64) {
        guard case .final = body, let state = record.generations[body.number] else { return }
        if state.isFinal, tally.begin == nil { tally.begin = body.time.hour }
        for dispute in state.disputes where dispute.custodians.contains(body.custodian) {
            findings.fault(
                "generation-void",
                "generation \(state.number): these do not agree on subset \(dispute.mask): "
                    + state.camps(of: dispute.mask).joined(separator: " against "), index)
        }
    }

    /// The report as of a time, with everything that the silence until then says. Where the log could
    /// not be read to its end, silence says nothing: nobody is blamed for what may stand there.
    public func report(at now: Timestamp, isWhole: Bool = true) -> AuditReport {
        var last = self
        let heard = isWhole ? now : Timestamp(milliseconds: 0)
        for state in record.allRequests { last.settle(state, at: heard) }
        if record.rosters.isEmpty { last.findings.fault("roster-missing", "the log has no roster") }
        last.settleGenerations(at: now)
        let days = record.days(upTo: now).compactMap { record.report(on: $0, at: now) }
        if isWhole { for finding in days.compactMap(Self.overdue) { last.findings.add(finding) } }
        let sites = tally.sites(in: record, at: heard)
        for finding in sites.flatMap(\.findings) { last.findings.add(finding) }
        if let finding = claim?.finding(in: record) { last.findings.add(finding) }
        return AuditReport(
            origin: record.origin, at: now.milliseconds, entries: record.count,
            roster: roster.hash.hex, custodians: roster.threshold.n, threshold: roster.threshold.t,
            requests: last.tally.requests, evaluations: last.tally.evaluations,
            disclosures: last.tally.disclosures, unverifiable: last.tally.unverifiable,
            counters: last.tally.sorted,
            drills: last.tally.drills.values.sorted { $0.day < $1.day },
            sites: sites, days: days, findings: last.findings.sorted,
            omitted: last.findings.omitted)
    }

    /// A day that should be dead, or a custodian that is late with its own part.
    private static func overdue(_ report: DayReport) -> Finding? {
        if report.verdict == .overdue {
            let names = (report.late + report.gone).sorted().joined(separator: ", ")
            return Finding(
                code: "day-overdue",
                sentence: "\(report.day.text) should be dead; not erased by the word of: \(names)",
                index: nil)
        }
        guard !report.late.isEmpty else { return nil }
        let names = report.late.joined(separator: ", ")
        return Finding(
            code: "custodian-late",
            sentence: "\(report.day.text) is dead, but these have not erased it: \(names)",
            index: nil)
    }

    /// How many objects it holds on to, for tests: it must not grow with the log.
    var residents: Int { record.residents + findings.kept.count + tally.residents + chains.count }
}

/// What custodians said of the chain that a destruction leaves: of one subset, all the same.
private struct ChainWords: Sendable {
    private struct Place: Hashable {
        let generation: UInt32
        let day: Day
        let mask: SubsetMask
    }

    private var said: [Place: [(commit: Digest, custodians: [String])]] = [:]

    var count: Int { said.count }

    mutating func differing(_ body: DayDestroyedBody, at index: UInt64) -> [Finding] {
        var findings: [Finding] = []
        for next in body.next {
            let place = Place(generation: body.generation, day: body.day, mask: next.mask)
            var camps = said[place] ?? []
            if let camp = camps.firstIndex(where: { $0.commit == next.commit }) {
                camps[camp].custodians.append(body.custodian)
            } else {
                camps.append((next.commit, [body.custodian]))
            }
            said[place] = camps
            guard camps.count > 1 else { continue }
            findings.append(
                Finding(
                    code: "destruction-differs",
                    sentence: "generation \(body.generation), after \(body.day.text), subset "
                        + "\(next.mask): "
                        + camps.map { $0.custodians.joined(separator: ", ") }
                        .joined(separator: " against ") + " do not agree on the next chain",
                    index: index))
        }
        return findings
    }

    mutating func forget(before day: Day) { said = said.filter { $0.key.day >= day } }
}
