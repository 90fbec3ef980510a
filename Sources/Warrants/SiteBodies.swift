import Bytes
public import Plates
public import Secrets

/// A site has closed one of the two trees of a cell; only the commitment is public.
public struct HourClosedBody: DatedBody {
    /// The type line's word.
    public static let type = StatementType.hourClosed

    /// Which of a cell's two trees.
    public enum Kind: String, CaseIterable, Codable, Sendable {
        /// Rows that came in time.
        case prompt
        /// Rows that came within late_hours.
        case late
    }

    /// The commitment `closed` of DESIGN section 5.
    public var closed: Digest
    /// The hour.
    @Plain public var hour: Hour
    /// Which tree.
    public var kind: Kind
    /// The site's number.
    @Plain public var site: SiteNumber
    /// When it was signed, by the site's clock.
    @Plain public var time: Timestamp

    /// A closing of its parts.
    public init(cell: Cell, kind: Kind, closed: Digest, time: Timestamp) {
        hour = cell.hour
        site = cell.site
        self.kind = kind
        self.closed = closed
        self.time = time
    }

    /// The cell.
    public var cell: Cell { Cell(hour: hour, site: site) }

    public func author(in roster: Roster) throws(Refusal) -> String {
        try Form.site(site, in: roster)
    }

    public func checkForm(in roster: Roster) throws(Refusal) {
        let end =
            kind == .prompt
            ? hour.end : hour.end.adding(hours: Int64(roster.policy.lateHours))
        guard time >= end else {
            throw Refusal(.closingEarly, "the hour's rows can still come; it cannot be closed yet")
        }
    }
}

/// A site asks a custodian for its keys; answered directly, never logged.
public struct GrantRequestBody: DatedBody {
    /// The type line's word.
    public static let type = StatementType.grantRequest

    /// The first hour.
    @Plain public var firstHour: Hour
    /// The last hour, inclusive.
    @Plain public var lastHour: Hour
    /// X-Wing public key to which the answer is sealed, 1,216 bytes.
    @KeyText public var oneTimeKey: [UInt8]
    /// The site's number.
    @Plain public var site: SiteNumber
    /// When it was signed.
    @Plain public var time: Timestamp

    /// A grant request of its parts.
    public init(
        site: SiteNumber, firstHour: Hour, lastHour: Hour, oneTimeKey: [UInt8], time: Timestamp
    ) {
        self.site = site
        self.firstHour = firstHour
        self.lastHour = lastHour
        self.oneTimeKey = oneTimeKey
        self.time = time
    }

    public func author(in roster: Roster) throws(Refusal) -> String {
        try Form.site(site, in: roster)
    }

    public func checkForm(in roster: Roster) throws(Refusal) {
        try Form.hours(firstHour, lastHour)
        try Form.oneTimeKey(oneTimeKey)
    }
}

/// Two custodians gave different values for what must be one; both are named.
public struct DifferenceBody: DatedBody {
    /// The type line's word.
    public static let type = StatementType.difference

    /// What differed.
    public enum Kind: String, CaseIterable, Codable, Sendable {
        /// A subset's key for a site and hour.
        case siteKey = "site-key"
        /// A subset's partials of an evaluation.
        case evaluation
        /// A seed that does not fit its commitment.
        case seed
        /// A letter with seeds that has not come until the ceremony was given up.
        case seedMissing = "seed-missing"
    }

    /// The two custodians' words, ascending.
    public var custodians: [String]
    /// The generation.
    public var generation: UInt32
    /// What differed.
    public var kind: Kind
    /// Of a seed: the letter, opened, that shows it (`SeedEvidence`), in padded Base64.
    public var letter: String?
    /// The subset.
    @Plain public var mask: SubsetMask
    /// The word of the party that noticed: a site, a custodian or a requester.
    public var party: String
    /// The id of the statement that it is about: a grant, an evaluation, a seed commitment.
    public var subject: Digest
    /// When it was signed.
    @Plain public var time: Timestamp

    /// A difference of its parts; sorts the names.
    public init(
        party: String, kind: Kind, generation: UInt32, mask: SubsetMask, custodians: [String],
        subject: Digest, letter: [UInt8]? = nil, time: Timestamp
    ) {
        self.party = party
        self.kind = kind
        self.letter = letter.map { Base64.encode($0) }
        self.generation = generation
        self.mask = mask
        self.custodians = custodians.sorted()
        self.subject = subject
        self.time = time
    }

    public func author(in roster: Roster) throws(Refusal) -> String {
        let known =
            roster.custodianIndex(party) != nil || roster.agency(ofRequester: party) != nil
            || roster.sites.contains { $0.id == party }
        guard known else {
            throw Refusal(.signerUnknown, "a site, custodian or requester tells a difference")
        }
        guard kind != .seed && kind != .seedMissing || roster.custodianIndex(party) != nil else {
            throw Refusal(.signerUnknown, "only custodians take part in a ceremony")
        }
        return party
    }

    public func checkForm(in roster: Roster) throws(Refusal) {
        guard (1...2).contains(custodians.count), RosterCheck.isAscending(custodians),
            custodians.allSatisfy({ roster.custodianIndex($0) != nil })
        else {
            throw Refusal(.statementMalformed, "a difference names one or two custodians")
        }
        guard let letter else { return }
        guard kind == .seed, let bytes = Base64.decode(letter), bytes.count <= 8_192 else {
            throw Refusal(.statementMalformed, "a letter shows seeds, in at most 8,192 bytes")
        }
    }
}
