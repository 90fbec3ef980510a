import Plates

/// Plate Recognizer Stream's webhook: `{"hook": {"event": "recognition", …}, "data": {…}}`, alone
/// or as the part `json` beside images.
enum PlateRecognizer {
    /// How many reads of one message get its photos: each is sealed for each of them.
    static let readsWithPhotos = 4

    static func parse(
        _ body: [UInt8], _ contentType: String, _ context: inout FeedContext
    ) throws(IntakeRefusal) -> [FeedEvent] {
        let (json, parts) = try FeedMessage.json(body, contentType)
        if let event = json["hook"]?["event"]?.string, event != "recognition" { return [.ignored] }
        guard let data = json["data"], data.isObject else {
            throw IntakeRefusal("message-shape", "the message has no data")
        }
        guard let results = data["results"] == nil ? [] : data["results"]?.array else {
            throw IntakeRefusal("message-shape", "the results are no array")
        }
        let plates = results.compactMap { result in text(result).map { (result, $0) } }
        guard !plates.isEmpty else { return [.withoutPlate] }
        guard plates.count <= FeedMessage.maximumReads else {
            throw IntakeRefusal("message-too-many", "more than 256 reads in one message")
        }
        guard let time = data["timestamp"]?.string,
            let seen = MessageTime.iso(time, zone: context.feed.timeZone, near: context.now)
        else { throw IntakeRefusal("message-time", "timestamp is missing or no ISO 8601 time") }
        let photos = FeedMessage.images(parts, crops: ["vehicle", "plate"], &context)
        let camera = context.camera(OpenALPRParser.text(data["camera_id"], most: 64))
        return plates.enumerated().map { place, item in
            var sighting = Sighting(asRead: item.1, camera: camera, deviceTime: seen)
            describe(item.0, &sighting)
            return .read(
                sighting, photos: place < readsWithPhotos ? photos : [], ids: [])
        }
    }

    /// The plate's text: in the result, or in the newer form inside of `plate.props`.
    private static func text(_ result: JSON) -> String? {
        OpenALPRParser.plate(result["plate"])
            ?? OpenALPRParser.plate(
                result["plate"]?["props"]?["plate"]?.array?.first?["value"])
    }

    private static func describe(_ result: JSON, _ sighting: inout Sighting) {
        let properties = result["plate"]?["props"]
        let readings = result["candidates"]?.array ?? properties?["plate"]?.array ?? []
        sighting.confidence = FeedMessage.share(
            result["score"] ?? properties?["plate"]?.array?.first?["score"])
        sighting.candidates = readings.prefix(256).compactMap { item in
            guard let other = OpenALPRParser.plate(item["plate"] ?? item["value"]),
                other != sighting.asRead
            else { return nil }
            return Candidate(text: other, confidence: FeedMessage.share(item["score"]))
        }
        sighting.region = OpenALPRParser.text(
            result["region"]?["code"] ?? properties?["region"]?.array?.first?["value"], most: 32)
        sighting.direction = result["direction"]?.double.flatMap { degrees in
            (0...360).contains(degrees) ? UInt16(degrees.rounded()) % 360 : nil
        }
        let vehicle = result["vehicle"]?["props"] ?? result
        let model = (vehicle["model_make"] ?? vehicle["make_model"])?.array?.first
        let color = vehicle["color"]?.array?.first
        sighting.vehicle = Vehicle(
            make: OpenALPRParser.text(model?["make"], most: 32),
            model: OpenALPRParser.text(model?["model"], most: 32),
            color: OpenALPRParser.text(color?["color"] ?? color?["value"], most: 32),
            type: OpenALPRParser.text(result["vehicle"]?["type"], most: 32))
    }
}
