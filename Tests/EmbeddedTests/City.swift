import Bytes
import Custody
import Disk
import Foundation
import Intake
import Ledger
import Plates
import Secrets
import Testing
import Warrants
import Wire

@testable import Embedded
@testable import Inquiry

/// A city after a morning: founded, a few reads sealed, its hours closed and old enough to be
/// searched. Founded once for each threshold; every test works on a copy of the directory.
enum City {
    static let origin = "example.org/vault.demo"
    static let start = Timestamp(seconds: 1_772_431_200)  // 2026-03-02T06:00:00Z
    static let wanted = "RK161AG"
    /// What the cameras of both sites saw of the wanted plate, by hour after the start.
    static let sightings: [(hour: Int64, minute: Int64, site: UInt16)] = [
        (0, 5, 1), (0, 40, 1), (0, 41, 2), (1, 10, 1),
    ]
    /// A camera's name that a careless report would take for more than a name.
    static let rogueCamera = "=HYPERLINK(\"x\"),\"y\" \u{2028}  06Z  site 9: complete"

    /// What a test of many founds once, and how.
    enum Size: String, CaseIterable {
        case two = "2 of 3"
        case three = "3 of 5"
        case four = "4 of 7"

        var threshold: (t: Int, n: Int) {
            switch self {
            case .two: (2, 3)
            case .three: (3, 5)
            case .four: (4, 7)
            }
        }
    }

    static var firstHour: Hour { start.hour }
    /// Two hours at both sites.
    static var cells: [Cell] {
        [firstHour, firstHour.next].flatMap { hour in
            [1, 2].map { Cell(hour: hour, site: SiteNumber(number: $0)) }
        }
    }

    static let bases: [Size: Result<String, any Error>] = Dictionary(
        uniqueKeysWithValues: Size.allCases.map { size in (size, Result { try found(size) }) })

    static func temporary() -> String {
        FileManager.default.temporaryDirectory.appending(path: "city-\(UUID().uuidString)").path
    }

    /// The path of a fresh copy; the caller removes it.
    static func copy(_ size: Size = .three) throws -> String {
        guard let base = bases[size] else { throw TestFault("no such city") }
        return try copy(of: try base.get())
    }

    static func copy(of path: String) throws -> String {
        let copy = temporary()
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        return copy
    }

    /// A read of a plate.
    static func read(
        _ text: String, at seen: Timestamp, camera: String = "cam 7", now: Timestamp
    ) throws -> Read {
        var fields = Read.Fields(
            asRead: text, plate: try Plate(normalizing: text, fold: .letterOAsZero),
            camera: camera, deviceTime: seen, receivedTime: now)
        fields.confidence = 9_350
        return try Read(fields)
    }

    /// The crop that the camera sent with the sighting of minute 40: a whole JPEG by its own bytes.
    static func photo(_ name: String = "crop") throws -> Photo {
        let content = SeededRandom(name).bytes(20_000)
        let length = UInt16(content.count + 2)
        return try Photo(
            [0xff, 0xd8, 0xff, 0xfe, UInt8(length >> 8), UInt8(length & 0xff)] + content
                + [0xff, 0xd9], role: .crop)
    }

    /// A city that has just been founded.
    static func bare(_ size: Size) throws -> (path: String, city: Deployment) {
        let path = temporary()
        var plan = Plan(origin: origin, start: start)
        (plan.threshold, plan.custodians) = size.threshold
        return (path, try Deployment.create(at: path, plan: plan))
    }

    private static func found(_ size: Size) throws -> String {
        let (path, city) = try bare(size)
        try city.clocks.pass(milliseconds: 2 * 3_600_000)
        let gateways = Gateways(city)
        for sighting in sightings {
            let seen = start.adding(minutes: sighting.hour * 60 + sighting.minute)
            let camera = sighting.minute == 5 ? rogueCamera : "cam 7"
            try gateways.take(
                try read(wanted, at: seen, camera: camera, now: city.now),
                photos: sighting.minute == 40 ? [try photo()] : [],
                site: SiteNumber(number: sighting.site))
        }
        for number in 0..<20 {
            try gateways.take(
                try read(
                    "TRF\(100 + number)", at: start.adding(minutes: Int64(number * 5)),
                    now: city.now), site: SiteNumber(number: UInt16(1 + number % 2)))
        }
        guard gateways.sealCanaries().isEmpty, gateways.flush().isEmpty else {
            throw TestFault("rows did not arrive")
        }
        try city.clocks.pass(milliseconds: 9 * 3_600_000)
        try city.settle()
        guard try city.closeHours().problems.isEmpty else { throw TestFault("hours stay open") }
        return path
    }
}

/// Why a test cannot go on.
struct TestFault: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The code with which something ended; nil where it did not throw.
func code(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch let error as any CodedError {
        return error.code
    } catch {
        return "other: \(error)"
    }
}

extension Deployment {
    static let warrant = Array("Search warrant 26-1047".utf8)

    func application(
        _ plates: [String] = [City.wanted], cells: [Cell] = City.cells, purpose: String = "240"
    ) -> Application {
        Application(
            plates: plates, cells: cells, purpose: purpose, process: .searchWarrant,
            warrant: Digest(of: Self.warrant), docket: "26-1047")
    }

    /// Files, attests, and has officers approve: the first t where nobody is named.
    func granted(_ officers: [Int]? = nil, _ application: Application? = nil) throws -> Digest {
        let id = try file(application ?? self.application(), as: "investigator")
        try attest(id, warrant: Digest(of: Self.warrant), expires: now.adding(days: 2))
        for index in officers ?? Array(0..<roster.threshold.t) {
            try officer(roster.custodians[index].id).approve(id, at: now)
        }
        return id
    }

    /// A search at custodians of which some are not what they seem.
    func search(
        _ id: Digest, asking indices: [Int], with others: [Int: any Handler] = [:]
    ) throws -> Inquiry.Finding {
        let asked = indices.map { index in
            (
                id: roster.custodians[index].id,
                client: others[index].map { CustodianClient(LoopbackChannel($0)) }
                    ?? custodianClients[index]
            )
        }
        return try Requester(desk: try desk("investigator"), random: random).search(
            try caseFile(id), request: id, custodians: asked)
    }

    /// Every read of the wanted plate was opened, and every cell proven.
    func expectWhole(_ finding: Inquiry.Finding) {
        let reads = finding.disclosure.reads
        let seen = City.sightings.map {
            City.start.adding(minutes: $0.hour * 60 + $0.minute)
        }
        #expect(reads.map(\.read.seen) == seen)
        #expect(reads.map(\.cell.site.number) == City.sightings.map(\.site))
        #expect(reads.allSatisfy { $0.read.asRead == City.wanted })
        let words = finding.disclosure.cells.map(\.word)
        #expect(words == ["complete", "complete", "complete", "empty"])
        #expect(finding.disclosure.isSound)
    }
}
