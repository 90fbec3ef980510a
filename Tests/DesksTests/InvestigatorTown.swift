import Foundation
import Hosting
import Intake
import Plates
import Secrets
import Testing
import Warrants

@testable import Desks
@testable import Embedded
@testable import Inquiry

/// The town with cars in it: a plate that both sites have seen, once with a photo and once by a
/// camera whose name is an attack. Founded once; each test works on a copy of its directory.
enum SeenTown {
    /// What was seen of the plate: minutes after the start, at which site, by which camera.
    static let sightings: [(minute: Int64, site: UInt16, camera: String)] = [
        (5, 1, "cam 7"), (40, 1, "cam 7"), (41, 2, attack), (70, 1, "cam 8"),
    ]
    /// A camera's name that a careless page would take for more than a name.
    static let attack = "\"><script>alert(1)</script>"
    /// Where the cameras stand, by site.
    static let places: [UInt16: Place] = [
        1: Place(latitude: 407_500_000, longitude: -739_900_000),
        2: Place(latitude: 407_600_000, longitude: -739_800_000),
    ]

    private static let base = Result { try found() }

    static func copy() throws -> String {
        let copy = Town.temporary()
        try FileManager.default.copyItem(atPath: try base.get(), toPath: copy)
        return copy
    }

    /// The crop of minute 40.
    static func photo() throws -> Photo {
        let content = SeededRandom("crop").bytes(20_000)
        let length = UInt16(content.count + 2)
        return try Photo(
            [0xff, 0xd8, 0xff, 0xfe, UInt8(length >> 8), UInt8(length & 0xff)] + content
                + [0xff, 0xd9], role: .crop)
    }

    private static func read(_ text: String, _ seen: Timestamp, _ camera: String, _ site: UInt16)
        throws -> Read
    {
        var fields = Read.Fields(
            asRead: text, plate: try Plate(normalizing: text, fold: .letterOAsZero),
            camera: camera, deviceTime: seen, receivedTime: seen)
        fields.confidence = 9_350
        fields.place = places[site]
        fields.vehicle.color = "silver"
        return try Read(fields)
    }

    private static func found() throws -> String {
        let path = Town.temporary()
        var plan = Plan(origin: "example.org/vault.demo", start: Town.start)
        (plan.threshold, plan.custodians) = (2, 3)
        let town = try Deployment.create(at: path, plan: plan)
        try town.clocks.pass(milliseconds: 2 * 3_600_000)
        let gateways = Gateways(town)
        for sighting in sightings {
            let seen = Town.start.adding(minutes: sighting.minute)
            try gateways.take(
                try read(Town.plate, seen, sighting.camera, sighting.site),
                photos: sighting.minute == 40 ? [try photo()] : [],
                site: SiteNumber(number: sighting.site))
        }
        guard gateways.sealCanaries().isEmpty, gateways.flush().isEmpty else {
            throw DeskError(code: "test", sentence: "rows did not arrive")
        }
        try town.clocks.pass(milliseconds: 9 * 3_600_000)
        try town.settle()
        let problems = try town.closeHours().problems
        guard problems.isEmpty else { throw DeskError(code: "test", sentence: problems[0]) }
        return path
    }
}

/// An investigator's desk and the town behind it.
struct InvestigatorDesk {
    let town: Deployment
    let office: DeskOffice
    let browser: TestBrowser

    /// The desk over a town's directory.
    init(at path: String) throws {
        town = try Deployment.open(at: path)
        office = try DeskOffice(town, as: "investigator")
        browser = TestBrowser(
            DeskServer(office, pages: try Roles.pages(for: office)) { _ in })
    }

    /// Does some work with a desk over a copy of the town.
    static func with(_ body: (InvestigatorDesk) throws -> Void) throws {
        let path = try SeenTown.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(try InvestigatorDesk(at: path))
    }

    /// The form's fields of a request that is right.
    static let right: [(String, String)] = [
        ("plate", Town.plate), ("shown", "2026-03-02"), ("hour", "2026-03-02T06Z"),
        ("hour", "2026-03-02T07Z"), ("site", "1"), ("site", "2"), ("purpose", "240"),
        ("process", "search-warrant"), ("docket", "26-1047"),
    ]

    /// The address of a new, empty draft.
    func draft() throws -> String {
        let made = browser.get("/new")
        return try #require(made.value("location"))
    }

    /// Sends a draft's form, filled in rightly, and a button.
    func send(_ draft: String, _ button: (String, String)) -> DeskAnswer {
        send(draft, Self.right, button)
    }

    /// Sends a draft's form with the warrant, and a button.
    func send(
        _ draft: String, _ fields: [(String, String)], _ button: (String, String),
        warrant: [UInt8] = Town.warrant
    ) -> DeskAnswer {
        browser.post(draft, fields + [button], file: ("warrant", warrant))
    }

    /// Files a request by the form; its path.
    func file() throws -> String {
        let draft = try draft()
        let look = send(draft, ("look", "yes"))
        #expect(look.text.contains("A last look"))
        let page = sign(look, of: draft)
        #expect(page.text.contains("Filed."))
        let id = try #require(try town.record().requestOrder.last)
        return "/requests/\(id.hex)"
    }

    /// Presses the button of a last look.
    func sign(_ look: DeskAnswer, of draft: String) -> DeskAnswer {
        browser.post("\(draft)/file", [("request", Self.request(in: look))])
    }

    /// The request that a last look's button names; empty where there is none.
    static func request(in look: DeskAnswer) -> String {
        let parts = look.text.components(separatedBy: "name=\"request\" value=\"")
        return parts.count == 2 ? String(parts[1].prefix(64)) : ""
    }

    /// What the others do: attest, approve.
    func grant(_ path: String) throws {
        let id = try #require(Digest(hex: String(path.dropFirst("/requests/".count))))
        try town.attest(
            id, warrant: Digest(of: Town.warrant), expires: town.now.adding(days: 2))
        for custodian in town.roster.custodians.prefix(2) {
            try town.officer(custodian.id).approve(id, at: town.now)
        }
    }

    /// Follows slow work to its end.
    func follow(_ answer: DeskAnswer) throws -> DeskAnswer {
        var answer = answer
        for _ in 0..<600 {
            if answer.status == 303, let next = answer.value("location") {
                answer = browser.get(next)
                continue
            }
            guard answer.value("refresh") != nil else { return answer }
            Thread.sleep(forTimeInterval: 0.1)
            answer = browser.get(browser.last)
        }
        throw DeskError(code: "test", sentence: "the work did not end")
    }
}
