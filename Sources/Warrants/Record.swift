public import Ledger
public import Plates
public import Secrets

/// A verified statement and where it stands in the log.
public struct Logged<Body: StatementBody>: Hashable, Sendable {
    /// Its index in the log.
    public let index: UInt64
    /// The statement.
    public let statement: Statement<Body>

    /// What it says.
    public var body: Body { statement.body }
    /// Its id.
    public var id: Digest { statement.id }
}

/// What one request cost its agency.
struct Spending: Hashable, Sendable {
    let index: UInt64
    let time: Timestamp
    let cells: Int
}

/// Something that the record or the audit has to say about the log.
public struct Finding: Hashable, Sendable, Codable {
    /// A stable word: a refusal's code or one of the audit's own.
    public let code: String
    /// The log entry it is about, where it is about one.
    public let index: UInt64?
    /// Whether something is wrong; a notice otherwise.
    public let isFault: Bool
    /// One sentence for people.
    public let sentence: String

    /// A finding of its parts.
    public init(code: String, sentence: String, index: UInt64?, isFault: Bool = true) {
        self.code = code
        self.sentence = sentence
        self.index = index
        self.isFault = isFault
    }
}

/// The log as its readers understand it: every entry verified under the roster in force at its
/// index, in order, and looked up by what it is about. An entry that does not verify keeps its
/// index, counts for nothing, and stands among the findings.
///
/// Nothing is believed but the first roster. The record does not check that the entries are the
/// log's: that is a mirror's work, and an audit's.
public struct Record: Sendable {
    /// The log's origin.
    public let origin: String
    /// The roster in force.
    public internal(set) var roster: Roster
    /// How many entries have been taken in.
    public internal(set) var count: UInt64 = 0
    /// What did not verify.
    public internal(set) var findings: [Finding] = []
    /// All rosters, with the index from which each is in force.
    public internal(set) var rosters: [(index: UInt64, roster: Roster)] = []
    /// The requests' ids, in the order of the log.
    public internal(set) var requestOrder: [Digest] = []
    /// The generations that were proposed, by number.
    public internal(set) var generations: [UInt32: GenerationState] = [:]
    /// Grants, in order.
    public internal(set) var grants: [Logged<GrantBody>] = []
    /// Destructions of days, in order.
    public internal(set) var destructions: [Logged<DayDestroyedBody>] = []
    /// Emergency destructions, in order.
    public internal(set) var shreds: [Logged<ShredBody>] = []
    /// States that were found rolled back, in order.
    public internal(set) var rollbacks: [Logged<RolledBackBody>] = []
    /// Differences that were told, in order.
    public internal(set) var differences: [Logged<DifferenceBody>] = []
    /// Successions of the log, in order.
    public internal(set) var successions: [Logged<SuccessorBody>] = []
    /// The key of the log's checkpoints: the first roster's, or the newest successor's.
    public internal(set) var logKey: NoteVerifierKey

    var requests: [Digest: RequestState] = [:]
    var closings: [Cell: [HourClosedBody.Kind: Logged<HourClosedBody>]] = [:]
    var prekeys: [String: [Day: (index: UInt64, key: [UInt8])]] = [:]
    var indices: [Digest: UInt64] = [:]
    var replyKeys: [Digest: Digest] = [:]
    var warrants: [Digest: [Digest]] = [:]
    var erased: [UInt32: [String: Day]] = [:]
    /// What agencies have asked for, in the order of the log.
    var spending: [String: [Spending]] = [:]
    /// The indices of drills, by the day they were filed for.
    var drills: [Day: [UInt64]] = [:]

    /// An empty record of the log whose first entry is the statement of a trusted roster.
    public init(trusting first: Roster) {
        origin = first.origin
        roster = first
        logKey = first.logKey
    }

    /// The record of a whole log. Throws what is wrong with its first entry as a first roster.
    /// `trusted` is that roster's hash from a source of trust; nil takes what is there.
    public init(entries: [[UInt8]], trusted: Digest?) throws(Refusal) {
        guard let entry = entries.first else {
            throw Refusal(.rosterMissing, "the log is empty: no roster, no parties")
        }
        let (first, _) = try Roster.first(try UnverifiedStatement(wire: entry))
        guard trusted == nil || trusted == first.hash else {
            throw Refusal(.rosterMissing, "the log's first roster is not the trusted one")
        }
        self.init(trusting: first)
        for entry in entries { append(entry) }
    }

    /// Takes in the log's next entry. Returns why it counts for nothing, or nil; a refusal also
    /// stands in `findings`.
    @discardableResult
    public mutating func append(_ entry: [UInt8]) -> Refusal? {
        defer { count += 1 }
        do throws(Refusal) {
            let statement = try UnverifiedStatement(wire: entry)
            apply(try verified(statement), at: count)
            indices[statement.id] = count
            return nil
        } catch {
            findings.append(
                Finding(code: error.code, sentence: error.sentence, index: count))
            return error
        }
    }

    /// Why an entry must not be appended now; nil where it may. Whether a request may be made at
    /// all is for `Judge.admission`.
    public func refusal(of entry: [UInt8]) -> Refusal? {
        do throws(Refusal) {
            _ = try verified(try UnverifiedStatement(wire: entry))
            return nil
        } catch {
            return error
        }
    }

    /// The index of a statement that counts.
    public func index(of id: Digest) -> UInt64? { indices[id] }

    /// What is known about a request.
    public func request(_ id: Digest) -> RequestState? { requests[id] }

    /// All requests in the order of the log.
    public var allRequests: [RequestState] { requestOrder.compactMap { requests[$0] } }

    /// The closing of one of a cell's trees.
    public func closing(_ cell: Cell, _ kind: HourClosedBody.Kind) -> Logged<HourClosedBody>? {
        closings[cell]?[kind]
    }

    /// All cells with a closing, ascending.
    public var closedCells: [Cell] { closings.keys.sorted() }

    /// A custodian's prekey for a day: 1,216 bytes.
    public func prekey(of custodian: String, on day: Day) -> [UInt8]? {
        prekeys[custodian]?[day]?.key
    }

    /// The roster in force for the entry at an index.
    public func roster(at index: UInt64) -> Roster {
        rosters.last { $0.index < index }?.roster ?? rosters.first?.roster ?? roster
    }

    /// The generation whose keys a day uses: the highest usable one that had begun by then,
    /// counting only entries before an index.
    public func generation(for day: Day, before limit: UInt64 = .max) -> GenerationState? {
        generations.values.filter { $0.first <= day && $0.isUsable(before: limit) }
            .max { $0.number < $1.number }
    }

    /// The newest day that a custodian has said it destroyed in a generation.
    public func destroyed(through generation: UInt32, by custodian: String) -> Day? {
        erased[generation]?[custodian]
    }
}

/// A generation as far as the log tells.
public struct GenerationState: Sendable {
    /// Its terms.
    public let proposal: GenerationProposal
    /// Where it was proposed.
    public let proposed: UInt64
    /// The roster it is made under; its custodians' order gives the bits.
    public let roster: Roster
    /// The id of the proposal's statement.
    public let id: Digest
    /// The commitments to seeds, by custodian.
    public internal(set) var commits: [String: Logged<GenerationBody>] = [:]
    /// The final steps, by custodian.
    public internal(set) var finals: [String: Logged<GenerationBody>] = [:]

    /// Its number.
    public var number: UInt32 { proposal.generation }
    /// Its first day.
    public var first: Day { proposal.first }
    /// Days that a read of it may live.
    public var retention: Int { proposal.retention }
    /// n and t.
    public var threshold: Threshold { roster.threshold }
    /// The last day that can use it: 21 days run from the first.
    public var last: Day { first.adding(20) }

    /// When a day's keys are due to be erased: when its first read becomes `retention` days old.
    public func due(_ day: Day) -> Timestamp { day.start.adding(days: Int64(retention)) }

    /// The commitment step of a custodian.
    public func commit(of custodian: String) -> GenerationCommit? {
        guard case .commit(let step) = commits[custodian]?.body else { return nil }
        return step
    }

    /// The final step of a custodian.
    public func final(of custodian: String) -> GenerationFinal? {
        guard case .final(let step) = finals[custodian]?.body else { return nil }
        return step
    }

    /// Whether every custodian has committed.
    public var isCommitted: Bool { commits.count == threshold.n }

    /// The subsets for which holders named different chains, with the names on each side; one is
    /// enough to void the generation.
    public var disputes: [(mask: SubsetMask, custodians: [String])] {
        threshold.subsets.compactMap { mask in
            var said: [String: Digest] = [:]
            for index in mask.members {
                let id = roster.custodians[index].id
                said[id] = final(of: id)?.commits.first { $0.mask == mask }?.commit
            }
            return Set(said.values).count > 1 ? (mask, said.keys.sorted()) : nil
        }
    }

    /// Whether all custodians said final, and the same.
    public var isFinal: Bool { finals.count == threshold.n && disputes.isEmpty }

    /// commit[first] of a subset, once the generation is final.
    public func firstCommit(of mask: SubsetMask) -> Digest? {
        guard isFinal, let holder = mask.members.first else { return nil }
        return final(of: roster.custodians[holder].id)?.commits.first { $0.mask == mask }?.commit
    }

    /// Whether its keys may be used: final, and for all but the first generation
    /// prefetch_hours + 24 h before its first day, so that no site ever holds two keys of an hour.
    func isUsable(before limit: UInt64) -> Bool {
        guard isFinal, finals.values.allSatisfy({ $0.index < limit }) else { return false }
        let lead = Int64(roster.policy.prefetchHours + 24)
        let last = roster.custodians.compactMap { final(of: $0.id)?.time }.max()
        guard let last else { return false }
        return number == 1 || last.adding(hours: lead) <= first.start
    }
}

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
        orders.compactMap(\.body.embargo).reduce(body.embargo) { max($0, $1) }
    }
    /// Whether it asks for a canary only.
    public var isDrill: Bool { body.isDrill }

    init(_ request: Logged<RequestBody>) { self.request = request }

    /// The institutions that approve and those that deny, counting only entries before an index:
    /// of each institution the last word of any of its officers counts, the requester's own
    /// institution not at all, and an officer who is gone from the roster neither.
    public func votes(
        under roster: Roster, before limit: UInt64 = .max
    ) -> (approving: Set<String>, denying: Set<String>) {
        let own = roster.agency(body.agency)?.institution
        var words: [(index: UInt64, officer: String, isYes: Bool)] = []
        words += approvals.map { ($0.index, $0.body.officer, true) }
        words += denials.map { ($0.index, $0.body.officer, false) }
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

extension Record {
    /// Goes on at a later index, for a reader that has only some of the log's entries, such as a
    /// bundle's verifier; never backwards.
    public mutating func skip(to index: UInt64) { count = max(count, index) }

    /// The cells, once for each plate, that an agency's requests of the 30 days before a time named,
    /// counting only entries before an index.
    public func spent(by agency: String, until time: Timestamp, before limit: UInt64) -> Int {
        let start = time.adding(days: -30)
        return (spending[agency] ?? []).filter { $0.index < limit && $0.time > start }
            .map(\.cells).reduce(0, +)
    }

    /// Where a custodian's prekey for a day stands in the log.
    public func prekeyIndex(of custodian: String, on day: Day) -> UInt64? {
        prekeys[custodian]?[day]?.index
    }
}
