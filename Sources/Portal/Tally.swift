public import Plates
import Warrants

/// A vault's word on how many reads it holds of each day, its signature verified, beside what the log
/// has of those days.
public struct Tally: Sendable {
    /// One day.
    public struct Counted: Codable, Hashable, Sendable {
        /// The day, `2026-03-02`.
        public let day: String
        /// How many reads, rounded down to a multiple of 10.
        public let reads: UInt64
        /// How many hours at sites the vault counts.
        public let hours: UInt64
        /// How many closed hours at sites the log has of that day: where they are more, the vault has
        /// left some out; where they are fewer, it counts what nobody has committed to.
        public let closed: UInt64
        /// Whether the two agree.
        public var isWhole: Bool { hours == closed }
    }

    /// When the vault signed it.
    public let time: Timestamp
    /// The days, ascending.
    public let days: [Counted]
    /// The signed note, to the byte.
    public let wire: [UInt8]

    /// A tally as a vault published it; nil unless the roster in force says that it is the vault's.
    init?(_ wire: [UInt8], in record: Record) {
        guard let statement = try? UnverifiedStatement(wire: wire),
            let tally = try? record.roster.verify(statement, as: TallyBody.self)
        else { return nil }
        self.wire = wire
        time = tally.body.time
        let sites = Set(record.rosters.flatMap { $0.roster.sites.map(\.number) })
        let hours = sites.map { record.closedHours(of: $0, .prompt) }
        days = tally.body.days.map { one in
            let closed = hours.reduce(0) { $0 + one.day.hours.count(where: $1.contains) }
            return Counted(
                day: one.day.text, reads: one.reads, hours: one.hours, closed: UInt64(closed))
        }
    }

    /// One day; nil where it is not counted.
    func counted(_ day: Day) -> Counted? { days.first { $0.day == day.text } }
}
