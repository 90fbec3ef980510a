import Bytes
import Disk
import Foundation
import Intake
import Plates
import Rows
import Secrets
import Testing
import Tokens
import Vault
import Warrants
import Wire

@testable import Embedded
@testable import Inquiry

/// Photos from a camera to a court, and cells that are handed out whole.
@Suite struct PhotoTests {
    private static let disk = POSIXFileSystem()

    private func city(_ work: (Deployment) throws -> Void) throws {
        let path = try City.copy(.two)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let city = try Deployment.open(at: path)
        try withExtendedLifetime(city) { try work(city) }
    }

    private func asker(_ city: Deployment, at vault: (any Handler)? = nil) throws -> Requester {
        Requester(desk: try city.desk("investigator", at: vault), random: city.random)
    }

    @Test(arguments: [false, true]) func aPhotoTravels(_ isWhole: Bool) throws {
        try city { city in
            let folder = City.temporary()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let finding = try city.open(
                try city.granted(), as: "investigator", bundle: folder, wholeCells: isWhole)
            city.expectWhole(finding)
            #expect(finding.photoProblem == nil)
            let photos = finding.disclosure.reads.flatMap(\.photos)
            #expect(photos.map(\.state) == [.opened])
            let name = try #require(photos.first?.file)
            #expect(try Self.disk.read("\(folder)/\(name)") == City.photo().bytes)
            let verified = try BundleVerifier.verify(
                try Bundle(at: folder, fileSystem: Self.disk), trusted: city.roster.hash)
            #expect(verified.disclosure.reads.flatMap(\.photos) == photos)
            let report = String(
                decoding: try Self.disk.read(folder + "/report.txt"), as: UTF8.self)
            #expect(report.contains("photo \(name)\n"))
            // What the log says was handed over is what the bundle holds.
            let answers = try ByteList.decode(try Self.disk.read(folder + "/evidence/answers"))
                .map { try LookupAnswer(wire: $0) }
            let told = try city.record().request(finding.evidence.request)?.disclosures ?? []
            #expect(Set(told.map(\.body.role)) == Set(DisclosureBody.Role.allCases))
            #expect(Set(told.map(\.body.bundle)) == [LookupAnswer.digest(of: answers)])
        }
    }

    @Test func photosComeAfterTheCountersignatureAlone() throws {
        try city { city in
            let id = try city.granted()
            let finding = try city.search(id, as: "investigator")
            let early = try asker(city).gatheringPhotos(of: finding)
            #expect(early.photoProblem?.code == "countersignature-missing")
            #expect(early.disclosure.reads.flatMap(\.photos).map(\.state) == [.missing])
            try asker(city).countersign(finding, at: city.now)
            let late = try asker(city).gatheringPhotos(of: early)
            #expect(late.photoProblem == nil)
            #expect(late.disclosure.reads.flatMap(\.photos).map(\.state) == [.opened])
        }
    }

    enum Lie: String, CaseIterable {
        case swaps, flips, hides, repeats, foreign, refuses
    }

    /// A vault can keep a photo back; it cannot put another one in its place.
    @Test(arguments: Lie.allCases) func aVaultThatLies(_ lie: Lie) throws {
        try city { city in
            let id = try city.granted()
            let liar = PhotoLiar(city.vaultHandler, lie)
            let finding = try city.search(id, as: "investigator")
            try asker(city).countersign(finding, at: city.now)
            let desk = try asker(city, at: liar)
            let asked = try desk.gatheringPhotos(of: finding)
            #expect(liar.hasLied)
            let photos = asked.disclosure.reads.flatMap(\.photos)
            switch lie {
            case .swaps, .flips, .hides:
                #expect(photos.map(\.state) == [.missing] && asked.photoProblem == nil)
            case .repeats:
                #expect(asked.photoProblem?.code == "photo-unasked")
                #expect(photos.map(\.state) == [.opened])
            case .foreign:
                #expect(asked.photoProblem?.code == "photo-unasked")
                #expect(photos.map(\.state) == [.missing])
            case .refuses:
                #expect(asked.photoProblem?.code == "store-failed")
                #expect(photos.map(\.state) == [.missing])
            }
            city.expectWhole(asked)
            // What is missing stands in a bundle that verifies.
            try city.desk("investigator").refresh()
            try city.desk("investigator").cosign()
            let bundle = try Bundle(
                asked, mirror: city.desk("investigator").mirror,
                record: city.desk("investigator").record)
            let folder = City.temporary()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try bundle.write(to: folder, fileSystem: Self.disk)
            let verified = try BundleVerifier.verify(try Bundle(at: folder, fileSystem: Self.disk))
            #expect(verified.disclosure.reads.flatMap(\.photos) == photos)
        }
    }

    /// A site that seals a photo wrongly is told apart from a vault that keeps it back.
    @Test func whatTheSiteSealedWronglyIsUnreadable() throws {
        try city { city in
            let id = try city.granted()
            let finding = try city.search(id, as: "investigator")
            let read = try #require(finding.disclosure.reads.first { !$0.photos.isEmpty })
            let keys = try finding.disclosure.answers.keys(plate: read.plate, cell: read.cell)
            let nonce = city.random.bytes(24)
            let good = try keys.sealPhoto([1, 2, 3], label: read.label, nonce: nonce)
            let other = try Label(bytes: [UInt8](repeating: 9, count: 16))
            let moved = try keys.sealPhoto([1, 2, 3], label: other, nonce: nonce)
            func opened(_ photo: [UInt8]) -> OpenedPhoto {
                let digest = Digest(of: photo)
                return OpenedPhoto(
                    digest.bytes, of: read.label, among: [digest: photo], keys: keys)
            }
            #expect(opened(good.bytes).state == .opened && opened(good.bytes).bytes == [1, 2, 3])
            #expect(opened(moved.bytes).state == .unreadable)
            #expect(opened([1, 2]).state == .unreadable && opened([1, 2]).file == nil)
            let lying = OpenedPhoto(
                Digest(of: good.bytes).bytes, of: read.label,
                among: [Digest(of: good.bytes): moved.bytes], keys: keys)
            #expect(lying.state == .missing)
        }
    }

    /// Of a whole cell the vault learns no key and no label, and the bundle keeps no stranger's row.
    @Test func wholeCellsNameNothing() throws {
        try city { city in
            let id = try city.granted()
            let spy = Spy(city.vaultHandler)
            let finding = try city.search(id, as: "investigator", at: spy, wholeCells: true)
            city.expectWhole(finding)
            let asked = try spy.asked.filter { $0.0 == .rowsLookup }.map { _, body in
                var body = body
                return try LookupQuery(wiping: &body)
            }
            #expect(asked.map(\.items) == [City.cells.sorted().map { LookupItem(whole: $0) }])
            // Two different plates ask the very same: nothing but the request's id and salt differ.
            let other = try city.granted(
                nil,
                {
                    var other = city.application(["ZZ0QQ9"])
                    other.warrant = Digest(of: Deployment.warrant)
                    return other
                }())
            let nothing = try city.search(other, as: "investigator", at: spy, wholeCells: true)
            #expect(nothing.disclosure.cells.allSatisfy { $0.word == "empty" })
            let bodies = spy.asked.filter { $0.0 == .rowsLookup }.map { $0.1 }
            #expect(bodies.count == 2 && bodies[0].dropFirst(64) == bodies[1].dropFirst(64))
            let desk = try city.desk("investigator")
            try desk.refresh()
            try desk.cosign()
            let bundle = try Bundle(finding, mirror: desk.mirror, record: desk.record)
            let answers = try #require(bundle.files["evidence/answers"])
            let own = Set(finding.disclosure.reads.map(\.label))
            #expect(own.count == 4)
            var strangers = 0
            for cell in City.cells {
                for row in try city.files.store.rows(of: .init(cell: cell, kind: .prompt)) {
                    let isThere = Data(answers).range(of: Data(row.bytes)) != nil
                    #expect(isThere == own.contains(row.label))
                    #expect(Data(answers).range(of: Data(row.label.bytes)) != nil)
                    if !isThere { strangers += 1 }
                }
            }
            #expect(strangers > 5)
        }
    }

    /// Whoever got rows and does not sign for them gets nothing else, until he does.
    @Test func anOverdueCountersignatureStopsTheAgency() throws {
        try city { city in
            let first = try city.granted()
            _ = try city.search(first, as: "investigator")
            try city.clocks.pass(milliseconds: 26 * 3_600_000)
            try city.settle()
            var application = city.application()
            application.warrant = Digest(of: Array("another".utf8))
            let second = try city.file(application, as: "investigator")
            try city.attest(
                second, warrant: application.warrant, expires: city.now.adding(days: 2))
            for custodian in city.roster.custodians.prefix(2) {
                try city.officer(custodian.id).approve(second, at: city.now)
            }
            #expect(
                code { _ = try city.custodianClients[0].evaluate(second) }
                    == "countersignature-overdue")
            // The first request's own rows may still be asked for, and signed for.
            #expect(code { _ = try city.custodianClients[0].evaluate(first) } == nil)
            try city.countersign(first, as: "investigator")
            try city.countersign(first, as: "investigator")
            city.expectWhole(try city.search(second, as: "investigator"))
        }
    }
}

/// A vault that does something else with the photos.
private final class PhotoLiar: Handler {
    private let honest: any Handler
    private let lie: PhotoTests.Lie
    private(set) var hasLied = false

    init(_ honest: any Handler, _ lie: PhotoTests.Lie) {
        self.honest = honest
        self.lie = lie
    }

    func handle(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
        let answer = try honest.handle(endpoint, body)
        guard endpoint == .photosGet else { return answer }
        // And no word more, or the honest photo could still come after the one in its place.
        if hasLied, lie != .refuses { return ByteList.encode([]) }
        hasLied = true
        do {
            var photos = try ByteList.decode(answer)
            guard let first = photos.first else { return answer }
            switch lie {
            case .swaps:
                photos = [Array(first[..<22]) + SeededRandom("other").bytes(first.count - 22)]
            case .flips: photos[0][5_000] ^= 1
            case .hides: photos = []
            case .repeats: photos = [first, first]
            case .foreign:
                photos = [Array(first[..<6]) + [UInt8](repeating: 7, count: 16) + first[22...]]
            case .refuses: throw WireProblem(code: "store-failed", sentence: "no")
            }
            return ByteList.encode(photos)
        } catch let problem as WireProblem {
            throw problem
        } catch {
            throw .malformed("photos")
        }
    }
}

/// A vault that remembers what it was asked.
private final class Spy: Handler {
    private let honest: any Handler
    private(set) var asked: [(Endpoint, [UInt8])] = []

    init(_ honest: any Handler) { self.honest = honest }

    func handle(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
        asked.append((endpoint, body))
        return try honest.handle(endpoint, body)
    }
}
