public import Plates
public import Secrets

/// Where a custodian's root key sits (DESIGN section 3).
public enum SlotKind: String, CaseIterable, Codable, Sendable {
    /// Two cells of a file, overwritten and read back.
    case file
    /// A TPM 2.0 counter.
    case tpm
}

/// One human being or process with a key of its own: an officer, a requester.
public struct Signatory: Codable, Hashable, Sendable {
    /// The party's word: 1 to 40 of `a-z`, `0-9` and `-`, unique in the roster.
    public var id: String
    /// The public key for statements.
    public var key: PartyKey

    /// A signatory with its word and key.
    public init(id: String, key: VerifyingKey) {
        self.id = id
        self.key = PartyKey(key)
    }
}

/// A holder of key shares. Its place in the roster is its bit in every subset mask.
public struct Custodian: Codable, Hashable, Sendable {
    /// The party's word, unique in the roster.
    public var id: String
    /// The name for people.
    public var name: String
    /// The institution it belongs to; approvals count once for each.
    public var institution: String
    /// Where its machine stands; custodians in one place are not independent.
    public var place: String
    /// Who administers the machine; custodians under one administrator are not independent.
    public var administrator: String
    /// What its root key sits in.
    public var slot: SlotKind
    /// The public key for statements.
    public var statementKey: PartyKey
    /// The public key for cosignatures of the log.
    public var cosignKey: PartyKey
    /// The officers of its institution who may approve and deny; ascending by id.
    public var officers: [Signatory]

    /// A custodian of its parts.
    public init(
        id: String, name: String, institution: String, place: String, administrator: String,
        slot: SlotKind, statementKey: VerifyingKey, cosignKey: VerifyingKey,
        officers: [Signatory]
    ) {
        self.id = id
        self.name = name
        self.institution = institution
        self.place = place
        self.administrator = administrator
        self.slot = slot
        self.statementKey = PartyKey(statementKey)
        self.cosignKey = PartyKey(cosignKey)
        self.officers = officers
    }
}

/// A gateway or cluster of gateways and its cameras.
public struct Site: Codable, Hashable, Sendable {
    /// The party's word, unique in the roster.
    public var id: String
    /// The name for people.
    public var name: String
    /// The number g of the key formulas; never given to another site.
    @Plain public var number: SiteNumber
    /// The gateway processes' public keys; any of them signs for the site.
    public var keys: [PartyKey]

    /// A site of its parts.
    public init(id: String, name: String, number: SiteNumber, keys: [VerifyingKey]) {
        self.id = id
        self.name = name
        self.number = number
        self.keys = keys.map(PartyKey.init)
    }
}

/// The store and its log.
public struct VaultParty: Codable, Hashable, Sendable {
    /// The party's word, unique in the roster.
    public var id: String
    /// The public key for statements.
    public var statementKey: PartyKey
    /// The public key of the log's checkpoints; its note key name is the origin.
    public var logKey: PartyKey

    /// A vault of its parts.
    public init(id: String, statementKey: VerifyingKey, logKey: VerifyingKey) {
        self.id = id
        self.statementKey = PartyKey(statementKey)
        self.logKey = PartyKey(logKey)
    }
}

/// Who may ask: an institution with an agreement, and its investigators.
public struct Agency: Codable, Hashable, Sendable {
    /// The party's word, unique in the roster.
    public var id: String
    /// The name for people.
    public var name: String
    /// The institution it belongs to; its own custodian's approval never counts.
    public var institution: String
    /// The first day on which its agreement no longer holds.
    @Plain public var agreementEnds: Day
    /// How many cells its requests of 30 days may name, each once for each plate.
    public var budget: Int
    /// Its investigators; ascending by id.
    public var requesters: [Signatory]

    /// 10,000: cells of 30 days where nothing else is said.
    public static let usualBudget = 10_000

    /// An agency of its parts.
    public init(
        id: String, name: String, institution: String, agreementEnds: Day,
        budget: Int = usualBudget, requesters: [Signatory]
    ) {
        self.id = id
        self.name = name
        self.institution = institution
        self.agreementEnds = agreementEnds
        self.budget = budget
        self.requesters = requesters
    }
}

/// Who attests that an order exists: a clerk of court or the like.
public struct Authority: Codable, Hashable, Sendable {
    /// The party's word, unique in the roster.
    public var id: String
    /// The name for people.
    public var name: String
    /// The public key for statements.
    public var key: PartyKey

    /// An authority of its parts.
    public init(id: String, name: String, key: VerifyingKey) {
        self.id = id
        self.name = name
        self.key = PartyKey(key)
    }
}

/// What may be asked, and within which limits (DESIGN section 2).
public struct Policy: Codable, Hashable, Sendable {
    /// The allowed purposes, by code, ascending; an empty list allows nothing.
    public var purposes: [String]
    /// Purposes prohibited here besides the built-in ones; ascending.
    public var prohibited: [String]
    /// The kinds of process that need no attestation; only `exigent` can stand here.
    public var unattested: [ProcessKind]
    /// Most plates of a request: 1 to 8.
    public var maxPlates: Int
    /// Most cells of a request: 1 to 3,000.
    public var maxCells: Int
    /// How long rows of an hour may still come, in hours: 1 to 24.
    public var lateHours: Int
    /// How far ahead a site gets its keys, in hours: 1 to 96.
    public var prefetchHours: Int
    /// After how many days a request lapses: 1 to 7.
    public var approvalDays: Int
    /// How many days a read may live: 1 to 90; fixed in each generation when it is made.
    public var retentionDays: Int
    /// How plates fold; fixed in each generation when it is made.
    public var fold: Fold
    /// The most days from a request to the end of its embargo: 1 to 90; only an order extends it.
    public var embargoDays: Int
    /// How many drills may be filed for one day of the log: 0 to 24.
    public var drillsPerDay: Int
    /// Under how many other candidates a gateway files each read besides: 0 to 8.
    public var indexCandidates: Int
    /// How exact the times of statements about requests are.
    public var times: TimeGrain
    /// Which photos that cameras send gateways keep.
    public var photos: PhotoKeeping
    /// Up to how many rows a cell may have to be handed out whole: 0 to 4,096; 0 for never.
    public var wholeCells: Int

    /// DESIGN's defaults with a list of allowed purposes.
    public init(purposes: [String]) {
        self.purposes = purposes.sorted()
        prohibited = []
        unattested = [.exigent]
        maxPlates = 8
        maxCells = 1_000
        lateHours = 6
        prefetchHours = 48
        approvalDays = 3
        retentionDays = 30
        fold = .letterOAsZero
        embargoDays = 90
        drillsPerDay = 4
        indexCandidates = 0
        times = .hour
        photos = .crop
        wholeCells = 64
    }

    /// A time as statements about requests may show it.
    public func blunt(_ time: Timestamp) -> Timestamp {
        times == .hour ? time.hour.start : time
    }
}

/// Which photos that a camera sends are sealed beside its reads.
public enum PhotoKeeping: String, CaseIterable, Codable, Sendable {
    /// None.
    case none
    /// The crops of plate and vehicle.
    case crop
    /// Crops and whole frames.
    case all
}

/// How exact the times are that statements about requests show in public: an exact time joins a
/// search with what was in the news.
public enum TimeGrain: String, CaseIterable, Codable, Sendable {
    /// The hour's beginning.
    case hour
    /// The millisecond.
    case exact
}
