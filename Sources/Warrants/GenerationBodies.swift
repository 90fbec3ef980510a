public import Plates

/// One step of the ceremony that makes a generation (DESIGN section 3).
public enum GenerationBody: DatedBody {
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

    /// When the step was signed.
    public var time: Timestamp {
        switch self {
        case .propose(let step): step.time
        case .commit(let step): step.time
        case .final(let step): step.time
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
            // A generation far ahead would leave no room for any before it.
            guard step.first <= step.time.day.adding(30) else {
                throw Refusal(
                    .generationTerms, "a generation begins within 30 days of its proposal")
            }
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
