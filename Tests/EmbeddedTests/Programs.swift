import Disk
import Foundation
import Hosting
import Plates
import Secrets
import Testing
import Warrants

@testable import Embedded
@testable import Inquiry

/// A deployment whose parties run as programs, for one test.
final class ProgramCity {
    let path: String
    let serving: Serving
    let city: Deployment

    /// The folder of the built programs: the one in which this test bundle was built.
    static var binaries: String {
        let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(filePath: path ?? "").deletingLastPathComponent().path
    }

    /// Founds a city of two of three custodians and one site, and starts everything. `configure` may
    /// change the text of a program's configuration.
    init(configure: (Serving.Program, String) -> String = { $1 }) throws {
        path = City.temporary()
        var plan = Plan(origin: City.origin, start: City.start.adding(minutes: 100))
        (plan.threshold, plan.custodians, plan.sites) = (2, 3, ["Main Street"])
        _ = try Deployment.create(at: path, plan: plan)
        serving = try Serving(path, binaries: Self.binaries)
        for program in serving.programs {
            let file = "\(program.folder)/\(program.name).toml"
            let text = String(decoding: try POSIXFileSystem().read(file), as: UTF8.self)
            try POSIXFileSystem().replace(file, Array(configure(program, text).utf8))
        }
        do {
            try serving.start()
            city = try Deployment.open(at: path)
        } catch {
            for program in serving.programs { serving.kill(program.party) }
            throw error
        }
    }

    /// Ends every program and removes the files.
    func close() {
        serving.stop()
        try? FileManager.default.removeItem(atPath: path)
    }

    func program(_ party: String) throws -> Serving.Program {
        guard let program = serving.programs.first(where: { $0.party == party }) else {
            throw TestFault("no program of \(party)")
        }
        return program
    }

    /// One number of a program's metrics, -1 where it is not there.
    func metric(_ name: String, of party: String = "site-1") -> Int {
        serving.metric(name, of: party) ?? -1
    }

    /// What a program has written to its log.
    func log(of party: String) throws -> String {
        let program = try program(party)
        return String(
            decoding: try POSIXFileSystem().read("\(program.folder)/\(program.name).log"),
            as: UTF8.self)
    }

    /// An evening later: the hour of some reads is closed; they are asked for under a warrant.
    func opened(_ plates: [String], seen: Hour) throws -> [Read] {
        try city.clocks.pass(milliseconds: 9 * 3_600_000)
        let cell = Cell(hour: seen, site: SiteNumber(number: 1))
        guard try city.wait(seconds: 60, until: { try city.record().closedCells.contains(cell) })
        else { throw TestFault("the hour stays open") }
        let id = try city.granted([0, 1], city.application(plates, cells: [cell]))
        return try city.search(id, as: "investigator").disclosure.reads.map(\.read)
    }
}
