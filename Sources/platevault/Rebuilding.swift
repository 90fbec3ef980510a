import ArgumentParser
import Embedded
import Secrets
import Warrants

/// `platevault log rebuild`
struct Rebuild: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "make the vault's log again from a custodian's mirror",
        discussion: """
            For when the vault is gone: every custodian holds every entry it cosigned. The longest \
            mirror is taken, and all others must be its beginning. Where the log's key is gone too, \
            --new-key makes one, and the custodians sign a successor that extends the log.

            example: platevault log rebuild --new-key
            """)

    @OptionGroup var options: DeploymentOptions
    @Option(help: "The custodian whose mirror is taken; the longest where left out.")
    var from: String?
    @Flag(help: "Go on under a new key, named by the custodians.")
    var newKey = false

    func run() throws {
        let root = options.path
        let origin = try Deployment.origin(at: root)
        var passphrase: SecretBox?
        if !origin.hasSuffix(".demo") {
            passphrase = try options.passphrase(origin)
        }
        let rebuilt = try Deployment.rebuildLog(
            at: root, from: from, newKey: newKey, passphrase: passphrase)
        Voice.say("\(rebuilt.entries) entries from the mirror of \(rebuilt.custodian)")
        if rebuilt.isSuccessor {
            Voice.say("the custodians have named a new key; the log goes on under it")
        }
        let deployment = try options.open()
        Voice.say("log         \(try deployment.record().count) entries")
    }
}
