import Dispatch
import Hosting
import Intake
import Plates
import Secrets
import Synchronization
import Warrants

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

/// One reception a feed; messages are read side by side and taken one after the other, as in a
/// gateway. Unchecked: on one queue.
private final class ParsingWorker: @unchecked Sendable {
    private let queue = DispatchQueue(label: "parsing")
    private let readers = Mutex<[String: MessageReader]>([:])
    private var receptions: [String: FeedReception] = [:]

    func take(_ message: FeedListener.Message) async -> FeedListener.Reply {
        let now = Timestamp(milliseconds: LoadBench.start.milliseconds)
        let reader: MessageReader
        do {
            reader = try self.reader(of: message.feed)
        } catch {
            return Self.refused
        }
        let read = reader.read(message.body, contentType: message.contentType, at: now)
        return await withCheckedContinuation { waiter in
            queue.async { waiter.resume(returning: self.take(read, of: reader, at: now)) }
        }
    }

    private static let refused = FeedListener.Reply(400, "refused", "the message is refused")

    private func reader(of feed: String) throws -> MessageReader {
        try readers.withLock { readers in
            if let reader = readers[feed] { return reader }
            let reader = MessageReader(
                feed: try Feed(
                    name: feed, kind: feed.hasPrefix("lines") ? .ndjson : .openalpr,
                    credential: .zero), fold: .letterOAsZero, photos: .crop)
            readers[feed] = reader
            return reader
        }
    }

    /// On the queue.
    private func take(
        _ message: ReadMessage, of reader: MessageReader, at now: Timestamp
    ) -> FeedListener.Reply {
        let feed = reader.feed
        var reception =
            receptions.removeValue(forKey: feed.name)
            ?? FeedReception(feed: feed, fold: .letterOAsZero, lateHours: 6)
        defer { receptions[feed.name] = reception }
        do {
            let delivery = try reception.take(message, at: now)
            reception.confirm(delivery.token, at: now)
            return FeedListener.Reply(200, "durable", ["reads": delivery.reads.count])
        } catch {
            return Self.refused
        }
    }
}
