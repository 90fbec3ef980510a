import ArgumentParser
import Bytes
import Disk
import Embedded
import Inquiry
import Plates
import Secrets
import Warrants

/// `platevault attest`
struct Attest: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "attest, as the authority, that an order stands behind a request",
        discussion: """
            With --embargo it is an order that puts off the day on which the request is opened to \
            everybody and notice is due; a further order about the same request may put it off again.

            example: platevault attest 5f0c --warrant order.pdf
            """)

    @OptionGroup var options: DeploymentOptions
    @Argument(help: "The request's id, or how it begins.")
    var request: String
    @Option(help: "The order in the authority's hands; must be the document of the request.")
    var warrant: String
    @Option(help: "How long the order holds: a number and h or d.")
    var expires = "3d"
    @Option(help: "The day to which the embargo is put off: 2026-05-31.")
    var embargo: String?

    func run() throws {
        let day = try Parsing.embargo(embargo)
        let digest = try Parsing.digest(of: warrant)
        let deployment = try options.open()
        let id = try deployment.request(request)
        try deployment.attest(
            id, warrant: digest,
            expires: deployment.now.adding(milliseconds: try Parsing.duration(expires)),
            embargo: day)
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
        discussion: """
            With --reason the requester, and nobody else, reads why in words; the log shows that there \
            is a reason, and the code.

            example: platevault deny 5f0c --as privacy-office --code too-broad --reason why.txt
            """)

    @OptionGroup var options: DeploymentOptions
    @Argument(help: "The request's id, or how it begins.")
    var request: String
    @Option(name: .customLong("as"), help: "The custodian whose officer denies.")
    var officer: String
    @Option(help: "warrant-unreadable, warrant-mismatch, too-broad, purpose-mismatch, …")
    var code: String
    @Option(help: "A text file for the requester, of at most 2,000 bytes; sealed.")
    var reason: String?

    func run() throws {
        guard let code = DenialCode(rawValue: code) else {
            throw Complaint(
                code: "denial-code-unknown",
                sentence: "--code is one of "
                    + DenialCode.allCases.map(\.rawValue).joined(separator: ", "))
        }
        let deployment = try options.open()
        let id = try deployment.request(request)
        let words = try reason.map {
            try DenialReason(String(decoding: try POSIXFileSystem().read($0), as: UTF8.self))
        }
        try deployment.officer(officer).deny(id, code: code, reason: words, at: deployment.now)
        Voice.say("denied \(id.hex)")
    }
}
