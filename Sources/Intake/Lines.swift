import Foundation
import Plates

/// Our own formats: one JSON object a line, or comma-separated values under a heading line, with
/// the same names and meanings (Docs/Spec/Intake.md). Unknown names are refused: a misspelt one
/// would be lost in silence.
///
///     {"plate":"AB 123","time":"2026-11-24T10:00:00.250+01:00","camera":"north gate","confidence":93.5}
enum Lines {
    static let names: Set<String> = [
        "plate", "time", "epoch_ms", "camera", "confidence", "candidates", "latitude", "longitude",
        "region", "direction", "make", "model", "color", "type", "year", "id",
    ]

    static func parse(
        _ body: [UInt8], _ context: FeedContext
    ) throws(IntakeRefusal) -> [FeedEvent] {
        let lines = body.split(separator: 0x0a, maxSplits: FeedMessage.maximumLines + 1)
        guard lines.count <= FeedMessage.maximumLines else {
            throw IntakeRefusal("message-too-many", "more than 16,384 lines")
        }
        return lines.filter { !$0.allSatisfy { $0 == 0x20 || $0 == 0x0d } }.map { line in
            do throws(IntakeRefusal) {
                let json = try JSON(parsing: Array(line))
                guard case .object(let members) = json, names.isSuperset(of: members.keys) else {
                    throw IntakeRefusal("message-shape", "a line has a name that is not known")
                }
                return try event(json, context)
            } catch {
                return .refused(error)
            }
        }
    }

    /// The event of one object.
    static func event(_ json: JSON, _ context: FeedContext) throws(IntakeRefusal) -> FeedEvent {
        guard let text = OpenALPRParser.plate(json["plate"]) else { return .withoutPlate }
        var sighting = Sighting(
            asRead: text, camera: context.camera(json["camera"]?.string),
            deviceTime: try time(json))
        sighting.confidence = OpenALPRParser.confidence(json["confidence"])
        sighting.candidates = OpenALPRParser.candidates(json["candidates"], besides: text)
        sighting.place = OpenALPRParser.place(json["latitude"], json["longitude"])
        sighting.region = OpenALPRParser.text(json["region"], most: 32)
        sighting.direction = json["direction"]?.double.flatMap { degrees in
            (0...360).contains(degrees) ? UInt16(degrees.rounded()) % 360 : nil
        }
        sighting.vehicle = Vehicle(
            make: OpenALPRParser.text(json["make"], most: 32),
            model: OpenALPRParser.text(json["model"], most: 32),
            color: OpenALPRParser.text(json["color"], most: 32),
            type: OpenALPRParser.text(json["type"], most: 32),
            year: OpenALPRParser.text(json["year"], most: 32))
        let id = json["id"]?.string.flatMap { (1...256).contains($0.utf8.count) ? $0 : nil }
        return .read(sighting, photos: [], ids: id.map { ["id \($0)"] } ?? [])
    }

    /// `time` with a zone, or `epoch_ms`; never both.
    private static func time(_ json: JSON) throws(IntakeRefusal) -> Timestamp {
        let iso = json["time"]?.string.flatMap { MessageTime.iso($0, zone: nil) }
        let epoch = MessageTime.milliseconds(json["epoch_ms"]?.integer)
        guard (json["time"] == nil) != (json["epoch_ms"] == nil), let seen = iso ?? epoch else {
            throw IntakeRefusal(
                "message-time", "a read needs time with a zone, or epoch_ms, and not both")
        }
        return seen
    }
}

/// RFC 4180 with a heading line, UTF-8. `candidates` are texts parted by semicolons.
enum CSV {
    static func parse(
        _ body: [UInt8], _ context: FeedContext
    ) throws(IntakeRefusal) -> [FeedEvent] {
        let rows = try rows(body)
        guard let heading = rows.first, Lines.names.isSuperset(of: heading),
            Set(heading).count == heading.count, heading.contains("plate")
        else {
            throw IntakeRefusal("message-shape", "the heading line is missing or has other names")
        }
        return rows.dropFirst().map { row in
            do throws(IntakeRefusal) {
                guard row.count == heading.count else {
                    throw IntakeRefusal("message-shape", "a line has more or fewer values")
                }
                var members: [String: JSON] = [:]
                for (name, value) in zip(heading, row) where !value.isEmpty {
                    members[name] =
                        name == "candidates"
                        ? .array(
                            value.split(separator: ";").map {
                                .object(["plate": .string(String($0))])
                            })
                        : .string(value)
                }
                return try Lines.event(.object(members), context)
            } catch {
                return .refused(error)
            }
        }
    }

    /// Lines of values. Throws `message-csv`.
    private static func rows(_ body: [UInt8]) throws(IntakeRefusal) -> [[String]] {
        let failure = IntakeRefusal("message-csv", "the message is no CSV as it is read here")
        guard (try? UTF8Span(validating: body.span)) != nil, !body.contains(0) else {
            throw failure
        }
        var rows: [[String]] = []
        var row: [String] = []
        var place = 0
        while place < body.count {
            var value: [UInt8] = []
            if body[place] == 0x22 {
                place += 1
                while true {
                    guard place < body.count else { throw failure }
                    let byte = body[place]
                    place += 1
                    if byte != 0x22 {
                        value.append(byte)
                        continue
                    }
                    guard place < body.count, body[place] == 0x22 else { break }
                    value.append(0x22)
                    place += 1
                }
            } else {
                while place < body.count, ![0x2c, 0x0a, 0x0d].contains(body[place]) {
                    guard body[place] != 0x22 else { throw failure }
                    value.append(body[place])
                    place += 1
                }
            }
            row.append(String(decoding: value, as: UTF8.self))
            guard row.count <= Lines.names.count else { throw failure }
            if place < body.count, body[place] == 0x2c {
                place += 1
                // A comma at the very end opens one more value, which is empty.
                if place == body.count { row.append("") }
                continue
            }
            if place < body.count, body[place] == 0x0d { place += 1 }
            guard place == body.count || body[place] == 0x0a else { throw failure }
            place += 1
            if row != [""] { rows.append(row) }
            guard rows.count <= FeedMessage.maximumLines else {
                throw IntakeRefusal("message-too-many", "more than 16,384 lines")
            }
            row = []
        }
        if !row.isEmpty { rows.append(row) }
        return rows
    }
}
