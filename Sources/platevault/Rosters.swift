import ArgumentParser
import Disk
import Embedded
import Hosting
import Ledger
import Plates
import Secrets
import Warrants

/// `platevault roster`
struct RosterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roster",
        abstract: "who is who, what the policy says, and how both change",
        discussion: """
            A change: draft, diff, sign by t custodians on their own machines, submit. Until it is \
            logged the old roster is in force; from its place in the log on the new one is.

            example: platevault roster show > draft.txt
            """,
        subcommands: [
            ShowRoster.self, DraftRoster.self, DiffRoster.self, SignRoster.self, SubmitRoster.self,
            UpdateRoster.self,
        ])
}

/// How a command learns which roster is in force.
struct RosterOptions: ParsableArguments {
    @OptionGroup var deployment: DeploymentOptions
    @Flag(help: "Ask nobody: go by the rosters in DIR/roster.note.")
    var offline = false

    /// All rosters of the log, or of the folder's own file.
    func rosters() throws -> RosterChain {
        if offline { return try Deployment.rosters(at: deployment.path) }
        return try deployment.open().rosters()
    }

    /// The roster in force; nil where the directory has none, so that the next is the first.
    func inForce() throws -> Roster? {
        do {
            return try rosters().newest
        } catch let error as EmbeddedError where error.code == "deployment-missing" {
            return nil
        }
    }
}

/// `platevault roster show`
struct ShowRoster: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "print the roster in force, as a file to be edited",
        discussion: "example: platevault roster show > draft.txt")

    @OptionGroup var options: RosterOptions

    func run() throws {
        let rosters = try options.rosters()
        Voice.note("note: \(rosters.newest.hash.hex) is roster \(rosters.rosters.count) of the log")
        Voice.note("note: the first, which everything rests on, is \(rosters.first.hash.hex)")
        Voice.say(String(RosterText.print(rosters.newest).dropLast()))
    }
}

/// `platevault roster draft`
struct DraftRoster: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "draft",
        abstract: "write a draft of the next roster, or of the first",
        discussion: """
            Starts from the roster in force, or from an edited file, and puts cards in. With --origin \
            and --threshold it makes the first roster of a log out of everybody's cards.

            example: platevault roster draft --card bridge/card.txt --retire-site 1 --out draft.txt
            """)

    @OptionGroup var options: RosterOptions
    @Option(help: "A roster file that was edited; its lines are put in order.")
    var from: String?
    @Option(name: .customLong("card"), help: "A party's card; once for each.")
    var cards: [String] = []
    @Option(help: "The custodian whose place the card's custodian takes.")
    var replace: String?
    @Option(help: "A party's word, or a key in Base64, that is to be gone; once for each.")
    var remove: [String] = []
    @Option(help: "The number of a site that is gone for good; once for each.")
    var retireSite: [Int] = []
    @Option(help: "How many cosignatures make a checkpoint count.")
    var quorum: Int?
    @Option(help: "First roster: the log's origin.")
    var origin: String?
    @Option(help: "First roster: how many custodians of how many, 2/3, 3/5 or 4/7.")
    var threshold: String?
    @Option(
        help: "First roster: a roster file whose policy is taken; the usual one where left out.")
    var policyFrom: String?
    @Option(help: "The file to write; standard output where left out.")
    var out: String?

    func run() throws {
        let disk = POSIXFileSystem()
        var edit = RosterEdit()
        edit.cards = try cards.map { try RosterCard(try Self.text($0, disk)) }
        edit.replaced = replace
        edit.removed = remove
        edit.retired = retireSite
        edit.quorum = quorum
        let text = try origin.map { try founding($0, edit, disk) } ?? successor(edit, disk)
        guard let out else { return Voice.say(String(text.dropLast())) }
        try disk.replace(out, Array(text.utf8))
        Voice.say("wrote \(out)")
    }

    private func founding(
        _ origin: String, _ edit: RosterEdit, _ disk: some FileSystem
    ) throws -> String {
        let parts = (threshold ?? "").split(separator: "/").map { Int($0) ?? 0 }
        let count = Set(edit.custodians).count
        guard parts.count == 2, parts[1] == count else {
            throw Complaint(
                code: "threshold-malformed",
                sentence:
                    "--threshold takes 2/3, 3/5 or 4/7, and the cards name \(count) custodians"
            )
        }
        let policy = try policyFrom.map { try RosterText.parse(try Self.text($0, disk)).policy }
        return try edit.founding(
            origin: origin, threshold: parts[0],
            policy: policy ?? Policy(purposes: Plan.purposes))
    }

    private func successor(_ edit: RosterEdit, _ disk: some FileSystem) throws -> String {
        guard let inForce = try options.inForce() else {
            throw Complaint(
                code: "deployment-missing",
                sentence: "there is no roster in \(options.deployment.path)",
                hint: "a first roster is drafted with --origin and --threshold")
        }
        guard let from else { return try edit.applied(to: inForce) }
        let edited = try RosterText.parse(try RosterText.arrange(try Self.text(from, disk)))
        return try edit.applied(to: edited, following: inForce)
    }

    static func text(_ path: String, _ disk: some FileSystem) throws -> String {
        String(decoding: try disk.read(path), as: UTF8.self)
    }
}

/// `platevault roster diff`
struct DiffRoster: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "show, line by line, what a draft or a signed roster changes",
        discussion: "example: platevault roster diff draft.txt")

    @OptionGroup var options: RosterOptions
    @Argument(help: "A roster file, or a note with signatures.")
    var file: String

    func run() throws {
        let disk = POSIXFileSystem()
        let inForce = try options.inForce()
        let next = try RosterFile.read(file, disk)
        try RosterFile.show(next.roster, after: inForce)
        guard let proposal = next.proposal else { return }
        Voice.say("signed by " + (try proposal.signers(inForce: inForce)).joined(separator: " "))
    }
}

/// `platevault roster sign`
struct SignRoster: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "show a custodian what a roster changes, ask, and sign it",
        discussion: """
            Writes a note with one more signature; it can be carried by any means, because everybody \
            checks it. Nothing is sent. Signatures on copies are put together by submit.

            example: platevault roster sign draft.txt --as privacy-office --out privacy-office.note
            """)

    @OptionGroup var options: RosterOptions
    @Argument(help: "A roster file, or a note that others have signed.")
    var file: String
    @Option(name: .customLong("as"), help: "The custodian.")
    var custodian: String
    @Option(help: "The note to write.")
    var out: String
    @Flag(help: "Sign without being asked.")
    var yes = false

    func run() throws {
        let disk = POSIXFileSystem()
        let inForce = try options.inForce()
        let next = try RosterFile.read(file, disk)
        try RosterFile.show(next.roster, after: inForce)
        if !yes { try Voice.confirm("sign this roster as \(custodian)?") }
        let origin = next.roster.origin
        let signer = try Deployment.signer(
            custodian, at: options.deployment.path,
            passphrase: origin.hasSuffix(".demo")
                ? nil : try options.deployment.passphrase(origin), origin: origin)
        let proposal =
            try next.proposal?.signed(by: signer, inForce: inForce)
            ?? RosterProposal(next.roster, signedBy: signer)
        let signers = try proposal.signers(inForce: inForce)
        guard signers.contains(custodian) else {
            throw Complaint(
                code: "signer-unknown",
                sentence: "\(custodian) with this key has no say about this roster")
        }
        try disk.replace(out, proposal.note.encode())
        Voice.say("signed by " + signers.joined(separator: " "))
        Voice.say("wrote \(out)")
    }
}

/// `platevault roster submit`
struct SubmitRoster: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "put signatures together, and have the roster logged once t have signed",
        discussion: """
            With --out nothing is sent: the note with all signatures is written. So the first roster \
            is made, whose file everybody gets.

            example: platevault roster submit privacy-office.note clerk-of-court.note
            """)

    @OptionGroup var options: RosterOptions
    @Argument(help: "Notes of one roster with signatures.")
    var notes: [String]
    @Option(help: "Write the note with all signatures here instead.")
    var out: String?

    func run() throws {
        let disk = POSIXFileSystem()
        let inForce = try options.inForce()
        guard let first = notes.first else { throw ValidationError("name at least one note") }
        var proposal = try RosterProposal(wire: try disk.read(first))
        for path in notes.dropFirst() {
            proposal = try proposal.joined(
                with: try RosterProposal(wire: try disk.read(path)), inForce: inForce)
        }
        let judges = try proposal.judges(inForce: inForce)
        let signers = try proposal.signers(inForce: inForce)
        guard signers.count >= judges.threshold.t else {
            throw Complaint(
                code: "roster-signatures",
                sentence: "signed by \(signers.joined(separator: " ")): "
                    + "\(signers.count) of the \(judges.threshold.t) that are needed",
                hint: "platevault roster sign FILE --as CUSTODIAN, by each on its own machine")
        }
        Voice.say("signed by " + signers.joined(separator: " "))
        if let out {
            try disk.replace(out, proposal.note.encode())
            Voice.say("wrote \(out): roster \(proposal.roster.hash.hex)")
            return
        }
        guard inForce != nil else {
            throw Complaint(
                code: "deployment-missing",
                sentence: "a first roster is not submitted: it is the log's first entry",
                hint: "platevault roster submit NOTE… --out roster.note, then platevault join")
        }
        let done = try options.deployment.open().submit(proposal)
        Voice.say("logged as entry \(done.index): roster \(done.roster.hash.hex) is in force")
        for word in done.newcomers {
            Voice.say("\(word) is set up; it gets its share with the next generation")
        }
    }
}

/// `platevault roster update`
struct UpdateRoster: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "write the log's newest rosters into the folder's roster.note",
        discussion: """
            A party that was away knows by it whom to connect to, and a new one whom to begin with. \
            The first roster in the file stays the one that was trusted.

            example: platevault roster update --dir city
            """)

    @OptionGroup var options: DeploymentOptions

    func run() throws {
        let chain = try options.open().keepRosters()
        Voice.say("\(chain.rosters.count) rosters, the newest \(chain.newest.hash.hex)")
    }
}

/// A roster as people hand it over: the text, or a note with signatures.
enum RosterFile {
    static func read(
        _ path: String, _ disk: some FileSystem
    ) throws -> (roster: Roster, proposal: RosterProposal?) {
        let bytes = try disk.read(path)
        let text = String(decoding: bytes, as: UTF8.self)
        if text.hasPrefix(RosterText.heading) { return (try RosterText.parse(text), nil) }
        let proposal = try RosterProposal(wire: bytes)
        return (proposal.roster, proposal)
    }

    /// What it changes, or of a first roster everything.
    static func show(_ next: Roster, after inForce: Roster?) throws {
        guard let inForce else {
            guard next.previous == .zero else {
                throw Complaint(
                    code: "deployment-missing",
                    sentence:
                        "the roster follows another, and there is none here to compare it with",
                    hint: "name the directory with roster.note by --dir")
            }
            Voice.say(RosterText.print(next) + "\nthe first roster of its log: \(next.hash.hex)")
            return
        }
        if next == inForce { return Voice.say("it is the roster in force") }
        try next.checkFollows(inForce)
        let lines = try RosterDifference(from: inForce, to: next).lines
        for line in lines { Voice.say(line) }
        if lines.isEmpty { Voice.say("nothing changes but the roster's place") }
        Voice.say(
            "in force from its place in the log on; what is signed before and not logged by then "
                + "is made anew")
    }
}
