import Bytes
public import Plates
import Secrets
public import Warrants

/// Names one delivery until it is confirmed or abandoned.
public struct DeliveryToken: Hashable, Sendable {
    let number: UInt64
}

/// What came of one message, or of waiting.
public struct Delivery: Sendable {
    /// To be confirmed once the reads are durable, or abandoned.
    public let token: DeliveryToken
    /// The reads that are complete: to be sealed now.
    public internal(set) var reads: [ReceivedRead] = []
    /// How many plates of this message wait in memory for the rest of their passage.
    public internal(set) var held = 0
    /// How many reads came a second time and are left out.
    public internal(set) var duplicates = 0
    /// What was refused beside them, by code.
    public internal(set) var refused: [String: Int] = [:]
}

/// Messages of one feed in, reads out, in two steps.
///
/// `take` says what a message holds and changes nothing that could lose it. The caller seals the
/// reads, waits until the vault has made the rows durable, and calls `confirm`; only then is the
/// message remembered as a duplicate and are the pieces of its passages let go. Where the vault or
/// the keys are not there it calls `abandon`, answers 503, and the same message comes again as new.
/// Each feed has a reception of its own, so that one feed fills no other's memory.
public struct FeedReception: Sendable {
    /// How long a message is known again, in milliseconds: ten minutes.
    public static let memory: Int64 = 600_000
    /// The most deliveries that are neither confirmed nor abandoned.
    public static let maximumOpen = 1_024
    /// The most reads without durable rows that wait to be tried again.
    static let maximumBacklog = 4_096

    /// How its messages are read.
    public let reader: MessageReader
    /// What has been received so far.
    public private(set) var summary = Summary()

    private var passages = Passages(room: 4_096)
    private var passings = Passings()
    private var messages = Recent<Digest>(lifetime: FeedReception.memory)
    private var events: Recent<Digest>
    /// The keys of all open deliveries.
    private var openKeys: Set<Digest> = []
    private var open: [DeliveryToken: OpenDelivery] = [:]
    /// The messages of all open deliveries.
    private var openMessages: Set<Digest> = []
    private var backlog: [ReceivedRead] = []
    private var nextToken: UInt64 = 0

    /// A reception. `fold` is the generation's. Events that a device resends by its own ids are
    /// known for `lateHours`, the policy's; older ones are refused by the gateway anyway.
    public init(feed: Feed, fold: Fold, lateHours: Int, photos: PhotoKeeping = .crop) {
        reader = MessageReader(feed: feed, fold: fold, photos: photos)
        let late = Int64(lateHours + 1) * 3_600_000
        let isResent = feed.kind == .hikvision || feed.kind == .ndjson || feed.kind == .csv
        events = Recent(lifetime: isResent ? late : Self.memory)
    }

    /// The feed.
    public var feed: Feed { reader.feed }
    private var fold: Fold { reader.fold }

    /// How many plates wait in memory for the rest of their passage.
    public var held: Int { passages.count + passings.count + backlog.count }

    /// Reads one message and takes it. Throws as the other.
    public mutating func take(
        _ body: [UInt8], contentType: String, at now: Timestamp
    ) throws(IntakeRefusal) -> Delivery {
        try take(reader.read(body, contentType: contentType, at: now), at: now)
    }

    /// Takes one message that was read, by this reception's reader or by one like it. Throws why all
    /// of it was refused; that is counted, and nothing of the message stays. `message-in-flight` says
    /// that the same message is being stored: try again. `message-reader` says that it was read by
    /// other rules: read it again.
    public mutating func take(
        _ message: ReadMessage, at now: Timestamp
    ) throws(IntakeRefusal) -> Delivery {
        guard message.agrees(with: reader) else {
            throw IntakeRefusal("message-reader", "the message was read by other rules")
        }
        summary.messages += 1
        do throws(IntakeRefusal) {
            return try taken(message, now)
        } catch {
            summary.refuse(error.code)
            throw error
        }
    }

    private mutating func taken(
        _ message: ReadMessage, _ now: Timestamp
    ) throws(IntakeRefusal) -> Delivery {
        guard open.count < Self.maximumOpen else {
            throw IntakeRefusal("queue-full", "too many messages are being stored")
        }
        let digest = message.digest
        var delivery = Delivery(token: newToken())
        guard !messages.contains(digest, at: now) else {
            delivery.duplicates = 1
            summary.duplicates += 1
            return delivery
        }
        guard !openMessages.contains(digest) else { throw Self.inFlight }
        let found = try message.events.get()
        for (code, count) in message.photosRefused {
            summary.photosRefused[code, default: 0] += count
        }
        var pending = OpenDelivery(digest: digest)
        var last: IntakeRefusal?
        for event in found {
            do throws(IntakeRefusal) {
                try take(event, now, &delivery, &pending)
            } catch {
                // Part of the message is being stored, or has no room yet: it comes again whole,
                // and what waits of it already is known then.
                guard ![Self.inFlight.code, Passages.full.code].contains(error.code) else {
                    throw error
                }
                delivery.refused[error.code, default: 0] += 1
                last = error
            }
        }
        let hasNothing = delivery.reads.isEmpty && delivery.held == 0 && delivery.duplicates == 0
        if hasNothing, let last { throw last }
        for (code, count) in delivery.refused { summary.refused[code, default: 0] += count }
        hold(pending, delivery)
        return delivery
    }

    private mutating func take(
        _ part: FiledEvent, _ now: Timestamp, _ delivery: inout Delivery,
        _ pending: inout OpenDelivery
    ) throws(IntakeRefusal) {
        switch part.event {
        case .ignored: summary.ignored += 1
        case .withoutPlate: summary.withoutPlate += 1
        case .refused(let refusal): throw refusal
        case .read(let sighting, let photos, let ids):
            let keys = ids.map(key)
            try file(sighting, photos, keys, now, &delivery, &pending, part.filing)
        case .frame(let uuid, let plates):
            summary.frames += 1
            for (index, sighting) in plates {
                // What cannot become a read is refused now, and what waits is bounded.
                let bounded = try sighting.bounded(receivedAt: now, fold: fold)
                if feed.holdsFrames {
                    try passages.frame(uuid, [(index, bounded)], at: now)
                    delivery.held += 1
                } else {
                    try file(bounded, [], [key("frame \(uuid) \(index)")], now, &delivery, &pending)
                }
            }
        case .group(let sighting, let frames, let photos):
            summary.groups += 1
            if let sighting {
                pending.groups.append((sighting, frames))
                try file(sighting, photos, [], now, &delivery, &pending, part.filing)
            } else {
                summary.withoutPlate += 1
                passages.group(nil, frames, at: now)
            }
        case .passing(let id, let sighting, let photos, let isOver):
            try pass(id, sighting, photos, isOver, now, &delivery, &pending)
        }
    }

    /// One message of a passage.
    private mutating func pass(
        _ id: String, _ sighting: Sighting?, _ photos: [Photo], _ isOver: Bool, _ now: Timestamp,
        _ delivery: inout Delivery, _ pending: inout OpenDelivery
    ) throws(IntakeRefusal) {
        let bounded = try sighting?.bounded(receivedAt: now, fold: fold)
        guard feed.holdsFrames else {
            guard let bounded else {
                summary.withoutPlate += 1
                return
            }
            return try file(bounded, photos, passingKeys(id, bounded), now, &delivery, &pending)
        }
        // A passage that was told already is told again, or its text has still improved.
        if let bounded, passings.waiting[id] == nil,
            passingKeys(id, bounded).contains(where: { events.contains($0, at: now) })
        {
            delivery.duplicates += 1
            summary.duplicates += 1
            return
        }
        guard let passage = passings.joined(id, bounded, photos, at: now) else {
            summary.withoutPlate += 1
            return
        }
        if passings.waiting[id] != nil { summary.folded += 1 }
        guard isOver else {
            if !passings.keep(id, passage) {
                summary.photosRefused["photo-no-room", default: 0] += 1
            }
            delivery.held += 1
            return
        }
        // The passage waits on until its row is durable.
        pending.passings.append(id)
        try file(
            passage.best, passage.photos, passingKeys(id, passage.best), now, &delivery, &pending)
    }

    /// The reads of passages that are over, and those that were abandoned; at most a few thousand.
    /// To be called about once a second, and confirmed or abandoned as what `take` gives.
    public mutating func due(at now: Timestamp) -> Delivery {
        release(passages.due(at: now), passings.over(at: now), now)
    }

    /// The reads of everything that still waits: before the end of the process.
    public mutating func finish(at now: Timestamp) -> Delivery {
        release(
            passages.finish(),
            passings.waiting.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, now)
    }

    private mutating func release(
        _ sightings: [Sighting], _ over: [(id: String, passage: Passings.Passage)],
        _ now: Timestamp
    ) -> Delivery {
        var delivery = Delivery(token: newToken())
        var pending = OpenDelivery(digest: nil)
        delivery.reads = backlog
        backlog = []
        let before = delivery.reads.count
        for sighting in sightings {
            do throws(IntakeRefusal) {
                try file(sighting, [], [], now, &delivery, &pending)
            } catch {
                summary.refuse(error.code)
            }
        }
        summary.readsWithoutGroup += delivery.reads.count - before
        for (id, passage) in over {
            let keys = passingKeys(id, passage.best)
            do throws(IntakeRefusal) {
                try file(passage.best, passage.photos, keys, now, &delivery, &pending)
            } catch {
                // Its last message is being stored: if that fails, the passage is here still.
                if error.code == Self.inFlight.code { continue }
                summary.refuse(error.code)
            }
            passings.remove(id)
        }
        pending.retried = delivery.reads
        hold(pending, delivery)
        return delivery
    }

    /// The reads of a delivery are durable: it is remembered, and its passages are over.
    public mutating func confirm(_ token: DeliveryToken, at now: Timestamp) {
        guard let pending = close(token) else { return }
        if let digest = pending.digest { messages.insert(digest, at: now) }
        for key in pending.keys { events.insert(key, at: now) }
        for (sighting, frames) in pending.groups { passages.group(sighting, frames, at: now) }
        for id in pending.passings { passings.remove(id) }
    }

    /// The reads of a delivery are not durable: it is new when it comes again. What `due` had
    /// given comes again with the next `due`, as far as there is room.
    public mutating func abandon(_ token: DeliveryToken) {
        guard let pending = close(token) else { return }
        let room = max(0, Self.maximumBacklog - backlog.count)
        backlog += pending.retried.prefix(room)
        let lost = pending.retried.count - room
        if lost > 0 { summary.refused["queue-full", default: 0] += lost }
    }

    private mutating func close(_ token: DeliveryToken) -> OpenDelivery? {
        guard let pending = open.removeValue(forKey: token) else { return nil }
        openKeys.subtract(pending.keys)
        if let digest = pending.digest { openMessages.remove(digest) }
        return pending
    }

    private static let inFlight = IntakeRefusal(
        "message-in-flight", "the same message is being stored")

    private mutating func hold(_ pending: OpenDelivery, _ delivery: Delivery) {
        guard !delivery.reads.isEmpty else { return }
        open[delivery.token] = pending
        if let digest = pending.digest { openMessages.insert(digest) }
        openKeys.formUnion(pending.keys)
    }

    private mutating func newToken() -> DeliveryToken {
        nextToken += 1
        return DeliveryToken(number: nextToken)
    }

    private func key(_ id: String) -> Digest { Digest(of: Array(id.utf8)) }

    /// A passage of one id that reads the same plate is the same passage.
    private func passingKeys(_ id: String, _ sighting: Sighting) -> [Digest] {
        let plate = (try? Plate(normalizing: sighting.asRead, fold: fold))?.text
        return [key("passing \(id) \(plate ?? sighting.asRead)")]
    }

    /// Files one sighting as a read, unless one of its keys is known; `filing` is that read where it
    /// was made already.
    private mutating func file(
        _ sighting: Sighting, _ photos: [Photo], _ keys: [Digest], _ now: Timestamp,
        _ delivery: inout Delivery, _ pending: inout OpenDelivery,
        _ filing: Result<Filing, IntakeRefusal>? = nil
    ) throws(IntakeRefusal) {
        let isKnown = keys.contains { key in
            events.contains(key, at: now) || pending.keys.contains(key)
        }
        guard !isKnown else {
            delivery.duplicates += 1
            summary.duplicates += 1
            return
        }
        guard openKeys.isDisjoint(with: keys) else { throw Self.inFlight }
        let filing =
            if let filing { try filing.get() } else {
                try sighting.filed(receivedAt: now, fold: fold)
            }
        summary.reads += 1
        summary.photos += photos.count
        summary.candidatesDropped += filing.candidatesDropped
        if filing.read.deviceClockOff { summary.clocksOff += 1 }
        delivery.reads.append(ReceivedRead(read: filing.read, photos: photos))
        pending.keys.formUnion(keys)
    }
}

/// What is done once a delivery is durable, or not.
private struct OpenDelivery {
    let digest: Digest?
    var keys: Set<Digest> = []
    var groups: [(Sighting, [FrameKey])] = []
    var passings: [String] = []
    var retried: [ReceivedRead] = []
}
