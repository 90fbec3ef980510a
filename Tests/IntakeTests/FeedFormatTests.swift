import Foundation
import Intake
import Plates
import Testing
import Warrants

@Suite("what other readers send")
struct FeedFormatTests {
    private let now = Timestamp(milliseconds: 1_763_978_400_000)

    private func reads(
        _ kind: FeedKind, _ body: [UInt8], _ type: String = "application/json",
        camera: String? = nil, zone: String? = nil, photos: PhotoKeeping = .all
    ) throws -> [ReceivedRead] {
        var reception = try reception(kind, camera: camera, zone: zone, photos: photos)
        return try reception.take(body, contentType: type, at: now).reads
    }

    private func code(
        _ kind: FeedKind, _ text: String, _ type: String = "application/json",
        zone: String? = nil
    ) -> String? {
        refusal { _ = try reads(kind, message(text), type, zone: zone) }
    }

    @Test("Plate Recognizer Stream, JSON and multipart, gives one read with all its fields")
    func plateRecognizer() throws {
        let json = try FeedSamples.bytes("platerecognizer-stream.json")
        let request = try FeedSamples.request("platerecognizer-stream-multipart.http")
        let plain = try #require(try reads(.plateRecognizer, json).first)
        let other = try #require(try reads(.plateRecognizer, request.body, request.type).first)
        #expect(plain.read == other.read)
        #expect(plain.photos.isEmpty && other.photos.count == 1)
        #expect(other.photos[0].role == .frame && other.photos[0].kind == .jpeg)
        let fields = plain.read.fields
        #expect(fields.asRead == "pl8rec" && plain.read.plate.text == "PL8REC")
        #expect(fields.confidence == 9_020 && fields.camera == "camera-1")
        #expect(fields.candidates == [Candidate(text: "plbrec", confidence: 7_580)])
        #expect(fields.deviceTime.text == "2025-11-24T10:00:00.123Z" && !fields.deviceClockOff)
        #expect(fields.region == "us-ca" && fields.direction == 210)
        #expect(
            fields.vehicle == Vehicle(make: "Porsche", model: "911", color: "red", type: "Sedan"))
        for keeping in [PhotoKeeping.none, .crop] {
            let kept = try reads(.plateRecognizer, request.body, request.type, photos: keeping)
            #expect(kept.count == 1 && kept[0].photos.isEmpty)
        }
    }

    @Test("Plate Recognizer: what is no plate, and what is refused")
    func plateRecognizerOdd() throws {
        for data in [
            "{'results':[]}", "{}", "{'results':null}", "{'results':[{'plate':''}]}",
            "{'results':[{'plate':null,'vehicle':{'type':'Sedan'}}]}", "{'results':[{}]}",
        ] {
            #expect(try reads(.plateRecognizer, message("{'data':\(data)}")).isEmpty)
        }
        #expect(
            try reads(.plateRecognizer, message("{'hook':{'event':'heartbeat'}}")).isEmpty)
        #expect(code(.plateRecognizer, "{'data':7}") == "message-shape")
        #expect(code(.plateRecognizer, "{'data':{'results':{}}}") == "message-shape")
        let plate = "'results':[{'plate':'A1'}]"
        #expect(code(.plateRecognizer, "{'data':{\(plate)}}") == "message-time")
        let local = "{'data':{\(plate),'timestamp':'2025-11-24 10:00:00.5'}}"
        #expect(code(.plateRecognizer, local) == "message-time")
        let read = try reads(.plateRecognizer, message(local), zone: "America/New_York").first?.read
        #expect(read?.seen.text == "2025-11-24T15:00:00.500Z")
        let many = Array(repeating: "{'plate':'A1'}", count: 257).joined(separator: ",")
        #expect(
            code(.plateRecognizer, "{'data':{'results':[\(many)]}}") == "message-too-many")
    }

    @Test("Hikvision: the sample, alone and beside its pictures")
    func hikvision() throws {
        let xml = try FeedSamples.bytes("hikvision-anpr.xml")
        let plain = try #require(try reads(.hikvision, xml, "application/xml").first)
        let fields = plain.read.fields
        #expect(fields.asRead == "PECT600" && fields.confidence == 9_700)
        #expect(fields.deviceTime.text == "2024-01-19T03:17:19.000Z" && fields.deviceClockOff)
        #expect(fields.camera == "Camera 01" && fields.region == nil)
        #expect(fields.vehicle == Vehicle(color: "white", type: "vehicle"))
        #expect(fields.place == Place(latitude: 3_666_667, longitude: 1_110_000_000))
        // Pictures may hold the boundary's text; a length says where they end even so.
        let jpeg: [UInt8] =
            Array(TestPhoto.jpeg.prefix(14)) + Array("\r\n--b\r\n--b--".utf8) + [0xff, 0xd9]
        let body = multipart([
            ("Content-Disposition: form-data; name=\"anpr.xml\"\r\nContent-Type: text/xml", xml),
            (
                "Content-Disposition: form-data; name=\"licensePlatePicture.jpg\"\r\n"
                    + "Content-Type: image/jpeg\r\nContent-Length: \(jpeg.count)", jpeg
            ),
            (
                "Content-Disposition: form-data; name=\"detectionPicture.jpg\"\r\n"
                    + "Content-Type: image/jpeg", TestPhoto.jpeg
            ),
            ("Content-Type: image/jpeg", []),
        ])
        for type in ["multipart/form-data; boundary=b", "multipart/mixed;boundary=\"b\""] {
            let both = try #require(try reads(.hikvision, body, type, camera: "north").first)
            #expect(both.photos.map(\.role) == [.crop, .frame])
            #expect(both.photos.first?.bytes == jpeg)
            #expect(both.read.fields.camera == "north")
        }
        #expect(
            try reads(.hikvision, body, "multipart/mixed;boundary=b", photos: .crop)[0]
                .photos.count == 1)
    }

    @Test("Hikvision: no plate, other events, resent ones, and hostile XML")
    func hikvisionOdd() throws {
        let text = String(decoding: try FeedSamples.bytes("hikvision-anpr.xml"), as: UTF8.self)
        func changed(_ old: String, _ new: String) -> [UInt8] {
            Array(text.replacing(old, with: new).utf8)
        }
        for none in ["noPlate", "unknown", "", "No Plate"] {
            let body = changed("<licensePlate>PECT600", "<licensePlate>\(none)")
            #expect(try reads(.hikvision, body, "text/xml").isEmpty)
        }
        #expect(try reads(.hikvision, changed(">ANPR<", ">videoloss<"), "text/xml").isEmpty)
        let thai = changed("<licensePlate>PECT600", "<licensePlate>1กก &#x31;234")
        #expect(try reads(.hikvision, thai, "text/xml").first?.read.plate.text == "1กก1234")
        let local = changed("11:17:19+08:00", "11:17:19")
        #expect(throws: IntakeRefusal.self) { try reads(.hikvision, local, "text/xml") }
        #expect(
            try reads(.hikvision, local, "text/xml", zone: "Asia/Shanghai").first?.read.seen.text
                == "2024-01-19T03:17:19.000Z")
        for bad in [
            "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a>&b;</a>", "<a", "<a></b>", "<a/><a/>",
            "<a><?php ?></a>", "<a b=<>/>", "<a>&#0;</a>", "<a>&#xd800;</a>", "", " ", "<a>]]>",
            "<?xml version='1.0' encoding='utf-16'?><a/>", "<a><![CDATA[</a>", "<a><!--</a>",
            String(repeating: "<a>", count: 40) + String(repeating: "</a>", count: 40),
            "<a>" + String(repeating: "<b/>", count: 5_000) + "</a>",
        ] where !bad.isEmpty {
            #expect(
                refusal { _ = try reads(.hikvision, Array(bad.utf8), "text/xml") }
                    == "message-xml", "\(bad.prefix(20))")
        }
        #expect(
            refusal { _ = try reads(.hikvision, [0x3c, 0x61, 0xff, 0x3e], "text/xml") }
                == "message-xml")
        // The same event resent, hours later and written otherwise, is one read.
        var reception = try reception(.hikvision)
        let first = try reception.take(Array(text.utf8), contentType: "text/xml", at: now)
        reception.confirm(first.token, at: now)
        let later = now.adding(milliseconds: 6 * 3_600_000)
        let resent = changed("<isDataRetransmission>false", "<isDataRetransmission>true")
        let again = try reception.take(resent, contentType: "text/xml", at: later)
        #expect(again.reads.isEmpty && again.duplicates == 1 && first.reads.count == 1)
        let renamed = Array(
            String(decoding: resent, as: UTF8.self).replacing("<UUID>2024", with: "<UUID>3024").utf8
        )
        #expect(try reception.take(renamed, contentType: "text/xml", at: later).reads.isEmpty)
        let other = changed("11:17:19", "11:17:20").map { $0 }
        let fresh = String(decoding: other, as: UTF8.self).replacing("<UUID>", with: "<UUID>x")
        #expect(
            try reception.take(Array(fresh.utf8), contentType: "text/xml", at: later).reads.count
                == 1)
    }

    @Test("Axis: one passage is one read, at LOST, with the best text and the first time")
    func axis() throws {
        let sample = String(
            decoding: try FeedSamples.bytes("axis-license-plate-verifier.json"), as: UTF8.self)
        let lone = try #require(try reads(.axis, Array(sample.utf8)).first?.read)
        #expect(lone.asRead == "RLE11684" && lone.fields.confidence == 7_190)
        #expect(lone.seen.milliseconds == 1_623_405_938_252 && lone.fields.region == "POL")
        #expect(lone.fields.camera == "ACCC8ED3290D")
        func event(_ state: String, _ plate: String, _ score: String, _ ms: Int64) -> [UInt8] {
            message(
                "{'carID':'7','carState':'\(state)','plateUTF8':'\(plate)',"
                    + "'plateConfidence':'\(score)','capture_timestamp':'\(ms)'}")
        }
        var reception = try reception(.axis, camera: "lane 1")
        let start = now.milliseconds
        func take(_ bytes: [UInt8]) throws -> Delivery {
            try reception.take(bytes, contentType: "application/json", at: now)
        }
        #expect(try take(event("new", "AA1", "0.5", start)).held == 1)
        #expect(try take(event("update", "AA7", "0.9", start + 500)).held == 1)
        let lost = try take(event("lost", "AA1", "0.6", start + 900))
        let read = try #require(lost.reads.first?.read)
        #expect(lost.reads.count == 1 && read.asRead == "AA7" && read.fields.confidence == 9_000)
        #expect(read.seen.milliseconds == start && read.fields.camera == "lane 1")
        #expect(read.fields.candidates.map(\.text) == ["AA1"])
        // Not durable: the same message gives the same read again.
        reception.abandon(lost.token)
        let again = try take(event("lost", "AA1", "0.6", start + 900))
        #expect(again.reads == lost.reads && reception.held == 1)
        reception.confirm(again.token, at: now)
        #expect(reception.held == 0)
        let third = try take(event("lost", "AA1", "0.6", start + 900))
        #expect(third.reads.isEmpty && third.duplicates == 1)
        #expect(reception.due(at: now.adding(milliseconds: 3_600_000)).reads.isEmpty)
    }

    @Test("Axis: a passage that is never lost is over after a time, and a heartbeat is none")
    func axisOpen() throws {
        var reception = try reception(.axis)
        let new = message(
            "{'carID':7,'carState':'NEW','plateText':'AB12','datetime':'20251124 110000000'}")
        #expect(throws: IntakeRefusal.self) {
            try reception.take(new, contentType: "application/json", at: now)
        }
        reception = try self.zoned()
        #expect(try reception.take(new, contentType: "application/json", at: now).held == 1)
        #expect(reception.due(at: now.adding(milliseconds: 59_000)).reads.isEmpty)
        let due = reception.due(at: now.adding(milliseconds: 60_000))
        #expect(due.reads.first?.read.seen.text == "2025-11-24T10:00:00.000Z")
        reception.abandon(due.token)
        let again = reception.due(at: now.adding(milliseconds: 61_000))
        #expect(again.reads == due.reads)
        reception.confirm(again.token, at: now)
        #expect(reception.due(at: now.adding(milliseconds: 62_000)).reads.isEmpty)
        #expect(
            try reception.take(message("{'up':1}"), contentType: "application/json", at: now).reads
                .isEmpty)
        #expect(reception.summary.ignored == 1)
    }

    private func zoned() throws -> FeedReception { try reception(.axis, zone: "Europe/Berlin") }

    @Test(
        "Frigate: an event published again as its text improves is one read; its owner's names stay out"
    )
    func frigate() throws {
        var reception = try reception(.frigate)
        let samples = try ["frigate-lpr.json", "frigate-lpr-unknown.json"].map {
            try FeedSamples.bytes($0)
        }
        for sample in samples {
            #expect(try reception.take(sample, contentType: "", at: now).held == 1)
        }
        let due = reception.due(at: now.adding(milliseconds: 60_000))
        let read = try #require(due.reads.first?.read)
        #expect(due.reads.count == 1 && read.asRead == "123ABC" && read.fields.confidence == 9_500)
        #expect(read.seen.milliseconds == 1_607_123_958_748)
        #expect(read.fields.camera == "driveway_cam")
        #expect(read.encode().firstRange(of: Array("John".utf8)) == nil)
        reception.confirm(due.token, at: now.adding(milliseconds: 60_000))
        let again = try reception.take(
            samples[0] + [0x20], contentType: "", at: now.adding(milliseconds: 90_000))
        #expect(again.duplicates == 1 && again.held == 0)
        #expect(try reads(.frigate, message("{'type':'face','name':'x'}")).isEmpty)
        #expect(try reads(.frigate, message("{'type':'lpr','id':'1','plate':null}")).isEmpty)
        #expect(code(.frigate, "{'plate':'A1'}") == "message-shape")
        #expect(code(.frigate, "{'type':'lpr','id':'1','plate':'A1'}") == "message-time")
    }

    @Test("lines of our own, JSON and CSV, say the same")
    func lines() throws {
        let json = message(
            "{'plate':'AB 123','time':'2025-11-24T11:00:00.25+01:00','camera':'north',"
                + "'confidence':93.5,'candidates':[{'plate':'A8 123'}],'latitude':50.5,"
                + "'longitude':-3,'region':'gb','direction':90,'make':'VW','id':'e1'}\n\n"
                + "{'plate':'CD4','epoch_ms':1763978400000}\n{'plate':''}\n{'plate':'E1','time':'x'}\n"
        )
        let csv = Array(
            ("plate,time,epoch_ms,camera,confidence,candidates,latitude,longitude,region,direction,make,id\r\n"
                + "\"AB 123\",2025-11-24T11:00:00.25+01:00,,north,93.5,A8 123,50.5,-3,gb,90,VW,e1\r\n"
                + "CD4,,1763978400000,,,,,,,,,\r\n,,,,,,,,,,,\r\nE1,x,,,,,,,,,,\r\n").utf8)
        let left = try reads(.ndjson, json)
        let right = try reads(.csv, csv, "text/csv")
        #expect(left == right && left.count == 2)
        #expect(left[0].read.fields.candidates == [Candidate(text: "A8 123", confidence: nil)])
        #expect(left[1].read.fields.camera == "gate")
        var reception = try reception(.ndjson)
        let delivery = try reception.take(json, contentType: "", at: now)
        #expect(delivery.refused == ["message-time": 1])
        #expect(reception.summary.withoutPlate == 1)
        // The same ids in other bytes are the same reads.
        reception.confirm(delivery.token, at: now)
        let again = try reception.take([0x0a] + json, contentType: "", at: now)
        #expect(again.duplicates == 1 && again.reads.count == 1)
    }

    @Test(
        "our own formats refuse what they do not know",
        arguments: [
            (FeedKind.ndjson, "{'plate':'A1','tiem':'2025-11-24T11:00:00Z'}", "message-shape"),
            (.ndjson, "{'plate':'A1','time':'2025-11-24T11:00:00'}", "message-time"),
            (.ndjson, "{'plate':'A1','time':'2025-11-24T11:00:00Z','epoch_ms':5}", "message-time"),
            (.ndjson, "{'plate':'A1'}", "message-time"), (.ndjson, "[", "message-json"),
            (.csv, "", "message-shape"), (.csv, "time\n", "message-shape"),
            (.csv, "plate,plate\n", "message-shape"), (.csv, "plate,tiem\n", "message-shape"),
            (.csv, "plate\n\"A1", "message-csv"), (.csv, "plate\n\"A1\"x", "message-csv"),
            (.csv, "plate\nA\"1", "message-csv"), (.csv, "plate\nA1,2\n", "message-shape"),
            (.csv, "plate\rA1", "message-csv"), (.csv, "plate,time\nA1,10:00\n", "message-time"),
        ])
    func ownFormatsRefuse(kind: FeedKind, text: String, expected: String) throws {
        let body = kind == .csv ? Array(text.utf8) : message(text)
        #expect(refusal { _ = try reads(kind, body) } == expected)
    }
}
