public import Disk
import Foundation
import Plates
import Secrets
import Warrants

/// A deployment to click through: a month of history, requests in every state, then each party's
/// program and each person's desk left running on this machine. The plates are the samples'.
///
/// One machine that runs them all protects nobody; this shows what each party sees.
public final class Showcase {
    /// Where everything is, for people and for tests.
    public struct Addresses: Codable, Sendable {
        /// The deployment's directory.
        public let root: String
        /// The log's origin.
        public let origin: String
        /// Where anybody reads the vault's pages and log, or a custodian's, by the party's word.
        public let pages: [String: String]
        /// The address that opens a person's desk once, by the person's word.
        public let desks: [String: String]
        /// Why a person's desk is not there, by the person's word.
        public let withoutDesk: [String: String]
        /// Where each program answers its parties, by the party's word.
        public let parties: [String: String]
        /// Where each program's health and metrics stand, by the party's word.
        public let health: [String: String]
        /// Where cameras post, by the site's word.
        public let cameras: [String: String]
        /// The ids of the requests, by what has become of them.
        public let requests: [String: String]
        /// The warrants, as files, by what has become of their requests.
        public let warrants: [String: String]
        /// A sample plate that passed more than once, and is not asked for yet.
        public let plate: String
        /// The beginning and the end of the hours in which the samples passed, such as
        /// `2026-03-02T13Z`.
        public let window: [String]
    }

    /// The persons, by their words, whose desks are opened.
    public static let people = [
        "investigator", "court", "privacy-office-officer", "clerk-of-court-officer",
        "inspector-general-officer", "civil-rights-commission-officer", "public-auditor-officer",
        "privacy-office",
    ]

    let root: String
    let say: (String) -> Void
    let fileSystem: any FileSystem
    private let binaries: String
    private let serving: Serving
    private let history: History
    private var desks: [(process: ChildProcess, word: String)] = []

    /// Founds the deployment in a directory that must not exist, and lets its month pass in this
    /// process; `say` is told what happens, a line at a time, and `isWanted` asked now and then whether
    /// to go on. `publicPort` is where the vault's pages will be; a free port where it is nil. Throws
    /// `not-wanted`, and what the parties throw.
    public init(
        _ root: String, binaries: String, publicPort: Int? = nil,
        fileSystem: any FileSystem = POSIXFileSystem(), say: @escaping (String) -> Void,
        isWanted: () -> Bool = { true }
    ) throws {
        self.root = root
        self.binaries = binaries
        self.fileSystem = fileSystem
        self.say = say
        history = try History.make(
            at: root, fileSystem: fileSystem, say: say, isWanted: isWanted)
        serving = try Serving(
            root, binaries: binaries, publicPort: publicPort, fileSystem: fileSystem)
    }

    /// Starts the programs and the desks, and lets the clocks run. Throws `program-failed`.
    public func start() throws -> Addresses {
        say("starting \(serving.programs.count) programs")
        try serving.start()
        let city = try Deployment.open(at: root, fileSystem: fileSystem)
        try city.clocks.run(true)
        let places = openDesks()
        var addresses: [String: [String: String]] = [:]
        for program in serving.programs {
            addresses["pages", default: [:]][program.party] = program.publicAddress
            addresses["parties", default: [:]][program.party] = program.address
            addresses["health", default: [:]][program.party] = program.health
            if let credential = serving.credentials[program.party] {
                addresses["cameras", default: [:]][program.party] =
                    "\(program.address)/feeds/camera/\(credential)"
            }
        }
        return Addresses(
            root: root, origin: city.roster.origin, pages: addresses["pages"] ?? [:],
            desks: places.compactMapValues(\.address),
            withoutDesk: places.compactMapValues(\.problem),
            parties: addresses["parties"] ?? [:], health: addresses["health"] ?? [:],
            cameras: addresses["cameras"] ?? [:],
            requests: history.requests.mapValues(\.hex), warrants: history.warrants,
            plate: history.plate.text, window: history.window.map(\.text))
    }

    /// Ends the desks and all programs in order.
    public func stop() {
        for desk in desks { desk.process.terminate() }
        for desk in desks { desk.process.waitUntilEnded() }
        desks = []
        serving.stop()
    }

    private struct Place {
        var address: String?
        var problem: String?
    }

    /// Starts every person's desk, and reads from its output where it is.
    private func openDesks() -> [String: Place] {
        say("opening \(Self.people.count) desks")
        let folder = root + "/desks"
        try? fileSystem.makeFolder(folder)
        for word in Self.people {
            let process = ChildProcess(
                "\(binaries)/platevault",
                ["desk", "--as", word, "--dir", root, "--no-browser", "--until-input-ends"],
                errors: "\(folder)/\(word).log", output: "\(folder)/\(word).address")
            if let process { desks.append((process, word)) }
        }
        var places: [String: Place] = [:]
        for desk in desks { places[desk.word] = place(of: desk.process, desk.word, folder) }
        return places
    }

    private func place(of desk: ChildProcess, _ word: String, _ folder: String) -> Place {
        for _ in 0..<300 {
            let text = text(of: "\(folder)/\(word).address")
            // The address opens the desk once: it stands on no disk longer than it takes to read it.
            if let end = text.firstIndex(of: "\n") {
                try? fileSystem.remove("\(folder)/\(word).address")
                return Place(address: String(text[..<end]))
            }
            guard desk.isRunning else { break }
            Thread.sleep(forTimeInterval: 0.1)
        }
        let last = text(of: "\(folder)/\(word).log").split(separator: "\n").last
        return Place(problem: last.map(String.init) ?? "it does not answer")
    }

    private func text(of path: String) -> String {
        String(decoding: (try? fileSystem.read(path)) ?? [], as: UTF8.self)
    }
}
