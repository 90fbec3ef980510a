import Synchronization

/// What waits for its turn, one after the other in the order in which it came, while only one turn
/// at a time stands in the queue of whoever does it: others who want the same queue wait for what one
/// turn does, and not for all.
public final class Inbox<Item: Sendable>: Sendable {
    private struct State {
        var waiting: [Item] = []
        /// Whether somebody has a turn, or is to have one.
        var isTurn = false
    }

    private let state = Mutex(State())

    /// Nothing waits.
    public init() {}

    /// One more. Returns whether it is whoever calls who has to give the first turn.
    public func add(_ item: Item) -> Bool {
        state.withLock { state in
            state.waiting.append(item)
            defer { state.isTurn = true }
            return !state.isTurn
        }
    }

    /// What has its turn now.
    public func next() -> Item? {
        state.withLock { state in state.waiting.isEmpty ? nil : state.waiting.removeFirst() }
    }

    /// A turn is over. Returns whether another one is to be given.
    public func end() -> Bool {
        state.withLock { state in
            state.isTurn = !state.waiting.isEmpty
            return state.isTurn
        }
    }
}
