public import Plates
public import Secrets

/// A custodian opens what a request committed to, once its embargo is over: window and docket, never
/// a plate. One opening that fits the commitments is enough.
public struct OpeningBody: DatedBody {
    /// The type line's word.
    public static let type = StatementType.opening

    /// The cells of the window, ascending, each `[hour, site]`.
    public var cells: [Cell]
    /// The custodian's word.
    public var custodian: String
    /// The docket as the requester wrote it.
    public var docket: String
    /// The docket commitment's 32 bytes.
    public var docketSalt: Digest
    /// The request's id.
    public var request: Digest
    /// When it was signed.
    @Plain public var time: Timestamp
    /// The window commitment's 32 bytes.
    public var windowSalt: Digest

    /// An opening of its parts.
    public init(
        custodian: String, request: Digest, cells: [Cell], windowSalt: Digest, docket: String,
        docketSalt: Digest, time: Timestamp
    ) {
        self.custodian = custodian
        self.request = request
        self.cells = cells
        self.windowSalt = windowSalt
        self.docket = docket
        self.docketSalt = docketSalt
        self.time = time
    }

    public func author(in roster: Roster) throws(Refusal) -> String {
        try Form.custodian(custodian, in: roster)
    }

    public func checkForm(in roster: Roster) throws(Refusal) {
        try Form.blunt(time, in: roster)
        guard RosterCheck.isAscending(cells), docket.utf8.count <= RequestSecret.docketLimit else {
            throw Refusal(.statementMalformed, "an opening's cells ascend, its docket is short")
        }
    }

    /// Its JSON in guarded memory: a custodian keeps it until the embargo is over. Throws
    /// `secret-malformed` where there is no memory.
    public func kept() throws(Refusal) -> SecretBytes {
        var bytes = try CanonicalJSON.encode(self)
        do {
            return try SecretBytes(wiping: &bytes)
        } catch {
            throw Refusal(.secretMalformed, "no locked memory for a request's opening")
        }
    }

    /// An opening as `kept` encoded it. Throws `statement-malformed`.
    public init(kept: borrowing SecretBytes) throws(Refusal) {
        var bytes = kept.withUnsafeBytes { Array($0) }
        defer { for index in bytes.indices { bytes[index] = 0 } }
        self = try CanonicalJSON.decode(OpeningBody.self, from: bytes)
    }

    /// Whether it opens what a request committed to. Throws `opening-mismatch`.
    func check(against body: RequestBody) throws(Refusal) {
        guard Commitment.window(cells, salt: windowSalt.bytes) == body.windowCommitment,
            Commitment.docket(docket, salt: docketSalt.bytes) == body.docketCommitment
        else {
            throw Refusal(
                .openingMismatch, "the opening is not what the request committed to")
        }
    }
}

/// The agency says that the plate's owner was told of the search, as the embargo's end demands.
public struct NoticeBody: DatedBody {
    /// The type line's word.
    public static let type = StatementType.notice

    /// The word of a requester of the agency.
    public var party: String
    /// The request's id.
    public var request: Digest
    /// When it was signed.
    @Plain public var time: Timestamp

    /// A notice of its parts.
    public init(party: String, request: Digest, time: Timestamp) {
        self.party = party
        self.request = request
        self.time = time
    }

    public func author(in roster: Roster) throws(Refusal) -> String {
        guard roster.agency(ofRequester: party) != nil else {
            throw Refusal(.signerUnknown, "only a requester of the agency says that it told")
        }
        return party
    }

    public func checkForm(in roster: Roster) throws(Refusal) {
        try Form.blunt(time, in: roster)
    }
}

/// The custodians give the log a new key, because its operator is gone or does not log any more
/// (DESIGN section 6). It is the first entry of the successor, which holds every entry before.
///
/// Signed by t custodians, like a roster; from here on checkpoints bear the new key's signature.
public struct SuccessorBody: DatedBody {
    /// The type line's word.
    public static let type = StatementType.successor

    /// The Ed25519 key of the successor's checkpoints.
    public var logKey: PartyKey
    /// The root over the entries before it.
    public var root: Digest
    /// How many entries stand before it: its own index.
    public var size: UInt64
    /// When it was made.
    @Plain public var time: Timestamp

    /// A succession of its parts.
    public init(logKey: PartyKey, root: Digest, size: UInt64, time: Timestamp) {
        self.logKey = logKey
        self.root = root
        self.size = size
        self.time = time
    }

    /// Never one alone: successions are verified by `Roster.succession`.
    public func author(in roster: Roster) throws(Refusal) -> String {
        throw Refusal(.signerUnknown, "a successor is signed by custodians together")
    }
}
