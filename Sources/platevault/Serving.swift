import ArgumentParser
import CoreFoundation
import Disk
import Embedded
import FoundationEssentials
import Glibc
import Hosting
import Plates

/// `platevault serve`
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "run all parties of a deployment as programs on this machine, until interrupted",
        discussion: """
            Starts vaultd, a custodiand for each custodian and a gatewayd for each site on loopback, \
            writes their configurations into the parties' folders, and prints where cameras post. \
            The other commands then reach the programs over TLS. Makes the deployment where there is \
            none; its clocks, if it is a .demo, run.

            example: platevault serve --dir city
            """)

    @OptionGroup var options: DeploymentOptions
    @Option(help: "The origin of a deployment that is made.")
    var origin = "city.example/vault.demo"

    func run() throws {
        let root = options.path
        if try POSIXFileSystem().size(root) == nil {
            let plan = Plan(origin: origin, start: ProgramClock.machine.now)
            let passphrase = origin.hasSuffix(".demo") ? nil : try options.passphrase(origin)
            _ = try Deployment.create(at: root, plan: plan, passphrase: passphrase)
            Voice.note("made \(root)")
        }
        let serving = try Serving(
            root, binaries: Programs.folder, passphraseFile: options.passphraseFile)
        // Whatever ends this program ends the others.
        defer { serving.stop() }
        let signals = SignalWait()
        try serving.start()
        if try Deployment.origin(at: root).hasSuffix(".demo") {
            try options.open(settled: false).clocks.run(true)
        }
        for program in serving.programs {
            Voice.say("\(program.name)  \(program.party)  \(program.address)")
            if let address = program.publicAddress { Voice.say("    log      \(address)") }
            Voice.say("    metrics  \(program.health)/metrics")
            if let credential = serving.credentials[program.party] {
                Voice.say("    cameras post to \(program.address)/feeds/camera/\(credential)")
            }
        }
        Voice.say("one machine that holds all shares protects nobody; see Docs/Trust.md")
        signals.wait()
        Voice.note("ending all programs")
    }
}

/// Where the programs are: beside this one.
enum Programs {
    static var folder: String {
        let path =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
    }
}

/// Waits for SIGINT or SIGTERM on the thread that asks; both are held back from the moment it is made.
struct SignalWait {
    private var signals = sigset_t()

    init() {
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    func wait() {
        var signals = signals
        var number: Int32 = 0
        sigwait(&signals, &number)
    }

    /// Whether one came within some seconds.
    func wait(seconds: Int) -> Bool {
        var signals = signals
        var time = timespec(tv_sec: seconds, tv_nsec: 0)
        return sigtimedwait(&signals, nil, &time) > 0
    }
}
