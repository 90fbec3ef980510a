import Foundation
import Plates

/// Hikvision's `EventNotificationAlert` of type ANPR: XML, alone or beside its pictures.
enum Hikvision {
    static func parse(
        _ body: [UInt8], _ contentType: String, _ context: inout FeedContext
    ) throws(IntakeRefusal) -> [FeedEvent] {
        guard !body.isEmpty else { return [.ignored] }
        var parts: [Multipart.Part] = []
        var document = body[...]
        if Multipart.isMultipart(contentType) {
            parts = try Multipart(body, contentType: contentType).parts
            let types = ["application/xml", "text/xml"]
            guard
                let part = parts.first(where: {
                    types.contains($0.type) || ($0.fileName ?? $0.name).hasSuffix(".xml")
                })
            else { throw IntakeRefusal("message-shape", "no part of the message is XML") }
            document = part.content
        }
        let alert = try XMLTree.parse(document)
        guard alert.name == "EventNotificationAlert" else {
            throw IntakeRefusal("message-shape", "the root is no EventNotificationAlert")
        }
        // Heartbeats come as `videoloss`, inactive; other events are not ours.
        guard alert.value("eventType")?.uppercased() == "ANPR" else { return [.ignored] }
        guard let report = alert["ANPR"] else {
            throw IntakeRefusal("message-shape", "the alert has no ANPR element")
        }
        guard let text = OpenALPRParser.plate(report.value("licensePlate").map(JSON.string)) else {
            return [.withoutPlate]
        }
        guard let time = alert.value("dateTime"),
            let seen = MessageTime.iso(time, zone: context.feed.timeZone, near: context.now)
        else { throw IntakeRefusal("message-time", "dateTime is missing or no ISO 8601 time") }
        var sighting = Sighting(
            asRead: text, camera: context.camera(alert.value("channelName")), deviceTime: seen)
        describe(alert, report, &sighting)
        let photos = FeedMessage.images(
            parts, crops: ["licenseplatepicture", "vehiclepicture", "platepicture"], &context)
        return [.read(sighting, photos: photos, ids: ids(alert, text, seen))]
    }

    /// By which a resent event is known: the device's own id, and device, channel, time and plate.
    private static func ids(_ alert: XMLTree, _ text: String, _ seen: Timestamp) -> [String] {
        let device = (alert.value("macAddress") ?? "") + " " + (alert.value("channelID") ?? "")
        let own = (alert.value("UUID") ?? alert.value("uuid")).map { "uuid \($0)" }
        return [own, "seen \(device) \(seen.milliseconds) \(text)"].compactMap { $0 }
    }

    private static func describe(_ alert: XMLTree, _ report: XMLTree, _ sighting: inout Sighting) {
        func text(_ value: String?) -> String? {
            guard let value, !["unknown", "NON", "0"].contains(value) else { return nil }
            return Sighting.isText(value, most: 32) ? value : nil
        }
        sighting.confidence = OpenALPRParser.confidence(
            report.value("confidenceLevel").map(JSON.string))
        if let original = report.value("originalLicensePlate"), original != sighting.asRead,
            let other = OpenALPRParser.plate(.string(original))
        {
            sighting.candidates = [Candidate(text: other, confidence: nil)]
        }
        sighting.region = text(alert.value("countryAbbreviation"))
        sighting.vehicle = Vehicle(
            color: text(report["vehicleInfo"]?.value("color")),
            type: text(report.value("vehicleType")))
        let place = alert["DeviceGPSInfo"]
        sighting.place = OpenALPRParser.place(
            degrees(place?["Latitude"], isNegative: place?.value("latitudeType") == "S"),
            degrees(place?["Longitude"], isNegative: place?.value("longitudeType") == "W"))
    }

    private static func degrees(_ value: XMLTree?, isNegative: Bool) -> JSON? {
        guard let degree = value?.value("degree").flatMap(Double.init),
            let minute = value?.value("minute").flatMap(Double.init),
            let second = value?.value("sec").flatMap(Double.init)
        else { return nil }
        let sum = degree + minute / 60 + second / 3_600
        return sum.isFinite ? .fraction(isNegative ? -sum : sum) : nil
    }
}
