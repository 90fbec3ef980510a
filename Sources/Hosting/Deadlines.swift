import Dispatch
import Synchronization

/// What is to happen when a time is over, for many who all wait equally long: one timer for all of
/// them, where one each would be kept until its end though nobody waits any more.
public final class Deadlines: Sendable {
    private struct State {
        /// What is to be done, by number, and when: numbers and times ascend.
        var actions: [UInt64: @Sendable () -> Void] = [:]
        var ends: [ContinuousClock.Instant] = []
        var first: UInt64 = 0
        var isRunning = false
    }

    private let patience: Duration
    private let step: DispatchTimeInterval
    private let state = Mutex(State())

    /// Deadlines that are over after `patience`, and noticed an eighth of it later, or a quarter of a
    /// second, at the latest.
    public init(after patience: Duration) {
        self.patience = patience
        let (seconds, attoseconds) = patience.components
        let milliseconds = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
        step = .milliseconds(Int(min(max(milliseconds / 8, 1), 250)))
    }

    /// From now on, `action` is done when the time is over, unless its number is removed before.
    public func add(_ action: @escaping @Sendable () -> Void) -> UInt64 {
        let end = ContinuousClock.now + patience
        return state.withLock { state in
            let number = state.first + UInt64(state.ends.count)
            state.actions[number] = action
            state.ends.append(end)
            if !state.isRunning { plan(&state) }
            return number
        }
    }

    /// Nothing is done for a number any more.
    public func remove(_ number: UInt64) { state.withLock { $0.actions[number] = nil } }

    private func plan(_ state: inout State) {
        state.isRunning = true
        DispatchQueue.global().asyncAfter(deadline: .now() + step) { [self] in
            for action in over() { action() }
        }
    }

    /// What is to be done now; the timer goes on as long as there is more.
    private func over() -> [@Sendable () -> Void] {
        state.withLock { state in
            let now = ContinuousClock.now
            let count = state.ends.prefix { $0 <= now }.count
            let over = (state.first..<state.first + UInt64(count)).compactMap {
                state.actions.removeValue(forKey: $0)
            }
            state.ends.removeFirst(count)
            state.first += UInt64(count)
            state.isRunning = false
            if !state.ends.isEmpty { plan(&state) }
            return over
        }
    }
}
