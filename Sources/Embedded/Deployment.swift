public import Custody
public import Disk
import Hosting
public import Inquiry
import Ledger
public import Plates
public import Secrets
import Synchronization
import Vault
public import Warrants
public import Wire

/// A directory in which every party of a deployment has its own files, opened in one process.
///
/// Parties meet through channels of encoded messages only. `settle` lets each do by itself what
/// its time asks of it; the time is the deployment's clocks'.
public final class Deployment {
    /// Where everything is.
    public let layout: Layout
    /// The first roster, which everybody here trusts.
    public let roster: Roster
    /// The time.
    public let clocks: Clocks
    /// The custodians that are here, by their bits.
    public let custodians: [Int: Custody.Custodian]
    /// The vault's far side, for whoever wants to stand between it and the others.
    public let vaultHandler: any Handler
    /// Those that a roster has replaced and whose state is here: they still destroy what they hold.
    private let departed: [(id: String, custodian: Custody.Custodian)]
    let services: [Int: CustodianService]
    let service: VaultService?
    private let stores: VaultFiles?
    let network: Network?
    let keyRing: KeyRing
    let fileSystem: any FileSystem
    let random: any RandomSource
    private var desks: [String: Desk] = [:]
    private var followers: [String: Follower] = [:]
    private let down = MachineThatIsDown()

    /// Opens a deployment; `absent` custodians are left out, as if their machines were down. Throws `deployment-missing`, `not-authentic` for another passphrase, and
    /// whatever a party's files throw; the sentence says whose.
    public static func open(
        at root: String, passphrase: SecretBox? = nil, absent: Set<Int> = [],
        fileSystem: any FileSystem = POSIXFileSystem(), random: any RandomSource = SystemRandom()
    ) throws -> Deployment {
        let layout = Layout(root)
        let rosters = try rosters(layout, fileSystem)
        let roster = rosters.first
        let clocks = try Clocks.open(layout.clock, origin: roster.origin, fileSystem: fileSystem)
        let ring = try KeyRing(
            origin: roster.origin, passphrase: passphrase, fileSystem: fileSystem, random: random)
        if try fileSystem.size(layout.services) != nil {
            return try Deployment(connecting: layout, rosters, clocks, ring, fileSystem, random)
        }
        return try Deployment(
            layout, roster, clocks, ring, fileSystem, random, isNew: false, absent: absent)
    }

    /// Reaches the parties' programs, which run as processes of their own: only encoded messages
    /// pass, and none of the parties' stores is opened here.
    private init(
        connecting layout: Layout, _ rosters: RosterChain, _ clocks: Clocks, _ keyRing: KeyRing,
        _ fileSystem: any FileSystem, _ random: any RandomSource
    ) throws {
        self.layout = layout
        let roster = rosters.first
        self.roster = roster
        self.clocks = clocks
        self.keyRing = keyRing
        self.fileSystem = fileSystem
        self.random = random
        let network = try Network(
            layout, rosters.newest,
            home: { layout.home(of: $0, in: roster, fileSystem) }, keyRing, fileSystem)
        self.network = network
        (custodians, services, service, stores) = ([:], [:], nil, nil)
        departed = []
        vaultHandler = Relay(
            network.way(to: rosters.newest.body.vault.id, as: try network.anybody()))
    }

    /// Whether the parties are programs of their own.
    public var isServed: Bool { network != nil }

    /// The vault's stores. Throws `deployment-served` where they are in another process.
    var files: VaultFiles {
        get throws {
            guard let stores else {
                throw EmbeddedError(
                    code: "deployment-served",
                    sentence: "the vault runs as a program of its own; stop it first")
            }
            return stores
        }
    }

    /// The origin of the deployment in a directory. Throws `deployment-missing`.
    public static func origin(
        at root: String, fileSystem: any FileSystem = POSIXFileSystem()
    ) throws -> String { try rosters(Layout(root), fileSystem).first.origin }

    init(
        _ layout: Layout, _ roster: Roster, _ clocks: Clocks, _ keyRing: KeyRing,
        _ fileSystem: any FileSystem, _ random: any RandomSource, isNew: Bool,
        absent: Set<Int> = []
    ) throws {
        self.layout = layout
        self.roster = roster
        self.clocks = clocks
        self.keyRing = keyRing
        self.fileSystem = fileSystem
        self.random = random
        let source = clocks.source
        let signer = try NoteSigner(
            name: roster.origin, key: try keyRing.key(layout.logKey))
        let vault = try VaultFiles(layout, fileSystem, isNew: isNew, roster.origin, signer)
        let service = try VaultService(
            log: vault.log, store: vault.store, mail: vault.mail, trusted: roster.hash,
            signer: try NoteSigner(
                name: roster.keyName(roster.body.vault.id),
                key: try keyRing.key(
                    layout.key(layout.home(of: roster.body.vault.id, in: roster, fileSystem)))),
            now: { source.wall })
        self.service = service
        network = nil
        stores = vault
        vaultHandler = service
        let neighbours = Neighbours()
        var custodians: [Int: Custody.Custodian] = [:]
        let inForce = service.roster ?? roster
        for (index, party) in inForce.custodians.enumerated() where !absent.contains(index) {
            let folder = layout.home(of: party.id, in: roster, fileSystem)
            // Who came later may be on another machine, or have no state yet.
            if roster.custodian(party.id) == nil,
                try fileSystem.size(layout.slot(folder)) == nil
            {
                continue
            }
            let setting = try Self.setting(
                party.id, folder, roster, keyRing, source, service, fileSystem, random
            ) { neighbours.clients }
            custodians[index] =
                isNew
                ? try Custody.Custodian.create(
                    setting, confirmed: clocks.now, lock: try keyRing.stateLock(roster.origin))
                : try Custody.Custodian.open(
                    setting, passphrase: keyRing.passphraseForStates(roster.origin))
        }
        self.custodians = custodians
        departed = try service.formerCustodians.filter { id in
            try fileSystem.size(layout.slot(layout.home(of: id, in: roster, fileSystem))) != nil
        }.compactMap { id in
            let folder = layout.home(of: id, in: roster, fileSystem)
            let setting = try Self.setting(
                id, folder, roster, keyRing, source, service, fileSystem, random
            ) { neighbours.clients }
            do {
                let lock = keyRing.passphraseForStates(roster.origin)
                return (id, try Custody.Custodian.open(setting, passphrase: lock))
            } catch let error as CustodyError where error.code == "custody-shredded" {
                return nil
            }
        }
        let services = custodians.mapValues { CustodianService($0, followsFirst: true) }
        self.services = services
        neighbours.services = services.map { (id: inForce.custodians[$0].id, service: $1) }
    }

    /// The wall clock's time.
    public var now: Timestamp { clocks.now }

    /// The way to the vault, for whoever has any key here.
    public var vault: VaultClient { VaultClient(LoopbackChannel(vaultHandler)) }

    /// The way to the vault as a party, by its word.
    func vault(as id: String) -> VaultClient {
        network.map { VaultClient($0.way(to: rosterInForce.body.vault.id, as: id)) } ?? vault
    }

    /// The ways to the custodians as a party, in the order of their bits.
    func custodianClients(as id: String) -> [CustodianClient] {
        rosterInForce.custodians.enumerated().map { index, party in
            if let network { return CustodianClient(shared: network.way(to: party.id, as: id)) }
            return CustodianClient(
                services[index].map { LoopbackChannel($0) } ?? LoopbackChannel(down))
        }
    }

    /// The ways to the custodians for whoever has any key here.
    public var custodianClients: [CustodianClient] {
        custodianClients(as: anybody)
    }

    /// Any party whose key is here; in one process it does not matter who asks.
    private var anybody: String { (try? network?.anybody()) ?? "" }

    /// The ways to the custodians' mirrors as a party, by the custodians' words.
    func mirrors(as id: String) -> [(id: String, client: CustodianClient)] {
        zip(rosterInForce.custodians, custodianClients(as: id)).map { (id: $0.id, client: $1) }
    }

    /// The ways to the custodians' mirrors, by the custodians' words.
    public var mirrors: [(id: String, client: CustodianClient)] {
        mirrors(as: anybody)
    }

    /// Every custodian's and the vault's own duties, until nobody has anything left to say: days
    /// that are due destroyed and announced, prekeys published, dead days dropped, photos tidied. Returns the
    /// problems, each with its custodian's word.
    @discardableResult
    public func settle() throws -> [(custodian: String, problem: CustodyError)] {
        // Programs of their own do it by themselves.
        guard let service else { return [] }
        let problems = try settleCustodians()
        try service.expire()
        try service.tidyPhotos()
        return problems
    }

    /// The custodians' part of `settle`; the vault may be removing files of dead days still.
    public func settleCustodians() throws -> [(custodian: String, problem: CustodyError)] {
        var problems: [(String, CustodyError)] = []
        for _ in 0..<4 {
            problems = []
            var published = 0
            for (index, party) in rosterInForce.custodians.enumerated() {
                guard let report = try custodians[index]?.tick() else { continue }
                published += report.published
                problems += report.problems.map { (party.id, $0) }
            }
            for (id, custodian) in departed {
                problems += try custodian.tick().problems.map { (id, $0) }
            }
            // Who comes first sees the others' cosignatures of before, and once more those of now.
            if published == 0, !problems.contains(where: { $0.1.code == "clock-differs" }) {
                break
            }
        }
        return problems
    }

    /// The desk of a requester, officer or authority: its key, its own copy of the log, and the way
    /// to the vault, or to whoever stands in the vault's place.
    public func desk(_ id: String, at other: (any Handler)? = nil) throws -> Desk {
        if other == nil, let desk = desks[id] { return desk }
        guard isHere(id) || !rosterInForce.statementKeys(of: id).isEmpty else {
            throw EmbeddedError(
                code: "party-unknown",
                sentence: "the roster has no requester, officer or authority "
                    + "of that name; platevault status names them")
        }
        let folder = home(of: id)
        let desk = Desk(
            id: id,
            signer: try NoteSigner(
                name: roster.keyName(id), key: try keyRing.key(layout.key(folder))),
            follower: try follower(folder),
            vault: other.map { VaultClient(LoopbackChannel($0)) } ?? vault(as: id),
            mirrors: mirrors(as: id))
        if other == nil { desks[id] = desk }
        return desk
    }

    /// The log as anybody sees it: a copy of its own, refreshed now.
    func publicView() throws -> Follower {
        let follower = try follower(layout.auditor)
        guard let network else {
            try follower.refresh(from: vault)
            return follower
        }
        // What is here may know a newer roster than the file does.
        if follower.record.count > 0 { network.follow(follower.record.roster) }
        do {
            try follower.refresh(from: vault)
        } catch let problem as WireProblem where problem.code == "unreachable" {
            // Its key may have changed since: the custodians' mirrors tell, and are verified alike.
            for (_, client) in mirrors { try? follower.refresh(from: client) }
            guard follower.record.roster != network.inForce else { throw problem }
            network.follow(follower.record.roster)
            try follower.refresh(from: vault)
        }
        network.follow(follower.record.roster)
        return follower
    }

    /// A party's view of the log through its own mirror, made at first use.
    /// One for each folder: a mirror's files have one writer.
    func follower(_ folder: String) throws -> Follower {
        if let follower = followers[folder] { return follower }
        let follower = try LogCopy.open(in: folder, trusting: roster, disk: fileSystem)
        followers[folder] = follower
        return follower
    }
}

/// The custodians as each of them reaches the others; known once all have been made.
private final class Neighbours {
    // The custodians hold this, and this must not hold them.
    private struct Way {
        let id: String
        weak var service: CustodianService?
    }

    private var ways: [Way] = []

    var services: [(id: String, service: CustodianService)] {
        get { ways.compactMap { way in way.service.map { (way.id, $0) } } }
        set { ways = newValue.map { Way(id: $0.id, service: $0.service) } }
    }

    var clients: [(id: String, client: CustodianClient)] {
        services.sorted { $0.id < $1.id }.map {
            (id: $0.id, client: CustodianClient(LoopbackChannel($0.service)))
        }
    }
}

/// The vault's three stores.
struct VaultFiles {
    let log: Log
    let store: SQLiteRowStore
    let mail: MailBox

    init(
        _ layout: Layout, _ fileSystem: any FileSystem, isNew: Bool, _ origin: String,
        _ signer: NoteSigner
    ) throws {
        let mailPath = layout.mail
        if isNew {
            log = try Log.create(
                at: layout.log, origin: origin, signer: signer, fileSystem: fileSystem)
            store = try SQLiteRowStore.create(at: layout.rows, fileSystem: fileSystem)
            mail = try MailBox.create(at: mailPath, fileSystem: fileSystem)
        } else {
            log = try Log.open(
                at: layout.log, origin: origin, signer: signer, fileSystem: fileSystem)
            store = try SQLiteRowStore.open(at: layout.rows, fileSystem: fileSystem)
            mail = try MailBox.open(at: mailPath, fileSystem: fileSystem)
        }
    }
}

/// The far side of a channel to a machine that does not answer.
private final class MachineThatIsDown: Handler {
    func handle(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
        throw WireProblem(code: "custodian-down", sentence: "the custodian's machine is down")
    }
}
