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

    /// Whether rows of an hour still wait for the vault.
    public func waits(in hour: Hour) -> Bool { cells[hour]?.waiting ?? 0 > 0 }
}
