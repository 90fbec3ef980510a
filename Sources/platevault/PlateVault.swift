// The program of everybody who is not a server: see README.md for a session.
//
// Every command is in this folder; what they do stands in `Embedded` and `Inquiry`.

import ArgumentParser
import Secrets

/// `platevault`, and its commands.
@main
struct PlateVault: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "platevault",
        abstract: "a plate vault that needs no belief",
        discussion: "Every command has --help with an example. Start with: platevault demo",
        subcommands: [
            Demo.self, Serve.self, Init.self, Join.self, Ingest.self, Request.self, Requests.self,
            InboxCommand.self, DeskCommand.self, Attest.self, Approve.self, Deny.self, Open.self,
            Verify.self,
            Destroy.self, Status.self, AuditCommand.self, SiteCommand.self, LogCommand.self,
            KeyCommand.self,
            RosterCommand.self, Clock.self,
        ])

    static func main() {
        ProcessHardening.withoutBacktraces()
        do {
            try ProcessHardening.apply()
            var command = try parseAsRoot()
            try command.run()
        } catch {
            Voice.end(with: error)
        }
    }
}
