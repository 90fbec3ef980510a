import Plates
import Secrets

/// A log entry that has been examined by itself under one roster: form, JSON, author, signature.
/// What this costs is most of what a log costs to check, and it needs nothing of the log: entries
/// are examined side by side, and a `Record` takes them in one after the other.
public struct Examined: Sendable {
    /// What was found of its shape; nobody vouches for what it says.
    public let statement: Result<UnverifiedStatement, Refusal>
    /// The hash of the roster that it was examined under.
    let roster: Digest
    /// What it is under that roster.
    let result: Result<AnyStatement, Refusal>

    /// An entry's bytes examined under a roster.
    public init(_ entry: [UInt8], under roster: Roster) {
        self.init(
            Self.caught { () throws(Refusal) in try UnverifiedStatement(wire: entry) }, roster)
    }

    /// A statement examined under a roster.
    public init(_ statement: UnverifiedStatement, under roster: Roster) {
        self.init(.success(statement), roster)
    }

    /// What reading an entry's shape gave, examined further under a roster.
    public init(_ statement: Result<UnverifiedStatement, Refusal>, under roster: Roster) {
        self.init(statement, roster)
    }

    private init(_ statement: Result<UnverifiedStatement, Refusal>, _ roster: Roster) {
        self.statement = statement
        self.roster = roster.hash
        result = Self.caught { () throws(Refusal) in try roster.examine(try statement.get()) }
    }

    /// Entries examined under a roster side by side, on all cores, in their order.
    public static func all(_ entries: [[UInt8]], under roster: Roster) -> [Examined] {
        all(entries) { Examined($0, under: roster) }
    }

    private static func all<Entry: Sendable>(
        _ entries: [Entry], _ examine: @escaping @Sendable (Entry) -> Examined
    ) -> [Examined] {
        // A thread costs as much as examining some.
        Lanes.map(entries, of: 16, examine)
    }

    /// The same of those entries alone that are not `known`, which nobody need examine; and of none after
    /// some of which one is refused: whoever takes in all or none has his answer then. What is not
    /// examined here is examined when it is asked for.
    public static func fresh(
        _ statements: [Result<UnverifiedStatement, Refusal>], known: [Bool], under roster: Roster
    ) -> [Examined] {
        var examined = statements.map { Examined(unexamined: $0) }
        var rest = statements.indices.filter { !known[$0] }[...]
        while !rest.isEmpty {
            let run = rest.prefix(runSize)
            let some = Self.all(run.map { statements[$0] }) { Examined($0, under: roster) }
            for (place, one) in zip(run, some) { examined[place] = one }
            if some.contains(where: \.isRefused) { break }
            rest = rest.dropFirst(runSize)
        }
        return examined
    }

    /// 256: how many are examined before anybody asks whether one of them is refused.
    private static let runSize = 256

    private var isRefused: Bool { if case .failure = result { true } else { false } }

    private init(unexamined statement: Result<UnverifiedStatement, Refusal>) {
        self.statement = statement
        // The hash of no roster.
        roster = .zero
        result = .failure(Refusal(.statementUnlogged, "a statement that nobody has examined"))
    }

    /// Whether it was examined under this roster.
    public func isCurrent(under roster: Roster) -> Bool { self.roster == roster.hash }

    private static func caught<Success>(
        _ body: () throws(Refusal) -> Success
    ) -> Result<Success, Refusal> {
        do { return .success(try body()) } catch { return .failure(error) }
    }
}

extension Roster {
    /// A statement of any type, verified by itself. Throws what is wrong with it.
    fileprivate func examine(_ statement: UnverifiedStatement) throws(Refusal) -> AnyStatement {
        switch statement.type {
        case .roster:
            let (next, verified) = try successor(statement)
            return .roster(next, verified)
        case .successor: return .successor(try succession(statement))
        case .generation: return .generation(try verify(statement))
        case .hourClosed: return .hourClosed(try verify(statement))
        case .grant: return .grant(try verify(statement))
        case .request: return .request(try verify(statement))
        case .order: return .order(try verify(statement))
        case .approval: return .approval(try verify(statement))
        case .denial: return .denial(try verify(statement))
        case .withdraw: return .withdraw(try verify(statement))
        case .evaluation: return .evaluation(try verify(statement))
        case .check: return .check(try verify(statement))
        case .disclosure: return .disclosure(try verify(statement))
        case .opening: return .opening(try verify(statement))
        case .notice: return .notice(try verify(statement))
        case .dayDestroyed: return .dayDestroyed(try verify(statement))
        case .rolledBack: return .rolledBack(try verify(statement))
        case .shred: return .shred(try verify(statement))
        case .shareLost: return .shareLost(try verify(statement))
        case .prekeys: return .prekeys(try verify(statement))
        case .difference: return .difference(try verify(statement))
        case .grantRequest:
            throw Refusal(.statementUnlogged, "a grant request does not belong into the log")
        case .tally: throw Refusal(.statementUnlogged, "a tally does not belong into the log")
        }
    }
}

/// A verified statement of any type, as the record takes it in.
enum AnyStatement {
    case roster(Roster, Statement<RosterBody>)
    case generation(Statement<GenerationBody>)
    case hourClosed(Statement<HourClosedBody>)
    case grant(Statement<GrantBody>)
    case request(Statement<RequestBody>)
    case order(Statement<OrderBody>)
    case approval(Statement<ApprovalBody>)
    case denial(Statement<DenialBody>)
    case withdraw(Statement<WithdrawBody>)
    case evaluation(Statement<EvaluationBody>)
    case disclosure(Statement<DisclosureBody>)
    case dayDestroyed(Statement<DayDestroyedBody>)
    case rolledBack(Statement<RolledBackBody>)
    case shred(Statement<ShredBody>)
    case shareLost(Statement<ShareLostBody>)
    case prekeys(Statement<PrekeysBody>)
    case difference(Statement<DifferenceBody>)
    case check(Statement<CheckBody>)
    case opening(Statement<OpeningBody>)
    case notice(Statement<NoticeBody>)
    case successor(Statement<SuccessorBody>)

    /// The statement, whatever it says.
    private var said: any SomeStatement {
        switch self {
        case .roster(_, let statement): statement
        case .generation(let statement): statement
        case .hourClosed(let statement): statement
        case .grant(let statement): statement
        case .request(let statement): statement
        case .order(let statement): statement
        case .approval(let statement): statement
        case .denial(let statement): statement
        case .withdraw(let statement): statement
        case .evaluation(let statement): statement
        case .disclosure(let statement): statement
        case .dayDestroyed(let statement): statement
        case .rolledBack(let statement): statement
        case .shred(let statement): statement
        case .shareLost(let statement): statement
        case .prekeys(let statement): statement
        case .difference(let statement): statement
        case .check(let statement): statement
        case .opening(let statement): statement
        case .notice(let statement): statement
        case .successor(let statement): statement
        }
    }

    /// SHA-256 of its text.
    var id: Digest { said.id }
    /// When it was signed, as it says; nil for a roster.
    var time: Timestamp? { said.time }
    /// Who signed it; for rosters and successors, the custodians.
    var signers: [String] { said.signers }
}

/// What statements of every type have.
private protocol SomeStatement {
    var id: Digest { get }
    var signers: [String] { get }
    var time: Timestamp? { get }
}

extension Statement: SomeStatement {
    var time: Timestamp? { body.signed }
}
