import Foundation
import Intake
import Plates
import Secrets
import Testing
import Warrants

@Suite("deliveries in two steps, photos and bounds")
struct DeliveryTests {
    private let now = Timestamp(milliseconds: 1_763_978_400_000)

    private func read(_ plate: String) -> [UInt8] {
        message("{'plate':'\(plate)','epoch_ms':\(now.milliseconds)}")
    }

    @Test("a message is a duplicate once it is durable, not before, and not for ever")
    func twoSteps() throws {
        var reception = try reception(.ndjson)
        func take(_ time: Timestamp) throws -> Delivery {
            try reception.take(read("A1"), contentType: "", at: time)
        }
        let first = try take(now)
        #expect(first.reads.count == 1)
        #expect(refusal { _ = try take(now) } == "message-in-flight")
        reception.abandon(first.token)
        let second = try take(now)
        #expect(second.reads == first.reads)
        reception.confirm(second.token, at: now)
        let third = try take(now)
        #expect(third.reads.isEmpty && third.duplicates == 1)
        let late = now.adding(milliseconds: FeedReception.memory)
        #expect(try take(late).reads.count == 1)
        #expect(reception.summary.duplicates == 1)
    }

    @Test("messages read side by side are taken as if each had been read when it was taken")
    func readBefore() async throws {
        var eager = try reception(.ndjson)
        var plain = try reception(.ndjson)
        let (reader, now) = (eager.reader, now)
        let bodies = (0..<40).map { read("A\($0 % 20)") } + [message("{'plate':1}"), [0x7b]]
        let messages = await withTaskGroup(of: (Int, ReadMessage).self) { group in
            for (index, body) in bodies.enumerated() {
                group.addTask { (index, reader.read(body, contentType: "", at: now)) }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect(eager.summary == Summary())
        for (index, body) in bodies.enumerated() {
            let message = try #require(messages[index])
            var (first, second): (Delivery?, Delivery?)
            let code = refusal { first = try eager.take(message, at: now) }
            let other = refusal { second = try plain.take(body, contentType: "", at: now) }
            #expect(code == other && first?.reads == second?.reads)
            #expect(first?.duplicates == second?.duplicates)
            if let first, let second {
                eager.confirm(first.token, at: now)
                plain.confirm(second.token, at: now)
            }
        }
        #expect(eager.summary == plain.summary)
        #expect(eager.summary.reads == 20 && eager.summary.duplicates == 20)
    }

    @Test("a message that was read by other rules is not taken, and not counted")
    func otherRules() throws {
        var reception = try reception(.ndjson, photos: .all)
        let others = [
            MessageReader(feed: reception.feed, fold: .none, photos: .all),
            MessageReader(feed: reception.feed, fold: .letterOAsZero, photos: .none),
            MessageReader(
                feed: try Feed(name: "other", kind: .ndjson, credential: .zero),
                fold: .letterOAsZero, photos: .all),
        ]
        for other in others {
            let message = other.read(read("O1"), contentType: "", at: now)
            #expect(!message.agrees(with: reception.reader))
            #expect(refusal { _ = try reception.take(message, at: now) } == "message-reader")
        }
        #expect(reception.summary == Summary())
        let message = reception.reader.read(read("O1"), contentType: "", at: now)
        #expect(message.agrees(with: reception.reader))
        #expect(try reception.take(message, at: now).reads.first?.read.plate.text == "01")
    }

    @Test("an abandoned group keeps its frames; a confirmed one folds them")
    func groups() throws {
        let frame = message(
            "{'data_type':'alpr_results','epoch_time':\(now.milliseconds),'uuid':'u',"
                + "'results':[{'plate':'AB1','confidence':90}]}")
        let group = message(
            "{'data_type':'alpr_group','epoch_start':\(now.milliseconds),'uuids':['u'],"
                + "'best_plate_number':'AB1','vehicle_crop_jpeg':'\(base64(TestPhoto.jpeg))',"
                + "'best_plate':{'plate':'AB1','plate_crop_jpeg':'\(base64(TestPhoto.png))'}}")
        let later = now.adding(milliseconds: 60_000)
        for isDurable in [false, true] {
            var reception = try reception(.openalpr)
            #expect(try reception.take(frame, contentType: "", at: now).held == 1)
            let delivery = try reception.take(group, contentType: "", at: now)
            #expect(
                delivery.reads.count == 1 && delivery.reads[0].photos.map(\.kind) == [.jpeg, .png])
            if isDurable {
                reception.confirm(delivery.token, at: now)
            } else {
                reception.abandon(delivery.token)
            }
            #expect(reception.due(at: later).reads.count == (isDurable ? 0 : 1))
        }
        var eager = try reception(.openalpr, holds: false)
        let taken = try eager.take(frame, contentType: "", at: now)
        #expect(taken.reads.count == 1 && taken.held == 0 && eager.held == 0)
    }

    @Test("heartbeats are taken, and nothing of them stays")
    func heartbeats() throws {
        var reception = try reception(.openalpr)
        let beat = message("{'data_type':'heartbeat','license_key':'KEY-SECRET'}")
        for _ in 0..<3 {
            let delivery = try reception.take(beat, contentType: "", at: now)
            #expect(delivery.reads.isEmpty && delivery.held == 0 && delivery.duplicates == 0)
        }
        #expect(reception.summary.ignored == 3)
        #expect(String(reflecting: reception.summary).contains("SECRET") == false)
    }

    @Test("a photo is what its own bytes say; a bad one is refused, and its read kept")
    func photos() throws {
        #expect(try Photo(TestPhoto.jpeg, role: .crop).kind == .jpeg)
        #expect(try Photo(TestPhoto.png, role: .frame).kind == .png)
        let shortened =
            (1..<TestPhoto.jpeg.count).map { Array(TestPhoto.jpeg.prefix($0)) }
            + (0..<TestPhoto.png.count).map { Array(TestPhoto.png.prefix($0)) }
        for bytes in shortened + [TestPhoto.jpeg + [0], TestPhoto.png + [0], Array("GIF89a".utf8)] {
            #expect(refusal { _ = try Photo(bytes, role: .crop) } == "photo-broken")
        }
        let large = [UInt8](repeating: 0, count: Photo.maximumBytes + 1)
        #expect(refusal { _ = try Photo(large, role: .crop) } == "photo-too-large")
        for (text, code) in [
            ("AAAA", "photo-broken"), ("?", "photo-broken"),
            (String(repeating: "A", count: 6 << 20), "photo-too-large"),
        ] {
            var reception = try reception(.openalpr)
            let group = message(
                "{'data_type':'alpr_group','epoch_start':5,'best_plate_number':'A1',"
                    + "'vehicle_crop_jpeg':'\(text)'}")
            let delivery = try reception.take(group, contentType: "", at: now)
            #expect(delivery.reads.count == 1 && delivery.reads[0].photos.isEmpty)
            #expect(reception.summary.photosRefused == [code: 1])
        }
    }

    @Test(
        "what multipart bodies are refused for",
        arguments: [
            ("multipart/form-data", "--b\r\n\r\nx\r\n--b--", "multipart-boundary"),
            ("multipart/mixed; boundary=\"\"", "--\r\n\r\nx\r\n----", "multipart-boundary"),
            ("multipart/mixed; boundary=b", "x--b\r\n\r\nx\r\n--b--", "multipart-boundary"),
            ("multipart/mixed; boundary=b", "--b\r\n\r\nx\r\n--bc--", "multipart-end"),
            ("multipart/mixed; boundary=b", "--b\r\n\r\nx", "multipart-end"),
            ("multipart/mixed; boundary=b", "--b\r\nno colon\r\n\r\n--b--", "multipart-header"),
            ("multipart/mixed; boundary=b", "--b\r\nA: b", "multipart-header"),
            ("multipart/mixed; boundary=b", "--b\r\n\r\n\r\n--b--", "message-json"),
            (
                "multipart/mixed; boundary=b",
                String(repeating: "--b\r\n\r\n\r\n", count: 40) + "--b--", "multipart-parts"
            ),
            (
                "multipart/mixed; boundary=b",
                "--b\r\nA: " + String(repeating: "x", count: 9_000) + "\r\n\r\n\r\n--b--",
                "multipart-header"
            ),
        ])
    func multipartRefusals(type: String, body: String, expected: String) throws {
        var reception = try reception(.plateRecognizer)
        let code = refusal {
            _ = try reception.take(Array(body.utf8), contentType: type, at: now)
        }
        #expect(code == expected)
        #expect(reception.summary.refused == [expected: 1])
    }

    @Test("a body above the format's bound is refused before anything looks at it")
    func long() throws {
        for kind in FeedKind.allCases {
            var reception = try reception(kind)
            let body = [UInt8](repeating: 0x20, count: kind.maximumBytes + 1)
            #expect(
                refusal { _ = try reception.take(body, contentType: "", at: now) }
                    == "message-too-long")
        }
    }

    /// Bodies made to cost: twice the bytes may cost about twice the time, not four times. Sizes
    /// are compared with each other, each the best of three, by what the processor did for this thread:
    /// a busy machine changes little.
    @Test(
        "hostile bodies cost time in step with their size",
        arguments: [
            (FeedKind.openalpr, "", "["), (.openalpr, "{\"a\":\"", "\\u0041"),
            (.openalpr, "[", "0,"), (.hikvision, "<a>", "&amp;"), (.hikvision, "<a>", "<b/>"),
            (.hikvision, "<a>", "<!-- -"), (.hikvision, "<a ", "b='' "),
            (.hikvision, "<a>", "<![CDATA[]]>"),
            (.plateRecognizer, "--b\r\n\r\n", "\r\n--"), (.axis, "--b\r\n\r\n", "\r\n--b "),
            (.csv, "plate\n", "\"\"\"\","), (.ndjson, "", "{}\n"),
        ])
    func costs(kind: FeedKind, start: String, piece: String) throws {
        let type = start.hasPrefix("--b") ? "multipart/form-data; boundary=b" : ""
        func worked() -> Duration {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
        }
        func cost(_ bytes: Int) throws -> Duration {
            let body =
                Array(start.utf8)
                + Array(repeatElement(Array(piece.utf8), count: bytes / piece.utf8.count).joined())
            return try (0..<3).map { _ in
                var reception = try reception(kind)
                let before = worked()
                _ = try? reception.take(body, contentType: type, at: now)
                return worked() - before
            }.min() ?? .zero
        }
        let size = min(kind.maximumBytes / 8, 1 << 20) / 8
        let (small, large) = (try cost(size), try cost(8 * size))
        // A quadratic loop would cost 64 times as much.
        #expect(large < small * 32 + .milliseconds(50))
    }

    @Test("feeds are words, known by a digest, in zones that exist")
    func feeds() throws {
        let digest = Digest(of: Array("secret".utf8))
        let feed = try Feed(name: "gate-1", kind: .axis, credential: digest, timeZone: "Asia/Tokyo")
        #expect(feed.accepts("secret".utf8) && !feed.accepts("Secret".utf8))
        for (name, camera, zone, code) in [
            ("Gate", nil, nil, "feed-name"), ("", nil, nil, "feed-name"),
            ("a", "", nil, "feed-camera"), ("a", nil, "Mars/Base", "feed-time-zone"),
        ] as [(String, String?, String?, String)] {
            #expect(
                refusal {
                    _ = try Feed(
                        name: name, kind: .csv, credential: digest, camera: camera, timeZone: zone)
                } == code)
        }
    }

    @Test("the hour that a zone has twice is the one nearer to the receipt")
    func summerTime() throws {
        func seen(_ local: String, receivedAt now: String) throws -> String? {
            var reception = try reception(.plateRecognizer, zone: "Europe/Berlin")
            let time = try #require(Timestamp(text: now))
            let body = message(
                "{'data':{'timestamp':'\(local)','results':[{'plate':'A1'}]}}")
            return try reception.take(body, contentType: "", at: time).reads.first?.read.seen.text
        }
        let twice = "2025-10-26T02:30:00"
        #expect(
            try seen(twice, receivedAt: "2025-10-26T00:30:05.000Z") == "2025-10-26T00:30:00.000Z")
        #expect(
            try seen(twice, receivedAt: "2025-10-26T01:30:05.000Z") == "2025-10-26T01:30:00.000Z")
        #expect(
            try seen("2025-07-01T12:00:00", receivedAt: "2025-07-01T10:00:00.000Z")
                == "2025-07-01T10:00:00.000Z")
        let noDay = refusal {
            _ = try seen("2025-02-30T12:00:00Z", receivedAt: "2025-03-01T10:00:00.000Z")
        }
        #expect(noDay == "message-time")
    }

    private func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}

@Suite("candidates that the policy has indexed")
struct CandidateTests {
    private func read(_ candidates: [(String, UInt16?)]) throws -> Read {
        var fields = try World.read("AB1").fields
        fields.candidates = candidates.map { Candidate(text: $0.0, confidence: $0.1) }
        return try Read(fields)
    }

    @Test("a read is found under its best candidates, as many as the policy says")
    func indexed() throws {
        let candidates: [(String, UInt16?)] = [
            ("A81", nil), ("ABO", 10), ("AB0", 90), ("ab-1", 95), ("A8I", 50), ("*?", 99),
        ]
        for count in 0...4 {
            let world = try World("candidates", indexed: count)
            let gateway = try world.ready()
            try gateway.take(try read(candidates), at: World.now)
            gateway.flush()
            let expected = ["AB0", "A8I", "A81"]
            for (place, plate) in expected.enumerated() {
                let found = try world.found(plate, runs: [gateway.run])
                #expect(found.count == (place < count ? 1 : 0))
                #expect(found.allSatisfy { $0.asRead == "AB1" && $0.plate.text == plate })
            }
            #expect(try world.found("AB1", runs: [gateway.run]).count == 1)
            #expect(gateway.counts.candidates == min(count, 3) && gateway.counts.sealed == 1)
            #expect(gateway.counts.delivered == 1 + min(count, 3))
        }
    }

    @Test("a read is filed under what was read or a candidate, and nothing else")
    func bounds() throws {
        var fields = try read([("A81", nil)]).fields
        fields.plate = try Plate(normalizing: "A81", fold: .letterOAsZero)
        let other = try Read(fields)
        #expect(try Read(wire: other.encode()) == other)
        fields.plate = try Plate(normalizing: "A82", fold: .letterOAsZero)
        #expect(throws: PlatesError.self) { try Read(fields) }
        fields.plate = .canary(fold: .letterOAsZero)
        #expect(throws: PlatesError.self) { try Read(fields) }
    }
}
