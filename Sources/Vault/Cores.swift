import Dispatch
import Synchronization

/// Work in parts that do not wait for each other, on as many cores as the machine has.
enum Cores {
    /// What each part gave, in order. Throws what the first of those threw that failed; by then all
    /// have ended.
    static func map<Part: Sendable, Result: Sendable>(
        _ parts: [Part], _ body: @Sendable (Part) throws(StoreError) -> Result
    ) throws(StoreError) -> [Result] {
        guard parts.count > 1 else {
            return try parts.map { part throws(StoreError) in try body(part) }
        }
        let results = Mutex<[Swift.Result<Result, StoreError>?]>(
            Array(repeating: nil, count: parts.count))
        DispatchQueue.concurrentPerform(iterations: parts.count) { place in
            let result = Swift.Result { () throws(StoreError) in try body(parts[place]) }
            results.withLock { $0[place] = result }
        }
        return try results.withLock { $0 }.map { result throws(StoreError) in
            guard let result else {
                throw StoreError(code: "store-failed", sentence: "a part of the work gave nothing")
            }
            return try result.get()
        }
    }
}
