import Bytes
import Disk
import Foundation
import Ledger
import Plates
import Rows
import Secrets
import Synchronization
import Tokens
import Vault
import Warrants
import Wire

/// Every party that a read or a search passes, in one process: sites with keys of five custodians'
/// real chains, and a vault with its log and its rows on the machine's own disk. Only encoded
/// messages pass between them.
///
/// The custodians here hold and evaluate as real ones do, and log what they evaluate; they judge
/// nothing, since a judgement costs the same however many rows there are.
final class BenchTown {
    static let origin = "bench.example/vault.demo"
    static let first = Day(number: 20_780)
    static let words = ["audit", "clerk", "inspector", "privacy", "rights"]

    let folder: String
    let clock = BenchClock(BenchTown.first.start)
    let roster: Roster
    private(set) var store: SQLiteRowStore
    let chains: [ChainSet]
    private let vault: VaultNow
    private let disk: any FileSystem

    /// Where the rows are.
    var rows: String { folder + "/rows" }

    /// A town in a new folder. `fill` may put rows and closings of its own into the store, which the
    /// vault then brings into its log, as after a crash between the two.
    init(
        at folder: String, sites: Int, _ disk: any FileSystem,
        bytes: Int64 = 0, fill: ((BenchTown.Parts) throws -> Void)? = nil
    ) throws {
        self.folder = folder
        self.disk = disk
        roster = try Self.makeRoster(sites: sites)
        chains = try Self.chains(roster.hash)
        try disk.makeFolder(folder)
        if let fill {
            try Self.filled(folder, roster, chains, disk, 2 * bytes, fill)
            store = try SQLiteRowStore.open(at: folder + "/rows", fileSystem: disk)
        } else {
            store = try SQLiteRowStore.create(at: folder + "/rows", fileSystem: disk)
        }
        let log = try Log.create(
            at: folder + "/log", origin: Self.origin, signer: try Self.signer("log"),
            fileSystem: disk)
        let beginning = [try roster.signed(by: try Self.words.map { try Self.signer($0) })]
        _ = try log.append(beginning + (try Self.generation(roster, chains)))
        vault = VaultNow(try Self.vault(log, store, roster, clock))
    }

    /// Fills a store in memory where there is room, since nobody waits for its durability, and moves
    /// it to its place.
    private static func filled(
        _ folder: String, _ roster: Roster, _ chains: [ChainSet], _ disk: any FileSystem,
        _ room: Int64, _ fill: (BenchTown.Parts) throws -> Void
    ) throws {
        let memory = "/dev/shm/platevault-bench-\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: memory) }
        let free = try? FileManager.default.attributesOfFileSystem(forPath: "/dev/shm")[
            .systemFreeSize]
        let isRoomy = (free as? NSNumber).map { $0.int64Value > room } ?? false
        let place = isRoomy ? memory : folder + "/filling"
        do {
            let store = try SQLiteRowStore.create(at: place, fileSystem: disk)
            try fill(Parts(roster: roster, chains: chains, store: store))
        }
        try FileManager.default.moveItem(atPath: place, toPath: folder + "/rows")
    }

    /// What there is before there is a vault.
    struct Parts {
        let roster: Roster
        let chains: [ChainSet]
        let store: SQLiteRowStore
    }

    /// The vault's process ends and another one starts on the same files: what it had in memory is gone.
    func restart() throws {
        store = try SQLiteRowStore.open(at: rows, fileSystem: disk)
        let log = try Log.open(
            at: folder + "/log", origin: Self.origin, signer: try Self.signer("log"),
            fileSystem: disk)
        vault.service = try Self.vault(log, store, roster, clock)
    }

    private static func vault(
        _ log: Log, _ store: SQLiteRowStore, _ roster: Roster, _ clock: BenchClock
    ) throws -> VaultService {
        try VaultService(
            log: log, store: store, mail: try MailBox.inMemory(), trusted: roster.hash,
            signer: try signer("vault"), now: { clock.now })
    }

    static func signer(_ word: String) throws -> NoteSigner {
        try NoteSigner(
            name: word == "log" ? origin : "\(origin)/\(word)", key: try key(word))
    }

    static func key(_ word: String) throws -> SigningKey {
        try SigningKey(from: SeededRandom("bench town " + word))
    }

    var service: VaultService { vault.service }

    /// The way to the vault that there is now, from any thread.
    var way: ServiceWay { ServiceWay(service) }

    var client: VaultClient { VaultClient(way) }

    /// The ways to the custodians, in the order of their bits.
    func custodians() throws -> [(id: String, client: CustodianClient)] {
        try Self.words.indices.map { index in
            (
                Self.words[index],
                CustodianClient(shared: ServiceWay(try custodian(index)))
            )
        }
    }

    func custodian(_ index: Int) throws -> BenchCustodian {
        try BenchCustodian(index, roster, chains[index], clock, vault)
    }

    private static func makeRoster(sites: Int) throws -> Roster {
        func open(_ word: String) throws -> VerifyingKey { try key(word).verifyingKey }
        var policy = Policy(purposes: ["09A"])
        policy.maxCells = 3_000
        var draft = RosterDraft(
            vault: VaultParty(
                id: "vault", statementKey: try open("vault"), logKey: try open("log")),
            threshold: 3, policy: policy)
        for word in words {
            draft.add(
                Custodian(
                    id: word, name: word, institution: "Institution \(word)", place: "Room \(word)",
                    administrator: "Admin \(word)", slot: .file, statementKey: try open(word),
                    cosignKey: try open(word + "-cosign"),
                    officers: [Signatory(id: word + "-officer", key: try open(word + "-officer"))]))
        }
        for number in 1...sites {
            draft.add(
                Site(
                    id: "site-\(number)", name: "Site \(number)",
                    number: SiteNumber(number: UInt16(number)),
                    keys: [try open("site-\(number)")]))
        }
        draft.add(
            Agency(
                id: "police", name: "City Police", institution: "City Police",
                agreementEnds: Day(number: 40_000), budget: 10_000_000,
                requesters: [Signatory(id: "doyle", key: try open("doyle"))]))
        draft.add(Authority(id: "court", name: "Court", key: try open("court")))
        return try draft.roster(origin: origin)
    }

    /// The chains of generation 1, as the ceremony makes them.
    static func chains(_ roster: Digest = .zero) throws -> [ChainSet] {
        let threshold = try Threshold(t: 3, of: 5)
        let drawn = try words.indices.map { member in
            try SeedParcel.draw(
                generation: 1, threshold: threshold, member: member,
                from: SeededRandom("bench seed \(member)"))
        }
        return try words.indices.map { own in
            try ChainSet(
                generation: 1, first: first, threshold: threshold, custodian: own, roster: roster,
                parcels: try drawn.map { $0.member == own ? $0 : try $0.parcel(for: own) })
        }
    }

    private static func generation(_ roster: Roster, _ chains: [ChainSet]) throws -> [[UInt8]] {
        let time = first.start
        func say(_ body: GenerationBody, _ word: String) throws -> [UInt8] {
            try StatementDraft.sign(body, under: roster, by: try signer(word))
        }
        let proposal = GenerationProposal(
            custodian: "clerk", generation: 1, first: first, under: roster, time: time)
        var entries = [try say(.propose(proposal), "clerk")]
        for (index, word) in words.enumerated() {
            let masks = roster.threshold.subsets(heldBy: index)
            entries.append(
                try say(
                    .commit(
                        GenerationCommit(
                            custodian: word, generation: 1,
                            seedCommits: masks.map {
                                MaskedDigest(
                                    mask: $0, commit: Digest(of: Array("\(word) \($0)".utf8)))
                            },
                            oneTimeKey: SeededRandom(word).bytes(HybridSeal.publicKeySize),
                            time: time)), word))
        }
        let searched = first.adding(Int64(SearchStore.days))
        for word in words {
            let key = SeededRandom("prekey " + word).bytes(HybridSeal.publicKeySize)
            entries.append(
                try StatementDraft.sign(
                    PrekeysBody(
                        custodian: word, keys: [.init(day: searched, key: key)],
                        time: searched.start),
                    under: roster, by: try signer(word)))
        }
        for (index, word) in words.enumerated() {
            let commits = try chains[index].commits(at: first)
            entries.append(
                try say(
                    .final(
                        GenerationFinal(
                            custodian: word, generation: 1,
                            commits: commits.map { MaskedDigest(mask: $0.mask, commit: $0.commit) },
                            time: time)), word))
        }
        return entries
    }
}

/// A clock that is set.
final class BenchClock: Sendable {
    private let time: Mutex<Timestamp>

    init(_ time: Timestamp) { self.time = Mutex(time) }

    var now: Timestamp {
        get { time.withLock { $0 } }
        set { time.withLock { $0 = newValue } }
    }

    /// It is not before then: where several set it, none sets it back.
    func reach(_ moment: Timestamp) { time.withLock { $0 = max($0, moment) } }
}

/// The vault's program, which may have been started anew.
private final class VaultNow: Sendable {
    private let now: Mutex<VaultService>

    init(_ service: VaultService) { now = Mutex(service) }

    var service: VaultService {
        get { now.withLock { $0 } }
        set { now.withLock { $0 = newValue } }
    }
}

/// The way to a party in the same process, from any thread.
struct ServiceWay: Channel, Sendable {
    private let handler: any Handler & Sendable

    init(_ handler: any Handler & Sendable) { self.handler = handler }

    func exchange(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
        try Frame.decode(Frame.answer(handler, endpoint, body))
    }
}

/// A custodian's two answers: site keys, and evaluations that are logged before they are given.
final class BenchCustodian: Handler, Sendable {
    private let index: Int
    private let roster: Roster
    private let chains: ChainSet
    private let clock: BenchClock
    private let vault: VaultNow
    private let signer: NoteSigner
    /// The requests' secrets, which real custodians find sealed to their prekeys.
    let secrets = Mutex<[Digest: (secret: RequestSecret, replyKey: [UInt8])]>([:])
    /// When the last evaluation began and ended.
    let evaluated = Mutex<(from: ContinuousClock.Instant, to: ContinuousClock.Instant)?>(nil)

    fileprivate init(
        _ index: Int, _ roster: Roster, _ chains: ChainSet, _ clock: BenchClock, _ vault: VaultNow
    ) throws {
        self.index = index
        self.roster = roster
        self.chains = chains
        self.clock = clock
        self.vault = vault
        signer = try BenchTown.signer(BenchTown.words[index])
    }

    func handle(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
        do {
            switch endpoint {
            case .grant: return try grant(body)
            case .evaluate:
                let start = ContinuousClock.now
                defer { evaluated.withLock { $0 = (start, .now) } }
                return try evaluate(body)
            default: throw WireProblem.malformed("question to a custodian")
            }
        } catch let problem as WireProblem {
            throw problem
        } catch let error as any CodedError {
            throw WireProblem(code: error.code, sentence: error.sentence)
        } catch {
            throw WireProblem(code: "refused", sentence: "the custodian refuses")
        }
    }

    private func grant(_ body: [UInt8]) throws -> [UInt8] {
        let request = try roster.verify(
            UnverifiedStatement(wire: body), as: GrantRequestBody.self
        ).body
        let hours = (request.firstHour.number...request.lastHour.number).map { Hour(number: $0) }
        let parcel = try chains.siteKeys(site: request.site, hours: hours)
        return try HybridSeal.seal(
            parcel.encode(), to: request.oneTimeKey, info: "platevault/grant/v1" + BenchTown.origin)
    }

    private func evaluate(_ body: [UInt8]) throws -> [UInt8] {
        guard let id = Digest(wire: body), let (secret, replyKey) = secrets.withLock({ $0[id] })
        else {
            throw WireProblem(code: "request-unknown", sentence: "no such request")
        }
        let parcel = try chains.evaluate(plates: secret.plates, cells: secret.cells)
        var items: [EvaluationItem] = []
        for day in secret.days {
            for plate in secret.plates.indices {
                for mask in parcel.masks {
                    let e = try EvaluationDigest.e(
                        request: id, mask: mask, salt: secret.plateSalts[plate], parcel: parcel,
                        plate: plate, day: day)
                    items.append(EvaluationItem(day: day, plate: plate, mask: mask, e: e))
                }
            }
        }
        let statement = EvaluationBody(
            custodian: BenchTown.words[index], request: id, digests: items,
            time: roster.policy.blunt(clock.now))
        _ = try VaultClient(ServiceWay(vault.service)).append(
            [try StatementDraft.sign(statement, under: roster, by: signer)])
        return try HybridSeal.seal(
            try parcel.encode(), to: replyKey, info: "platevault/evaluation/v1" + BenchTown.origin)
    }
}
