public import Plates
import Secrets
public import Warrants

/// One matter that waits for a party, by what the log says.
public struct InboxItem: Hashable, Sendable, Encodable {
    /// The request's id.
    public let request: String
    /// What is wanted: `approve-or-deny`, `attest`, `ratify`, `open`, `denied`, `lapsed`,
    /// `withdrawn`, `tell-owner`.
    public let what: String
    /// Who asks.
    public let requester: String
    /// For which purpose, and under which process.
    public let purpose: String
    /// When it was filed.
    public let filed: String
    /// Until when something can be done.
    public let deadline: String

    init(_ state: RequestState, _ what: String, _ deadline: String) {
        request = state.id.hex
        self.what = what
        requester = "\(state.body.requester) of \(state.body.agency)"
        purpose = "\(state.body.purpose), \(state.body.process)"
        filed = state.body.time.text
        self.deadline = deadline
    }
}

extension InboxItem {
    /// What waits for the party `id` at a time, in the order of the log: for an officer requests to
    /// judge, for an authority requests to attest, for a requester what became of the own ones. Nil
    /// where the roster has nobody of that word who could have any.
    public static func all(for id: String, in record: Record, at now: Timestamp) -> [InboxItem]? {
        let roster = record.roster
        let word: (RequestState) -> String?
        if let custodian = roster.custodian(ofOfficer: id) ?? roster.custodian(id) {
            word = { officer(custodian, $0, record, now) }
        } else if roster.authority(id) != nil {
            word = { authority($0, record, now) }
        } else if roster.agency(ofRequester: id) != nil {
            word = { $0.body.requester == id ? requester($0, record, now) : nil }
        } else {
            return nil
        }
        let days = Int64(roster.policy.approvalDays)
        return record.allRequests.filter { !$0.isDrill }.compactMap { state in
            guard let what = word(state) else { return nil }
            let deadline =
                what == "tell-owner"
                ? state.embargo.text : state.body.time.adding(days: days).text
            return InboxItem(state, what, deadline)
        }
    }

    private static func officer(
        _ custodian: Custodian, _ state: RequestState, _ record: Record, _ now: Timestamp
    ) -> String? {
        let roster = record.roster
        let votes = state.votes(under: roster)
        let isVoted = votes.approving.union(votes.denying).contains(custodian.institution)
        // A custodian does not answer without its own officer's approval, however many there are.
        let isDead = isOver(state, record, now) || state.evaluations.count >= roster.threshold.t
        let isOwn = roster.agency(state.body.agency)?.institution == custodian.institution
        return isVoted || isDead || isOwn ? nil : "approve-or-deny"
    }

    private static func authority(
        _ state: RequestState, _ record: Record, _ now: Timestamp
    ) -> String? {
        guard state.orders.isEmpty, state.withdrawals.isEmpty else { return nil }
        // What was evaluated without an order must be ratified, however late.
        if !state.evaluations.isEmpty { return "ratify" }
        return isOver(state, record, now) ? nil : "attest"
    }

    private static func requester(
        _ state: RequestState, _ record: Record, _ now: Timestamp
    ) -> String? {
        if state.disclosures.contains(where: { $0.body.role == .requester }) {
            return state.notice == nil && now >= state.embargo.start ? "tell-owner" : nil
        }
        switch Judge.verdict(on: state.id, secret: nil, in: record, at: now) {
        case .granted: return "open"
        case .waiting: return nil
        case .refused(let refusal): return refusal.code
        }
    }

    private static func isOver(
        _ state: RequestState, _ record: Record, _ now: Timestamp
    ) -> Bool {
        if case .refused = Judge.verdict(on: state.id, secret: nil, in: record, at: now) {
            return true
        }
        return false
    }
}
