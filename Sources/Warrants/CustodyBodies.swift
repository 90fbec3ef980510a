public import Plates
public import Secrets

/// A commitment for one subset.
public struct MaskedDigest: Codable, Hashable, Comparable, Sendable {
    /// The commitment.
    public var commit: Digest
    /// The subset.
    @Plain public var mask: SubsetMask

    /// A commitment of a subset.
    public init(mask: SubsetMask, commit: Digest) {
        self.mask = mask
        self.commit = commit
    }

    /// By mask.
    public static func < (left: Self, right: Self) -> Bool { left.mask < right.mask }
}

/// A custodian gave a site keys for some hours. No volume, no key.
public struct GrantBody: DatedBody {
    /// The type line's word.
    public static let type = StatementType.grant

    /// The custodian's word.
    public var custodian: String
    /// The first hour.
    @Plain public var firstHour: Hour
    /// The last hour, inclusive.
    @Plain public var lastHour: Hour
    /// The id of the site's grant request.
    public var request: Digest
    /// The site's number.
    @Plain public var site: SiteNumber
    /// When it was signed, by the custodian's clock.
    @Plain public var time: Timestamp

    /// A grant of its parts.
    public init(
        custodian: String, site: SiteNumber, firstHour: Hour, lastHour: Hour, request: Digest,
        time: Timestamp
    ) {
        self.custodian = custodian
        self.site = site
        self.firstHour = firstHour
        self.lastHour = lastHour
        self.request = request
        self.time = time
    }

    public func author(in roster: Roster) throws(Refusal) -> String {
        try Form.custodian(custodian, in: roster)
    }

    public func checkForm(in roster: Roster) throws(Refusal) {
        try Form.hours(firstHour, lastHour)
    }
}

/// A custodian's chain has moved on: a day's keys are gone from it.
public struct DayDestroyedBody: DatedBody {
    /// The type line's word.
    public static let type = StatementType.dayDestroyed

    /// The custodian's word.
    public var custodian: String
    /// The day destroyed; with it all earlier days of the generation.
    @Plain public var day: Day
    /// The generation.
    public var generation: UInt32
    /// commit of the next day for each subset held, ascending by mask.
    public var next: [MaskedDigest]
    /// What the root key sat in.
    public var slot: SlotKind
    /// When the old root key was erased, by the custodian's clock.
    @Plain public var time: Timestamp

    /// A destruction of its parts; sorts the commitments.
    public init(
        custodian: String, generation: UInt32, day: Day, next: [MaskedDigest], slot: SlotKind,
        time: Timestamp
    ) {
        self.custodian = custodian
        self.generation = generation
        self.day = day
        self.next = next.sorted()
        self.slot = slot
        self.time = time
    }

    public func author(in roster: Roster) throws(Refusal) -> String {
        try Form.custodian(custodian, in: roster)
    }
}

/// A custodian found its state older than what it had announced, and has erased forward first.
public struct RolledBackBody: DatedBody {
    /// The type line's word.
    public static let type = StatementType.rolledBack

    /// The newest day it had announced as destroyed.
    @Plain public var announced: Day
    /// The custodian's word.
    public var custodian: String
    /// The oldest day of the state that it found.
    @Plain public var found: Day
    /// The generation.
    public var generation: UInt32
    /// When it was signed.
    @Plain public var time: Timestamp

    /// A rollback of its parts.
    public init(
        custodian: String, generation: UInt32, announced: Day, found: Day, time: Timestamp
    ) {
        self.custodian = custodian
        self.generation = generation
        self.announced = announced
        self.found = found
        self.time = time
    }

    public func author(in roster: Roster) throws(Refusal) -> String {
        try Form.custodian(custodian, in: roster)
    }
}

/// A custodian has erased, in an emergency, everything it held of a generation.
public struct ShredBody: DatedBody {
    /// The type line's word.
    public static let type = StatementType.shred

    /// The custodian's word.
    public var custodian: String
    /// The generation.
    public var generation: UInt32
    /// What the root key sat in.
    public var slot: SlotKind
    /// When the root key was erased.
    @Plain public var time: Timestamp

    /// A shred of its parts.
    public init(custodian: String, generation: UInt32, slot: SlotKind, time: Timestamp) {
        self.custodian = custodian
        self.generation = generation
        self.slot = slot
        self.time = time
    }

    public func author(in roster: Roster) throws(Refusal) -> String {
        try Form.custodian(custodian, in: roster)
    }
}

/// A custodian has lost its state and holds nothing of a generation any more. Whether somebody else
/// has its keys it cannot know: it is no word that they are erased.
public struct ShareLostBody: DatedBody {
    /// The type line's word.
    public static let type = StatementType.shareLost

    /// The custodian's word.
    public var custodian: String
    /// The generation.
    public var generation: UInt32
    /// When it was signed.
    @Plain public var time: Timestamp

    /// A loss of its parts.
    public init(custodian: String, generation: UInt32, time: Timestamp) {
        self.custodian = custodian
        self.generation = generation
        self.time = time
    }

    public func author(in roster: Roster) throws(Refusal) -> String {
        try Form.custodian(custodian, in: roster)
    }
}

/// A custodian's one-day keys to which requests for it are sealed.
public struct PrekeysBody: DatedBody {
    /// The type line's word.
    public static let type = StatementType.prekeys

    /// One day's key.
    public struct Prekey: Codable, Hashable, Sendable {
        /// The day on which requests use it.
        @Plain public var day: Day
        /// X-Wing public key, 1,216 bytes.
        @KeyText public var key: [UInt8]

        /// A key of a day.
        public init(day: Day, key: [UInt8]) {
            self.day = day
            self.key = key
        }
    }

    /// The custodian's word.
    public var custodian: String
    /// 1 to 16 keys, ascending by day.
    public var keys: [Prekey]
    /// When it was signed.
    @Plain public var time: Timestamp

    /// Prekeys of their parts; sorts the keys.
    public init(custodian: String, keys: [Prekey], time: Timestamp) {
        self.custodian = custodian
        self.keys = keys.sorted { $0.day < $1.day }
        self.time = time
    }

    public func author(in roster: Roster) throws(Refusal) -> String {
        try Form.custodian(custodian, in: roster)
    }

    public func checkForm(in roster: Roster) throws(Refusal) {
        guard (1...16).contains(keys.count), RosterCheck.isAscending(keys.map(\.day)) else {
            throw Refusal(.statementMalformed, "1 to 16 prekeys, each day once, ascending")
        }
        for key in keys { try Form.oneTimeKey(key.key) }
    }
}
