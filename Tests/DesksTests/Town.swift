import Foundation
import Plates
import Secrets
import Warrants

@testable import Desks
@testable import Embedded
@testable import Inquiry

/// A town of 2 of 3 custodians and two sites after a morning: its hours are closed and old enough to
/// be searched. Founded once; each test works on a copy of its directory.
enum Town {
    static let start = Timestamp(seconds: 1_772_431_200)  // 2026-03-02T06:00:00Z
    static let warrant = Array("Search warrant 26-1047".utf8)
    static let plate = "RK161AG"

    private static let base = Result { try found() }

    /// The path of a fresh copy; the caller removes it.
    static func copy() throws -> String {
        let copy = temporary()
        try FileManager.default.copyItem(atPath: try base.get(), toPath: copy)
        return copy
    }

    static func temporary() -> String {
        FileManager.default.temporaryDirectory.appending(path: "town-\(UUID().uuidString)").path
    }

    /// A request for two hours at both sites.
    static func application(docket: String = "26-1047") -> Inquiry.Application {
        let cells = [start.hour, start.hour.next].flatMap { hour in
            [1, 2].map { Cell(hour: hour, site: SiteNumber(number: $0)) }
        }
        return Inquiry.Application(
            plates: [plate], cells: cells, purpose: "240", process: .searchWarrant,
            warrant: Digest(of: warrant), docket: docket)
    }

    private static func found() throws -> String {
        let path = temporary()
        var plan = Plan(origin: "example.org/vault.demo", start: start)
        (plan.threshold, plan.custodians) = (2, 3)
        let town = try Deployment.create(at: path, plan: plan)
        try town.clocks.pass(milliseconds: 11 * 3_600_000)
        try town.settle()
        let problems = try town.closeHours().problems
        guard problems.isEmpty else { throw DeskError(code: "test", sentence: problems[0]) }
        return path
    }
}
