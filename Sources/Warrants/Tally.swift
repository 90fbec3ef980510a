public import Plates

/// How many reads a vault holds of each day that is over, by its own word: signed, so that it can be
/// held against the vault, and never logged, since nothing in the log follows from it.
///
/// The log has a commitment to each closed hour and nothing of its size. Whoever may search an hour
/// is shown its size with a proof; where those hours alone have more rows than the day is said to
/// have, the vault has signed a lie. Nothing else tests it.
public struct TallyBody: DatedBody {
    /// The type line's word.
    public static let type = StatementType.tally
    /// `tally`: the name beside the log's public files under which a vault publishes it.
    public static let file = "tally"
    /// 10: what a day's reads are rounded down to, so that one car less or more does not show.
    public static let step: UInt64 = 10
    /// 400: the most days of a tally.
    public static let maximumDays = 400

    /// One day.
    public struct Counted: Codable, Hashable, Comparable, Sendable {
        /// The day.
        @Plain public var day: Day
        /// How many hours at sites are counted: those that are closed.
        public var hours: UInt64
        /// Their rows, what came late included, rounded down to a multiple of `step`.
        public var reads: UInt64

        /// A day with its closed hours and their rows, which are rounded here.
        public init(day: Day, hours: UInt64, rows: UInt64) {
            self.day = day
            self.hours = hours
            reads = rows - rows % TallyBody.step
        }

        /// By day.
        public static func < (left: Self, right: Self) -> Bool { left.day < right.day }
    }

    /// The days, ascending.
    public var days: [Counted]
    /// The vault's word.
    public var party: String
    /// When it was signed.
    @Plain public var time: Timestamp

    /// A tally of its parts; sorts the days.
    public init(party: String, days: [Counted], time: Timestamp) {
        self.party = party
        self.days = days.sorted()
        self.time = time
    }

    public func author(in roster: Roster) throws(Refusal) -> String {
        guard party == roster.body.vault.id else {
            throw Refusal(.signerUnknown, "only the vault counts its rows")
        }
        return party
    }

    public func checkForm(in roster: Roster) throws(Refusal) {
        // JSON's whole numbers are exact to 2^53 everywhere.
        let isSmall = days.allSatisfy {
            $0.reads % Self.step == 0 && $0.reads < 1 << 53 && $0.hours < 1 << 32
        }
        guard days.count <= Self.maximumDays, RosterCheck.isAscending(days), isSmall,
            days.last.map({ $0.day.end <= time }) ?? true
        else {
            throw Refusal(
                .statementMalformed, "a tally's days ascend, are over, and their reads are rounded")
        }
    }
}
