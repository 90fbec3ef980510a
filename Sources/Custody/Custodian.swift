import Bytes
public import Disk
public import Ledger
public import Plates
public import Secrets
import Tokens
public import Warrants
public import Wire

/// What a custodian's program hands in: who it is, what it trusts from outside, and its doors.
public struct CustodianSetting {
    /// The folder that is this custodian's alone.
    public let folder: String
    /// The first roster, from a source that the administrator trusts.
    public let roster: Roster
    /// The custodian's word in the roster.
    public let custodian: String
    /// The key under which it signs its statements; the key's file is the program's.
    public let signer: NoteSigner
    /// The key under which it cosigns what its mirror holds; another one than the signer's.
    public let cosigner: Cosigner
    /// The machine's clocks.
    public let clock: any ClockSource
    /// The way to the vault.
    public let vault: VaultClient
    /// The disk.
    public let disk: any FileSystem
    /// Where randomness comes from.
    public let random: any RandomSource
    /// The ways to the other custodians' mirrors, by their words; asked for whenever they are needed.
    public var mirrors: () -> [(id: String, client: CustodianClient)]
    /// The newest roster that its program knows, where that is another than the first: who came with it
    /// needs no log to know itself.
    public var newest: Roster?
    /// Whether it proposes generation 1 by itself, at bit 0 and once all custodians are there.
    public var proposesFirst = false
    /// Called after a destruction and before it is announced, so that a program of its own can
    /// start anew (exec) and no heap keeps a copy; nothing in process. The state on disk is whole
    /// then, no file is open, and what is left to be said is said by the new program's first tick.
    public var startAnew: (() -> Void)?

    /// A setting of its parts.
    public init(
        folder: String, roster: Roster, custodian: String, signer: NoteSigner,
        cosigner: Cosigner, clock: any ClockSource, vault: VaultClient,
        mirrors: @escaping () -> [(id: String, client: CustodianClient)],
        disk: any FileSystem, random: any RandomSource = SystemRandom()
    ) {
        self.folder = folder
        self.roster = roster
        self.custodian = custodian
        self.signer = signer
        self.cosigner = cosigner
        self.clock = clock
        self.vault = vault
        self.mirrors = mirrors
        self.disk = disk
        self.random = random
    }
}

/// One custodian with its state, its mirror of the log and its clock.
///
/// Every act follows one order: the changed state is stored with the act's statement in its outbox;
/// the statement is published; it is seen in this custodian's own mirror; only then is anything
/// answered. A crash in between leaves a statement that is published again, never an answer
/// without one. Destruction alone waits for nobody.
public final class Custodian {
    let setting: CustodianSetting
    let log: LogFollower
    /// The ways out; each asks first whether something is due to be destroyed.
    let outside: Outside
    private let store: StateStore
    /// The state as the disk has it; changed by `keep` and `destroyDue` only.
    private(set) var state: CustodianState
    private var clock: OneClock
    /// The instant that the prepared state is made for.
    private var preparedFor: Timestamp?
    /// Whether the log was fetched since the custodian was opened: before, it uses no key.
    var isCaughtUp = false
    /// Whether enough other custodians' mirrors have been seen since it was opened: before, it uses
    /// no key either, because an old image of its disk and an old log look well together.
    var isConfirmed = false
    /// The checkpoint that was handed to the vault with the own cosignature.
    var handedOver: [UInt8]?
    /// Whose letters had not come when the ceremony under way was looked at last.
    var lettersMissing: [String] = []
    /// How often in a row letters of it were looked for in vain since this custodian was opened.
    var vainLooks = 0
    /// Milliseconds by which the own clock is ahead of what t others have cosigned; nil where fewer
    /// have been seen.
    var clockDifference: Int64?
    /// When the checkpoint held was cosigned last.
    var cosigned: Timestamp?

    /// Two hours: how long before its due instant a destruction is prepared.
    static let preparationTime: Int64 = 7_200_000
    /// A minute: how far the clock may move before it is stored again.
    private static let clockSaving: Int64 = 60_000

    private init(
        _ setting: CustodianSetting, _ store: StateStore, _ state: CustodianState,
        _ log: LogFollower, _ outside: Outside
    ) {
        self.setting = setting
        self.outside = outside
        self.store = store
        self.state = state
        self.log = log
        clock = state.clock
        outside.custodian = self
    }

    /// Makes a custodian without any share in a folder that holds none. `confirmed` is the time
    /// that its administrator has seen and confirmed. Throws `custody-exists`, `slot-unerasable`
    /// (origins that end in `.demo` count as told), `clock-unconfirmed`, `signer-unknown`.
    public static func create(
        _ setting: CustodianSetting, confirmed: Timestamp, lock: StateLock = .none
    ) throws(CustodyError) -> Custodian {
        let clock = try OneClock(starting: setting.clock, confirmed: confirmed)
        let state = CustodianState(
            roster: setting.roster.hash, custodian: setting.custodian, clock: clock)
        let outside = Outside(setting)
        let log = try LogFollower.create(setting, outside.vault)
        try check(setting, log)
        let store = try StateStore.create(
            in: setting.folder, content: try state.encode(), lock: lock,
            erasability: setting.roster.origin.hasSuffix(".demo") ? .toldThatItCannot : .required,
            disk: setting.disk, random: setting.random)
        return Custodian(setting, store, state, log, outside)
    }

    /// Opens the custodian in a folder. It destroys what is due at its next `tick`, and uses no key
    /// before it has followed the log. Throws `custody-missing`, `share-lost`, `state-sealed`,
    /// `custodian-other` for another's folder, `custody-shredded` (`shred` tells the log), and what a damaged mirror throws.
    public static func open(
        _ setting: CustodianSetting, passphrase: SecretBox? = nil
    ) throws(CustodyError) -> Custodian {
        if try Shredding.isMarked(setting.folder, setting.disk) {
            // One that was cut off ends here, whatever else happens.
            try StateStore.shred(setting.folder, setting.disk)
            throw Shredding.shredded
        }
        let (store, content) = try StateStore.open(
            in: setting.folder, passphrase: passphrase, disk: setting.disk,
            random: setting.random)
        let state = try CustodianState(wire: content)
        guard state.custodian == setting.custodian, state.roster == setting.roster.hash else {
            throw CustodyError(
                code: "custodian-other",
                sentence: "\(setting.folder) belongs to another custodian or another roster")
        }
        let outside = Outside(setting)
        let log = try LogFollower.open(setting, outside.vault)
        try check(setting, log)
        return Custodian(setting, store, state, log, outside)
    }

    /// The keys must be this custodian's in the first roster or in one that followed it: who came
    /// later finds itself in the log. One that was removed still has to destroy what it holds.
    private static func check(
        _ setting: CustodianSetting, _ log: LogFollower
    ) throws(CustodyError) {
        let known = [setting.roster, setting.newest ?? setting.roster]
        if isNamed(setting, in: known + log.record.rosters.map(\.roster)) { return }
        try log.follow(cosignedAt: nil)
        guard isNamed(setting, in: log.record.rosters.map(\.roster)) else {
            throw CustodyError(
                code: "signer-unknown",
                sentence: "no roster has a custodian \(setting.custodian) with these keys")
        }
    }

    private static func isNamed(_ setting: CustodianSetting, in rosters: [Roster]) -> Bool {
        rosters.contains { roster in
            roster.custodianIndex(setting.custodian) != nil
                && roster.statementKeys(of: setting.custodian).contains(setting.signer.verifierKey)
                && roster.cosignerKey(of: setting.custodian) == setting.cosigner.verifierKey
        }
    }

    var origin: String { setting.roster.origin }
    var name: String { setting.custodian }
    /// The roster in force at the newest entry followed.
    var roster: Roster { log.roster }
    /// The roster in force by the own mirror, for whoever connects to others under it.
    public var rosterInForce: Roster { roster }
    /// The own place in the roster in force; nil where it has this custodian no more, or not yet.
    var ownIndex: Int? { roster.custodianIndex(name) }
    /// The own bit in the subset masks of what is made under the roster in force.
    var index: Int { ownIndex ?? 0 }

    /// The custodian's time, after new readings.
    func now() -> Timestamp { clock.read(setting.clock) }

    /// Whether something is due to be destroyed by now; the clock that is kept does not move.
    var isDestructionDue: Bool {
        var peek = clock
        let time = peek.read(setting.clock)
        return state.nextDue(approvalDays: approvalDays).map { $0 <= time } ?? false
    }

    /// Within a day after a boot: steps the clock forward to the t-th latest cosignature time of the
    /// other custodians, and destroys at once what is due then.
    func stepClockForward(to trusted: Timestamp) throws(CustodyError) {
        guard trusted > now(), clock.mayStep else { return }
        clock.stepForward(trusted: trusted, reading: setting.clock)
        try keep(state)
        if try destroyDue(now()) { try announce() }
    }

    /// Whether the clock may still step forward.
    var mayStepClock: Bool { clock.mayStep }

    /// Stores a changed state, and with it what becomes of it where something stands prepared.
    /// `erasing` gives the preparation up for a fresh root key at once, because something is gone
    /// from the state that no file may hold any longer.
    func keep(_ changed: CustodianState, erasing: Bool = false) throws(CustodyError) {
        var next = changed
        next.clock = clock
        let content = try next.encode()
        if erasing {
            try store.prepare(content)
            preparedFor = nil
            _ = try store.commit()
        } else if store.isPrepared, let due = preparedFor {
            let later = try next.erased(at: due, approvalDays: approvalDays).encode()
            try store.save(content, prepared: SecretBox(later))
        } else {
            try store.save(content, prepared: nil)
        }
        state = next
    }

    var approvalDays: Int { roster.policy.approvalDays }

    /// Stores the clock where it has moved by more than a minute since it was stored last.
    func keepClock() throws(CustodyError) {
        let moved = clock.now.milliseconds(since: state.clock.now)
        if moved >= Self.clockSaving { try keep(state) }
    }

    /// Erases what is due, whoever may be out of reach: commits what stands prepared for this day,
    /// or prepares it now. Returns whether anything was erased.
    func destroyDue(_ now: Timestamp) throws(CustodyError) -> Bool {
        guard let due = state.nextDue(approvalDays: approvalDays), due <= now else { return false }
        if preparedFor?.day != now.day || !store.isPrepared {
            try store.prepare(try state.erased(at: now, approvalDays: approvalDays).encode())
        }
        preparedFor = nil
        let content = try store.commit()
        state = try CustodianState(wire: content)
        setting.startAnew?()
        return true
    }

    /// Makes the state of the next due instant ready, from two hours before it.
    func prepareNext(_ now: Timestamp) throws(CustodyError) {
        guard !store.isPrepared, let due = state.nextDue(approvalDays: approvalDays), due > now,
            due.milliseconds(since: now) <= Self.preparationTime
        else { return }
        try keep(state)
        try store.prepare(try state.erased(at: due, approvalDays: approvalDays).encode())
        preparedFor = due
    }

    /// Erases forward to where the own statements in the log say that it was before: a state that
    /// is older than what was announced is a restored one. Returns what it found, by generation.
    func destroyAnnounced() throws(CustodyError) -> [(generation: UInt32, found: Day, to: Day)] {
        var next = state
        var found: [(generation: UInt32, found: Day, to: Day)] = []
        let time = now()
        for place in next.shares.indices {
            let share = next.shares[place]
            guard let announced = log.announced(by: name, generation: share.generation),
                announced >= share.oldest
            else { continue }
            next.shares[place] = try share.advanced(to: announced.next)
            next.shares[place].announced = announced.next
            found.append((share.generation, share.oldest, announced))
            // With the same commit: a crash leaves both or neither.
            let body = RolledBackBody(
                custodian: name, generation: share.generation, announced: announced,
                found: share.oldest, time: time)
            next = next.sending(try signed(body), at: time)
        }
        guard !found.isEmpty else { return [] }
        try store.prepare(try next.encode())
        preparedFor = nil
        state = try CustodianState(wire: try store.commit())
        setting.startAnew?()
        return found
    }

    /// Lets go of every key in memory.
    func forget() {
        state.shares = []
        state.prekeys = []
        state.ceremony = nil
        state.openings = []
    }

    /// Throws `custody-shredded` once that has begun, be it by another program; what this one was
    /// writing meanwhile, a root key perhaps, is then erased once more.
    func ensureNotShredded() throws(CustodyError) {
        guard try Shredding.isMarked(setting.folder, setting.disk) else { return }
        forget()
        try StateStore.shred(setting.folder, setting.disk)
        throw Shredding.shredded
    }

    /// The custodian's time at the last reading.
    var clockTime: Timestamp { clock.now }
    /// Whether a destruction stands prepared.
    var isPrepared: Bool { store.isPrepared }

    var slotKind: SlotKind { roster.custodian(name)?.slot ?? .file }

    /// A statement of this custodian under the roster in force.
    func signed(_ body: some StatementBody) throws(CustodyError) -> [UInt8] {
        do throws(Refusal) {
            let note = try StatementDraft.sign(body, under: roster, by: setting.signer)
            // What the log could not hold must not get into the state either.
            guard note.count <= UnverifiedStatement.sizeLimit else {
                throw Refusal(
                    .statementMalformed,
                    "the statement has \(note.count) bytes, more than the log takes; ask for fewer "
                        + "days or plates at once")
            }
            return note
        } catch {
            throw CustodyError(error)
        }
    }
}
