import Plates
import Secrets

// By whose leave: attestation, votes and withdrawals of a request, and what its agency still owes.
extension Matter {
    /// Who asks, for whom, and still with the key that the request was filed with.
    func requester() throws(Refusal) {
        guard let agency = roster.agency(ofRequester: body.requester), agency.id == body.agency
        else {
            throw Refusal(.requesterUnknown, "the requester is nobody of a current agency")
        }
        guard state?.request.statement.isCurrent(in: roster) ?? true else {
            throw Refusal(.requesterUnknown, "the requester has another key now than it filed with")
        }
        guard now < agency.agreementEnds.start else {
            throw Refusal(
                .agreementEnded, "the agency's agreement ended on \(agency.agreementEnds.text)")
        }
    }

    func leaveChecks(of state: RequestState) -> [Check] {
        // A canary is nobody's plate: it needs no leave, and can be taken back like any request.
        if body.isDrill { return [Check(name: "withdrawal", verdict: withdrawal(state))] }
        return [
            Check(name: "withdrawal", verdict: withdrawal(state)),
            Check(name: "countersignature", verdict: countersignature(state)),
            Check(name: "attestation", verdict: attestation(state)),
            Check(name: "approvals", verdict: approvals(state)),
        ]
    }

    /// An agency that was given rows says so within a day, or gets no others until it does. An hour is
    /// given for the rounding of times. The request's own rows may be asked for again.
    private func countersignature(_ state: RequestState) -> Verdict {
        let waiting = record.uncountersigned[body.agency] ?? [:]
        let overdue = waiting.filter { id, first in
            id != state.id && first.index < limit && now >= first.time.adding(hours: 24 + 1)
        }
        guard let first = overdue.min(by: { $0.value.index < $1.value.index }) else {
            return .granted
        }
        return .waiting(
            Refusal(
                .countersignatureOverdue,
                "\(body.agency) has not countersigned for a day what the request "
                    + "\(first.key.hex.prefix(16)) was answered with"))
    }

    private func withdrawal(_ state: RequestState) -> Verdict {
        guard state.withdrawals.contains(where: { $0.index < limit }) else { return .granted }
        return .refused(Refusal(.withdrawn, "the request was withdrawn"))
    }

    /// A valid order for exactly these bytes, or a kind of process that needs none and whose warrant
    /// has not been used before.
    private func attestation(_ state: RequestState) -> Verdict {
        var faults: [Refusal] = []
        for order in state.orders where order.index < limit {
            guard let fault = fault(of: order) else { return .granted }
            faults.append(fault)
        }
        if hasUsedWarrant(state) {
            return .refused(
                Refusal(
                    .orderUsed,
                    "a request under that warrant was evaluated already; it takes a new order"))
        }
        if let fault = faults.last { return .refused(fault) }
        let kind = ProcessKind(rawValue: body.process)
        if let kind, roster.policy.unattested.contains(kind) { return .granted }
        return .waiting(
            Refusal(.attestationMissing, "no authority of the roster has attested the request"))
    }

    private func fault(of logged: Logged<OrderBody>) -> Refusal? {
        let order = logged.body
        if roster.authority(order.authority) == nil {
            return Refusal(.authorityUnknown, "the authority is no longer in the roster")
        }
        if !logged.statement.isCurrent(in: roster) {
            return Refusal(
                .authorityUnknown, "the authority has another key now, and has to attest again")
        }
        let isSame =
            order.warrant == body.warrant && order.plateCommitments == body.plateCommitments
            && order.windowCommitment == body.windowCommitment
        if !isSame {
            return Refusal(.orderMismatch, "the order attests other plates, hours or a warrant")
        }
        if order.expires <= now {
            return Refusal(.orderExpired, "the order ended before the evaluation")
        }
        return nil
    }

    private func hasUsedWarrant(_ state: RequestState) -> Bool {
        (record.warrants[body.warrant] ?? []).contains { other in
            guard other != state.id, let earlier = record.request(other) else { return false }
            return earlier.evaluations.contains {
                $0.index < limit && $0.index < state.request.index
            }
        }
    }

    /// t institutions that hold shares, the requester's own never among them.
    private func approvals(_ state: RequestState) -> Verdict {
        let (approving, denying) = state.votes(under: roster, before: limit)
        let own = roster.agency(body.agency)?.institution
        let able = Set(roster.custodians.map(\.institution)).filter { $0 != own }
        let needed = roster.threshold.t
        if able.count - denying.count < needed {
            return .refused(
                Refusal(
                    .denied,
                    "\(denying.count) institutions deny; fewer than \(needed) are left to approve"))
        }
        guard approving.count >= needed else {
            return .waiting(
                Refusal(
                    .approvalsMissing,
                    "\(approving.count) of \(needed) approvals by different institutions"))
        }
        return .granted
    }
}
