import Dispatch
import Hosting
import Intake
import Plates
import Secrets

/// The gateway's listener with nothing behind it but the parser: what HTTP and JSON alone cost.
///
/// In a process of its own, like the gateway: `Bench serve-parsing 127.0.0.1:PORT`.
enum ParsingServer {
    static func run(at place: String) async throws {
        let worker = ParsingWorker()
        let listener = try FeedListener(
            at: place, certificate: nil,
            admit: { _, credential in
                credential == LoadMessages.credential ? 16 << 20 : nil
            },
            take: { message in await worker.take(message) })
        try await listener.run()
    }
}

/// One reception a feed, one message after the other, as in a gateway. Unchecked: on one queue.
private final class ParsingWorker: @unchecked Sendable {
    private let queue = DispatchQueue(label: "parsing")
    private var receptions: [String: FeedReception] = [:]

    func take(_ message: FeedListener.Message) async -> FeedListener.Reply {
        await withCheckedContinuation { waiter in
            queue.async { waiter.resume(returning: self.parse(message)) }
        }
    }

    private func parse(_ message: FeedListener.Message) -> FeedListener.Reply {
        do {
            if receptions[message.feed] == nil {
                let feed = try Feed(
                    name: message.feed,
                    kind: message.feed.hasPrefix("lines") ? .ndjson : .openalpr,
                    credential: .zero)
                receptions[message.feed] = FeedReception(
                    feed: feed, fold: .letterOAsZero, lateHours: 6)
            }
            let now = Timestamp(milliseconds: LoadBench.start.milliseconds)
            guard
                let delivery = try receptions[message.feed]?.take(
                    message.body, contentType: message.contentType, at: now)
            else { throw BenchError("no reception") }
            receptions[message.feed]?.confirm(delivery.token, at: now)
            return FeedListener.Reply(200, "durable", ["reads": delivery.reads.count])
        } catch {
            return FeedListener.Reply(400, "refused", "the message is refused")
        }
    }
}
