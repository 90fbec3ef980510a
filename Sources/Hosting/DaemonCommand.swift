public import ArgumentParser
import Disk
import Foundation
import Secrets
import Warrants

/// A program of a party: what `DaemonCommand` makes a command line of.
public protocol Daemon: Sendable {
    /// The program's name.
    static var name: String { get }
    /// What it does, in one line.
    static var abstract: String { get }
    /// The keys of its configuration file.
    static var keys: [ConfigurationKey] { get }
    /// Its commands besides those that every program has.
    static var commands: [any ParsableCommand.Type] { get }

    /// The program, with its stores open. Throws what does not fit.
    init(_ setting: PartySetting) throws
    /// Runs until SIGTERM.
    func run() async throws
    /// Makes its stores. `confirmed` is the time that the administrator saw on another clock.
    static func create(_ setting: PartySetting, confirmed: String?) throws
    /// Looks at everything that is only needed later. Throws what does not fit.
    static func check(_ setting: PartySetting) throws
}

extension Daemon {
    /// None.
    public static var commands: [any ParsableCommand.Type] { [] }
}

/// A program's command line: `run`, `create`, `check-config`, `print-config`.
public struct DaemonCommand<Program: Daemon>: AsyncParsableCommand {
    /// The command's name and its parts.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: Program.name, abstract: Program.abstract,
            subcommands: [
                RunCommand<Program>.self, CreateCommand<Program>.self,
                CheckCommand<Program>.self, PrintCommand<Program>.self,
            ] + Program.commands, defaultSubcommand: RunCommand<Program>.self)
    }

    /// A command line.
    public init() {}

    /// Starts the program as its arguments say, and ends it with a line that says why.
    public static func start() async {
        do {
            try DaemonVoice.harden()
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            // What the argument parser says, help above all, is its own to say.
            guard exitCode(for: error) == .failure, !(error is CleanExit) else {
                exit(withError: error)
            }
            DaemonVoice.end(with: error)
        }
    }
}

/// Where the configuration stands.
public struct DaemonOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "The configuration file.")
    var config: String

    /// Options to be parsed.
    public init() {}

    /// What the file says. Throws what does not fit.
    public func setting(_ keys: [ConfigurationKey]) throws -> PartySetting {
        let disk = POSIXFileSystem()
        return try PartySetting(
            try ConfigurationFile(at: config, keys: keys, disk: disk), disk: disk)
    }
}

struct RunCommand<Program: Daemon>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "run", abstract: "run until SIGTERM",
            discussion: "example: \(Program.name) run --config \(Program.name).toml")
    }

    @OptionGroup var options: DaemonOptions
    @Flag(help: "End in order when standard input ends: with whoever started it.")
    var untilInputEnds = false

    func run() async throws {
        if untilInputEnds { InputWatch.start() }
        let setting = try options.setting(Program.keys)
        let lock = try ProgramLock.take(setting.stateFolder, disk: setting.disk)
        try await Program(setting).run()
        withExtendedLifetime(lock) {}
    }
}

/// Ends the program as SIGTERM does once its input has ended, and with it the process that holds the
/// other end. Unlike a signal at the parent's death it does not depend on the parent's threads.
public enum InputWatch {
    /// Begins to watch standard input, which nobody else may read then.
    public static func start() {
        Thread.detachNewThread {
            var byte: UInt8 = 0
            while true {
                let count = read(STDIN_FILENO, &byte, 1)
                if count == 0 || (count < 0 && errno != EINTR) { break }
            }
            kill(getpid(), SIGTERM)
        }
    }
}

struct CreateCommand<Program: Daemon>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "create",
            abstract: "make what the program keeps, where there is nothing yet",
            discussion: "example: \(Program.name) create --config \(Program.name).toml")
    }

    @OptionGroup var options: DaemonOptions
    @Option(help: "The time on a clock other than this machine's, like 2026-03-02T13:40:00.000Z.")
    var confirmedTime: String?

    func run() throws {
        let setting = try options.setting(Program.keys)
        try Program.create(setting, confirmed: confirmedTime)
        DaemonVoice.say("made what \(setting.party) keeps")
    }
}

struct CheckCommand<Program: Daemon>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "check-config",
            abstract: "read the configuration, the roster and the keys, and say what is wrong",
            discussion: "example: \(Program.name) check-config --config \(Program.name).toml")
    }

    @OptionGroup var options: DaemonOptions

    func run() throws {
        let setting = try options.setting(Program.keys)
        try Program.check(setting)
        DaemonVoice.say("the configuration holds")
        DaemonVoice.say("party   \(setting.party)")
        DaemonVoice.say("roster  \(setting.roster.hash.hex)")
    }
}

struct PrintCommand<Program: Daemon>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "print-config",
            abstract:
                "print a configuration with every key, its standard and who is trusted with it",
            discussion: "example: \(Program.name) print-config > \(Program.name).toml")
    }

    func run() throws {
        DaemonVoice.say(ConfigurationText.write(Program.name, Program.keys, values: [:]))
    }
}
