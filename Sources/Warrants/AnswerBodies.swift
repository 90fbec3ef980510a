public import Plates
public import Secrets

/// A custodian has evaluated its share for a request and says with which results, without
/// revealing them.
public struct EvaluationBody: DatedBody {
    /// The type line's word.
    public static let type = StatementType.evaluation
    /// The most digests of one evaluation or check, so that it fits into an entry of the log
    /// (65,535 bytes). A request that would need more is refused before anybody evaluates.
    public static let digestLimit = 600

    /// The custodian's word.
    public var custodian: String
    /// e_S for each day, plate and subset held, ascending in that order.
    public var digests: [EvaluationItem]
    /// The request's id.
    public var request: Digest
    /// When it was signed, by the custodian's clock.
    @Plain public var time: Timestamp

    /// An evaluation of its parts; sorts the items.
    public init(custodian: String, request: Digest, digests: [EvaluationItem], time: Timestamp) {
        self.custodian = custodian
        self.request = request
        self.digests = digests.sorted()
        self.time = time
    }

    public func author(in roster: Roster) throws(Refusal) -> String {
        try Form.custodian(custodian, in: roster)
    }

    public func checkForm(in roster: Roster) throws(Refusal) {
        try Form.blunt(time, in: roster)
        try Form.items(digests)
    }
}

/// A holder of shares that did not answer a request has recomputed what those who did have logged
/// (DESIGN section 4): the same digests, or a dispute.
public struct CheckBody: DatedBody {
    /// The type line's word.
    public static let type = StatementType.check

    /// The custodian's word.
    public var custodian: String
    /// e_S for each day, plate and subset held, ascending in that order.
    public var digests: [EvaluationItem]
    /// The request's id.
    public var request: Digest
    /// When it was signed, by the custodian's clock.
    @Plain public var time: Timestamp

    /// A check of its parts; sorts the items.
    public init(custodian: String, request: Digest, digests: [EvaluationItem], time: Timestamp) {
        self.custodian = custodian
        self.request = request
        self.digests = digests.sorted()
        self.time = time
    }

    public func author(in roster: Roster) throws(Refusal) -> String {
        try Form.custodian(custodian, in: roster)
    }

    public func checkForm(in roster: Roster) throws(Refusal) {
        try Form.blunt(time, in: roster)
        try Form.items(digests)
    }
}

/// One e_S (DESIGN section 4).
public struct EvaluationItem: Codable, Hashable, Comparable, Sendable {
    /// The day.
    @Plain public var day: Day
    /// The digest.
    public var e: Digest
    /// The subset.
    @Plain public var mask: SubsetMask
    /// The plate's place in the request, from 0.
    public var plate: Int

    /// An item of its parts.
    public init(day: Day, plate: Int, mask: SubsetMask, e: Digest) {
        self.day = day
        self.plate = plate
        self.mask = mask
        self.e = e
    }

    /// By day, plate and mask.
    public static func < (left: Self, right: Self) -> Bool {
        (left.day, left.plate, left.mask) < (right.day, right.plate, right.mask)
    }
}

/// Rows were handed over: once by the vault, and countersigned by the requester.
public struct DisclosureBody: DatedBody {
    /// The type line's word.
    public static let type = StatementType.disclosure

    /// Who says it.
    public enum Role: String, CaseIterable, Codable, Sendable {
        /// The vault, which handed the rows over.
        case vault
        /// The requester, who received them.
        case requester
    }

    /// The digest of the vault's answers (Docs/Spec/Lookup.md), as `LookupAnswer.digest` makes it.
    public var bundle: Digest
    /// The word of the vault or the requester.
    public var party: String
    /// The request's id.
    public var request: Digest
    /// In which role.
    public var role: Role
    /// When it was signed.
    @Plain public var time: Timestamp

    /// A disclosure of its parts.
    public init(role: Role, party: String, request: Digest, bundle: Digest, time: Timestamp) {
        self.role = role
        self.party = party
        self.request = request
        self.bundle = bundle
        self.time = time
    }

    public func author(in roster: Roster) throws(Refusal) -> String {
        let known =
            role == .vault
            ? party == roster.body.vault.id : roster.agency(ofRequester: party) != nil
        guard known else {
            throw Refusal(.signerUnknown, "the roster has no such \(role.rawValue)")
        }
        return party
    }

    public func checkForm(in roster: Roster) throws(Refusal) {
        try Form.blunt(time, in: roster)
    }
}
