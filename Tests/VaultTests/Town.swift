import Bytes
import Disk
import Ledger
import Plates
import Rows
import Secrets
import TestSupport
import Testing
import Vault
import Warrants
import Wire

/// A vault of three custodians of whom two are needed, two sites and one agency, at noon of the
/// sample day; everything reaches it as encoded messages.
final class Town {
    static let words = ["audit", "clerk", "rights"]
    static let oneTime = [UInt8](repeating: 7, count: HybridSeal.publicKeySize)
    static let noon = Sample.day.start.adding(hours: 12)

    let clock = TestClock(noon)
    let disk = FaultyFileSystem()
    let later = HeldBack()
    let store: any RowStore
    let mail: MailBox
    let roster: Roster
    private(set) var service: VaultService
    private let isSigning: Bool
    private let generationFirst = Sample.day.adding(-2)

    static func signer(_ word: String) throws -> NoteSigner {
        try NoteSigner(name: "\(Sample.origin)/\(word)", key: try Sample.key(word))
    }

    private static func open(_ word: String) throws -> VerifyingKey {
        try Sample.key(word).verifyingKey
    }

    static func makeRoster(wholeCells: Int = 64) throws -> Roster {
        var policy = Policy(purposes: ["09A"])
        policy.wholeCells = wholeCells
        var draft = RosterDraft(
            vault: VaultParty(
                id: "vault", statementKey: try open("vault"), logKey: try open("log")),
            threshold: 2, policy: policy)
        for word in words {
            draft.add(
                Custodian(
                    id: word, name: word, institution: "Institution \(word)",
                    place: "Room \(word)", administrator: "Admin \(word)", slot: .file,
                    statementKey: try open(word), cosignKey: try open(word + "-cosign"),
                    officers: [
                        Signatory(id: word + "-officer", key: try open(word + "-officer"))
                    ]))
        }
        for number: UInt16 in [1, 2] {
            draft.add(
                Site(
                    id: "site-\(number)", name: "Street \(number)",
                    number: SiteNumber(number: number), keys: [try open("site-\(number)")]))
        }
        draft.add(
            Agency(
                id: "police", name: "Police", institution: "City Police",
                agreementEnds: Sample.day.adding(100),
                requesters: [Signatory(id: "doyle", key: try open("doyle"))]))
        draft.add(Authority(id: "court", name: "Clerk of Court", key: try open("court")))
        return try draft.roster(origin: Sample.origin)
    }

    static func logSigner() throws -> NoteSigner {
        try NoteSigner(name: Sample.origin, key: try Sample.key("log"))
    }

    /// A vault whose log is empty; one that `isSigning` tells the log what it hands out.
    init(empty store: any RowStore, isSigning: Bool = false, wholeCells: Int = 64) throws {
        self.store = store
        self.isSigning = isSigning
        mail = try MailBox.inMemory()
        roster = try Self.makeRoster(wholeCells: wholeCells)
        let log = try Log.create(
            at: "/log", origin: Sample.origin, signer: try Self.logSigner(), fileSystem: disk)
        let clock = clock
        service = try VaultService(
            log: log, store: store, mail: mail, trusted: roster.hash,
            signer: isSigning ? try Self.signer("vault") : nil, later: later,
            now: { clock.now })
    }

    /// A vault with roster, generation 1 and today's prekeys in its log.
    convenience init(
        store: any RowStore = MemoryRowStore(), isSigning: Bool = false, wholeCells: Int = 64
    ) throws {
        try self.init(empty: store, isSigning: isSigning, wholeCells: wholeCells)
        _ = try append([rosterNote()])
        try makeGeneration()
        let prekeys = try Self.words.map { word in
            try note(
                PrekeysBody(
                    custodian: word, keys: [.init(day: Sample.day, key: Self.oneTime)],
                    time: Self.noon), by: word)
        }
        _ = try append(prekeys)
    }

    /// The vault's process ends and another one starts on the same files.
    func restart() throws {
        let log = try Log.open(
            at: "/log", origin: Sample.origin, signer: try Self.logSigner(), fileSystem: disk)
        let clock = clock
        service = try VaultService(
            log: log, store: store, mail: mail, trusted: roster.hash,
            signer: isSigning ? try Self.signer("vault") : nil, later: later,
            now: { clock.now })
    }

    var client: VaultClient { VaultClient(LoopbackChannel(service)) }

    func rosterNote() throws -> [UInt8] {
        try roster.signed(by: try Self.words.map { try Self.signer($0) })
    }

    func note(_ body: some StatementBody, by word: String) throws -> [UInt8] {
        try StatementDraft.sign(body, under: roster, by: try Self.signer(word))
    }

    func append(_ notes: [[UInt8]]) throws -> [UInt64] { try client.append(notes) }

    func entries() throws -> [[UInt8]] {
        let head = try Checkpoint(text: try Note(wire: client.checkpoint()).text)
        return try client.entries(0..<head.size)
    }

    func commits(of word: String, tag: String) throws -> [MaskedDigest] {
        let index = try #require(roster.custodianIndex(word))
        return roster.threshold.subsets(heldBy: index).map {
            MaskedDigest(mask: $0, commit: Digest(of: Array("\(tag) \($0.bits)".utf8)))
        }
    }

    private func makeGeneration() throws {
        let time = generationFirst.start
        _ = try append([
            try note(
                GenerationBody.propose(
                    GenerationProposal(
                        custodian: "clerk", generation: 1, first: generationFirst, under: roster,
                        time: time)), by: "clerk")
        ])
        _ = try append(
            try Self.words.map { word in
                try note(
                    GenerationBody.commit(
                        GenerationCommit(
                            custodian: word, generation: 1,
                            seedCommits: try commits(of: word, tag: "seed \(word)"),
                            oneTimeKey: Self.oneTime, time: time)), by: word)
            })
        _ = try append(
            try Self.words.map { word in
                try note(
                    GenerationBody.final(
                        GenerationFinal(
                            custodian: word, generation: 1,
                            commits: try commits(of: word, tag: "first"), time: time)), by: word)
            })
    }

    func destruction(of day: Day, by word: String) throws -> [UInt8] {
        // The custodian's clock may be ahead of the vault's; nobody destroys before the time.
        let due = day.start.adding(days: Int64(roster.policy.retentionDays))
        return try note(
            DayDestroyedBody(
                custodian: word, generation: 1, day: day,
                next: try commits(of: word, tag: "next"), slot: .file, time: max(clock.now, due)),
            by: word)
    }

    /// The cells of requests, unless a test says others, and the salt of their commitments.
    static let window = [
        Sample.cell, Cell(hour: Sample.cell.hour, site: SiteNumber(number: 2)),
    ].sorted()
    static let windowSalt = SeededRandom("window").bytes(32)

    /// A window as a look-up shows it.
    static func shown(_ cells: [Cell] = window) throws -> LookupWindow {
        try LookupWindow(cells: cells, salt: windowSalt)
    }

    func request(
        cells: [Cell] = Town.window, plates: Int = 2, purpose: String = "09A",
        process: String = "search-warrant", name: String = "request"
    ) throws -> [UInt8] {
        func digest(_ text: String) -> Digest { Digest(of: Array("\(name) \(text)".utf8)) }
        return try note(
            RequestBody(
                agency: "police", requester: "doyle", purpose: purpose, process: process,
                warrant: digest("warrant"),
                plateCommitments: (0..<plates).map { digest("plate \($0)") },
                windowCommitment: Commitment.window(cells, salt: Self.windowSalt),
                cellCount: cells.count,
                docketCommitment: digest("docket"), embargo: Self.noon.day,
                replyKey: SeededRandom(name).bytes(HybridSeal.publicKeySize),
                sealedCopies: Self.words.map {
                    SealedCopy(custodian: $0, digest: digest($0), prekeyDay: Sample.day)
                }, time: Self.noon), by: "doyle")
    }

    func evaluation(of request: Digest, plates: Int = 2, by word: String) throws -> [UInt8] {
        let index = try #require(roster.custodianIndex(word))
        let items = roster.threshold.subsets(heldBy: index).flatMap { mask in
            (0..<plates).map {
                EvaluationItem(day: Sample.day, plate: $0, mask: mask, e: .zero)
            }
        }
        return try note(
            EvaluationBody(custodian: word, request: request, digests: items, time: Self.noon),
            by: word)
    }

    /// A request that two custodians have evaluated; its id.
    func evaluated(
        cells: [Cell] = Town.window, plates: Int = 2, name: String = "request"
    ) throws -> Digest {
        let wire = try request(cells: cells, plates: plates, name: name)
        let id = try UnverifiedStatement(wire: wire).id
        _ = try append([wire])
        for word in ["audit", "rights"] {
            _ = try append([try evaluation(of: id, plates: plates, by: word)])
        }
        return id
    }

    /// A closing as the site signs it over its batches.
    func closing(
        _ batches: [Batch], cell: Cell = Sample.cell, kind: HourOpening.Kind = .prompt,
        salt: String = "salt"
    ) throws -> (statement: [UInt8], opening: [UInt8]) {
        let opening = try HourOpening(
            closing: cell, kind: kind, batches: batches, unfinished: [],
            salt: SeededRandom(salt).bytes(32))
        let body = HourClosedBody(
            cell: cell, kind: kind == .prompt ? .prompt : .late, closed: opening.commitment,
            time: cell.hour.end.adding(
                hours: kind == .prompt ? 0 : Int64(roster.policy.lateHours)
            ).adding(minutes: 5))
        return (try note(body, by: "site-\(cell.site.number)"), opening.encode())
    }
}

/// The code of the problem that an exchange met, or `accepted`.
func problem(_ body: () throws -> Void) -> String {
    do {
        try body()
        return "accepted"
    } catch let error as WireProblem {
        return error.code
    } catch {
        return "\(error)"
    }
}
