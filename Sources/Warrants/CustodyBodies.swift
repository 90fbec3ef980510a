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

/// One step of the ceremony that makes a generation (DESIGN section 3).
public enum GenerationBody: StatementBody {
    /// The type line's word.
    public static let type = StatementType.generation

    /// A custodian proposes the terms.
    case propose(GenerationProposal)
    /// A custodian commits to its seeds and says where seeds for it are to be sealed.
    case commit(GenerationCommit)
    /// A custodian says which chains came out.
    case final(GenerationFinal)

    /// The generation's number, from 1.
    public var number: UInt32 {
        switch self {
        case .propose(let step): step.generation
        case .commit(let step): step.generation
        case .final(let step): step.generation
        }
    }

    /// The word of the custodian that takes the step.
    public var custodian: String {
        switch self {
        case .propose(let step): step.custodian
        case .commit(let step): step.custodian
        case .final(let step): step.custodian
        }
    }

    private enum Key: String, CodingKey { case step }

    /// From the object whose `step` says which. Throws `DecodingError`.
    public init(from decoder: any Decoder) throws {
        switch try decoder.container(keyedBy: Key.self).decode(String.self, forKey: .step) {
        case "propose": self = .propose(try GenerationProposal(from: decoder))
        case "commit": self = .commit(try GenerationCommit(from: decoder))
        case "final": self = .final(try GenerationFinal(from: decoder))
        default:
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "unknown step"))
        }
    }

    /// As the step's own object, with `step` in it.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .propose(let step):
            try container.encode("propose", forKey: .step)
            try step.encode(to: encoder)
        case .commit(let step):
            try container.encode("commit", forKey: .step)
            try step.encode(to: encoder)
        case .final(let step):
            try container.encode("final", forKey: .step)
            try step.encode(to: encoder)
        }
    }

    public func author(in roster: Roster) throws(Refusal) -> String {
        try Form.custodian(custodian, in: roster)
    }

    public func checkForm(in roster: Roster) throws(Refusal) {
        guard number >= 1 else {
            throw Refusal(.statementMalformed, "generations count from 1")
        }
        switch self {
        case .propose(let step):
            guard step.n == roster.threshold.n, step.t == roster.threshold.t,
                step.retention == roster.policy.retentionDays, step.fold == roster.policy.fold,
                step.normalForm == Plate.normalFormVersion
            else {
                throw Refusal(
                    .generationTerms, "the proposal's terms are not those of the roster's policy")
            }
        case .commit(let step):
            try Form.held(step.seedCommits, by: step.custodian, in: roster)
            try Form.oneTimeKey(step.oneTimeKey)
        case .final(let step):
            try Form.held(step.commits, by: step.custodian, in: roster)
        }
    }
}

/// The terms of a generation; they stay as they are for its whole life.
public struct GenerationProposal: Codable, Hashable, Sendable {
    /// The proposing custodian's word.
    public var custodian: String
    /// Its first day.
    @Plain public var first: Day
    /// How its plates fold.
    public var fold: Fold
    /// Its number, from 1, one more than the last proposed.
    public var generation: UInt32
    /// How many custodians hold it.
    public var n: Int
    /// The version of the normal form.
    public var normalForm: Int
    /// Days that a read of it may live.
    public var retention: Int
    /// How many custodians an evaluation needs.
    public var t: Int
    /// When it was signed.
    @Plain public var time: Timestamp

    /// A proposal with the terms of a roster.
    public init(
        custodian: String, generation: UInt32, first: Day, under roster: Roster, time: Timestamp
    ) {
        self.custodian = custodian
        self.generation = generation
        self.first = first
        fold = roster.policy.fold
        n = roster.threshold.n
        t = roster.threshold.t
        normalForm = Plate.normalFormVersion
        retention = roster.policy.retentionDays
        self.time = time
    }
}

/// A custodian's commitments to its seeds of a generation.
public struct GenerationCommit: Codable, Hashable, Sendable {
    /// The custodian's word.
    public var custodian: String
    /// The generation.
    public var generation: UInt32
    /// X-Wing public key to which the others seal their seeds for it, 1,216 bytes.
    @KeyText public var oneTimeKey: [UInt8]
    /// The commitment to r_i for each subset it is in, ascending by mask.
    public var seedCommits: [MaskedDigest]
    /// When it was signed.
    @Plain public var time: Timestamp

    /// Commitments of their parts; sorts them.
    public init(
        custodian: String, generation: UInt32, seedCommits: [MaskedDigest],
        oneTimeKey: [UInt8], time: Timestamp
    ) {
        self.custodian = custodian
        self.generation = generation
        self.seedCommits = seedCommits.sorted()
        self.oneTimeKey = oneTimeKey
        self.time = time
    }
}

/// What came out of a ceremony at one custodian.
public struct GenerationFinal: Codable, Hashable, Sendable {
    /// commit[first] of each subset it is in, ascending by mask.
    public var commits: [MaskedDigest]
    /// The custodian's word.
    public var custodian: String
    /// The generation.
    public var generation: UInt32
    /// When it was signed.
    @Plain public var time: Timestamp

    /// A final step of its parts; sorts the commitments.
    public init(
        custodian: String, generation: UInt32, commits: [MaskedDigest], time: Timestamp
    ) {
        self.custodian = custodian
        self.generation = generation
        self.commits = commits.sorted()
        self.time = time
    }
}

/// A custodian gave a site keys for some hours. No volume, no key.
public struct GrantBody: StatementBody {
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
public struct DayDestroyedBody: StatementBody {
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
public struct RolledBackBody: StatementBody {
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
public struct ShredBody: StatementBody {
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

/// A custodian's one-day keys to which requests for it are sealed.
public struct PrekeysBody: StatementBody {
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
