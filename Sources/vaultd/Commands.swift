import ArgumentParser
import Disk
import Hosting
import Secrets
import Warrants

/// Where the configuration stands.
struct ConfigOption: ParsableArguments {
    @Option(help: "The configuration file.")
    var config = "vaultd.toml"

    func setting() throws -> PartySetting {
        let disk = POSIXFileSystem()
        return try PartySetting(
            try ConfigurationFile(at: config, keys: VaultDaemon.keys, disk: disk), disk: disk)
    }
}

/// `vaultd run`
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "run until SIGTERM", discussion: "example: vaultd run --config vaultd.toml")

    @OptionGroup var options: ConfigOption

    func run() async throws { try await VaultDaemon(options.setting()).run() }
}

/// `vaultd create`
struct Create: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "make the vault's empty stores, with the roster as the log's first entry",
        discussion: "example: vaultd create --config vaultd.toml")

    @OptionGroup var options: ConfigOption

    func run() throws {
        let setting = try options.setting()
        try VaultDaemon.create(setting)
        DaemonVoice.say("made the stores of \(setting.roster.origin)")
    }
}

/// `vaultd check-config`
struct CheckConfig: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "read the configuration, the roster and the keys, and say what is wrong",
        discussion: "example: vaultd check-config --config vaultd.toml")

    @OptionGroup var options: ConfigOption

    func run() throws {
        let setting = try options.setting()
        _ = try VaultDaemon.signers(setting)
        DaemonVoice.say("the configuration holds; roster \(setting.roster.hash.hex)")
    }
}

/// `vaultd print-config`
struct PrintConfig: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "print a configuration file with every key, its standard and whom it trusts",
        discussion: "example: vaultd print-config > vaultd.toml")

    func run() throws {
        DaemonVoice.say(
            ConfigurationText.write("vaultd", VaultDaemon.keys, values: [:]))
    }
}
