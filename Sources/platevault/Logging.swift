import ArgumentParser
import Disk
import Embedded
import Inquiry
import Ledger
import Plates
import Secrets
import Warrants

/// `platevault log`
struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract:
            "the public log: which entry was whose search, and the log made again from a mirror",
        discussion: "example: platevault log prove-request 5f0c --plate-index 0 --out notice.proof",
        subcommands: [
            ProveRequest.self, CheckRequest.self, Rebuild.self, Notice.self, Countersign.self,
        ])
}

/// `platevault log prove-request`
struct ProveRequest: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "write what shows that a request of the log was a search for one plate",
        discussion: """
            For the plate's owner, once notified, and for a court. The file names the plate and opens \
            its commitment; of the request's other plates, its hours and its docket it tells nothing. \
            The requester has the secret in its case; an officer's custodian has it while it keeps the \
            key that the request was sealed to.

            example: platevault log prove-request 5f0c --plate-index 0 --out notice.proof
            """)

    @OptionGroup var options: DeploymentOptions
    @Argument(help: "The request's id, or how it begins.")
    var request: String
    @Option(help: "Which of the request's plates, counted from 0.")
    var plateIndex = 0
    @Option(help: "The file to write.")
    var out: String
    @Option(name: .customLong("as"), help: "The requester, or a custodian whose officer asks.")
    var party = "investigator"

    func run() throws {
        let deployment = try options.open()
        let id = try deployment.request(request)
        let proof = try deployment.proof(of: id, plate: plateIndex, as: party)
        let disk = POSIXFileSystem()
        guard try disk.size(out) == nil else {
            throw Complaint(code: "file-exists", sentence: "\(out) exists already")
        }
        try disk.replace(out, proof.encode())
        Voice.say("request \(id.hex)")
        Voice.say("entry         \(proof.proof.index)")
        Voice.say("proof         \(out)")
    }
}

/// `platevault log check-request`
struct CheckRequest: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "check offline that an entry of a log was a search for a plate",
        discussion: """
            Needs nothing but the file. Compare the roster's hash that it prints, or give it, from a \
            source of trust: everything rests on it. Ends with 1 where it was no search for the plate.

            example: platevault log check-request notice.proof --plate RK161AG --roster 5d41…
            """)

    @Argument(help: "The proof.")
    var file: String
    @Option(help: "The plate.")
    var plate: String?
    @Option(help: "A file with the plate, or - for standard input.")
    var plateFrom: String?
    @Option(help: "The first roster: its hash, or a file with it; from a source that you trust.")
    var roster: String?

    func validate() throws {
        guard (plate == nil) != (plateFrom == nil) else {
            throw ValidationError("give --plate or --plate-from")
        }
    }

    func run() throws {
        let disk = POSIXFileSystem()
        let text = try plate ?? plateFrom.flatMap { try Input.lines($0).first } ?? ""
        let trusted = try roster.map { try LogPlace.roster($0, fileSystem: disk).hash }
        let proof = try RequestProof(wire: try disk.read(file))
        let verified = try proof.verify(plate: text, trusted: trusted)
        let body = verified.request.body
        Voice.say("request \(verified.request.id.hex)")
        Voice.say("entry         \(verified.request.index) of \(verified.logSize)")
        Voice.say("filed         \(body.time.text) by \(body.requester) of \(body.agency)")
        Voice.say("purpose       \(body.purpose) \(Purpose(code: body.purpose)?.name ?? "")")
        Voice.say("process       \(body.process)")
        Voice.say("plate         \(proof.place + 1) of \(body.plateCommitments.count)")
        Voice.say(
            "cosigned by   \(verified.cosigners.count) custodians; others act on \(verified.quorum)"
        )
        Voice.say(
            "roster        \(verified.roster.hex)\(trusted == nil ? ", not compared" : ", as given")"
        )
        Voice.say("the entry is a search for this plate")
    }
}
