public import Plates
import Tokens

// What a gateway's program asks of it, without any key or plate.
extension Gateway {
    /// The hours whose keys it holds completely, ascending.
    public var hoursHeld: [Hour] {
        generations.keys.sorted().filter { hour in
            guard let generation = generations[hour], let keySet = keySets[generation] else {
                return false
            }
            return keySet.missing(hour).isEmpty
        }
    }

    /// Whether rows of an hour still wait for the vault.
    public func waits(in hour: Hour) -> Bool { cells[hour]?.waiting ?? 0 > 0 }
}
