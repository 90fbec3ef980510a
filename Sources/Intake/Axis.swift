import Plates

/// Axis License Plate Verifier's push events: NEW, UPDATE and LOST under one `carID`.
enum Axis {
    static func parse(
        _ body: [UInt8], _ contentType: String, _ context: inout FeedContext
    ) throws(IntakeRefusal) -> [FeedEvent] {
        guard !body.isEmpty else { return [.ignored] }
        let (json, parts) = try FeedMessage.json(body, contentType)
        guard json.isObject else {
            throw IntakeRefusal("message-shape", "the message is no JSON object")
        }
        let id = json["carID"].flatMap { $0.string ?? $0.integer.map { String($0) } }
        guard let id, let state = json["carState"]?.string?.lowercased() else {
            // Heartbeats name no car.
            if json["carID"] == nil, json["plateText"] == nil { return [.ignored] }
            throw IntakeRefusal("message-shape", "the event has no carID or no carState")
        }
        guard ["new", "update", "lost"].contains(state), id.utf8.count <= 64 else {
            throw IntakeRefusal("message-shape", "carState is none of new, update and lost")
        }
        let texts = ["plateUTF8", "plateUnicode", "plateText", "plateASCII"]
        let text = texts.lazy.compactMap { OpenALPRParser.plate(json[$0]) }.first
        var sighting: Sighting?
        var photos: [Photo] = []
        if let text {
            var seen = Sighting(
                asRead: text,
                camera: context.camera(json["camera_info"]?["SerialNumber"]?.string),
                deviceTime: try time(json, context))
            seen.confidence = FeedMessage.share(json["plateConfidence"])
            seen.region = OpenALPRParser.text(json["plateCountry"], most: 32)
            seen.place = OpenALPRParser.place(json["geotag"]?["lat"], json["geotag"]?["lon"])
            sighting = seen
            let isCrop = json["imageType"]?.string?.lowercased() == "plate"
            photos = FeedMessage.images(
                parts, crops: isCrop ? [""] : ["lp_", "plate", "vehicle"], &context)
        }
        return [.passing(id: id, sighting, photos: photos, isOver: state == "lost")]
    }

    /// Milliseconds, else nanoseconds, else the split local time: each under its own name.
    private static func time(
        _ json: JSON, _ context: FeedContext
    ) throws(IntakeRefusal) -> Timestamp {
        let seen =
            MessageTime.milliseconds(json["capture_timestamp"]?.integer)
            ?? MessageTime.milliseconds(json["capture_ts"]?.integer.map { $0 / 1_000_000 })
            ?? json["datetime"]?.string.flatMap {
                MessageTime.split($0, zone: context.feed.timeZone, near: context.now)
            }
        guard let seen else {
            throw IntakeRefusal("message-time", "the event has no time that can be used")
        }
        return seen
    }
}

/// Frigate's `tracked_object_update` of type `lpr`, published again as the text improves. The
/// `name` that its owner gave a car is never looked at.
enum Frigate {
    static func parse(
        _ body: [UInt8], _ context: FeedContext
    ) throws(IntakeRefusal) -> [FeedEvent] {
        let json = try JSON(parsing: body)
        guard let type = json["type"]?.string else {
            throw IntakeRefusal("message-shape", "the update has no type")
        }
        guard type == "lpr" else { return [.ignored] }
        guard let id = json["id"]?.string, (1...256).contains(id.utf8.count) else {
            throw IntakeRefusal("message-shape", "the update has no id")
        }
        guard let text = OpenALPRParser.plate(json["plate"]) else { return [.withoutPlate] }
        guard let seen = MessageTime.seconds(json["timestamp"]?.double) else {
            throw IntakeRefusal("message-time", "timestamp is missing or no number of seconds")
        }
        var sighting = Sighting(
            asRead: text, camera: context.camera(json["camera"]?.string), deviceTime: seen)
        sighting.confidence = FeedMessage.share(json["score"])
        return [.passing(id: id, sighting, photos: [], isOver: false)]
    }
}
