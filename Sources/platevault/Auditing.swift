import ArgumentParser
import Custody
import Disk
import Embedded
import Foundation
import Glibc
import Inquiry
import Intake
import Plates
import Secrets
import Warrants

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
        abstract: "how every party of the deployment is, or how far a request is",
        discussion: """
            With a request: who did what and when, who is missing, by when, what comes next, and how \
            the custodians' machines are.

            example: platevault status 5f0c
            """)

    @OptionGroup var options: DeploymentOptions
    @Argument(help: "A request's id, or how it begins.")
    var request: String?

    func run() throws {
        let deployment = try options.open()
        if let request {
            let progress = try deployment.progress(of: try deployment.request(request))
            return options.json ? try options.print(progress) : ProgressTable.print(progress)
        }
        let record = try deployment.record()
        let roster = record.roster
        if options.json { return try options.print(StatusOverview(record, at: deployment.now)) }
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
        if let newest = record.newestUsable {
            let isLong = deployment.now.day >= newest.first.adding(GenerationState.ordinaryDays)
            Voice.say(
                "generation  \(newest.number) from \(newest.first.text), at most to "
                    + newest.last.text + (isLong ? "; it runs on for want of a successor" : ""))
        }
        if let ceremony = record.newestProposed, record.isUnderWay(ceremony) {
            Voice.say(
                "ceremony    generation \(ceremony.number) from \(ceremony.first.text), given up at "
                    + "\(ceremony.deadline.text); missing: "
                    + ceremony.missing.joined(separator: " "))
        }
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
            Recomputes the log's tree from its entries, holds it against every mirror's checkpoint, \
            verifies every cosignature and every statement under the roster in force at its place, \
            every evaluation against its request, attestation and approvals, and tells each day's \
            verdict and by whose word. With --log it needs nothing but the log's public files and \
            the first roster; without, it audits the deployment's own log and its custodians' mirrors.

            With --drill it acts instead: it files a drill, which opens each site's canary of a day if \
            all shares work, and is refused by everybody if the day is dead.

            example: platevault audit --json

            example: platevault audit --drill --day 2026-03-02
            """)

    @OptionGroup var options: DeploymentOptions
    @OptionGroup var drilling: DrillOptions

    @OptionGroup var place: LogOptions

    @Option(help: "Write one self-contained page for people to this file.")
    var html: String?

    @Option(help: "A file with a published chain value, to be held against the commitments.")
    var evidence: String?

    func run() throws {
        if drilling.drill { return try drilling.run(options) }
        let disk = POSIXFileSystem()
        let claim = try evidence.map { try ChainEvidence.claim(at: $0, fileSystem: disk) }
        let mirrors = try place.mirrors(disk)
        let report: AuditReport
        if let (log, roster) = try place.named(disk) {
            let (found, speeds) = try LogAudit(
                log, trusting: roster, mirrors: mirrors, at: try place.time(), claim: claim
            ).run(progress: Self.progress)
            report = found
            AuditTable.note(speeds, report.entries)
        } else {
            // An auditor makes nobody do anything: what is overdue must stand as overdue.
            let deployment = try options.open(settled: false)
            report = try deployment.audit(mirrors: mirrors, claim: claim, progress: Self.progress)
        }
        if let html { try disk.replace(html, Array(AuditPage.html(report).utf8), isPublic: true) }
        if options.json { try options.print(report) } else { AuditTable.print(report) }
        guard report.isClean else { throw ExitCode(1) }
    }

    private static func progress(_ done: UInt64, _ all: UInt64) {
        Voice.progress(Int(clamping: done), of: Int(clamping: all), "entries")
    }
}
