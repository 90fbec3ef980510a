import Bytes
public import Foundation
public import Secrets
import Warrants

/// In which format a feed speaks. The feed says what it is; nothing is ever guessed from a message.
public enum FeedKind: String, CaseIterable, Sendable, Codable {
    /// OpenALPR agents and Rekor Scout: JSON, with groups and heartbeats.
    case openalpr
    /// Plate Recognizer Stream: JSON, or multipart with an image.
    case plateRecognizer = "plate-recognizer"
    /// Hikvision ISAPI event notifications: XML, or multipart with images.
    case hikvision
    /// Axis License Plate Verifier push events: JSON, or multipart with images.
    case axis
    /// Frigate's `tracked_object_update`, posted by HTTP.
    case frigate
    /// One JSON object of our own a line.
    case ndjson
    /// Comma-separated values of our own with a heading line.
    case csv

    /// The longest body, in bytes: 16 MiB where photos can be in it, else 1 MiB.
    public var maximumBytes: Int {
        switch self {
        case .openalpr, .plateRecognizer, .hikvision, .axis: 16 << 20
        case .frigate, .ndjson, .csv: 1 << 20
        }
    }
}

extension PhotoKeeping {
    /// Whether a photo of a role stays.
    func keeps(_ role: Photo.Role) -> Bool { self == .all || (self == .crop && role == .crop) }
}

/// One camera, or one program that speaks for several: a line of a gateway's configuration.
public struct Feed: Sendable {
    /// Its word: 1 to 40 of a-z, 0-9 and `-`.
    public let name: String
    /// Its format.
    public let kind: FeedKind
    /// SHA-256 of the secret that it presents.
    public let credential: Digest
    /// The camera's name: for Hikvision and Axis always, for the others where a message has none.
    public let camera: String?
    /// The zone of local times that come without one; nil refuses such times.
    public let timeZone: TimeZone?
    /// Whether messages of a passage that is not over are held in memory, to become one read;
    /// where not, each plate that a passage shows is a read at once.
    public let holdsFrames: Bool

    /// A feed. `timeZone` is a name such as `Europe/Kyiv`. Throws `feed-name`, `feed-camera` or
    /// `feed-time-zone`.
    public init(
        name: String, kind: FeedKind, credential: Digest, camera: String? = nil,
        timeZone: String? = nil, holdsFrames: Bool = true
    ) throws(IntakeRefusal) {
        guard name.isWord(most: 40) else {
            throw IntakeRefusal("feed-name", "a feed's name has 1 to 40 of a-z, 0-9 and '-'")
        }
        guard camera.map({ Sighting.isText($0, most: 64) }) ?? true else {
            throw IntakeRefusal("feed-camera", "a camera's name has 1 to 64 bytes, no controls")
        }
        let zone = timeZone.flatMap { TimeZone(identifier: $0) }
        guard (zone == nil) == (timeZone == nil) else {
            throw IntakeRefusal("feed-time-zone", "the time zone of a feed is not known here")
        }
        self.name = name
        self.kind = kind
        self.credential = credential
        self.camera = camera
        self.timeZone = zone
        self.holdsFrames = holdsFrames
    }

    /// Whether a secret is this feed's. Only digests are compared, so that the time of it says
    /// nothing that helps to find the secret.
    public func accepts(_ secret: some Sequence<UInt8>) -> Bool {
        Digest(of: Array(secret)) == credential
    }
}
