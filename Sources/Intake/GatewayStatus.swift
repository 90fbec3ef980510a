public import Plates
import Tokens

// What a gateway's program asks of it, without any key or plate.
extension Gateway {
    /// The hours whose keys it holds completely, ascending.
    public var hoursHeld: [Hour] {
        generations.keys.filter { holdsKeys(of: $0) }.sorted()
    }

    /// Whether it holds an hour's keys completely.
    public func holdsKeys(of hour: Hour) -> Bool { keySet(of: hour) != nil }

    /// The key set that has all of an hour's keys; nil where there is none.
    func keySet(of hour: Hour) -> SiteKeys? {
        generations[hour].flatMap { keySets[$0] }.flatMap { $0.missing(hour).isEmpty ? $0 : nil }
    }

    /// How many rows of an hour were queued so far. They go to the vault in the order in which they
    /// came, so what is queued now is durable once `rowsHanded` has come so far.
    public func rowsQueued(in hour: Hour) -> Int {
        cells[hour].map { $0.handed + $0.waiting } ?? 0
    }

    /// How many rows of an hour the vault has acknowledged.
    public func rowsHanded(in hour: Hour) -> Int { cells[hour]?.handed ?? 0 }

    /// How many rows are in no batch yet.
    public var rowsPending: Int { cells.values.reduce(0) { $0 + $1.pending.count } }
}
