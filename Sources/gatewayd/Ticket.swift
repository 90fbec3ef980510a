import Hosting
import Synchronization

/// One sender who waits for an answer, for so long and no longer.
final class Ticket: Sendable {
    private struct State {
        var reply: FeedListener.Reply?
        var waiter: CheckedContinuation<FeedListener.Reply, Never>?
    }

    private let state = Mutex(State())

    /// Whether nobody waits any more.
    var isAnswered: Bool { state.withLock { $0.reply != nil } }

    /// Answers; only the first answer counts.
    func answer(_ reply: FeedListener.Reply) {
        let waiter = state.withLock { state in
            guard state.reply == nil else {
                return nil as CheckedContinuation<FeedListener.Reply, Never>?
            }
            state.reply = reply
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: reply)
    }

    /// The answer, or `late` when the time is over. Called once.
    func reply(
        before deadlines: Deadlines, otherwise late: FeedListener.Reply
    ) async -> FeedListener.Reply {
        let deadline = deadlines.add { [self] in answer(late) }
        defer { deadlines.remove(deadline) }
        return await withCheckedContinuation { waiter in
            let ready = state.withLock { state in
                if state.reply == nil { state.waiter = waiter }
                return state.reply
            }
            if let ready { waiter.resume(returning: ready) }
        }
    }
}
