public import Disk
import Foundation
import Glibc
import Hosting
import Plates
public import Secrets
import Warrants

/// A deployment's parties as programs of their own on this machine: one vault, each custodian, one
/// gateway for each site, on loopback. One machine that runs them all protects nobody; each of their
/// folders can be carried to a machine of its own.
public final class Serving {
    /// One program.
    public struct Program: Sendable {
        /// The party's word in the roster.
        public let party: String
        /// The program's name, such as `custodiand`.
        public let name: String
        /// The party's folder, with its configuration.
        public let folder: String
        /// Where parties, or for a gateway cameras, reach it, such as `https://127.0.0.1:41234`.
        public let address: String
        /// Where its health and metrics stand.
        public let health: String
        /// Where anybody reads its log, where it has one.
        public let publicAddress: String?
    }

    /// The programs in the order in which they start.
    public let programs: [Program]
    /// The credential of each site's feed `camera`, by the site's word.
    public let credentials: [String: String]

    private let layout: Layout
    private let binaries: String
    private let fileSystem: any FileSystem
    private var running: [String: ChildProcess] = [:]
    private let client = PlainClient(seconds: 3)

    /// Writes the programs' configurations into a deployment's folders, with free ports of this
    /// machine, and `services.toml`, by which `platevault` finds the programs. `binaries` is the
    /// folder of the programs; `passphraseFile` opens the keys where the origin is no `.demo`;
    /// `publicPort` is where anybody reads the vault's log, a free port where it is nil.
    public init(
        _ root: String, binaries: String, passphraseFile: String? = nil, publicPort: Int? = nil,
        fileSystem: any FileSystem = POSIXFileSystem(), random: any RandomSource = SystemRandom()
    ) throws {
        layout = Layout(root)
        self.binaries = binaries
        self.fileSystem = fileSystem
        let roster = try Deployment.rosters(layout, fileSystem).first
        var credentials: [String: String] = [:]
        for site in roster.sites {
            credentials[site.id] = Digest(of: random.bytes(32)).hex
        }
        self.credentials = credentials
        programs = try Self.programs(layout, roster, publicPort)
        let texts = ProgramFiles(
            roster: roster, programs: programs, credentials: credentials,
            passphraseFile: passphraseFile)
        for program in programs {
            try fileSystem.replace(
                "\(program.folder)/\(program.name).toml", Array(texts.text(of: program).utf8))
        }
        try fileSystem.replace(layout.services, Array(texts.services.utf8))
    }

    private static func programs(
        _ layout: Layout, _ roster: Roster, _ publicPort: Int?
    ) throws -> [Program] {
        let count = 3 + 3 * roster.custodians.count + 2 * roster.sites.count
        var ports = try FreePorts.take(count)[...]
        func next() -> Int { ports.popFirst() ?? 0 }
        func program(
            _ party: String, _ name: String, _ folder: String, _ scheme: String, isPublic: Bool,
            at port: Int? = nil
        ) -> Program {
            Program(
                party: party, name: name, folder: folder,
                address: "\(scheme)://127.0.0.1:\(next())", health: "http://127.0.0.1:\(next())",
                publicAddress: isPublic ? "http://127.0.0.1:\(port ?? next())" : nil)
        }
        var programs = [
            program(
                roster.body.vault.id, "vaultd", layout.vault, "https", isPublic: true,
                at: publicPort)
        ]
        for (index, custodian) in roster.custodians.enumerated() {
            programs.append(
                program(
                    custodian.id, "custodiand", layout.custodian(index), "https", isPublic: true))
        }
        for site in roster.sites {
            programs.append(
                program(
                    site.id, "gatewayd", layout.gateway(site.number.number), "http",
                    isPublic: false))
        }
        return programs
    }

    /// Starts every program that does not run, in order, and waits until each can do its work.
    /// Throws `program-failed` with the party's word.
    public func start() throws {
        for program in programs { try start(program.party) }
        for program in programs { try waitUntilReady(program.party, seconds: 90) }
    }

    /// Starts one program.
    public func start(_ party: String) throws {
        guard let program = programs.first(where: { $0.party == party }),
            running[party]?.isRunning != true
        else { return }
        let process = ChildProcess(
            "\(binaries)/\(program.name)",
            [
                "run", "--config", "\(program.folder)/\(program.name).toml",
                "--until-input-ends",
            ],
            errors: "\(program.folder)/\(program.name).log")
        guard let process else {
            throw EmbeddedError(
                code: "program-failed",
                sentence: "\(program.name) of \(party) cannot be started from \(binaries)")
        }
        running[party] = process
    }

    /// Waits until a program says that it can do its work. Throws `program-failed`, with where its
    /// log is.
    public func waitUntilReady(_ party: String, seconds: Int) throws {
        guard let program = programs.first(where: { $0.party == party }) else { return }
        for _ in 0..<(seconds * 5) {
            if client.get(program.health + "/readyz")?.status == 200 { return }
            guard running[party]?.isRunning == true else { break }
            Thread.sleep(forTimeInterval: 0.2)
        }
        throw EmbeddedError(
            code: "program-failed",
            sentence: "\(program.name) of \(party) does not get ready; see "
                + "\(program.folder)/\(program.name).log")
    }

    /// Whether a program runs.
    public func isRunning(_ party: String) -> Bool { running[party]?.isRunning == true }

    /// The process of a running program.
    public func processID(_ party: String) -> Int32? {
        running[party].flatMap { $0.isRunning ? $0.id : nil }
    }

    /// Ends a program as a power cut would: at once.
    public func kill(_ party: String) {
        guard let process = running.removeValue(forKey: party), process.isRunning else { return }
        process.kill()
        process.waitUntilEnded()
    }

    /// Ends one program in order.
    public func stop(_ party: String) {
        guard let process = running.removeValue(forKey: party), process.isRunning else { return }
        process.terminate()
        process.waitUntilEnded()
    }

    /// Ends all programs in order, gateways first, and forgets where they were.
    public func stop() {
        for name in ["gatewayd", "custodiand", "vaultd"] {
            let parties = programs.filter { $0.name == name }.map(\.party)
            for party in parties where isRunning(party) { running[party]?.terminate() }
            for party in parties { stop(party) }
        }
        try? fileSystem.remove(layout.services)
    }

    /// The cameras of all sites.
    public var cameras: Cameras {
        var feeds: [String: (address: String, credential: String)] = [:]
        for program in programs {
            guard let credential = credentials[program.party] else { continue }
            feeds[program.party] = (program.address + "/feeds/camera", credential)
        }
        return Cameras(feeds: feeds)
    }

    /// Who posts what cameras read, from any thread.
    public struct Cameras: Sendable {
        fileprivate let feeds: [String: (address: String, credential: String)]
        private let client = PlainClient(seconds: 10)

        fileprivate init(feeds: [String: (address: String, credential: String)]) {
            self.feeds = feeds
        }

        /// Posts a message to a site's gateway; the HTTP status, 0 where nobody answered.
        public func post(_ message: [UInt8], to site: String) -> Int {
            guard let feed = feeds[site] else { return 0 }
            return client.post(message, to: feed.address, credential: feed.credential)?.status ?? 0
        }
    }

    /// One number of a program's metrics, by its line's beginning; nil where there is none.
    public func metric(_ name: String, of party: String) -> Int? {
        guard let program = programs.first(where: { $0.party == party }),
            let page = client.get(program.health + "/metrics")
        else { return nil }
        let lines = String(decoding: page.body, as: UTF8.self).split(separator: "\n")
        return lines.first { $0.hasPrefix("platevault_\(name) ") }
            .flatMap { Int($0.split(separator: " ")[1]) }
    }
}

/// Ports of this machine that nobody listens at.
enum FreePorts {
    /// Where they are drawn from: below what systems give to outgoing connections. A program that
    /// is down for a moment could find such a port taken by whoever tried to reach it.
    private static let range = 10_240..<32_768

    /// So many different ones. Throws `ports-missing`.
    static func take(_ count: Int) throws -> [Int] {
        var sockets: [Int32] = []
        defer { for socket in sockets { close(socket) } }
        var ports: [Int] = []
        for _ in 0..<(64 * count) where ports.count < count {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            guard descriptor >= 0 else { throw missing }
            // Kept until all are found, so that none is found twice.
            sockets.append(descriptor)
            let port = Int.random(in: range)
            if isFree(port, descriptor) { ports.append(port) }
        }
        guard ports.count == count else { throw missing }
        return ports
    }

    private static func isFree(_ port: Int, _ descriptor: Int32) -> Bool {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private static var missing: EmbeddedError {
        EmbeddedError(code: "ports-missing", sentence: "this machine has no free ports")
    }
}
