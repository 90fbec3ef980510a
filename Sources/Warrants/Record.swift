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
    /// The signed notes that prove it by themselves; nil for most findings.
    public let evidence: [String]?

    /// A finding of its parts.
    public init(
        code: String, sentence: String, index: UInt64?, isFault: Bool = true,
        evidence: [String]? = nil
    ) {
        self.code = code
        self.sentence = sentence
        self.index = index
        self.isFault = isFault
        self.evidence = evidence
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
    /// What did not verify, the first 200 of it.
    public internal(set) var findings: [Finding] = []
    /// How many entries did not verify.
    public internal(set) var invalid: UInt64 = 0
    /// The log's own time: t of the custodians in force have dated a statement then or later, so
    /// that no t − 1 can hurry it. Zero before; never goes back.
    public internal(set) var time = Timestamp(milliseconds: 0)
    /// Whether no entry was left out.
    var isWhole = true
    /// All rosters, with the index from which each is in force.
    public internal(set) var rosters: [(index: UInt64, roster: Roster)] = []
    /// The ids of the requests that are not forgotten, in the order of the log.
    public internal(set) var requestOrder: [Digest] = []
    /// The generations that were proposed, by number.
    public internal(set) var generations: [UInt32: GenerationState] = [:]
    /// Grants of the last 40 days, in order.
    public internal(set) var grants: [Logged<GrantBody>] = []
    /// Destructions of days, in order, those that were signed in the last 40 days.
    public internal(set) var destructions: [Logged<DayDestroyedBody>] = []
    /// Emergency destructions of the last 40 days, in order.
    public internal(set) var shreds: [Logged<ShredBody>] = []
    /// States that were found rolled back in the last 40 days, in order.
    public internal(set) var rollbacks: [Logged<RolledBackBody>] = []
    /// Who has lost its share of which generation by its own word, and where it says so.
    public internal(set) var losses: [UInt32: [String: UInt64]] = [:]
    /// Differences that were told in the last 40 days, in order.
    public internal(set) var differences: [Logged<DifferenceBody>] = []
    /// Successions of the log, in order.
    public internal(set) var successions: [Logged<SuccessorBody>] = []
    /// The key of the log's checkpoints: the first roster's, or the newest successor's.
    public internal(set) var logKey: NoteVerifierKey

    var requests: [Digest: RequestState] = [:]
    var hours: [SiteNumber: SiteHours] = [:]
    var prekeys: [String: [Day: (index: UInt64, key: [UInt8])]] = [:]
    var indices: [Digest: UInt64] = [:]
    /// The ids in `indices` by the day of their statement's own time, to be forgotten together.
    var ids: [Day: [Digest]] = [:]
    /// The newest time of each custodian's statements.
    var spoken: [String: Timestamp] = [:]
    var erasures: [UInt32: [Day: [String: Erasure]]] = [:]
    /// The requests that were forgotten since the auditor looked; nobody else collects them.
    var leaving: [RequestState]?
    var replyKeys: [Digest: Digest] = [:]
    var warrants: [Digest: [Digest]] = [:]
    var erased: [UInt32: [String: Day]] = [:]
    /// What agencies have asked for, in the order of the log.
    var spending: [String: [Spending]] = [:]
    /// By agency, the requests of which rows were handed out and not countersigned, each with the place
    /// and time of the first disclosure.
    var uncountersigned: [String: [Digest: (index: UInt64, time: Timestamp)]] = [:]
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
        append(Examined(entry, under: roster))
    }

    /// Takes in the log's next entry, which has been examined already.
    @discardableResult
    public mutating func append(_ entry: Examined) -> Refusal? {
        switch take(entry) {
        case .success: nil
        case .failure(let refusal): refusal
        }
    }

    mutating func take(_ entry: Examined) -> Result<AnyStatement, Refusal> {
        defer { count += 1 }
        do throws(Refusal) {
            let statement = try admitted(entry)
            apply(statement, at: count)
            remember(statement, at: count)
            return .success(statement)
        } catch {
            invalid += 1
            if findings.count < Self.mostFindings {
                findings.append(
                    Finding(code: error.code, sentence: error.sentence, index: count))
            }
            return .failure(error)
        }
    }

    /// Why an entry must not be appended now; nil where it may. Whether a request may be made at
    /// all is for `Judge.admission`.
    public func refusal(of entry: [UInt8]) -> Refusal? {
        refusal(of: Examined(entry, under: roster))
    }

    /// The same of an entry that has been examined already.
    public func refusal(of entry: Examined) -> Refusal? {
        do throws(Refusal) {
            _ = try admitted(entry)
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
        // Numbers go up by one from 1, and the day asked for is mostly one of the newest's.
        var number = UInt32(generations.count)
        while number > 0 {
            if let state = generations[number], state.first <= day, state.isUsable(before: limit) {
                return state
            }
            number -= 1
        }
        return nil
    }

    /// Whether a custodian has said that it holds nothing of a generation any more.
    public func hasLost(_ generation: UInt32, _ custodian: String) -> Bool {
        losses[generation]?[custodian] != nil
    }

    /// The newest day that a custodian has said it destroyed in a generation.
    public func destroyed(through generation: UInt32, by custodian: String) -> Day? {
        erased[generation]?[custodian]
    }
}

extension Record {
    /// Every key that the log's checkpoints had, the first roster's first.
    public var logKeys: [NoteVerifierKey] {
        let first = rosters.first.map { [$0.roster.logKey] } ?? []
        return first
            + successions.compactMap { try? NoteVerifierKey(name: origin, key: $0.body.logKey.key) }
    }

    /// Goes on at a later index, for a reader that has only some of the log's entries, such as a
    /// bundle's verifier. How late it was in the log, such a reader does not know. False, and nothing
    /// is done, where the record is beyond that index already, or there can be none after it.
    public mutating func skip(to index: UInt64) -> Bool {
        guard index >= count, index < .max else { return false }
        if index > count { isWhole = false }
        count = index
        return true
    }

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
