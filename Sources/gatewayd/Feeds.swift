import ArgumentParser
import Bytes
import Hosting
import Secrets

/// The feeds of a site: who may post, known by the SHA-256 of a credential.
struct Feeds: Sendable {
    private let digests: [String: Digest]

    /// The feeds of a configuration. Throws `feed-malformed`.
    init(_ file: ConfigurationFile) throws(HostingError) {
        var digests: [String: Digest] = [:]
        for table in file.tables("feed") {
            guard let name = table.text("name"), name.isWord(most: 32), digests[name] == nil,
                let digest = table.text("credential-sha256").flatMap({ Digest(hex: $0) })
            else {
                throw HostingError(
                    code: "feed-malformed",
                    sentence: "each [[feed]] has a name of its own, of a-z, 0-9 and hyphens, and a "
                        + "credential-sha256 of 64 hex digits")
            }
            digests[name] = digest
        }
        self.digests = digests
    }

    var names: [String] { digests.keys.sorted() }

    /// Whether a credential is the feed's. Digests are compared, so that how long it takes says
    /// nothing about the credential.
    func isKnown(_ feed: String, _ credential: String) -> Bool {
        let shown = Digest(of: Array(credential.utf8))
        return digests[feed].map { $0 == shown } ?? false
    }
}

/// `gatewayd new-credential`
struct NewCredential: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new-credential",
        abstract: "make a feed's credential, and the digest of it for the configuration",
        discussion: "example: gatewayd new-credential")

    func run() throws {
        let credential = Hex.encode(SystemRandom().bytes(24))
        DaemonVoice.say("credential         \(credential)")
        DaemonVoice.say("credential-sha256  \(Digest(of: Array(credential.utf8)).hex)")
    }
}
