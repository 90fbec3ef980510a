import Disk
import Ledger
import Plates
import Secrets
import TestSupport
import Testing
import Tokens
import Warrants
import Wire

@testable import Custody

/// Five custodians with their disks, two sites, an agency, a court, a vault; one clock for all.
final class Town {
    static let origin = "example.org/vault.demo"
    static let today = Day(number: 20_780)
    static let words = ["audit", "clerk", "inspector", "privacy", "rights"]
    static let site = SiteNumber(number: 1)

    let roster: Roster
    let vault: TestVault
    let clock: SimulatedClockSource
    var disks: [String: FaultyFileSystem] = [:]
    private var starts = 0
    var custodians: [String: Custody.Custodian] = [:]

    static func key(_ word: String) throws -> SigningKey {
        try SigningKey(
            seed: SecretBytes(copying: Digest(of: Array("town key \(word)".utf8)).bytes))
    }

    static func signer(_ word: String) throws -> NoteSigner {
        try NoteSigner(name: "\(origin)/\(word)", key: try key(word))
    }

    /// The roster of the town.
    private static func townRoster(
        quorum: Int = 3
    ) throws -> (roster: Roster, entry: [UInt8]) {
        func open(_ word: String) throws -> VerifyingKey { try Self.key(word).verifyingKey }
        var draft = RosterDraft(
            vault: VaultParty(
                id: "vault", statementKey: try open("vault"), logKey: try open("log")),
            threshold: 3, policy: Policy(purposes: ["09A"]))
        for word in Self.words {
            draft.add(
                Warrants.Custodian(
                    id: word, name: word, institution: "Institution \(word)",
                    place: "Room \(word)", administrator: "Admin \(word)", slot: .file,
                    statementKey: try open(word), cosignKey: try open(word + "-cosign"),
                    officers: [Signatory(id: word + "-officer", key: try open(word + "-officer"))]
                ))
        }
        for number in 1...2 {
            draft.add(
                Site(
                    id: "site-\(number)", name: "Street \(number)",
                    number: SiteNumber(number: UInt16(number)),
                    keys: [try open("site-\(number)")]))
        }
        draft.add(
            Agency(
                id: "police", name: "Police", institution: "Police",
                agreementEnds: Self.today.adding(100),
                requesters: [Signatory(id: "doyle", key: try open("doyle"))]))
        draft.add(Authority(id: "court", name: "Court", key: try open("court")))
        draft.change { $0.quorum = quorum }
        let roster = try draft.roster(origin: Self.origin)
        return (roster, try roster.signed(by: try Self.words.map { try Self.signer($0) }))
    }

    static func logSigner() throws -> NoteSigner {
        try NoteSigner(name: origin, key: try key("log"))
    }

    /// The town at noon of `today`, with custodians that hold nothing yet.
    init(quorum: Int = 3) throws {
        let start = Self.today.start.adding(hours: 12)
        let entry: [UInt8]
        (roster, entry) = try Self.townRoster(quorum: quorum)
        vault = try TestVault(roster, entry, try Self.logSigner())
        clock = try SimulatedClockSource(origin: Self.origin, wall: start, boot: 1_000)
        for word in Self.words {
            disks[word] = FaultyFileSystem(seed: word)
            custodians[word] = try Custodian.create(try setting(word), confirmed: start)
        }
    }

    /// A town as it was left: its custodians start from their disks when they are first asked for.
    private init(_ kept: Kept) throws {
        roster = try Self.townRoster().roster
        vault = try TestVault(roster, try Self.logSigner(), disk: kept.log.copy())
        clock = try SimulatedClockSource(origin: Self.origin, wall: kept.wall, boot: kept.boot)
        disks = kept.disks.mapValues { $0.copy() }
    }

    /// What is left of a town when the power goes.
    private struct Kept: Sendable {
        let disks: [String: FaultyFileSystem]
        let log: FaultyFileSystem
        let wall: Timestamp
        let boot: Int64
    }

    /// Generation 1 is made once for all tests; each goes on from a copy of all disks.
    private static let made = Result {
        let town = try Town()
        try town.found()
        return Kept(
            disks: town.disks, log: town.vault.disk, wall: town.clock.wall,
            boot: town.clock.boot)
    }

    /// Makes generation 1, from today on.
    func found() throws {
        try tick()
        try custodian("clerk").propose(first: Self.today)
        for _ in 0..<4 { try tick() }
    }

    /// Generation 1 from today on, final at everybody; noon of its first day.
    static func running() throws -> Town { try Town(try made.get()) }

    /// The same under a quorum of 4, of which any two share an honest custodian.
    static func forkFree() throws -> Town {
        let town = try Town(quorum: 4)
        try town.found()
        return town
    }

    func setting(
        _ word: String, disk: (any FileSystem)? = nil, random: String = "town"
    ) throws -> CustodianSetting {
        CustodianSetting(
            folder: "/custodian", roster: roster, custodian: word, signer: try Self.signer(word),
            cosigner: try Cosigner(
                name: "\(Self.origin)/\(word)", key: try Self.key(word + "-cosign")),
            clock: clock, vault: VaultClient(LoopbackChannel(vault)),
            mirrors: { [weak self] in self?.mirrors ?? [] },
            disk: disk ?? disks[word] ?? FaultyFileSystem(),
            random: SeededRandom("\(random) \(word)"))
    }

    /// Custodians whose mirrors nobody can reach.
    var unreachable: Set<String> = []
    /// What stands between a custodian's mirror and those who ask for it.
    var disguise: [String: any Handler] = [:]

    /// The ways to the custodians' mirrors; each starts from its disk when it is first asked.
    var mirrors: [(id: String, client: CustodianClient)] {
        Self.words.filter { !unreachable.contains($0) }.map { word in
            let handler: any Handler = disguise[word] ?? LateMirror(self, word)
            return (id: word, client: CustodianClient(LoopbackChannel(handler)))
        }
    }

    func custodian(_ word: String) throws -> Custody.Custodian {
        if let custodian = custodians[word] { return custodian }
        let custodian = try reopen(word)
        try custodian.tick()
        return custodian
    }

    /// Opens a custodian from its disk, as after a start of its program.
    @discardableResult
    func reopen(_ word: String) throws -> Custody.Custodian {
        starts += 1
        let again = try Custodian.open(try setting(word, random: "start \(starts)"))
        custodians[word] = again
        return again
    }

    @discardableResult
    func tick(_ words: [String] = words) throws -> [TickReport] {
        try words.map { try custodian($0).tick() }
    }

    func pass(hours: Int64 = 0, minutes: Int64 = 0) {
        clock.pass(milliseconds: (hours * 60 + minutes) * 60_000)
    }

    /// A party's statement, put into the log.
    @discardableResult
    func say(_ body: some StatementBody, by word: String) throws -> Digest {
        let note = try StatementDraft.sign(body, under: roster, by: try Self.signer(word))
        _ = try vault.append(note)
        return try UnverifiedStatement(wire: note).id
    }

    func grantRequest(
        from first: Int64 = 0, to last: Int64 = 0, site: SiteNumber = site,
        signedBy word: String = "site-1", key: OneTimeKey
    ) throws -> [UInt8] {
        let hour = clock.wall.hour
        return try StatementDraft.sign(
            GrantRequestBody(
                site: site, firstHour: hour.adding(first), lastHour: hour.adding(last),
                oneTimeKey: key.publicKey, time: clock.wall),
            under: roster, by: try Self.signer(word))
    }

    /// A custodian's site keys for the site, opened.
    func siteKeys(
        _ word: String, from first: Int64 = 0, to last: Int64 = 0
    ) throws -> SiteKeyParcel {
        let key = try OneTimeKey(from: SeededRandom("gateway"))
        let client = CustodianClient(LoopbackChannel(CustodianService(try custodian(word))))
        let sealed = try client.grant(try grantRequest(from: first, to: last, key: key))
        return try SiteKeyParcel(
            wire: try key.open(sealed, info: "platevault/grant/v1\(Self.origin)"))
    }

    /// A request of the police for a plate in some cells, filed with its copies and attested.
    func file(
        _ plate: String = "ABC120", cells: [Cell], replyKey: OneTimeKey,
        warrant: String = "warrant", embargo: Day? = nil
    ) throws -> (id: Digest, secret: RequestSecret) {
        let secret = try RequestSecret(
            requester: "doyle", replyKey: replyKey.publicKey, plates: [plate],
            fold: .letterOAsZero, cells: cells, docket: "24-CR-1",
            random: SeededRandom("request \(warrant)"))
        let id = try file(
            secret, "09A", .searchWarrant, warrant: warrant, embargo: embargo, replyKey: replyKey)
        let state = try #require(vault.record.request(id))
        try say(
            OrderBody(
                authority: "court", attesting: state.request.statement,
                expires: clock.wall.adding(days: 2), time: clock.wall), by: "court")
        return (id, secret)
    }

    /// A request of the police with a secret, filed with its copies; no order stands behind it.
    func file(
        _ secret: RequestSecret, _ purpose: String, _ process: ProcessKind, warrant: String,
        embargo: Day?, replyKey: OneTimeKey
    ) throws -> Digest {
        var copies: [SealedCopy] = []
        var letters: [(word: String, sealed: [UInt8])] = []
        let day = clock.wall.day
        for word in Self.words {
            let prekey = try #require(vault.record.prekey(of: word, on: day))
            let sealed = try HybridSeal.seal(
                try secret.encode(), to: prekey, info: "platevault/request/v1\(Self.origin)")
            letters.append((word, sealed))
            copies.append(
                SealedCopy(custodian: word, digest: Digest(of: sealed), prekeyDay: day))
        }
        let body = secret.request(
            agency: "police", purpose: purpose, process: process,
            warrant: Digest(of: Array(warrant.utf8)), embargo: embargo,
            replyKey: replyKey.publicKey,
            sealedCopies: copies, time: clock.wall)
        let id = try say(body, by: "doyle")
        let client = VaultClient(LoopbackChannel(vault))
        for letter in letters {
            try client.put(
                Mail(
                    topic: id, kind: "request", recipient: roster.keyName(letter.word),
                    sender: roster.keyName("doyle"), until: clock.wall.adding(days: 5),
                    sealed: letter.sealed))
        }
        return id
    }

    func approve(_ id: Digest, _ words: [String]) throws {
        for word in words {
            try say(
                ApprovalBody(officer: word + "-officer", request: id, time: clock.wall),
                by: word + "-officer")
        }
    }

    /// The present hour closed by its site, some hours later.
    func closedCell(after hours: Int64 = 8) throws -> Cell {
        let cell = Cell(hour: clock.wall.hour, site: Self.site)
        pass(hours: hours)
        try say(
            HourClosedBody(
                cell: cell, kind: .prompt, closed: Digest(of: Array("closed".utf8)),
                time: clock.wall), by: "site-1")
        return cell
    }

    /// A custodian's evaluation, opened.
    func evaluate(_ id: Digest, _ word: String, _ key: OneTimeKey) throws -> PartialParcel {
        let client = CustodianClient(LoopbackChannel(CustodianService(try custodian(word))))
        let sealed = try client.evaluate(id)
        return try PartialParcel(
            wire: try key.open(sealed, info: "platevault/evaluation/v1\(Self.origin)"))
    }

    /// What custodians have said that they destroyed, by the vault's log.
    func destroyed(_ word: String) -> Day? {
        vault.record.destroyed(through: 1, by: word)
    }
}

/// Whether the work is refused with this code, under any of the error types.
func refusal(_ work: () throws -> Void) -> String? {
    do {
        try work()
        return nil
    } catch let error as CustodyError {
        return error.code
    } catch let problem as WireProblem {
        return problem.code
    } catch let refusal as Refusal {
        return refusal.code
    } catch {
        return "\(error)"
    }
}
