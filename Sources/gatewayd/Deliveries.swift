import Hosting
import Plates
import Secrets

/// What became of messages by their digests, for ten minutes at least while there is room: one that
/// comes again, because its answer was lost or said to come again, is not sealed twice.
struct Deliveries {
    /// 10 minutes: after that a durable message may be forgotten, once many are known.
    static let memory: Int64 = 600_000
    /// How many are known at most; beyond, the oldest durable ones are forgotten.
    static let room = 65_536

    /// A message of a feed.
    struct Name: Hashable {
        let feed: String
        let digest: Digest
    }

    /// How far a message is.
    enum State {
        /// Its rows wait for the vault.
        case waiting
        /// The vault has them.
        case durable
    }

    private struct Waiting {
        let hours: Set<Hour>
        var tickets: [Ticket] = []
    }

    private var waiting: [Name: Waiting] = [:]
    private var durable: [Name: Timestamp] = [:]

    func state(of name: Name) -> State? {
        if waiting[name] != nil { return .waiting }
        return durable[name] == nil ? nil : .durable
    }

    /// A message whose rows, of these hours, are sealed and queued now.
    mutating func begin(_ name: Name, _ hours: Set<Hour>) {
        waiting[name] = Waiting(hours: hours)
    }

    /// One more sender who waits for it.
    mutating func add(_ ticket: Ticket, to name: Name) { waiting[name]?.tickets.append(ticket) }

    /// After a try to hand rows over: answers who has waited. What is durable stays known; what is
    /// not is answered `503` at once and goes on waiting.
    mutating func settle(at now: Timestamp, isDurable: (Set<Hour>) -> Bool) {
        for (name, item) in waiting {
            if isDurable(item.hours) {
                for ticket in item.tickets { ticket.answer(FeedListener.Reply(200, "durable")) }
                waiting[name] = nil
                durable[name] = now
            } else {
                for ticket in item.tickets {
                    ticket.answer(FeedListener.Reply(503, "vault-unreachable"))
                }
                waiting[name]?.tickets = []
            }
        }
        guard durable.count > Self.room / 2 else { return }
        durable = durable.filter { now.milliseconds(since: $0.value) < Self.memory }
        if durable.count > Self.room {
            let kept = durable.sorted { $0.value > $1.value }.prefix(Self.room / 2)
            durable = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
        }
    }
}
