import Plates
import Secrets

// What an audit asks of requests: most of it at the entry itself, by the log before it; what silence
// means, and how a request ended, when it is forgotten or the audit ends.
extension Auditor {
    /// Every evaluation by the log before it: request, attestation, t approvals, no withdrawal.
    mutating func judge(_ logged: Logged<EvaluationBody>) {
        tally.evaluations += 1
        guard let state = record.request(logged.body.request) else { return }
        if state.isDrill, state.evaluations.count == 1 { tally.drilled(state.body) }
        let verdict = Judge.verdict(
            on: state.id, secret: nil, in: record,
            at: max(logged.body.time, state.body.time), before: logged.index)
        if let refusal = verdict.refusal {
            unbacked.insert(logged.index)
            findings.fault(
                "evaluation-unbacked",
                "\(logged.body.custodian) evaluated without leave (\(refusal.code)): "
                    + refusal.sentence, logged.index)
        }
        if let opening = state.opening { judge(logged, of: state, opened: opening.body.cells) }
    }

    /// What was committed to is open now: the evaluations can be held against it.
    mutating func judge(_ opening: OpeningBody, of state: RequestState, at index: UInt64) {
        if opening.cells.count != state.body.cellCount {
            findings.fault(
                "opening-count",
                "the request of entry \(state.request.index) told \(state.body.cellCount) cells in "
                    + "public and named \(opening.cells.count)", index)
        }
        for logged in state.evaluations { judge(logged, of: state, opened: opening.cells) }
    }

    private mutating func judge(
        _ logged: Logged<EvaluationBody>, of state: RequestState, opened cells: [Cell]
    ) {
        let named = Set(cells.map(\.hour.day))
        if let day = logged.body.digests.map(\.day).first(where: { !named.contains($0) }) {
            findings.fault(
                "evaluation-outside-window",
                "\(logged.body.custodian) evaluated \(day.text), which the request does not name",
                logged.index)
        }
        let refusal = Judge.window(
            cells, of: state, in: record, at: logged.body.time, before: logged.index)
        guard let refusal else { return }
        findings.fault(
            "evaluation-outside-window",
            "\(logged.body.custodian) evaluated outside what could be searched (\(refusal.code)): "
                + refusal.sentence, logged.index)
    }

    /// Every disclosure by t evaluations before it; what the requester says that it got is something
    /// that the vault says that it gave.
    mutating func judge(_ logged: Logged<DisclosureBody>) {
        guard let state = record.request(logged.body.request) else { return }
        if logged.body.role == .vault { tally.disclosures += 1 }
        let needed = roster.threshold.t
        if state.evaluations.count < needed {
            findings.fault(
                "disclosure-unbacked",
                "a disclosure after \(state.evaluations.count) of \(needed) evaluations",
                logged.index)
        }
        let given = Set(
            state.disclosures.filter { $0.body.role == .vault }.map(\.body.bundle))
        if logged.body.role == .requester, !given.isEmpty, !given.contains(logged.body.bundle) {
            findings.fault(
                "disclosure-differs", "vault and requester do not name the same answers",
                logged.index)
        }
    }

    /// How a request ended, and what nobody has said of it until `now`.
    mutating func settle(_ state: RequestState, at now: Timestamp) {
        let first = state.evaluations.first
        let confirmation = state.confirmation(threshold(of: state))
        tally.ended(state, outcome(of: state, at: now), confirmation)
        guard let first else { return }
        if case .disputed(let names) = confirmation {
            let last = (state.evaluations.map(\.index) + state.checks.map(\.index)).max()
            findings.fault(
                "evaluation-disputed",
                "holders of the request of entry \(state.request.index) do not agree: "
                    + names.joined(separator: ", "), last)
        }
        guard !state.isDrill else { return }
        if state.body.process == ProcessKind.exigent.rawValue, state.orders.isEmpty {
            findings.notice(
                "exigent-unratified",
                "an exigent request was evaluated and no authority has attested it", first.index)
        }
        disclosure(of: state, at: now)
        if let lawful = state.evaluations.first(where: { !unbacked.contains($0.index) }) {
            checks(of: state, lawful, at: now)
        }
        unbacked.subtract(state.evaluations.map(\.index))
        if state.opening == nil { tally.unverifiable += state.evaluations.count }
        guard now >= state.embargo.start.adding(days: 1) else { return }
        if state.opening == nil {
            findings.fault(
                "opening-overdue",
                "the embargo of the request of entry \(state.request.index) ended on "
                    + "\(state.embargo.text), and none of these has opened it: "
                    + state.body.sealedCopies.map(\.custodian).joined(separator: ", "),
                state.request.index)
        }
        if state.notice == nil {
            findings.notice(
                "notice-overdue",
                "\(state.body.agency) has not said that it gave notice, due on "
                    + state.embargo.text, state.request.index)
        }
    }

    /// With t evaluations a requester can search; who hands rows over says so within a day. Nobody can
    /// tell from the log whether there were any: only that neither has said it.
    private mutating func disclosure(of state: RequestState, at now: Timestamp) {
        let needed = threshold(of: state).t
        guard state.evaluations.count >= needed, state.disclosures.isEmpty else { return }
        let last = state.evaluations[needed - 1]
        // An hour is given for the rounding of times, one for the way to the log.
        guard now >= last.body.time.adding(hours: 26) else { return }
        findings.notice(
            "disclosure-missing",
            "\(needed) custodians have evaluated the request of entry \(state.request.index), and neither "
                + "vault nor requester has said that rows were handed over", last.index)
    }

    func threshold(of state: RequestState) -> Threshold {
        let day = state.evaluations.first?.body.digests.last?.day
        return day.flatMap { record.generation(for: $0)?.threshold } ?? roster.threshold
    }

    /// Every holder with a sealed copy evaluates or checks: within 24 hours of the first evaluation
    /// that had leave, as nobody computes what none was allowed, or before the keys are due. An hour is
    /// given for the rounding of times, one for the way to the log.
    private mutating func checks(
        of state: RequestState, _ first: Logged<EvaluationBody>, at now: Timestamp
    ) {
        let days = Set(first.body.digests.map(\.day))
        let generations = days.compactMap { day in record.generation(for: day).map { (day, $0) } }
        let due = generations.map { $1.due($0) }.min()
        let day = first.body.time.adding(hours: 24)
        let deadline = min(day, due ?? day)
        guard now >= deadline.adding(hours: 2) else { return }
        let said = Set(
            state.evaluations.map(\.body.custodian) + state.checks.map(\.body.custodian))
        let silent = state.body.sealedCopies.map(\.custodian).filter { id in
            !said.contains(id) && roster.custodianIndex(id) != nil
                && generations.allSatisfy { day, generation in
                    let gone = record.erasures(day, in: generation)[id]
                    return generation.roster.custodianIndex(id) != nil
                        && !record.hasLost(generation.number, id)
                        && gone.map { $0.time >= deadline } ?? true
                }
        }
        guard !silent.isEmpty else { return }
        findings.fault(
            "check-missing",
            "the request of entry \(state.request.index) was neither evaluated nor checked by: "
                + silent.joined(separator: ", "), first.index)
    }

    /// What became of a request until a time.
    func outcome(of state: RequestState, at now: Timestamp) -> SearchFigure.Outcome {
        if state.disclosures.contains(where: { $0.body.role == .vault }) { return .disclosed }
        if !state.evaluations.isEmpty { return .evaluated }
        if !state.withdrawals.isEmpty { return .withdrawn }
        if isDenied(state) { return .denied }
        let lapse = state.body.time.adding(days: Int64(roster.policy.approvalDays))
        return now >= lapse ? .lapsed : .waiting
    }

    private func isDenied(_ state: RequestState) -> Bool {
        let own = roster.agency(state.body.agency)?.institution
        let able = Set(roster.custodians.map(\.institution)).filter { $0 != own }
        return able.count - state.votes(under: roster).denying.count < roster.threshold.t
    }
}
