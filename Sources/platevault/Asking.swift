import ArgumentParser
import Bytes
import Disk
import Embedded
import Inquiry
import Plates
import Secrets
import Warrants
import Wire

/// `platevault request`
struct Request: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "file a request for one exact plate, or up to eight, under a warrant",
        discussion: """
            The plates, hours and sites are sealed to the custodians; the log shows commitments. Hours \
            are inclusive, like 2026-03-02T13Z; they must be closed, and older than six hours unless \
            the process is exigent. What stands on a command line can be seen by others on the \
            machine: --plates-from reads the plates from a file or from standard input.

            example: platevault request --plate KHO5ZZK --from 2026-03-02T06Z --to 2026-03-02T06Z \\
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
    @Option(name: .customLong("as"), help: "The requester.")
    var requester = "investigator"

    func run() throws {
        guard let kind = ProcessKind(rawValue: process) else {
            throw Refusal(
                .processUnknown,
                "--process is one of "
                    + ProcessKind.allCases.map(\.rawValue).joined(separator: ", "))
        }
        let cells = try Parsing.cells(from: from, to: to, sites: sites)
        let digest = try Parsing.digest(of: warrant)
        let deployment = try options.open()
        let id = try deployment.file(
            Application(
                plates: plates + (try platesFrom.map(Input.lines) ?? []), cells: cells,
                purpose: purpose, process: kind, warrant: digest,
                docket: docket), as: requester)
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

/// `platevault attest`
struct Attest: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "attest, as the authority, that an order stands behind a request",
        discussion: "example: platevault attest 5f0c --warrant order.pdf")

    @OptionGroup var options: DeploymentOptions
    @Argument(help: "The request's id, or how it begins.")
    var request: String
    @Option(help: "The order in the authority's hands; must be the document of the request.")
    var warrant: String
    @Option(help: "How long the order holds: a number and h or d.")
    var expires = "3d"

    func run() throws {
        let digest = try Parsing.digest(of: warrant)
        let deployment = try options.open()
        let id = try deployment.request(request)
        try deployment.attest(
            id, warrant: digest,
            expires: deployment.now.adding(milliseconds: try Parsing.duration(expires)))
        Voice.say("attested \(id.hex)")
    }
}

/// `platevault approve`
struct Approve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "show a request to an officer, and approve it",
        discussion: """
            Shows what the request is about and what every rule says; the plate is masked until \
            --show-plate. With --yes the approval is signed over the request's exact bytes.

            example: platevault approve 5f0c --as privacy-office --show-plate --yes
            """)

    @OptionGroup var options: DeploymentOptions
    @Argument(help: "The request's id, or how it begins.")
    var request: String
    @Option(name: .customLong("as"), help: "The custodian whose officer approves.")
    var officer: String
    @Flag(help: "Show the plate.")
    var showPlate = false
    @Flag(help: "Sign the approval.")
    var yes = false
    @Option(help: "The warrant as the officer has it; checked against the request.")
    var warrant: String?

    func run() throws {
        let deployment = try options.open()
        let id = try deployment.request(request)
        let desk = try deployment.officer(officer)
        let secret = try desk.docket(of: id, at: deployment.now)
        let record = try deployment.record()
        guard let state = record.request(id) else { return }
        try show(state, secret)
        for check in Judge.checks(on: id, secret: secret, in: record, at: deployment.now) {
            let word = check.verdict.map { $0.refusal?.sentence ?? "holds" } ?? "not applied"
            Voice.say("check         \(check.name): \(word)")
        }
        guard yes else {
            Voice.say("not approved; add --yes to sign approval of \(id.hex)")
            return
        }
        try desk.approve(id, at: deployment.now)
        Voice.say("approved \(id.hex)")
    }

    private func show(_ state: RequestState, _ secret: RequestSecret) throws {
        Voice.say("request       \(state.id.hex)")
        Voice.say("requester     \(state.body.requester) of \(state.body.agency)")
        Voice.say(
            "purpose       \(state.body.purpose) \(Purpose(code: state.body.purpose)?.name ?? "")")
        Voice.say("process       \(state.body.process)")
        Voice.say("docket        \(secret.docket)")
        for (place, plate) in secret.plates.enumerated() {
            // The officer's own screen is the one place where a plate may be shown, on demand.
            Voice.say("plate \(place + 1)       \(showPlate ? plate.text : "masked")")
        }
        let hours = secret.cells.map(\.hour)
        if let first = hours.min(), let last = hours.max() {
            Voice.say("hours         \(first.text) to \(last.text)")
        }
        let sites = Set(secret.cells.map(\.site)).sorted().map(\.description)
        Voice.say("sites         \(sites.joined(separator: " "))")
        Voice.say("cells         \(secret.cells.count)")
        Voice.say("warrant       SHA-256 \(state.body.warrant.hex)")
        if let warrant {
            let matches = try Parsing.digest(of: warrant) == state.body.warrant
            Voice.say("document      \(matches ? "is" : "is not") the warrant of the request")
        }
    }
}

/// `platevault deny`
struct Deny: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "deny a request, with a code",
        discussion: "example: platevault deny 5f0c --as privacy-office --code too-broad")

    @OptionGroup var options: DeploymentOptions
    @Argument(help: "The request's id, or how it begins.")
    var request: String
    @Option(name: .customLong("as"), help: "The custodian whose officer denies.")
    var officer: String
    @Option(help: "warrant-unreadable, warrant-mismatch, too-broad, purpose-mismatch, …")
    var code: String

    func run() throws {
        guard let code = DenialCode(rawValue: code) else {
            throw Complaint(
                code: "denial-code-unknown",
                sentence: "--code is one of "
                    + DenialCode.allCases.map(\.rawValue).joined(separator: ", "))
        }
        let deployment = try options.open()
        let id = try deployment.request(request)
        try deployment.officer(officer).deny(id, code: code, at: deployment.now)
        Voice.say("denied \(id.hex)")
    }
}

/// `platevault open`
struct Open: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "gather the custodians' answers, find and open the rows, keep a bundle",
        discussion: """
            Writes a directory with the reads as JSON and CSV, a readable report, and everything that \
            proves them. Its content is as secret as the reads.

            example: platevault open 5f0c --bundle case-7
            """)

    @OptionGroup var options: DeploymentOptions
    @Argument(help: "The request's id, or how it begins.")
    var request: String
    @Option(help: "The directory to write.")
    var bundle: String
    @Option(name: .customLong("as"), help: "The requester.")
    var requester = "investigator"

    private struct Summary: Encodable {
        let bundle: String
        let reads: Int
        let cells: [String: Int]
        let confirmation: String
    }

    func run() throws {
        let deployment = try options.open()
        let id = try deployment.request(request)
        let finding = try deployment.open(id, as: requester, bundle: bundle)
        let disclosure = finding.disclosure
        let cells = Dictionary(grouping: disclosure.cells, by: \.word).mapValues(\.count)
        let confirmation = disclosure.confirmation(deployment.roster)
        if options.json {
            try options.print(
                Summary(
                    bundle: bundle, reads: disclosure.reads.count, cells: cells,
                    confirmation: confirmation))
        } else {
            for reply in finding.replies {
                Voice.say("\(reply.custodian): \(reply.problem?.sentence ?? "answered")")
            }
            Voice.say("reads         \(disclosure.reads.count)")
            for (word, count) in cells.sorted(by: { $0.key < $1.key }) {
                Voice.say("cells         \(count) \(word)")
            }
            Voice.say("confirmation  \(confirmation)")
            Voice.say("bundle        \(bundle)")
        }
        guard disclosure.isSound else {
            throw Complaint(
                code: "answers-refused",
                sentence: "the vault's answer does not fit what the sites committed to",
                hint: "the report in the bundle names each cell and why")
        }
    }
}

/// `platevault verify`
struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "check a bundle offline: statements, approvals, answers, rows, report",
        discussion: """
            Needs nothing but the bundle. Compare the roster's hash that it prints, or give it, from \
            a source of trust: everything rests on it.

            example: platevault verify case-7 --roster 5d41…
            """)

    @Argument(help: "The bundle's directory.")
    var bundle: String
    @Option(help: "The hash of the first roster, from a source of trust.")
    var roster: String?

    func run() throws {
        var trusted: Digest?
        if let roster {
            guard let digest = Digest(hex: roster) else {
                throw Complaint(code: "hash-malformed", sentence: "--roster takes 64 hex digits")
            }
            trusted = digest
        }
        let verified = try BundleVerifier.verify(
            try Bundle(at: bundle, fileSystem: POSIXFileSystem()), trusted: trusted)
        let disclosure = verified.disclosure
        Voice.say("request       \(disclosure.request.id.hex)")
        Voice.say("reads         \(disclosure.reads.count)")
        Voice.say("answered by   \(verified.custodians.joined(separator: ", "))")
        Voice.say("confirmation  \(verified.confirmation)")
        Voice.say("log           \(verified.logSize) entries")
        Voice.say(
            "roster        \(verified.roster.hex)\(trusted == nil ? ", not compared" : ", as given")"
        )
        guard disclosure.isSound else {
            throw Complaint(
                code: "answers-refused",
                sentence: "the bundle holds answers of the vault that do not fit the log")
        }
        Voice.say("the bundle holds")
    }
}
