import Ledger
public import Plates
import Rows
public import Secrets
import Tokens
public import Warrants
public import Wire

/// One gateway process of one site: reads in, sealed rows out, hours closed (Docs/Spec/Gateway.md).
///
/// It holds its own site's keys of a few hours, in guarded memory, and never writes one. A row is
/// sealed once, kept until the vault has it, and sent again as the same bytes: so a counter is
/// used up only when the vault has acknowledged, and one label never names two rows.
///
/// It has no clock and no thread: the caller passes the time, from one thread at a time.
public final class Gateway {
    /// 2 minutes: how far ahead of the gateway's clock a plate may have been seen.
    public static let aheadTolerance: Int64 = 120_000
    /// 5 minutes: how long after its end an hour is closed.
    public static let closingDelay: Int64 = 300_000
    /// The most rows that wait for the vault; beyond, reads are refused as `queue-full`.
    public static let maximumWaiting = 250_000

    /// The eight random bytes of this process.
    public let run: RunID
    /// The site it works for.
    public let site: SiteNumber
    /// The roster it works under.
    public let roster: Roster
    /// Keys that the site had under earlier rosters, each set with the last hour for which it signed
    /// batches: what was handed over before the keys changed belongs to the hours' trees.
    public var formerKeys: [(keys: [PartyKey], last: Hour)] = []
    /// The first hour whose prompt tree it has not closed.
    public internal(set) var firstOpenHour: Hour
    /// The first hour whose late tree it has not closed.
    public internal(set) var firstLateHour: Hour
    /// What became of reads and rows so far.
    public internal(set) var counts = GatewayCounts()
    /// Whether the site has closed an hour's prompt tree, by the caller's own copy of the log; that
    /// another process did is believed by nothing else.
    public var isClosedByLog: (Hour) -> Bool = { _ in false }
    /// The same of an hour's late tree.
    public var isLateClosedByLog: (Hour) -> Bool = { _ in false }

    let key: SigningKey
    let signer: NoteSigner
    let siteID: String
    let vault: VaultClient
    let custodians: [CustodianClient]
    let random: any RandomSource
    let nonces: NonceSource
    /// The key set of each generation, and the generation of each hour of which keys were asked.
    var keySets: [UInt32: SiteKeys] = [:]
    /// The rosters under which generations were made: their orders give the bits.
    var makers: [UInt32: Roster] = [:]
    var generations: [Hour: UInt32] = [:] {
        didSet { firstHourWithKeys = generations.keys.min() }
    }
    private var firstHourWithKeys: Hour?
    /// The rows that were queued since the present message began, and the cells that it opened.
    var trail = MessageTrail()
    /// What is still open, by hour.
    var cells: [Hour: OpenCell] = [:]
    /// Closings that were signed and not yet acknowledged; sent again as they are.
    var closings: [HourOpening.Kind: [Hour: (statement: [UInt8], opening: [UInt8])]] = [:]
    /// Batches that the vault has given of a tree that is to be closed, as far as there was time.
    var fetched: [HourOpening.Kind: (cell: Cell, batches: [BatchLeaves])] = [:]
    /// Differences that stand in the log already.
    var toldDifferences: Set<[String]> = []
    /// Whether photos wait for rows to get through first: the way to the vault was lost over one.
    var photosPaused = false
    /// How far the canary of each day is.
    var canaries: [Day: CanaryState] = [:]

    /// A gateway process. `custodians` are in roster order; `firstOpenHour` is the first hour that
    /// the site has not closed yet, by the log, and `firstLateHour` the first whose late tree it has
    /// not; nil says that no earlier hour is left over. Throws `site-unknown` where the roster has no such
    /// site or not this key for it.
    public init(
        roster: Roster, site: SiteNumber, key: SigningKey, vault: VaultClient,
        custodians: [CustodianClient], firstOpenHour: Hour, firstLateHour: Hour? = nil,
        random: any RandomSource
    ) throws {
        guard let entry = roster.site(site),
            entry.keys.contains(where: { $0.key == key.verifyingKey }),
            custodians.count == roster.custodians.count
        else {
            throw IntakeRefusal(
                "site-unknown", "the roster has no site \(site) with this key, or other custodians")
        }
        self.roster = roster
        self.site = site
        self.key = key
        self.vault = vault
        self.custodians = custodians
        self.firstOpenHour = firstOpenHour
        self.firstLateHour = min(firstLateHour ?? firstOpenHour, firstOpenHour)
        self.random = random
        nonces = NonceSource(from: random)
        siteID = entry.id
        signer = try NoteSigner(name: roster.keyName(entry.id), key: key)
        run = try RunID(bytes: random.bytes(8))
    }

    /// Seals a read and its photos and queues its row, and a row for each candidate that the policy
    /// has indexed. A photo that cannot be kept is left out and counted: the read never is.
    /// Throws `seen-later`, `seen-earlier` (before the oldest hour held, of one whose keys were
    /// erased, or whose late tree is closed), `keys-missing`, `fold-other`, `plate-reserved`, `queue-full`, or what
    /// sealing refuses; each is counted by its code.
    public func take(
        _ read: Read, photos: [Photo] = [], at now: Timestamp
    ) throws(IntakeRefusal) {
        do throws(IntakeRefusal) {
            guard !read.plate.isCanary else {
                throw IntakeRefusal("plate-reserved", "no camera reads the plate of the canaries")
            }
            try seal(read, photos, at: now)
            counts.sealed += 1
            sealCandidates(of: read, at: now)
        } catch {
            counts.refuse(error.code)
            throw error
        }
    }

    /// Seals a read, the canary's too, and queues its row. Throws as `take`.
    func seal(
        _ read: Read, _ photos: [Photo] = [], at now: Timestamp
    ) throws(IntakeRefusal) {
        guard read.seen <= now.adding(milliseconds: Self.aheadTolerance) else {
            throw IntakeRefusal("seen-later", "the read is later than now; check the clocks")
        }
        let hour = read.seen.hour
        guard hour >= max(firstLateHour, firstHourWithKeys ?? hour),
            closings[.late]?[hour] == nil, read.seen >= hour.start,
            // Its counters went with its keys: after a step of the clock they would begin again.
            cells[hour]?.isErased != true
        else {
            throw IntakeRefusal(
                "seen-earlier", "the read is of an hour that is closed or has no keys any more")
        }
        guard read.plate.fold == roster.policy.fold else {
            throw IntakeRefusal("fold-other", "the read was folded otherwise than the roster says")
        }
        guard counts.waiting < Self.maximumWaiting else {
            throw IntakeRefusal("queue-full", "too many rows wait for the vault")
        }
        do throws(TokensError) {
            try seal(read, photos, hour)
        } catch {
            throw IntakeRefusal(error.code, error.sentence)
        }
    }

    /// Seals under the plate's next counter and queues.
    private func seal(_ read: Read, _ photos: [Photo], _ hour: Hour) throws(TokensError) {
        guard let keySet = keySet(of: hour) else {
            throw TokensError(code: "keys-missing", sentence: "the hour's keys are not complete")
        }
        let cell = try openCell(hour)
        let (sealed, shown) = try sealPhotos(photos, of: read, in: cell, keySet)
        let row = try cell.sealer.seal(shown, under: keySet)
        cell.pending.append(row)
        if !sealed.isEmpty { cell.photos[row.label] = sealed }
        trail.note(hour, read.plate)
        counts.waiting += 1
    }

    private func openCell(_ hour: Hour) throws(TokensError) -> OpenCell {
        if let cell = cells[hour] { return cell }
        let isLate =
            hour < firstOpenHour || closings[.prompt]?[hour] != nil || isClosedByLog(hour)
        let cell = OpenCell(
            kind: isLate ? .late : .prompt,
            sealer: try CellSealer(
                cell: Cell(hour: hour, site: site), origin: roster.origin, run: run, nonces: nonces)
        )
        cells[hour] = cell
        trail.note(first: hour)
        return cell
    }
}

/// One hour's rows on their way to the vault.
final class OpenCell {
    /// The tree that rows go to now: the late one once the prompt one is signed.
    private(set) var kind: HourOpening.Kind
    /// The keys of each plate, and its next counter, which goes on in the late tree.
    var sealer: CellSealer
    /// Sealed rows that are in no batch yet.
    var pending: [SealedRow] = []
    /// The rows that the vault has not acknowledged; sent again as the same batch.
    var outstanding: Handover?
    /// Sealed photos whose rows are in no acknowledged batch, by their rows' labels.
    var photos: [Label: [SealedPhoto]] = [:]
    /// Photos that the vault did not take before their rows; tried again, each some times.
    var laggards: [(photo: SealedPhoto, tries: Int)] = []
    /// The number of the next batch.
    var nextNumber: UInt64 = 0
    /// Rows of both trees that the vault has acknowledged; they go in the order in which they came.
    var handed = 0
    /// The roots of the acknowledged batches, by number: what the vault must still have.
    var acknowledged: [UInt64: Digest] = [:]
    /// The root of a batch that was given up unacknowledged: the vault may have it.
    var doubtful: Digest?
    /// Whether plates and counters are gone: no row is sealed here any more.
    private(set) var isErased = false

    init(kind: HourOpening.Kind, sealer: consuming CellSealer) {
        self.kind = kind
        self.sealer = sealer
    }

    /// What is taken from now on is late.
    func closePrompt() {
        kind = .late
        nextNumber = 0
        acknowledged = [:]
        doubtful = nil
    }

    /// What the closing compares with stays; the plates, their keys and their rows do not.
    func erase() {
        isErased = true
        doubtful = (try? outstanding?.batch().root) ?? doubtful
        sealer.erase()
        outstanding = nil
        pending = []
        photos = [:]
        laggards = []
    }

    /// Photos that the vault does not have yet.
    var waitingPhotos: [SealedPhoto] { photos.values.flatMap { $0 } + laggards.map(\.photo) }
    /// Rows that the vault does not have yet.
    var waiting: Int { pending.count + (outstanding?.count ?? 0) }
}

/// Numbers of a gateway process; no plate, no cell.
public struct GatewayCounts: Hashable, Sendable, Codable {
    /// Reads that were sealed.
    public internal(set) var sealed = 0
    /// Rows of other candidates that were sealed besides, as the policy says.
    public internal(set) var candidates = 0
    /// Canaries that were sealed besides.
    public internal(set) var canaries = 0
    /// Rows that wait for the vault.
    public internal(set) var waiting = 0
    /// Rows that the vault has acknowledged.
    public internal(set) var delivered = 0
    /// Batches that the vault has acknowledged.
    public internal(set) var batches = 0
    /// Rows that were given up when their hour's keys were erased.
    public internal(set) var undelivered = 0
    /// Hours closed, quiet ones too.
    public internal(set) var closed = 0
    /// Late trees closed, those without a row too.
    public internal(set) var closedLate = 0
    /// Photos that were sealed beside their reads.
    public internal(set) var photos = 0
    /// Photos that the vault has.
    public internal(set) var photosDelivered = 0
    /// Photos that wait for the vault.
    public internal(set) var photosWaiting = 0
    /// The bytes of the photos that wait.
    public internal(set) var photoBytes = 0
    /// Photos that were left out or given up, by code; their reads were kept.
    public internal(set) var photosLost: [String: Int] = [:]
    /// Reads refused, by code.
    public internal(set) var refused: [String: Int] = [:]

    mutating func refuse(_ code: String) { refused[code, default: 0] += 1 }
    mutating func losePhoto(_ code: String) { photosLost[code, default: 0] += 1 }
}
