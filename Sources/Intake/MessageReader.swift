import Bytes
public import Plates
import Secrets
public import Warrants

/// How the messages of one feed are read: the part of taking one that no other message changes, and
/// the longer one. So messages can be read side by side, and are then taken one after the other.
public struct MessageReader: Sendable {
    /// The feed.
    public let feed: Feed
    let fold: Fold
    let keeping: PhotoKeeping

    /// A reader. `fold` is the generation's, `photos` says which of them stay.
    public init(feed: Feed, fold: Fold, photos: PhotoKeeping) {
        self.feed = feed
        self.fold = fold
        keeping = photos
    }

    /// Reads a message that came at `now`. What was refused is said when it is taken.
    public func read(_ body: [UInt8], contentType: String, at now: Timestamp) -> ReadMessage {
        guard body.count <= feed.kind.maximumBytes else {
            return ReadMessage(
                reader: self, digest: .zero, photosRefused: [:],
                events: .failure(
                    IntakeRefusal("message-too-long", "a message longer than its format may be")))
        }
        var context = FeedContext(feed: feed, now: now, sieve: PhotoSieve(keeping: keeping))
        let events: Result<[FiledEvent], IntakeRefusal>
        do throws(IntakeRefusal) {
            let found = try FeedMessage.parse(body, contentType: contentType, &context)
            events = .success(found.map { FiledEvent($0, filing: filing(of: $0, at: now)) })
        } catch {
            events = .failure(error)
        }
        return ReadMessage(
            reader: self, digest: Digest(of: body), photosRefused: context.sieve.refused,
            events: events)
    }

    /// What is certain to become a read, unless it is a duplicate, is filed at once.
    private func filing(
        of event: FeedEvent, at now: Timestamp
    ) -> Result<Filing, IntakeRefusal>? {
        let sighting: Sighting? =
            switch event {
            case .read(let sighting, _, _): sighting
            case .group(let sighting, _, _): sighting
            case .ignored, .withoutPlate, .passing, .frame, .refused: nil
            }
        guard let sighting else { return nil }
        return Result { () throws(IntakeRefusal) in
            try sighting.filed(receivedAt: now, fold: fold)
        }
    }

}

/// A message that was read and that nobody has taken yet; it changes nothing.
public struct ReadMessage: Sendable {
    let reader: MessageReader
    /// SHA-256 of its bytes, by which it is known again.
    let digest: Digest
    /// Photos that were refused, by code.
    let photosRefused: [String: Int]
    /// What it says, or why nothing of it is taken.
    let events: Result<[FiledEvent], IntakeRefusal>

    /// Whether another reader of the feed reads by the same rules.
    public func agrees(with other: MessageReader) -> Bool {
        reader.feed.name == other.feed.name && reader.fold == other.fold
            && reader.keeping == other.keeping
    }
}

/// One part of a message, with the read of it where that is known already.
struct FiledEvent: Sendable {
    let event: FeedEvent
    let filing: Result<Filing, IntakeRefusal>?

    init(_ event: FeedEvent, filing: Result<Filing, IntakeRefusal>?) {
        self.event = event
        self.filing = filing
    }
}
