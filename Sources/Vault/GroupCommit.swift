import Dispatch
import Synchronization

/// Many threads that want something durable, and one transaction for all that wait: whoever comes
/// first does the work of all who came while the one before was at work, and nobody has a thread more.
final class GroupCommit<Item: Sendable, Answer: Sendable>: Sendable {
    private final class Ticket: Sendable {
        let item: Item
        let result = Mutex<Result<Answer, StoreError>?>(nil)
        let turn = DispatchSemaphore(value: 0)

        init(_ item: Item) { self.item = item }
    }

    private struct State {
        var waiting: [Ticket] = []
        var isBusy = false
    }

    private let state = Mutex(State())

    /// Waits until an item is dealt with. `work` gets one or more items, also those of others, and
    /// gives one result for each; it is called by one thread at a time.
    func run(
        _ item: Item, _ work: ([Item]) -> [Result<Answer, StoreError>]
    ) throws(StoreError) -> Answer {
        let ticket = Ticket(item)
        let isFirst = state.withLock { state in
            state.waiting.append(ticket)
            defer { state.isBusy = true }
            return !state.isBusy
        }
        if !isFirst { ticket.turn.wait() }
        // Woken with a result, or to do the work of all that wait, its own among it.
        if let result = ticket.result.withLock({ $0 }) { return try result.get() }
        let group = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for (member, result) in zip(group, work(group.map(\.item))) {
            member.result.withLock { $0 = result }
            if member !== ticket { member.turn.signal() }
        }
        let next = state.withLock { state in
            state.isBusy = !state.waiting.isEmpty
            return state.waiting.first
        }
        next?.turn.signal()
        guard let result = ticket.result.withLock({ $0 }) else {
            throw StoreError(code: "store-failed", sentence: "a transaction gave no answer")
        }
        return try result.get()
    }
}
