import Ledger
import Plates
import Secrets
import Tokens
import Warrants
import Wire

// Afterwards: every holder recomputes what others answered, and opens what a request committed to.
extension Custodian {
    /// Ten minutes for each place in the roster: who is first opens, the others need not.
    private static let openingPause: Int64 = 600_000

    /// Recomputes e_S of every request that others have evaluated and this custodian has not, asked
    /// or not (DESIGN section 4), and logs it. What cannot be recomputed is left out: the audit says
    /// who is missing.
    func checkOthers(_ time: Timestamp) throws(CustodyError) {
        guard state.halted == nil, ownIndex != nil else { return }
        let waiting = waiting(CheckBody.self).map(\.request)
        var problem: CustodyError?
        for id in log.record.requestOrder where !waiting.contains(id) {
            guard let request = log.record.request(id), owesCheck(request) else { continue }
            do throws(CustodyError) {
                try check(request, at: time)
            } catch {
                problem = problem ?? error
            }
        }
        if let problem { throw problem }
    }

    /// Own statements of a type that are not in the log yet.
    func waiting<Body: StatementBody>(_: Body.Type) -> [Body] {
        state.outbox.compactMap { item in
            let statement = try? UnverifiedStatement(wire: item.note)
            return try? statement?.unverifiedBody(Body.self)
        }
    }

    /// Whether others have evaluated it, this custodian has not, and its own copy can be opened.
    private func owesCheck(_ request: RequestState) -> Bool {
        let said =
            request.evaluations.map(\.body.custodian) + request.checks.map(\.body.custodian)
        return !request.evaluations.isEmpty && !said.contains(name) && hasKey(to: request)
    }

    /// Whether the own sealed copy of a request can still be opened.
    private func hasKey(to request: RequestState) -> Bool {
        let copy = request.body.sealedCopies.first { $0.custodian == name }
        return copy.map { copy in state.prekeys.contains { $0.day == copy.prekeyDay } } ?? false
    }

    /// One check, if by the log as it was then any of the others was allowed to evaluate: what none
    /// was allowed is not computed here either.
    private func check(_ request: RequestState, at time: Timestamp) throws(CustodyError) {
        let secret = try openCopy(of: request)
        let isLawful = request.evaluations.contains { evaluation in
            // Rounded times may have changed places.
            Judge.verdict(
                on: request.id, secret: secret, in: log.record,
                at: max(evaluation.body.time, request.body.time), before: evaluation.index
            ).refusal == nil
        }
        // Who came later, or was made anew, has nothing to compare.
        guard isLawful, holdsAll(secret.days) else { return }
        let parcel = try partials(secret)
        let body = CheckBody(
            custodian: name, request: request.id,
            digests: try Self.items(of: parcel, request: request.id, secret: secret),
            time: roster.policy.blunt(time))
        try keep(state.sending(try signed(body), at: time))
    }

    /// Keeps what each new request committed to, without any plate, for as long as its embargo
    /// lasts; the sealed copy itself can be opened for some days only.
    func keepOpenings() throws(CustodyError) {
        var next = state
        let kept = Set(state.openings.map(\.request))
        for id in log.record.requestOrder where !kept.contains(id) {
            guard let request = log.record.request(id), request.opening == nil, !request.isDrill,
                hasKey(to: request), let secret = try? openCopy(of: request)
            else { continue }
            let opening = try onLaw { () throws(Refusal) in
                SecretBox(try secret.opening(of: id, by: name).kept())
            }
            next.openings.append(CustodianState.KeptOpening(request: id, secret: opening))
        }
        next.openings.removeAll { log.record.request($0.request)?.opening != nil }
        next.openings.sort { $0.request < $1.request }
        guard next.openings.map(\.request) != state.openings.map(\.request) else { return }
        try keep(next)
    }

    /// Opens what is due: a day's beginning and some minutes, by the place in the roster.
    func openCommitments(_ time: Timestamp) throws(CustodyError) {
        guard ownIndex != nil else { return }
        var next = state
        let waiting = waiting(OpeningBody.self).map(\.request)
        for item in state.openings where !waiting.contains(item.request) {
            guard let request = log.record.request(item.request), request.opening == nil,
                time
                    >= request.embargo.start.adding(
                        milliseconds: Int64(index) * Self.openingPause)
            else { continue }
            var body = try onLaw { () throws(Refusal) in
                try OpeningBody(kept: item.secret.bytes)
            }
            body.time = roster.policy.blunt(time)
            next = next.sending(try signed(body), at: time)
        }
        guard next.outbox.count > state.outbox.count else { return }
        try keep(next)
    }
}
