import Disk
import Foundation
import Glibc
import Hosting
import Intake
import Plates
import Secrets
import TestSupport
import Testing
import Warrants

@testable import Embedded

/// Every kind of feed over HTTP at a running gateway, each read found by a search afterwards.
@Suite(.serialized) struct FeedProgramTests {
    static let credential = "0123456789abcdef0123456789abcdef"
    static let kinds = FeedKind.allCases.map(\.rawValue)

    /// A feed of each kind, named by it.
    static func feeds(_ program: Serving.Program, _ text: String) -> String {
        guard program.name == "gatewayd" else { return text }
        let digest = Digest(of: Array(credential.utf8)).hex
        return kinds.reduce(text) { text, kind in
            text + """
                [[feed]]
                name = "\(kind)"
                kind = "\(kind)"
                credential-sha256 = "\(digest)"
                camera = "north gate"

                """
        }
    }

    private static func sample(_ name: String) throws -> [UInt8] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../IntakeTests/Samples")
        return Array(try Data(contentsOf: folder.appending(path: name)))
    }

    private static func text(_ name: String, _ changes: [(String, String)]) throws -> [UInt8] {
        let text = String(decoding: try sample(name), as: UTF8.self)
        let changed = changes.reduce(text) { $0.replacing($1.0, with: $1.1) }
        return changed == text ? [] : Array(changed.utf8)
    }

    /// A message out of a text in which ' stands for ".
    private static func json(_ text: String) -> [UInt8] {
        Array(text.replacing("'", with: "\"").utf8)
    }

    private struct Post {
        let feed: String
        let type: String
        let body: [UInt8]
        let status: Int
        var auth: String? = "Bearer"
    }

    /// What each reader sends, as recorded, its times brought to now.
    private func posts(_ now: Timestamp) throws -> [Post] {
        let ms = "\(now.milliseconds)"
        let seconds = "\(Double(now.milliseconds) / 1_000)"
        let group = Self.json(
            "{'data_type':'alpr_group','epoch_start':\(ms),'camera_id':7,'uuids':['u'],"
                + "'best_plate_number':'ABC123','best_confidence':91,'company_id':'SECRET'}")
        let old = "2025-11-24T10:00:00.123456+00:00"
        let http = try Self.text(
            "platerecognizer-stream-multipart.http",
            [(old, now.text), ("pl8rec\"", "pl9rec\"")])
        let end = try #require(Data(http).range(of: Data("\r\n\r\n".utf8))).upperBound
        let axis = try Self.text(
            "axis-license-plate-verifier.json", [("1623405938252", ms)])
        let frigate = try Self.text("frigate-lpr.json", [("1607123958.748393", seconds)])
        // The same passage, read a second time.
        let better = try Self.text("frigate-lpr-unknown.json", [("1607123959.148393", seconds)])
        let hikvision = try Self.text(
            "hikvision-anpr.xml", [("2024-01-19T11:17:19+08:00", now.text)])
        return [
            Post(feed: "openalpr", type: "application/json", body: group, status: 200),
            Post(
                feed: "plate-recognizer", type: "application/json",
                body: try Self.text("platerecognizer-stream.json", [(old, now.text)]), status: 200),
            Post(
                feed: "plate-recognizer",
                type: "multipart/form-data; boundary=------------------------a1b2c3d4e5f60718",
                body: Array(http[end...]), status: 200, auth: "Token"),
            Post(
                feed: "hikvision", type: "application/xml", body: hikvision, status: 200, auth: nil),
            Post(feed: "axis", type: "application/json", body: axis, status: 200),
            Post(feed: "frigate", type: "application/json", body: frigate, status: 202),
            Post(feed: "frigate", type: "application/json", body: better, status: 202),
            Post(
                feed: "frigate", type: "application/json",
                body: Self.json("{'type':'lpr','id':'x','plate':null}"), status: 200),
            Post(
                feed: "ndjson", type: "application/x-ndjson",
                body: Self.json("{'plate':'LINE 1','epoch_ms':\(ms)}\n"), status: 200),
            Post(
                feed: "csv", type: "text/csv",
                body: Array("plate,epoch_ms\r\nLINE 2,\(ms)\r\n".utf8), status: 200),
        ]
    }

    private func send(_ post: Post, _ town: ProgramCity) throws -> Int {
        let address = "\(try town.program("site-1").address)/feeds/\(post.feed)"
        let client = PlainClient(seconds: 20)
        guard let word = post.auth else {
            return client.post(post.body, type: post.type, to: "\(address)/\(Self.credential)")?
                .status ?? 0
        }
        return client.post(
            post.body, type: post.type, to: address, credential: Self.credential, as: word)?.status
            ?? 0
    }

    @Test func everyReaderIsHeardAndFoundAgain() throws {
        let town = try ProgramCity(configure: Self.feeds)
        defer { town.close() }
        let now = town.city.now
        let posts = try posts(now)
        for post in posts { #expect(try send(post, town) == post.status, "\(post.feed)") }
        // 200 was said only once the vault had the rows; a passage waits for its end.
        #expect(town.metric("rows_delivered_total") == 7 && town.metric("held") == 1)
        try town.city.clocks.pass(milliseconds: 61_000)
        #expect(try town.city.wait(seconds: 20) { town.metric("rows_delivered_total") >= 8 })
        // What comes again is answered, and is no second read.
        for post in posts where post.feed != "frigate" {
            #expect(try send(post, town) == 200, "\(post.feed)")
        }
        #expect(town.metric("duplicates_total") == 7)
        #expect(town.metric("reads_sealed_total") == 8 && town.metric("without_plate_total") == 1)
        let plates = [
            "ABC123", "PL8REC", "PL9REC", "PECT600", "RLE11684", "123ABC", "LINE1", "LINE2",
        ]
        let reads = try town.opened(plates, seen: now.hour)
        #expect(
            reads.map(\.plate.text).sorted() == plates.map { $0.replacing("O", with: "0") }.sorted()
        )
        let cameras = Set(reads.map(\.fields.camera))
        #expect(cameras == ["7", "camera-1", "north gate", "driveway_cam"])
        #expect(reads.allSatisfy { !$0.fields.deviceClockOff })
        // Nothing that a reader sent stands in a log.
        let log = try town.log(of: "site-1").uppercased()
        for word in plates + ["SECRET", "JOHN", Self.credential.uppercased()] {
            #expect(!log.contains(word), "\(word)")
        }
    }

    @Test func withoutVaultItIsToldToComeAgainAndNothingIsLost() throws {
        let town = try ProgramCity(configure: Self.feeds)
        defer { town.close() }
        let now = town.city.now
        func line(_ plate: String) -> Post {
            Post(
                feed: "ndjson", type: "",
                body: Self.json("{'plate':'\(plate)','epoch_ms':\(now.milliseconds)}"),
                status: 200)
        }
        #expect(try send(line("AAA1"), town) == 200)
        town.serving.kill("vault")
        #expect(try send(line("BBB2"), town) == 503)
        let begun = ContinuousClock.now
        for _ in 0..<5 { #expect(try send(line("BBB2"), town) == 503) }
        // At once: nobody waits for a vault that is known to be away.
        #expect(ContinuousClock.now - begun < .seconds(5))
        #expect(try send(line("CCC3"), town) == 503)
        #expect(town.metric("queue_depth") == 2 && town.metric("deliveries_open") == 2)
        try town.serving.start("vault")
        try town.serving.waitUntilReady("vault", seconds: 30)
        #expect(try town.city.wait(seconds: 20) { town.metric("rows_delivered_total") == 3 })
        // Who was told to come again comes again, and is no second read.
        #expect(try send(line("BBB2"), town) == 200)
        #expect(try send(line("CCC3"), town) == 200)
        #expect(town.metric("reads_sealed_total") == 3)
        // Told to end, the gateway hands over what it holds.
        let frigate = try Self.text(
            "frigate-lpr.json", [("1607123958.748393", "\(now.milliseconds / 1_000).0")])
        #expect(
            try send(
                Post(feed: "frigate", type: "", body: frigate, status: 202), town) == 202)
        town.serving.stop("site-1")
        try town.serving.start("site-1")
        try town.serving.waitUntilReady("site-1", seconds: 60)
        let reads = try town.opened(["AAA1", "BBB2", "CCC3", "123ABC"], seen: now.hour)
        #expect(reads.map(\.plate.text).sorted() == ["123ABC", "AAA1", "BBB2", "CCC3"])
    }

    /// A custodian that accepts connections and says nothing costs a gateway nothing: keys come from
    /// the others, and are compared with its own once it speaks.
    @Test func aSilentCustodianHoldsNobodyUp() throws {
        let town = try ProgramCity(configure: Self.feeds)
        defer { town.close() }
        town.serving.stop("site-1")
        let silent = try #require(town.serving.processID("inspector-general"))
        Glibc.kill(silent, SIGSTOP)
        defer { Glibc.kill(silent, SIGCONT) }
        try town.serving.start("site-1")
        try town.serving.waitUntilReady("site-1", seconds: 60)
        let now = town.city.now
        let line = Self.json("{'plate':'AAA1','epoch_ms':\(now.milliseconds)}")
        let post = Post(feed: "ndjson", type: "", body: line, status: 200)
        #expect(try send(post, town) == 200)
        #expect(town.metric("key_hours") > 1)
        #expect(
            try town.city.wait(seconds: 20) {
                try town.log(of: "site-1").contains(
                    "event=keys-refused custodian=inspector-general code=unreachable")
            })
        Glibc.kill(silent, SIGCONT)
        // Two of three: some subsets had one holder only, and get their second.
        #expect(
            try town.city.wait(seconds: 60) {
                try town.city.clocks.pass(milliseconds: 1_000)
                return try town.log(of: "site-1").split(separator: "\n").contains {
                    $0.contains("event=keys-fetched") && $0.contains(" unconfirmed=0 ")
                }
            })
    }

    /// Whatever a sender does, its neighbours are answered meanwhile, and the gateway lives.
    @Test func hostileSendersHarmNoNeighbour() throws {
        let town = try ProgramCity(configure: Self.feeds)
        defer { town.close() }
        let now = town.city.now
        let port = Int(try town.program("site-1").address.split(separator: ":").last ?? "") ?? 0
        func line(_ number: Int) -> Post {
            Post(
                feed: "ndjson", type: "",
                body: Self.json("{'plate':'N\(number)','epoch_ms':\(now.milliseconds)}"),
                status: 200)
        }
        func open(_ feed: String, _ rest: String) throws -> RawConnection {
            let connection = try RawConnection(port: port)
            connection.send(
                "POST /feeds/\(feed)/\(Self.credential) HTTP/1.1\r\nHost: x\r\n\(rest)")
            return connection
        }
        // Slow ones: a header, a body and a chunk that never end.
        var slow: [RawConnection] = []
        for _ in 0..<20 {
            slow.append(try open("hikvision", "X-A: b"))
            slow.append(try open("openalpr", "Content-Length: 1000000\r\n\r\n{"))
            slow.append(try open("axis", "Transfer-Encoding: chunked\r\n\r\n5\r\n{"))
        }
        #expect(try send(line(1), town) == 200)
        // One without end.
        let endless = try open("frigate", "Transfer-Encoding: chunked\r\n\r\n")
        let chunk = "10000\r\n" + String(repeating: "x", count: 65_536) + "\r\n"
        for _ in 0..<64 where !endless.isClosed { endless.send(chunk) }
        #expect(endless.answer().hasPrefix("HTTP/1.1 413 "))
        // Large, deep, broken.
        let deep = Array(String(repeating: "[", count: 400_000).utf8)
        let bodies: [(String, [UInt8], Int)] = [
            ("ndjson", [UInt8](repeating: 0x41, count: (1 << 20) + 1), 413),
            ("openalpr", deep, 400), ("openalpr", [0xff, 0xfe, 0x80], 400),
            ("openalpr", Array("{\"a\":".utf8), 400), ("hikvision", Array("<a><b>".utf8), 400),
            ("csv", [0xc3, 0x28], 400), ("axis", [], 200),
        ]
        for (feed, body, status) in bodies {
            let post = Post(feed: feed, type: "", body: body, status: status)
            #expect(try send(post, town) == status, "\(feed)")
        }
        for number in 2..<12 { #expect(try send(line(number), town) == 200) }
        #expect(town.metric("reads_sealed_total") == 11)
        // A feed that takes all its room is told so, and takes nobody else's.
        var greedy: [RawConnection] = []
        for _ in 0..<5 {
            greedy.append(try open("plate-recognizer", "Content-Length: 16777216\r\n\r\n"))
        }
        #expect(try send(line(12), town) == 200)
        // Which of the five came last nobody knows; a sixth finds no room at all.
        greedy.append(try open("plate-recognizer", "Content-Length: 16777216\r\n\r\n"))
        #expect(greedy.last?.answer().contains("too-busy") == true)
        let page = PlainClient().get(try town.program("site-1").health + "/metrics")?.body ?? []
        let metrics = String(decoding: page, as: UTF8.self)
        for code in ["message-json", "message-xml", "message-csv"] {
            #expect(metrics.contains("refused_total{code=\"\(code)\"}"), "\(code)")
        }
    }
}
