import Disk
import Foundation
import Plates
import Secrets
import Testing
import Warrants
import Wire

@testable import Embedded
@testable import Inquiry

/// Drills: what they show, and that they let nobody read anything else.
@Suite struct DrillTests {
    private func city(
        _ size: City.Size = .three, absent: Set<Int> = [], _ body: (Deployment) throws -> Void
    ) throws {
        let path = try City.copy(size)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(try Deployment.open(at: path, absent: absent))
    }

    private var cells: [Cell] { City.cells }

    @Test(arguments: City.Size.allCases) func everySitesCanaryOpens(_ size: City.Size) throws {
        try city(size) { city in
            let spent = try city.record().spent(by: "police", until: city.now, before: .max)
            let report = try city.drill(as: "investigator")
            #expect(report.holds && !report.isDead && report.day == City.start.day.text)
            #expect(report.sites.map(\.site) == [1, 2])
            #expect(report.sites.allSatisfy { $0.canaries == 1 && $0.cells["complete"] == 1 })
            #expect(report.sites.allSatisfy { $0.waiting + $0.cells.values.reduce(0, +) == 24 })
            #expect(report.replies.count == city.roster.threshold.n)
            let most = city.roster.threshold.subsetSize
            #expect(report.confirmation == "confirmed by \(most) of \(most)")
            #expect(try city.record().spent(by: "police", until: city.now, before: .max) == spent)
            let audit = try city.audit()
            #expect(audit.isClean, "\(audit.findings.map(\.sentence))")
        }
    }

    @Test func oneSiteAlone() throws {
        try city(.two) { city in
            let report = try city.drill(sites: [SiteNumber(number: 2)], as: "investigator")
            #expect(report.holds && report.sites.map(\.site) == [2])
            #expect(
                code { _ = try city.drill(sites: [SiteNumber(number: 9)], as: "investigator") }
                    == "site-unknown")
        }
    }

    /// The canary opens, and yet the drill says that not every share works.
    @Test func aMachineThatIsDownIsNamed() throws {
        try city(absent: [3]) { city in
            let report = try city.drill(as: "investigator")
            #expect(!report.holds && report.sites.allSatisfy(\.holds))
            let silent = report.replies.filter { $0.code != nil }
            #expect(silent.map(\.custodian) == ["civil-rights-commission"])
        }
    }

    /// Where fewer than the quorum hold the log, no drill is filed in the first place.
    @Test func withTooFewNothingIsAsked() throws {
        try city(absent: [0, 1, 2]) { city in
            #expect(code { _ = try city.drill(as: "investigator") } == "prekey-uncosigned")
            let filed = try city.record().allRequests
            #expect(filed.isEmpty)
        }
    }

    @Test func aDayThatIsOver() throws {
        try city(.two) { city in
            let before = try city.record().grants.count
            try city.clocks.pass(milliseconds: 31 * 86_400_000)
            try city.settle()
            let report = try city.drill(day: City.start.day, as: "investigator")
            #expect(report.isDead && report.holds && report.ownRefusal == "window-expired")
            #expect(report.replies.map(\.code) == Array(repeating: "window-expired", count: 3))
            #expect(try city.record().grants.count == before)
            #expect(try city.audit().isClean)
            let later = Day(number: City.start.day.number + 40)
            #expect(code { _ = try city.drill(day: later, as: "investigator") } == "drill-day")
        }
    }

    /// By the own tool, and by the vault where that is left out.
    @Test func theFifthOfADay() throws {
        try city(.two) { city in
            for _ in 0..<4 { #expect(try city.drill(as: "investigator").holds) }
            #expect(code { _ = try city.drill(as: "investigator") } == "drills-over-limit")
            let asker = Requester(desk: try city.desk("investigator"), random: SystemRandom())
            let fifth = try asker.prepareDrill(cells, isChecked: false, at: city.now)
            #expect(code { _ = try city.file(fifth, by: asker) } == "drills-over-limit")
            try city.clocks.pass(milliseconds: 86_400_000)
            try city.settle()
            #expect(try city.drill(day: City.start.day, as: "investigator").holds)
        }
    }

    /// What a drill could be bent to: each is refused by the own tool and, when it is logged past
    /// it, by every custodian; the vault refuses what it can see.
    enum Bent: String, CaseIterable {
        case realPlate, searchForCanary, twoDays, realPlateBeside, searchWarrant

        var own: String { self == .twoDays ? "drill-too-wide" : "drill-mixed" }
        var vault: String? {
            switch self {
            case .realPlateBeside, .searchWarrant: "drill-mixed"
            default: nil
            }
        }
    }

    @Test(arguments: Bent.allCases) func nothingElseIsRead(_ bent: Bent) throws {
        try city(.two) { city in
            if bent == .twoDays {
                try city.clocks.pass(milliseconds: 2 * 86_400_000)
                try city.settle()
                _ = try city.closeHours()
            }
            let asker = Requester(desk: try city.desk("investigator"), random: SystemRandom())
            try asker.desk.refresh()
            #expect(code { _ = try prepared(bent, asker, city, isChecked: true) } == bent.own)
            let request = try prepared(bent, asker, city, isChecked: false)
            if let refusal = bent.vault {
                #expect(code { _ = try city.file(request, by: asker) } == refusal)
                return
            }
            let id = try city.file(request, by: asker)
            // Not even the leave that a search needs helps it.
            try city.attest(
                id, warrant: request.body.warrant, expires: city.now.adding(days: 1))
            for party in city.roster.custodians {
                try city.officer(party.id).approve(id, at: city.now)
            }
            for client in city.custodianClients {
                #expect(code { _ = try client.evaluate(id) } == bent.own)
            }
            #expect(code { _ = try city.search(id, as: "investigator") } == "answers-missing")
        }
    }

    private func prepared(
        _ bent: Bent, _ asker: Requester, _ city: Deployment, isChecked: Bool
    ) throws -> PreparedRequest {
        let reply = try OneTimeKey(from: SystemRandom())
        let real = try Plate(normalizing: City.wanted, fold: .letterOAsZero)
        let plates: [Plate] =
            switch bent {
            case .realPlate: [real]
            case .realPlateBeside: [.canary(fold: .letterOAsZero), real]
            default: [.canary(fold: .letterOAsZero)]
            }
        let days =
            bent == .twoDays
            ? [cells[0], Cell(hour: cells[0].hour.adding(24), site: cells[0].site)] : cells
        let secret = try RequestSecret(
            requester: "investigator", replyKey: Digest(of: reply.publicKey), plates: plates,
            plateSalts: plates.indices.map { [UInt8](repeating: UInt8($0), count: 32) },
            cells: days, windowSalt: [UInt8](repeating: 7, count: 32), docket: "",
            docketSalt: [UInt8](repeating: 8, count: 32))
        let isSearch = bent == .searchForCanary
        let application = Application(
            plates: [], cells: days, purpose: isSearch ? "240" : Purpose.drill,
            process: isSearch || bent == .searchWarrant ? .searchWarrant : .drill,
            warrant: Digest(of: Deployment.warrant), docket: "", embargo: city.now.day)
        return try asker.prepare(application, secret, reply, isChecked: isChecked, at: city.now)
    }

    @Test func nobodyTypesTheCanary() throws {
        try city(.two) { city in
            #expect(
                code { _ = try city.file(city.application(["*"]), as: "investigator") }
                    == "plate-not-exact")
        }
    }
}
