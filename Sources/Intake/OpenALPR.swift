// OpenALPR's messages (Docs/Spec/Intake.md): `alpr_results` for each frame, one `alpr_group` for
// each passage, bare `alpr -j` output, and recorded lines that hold such output under `engine`.
//
// Only the fields named here are ever looked at. Agents send camera passwords, licence keys and
// API keys in the same messages: they are not read, so they can be neither kept nor logged.

import Plates

/// One result of one frame: the agent's number of the frame and the plate's place in it.
struct FrameKey: Hashable, Sendable {
    let frame: String
    let index: Int64
}

/// What one message says.
enum OpenALPRMessage {
    /// A frame with the plates in it; `frame` is the agent's uuid, nil for bare engine output.
    case frame(uuid: String?, plates: [(index: Int64, sighting: Sighting)])
    /// A passage, with the frames it was made of.
    case passage(Sighting, frames: [FrameKey])
    /// A passage in which the agent names no plate.
    case withoutPlate(frames: [FrameKey])
    /// A message that never is a read: heartbeats, vehicles without plates, alerts of the agent.
    case ignored(kind: String)
}

/// The parser of one message.
struct OpenALPRParser {
    /// The name of the camera where a message has none, as in bare engine output.
    var defaultCamera = "unnamed"
    /// The longest message, in bytes; agents put crops of the vehicle into it as Base64.
    static let maximumBytes = 32 << 20
    /// What engines write where they saw no plate (compared in lower case).
    static let noPlates = [
        "", "unknown", "noplate", "no plate", "no_plate", "none", "null", "n/a",
    ]

    /// The message of some bytes. Throws `message-too-long`, `message-json`, `message-shape` or
    /// `message-time`.
    func parse(_ bytes: [UInt8]) throws(IntakeRefusal) -> OpenALPRMessage {
        try message(try json(bytes))
    }

    /// The document. Throws `message-too-long`, `message-json`.
    func json(_ bytes: [UInt8]) throws(IntakeRefusal) -> JSON {
        guard bytes.count <= Self.maximumBytes else {
            throw IntakeRefusal("message-too-long", "a message of more than 32 MiB")
        }
        return try JSON(parsing: bytes)
    }

    func message(_ json: JSON) throws(IntakeRefusal) -> OpenALPRMessage {
        guard json.isObject else {
            throw IntakeRefusal("message-shape", "the message is no JSON object")
        }
        if json["data_type"] == nil, let engine = json["engine"], engine.isObject {
            return try message(engine)
        }
        switch json["data_type"]?.string {
        case "alpr_results": return try frame(json)
        case nil where json["data_type"] == nil && json["results"] != nil: return try frame(json)
        case "alpr_group": return try group(json)
        case "heartbeat", "vehicle", "alpr_alert", "alpr_error":
            return .ignored(kind: json["data_type"]?.string ?? "")
        default:
            throw IntakeRefusal(
                "message-shape", "the message has neither results nor a data_type known here")
        }
    }

    private func frame(_ json: JSON) throws(IntakeRefusal) -> OpenALPRMessage {
        guard let results = json["results"] == nil ? [] : json["results"]?.array else {
            throw IntakeRefusal("message-shape", "the results are no array")
        }
        var plates: [(index: Int64, sighting: Sighting)] = []
        for (position, result) in results.enumerated() {
            guard result.isObject else {
                throw IntakeRefusal("message-shape", "result \(position + 1) is no object")
            }
            guard let text = Self.plate(result["plate"]) else { continue }
            var sighting = try base(json, time: "epoch_time", text: text)
            sighting.confidence = Self.confidence(result["confidence"])
            sighting.candidates = Self.candidates(result["candidates"], besides: text)
            sighting.region = Self.text(result["region"], most: 32)
            plates.append((result["plate_index"]?.integer ?? Int64(position), sighting))
        }
        return .frame(uuid: Self.text(json["uuid"], most: 256), plates: plates)
    }

    private func group(_ json: JSON) throws(IntakeRefusal) -> OpenALPRMessage {
        let indexes = (json["plate_indexes"]?.array ?? []).map(\.integer)
        let frames = (json["uuids"]?.array ?? []).enumerated().compactMap { position, item in
            item.string.map { uuid in
                FrameKey(
                    frame: uuid,
                    index: (position < indexes.count ? indexes[position] : nil) ?? 0)
            }
        }
        let best = json["best_plate"]
        guard let text = Self.plate(json["best_plate_number"]) ?? Self.plate(best?["plate"]) else {
            return .withoutPlate(frames: frames)
        }
        var sighting = try base(json, time: "epoch_start", text: text)
        sighting.confidence = Self.confidence(json["best_confidence"] ?? best?["confidence"])
        sighting.candidates = Self.candidates(json["candidates"], besides: text)
        // The best single frame may have read what the vote over all frames dropped.
        if let single = Self.plate(best?["plate"]), single != text,
            !sighting.candidates.contains(where: { $0.text == single })
        {
            sighting.candidates.append(
                Candidate(text: single, confidence: Self.confidence(best?["confidence"])))
        }
        sighting.region = Self.text(json["best_region"], most: 32)
        sighting.direction = json["travel_direction"]?.double.flatMap { degrees in
            (0...360).contains(degrees) ? UInt16(degrees.rounded()) % 360 : nil
        }
        sighting.vehicle = Self.vehicle(json["vehicle"])
        return .passage(sighting, frames: frames)
    }

    /// What frames and groups say alike: camera, place and time.
    private func base(
        _ json: JSON, time key: String, text: String
    ) throws(IntakeRefusal) -> Sighting {
        guard let milliseconds = json[key]?.integer, milliseconds >= 0 else {
            throw IntakeRefusal("message-time", "\(key) is missing or no number of milliseconds")
        }
        let camera = json["camera_id"].flatMap { $0.integer.map { String($0) } ?? $0.string }
        var sighting = Sighting(
            asRead: text,
            camera: camera.flatMap { Sighting.isText($0, most: 64) ? $0 : nil } ?? defaultCamera,
            deviceTime: Timestamp(milliseconds: milliseconds))
        sighting.place = Self.place(json["gps_latitude"], json["gps_longitude"])
        return sighting
    }

    /// A plate's text; nil where the engine says in one of its ways that there is none.
    static func plate(_ json: JSON?) -> String? {
        guard let text = json?.string, !isNoPlate(text) else { return nil }
        return text
    }

    /// Whether a text is one of those words, whatever the case of its ASCII letters.
    private static func isNoPlate(_ text: String) -> Bool {
        guard text.utf8.count <= 8 else { return false }
        let small = text.utf8.lazy.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
        return noPlates.contains { $0.utf8.elementsEqual(small) }
    }

    /// Per cent with a fraction, as hundredths; nil outside of 0 to 100.
    static func confidence(_ json: JSON?) -> UInt16? {
        json?.double.flatMap { percent in
            (0...100).contains(percent) ? UInt16((percent * 100).rounded()) : nil
        }
    }

    /// The engine's other readings in its order; the one that is the plate itself is left out.
    static func candidates(_ json: JSON?, besides text: String) -> [Candidate] {
        (json?.array ?? []).prefix(256).compactMap { item in
            guard let other = plate(item["plate"]), other != text else { return nil }
            return Candidate(text: other, confidence: confidence(item["confidence"]))
        }
    }

    /// A short text, nil where it is empty, too long or has control characters.
    static func text(_ json: JSON?, most: Int) -> String? {
        json?.string.flatMap { Sighting.isText($0, most: most) ? $0 : nil }
    }

    /// Degrees as ten-millionths; nil where one is missing, off the earth, or both are zero, which
    /// agents without a receiver send.
    static func place(_ latitude: JSON?, _ longitude: JSON?) -> Place? {
        guard let north = latitude?.double, let east = longitude?.double,
            abs(north) <= 90, abs(east) <= 180, north != 0 || east != 0
        else { return nil }
        return Place(
            latitude: Int32((north * 1e7).rounded()), longitude: Int32((east * 1e7).rounded()))
    }

    /// The likeliest of each of the engine's lists.
    static func vehicle(_ json: JSON?) -> Vehicle {
        func first(_ key: String) -> String? { text(json?[key]?.array?.first?["name"], most: 32) }
        return Vehicle(
            make: first("make"), model: first("make_model"), color: first("color"),
            type: first("body_type"), year: first("year"))
    }
}
