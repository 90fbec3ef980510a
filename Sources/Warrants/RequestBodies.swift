public import Plates
public import Secrets

/// A request for a search, by an investigator of an agency. What it searches for stands in the
/// `RequestSecret`; here are commitments, counts and codes only, for the public log.
public struct RequestBody: DatedBody {
    /// The type line's word.
    public static let type = StatementType.request

    /// The agency's word.
    public var agency: String
    /// The number of cells of the window.
    public var cellCount: Int
    /// SHA-256 commitment to the docket (Docs/Spec/Request.md).
    public var docketCommitment: Digest
    /// The day from which custodians open window and docket, and notice to the plate's owner is
    /// due; an order can extend it.
    @Plain public var embargo: Day
    /// One commitment for each plate, in the order of the secret.
    public var plateCommitments: [Digest]
    /// The kind of process: a `ProcessKind`'s word.
    public var process: String
    /// The purpose's code: a `Purpose`.
    public var purpose: String
    /// X-Wing public key to which custodians seal their answers, 1,216 bytes, used once.
    @KeyText public var replyKey: [UInt8]
    /// The requester's word.
    public var requester: String
    /// SHA-256 of each custodian's sealed copy, ascending by custodian.
    public var sealedCopies: [SealedCopy]
    /// When it was signed, by the requester's clock.
    @Plain public var time: Timestamp
    /// SHA-256 of the warrant document's bytes.
    public var warrant: Digest
    /// SHA-256 commitment to the cells (Docs/Spec/Request.md).
    public var windowCommitment: Digest

    /// A request of its parts.
    public init(
        agency: String, requester: String, purpose: String, process: String, warrant: Digest,
        plateCommitments: [Digest], windowCommitment: Digest, cellCount: Int,
        docketCommitment: Digest, embargo: Day, replyKey: [UInt8], sealedCopies: [SealedCopy],
        time: Timestamp
    ) {
        self.agency = agency
        self.requester = requester
        self.purpose = purpose
        self.process = process
        self.warrant = warrant
        self.plateCommitments = plateCommitments
        self.windowCommitment = windowCommitment
        self.cellCount = cellCount
        self.docketCommitment = docketCommitment
        self.embargo = embargo
        self.replyKey = replyKey
        self.sealedCopies = sealedCopies
        self.time = time
    }

    /// Whether it asks for a site's canary only.
    public var isDrill: Bool { purpose == Purpose.drill }
    /// What it costs its agency: its cells, once for each plate; a drill costs nothing.
    public var cost: Int { isDrill ? 0 : cellCount * plateCommitments.count }

    public func author(in roster: Roster) throws(Refusal) -> String {
        guard roster.agency(ofRequester: requester)?.id == agency else {
            throw Refusal(
                .requesterUnknown, "the requester is nobody of that agency in the roster")
        }
        return requester
    }

    public func checkForm(in roster: Roster) throws(Refusal) {
        try Form.codeWord(purpose)
        try Form.codeWord(process)
        try Form.blunt(time, in: roster)
        guard embargo >= time.day, embargo <= time.day.adding(Int64(roster.policy.embargoDays))
        else {
            throw Refusal(
                .embargoTooLate,
                "an embargo ends 0 to \(roster.policy.embargoDays) days after the request")
        }
        let custodians = sealedCopies.map(\.custodian)
        guard RosterCheck.isAscending(custodians),
            custodians.allSatisfy({ roster.custodianIndex($0) != nil })
        else {
            throw Refusal(
                .statementMalformed, "sealed copies go to custodians, each once, ascending")
        }
        guard plateCommitments.count <= 64, (0...65_535).contains(cellCount) else {
            throw Refusal(.statementMalformed, "the request's counts are out of range")
        }
    }
}

/// Which bytes are whose sealed copy of a request.
public struct SealedCopy: Codable, Hashable, Sendable {
    /// The custodian's word.
    public var custodian: String
    /// SHA-256 of the sealed bytes.
    public var digest: Digest
    /// The day of the prekey they are sealed to.
    @Plain public var prekeyDay: Day

    /// A sealed copy's record.
    public init(custodian: String, digest: Digest, prekeyDay: Day) {
        self.custodian = custodian
        self.digest = digest
        self.prekeyDay = prekeyDay
    }
}

/// An authority's attestation: this order stands behind exactly that request.
public struct OrderBody: DatedBody {
    /// The type line's word.
    public static let type = StatementType.order

    /// The authority's word.
    public var authority: String
    /// The day to which the order extends the request's embargo, at most the policy's embargo_days
    /// after the order; nil where it leaves it.
    public var embargo: Day?
    /// When the order ends.
    @Plain public var expires: Timestamp
    /// The request's plate commitments, repeated.
    public var plateCommitments: [Digest]
    /// The request's id.
    public var request: Digest
    /// When it was signed.
    @Plain public var time: Timestamp
    /// SHA-256 of the warrant document, repeated.
    public var warrant: Digest
    /// The request's window commitment, repeated.
    public var windowCommitment: Digest

    /// An attestation of its parts.
    public init(
        authority: String, request: Digest, warrant: Digest, plateCommitments: [Digest],
        windowCommitment: Digest, expires: Timestamp, embargo: Day? = nil, time: Timestamp
    ) {
        self.authority = authority
        self.embargo = embargo
        self.request = request
        self.warrant = warrant
        self.plateCommitments = plateCommitments
        self.windowCommitment = windowCommitment
        self.expires = expires
        self.time = time
    }

    /// The attestation of a request as it stands.
    public init(
        authority: String, attesting request: Statement<RequestBody>, expires: Timestamp,
        embargo: Day? = nil, time: Timestamp
    ) {
        self.init(
            authority: authority, request: request.id, warrant: request.body.warrant,
            plateCommitments: request.body.plateCommitments,
            windowCommitment: request.body.windowCommitment, expires: expires,
            embargo: embargo, time: time)
    }

    public func author(in roster: Roster) throws(Refusal) -> String {
        guard roster.authority(authority) != nil else {
            throw Refusal(.authorityUnknown, "the roster has no authority of that name")
        }
        return authority
    }

    public func checkForm(in roster: Roster) throws(Refusal) {
        try Form.blunt(time, in: roster)
        let latest = time.day.adding(Int64(roster.policy.embargoDays))
        guard embargo.map({ $0 <= latest }) ?? true else {
            throw Refusal(
                .embargoTooLate,
                "an order extends an embargo by at most \(roster.policy.embargoDays) days")
        }
    }
}

/// An officer's yes to the exact bytes of one request.
public struct ApprovalBody: DatedBody {
    /// The type line's word.
    public static let type = StatementType.approval

    /// The officer's word.
    public var officer: String
    /// The request's id.
    public var request: Digest
    /// When it was signed.
    @Plain public var time: Timestamp

    /// An approval of its parts.
    public init(officer: String, request: Digest, time: Timestamp) {
        self.officer = officer
        self.request = request
        self.time = time
    }

    public func author(in roster: Roster) throws(Refusal) -> String {
        try Form.officer(officer, in: roster)
    }

    public func checkForm(in roster: Roster) throws(Refusal) {
        try Form.blunt(time, in: roster)
    }
}

/// An officer's no, with a code; takes back the institution's earlier yes.
public struct DenialBody: DatedBody {
    /// The type line's word.
    public static let type = StatementType.denial

    /// Why.
    public var code: DenialCode
    /// The officer's word.
    public var officer: String
    /// SHA-256 of the reason in words, as it is sealed to the requester; nil where there is none.
    public var reason: Digest?
    /// The request's id.
    public var request: Digest
    /// When it was signed.
    @Plain public var time: Timestamp

    /// A denial of its parts.
    public init(
        officer: String, request: Digest, code: DenialCode, reason: Digest? = nil, time: Timestamp
    ) {
        self.officer = officer
        self.request = request
        self.code = code
        self.reason = reason
        self.time = time
    }

    public func author(in roster: Roster) throws(Refusal) -> String {
        try Form.officer(officer, in: roster)
    }

    public func checkForm(in roster: Roster) throws(Refusal) {
        try Form.blunt(time, in: roster)
    }
}

/// The requester, or the authority that attested, takes a request back for good.
public struct WithdrawBody: DatedBody {
    /// The type line's word.
    public static let type = StatementType.withdraw

    /// The word of the requester or authority.
    public var party: String
    /// The request's id.
    public var request: Digest
    /// When it was signed.
    @Plain public var time: Timestamp

    /// A withdrawal of its parts.
    public init(party: String, request: Digest, time: Timestamp) {
        self.party = party
        self.request = request
        self.time = time
    }

    public func author(in roster: Roster) throws(Refusal) -> String {
        guard roster.agency(ofRequester: party) != nil || roster.authority(party) != nil else {
            throw Refusal(.signerUnknown, "only a requester or an authority withdraws")
        }
        return party
    }

    public func checkForm(in roster: Roster) throws(Refusal) {
        try Form.blunt(time, in: roster)
    }
}
