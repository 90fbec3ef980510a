import Bytes
import Foundation
import Intake
import Plates
import Rows
import Secrets
import Testing
import Tokens
import Warrants
import Wire

@testable import Ledger

/// One parser that faces the network.
struct FuzzTarget: CustomTestStringConvertible, Sendable {
    let name: String
    let seeds: [[UInt8]]
    /// Reads an input; what it gives is written again where that law holds, and nil otherwise.
    let parse: @Sendable ([UInt8]) throws -> [UInt8]?
    var testDescription: String { name }
}

enum FuzzTargets {
    static func all() throws -> [FuzzTarget] {
        try feeds() + texts() + rows() + messages() + parcels()
    }

    private static let package = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static func file(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: package.appending(path: path)))
    }

    /// The corpus of a format.
    private static func corpus(_ format: String) throws -> [[UInt8]] {
        let folder = package.appending(path: "Tests/FuzzTests/Corpus")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            .filter { $0.hasPrefix(format + "-") }
            .map { Array(try Data(contentsOf: folder.appending(path: $0))) }
    }

    /// Each format twice: as it comes, and as parts of a multipart body.
    private static func feeds() throws -> [FuzzTarget] {
        let samples = "Tests/IntakeTests/Samples/"
        let seeds: [FeedKind: [[UInt8]]] = [
            .openalpr: try corpus("openalpr"),
            .plateRecognizer: [try file(samples + "platerecognizer-stream.json")],
            .hikvision: try [file(samples + "hikvision-anpr.xml")] + corpus("xml"),
            .axis: [try file(samples + "axis-license-plate-verifier.json")],
            .frigate: [try file(samples + "frigate-lpr.json")],
            .ndjson: try corpus("ndjson"), .csv: try corpus("csv"),
        ]
        return try FeedKind.allCases.flatMap { kind in
            let own = seeds[kind] ?? []
            let feed = try Feed(
                name: "fuzz", kind: kind, credential: .zero, timeZone: "Europe/Berlin")
            let parts = own.map(multipart)
            return [
                FuzzTarget(name: kind.rawValue, seeds: own) { try take(feed, $0, "") },
                FuzzTarget(name: "\(kind.rawValue), multipart", seeds: parts) {
                    try take(feed, $0, "multipart/form-data; boundary=b")
                },
            ]
        }
    }

    private static func multipart(_ body: [UInt8]) -> [UInt8] {
        let head = "--b\r\nContent-Disposition: form-data; name=\"json\"\r\nContent-Type: "
        let picture: [UInt8] = [0xff, 0xd8, 0xff, 0xda, 0, 2, 1, 0xff, 0xd9]
        let type = body.first == 0x3c ? "text/xml" : "application/json"
        return Array("\(head)\(type)\r\n\r\n".utf8) + body
            + Array("\r\n--b\r\nContent-Type: image/jpeg\r\nContent-Length: 9\r\n\r\n".utf8)
            + picture + Array("\r\n--b--\r\n".utf8)
    }

    /// Takes a message into a reception of its own, to the end; every read must be one that a row
    /// can hold.
    private static func take(_ feed: Feed, _ bytes: [UInt8], _ type: String) throws -> [UInt8]? {
        let now = Timestamp(milliseconds: 1_795_514_400_000)
        var reception = FeedReception(
            feed: feed, fold: .letterOAsZero, lateHours: 6, photos: .all)
        let taken = try reception.take(bytes, contentType: type, at: now)
        reception.confirm(taken.token, at: now)
        let rest = reception.finish(at: now)
        for received in taken.reads + rest.reads {
            let wire = received.read.encode()
            guard try Read(wire: wire) == received.read, wire.count <= 1_022,
                received.photos.allSatisfy({ $0.bytes.count <= bytes.count })
            else { throw FuzzFailure() }
        }
        return nil
    }

    private static func texts() throws -> [FuzzTarget] {
        @Sendable func text(_ bytes: [UInt8]) throws -> String {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw BytesError(code: "bytes-text", sentence: "no UTF-8")
            }
            return text
        }
        let key = try SigningKey(from: SeededRandom("fuzz")).verifyingKey
        let witness = try CosignerKey(name: "clerk.example/m", key: key).text
        let log = try NoteVerifierKey(name: "example.com/log", key: key).text
        let policy = "log \(log)\nwitness clerk \(witness)\nquorum clerk\n"
        let upload = try uploaded()
        let checkpoint = try corpus("note").map { try Note(wire: $0).text.utf8 }.map { Array($0) }
        return try [
            FuzzTarget(name: "roster", seeds: [file("Keys/sample-roster.txt")]) {
                Array(RosterText.print(try RosterText.parse(try text($0))).utf8)
            },
            FuzzTarget(name: "note", seeds: corpus("note")) { try Note(wire: $0).encode() },
            FuzzTarget(name: "statement", seeds: corpus("note")) {
                _ = try UnverifiedStatement(wire: $0)
                return nil
            },
            FuzzTarget(name: "checkpoint", seeds: checkpoint) { bytes in
                // A checkpoint may have further lines, which are the note's business.
                let found = try Checkpoint(text: try text(bytes)).text
                return bytes.starts(with: found.utf8) ? nil : Array(found.utf8)
            },
            FuzzTarget(name: "add-checkpoint", seeds: corpus("add-checkpoint")) {
                try AddCheckpoint(wire: $0).encode()
            },
            FuzzTarget(name: "proof file", seeds: corpus("proof")) {
                try ProofFile(wire: $0).encode()
            },
            FuzzTarget(name: "entry upload", seeds: [upload]) { bytes in
                var reader = ByteReader(bytes)
                guard let upload = EntryUpload(&reader) else {
                    throw BytesError(code: "bytes-short", sentence: "no upload")
                }
                // As a mirror does, which looks at no package beyond its own tree.
                guard upload.start <= upload.end, upload.end <= 1 << 40 else { return nil }
                for range in upload.ranges.prefix(EntryUpload.maximumPackages) {
                    guard EntryUpload.package(range, &reader) != nil else { return nil }
                }
                // What follows are entries; the head is written again as it was read.
                let head = try upload.encodeHead().bytes
                return bytes.starts(with: head) ? nil : head
            },
            FuzzTarget(name: "policy", seeds: [Array(policy.utf8)]) {
                _ = try TlogPolicy(wire: $0)
                return nil
            },
        ]
    }

    /// Two entries on their way to a mirror.
    private static func uploaded() throws -> [UInt8] {
        let upload = EntryUpload(origin: "example.com/log", start: 0, end: 2, ticket: [1, 2])
        var body = try upload.encodeHead()
        try EntryUpload.encode(
            EntryUpload.Package(range: 0..<2, entries: [[1], [2, 3]], proof: [Digest(of: [1])]),
            into: &body)
        return body.bytes
    }

    private static func rows() throws -> [FuzzTarget] {
        let random = SeededRandom("fuzz rows")
        let cell = Cell(hour: Hour(number: 498_809), site: SiteNumber(number: 3))
        let run = try RunID(bytes: random.bytes(8))
        let rows = try (0..<2).map { _ in
            try SealedRow(label: try Label(bytes: random.bytes(16)), bytes: random.bytes(296))
        }
        let batch = try Batch(
            cell: cell, run: run, number: 0, rows: rows, origin: "example.org/vault.demo",
            key: try SigningKey(from: random))
        let opening = try HourOpening(
            closing: cell, kind: .prompt, batches: [batch], unfinished: [], salt: random.bytes(32))
        let window = try LookupWindow(cells: [cell], salt: random.bytes(32))
        let query = try LookupQuery(
            request: Digest(of: [1]), window: window, items: [LookupItem(cell: cell, plate: 0)],
            finds: SecretBytes(random: 32, from: random))
        let item = LookupItem(cell: cell, plate: 1)
        let tree = LookupAnswer.Tree(opening: opening, statement: Digest(of: [2]), runs: [])
        let answers = [
            LookupAnswer(item: item, outcome: .unknown),
            LookupAnswer(item: item, outcome: .closed(.init(prompt: tree, late: .open))),
            LookupAnswer(item: item, outcome: .closed(.init(prompt: tree, late: .closed(tree)))),
        ]
        let whole = WholeCell.Tree(
            opening: opening, statement: Digest(of: [2]),
            entries: [.row(rows[0]), .leaf(RowLeaf(rows[1]))])
        let wholes = [WholeCell.Late.unknown, .open, .closed(whole)].map {
            LookupAnswer(
                item: LookupItem(whole: cell), outcome: .whole(.init(prompt: whole, late: $0)))
        }
        let photo = PhotoDelivery(
            cell: cell,
            photo: try SealedPhoto(
                label: rows[0].label, bytes: random.bytes(SealedPhoto.sizes[0])),
            origin: "example.org/vault.demo", key: try SigningKey(from: random))
        let stored = StoredPhoto(cell: cell, photo: photo.photo)
        return [
            FuzzTarget(name: "whole cell", seeds: wholes.map { $0.encode() }) {
                try LookupAnswer(wire: $0).encode()
            },
            FuzzTarget(
                name: "whole query",
                seeds: [
                    try LookupQuery(request: Digest(of: [1]), window: window, whole: [cell])
                        .encode()
                ]
            ) {
                var bytes = $0
                return try LookupQuery(wiping: &bytes).encode()
            },
            FuzzTarget(name: "photo delivery", seeds: [photo.encode()]) {
                try PhotoDelivery(wire: $0).encode()
            },
            FuzzTarget(name: "stored photo", seeds: [stored.encode()]) {
                try StoredPhoto(wire: $0).encode()
            },
            FuzzTarget(name: "photo place", seeds: [stored.place.encode()]) {
                try PhotoPlace(wire: $0).encode()
            },
            FuzzTarget(name: "batch", seeds: [batch.encode()]) { try Batch(wire: $0).encode() },
            FuzzTarget(name: "batch without rows", seeds: [BatchLeaves(batch).encode()]) {
                try BatchLeaves(wire: $0).encode()
            },
            FuzzTarget(name: "hour opening", seeds: [opening.encode()]) {
                try HourOpening(wire: $0).encode()
            },
            FuzzTarget(name: "look-up query", seeds: [query.encode()]) {
                var bytes = $0
                return try LookupQuery(wiping: &bytes).encode()
            },
            FuzzTarget(name: "look-up answer", seeds: answers.map { $0.encode() }) {
                try LookupAnswer(wire: $0).encode()
            },
        ]
    }

    private static func messages() throws -> [FuzzTarget] {
        let now = Timestamp(milliseconds: 1_795_514_400_000)
        let mail = Mail(
            topic: Digest(of: [3]), kind: "seeds", recipient: "example.org/a",
            sender: "example.org/b", until: now, sealed: [1, 2, 3])
        let ask = DocketAsk(
            origin: "example.org/vault.demo", request: Digest(of: [4]),
            oneTimeKey: SeededRandom("docket").bytes(HybridSeal.publicKeySize), time: now)
        return [
            FuzzTarget(name: "list", seeds: [ByteList.encode([[1, 2], [], [3]])]) {
                ByteList.encode(try ByteList.decode($0))
            },
            FuzzTarget(name: "frame", seeds: [[0, 1, 2], [1, 0, 1, 0x61, 0x62]]) {
                [0] + (try Frame.decode($0))
            },
            FuzzTarget(name: "mail", seeds: [mail.encode()]) { try Mail(wire: $0).encode() },
            FuzzTarget(name: "docket ask", seeds: [Array(ask.text.utf8)]) { bytes in
                guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
                return Array(try DocketAsk(text: text).text.utf8)
            },
        ]
    }

    private static func parcels() throws -> [FuzzTarget] {
        let random = SeededRandom("fuzz parcels")
        let threshold = try Threshold(t: 2, of: 3)
        let seeds = try (0..<3).map {
            try SeedParcel.draw(generation: 1, threshold: threshold, member: $0, from: random)
        }
        let day = Day(number: 20_780)
        let chains = try ChainSet(
            generation: 1, first: day, threshold: threshold, custodian: 0, roster: Digest(of: [5]),
            parcels: seeds)
        let site = SiteNumber(number: 3)
        let grant = try chains.siteKeys(site: site, hours: [day.start.hour])
        let plate = try Plate(normalizing: "A1", fold: .letterOAsZero)
        let answer = try chains.evaluate(
            plates: [plate], cells: [Cell(hour: day.start.hour, site: site)])
        return [
            FuzzTarget(name: "seeds", seeds: [plain(try seeds[0].parcel(for: 1).encode())]) {
                plain(try SeedParcel(wire: try SecretBytes(copying: $0)).encode())
            },
            FuzzTarget(name: "site keys", seeds: [plain(try grant.encode())]) {
                plain(try SiteKeyParcel(wire: try SecretBytes(copying: $0)).encode())
            },
            FuzzTarget(name: "partials", seeds: [plain(try answer.encode())]) {
                plain(try PartialParcel(wire: try SecretBytes(copying: $0)).encode())
            },
        ]
    }

    private static func plain(_ secret: borrowing SecretBytes) -> [UInt8] {
        secret.withUnsafeBytes { Array($0) }
    }
}

/// A law was broken.
struct FuzzFailure: Error {}
