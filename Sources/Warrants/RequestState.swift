public import Plates
public import Secrets

/// A request and everything that the log says about it.
public struct RequestState: Sendable {
    /// The request itself.
    public let request: Logged<RequestBody>
    /// Attestations, in order.
    public internal(set) var orders: [Logged<OrderBody>] = []
    /// Approvals, in order; not yet counted by institution.
    public internal(set) var approvals: [Logged<ApprovalBody>] = []
    /// Denials, in order.
    public internal(set) var denials: [Logged<DenialBody>] = []
    /// Withdrawals, in order.
    public internal(set) var withdrawals: [Logged<WithdrawBody>] = []
    /// Evaluations, in order; each custodian at most once.
    public internal(set) var evaluations: [Logged<EvaluationBody>] = []
    /// Checks by holders that did not evaluate, in order; each custodian at most once.
    public internal(set) var checks: [Logged<CheckBody>] = []
    /// Disclosures, in order: the vault's and the requester's.
    public internal(set) var disclosures: [Logged<DisclosureBody>] = []
    /// The opening of window and docket; nil before.
    public internal(set) var opening: Logged<OpeningBody>?
    /// The agency's word that the plate's owner was told; nil before.
    public internal(set) var notice: Logged<NoticeBody>?

    /// The request's id.
    public var id: Digest { request.id }
    /// What the request says.
    public var body: RequestBody { request.body }
    /// The day on which its embargo ends: the request's, or the latest that an order extends it to.
    public var embargo: Day {
        // An order for other plates, hours or another warrant extends nothing.
        orders.map(\.body).filter { order in
            order.warrant == body.warrant && order.plateCommitments == body.plateCommitments
                && order.windowCommitment == body.windowCommitment
        }.compactMap(\.embargo).reduce(body.embargo) { max($0, $1) }
    }
    /// The index of the last statement on which its evaluation rests: the request, its orders, votes
    /// and withdrawals.
    public var lastIndex: UInt64 {
        var indices = [request.index]
        indices += orders.map(\.index) + approvals.map(\.index) + denials.map(\.index)
        return (indices + withdrawals.map(\.index)).max() ?? request.index
    }
    /// Whether it asks for a canary only.
    public var isDrill: Bool { body.isDrill }

    init(_ request: Logged<RequestBody>) { self.request = request }

    /// The institutions that approve and those that deny, counting only entries before an index:
    /// of each institution the last word of any of its officers counts, the requester's own
    /// institution not at all, and an officer who is gone from the roster or has another key neither.
    public func votes(
        under roster: Roster, before limit: UInt64 = .max
    ) -> (approving: Set<String>, denying: Set<String>) {
        let own = roster.agency(body.agency)?.institution
        var words: [(index: UInt64, officer: String, isYes: Bool)] = []
        words += approvals.filter { $0.statement.isCurrent(in: roster) }
            .map { ($0.index, $0.body.officer, true) }
        words += denials.filter { $0.statement.isCurrent(in: roster) }
            .map { ($0.index, $0.body.officer, false) }
        var last: [String: Bool] = [:]
        for word in words.sorted(by: { $0.index < $1.index }) where word.index < limit {
            guard let institution = roster.custodian(ofOfficer: word.officer)?.institution,
                institution != own
            else { continue }
            last[institution] = word.isYes
        }
        return (Set(last.filter(\.value).keys), Set(last.filter { !$0.value }.keys))
    }
}
