import ArgumentParser
import Bytes
import Custody
import Disk
import Embedded
import FoundationEssentials
import Glibc
import Hosting
import Inquiry
import Intake
import Ledger
import Plates
import Secrets
import Synchronization
import Warrants
import Wire

/// What every command on a deployment takes.
struct DeploymentOptions: ParsableArguments {
    @Option(
        name: .long,
        help: "The deployment's directory; PLATEVAULT_DIR or ./platevault-data where left out.")
    var dir: String?

    @Option(name: .long, help: "A file whose first line is the passphrase; asked for otherwise.")
    var passphraseFile: String?

    @Flag(name: .long, help: "Print one JSON document instead of lines.")
    var json = false

    /// The deployment, opened and brought up to its time: every party has done what is due.
    func open(settled: Bool = true) throws -> Deployment {
        let root = path
        let origin = try Deployment.origin(at: root)
        try Self.takeAlone(root)
        var passphrase: SecretBox?
        if !origin.hasSuffix(".demo") { passphrase = try self.passphrase(origin) }
        let deployment = try Deployment.open(at: root, passphrase: passphrase)
        if settled {
            for (custodian, problem) in try deployment.settle() {
                Voice.note("note: \(custodian): \(problem.sentence)")
            }
        }
        return deployment
    }

    /// By directory: a command may open one more than once.
    private static let locks = Mutex<[String: DiskLock]>([:])

    /// A deployment whose parties are all in this program is one program's at a time; where they are
    /// programs of their own, each has its files for itself.
    private static func takeAlone(_ root: String) throws {
        let disk = POSIXFileSystem()
        guard try disk.size(root + "/services.toml") == nil else { return }
        try locks.withLock { locks in
            if locks[root] == nil { locks[root] = try ProgramLock.take(root, disk: disk) }
        }
    }

    /// The directory that is meant.
    var path: String {
        dir ?? getenv("PLATEVAULT_DIR").map { String(cString: $0) } ?? "platevault-data"
    }

    /// The passphrase of a deployment that is no `.demo`.
    func passphrase(_ origin: String) throws -> SecretBox {
        if let passphraseFile { return SecretBox(try Passphrase.read(passphraseFile)) }
        return SecretBox(try Passphrase.ask("passphrase for \(origin): "))
    }

    /// Prints a value as JSON with sorted keys.
    func print(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        Voice.say(String(decoding: try encoder.encode(value), as: UTF8.self))
    }
}

extension Voice {
    /// Ends the program as an error or a wish for help demands. Usage errors end with 64, a
    /// refusal or failure with 1.
    static func end(with error: any Error) -> Never {
        guard let error = error as? any CodedError else { PlateVault.exit(withError: error) }
        note("error: \(error.sentence) [\(error.code)]")
        if let hint = (error as? Complaint)?.hint ?? hints[error.code] { note("hint: \(hint)") }
        exit(1)
    }

    /// What can be done about the commonest refusals.
    private static let hints = [
        "approvals-missing": "platevault approve REQUEST --as CUSTODIAN, by officers of enough "
            + "institutions; platevault requests shows who has",
        "answers-missing": "platevault requests shows what a request still needs",
        "attestation-missing": "platevault attest REQUEST --warrant FILE",
        "hour-open": "search hours that are over; they are closed five minutes after their end",
        "hour-too-young": "wait until late reads have come in, or file under --process exigent",
        "plate-not-exact": "name one whole plate; up to eight further plates can be added",
        "terminal-missing": "name a file with --passphrase-file",
        "not-authentic": "the passphrase is another, or the file was changed",
    ]
}

/// Reads what people type: hours, cells, codes.
enum Parsing {
    /// The day of `--embargo`, nil where it is not given. Throws a complaint.
    static func embargo(_ text: String?) throws -> Day? {
        guard let text else { return nil }
        guard let day = Day(text: text) else {
            throw Complaint(
                code: "day-malformed", sentence: "--embargo takes a day like 2026-05-31")
        }
        return day
    }

    /// The cells of an inclusive range of hours at some sites. Throws a complaint that names the
    /// option.
    static func cells(from: String, to: String, sites: [UInt16]) throws -> [Cell] {
        let first = try hour(from, "--from")
        let last = try hour(to, "--to")
        guard first <= last, last.number - first.number < 1_000 else {
            throw Complaint(
                code: "hours-malformed", sentence: "--to is before --from, or 1,000 hours later")
        }
        let hours = (first.number...last.number).map { Hour(number: $0) }
        return hours.flatMap { hour in
            Set(sites).sorted().map { Cell(hour: hour, site: SiteNumber(number: $0)) }
        }
    }

    private static func hour(_ text: String, _ option: String) throws -> Hour {
        guard let hour = Hour(text: text) else {
            throw Complaint(
                code: "hours-malformed", sentence: "\(option) takes an hour like 2026-03-02T13Z")
        }
        return hour
    }

    /// `36h`, `31d`, `5m` as milliseconds. Throws a complaint.
    static func duration(_ text: String) throws -> Int64 {
        let units: [Character: Int64] = ["m": 60_000, "h": 3_600_000, "d": 86_400_000]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()),
            (0...1_000_000).contains(count)
        else {
            throw Complaint(
                code: "duration-malformed", sentence: "a time is a number and m, h or d: 36h")
        }
        return count * unit
    }

    /// SHA-256 of a document. Throws where it cannot be read.
    static func digest(of path: String) throws -> Digest {
        Digest(of: try POSIXFileSystem().read(path))
    }
}
