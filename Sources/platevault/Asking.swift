import ArgumentParser
import Bytes
import Disk
import Embedded
import Inquiry
import Plates
import Secrets
import Warrants

/// `platevault request`
struct Request: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "file a request for one exact plate, or up to eight, under a warrant",
        discussion: """
            The plates, hours and sites are sealed to the custodians; the log shows commitments. Hours \
            are inclusive, like 2026-03-02T13Z; they must be closed, and older than six hours unless \
            the process is exigent. What stands on a command line can be seen by others on the \
            machine: --plates-from reads the plates from a file or from standard input.

            example: platevault request --plate RK161AG --from 2026-03-02T06Z --to 2026-03-02T06Z \\
                --site 1 --site 2 --purpose 240 --process search-warrant --warrant order.pdf
            """)

    @OptionGroup var options: DeploymentOptions
    @Option(name: .customLong("plate"), help: "An exact plate; up to eight.")
    var plates: [String] = []
    @Option(help: "A file of plates, one a line, or - for standard input.")
    var platesFrom: String?
    @Option(help: "The first hour.")
    var from: String
    @Option(help: "The last hour.")
    var to: String
    @Option(name: .customLong("site"), help: "A site's number; once for each.")
    var sites: [UInt16]
    @Option(help: "A NIBRS offence code, or missing-person.")
    var purpose: String
    @Option(help: "search-warrant, court-order, defence-order or exigent.")
    var process: String
    @Option(help: "The warrant document; its SHA-256 is named in the request.")
    var warrant: String
    @Option(help: "The court's number and the like; only custodians see it.")
    var docket = ""
    @Option(help: "The day on which hours and docket are opened and notice is due: 2026-05-31.")
    var embargo: String?
    @Option(name: .customLong("as"), help: "The requester.")
    var requester = "investigator"

    func run() throws {
        let end = try Parsing.embargo(embargo)
        guard let kind = ProcessKind.legal.first(where: { $0.rawValue == process }) else {
            throw Refusal(
                .processUnknown,
                "--process is one of "
                    + ProcessKind.legal.map(\.rawValue).joined(separator: ", "))
        }
        let cells = try Parsing.cells(from: from, to: to, sites: sites)
        let digest = try Parsing.digest(of: warrant)
        let deployment = try options.open()
        let id = try deployment.file(
            Application(
                plates: plates + (try platesFrom.map(Input.lines) ?? []), cells: cells,
                purpose: purpose, process: kind, warrant: digest,
                docket: docket, embargo: end), as: requester)
        if options.json { return try options.print(["request": id.hex]) }
        Voice.say("request \(id.hex)")
        Voice.say(
            "logged; it now needs an attestation and \(deployment.roster.threshold.t) approvals")
    }
}

/// `platevault requests`
struct Requests: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "list the requests of the log, and what each still needs",
        discussion: "example: platevault requests")

    @OptionGroup var options: DeploymentOptions

    private struct Line: Encodable {
        let request: String
        let agency: String
        let purpose: String
        let process: String
        let filed: String
        let approving: [String]
        let denying: [String]
        let evaluations: Int
        let state: String
    }

    func run() throws {
        let deployment = try options.open()
        let record = try deployment.record()
        let lines = record.allRequests.map { state in
            let votes = state.votes(under: record.roster)
            let verdict = Judge.verdict(
                on: state.id, secret: nil, in: record, at: deployment.now)
            return Line(
                request: state.id.hex, agency: state.body.agency, purpose: state.body.purpose,
                process: state.body.process, filed: state.body.time.text,
                approving: votes.approving.sorted(), denying: votes.denying.sorted(),
                evaluations: state.evaluations.count,
                state: verdict.refusal.map { "\($0.code): \($0.sentence)" } ?? "granted")
        }
        if options.json { return try options.print(lines) }
        if lines.isEmpty { Voice.say("no requests") }
        for line in lines {
            Voice.say(
                "\(line.request.prefix(12))  \(line.filed)  \(line.agency)  \(line.purpose)  "
                    + "\(line.process)")
            Voice.say("    \(line.state)")
            Voice.say("    approving    \(Self.list(line.approving))")
            Voice.say("    denying      \(Self.list(line.denying))")
            Voice.say("    evaluations  \(line.evaluations)")
        }
    }
}

extension Requests {
    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "nobody" : names.joined(separator: " ")
    }
}
