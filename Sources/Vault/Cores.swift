import Warrants

/// Work in parts that do not wait for each other, on as many cores as the machine has.
enum Cores {
    /// What each part gave, in order. Throws what the first of those threw that failed; by then all
    /// have ended.
    static func map<Part: Sendable, Result: Sendable>(
        _ parts: [Part], _ body: @escaping @Sendable (Part) throws(StoreError) -> Result
    ) throws(StoreError) -> [Result] {
        let results = SideBySide.map(parts.count) { place in
            Swift.Result { () throws(StoreError) in try body(parts[place]) }
        }
        return try results.map { result throws(StoreError) in try result.get() }
    }
}
