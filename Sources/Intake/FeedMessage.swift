import Bytes
import Foundation
import Plates

/// What one part of a message says, in whatever format.
enum FeedEvent {
    /// Never a read: heartbeats, vehicles without plates, alerts of the device.
    case ignored
    /// The reader names no plate.
    case withoutPlate
    /// A read that is complete; `ids` name it where the device does, for duplicates.
    case read(Sighting, photos: [Photo], ids: [String])
    /// A message of a passage that has more: the plate may be missing.
    case passing(id: String, Sighting?, photos: [Photo], isOver: Bool)
    /// OpenALPR's frames and groups, which fold by frame.
    case frame(uuid: String, plates: [(index: Int64, sighting: Sighting)])
    case group(Sighting?, frames: [FrameKey], photos: [Photo])
    /// A part of the message was refused; the others stand.
    case refused(IntakeRefusal)
}

/// What a parser needs to know besides the bytes.
struct FeedContext {
    let feed: Feed
    let now: Timestamp
    /// Which photos stay.
    var sieve: PhotoSieve

    /// The camera's name where a message has one, or not.
    func camera(_ told: String?) -> String {
        let usable = told.flatMap { Sighting.isText($0, most: 64) ? $0 : nil }
        switch feed.kind {
        // Such a feed is one device, and all of them call themselves "Camera 01".
        case .hikvision, .axis: return feed.camera ?? usable ?? feed.name
        default: return usable ?? feed.camera ?? feed.name
        }
    }

    /// The photo of some bytes if it is to stay; nil for none at all, and for one that is refused
    /// and counted.
    mutating func photo(_ bytes: some Collection<UInt8>, _ role: Photo.Role) -> Photo? {
        sieve.photo(bytes, role)
    }
}

/// The parser of every format.
enum FeedMessage {
    /// The most reads of one message.
    static let maximumReads = 256
    /// The most reads of a body of lines.
    static let maximumLines = 16_384

    /// What a body says. Throws `message-too-long`, and what the formats refuse.
    static func parse(
        _ body: [UInt8], contentType: String, _ context: inout FeedContext
    ) throws(IntakeRefusal) -> [FeedEvent] {
        let kind = context.feed.kind
        guard body.count <= kind.maximumBytes else {
            throw IntakeRefusal(
                "message-too-long", "a message of more than \(kind.maximumBytes >> 20) MiB")
        }
        let events: [FeedEvent] =
            switch kind {
            case .openalpr: try openALPR(body, &context)
            case .plateRecognizer: try PlateRecognizer.parse(body, contentType, &context)
            case .hikvision: try Hikvision.parse(body, contentType, &context)
            case .axis: try Axis.parse(body, contentType, &context)
            case .frigate: try Frigate.parse(body, context)
            case .ndjson: try Lines.parse(body, context)
            case .csv: try CSV.parse(body, context)
            }
        let most = kind == .ndjson || kind == .csv ? maximumLines : maximumReads
        guard events.count <= most else {
            throw IntakeRefusal("message-too-many", "more than \(most) reads in one message")
        }
        return events
    }

    private static func openALPR(
        _ body: [UInt8], _ context: inout FeedContext
    ) throws(IntakeRefusal) -> [FeedEvent] {
        let json = try JSON(parsing: body)
        let parser = OpenALPRParser(defaultCamera: context.camera(nil))
        switch try parser.message(json) {
        case .ignored: return [.ignored]
        case .frame(_, let plates) where plates.isEmpty: return [.withoutPlate]
        case .frame(let uuid?, let plates):
            guard plates.count <= maximumReads else {
                throw IntakeRefusal("message-too-many", "more than 256 reads in one message")
            }
            return [.frame(uuid: uuid, plates: plates)]
        case .frame(nil, let plates):
            return plates.map { .read($0.sighting, photos: [], ids: []) }
        case .passage(let sighting, let frames):
            try bound(frames)
            let photos = context.sieve.crops(ofGroup: json)
            return [.group(sighting, frames: frames, photos: photos)]
        case .withoutPlate(let frames):
            try bound(frames)
            return [.group(nil, frames: frames, photos: [])]
        }
    }

    private static func bound(_ frames: [FrameKey]) throws(IntakeRefusal) {
        guard frames.count <= 4_096, frames.allSatisfy({ $0.frame.utf8.count <= 256 }) else {
            throw IntakeRefusal("message-too-many", "a group names more frames than are kept")
        }
    }

    /// A share of one, zero to one, as hundredths of a percent; nil outside.
    static func share(_ json: JSON?) -> UInt16? {
        json?.double.flatMap { (0...1).contains($0) ? UInt16(($0 * 10_000).rounded()) : nil }
    }

    /// The JSON of a body, or of the part of a multipart body that is named so or is of that type.
    static func json(
        _ body: [UInt8], _ contentType: String
    ) throws(IntakeRefusal) -> (json: JSON, parts: [Multipart.Part]) {
        guard Multipart.isMultipart(contentType) else { return (try JSON(parsing: body), []) }
        let parts = try Multipart(body, contentType: contentType).parts
        let isJSON: (Multipart.Part) -> Bool = {
            $0.type == "application/json" || ($0.name == "json" && $0.fileName == nil)
        }
        guard
            let part = parts.first(where: isJSON)
                ?? parts.first(where: {
                    $0.fileName == nil && ["", "text/plain"].contains($0.type)
                })
        else { throw IntakeRefusal("message-shape", "no part of the message is JSON") }
        return (try JSON(parsing: Array(part.content)), parts)
    }

    /// The image parts, each with what its names say that it shows.
    static func images(
        _ parts: [Multipart.Part], crops: [String], _ context: inout FeedContext
    ) -> [Photo] {
        var photos: [Photo] = []
        for part in parts where part.type.hasPrefix("image/") {
            let names = (part.name + " " + (part.fileName ?? "")).lowercased()
            let role: Photo.Role = crops.contains(where: names.contains) ? .crop : .frame
            if let photo = context.photo(part.content, role) { photos.append(photo) }
        }
        let crops = photos.filter { $0.role == .crop }
        return Array((crops + photos.filter { $0.role == .frame }).prefix(Read.maximumPhotos))
    }
}
