import ArgumentParser
import Bytes
import Hosting
import Intake
import Secrets

/// The feeds of a site: who may post, and in which format.
struct Feeds: Sendable {
    private let feeds: [String: Feed]

    /// The feeds of a configuration. Throws `feed-malformed`, `feed-name`, `feed-camera`,
    /// `feed-time-zone`.
    init(_ file: ConfigurationFile) throws(HostingError) {
        var feeds: [String: Feed] = [:]
        for table in file.tables("feed") {
            let name = table.text("name") ?? ""
            guard feeds[name] == nil, let kind = table.text("kind").flatMap(FeedKind.init),
                let digest = table.text("credential-sha256").flatMap({ Digest(hex: $0) })
            else {
                let kinds = FeedKind.allCases.map(\.rawValue).joined(separator: ", ")
                throw HostingError(
                    code: "feed-malformed",
                    sentence: "each [[feed]] has a name of its own, a kind (\(kinds)), and a "
                        + "credential-sha256 of 64 hex digits")
            }
            do throws(IntakeRefusal) {
                feeds[name] = try Feed(
                    name: name, kind: kind, credential: digest, camera: table.text("camera"),
                    timeZone: table.text("time-zone"), holdsFrames: table.flag("holds-frames"))
            } catch {
                throw HostingError(code: error.code, sentence: error.sentence)
            }
        }
        self.feeds = feeds
    }

    /// The feeds' words, sorted.
    var names: [String] { feeds.keys.sorted() }

    /// A feed by its word.
    subscript(_ name: String) -> Feed? { feeds[name] }

    /// How long a message may be; nil where the credential is not the feed's.
    func admit(_ feed: String, _ credential: String) -> Int? {
        feeds[feed].flatMap { $0.accepts(credential.utf8) ? $0.kind.maximumBytes : nil }
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
