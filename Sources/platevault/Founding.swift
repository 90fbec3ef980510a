import ArgumentParser
import Custody
import Disk
import Embedded
import Glibc
import Hosting
import Intake
import Plates
import Secrets
import Warrants

/// `platevault init`
struct Init: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "make a deployment: roster, keys, vault, custodians and their first generation",
        discussion: """
            All parties live in one directory, each with its own files, which separates nobody: this \
            is for trials. An origin that ends in .demo gets simulated clocks, moved by command, and \
            key files that protect nothing.

            With --parties each party gets a directory of its own, to be carried to its own machine \
            with the README.txt in it, and nothing runs yet. Then this machine has seen all keys. It \
            is better that each party makes its own: platevault key new, roster draft, sign, join.

            example: platevault init city --origin example.org/vault.demo
            """)

    @Argument(help: "The directory to make.")
    var directory: String
    @Option(help: "The log's origin, like example.org/vault.")
    var origin: String
    @Option(help: "How many custodians of how many: 2/3, 3/5 or 4/7.")
    var threshold = "3/5"
    @Option(name: .customLong("site"), help: "The name of a site; once for each.")
    var sites: [String] = []
    @Option(help: "The hour in which the clocks of a .demo start.")
    var start = "2026-03-02T06Z"
    @Option(help: "A file whose first line is the passphrase.")
    var passphraseFile: String?
    @Flag(help: "One directory for each party, to be carried to its own machine.")
    var parties = false
    @Option(help: "With --parties: a file with [services], where vault and custodians will be.")
    var services: String?

    func validate() throws {
        guard parties || services == nil else {
            throw ValidationError("--services goes with --parties")
        }
    }

    func run() throws {
        guard let hour = Hour(text: start) else {
            throw Complaint(
                code: "hours-malformed", sentence: "--start takes an hour like 2026-03-02T06Z")
        }
        var plan = Plan(origin: origin, start: hour.start)
        let parts = threshold.split(separator: "/").map { Int($0) ?? 0 }
        guard parts.count == 2, [[2, 3], [3, 5], [4, 7]].contains(parts) else {
            throw Complaint(
                code: "threshold-malformed", sentence: "--threshold takes 2/3, 3/5 or 4/7")
        }
        (plan.threshold, plan.custodians) = (parts[0], parts[1])
        if !sites.isEmpty { plan.sites = sites }
        var passphrase: SecretBox?
        if !origin.hasSuffix(".demo") {
            let file = passphraseFile
            passphrase = SecretBox(
                try file.map(Passphrase.read) ?? Passphrase.ask("new passphrase for all keys: "))
        }
        if parties { return try foundParties(plan, passphrase) }
        let deployment = try Deployment.create(
            at: directory, plan: plan, passphrase: passphrase)
        Voice.say("made \(directory): \(deployment.roster.origin)")
        Voice.say("roster \(deployment.roster.hash.hex)")
        Voice.say("custodians " + deployment.roster.custodians.map(\.id).joined(separator: " "))
        Voice.say("one machine that holds all shares protects nobody; see Docs/Trust.md")
    }

    private func foundParties(_ plan: Plan, _ passphrase: SecretBox?) throws {
        let table = try services.map {
            String(decoding: try POSIXFileSystem().read($0), as: UTF8.self)
        }
        let roster = try PartyFolder.found(
            below: directory, plan: plan, services: table, passphrase: passphrase,
            now: ProgramClock.machine.now)
        Voice.say("made \(directory): \(roster.origin)")
        Voice.say("roster \(roster.hash.hex)")
        Voice.say("carry each directory below it to its party's machine; README.txt in it goes on")
        Voice.say("this machine has seen all keys: until each party has made its own, they are one")
    }
}

/// `platevault clock`
struct Clock: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "show the deployment's time, or move a .demo deployment's clocks",
        discussion: "example: platevault clock --advance 36h")

    @OptionGroup var options: DeploymentOptions
    @Option(help: "How far to move the simulated clocks: a number and m, h or d.")
    var advance: String?

    func run() throws {
        let deployment = try options.open(settled: false)
        if let advance {
            try deployment.clocks.pass(milliseconds: try Parsing.duration(advance))
            // What time asks of everybody happens now: hours closed, keys published, days destroyed.
            for (custodian, problem) in try deployment.settle() {
                Voice.note("note: \(custodian): \(problem.sentence)")
            }
            for problem in try deployment.closeHours().problems { Voice.note("note: \(problem)") }
        }
        Voice.say(deployment.now.text)
    }
}
