import Hosting
import Intake
import Plates
import Synchronization
import Warrants

// Messages in: what is answered, and when (Docs/Spec/Intake.md). All of it on `state`.
extension SiteWorker {
    static let vaultAway = FeedListener.Reply(
        503, "vault-unreachable", "the vault does not answer; come again")

    /// Refusals that another try may mend.
    private static let later: Set<String> = [
        "keys-missing", "memory-locked-out", "message-in-flight", "queue-full",
    ]

    /// Takes one message, and answers its sender, or leaves that to the vault's answer. `early` is the
    /// message as it was read when it came; where the rules have changed since, it is read again.
    func accept(_ message: FeedListener.Message, _ early: ReadMessage?, _ ticket: Ticket) {
        numbers.messages += 1
        // Its sender was told to come again, and need not find it in flight.
        guard !ticket.isAnswered else {
            numbers.putOff[Self.vaultAway.code, default: 0] += 1
            return
        }
        let time = now
        guard let gateway, gateway.holdsKeys(of: time.hour) else {
            let code = self.gateway == nil ? "log-unfollowed" : "keys-missing"
            return refuse(ticket, 503, code, "no read can be sealed yet; come again")
        }
        guard !isRosterDue(at: time) else {
            return refuse(ticket, 503, "roster-due", "another roster comes into force; come again")
        }
        guard let feed = feeds[message.feed] else { return }
        let reader = receptions[feed.name]?.reader ?? receive(feed, gateway.roster.policy)
        let read =
            early.flatMap { $0.agrees(with: reader) ? $0 : nil }
            ?? reader.read(message.body, contentType: message.contentType, at: time)
        do throws(IntakeRefusal) {
            if let delivery = try receptions[feed.name]?.take(read, at: time) {
                try seal(delivery, of: feed.name, at: time, ticket)
            }
        } catch {
            let isLater = Self.later.contains(error.code)
            let status = isLater ? 503 : error.code == "message-too-long" ? 413 : 400
            refuse(ticket, status, error.code, error.sentence)
        }
    }

    /// A reception for a feed by a policy; its messages are read by that from now on.
    private func receive(_ feed: Feed, _ policy: Policy) -> MessageReader {
        let reception = FeedReception(
            feed: feed, fold: policy.fold, lateHours: policy.lateHours, photos: policy.photos)
        receptions[feed.name] = reception
        readers.withLock { $0[feed.name] = reception.reader }
        return reception.reader
    }

    private func refuse(_ ticket: Ticket, _ status: Int, _ code: String, _ sentence: String) {
        if status == 503 { numbers.putOff[code, default: 0] += 1 }
        ticket.answer(FeedListener.Reply(status, code, sentence))
    }

    /// Seals what a message gave, all of it or nothing.
    private func seal(
        _ delivery: Delivery, of feed: String, at time: Timestamp, _ ticket: Ticket
    ) throws(IntakeRefusal) {
        var counts = [
            "reads": 0, "held": delivery.held, "duplicates": delivery.duplicates,
            "refused": delivery.refused.values.reduce(0, +),
        ]
        guard !delivery.reads.isEmpty else {
            let isHeld = delivery.held > 0
            return ticket.answer(
                FeedListener.Reply(isHeld ? 202 : 200, isHeld ? "held" : "nothing", counts))
        }
        guard let refused = try queue(delivery, of: feed, at: time) else { return }
        let sealed = delivery.reads.count - refused.values.reduce(0, +)
        guard sealed > 0 else {
            receptions[feed]?.abandon(delivery.token)
            let code = refused.keys.sorted().first ?? "refused"
            return refuse(ticket, 400, code, "no read of the message can be taken")
        }
        counts["reads"] = sealed
        counts["refused", default: 0] += refused.values.reduce(0, +)
        let isWaiting = isVaultThere
        track(
            delivery, feed, FeedListener.Reply(200, "durable", counts), isWaiting ? ticket : nil)
        // Who is told at once comes again, and is answered once the rows are durable.
        if !isWaiting { ticket.answer(Self.vaultAway) }
    }

    /// Seals reads that no sender waits for. What cannot be sealed now comes again with the next
    /// `due`; what never can is counted.
    func seal(due delivery: Delivery, of feed: String) {
        let time = now
        guard !delivery.reads.isEmpty else { return }
        do throws(IntakeRefusal) {
            guard let refused = try queue(delivery, of: feed, at: time) else { return }
            guard refused.values.reduce(0, +) < delivery.reads.count else {
                receptions[feed]?.confirm(delivery.token, at: time)
                return
            }
            track(delivery, feed, FeedListener.Reply(200, "durable", [:]), nil)
        } catch {
            log.problem("read-refused", error)
        }
    }

    /// Queues rows, all or none; returns what can never be sealed, by code.
    private func queue(
        _ delivery: Delivery, of feed: String, at time: Timestamp
    ) throws(IntakeRefusal) -> [String: Int]? {
        do throws(IntakeRefusal) {
            return try gateway?.take(message: delivery.reads, at: time)
        } catch {
            receptions[feed]?.abandon(delivery.token)
            throw error
        }
    }

    private func track(
        _ delivery: Delivery, _ feed: String, _ reply: FeedListener.Reply, _ ticket: Ticket?
    ) {
        guard let gateway else { return }
        let hours = Set(delivery.reads.map(\.read.seen.hour))
        let marks = hours.map { ($0, gateway.rowsQueued(in: $0)) }
        open.add(
            OpenDeliveries.Item(
                feed: feed, token: delivery.token,
                marks: Dictionary(uniqueKeysWithValues: marks), reply: reply, ticket: ticket))
        planFlush()
    }
}
