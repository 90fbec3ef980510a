// The vault as a process of its own (Docs/Operating.md). It holds no key to any read.

import ArgumentParser
import Hosting

/// `vaultd`
@main
struct VaultProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vaultd",
        abstract: "keeps sealed rows, runs the public log, carries sealed messages",
        subcommands: [Run.self, Create.self, CheckConfig.self, PrintConfig.self],
        defaultSubcommand: Run.self)

    static func main() async {
        do {
            try DaemonVoice.harden()
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            guard error is HostingError || !isUsage(error) else { exit(withError: error) }
            DaemonVoice.end(with: error)
        }
    }

    private static func isUsage(_ error: any Error) -> Bool { exitCode(for: error) != .failure }
}
