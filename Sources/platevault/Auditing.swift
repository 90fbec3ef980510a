import ArgumentParser
import Custody
import Disk
import Embedded
import Glibc
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
