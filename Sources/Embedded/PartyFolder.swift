public import Disk
import Hosting
import Plates
import Secrets
public import Warrants

/// One party's directory as it stands on that party's own machine: the rosters, where the others are,
/// and one folder with its keys and its program's configuration.
///
///     DIR/roster.note       the first roster, later ones after it
///     DIR/services.toml     where vault and custodians are
///     DIR/README.txt        what is to be done here, in this order
///     DIR/WORD/key          and cosign.key or log.key
///     DIR/WORD/custodiand.toml, vaultd.toml or gatewayd.toml
///
/// Nothing of any other party's is in it.
public struct PartyFolder {
    /// What the administrator decides beyond the roster.
    public struct Places: Sendable {
        /// Where the program listens; from the own address of `services.toml` where nil.
        public var listen: String?
        /// Where anybody reads the log or mirror; nobody where nil.
        public var publicListen: String?
        /// Where numbers and health are; loopback only.
        public var metricsListen = "127.0.0.1:9464"
        /// The file that opens the keys; asked for on the terminal where nil.
        public var passphraseFile: String?

        /// The usual places.
        public init() {}
    }

    /// The directory.
    public let root: String
    /// The party's word.
    public let id: String
    /// The rosters.
    public let rosters: RosterChain
    /// The program that the party runs all the time; nil for people, who use `platevault`.
    public let program: String?
    private let disk: any FileSystem

    /// A party's directory, by the rosters that it got. Throws `party-unknown` for a word that the
    /// newest of them does not have.
    public init(
        _ root: String, id: String, rosters: [UInt8],
        fileSystem: any FileSystem = POSIXFileSystem()
    ) throws {
        self.root = root
        self.id = id
        self.rosters = try RosterChain(wire: rosters)
        disk = fileSystem
        let roster = self.rosters.newest
        if roster.body.vault.id == id {
            program = "vaultd"
        } else if roster.custodianIndex(id) != nil {
            program = "custodiand"
        } else if roster.sites.contains(where: { $0.id == id }) {
            program = "gatewayd"
        } else {
            program = nil
        }
        guard !roster.statementKeys(of: id).isEmpty else {
            throw EmbeddedError(
                code: "party-unknown", sentence: "the roster has no party \(id) that has a key")
        }
    }

    private var folder: String { "\(root)/\(id)" }
    /// Where the program's configuration is; nil for people.
    public var configuration: String? { program.map { "\(folder)/\($0).toml" } }
    private var isDemo: Bool { rosters.first.origin.hasSuffix(".demo") }

    /// Writes everything that is not a key. Throws `key-missing`, `services-missing` where the vault
    /// has no address, and what is wrong with `services`.
    public func write(services: String, places: Places = Places()) throws {
        guard try disk.size("\(folder)/key") != nil else {
            throw EmbeddedError(
                code: "key-missing",
                sentence: "the key of \(id) is not in \(folder); platevault key new makes it")
        }
        let layout = Layout(root)
        try disk.replace(layout.roster, rosters.encode())
        try disk.replace(
            layout.rosterText, Array(RosterText.print(rosters.newest).utf8))
        try disk.replace(layout.services, Array(services.utf8))
        let addresses = try ConfigurationFile(
            at: layout.services, keys: [PartySetting.servicesKey], disk: disk
        ).texts("services")
        guard addresses[rosters.newest.body.vault.id] != nil else {
            throw EmbeddedError(
                code: "services-missing", sentence: "[services] has no address of the vault")
        }
        if isDemo, try disk.size(layout.clock) == nil {
            try DemoClock.create(layout.clock, at: ProgramClock.machine.now, disk: disk)
            try DemoClock(layout.clock, origin: rosters.first.origin, disk: disk).run(true)
        }
        if let program, let configuration {
            let text = text(program, addresses, places)
            try disk.replace(configuration, Array(text.utf8))
        }
        try disk.replace("\(root)/README.txt", Array(PartyReadme(self).text.utf8))
    }

    private func text(
        _ program: String, _ addresses: [String: String], _ places: Places
    ) -> String {
        let others = addresses.filter { $0.key != id }.sorted { $0.key < $1.key }
        let texts = ProgramFiles(
            roster: rosters.newest,
            programs: others.map {
                Serving.Program(
                    party: $0.key, name: "", folder: "", address: $0.value, health: "",
                    publicAddress: nil)
            }, credentials: [:], passphraseFile: places.passphraseFile)
        return texts.text(
            of: Serving.Program(
                party: id, name: program, folder: folder,
                address: places.listen ?? Self.listen(addresses[id], program),
                health: places.metricsListen, publicAddress: places.publicListen))
    }

    /// A literal address is listened at as it is; under a name, everywhere on its port.
    private static func listen(_ address: String?, _ program: String) -> String {
        guard program != "gatewayd" else { return "127.0.0.1:7480" }
        let place = address?.split(separator: "/").last.map(String.init) ?? ":7443"
        let parts = place.split(separator: ":", omittingEmptySubsequences: false)
        let isLiteral = parts.first?.allSatisfy { $0.isNumber || $0 == "." } ?? false
        let port = parts.count == 2 ? String(parts[1]) : "443"
        return isLiteral && !place.hasPrefix(":") ? place : "0.0.0.0:\(port)"
    }
}

/// What a party's directory says to whoever unpacks it.
struct PartyReadme {
    private let folder: PartyFolder

    init(_ folder: PartyFolder) { self.folder = folder }

    var text: String {
        """
        PlateVault: the directory of \(folder.id)

        origin        \(folder.rosters.first.origin)
        first roster  \(folder.rosters.first.hash.hex)

        Compare the first roster's hash with what the others have, by telephone or on paper:
        everything rests on it. roster.txt is the same roster to be read.

        The key files in \(folder.id)/ speak for this party. They belong on this machine and nowhere
        else; if they were made on another machine, that machine has seen them, and whoever
        administers it could speak for you. Then make new ones here, and have the roster name
        them: Docs/Operating.md, "A party makes its own keys".

        """ + steps.enumerated().map { "\n\($0 + 1). \($1)\n" }.joined()
    }

    private var steps: [String] {
        let id = folder.id
        guard let program = folder.program else {
            return [
                "Look at the way to the vault:  platevault status --dir .",
                "Work with it:  platevault --help; every command takes --dir, and --as \(id)",
            ]
        }
        let configuration = "\(id)/\(program).toml"
        var steps = [
            "Read \(configuration), above all listen, and set what is different here.",
            "\(program) check-config --config \(configuration)",
        ]
        switch program {
        case "custodiand":
            steps.append(
                "Look at a clock that is not this machine's, and say what it shows:\n   "
                    + "custodiand create --config \(configuration) "
                    + "--confirmed-time 2026-03-02T13:40:00.000Z")
        case "gatewayd":
            steps.append(
                "Name the feeds of your cameras; each gets a credential:  gatewayd new-credential")
            steps.append("\(program) create --config \(configuration)")
        default: steps.append("\(program) create --config \(configuration)")
        }
        steps.append("\(program) run --config \(configuration)")
        if program == "custodiand" {
            steps.append(
                "Leave \(id)/ out of every backup: a copy would keep keys alive that should be dead."
            )
        }
        return steps
    }
}
