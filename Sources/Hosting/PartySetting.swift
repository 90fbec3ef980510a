public import Disk
import Foundation
import Ledger
import Plates
public import Secrets
public import Warrants

/// What every program of a party reads from its configuration: who it is, what it trusts from
/// outside, its key, its clock, and where the others are.
public struct PartySetting: Sendable {
    /// The keys that all programs share.
    public static let keys = [
        ConfigurationKey(
            "party", .text, standard: nil, "This party's word in the roster.",
            trust: "the roster; a wrong word only fails"),
        ConfigurationKey(
            "roster", .text, standard: "\"roster.note\"",
            "The log's first roster, a signed note; later ones may follow it in the file. Compare the "
                + "first one's hash with what the others have.",
            trust: "whoever gives it, with everything: all keys of all parties follow from it"),
        ConfigurationKey(
            "key", .text, standard: "\"key\"", "The key file of this party's statement key.",
            trust: "this machine's administrator, to speak for this party"),
        ConfigurationKey(
            "passphrase-file", .text, standard: "\"\"",
            "A file whose first line opens the key files; best in memory (systemd's LoadCredential). "
                + "Left out: asked for on the terminal; a .demo needs none.",
            trust: "this machine's administrator, as with the key"),
        ConfigurationKey(
            "metrics-listen", .text, standard: "\"\"",
            "Where /metrics, /healthz and /readyz are answered, like 127.0.0.1:9464; loopback only.",
            trust:
                "whoever watches this machine, to see numbers; no plate, key or request's content"
        ),
        ConfigurationKey(
            "clock", .text, standard: "\"\"",
            "The file of the simulated clocks; only for origins that end in .demo.",
            trust: "nobody: a .demo protects nothing"),
    ]

    /// The table of the others' addresses.
    public static let servicesKey = ConfigurationKey(
        "services", .texts, standard: "{}",
        "Where the others are, by their words in the roster, like https://10.0.0.5:7443.",
        trust: "nobody: who answers must have the roster's key")

    /// The configuration.
    public let file: ConfigurationFile
    /// Where what the program keeps is: the configuration's own folder, unless it says another.
    public var stateFolder: String { file.path("state") ?? file.folder }
    /// The first roster, which everything is checked against.
    public let roster: Roster
    /// The newest roster that the file holds, by which the others are known at first.
    public let newestRoster: Roster
    /// The first roster as the signed note that it came as.
    public let rosterNote: [UInt8]
    /// The party's word.
    public let party: String
    /// The party's statement key.
    public let key: SigningKey
    /// The time.
    public let clock: ProgramClock
    /// The disk.
    public let disk: any FileSystem

    /// Reads everything that the file names. Throws with the file or key that does not fit.
    public init(_ file: ConfigurationFile, disk: any FileSystem) throws {
        self.file = file
        self.disk = disk
        guard let path = file.path("roster"), let id = file.text("party"),
            let keyPath = file.path("key")
        else { throw HostingError(code: "configuration-key", sentence: "roster, party and key") }
        let rosters = try RosterChain(wire: try disk.read(path))
        roster = rosters.first
        newestRoster = rosters.newest
        rosterNote = rosters.notes.first ?? []
        party = id
        clock = try ProgramClock(file: file.path("clock"), origin: roster.origin, disk: disk)
        key = try Self.key(keyPath, file, roster.origin, disk)
    }

    /// A further key of this party, from the file that a configuration key names.
    public func key(named name: String) throws -> SigningKey {
        guard let path = file.path(name) else {
            throw HostingError(
                code: "configuration-key", sentence: "the key file \(name) is not named")
        }
        return try Self.key(path, file, roster.origin, disk)
    }

    private static func key(
        _ path: String, _ file: ConfigurationFile, _ origin: String, _ disk: any FileSystem
    ) throws -> SigningKey {
        let text = String(decoding: try disk.read(path), as: UTF8.self)
        return try KeyFile.open(text, passphrase: try passphrase(file, origin))
    }

    private static func passphrase(
        _ file: ConfigurationFile, _ origin: String
    ) throws -> SecretBytes {
        if let path = file.path("passphrase-file") { return try Passphrase.read(path) }
        if origin.hasSuffix(".demo") { return try SecretBytes(copying: "demo".utf8) }
        return try Passphrase.ask("passphrase of \(origin): ")
    }

    /// The passphrase that the party's other secrets are under; nil for a `.demo`, which has none.
    public func passphrase() throws -> SecretBox? {
        roster.origin.hasSuffix(".demo") ? nil : SecretBox(try Self.passphrase(file, roster.origin))
    }

    /// The party as it shows itself on connections.
    public func identity() throws(HostingError) -> PartyIdentity {
        // TLS goes by the real time, whatever a .demo's clock says.
        try PartyIdentity(id: party, origin: roster.origin, key: key, now: Date())
    }

    /// The ways to all parties that the configuration names.
    public func ways(
        as identity: PartyIdentity, seconds: Int64 = 8, pause: Int64? = nil
    ) -> Ways {
        Ways(
            file.texts("services"), as: identity, roster: newestRoster, seconds: seconds,
            pause: pause)
    }

    /// The names of parties that may stand in log lines.
    public static func word(_ id: String, in roster: Roster) -> RosterWord? {
        roster.statementKeys(of: id).isEmpty ? nil : RosterWord(id)
    }
}
