import ArgumentParser
import Custody
import Disk
import Embedded
import Glibc
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
        let deployment = try Deployment.create(
            at: directory, plan: plan, passphrase: passphrase)
        Voice.say("made \(directory): \(deployment.roster.origin)")
        Voice.say("roster \(deployment.roster.hash.hex)")
        Voice.say("custodians " + deployment.roster.custodians.map(\.id).joined(separator: " "))
        Voice.say("one machine that holds all shares protects nobody; see Docs/Trust.md")
    }
}

/// `platevault ingest`
struct Ingest: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "seal the plate reads of recorded messages, one JSON document a line",
        discussion: """
            Takes what OpenALPR sends (alpr_results, alpr_group) and prints (alpr -j). A read belongs \
            to the hour in which it was seen; hours that are closed take none. In a .demo deployment \
            --sample replays the sample reads from now on, the clocks running along.

            example: platevault ingest --site 2 reads.jsonl
            """)

    @OptionGroup var options: DeploymentOptions
    @Argument(help: "Files, or - for standard input.")
    var files: [String] = []
    @Option(help: "The site that the cameras belong to.")
    var site: UInt16 = 1
    @Flag(help: "Replay the sample reads of the project, at sites 1 and 2.")
    var sample = false

    func run() throws {
        guard sample != !files.isEmpty else {
            throw Complaint(
                code: "input-missing", sentence: "name files to ingest, or give --sample")
        }
        let deployment = try options.open()
        var replay: SampleShift?
        let messages = sample ? try Samples.agentStream() : try files.flatMap(Input.messages)
        if sample {
            replay = SampleShift(bringing: messages, to: deployment.now)
        }
        let report = try deployment.ingest(messages, replay: replay) { read in
            sample ? Samples.site(of: read) : SiteNumber(number: site)
        } progress: {
            Voice.progress($0, of: messages.count, "messages")
        }
        try deployment.closeHours()
        if options.json { try options.print(report) } else { Self.tell(report) }
        guard report.problems.isEmpty else { throw ExitCode(1) }
    }

    private static func tell(_ report: IngestReport) {
        let summary = report.summary
        Voice.say("messages       \(summary.messages)")
        Voice.say("reads          \(summary.reads), of \(summary.groups) passages")
        Voice.say("frames folded  \(summary.folded)")
        Voice.say("without plate  \(summary.withoutPlate)")
        for (code, count) in summary.refused.sorted(by: { $0.key < $1.key }) {
            Voice.say("refused        \(count) messages: \(code)")
        }
        for (code, count) in report.refused.sorted(by: { $0.key < $1.key }) {
            Voice.say("refused        \(count) reads: \(code)")
        }
        for (site, count) in report.delivered.sorted(by: { $0.key < $1.key }) {
            Voice.say("site \(site)         \(count) rows durable in the vault")
        }
        for problem in report.problems { Voice.note("error: \(problem)") }
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

/// `platevault destroy`
struct Destroy: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "destroy the keys of every day that is due, at every custodian",
        discussion: """
            Custodians do this by themselves whenever they run; the command runs them and shows the \
            days. A day is due when its first read becomes as old as the retention.

            example: platevault destroy
            """)

    @OptionGroup var options: DeploymentOptions

    func run() throws {
        let deployment = try options.open()
        let report = try deployment.audit()
        if options.json { return try options.print(report.days) }
        let dead = report.days.filter { $0.verdict == .dead }.count
        let overdue = report.days.filter { $0.verdict == .overdue }
        Voice.say("\(dead) of \(report.days.count) days are dead at \(deployment.now.text)")
        for day in overdue {
            Voice.say("overdue \(day.day.text): \(day.late.joined(separator: ", "))")
        }
        guard overdue.isEmpty else { throw ExitCode(1) }
    }
}

/// `platevault status`
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "how every party of the deployment is",
        discussion: "example: platevault status")

    @OptionGroup var options: DeploymentOptions

    func run() throws {
        let deployment = try options.open()
        let record = try deployment.record()
        let roster = record.roster
        Voice.say("origin      \(roster.origin)")
        Voice.say("time        \(deployment.now.text)")
        Voice.say("roster      \(roster.hash.hex)")
        Voice.say("threshold   \(roster.threshold)")
        Voice.say("log         \(record.count) entries, \(record.findings.count) invalid")
        Voice.say("requests    \(record.requestOrder.count)")
        Voice.say("closed      \(record.closedCells.count) cells")
        for site in roster.sites { Voice.say("site \(site.number)      \(site.name)") }
        for agency in roster.body.agencies {
            Voice.say(
                "agency      \(agency.id): " + agency.requesters.map(\.id).joined(separator: " "))
        }
        for authority in roster.body.authorities { Voice.say("authority   \(authority.id)") }
        for (_, custodian) in deployment.custodians.sorted(by: { $0.key < $1.key }) {
            let status = custodian.status
            let kept = status.generations.map { generation in
                let oldest = generation.oldest.map { $0.text } ?? "nothing"
                let due = generation.due.map { $0.text } ?? "never"
                return "generation \(generation.number) from \(oldest), next destruction \(due)"
            }
            Voice.say(
                "custodian   \(status.custodian): " + kept.joined(separator: "; ")
                    + (status.halted.map { ", halted: \($0)" } ?? "")
                    + (status.unpublished > 0 ? ", \(status.unpublished) unpublished" : ""))
        }
    }
}

/// `platevault audit`
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract:
            "check the log, every act in it and every day's destruction; 1 if anything is wrong",
        discussion: """
            Recomputes the log's tree from its entries, verifies every statement under the roster in \
            force at its place, holds every evaluation against its request, attestation and approvals, \
            and tells each day's verdict and by whose word.

            example: platevault audit --json
            """)

    @OptionGroup var options: DeploymentOptions

    func run() throws {
        // An auditor makes nobody do anything: what is overdue must stand as overdue.
        let deployment = try options.open(settled: false)
        let report = try deployment.audit()
        if options.json { try options.print(report) } else { AuditTable.print(report) }
        guard report.isClean else { throw ExitCode(1) }
    }
}

/// An audit's report as lines.
enum AuditTable {
    static func print(_ report: AuditReport) {
        Voice.say("log         \(report.entries) entries of \(report.origin)")
        Voice.say("roster      \(report.roster)")
        Voice.say(
            "acts        \(report.requests) requests, \(report.evaluations) evaluations, "
                + "\(report.disclosures) disclosures")
        for day in report.days {
            let since = day.deadSince.map {
                " since \(Timestamp(milliseconds: $0).text), by the word of "
                    + day.erasedBy.joined(separator: ", ") + "; \(day.independent) independent"
            }
            let late = day.late.isEmpty ? "" : "; late: " + day.late.joined(separator: ", ")
            Voice.say("\(day.day.text)  \(day.verdict.rawValue)\(since ?? "")\(late)")
        }
        for finding in report.findings {
            let place = finding.index.map { "entry \($0): " } ?? ""
            Voice.say("\(finding.isFault ? "fault" : "note")  \(place)\(finding.sentence)")
        }
        Voice.say(report.isClean ? "clean" : "not clean")
    }
}
