public import Plates
public import Secrets
public import Warrants
public import Wire

/// How far a request is: who did what and when, who is missing, by when, and what comes next. All
/// of it follows from the log, but for how the custodians' machines are just now.
public struct RequestProgress: Sendable, Encodable {
    /// One act that stands in the log.
    public struct Act: Sendable, Encodable {
        /// Such as `filed`, `approved` or `evaluated`.
        public let what: String
        /// The party's word, with its institution where that counts.
        public let by: String
        /// When, by the statement; the beginning of the hour unless the policy says `times exact`.
        public let time: String
        /// The place in the log.
        public let index: UInt64
    }

    /// A custodian's machine, asked just now.
    public struct Machine: Sendable, Encodable {
        /// The custodian's word.
        public let custodian: String
        /// How many entries of the log it holds and vouches for; nil where it shows none.
        public let entries: UInt64?
        /// When it vouched, by its clock.
        public let time: String?
        /// What is wrong with it: that it does not answer, is behind, or shows another log.
        public let problem: String?
    }

    /// The request's id.
    public let request: String
    /// Its requester and agency.
    public let requester: String
    /// Its purpose and process.
    public let purpose: String
    /// The verdict's code: `granted`, or what is missing or speaks against it.
    public let verdict: String
    /// Until when it can be evaluated.
    public let deadline: String
    /// Everything that stands in the log about it, in order.
    public let acts: [Act]
    /// Who has not done what is wanted of them.
    public let missing: [String]
    /// How far the custodians' evaluations agree, and who is outvoted.
    public let confirmation: String
    /// What comes next, and who does it.
    public let next: String
    /// How the custodians' machines are.
    public let machines: [Machine]

    /// Of a request of the log; nil where there is none. `witnesses` are the custodians' mirrors.
    public init?(of id: Digest, in record: Record, witnesses: Witnesses, at now: Timestamp) {
        guard let state = record.request(id) else { return nil }
        let roster = record.roster
        let verdict = Judge.verdict(on: id, secret: nil, in: record, at: now)
        let end = state.body.time.adding(days: Int64(roster.policy.approvalDays))
        request = id.hex
        requester = "\(state.body.requester) of \(state.body.agency)"
        purpose = "\(state.body.purpose), \(state.body.process)"
        self.verdict = verdict.refusal?.code ?? "granted"
        deadline = end.text
        acts = Self.acts(state, roster)
        let wanted = Wanted(state, record, verdict)
        missing = wanted.missing
        confirmation = state.confirmation(roster.threshold).description
        next = wanted.next
        machines = roster.custodians.map { Self.machine($0.id, witnesses, record.count) }
    }

    private static func acts(_ state: RequestState, _ roster: Roster) -> [Act] {
        func act(_ what: String, _ by: String, _ time: Timestamp, _ index: UInt64) -> Act {
            Act(what: what, by: by, time: time.text, index: index)
        }
        func officer(_ id: String) -> String {
            roster.custodian(ofOfficer: id).map { "\(id) of \($0.institution)" } ?? id
        }
        var acts = [act("filed", state.body.requester, state.body.time, state.request.index)]
        acts += state.orders.map { act("attested", $0.body.authority, $0.body.time, $0.index) }
        acts += state.approvals.map {
            act("approved", officer($0.body.officer), $0.body.time, $0.index)
        }
        acts += state.denials.map {
            act(
                "denied (\($0.body.code.rawValue))", officer($0.body.officer), $0.body.time,
                $0.index)
        }
        acts += state.withdrawals.map { act("withdrawn", $0.body.party, $0.body.time, $0.index) }
        acts += state.evaluations.map {
            act("evaluated", $0.body.custodian, $0.body.time, $0.index)
        }
        acts += state.checks.map { act("checked", $0.body.custodian, $0.body.time, $0.index) }
        acts += state.disclosures.map {
            act(
                $0.body.role == .vault ? "handed over" : "countersigned", $0.body.party,
                $0.body.time, $0.index)
        }
        if let opening = state.opening {
            acts.append(
                act("made public", opening.body.custodian, opening.body.time, opening.index))
        }
        if let notice = state.notice {
            acts.append(act("told the owner", notice.body.party, notice.body.time, notice.index))
        }
        return acts.sorted { $0.index < $1.index }
    }

    private static func machine(_ id: String, _ witnesses: Witnesses, _ count: UInt64) -> Machine {
        guard let shown = witnesses.shown.first(where: { $0.custodian == id }) else {
            let problem = witnesses.problems[id]
            return Machine(
                custodian: id, entries: nil, time: nil,
                problem: problem.map { "\($0.sentence) [\($0.code)]" } ?? "was not asked")
        }
        return Machine(
            custodian: id, entries: shown.size, time: shown.time.text,
            problem: shown.size < count ? "is \(count - shown.size) entries behind" : nil)
    }
}

/// What is still wanted of whom.
private struct Wanted {
    var missing: [String] = []
    var next: String

    init(_ state: RequestState, _ record: Record, _ verdict: Verdict) {
        let roster = record.roster
        if case .refused(let refusal) = verdict, state.evaluations.isEmpty {
            next = "nothing: \(refusal.sentence)"
            return
        }
        if case .waiting(let refusal) = verdict, state.evaluations.isEmpty {
            let votes = state.votes(under: roster)
            let own = roster.agency(state.body.agency)?.institution
            let silent = roster.custodians.filter {
                !votes.approving.contains($0.institution) && $0.institution != own
                    && !votes.denying.contains($0.institution)
            }
            if state.orders.isEmpty, refusal.reason == .attestationMissing {
                missing += roster.body.authorities.map { "attestation by \($0.id)" }
            }
            missing += silent.map { "approval by \($0.institution)" }
            next = "\(refusal.sentence); \(roster.threshold.t) institutions must approve"
            return
        }
        let evaluators = Set(state.evaluations.map(\.body.custodian))
        let said = evaluators.union(state.checks.map(\.body.custodian))
        missing += roster.custodians.map(\.id).filter { !said.contains($0) }.map {
            state.evaluations.isEmpty ? "evaluation by \($0)" : "evaluation or check by \($0)"
        }
        if evaluators.count < roster.threshold.t {
            next = "the requester asks the custodians: platevault open"
        } else if !state.disclosures.contains(where: { $0.body.role == .requester }) {
            next = "the requester opens the rows: platevault open"
        } else if state.notice == nil {
            next =
                "when the embargo ends, on \(state.embargo.text), hours and sites become public "
                + "and the agency tells the plate's owner"
        } else {
            next = "nothing: all is done"
        }
    }
}
