import Disk
import Foundation
import Ledger
import Plates
import Portal
import Secrets
import Testing
import Warrants

/// A log on disk in which everything that a page shows has happened once: three custodians, a site,
/// two agencies, searches with each outcome, days alive, dying and overdue, and entries that do not
/// count. Every key comes from its party's word; `named` is what people are called.
struct Hamlet {
    static let origin = "example.org/hamlet.test"
    static let today = Day(number: 20_780)
    static let noon = today.start.adding(hours: 12)
    static let words = ["audit", "clerk", "privacy"]
    static let site = SiteNumber(number: 1)
    private static let oneTime = [UInt8](repeating: 7, count: HybridSeal.publicKeySize)

    let folder = FileManager.default.temporaryDirectory
        .appending(path: "hamlet-\(UUID().uuidString)").path
    private let disk = POSIXFileSystem()
    let roster: Roster
    private let docket: String
    private(set) var entries: [[UInt8]] = []

    private static func key(_ word: String) throws -> SigningKey {
        try SigningKey(from: SeededRandom("hamlet " + word))
    }

    private static func open(_ word: String) throws -> VerifyingKey { try key(word).verifyingKey }

    private static func signer(_ word: String) throws -> NoteSigner {
        try NoteSigner(name: word == "log" ? origin : "\(origin)/\(word)", key: try key(word))
    }

    /// A hamlet whose log holds so many grants besides, and at its end these entries.
    init(
        named name: String = "Plain", docket: String = "26-1047", grants: Int = 1,
        policy: Policy = Policy(purposes: ["09A", "240"]), also: [[UInt8]] = []
    ) throws {
        self.docket = docket
        var draft = RosterDraft(
            vault: VaultParty(
                id: "vault", statementKey: try Self.open("vault"), logKey: try Self.open("log")),
            threshold: 2, policy: policy)
        for word in Self.words {
            draft.add(
                Custodian(
                    id: word, name: "\(name) \(word)", institution: "\(name) in \(word)",
                    place: "\(name) at \(word)", administrator: "\(name) of \(word)", slot: .file,
                    statementKey: try Self.open(word), cosignKey: try Self.open(word + "-cosign"),
                    officers: [
                        Signatory(id: word + "-officer", key: try Self.open(word + "-officer"))
                    ]))
        }
        draft.add(
            Site(id: "site-1", name: name, number: Self.site, keys: [try Self.open("site-1")]))
        for agency in ["police", "sheriff"] {
            draft.add(
                Agency(
                    id: agency, name: "\(name) \(agency)", institution: "\(name) \(agency)",
                    agreementEnds: Self.today.adding(agency == "police" ? 100 : 1),
                    requesters: [
                        Signatory(id: agency + "-doyle", key: try Self.open(agency + "-doyle"))
                    ]))
        }
        draft.add(Authority(id: "court", name: "\(name) court", key: try Self.open("court")))
        roster = try draft.roster(origin: Self.origin)
        entries.append(try roster.signed(by: Self.words.map { try Self.signer($0) }))
        let first = Self.today.adding(-31)
        try makeKeys(1, first: first, at: first.start)
        // Ahead of time, as the custodians do.
        let second = Self.today.adding(-12)
        try makeKeys(2, first: second, at: second.adding(-4).start)
        for word in Self.words {
            try say(
                PrekeysBody(
                    custodian: word, keys: [.init(day: Self.today, key: Self.oneTime)],
                    time: Self.today.start), by: word)
        }
        for cell in Self.today.hours.prefix(5).map({ Cell(hour: $0, site: Self.site) }) {
            try say(
                HourClosedBody(
                    cell: cell, kind: .prompt, closed: Digest(of: Array(cell.description.utf8)),
                    time: cell.hour.end.adding(minutes: 5)), by: "site-1")
        }
        for number in 0..<grants {
            try say(
                GrantBody(
                    custodian: "audit", site: Self.site, firstHour: Self.noon.hour,
                    lastHour: Self.noon.hour, request: Digest(of: Array("\(number)".utf8)),
                    time: Self.noon), by: "audit")
        }
        try destroy()
        try search()
        entries.append(Array("<b>no statement</b>\u{202E}".utf8))
        entries.append([0xFF, 0x3C, 0x62, 0x3E])
        entries += also
    }

    private mutating func say(_ body: some StatementBody, by word: String) throws {
        entries.append(
            try StatementDraft.sign(body, under: roster, by: try Self.signer(word)))
    }

    private func commits(of word: String, _ tag: String) -> [MaskedDigest] {
        roster.threshold.subsets(heldBy: roster.custodianIndex(word) ?? 0).map {
            MaskedDigest(mask: $0, commit: Digest(of: Array("\(tag) \($0.bits)".utf8)))
        }
    }

    private mutating func makeKeys(_ number: UInt32, first: Day, at time: Timestamp) throws {
        try say(
            GenerationBody.propose(
                GenerationProposal(
                    custodian: "audit", generation: number, first: first, under: roster,
                    time: time)), by: "audit")
        for word in Self.words {
            try say(
                GenerationBody.commit(
                    GenerationCommit(
                        custodian: word, generation: number,
                        seedCommits: commits(of: word, "seed \(number) " + word),
                        oneTimeKey: Self.oneTime, time: time)), by: word)
        }
        for word in Self.words {
            try say(
                GenerationBody.final(
                    GenerationFinal(
                        custodian: word, generation: number,
                        commits: commits(of: word, "first \(number)"), time: time)), by: word)
        }
    }

    /// The first day is dead, one of three late; the second is overdue; later ones are alive.
    private mutating func destroy() throws {
        let day = Self.today.adding(-31)
        for (word, hours) in [("audit", Int64(0)), ("clerk", 5)] {
            try say(
                DayDestroyedBody(
                    custodian: word, generation: 1, day: day, next: commits(of: word, "next"),
                    slot: .file, time: day.start.adding(days: 30).adding(hours: hours)), by: word)
        }
    }

    private mutating func search() throws {
        try file("disclosed", agency: "police", purpose: "09A", votes: ["audit", "clerk"])
        try file("denied", agency: "sheriff", purpose: "240", votes: [])
        try file("waiting", agency: "police", purpose: "240", votes: ["audit"])
    }

    /// A request with what followed it, by its tag.
    private mutating func file(
        _ tag: String, agency: String, purpose: String, votes: [String]
    ) throws {
        let key = [UInt8](repeating: UInt8(tag.utf8.count), count: HybridSeal.publicKeySize)
        let requester = agency + "-doyle"
        let cells = Self.today.hours.prefix(3).map { Cell(hour: $0, site: Self.site) }
        let secret = try RequestSecret(
            requester: requester, replyKey: key, plates: ["ABC 123"], fold: .letterOAsZero,
            cells: Array(cells), docket: docket, random: SeededRandom(tag))
        let body = secret.request(
            agency: agency, purpose: purpose, process: .searchWarrant,
            warrant: Digest(of: Array(tag.utf8)), replyKey: key,
            sealedCopies: Self.words.map {
                SealedCopy(
                    custodian: $0, digest: Digest(of: Array($0.utf8)), prekeyDay: Self.today)
            }, time: Self.noon)
        try say(body, by: requester)
        let id = try UnverifiedStatement(wire: try #require(entries.last)).id
        try say(
            OrderBody(
                authority: "court", request: id, warrant: body.warrant,
                plateCommitments: body.plateCommitments, windowCommitment: body.windowCommitment,
                expires: Self.noon.adding(days: 2), time: Self.noon), by: "court")
        for word in votes {
            try say(
                ApprovalBody(officer: word + "-officer", request: id, time: Self.noon),
                by: word + "-officer")
        }
        if tag == "denied" {
            for word in ["audit", "clerk"] {
                try say(
                    DenialBody(
                        officer: word + "-officer", request: id, code: .tooBroad, time: Self.noon),
                    by: word + "-officer")
            }
        }
        guard tag == "disclosed" else { return }
        for word in votes {
            let items = roster.threshold.subsets(heldBy: roster.custodianIndex(word) ?? 0).map {
                EvaluationItem(
                    day: Self.today, plate: 0, mask: $0, e: Digest(of: Array("\($0.bits)".utf8)))
            }
            try say(
                EvaluationBody(custodian: word, request: id, digests: items, time: Self.noon),
                by: word)
        }
        try say(
            DisclosureBody(
                role: .vault, party: "vault", request: id, bundle: Digest(of: [1]),
                time: Self.noon), by: "vault")
        var opening = try secret.opening(of: id, by: "clerk")
        opening.time = Self.noon
        try say(opening, by: "clerk")
    }

    /// The snapshot of the log once it is published, cosigned by some.
    func snapshot(
        at now: Timestamp = noon, trusting: Digest? = nil, tally: [UInt8]? = nil
    ) throws -> PublicSnapshot {
        let record = PublicRecord(
            try publish(tally ?? self.tally(counted)), trusting: trusting ?? roster.hash)
        try record.follow(at: now)
        return try #require(record.snapshot)
    }

    /// What the vault counts: a day of which the log has no closed hour either, and one of which it
    /// counts three that the log does not have.
    var counted: [TallyBody.Counted] {
        [
            TallyBody.Counted(day: Self.today.adding(-2), hours: 0, rows: 12_345),
            TallyBody.Counted(day: Self.today.adding(-1), hours: 3, rows: 678),
        ]
    }

    /// A tally, signed by the vault or by somebody else.
    func tally(
        _ days: [TallyBody.Counted], by word: String = "vault", time: Timestamp = noon
    ) throws -> [UInt8] {
        try StatementDraft.sign(
            TallyBody(party: "vault", days: days, time: time), under: roster,
            by: try Self.signer(word))
    }

    /// The public files of the log, and what the vault tells beside it.
    func publish(_ tally: [UInt8]) throws -> FolderTiles {
        let path = folder + "/log"
        try disk.makeFolder(folder)
        let log = try Log.create(
            at: path, origin: Self.origin, signer: try Self.signer("log"), fileSystem: disk)
        _ = try log.append(entries)
        let file = path + "/public/checkpoint"
        let note = try Note(wire: try disk.read(file))
        let head = try Checkpoint(text: note.text)
        let lines = try ["audit", "clerk"].map {
            try Cosigner(name: "\(Self.origin)/\($0)", key: try Self.key($0 + "-cosign"))
                .cosign(head, at: UInt64(Self.noon.milliseconds / 1_000))
        }
        try disk.replace(file, try note.adding(lines).encode())
        try disk.replace(path + "/public/" + TallyBody.file, tally, isPublic: true)
        return FolderTiles(path + "/public", fileSystem: disk)
    }

    func close() { try? FileManager.default.removeItem(atPath: folder) }
}
