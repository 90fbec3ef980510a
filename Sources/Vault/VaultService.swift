public import Ledger
public import Plates
import Rows
public import Secrets
import Synchronization
import Warrants
public import Wire

/// The vault as the other parties see it: encoded messages in, encoded answers out.
///
/// It answers one message at a time. Its record of the log is built when it is made, and every
/// statement is checked against it before it is appended; a closed hour stands in the store before
/// it stands in the log, and what a crash left between the two is appended when it is made again.
public final class VaultService: Handler, Sendable {
    // A camera's clock may run ahead of the vault's by this much (DESIGN section 5).
    static let futureMinutes: Int64 = 2
    static let maximumNotes = 4_096
    static let maximumAnswer = 4 << 20
    // Half of what comes over a way between programs; nothing is disclosed that cannot arrive.
    static let maximumLookup = 32 << 20

    struct State {
        // Nil as long as the log is empty: then nothing but a first roster is taken.
        var record: Record?
    }

    let log: Log
    let store: any RowStore
    let mail: MailBox
    let trusted: Digest?
    let signer: NoteSigner?
    let now: @Sendable () -> Timestamp
    private let later: any Later
    private let state: Mutex<State>
    // Whether the store may have closings that the log does not have; set while the record is held.
    let isLogBehind: Mutex<Bool>

    /// A vault on its log, its store and its mail box. `trusted` is the hash of the log's first
    /// roster, nil to take the one that stands or comes there; `signer` has the vault's statement
    /// key, for the disclosures that it logs (nil logs none); `later` does what no answer waits for;
    /// `now` is the vault's clock.
    ///
    /// Finishes what a crash cut short: appends closings that only the store has, and drops days
    /// that died. Throws `log-failed`, `roster-missing` and the store's errors.
    public init(
        log: Log, store: any RowStore, mail: MailBox, trusted: Digest?,
        signer: NoteSigner? = nil, later: any Later = LaterQueue(),
        now: @escaping @Sendable () -> Timestamp
    ) throws(StoreError) {
        self.log = log
        self.store = store
        self.mail = mail
        self.trusted = trusted
        self.signer = signer
        self.later = later
        self.now = now
        var record: Record?
        if log.size > 0 {
            let entries = try Self.ledger { () throws(LedgerError) in
                try log.entries(0..<log.size)
            }
            record = try Self.refusal { () throws(Refusal) in
                try Record(entries: entries, trusted: trusted)
            }
        }
        guard record.map({ $0.logKey == log.verifierKey }) ?? true else {
            throw StoreError(
                code: "log-key-other",
                sentence: "the log goes on under another key than this vault signs with")
        }
        state = Mutex(State(record: record))
        isLogBehind = Mutex(record != nil)
        try logClosings()
        try expire()
    }

    /// Answers one message of whoever it may be: all in one process, where nobody is a stranger.
    public func handle(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
        try handle(endpoint, body, from: nil)
    }

    /// Answers one message of a party of the roster, by its word; nil where all stand in one process.
    /// Rows and photos of a request go to its requester alone. Throws the refusal as a problem with
    /// its code.
    public func handle(
        _ endpoint: Endpoint, _ body: [UInt8], from caller: String?
    ) throws(WireProblem) -> [UInt8] {
        do throws(StoreError) {
            switch endpoint {
            case .logCheckpoint: return log.checkpoint
            case .logEntries: return try entries(body)
            case .logCosign: return try cosign(body)
            case .logAppend: return try append(body)
            case .rowsBatch: return try keep(body)
            case .rowsBatches: return try batches(body, of: caller)
            case .hoursClose: return try close(body)
            case .rowsLookup: return try lookup(body, from: caller)
            case .rowsMeasure: return try measure(body, from: caller)
            case .photosPut: return try keepPhotos(body)
            case .photosGet: return try photos(body, from: caller)
            case .mailPut: return try put(body, from: caller)
            case .mailGet: return try get(body)
            case .grant, .evaluate, .docket, .mirrorResource, .mirrorAddCheckpoint,
                .mirrorAddEntries:
                throw StoreError(
                    code: "endpoint-unknown", sentence: "a vault does not answer \(endpoint)")
            }
        } catch {
            throw WireProblem(code: error.code, sentence: error.sentence)
        }
    }

    /// Drops every day that is dead by the log, with its files, after an earlier attempt that failed
    /// too; they are gone when this returns. Appends closings that only the store has. Throws the
    /// store's errors, and `log-failed`.
    public func expire() throws(StoreError) {
        var failure: StoreError?
        func attempt(_ body: () throws(StoreError) -> Void) {
            do throws(StoreError) {
                try body()
            } catch {
                failure = failure ?? error
            }
        }
        for day in try store.days() where isDead(day) {
            attempt { () throws(StoreError) in try store.expire(day) }
        }
        attempt { () throws(StoreError) in try mail.expire(at: now()) }
        attempt { () throws(StoreError) in try logClosings() }
        if let failure { throw failure }
    }

    /// What a statement of destruction asks for before it is answered: nothing of a day that is dead by
    /// the log can be found any more, over a crash too. Its files go right afterwards (`expire`): they
    /// can be gigabytes, and whose word has made the day dead does not wait for them.
    private func markDead() throws(StoreError) {
        var failure: StoreError?
        let dead = try store.days().filter { isDead($0) }
        for day in dead {
            do throws(StoreError) {
                try store.markDead(day)
            } catch {
                failure = failure ?? error
            }
        }
        if !dead.isEmpty { later.add { [self] () throws(StoreError) in try expire() } }
        if let failure { throw failure }
    }

    /// Drops one day that is dead by the log. Throws `day-alive` for one that is not.
    public func expire(_ day: Day) throws(StoreError) {
        guard isDead(day) else {
            throw StoreError(code: "day-alive", sentence: "day \(day) is not dead by the log")
        }
        try store.expire(day)
    }

    func isDead(_ day: Day) -> Bool {
        state.withLock { $0.record?.report(on: day, at: now())?.verdict == .dead }
    }

    /// Works under the lock with the record. Throws `roster-missing` before there is one.
    func withRecord<Result>(
        _ body: (inout Record) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        try state.withLock { (state: inout State) throws(StoreError) -> Result in
            guard var record = state.record else {
                throw StoreError(
                    code: "roster-missing", sentence: "the vault's log has no roster yet")
            }
            // Moved out and back, so that appending to it copies nothing.
            state.record = nil
            defer { state.record = record }
            return try body(&record)
        }
    }

    // MARK: The log

    private func entries(_ body: [UInt8]) throws(StoreError) -> [UInt8] {
        let (first, last) = try Message.range(body)
        guard first <= last, last <= log.size else {
            throw StoreError(
                code: "entries-missing", sentence: "the log does not have entries up to \(last)")
        }
        var answer: [[UInt8]] = []
        var size = 0
        for index in first..<last where size < Self.maximumAnswer {
            let entry = try Self.ledger { () throws(LedgerError) in try log.entry(at: index) }
            answer.append(entry)
            size += entry.count + 4
        }
        return ByteList.encode(answer)
    }

    /// Takes custodians' cosignatures of the present checkpoint into what the log publishes. One of
    /// an earlier checkpoint is of no use any more, and no error.
    private func cosign(_ body: [UInt8]) throws(StoreError) -> [UInt8] {
        let keys = try withRecord { (record) throws(StoreError) in
            try catchUp(&record)
            return record.roster.cosignerKeys
        }
        let cosigned: Note?
        do throws(LedgerError) {
            cosigned = try Note(wire: body).keeping(cosignersOf: keys)
        } catch {
            throw StoreError(
                code: "cosignature-wrong",
                sentence: "the message is no checkpoint, or a cosignature on it is not valid")
        }
        if let cosigned {
            try Self.ledger { () throws(LedgerError) in _ = try log.add(cosignatures: cosigned) }
        }
        return []
    }

    private func append(_ body: [UInt8]) throws(StoreError) -> [UInt8] {
        let notes = try Message.list(body)
        guard notes.count <= Self.maximumNotes else { throw Message.malformed("list of notes") }
        try begin(notes)
        // Most of what a statement costs needs nothing of the log, and nobody waits for it. What the log
        // has costs nothing.
        let statements = notes.map { note in
            Result { () throws(Refusal) in try UnverifiedStatement(wire: note) }
        }
        for statement in statements { _ = try Self.refusal(statement.get) }
        let (roster, known) = try withRecord { record in
            (
                record.roster,
                statements.map { (try? $0.get()).map { record.index(of: $0.id) != nil } ?? false }
            )
        }
        let entries = Examined.fresh(statements, known: known, under: roster)
        let indices = try withRecord { (record) throws(StoreError) in
            for entry in entries { try admit(entry, record) }
            return try append(entries, to: &record)
        }
        if entries.contains(where: Self.isErasure) { try markDead() }
        return Message.indices(indices)
    }

    /// Takes the first roster into an empty log; of several who bring it one is first.
    private func begin(_ notes: [[UInt8]]) throws(StoreError) {
        guard let first = notes.first else { return }
        try state.withLock { (state: inout State) throws(StoreError) in
            guard state.record == nil else { return }
            // What the disk refused before may stand in the log all the same.
            let standing = try Self.ledger { () throws(LedgerError) in
                try log.recover()
                return try log.entries(0..<log.size)
            }
            let record = try Self.refusal { () throws(Refusal) in
                try Record(entries: standing.isEmpty ? [first] : standing, trusted: trusted)
            }
            if standing.isEmpty {
                try Self.ledger { () throws(LedgerError) in _ = try log.append([first]) }
            }
            state.record = record
        }
    }

    /// Appends what is not there yet, all or none, and gives the index of each.
    func append(_ notes: [[UInt8]], to record: inout Record) throws(StoreError) -> [UInt64] {
        try append(Examined.all(notes, under: record.roster), to: &record)
    }

    /// The same of notes that were examined; those under another roster than the one in force are
    /// examined once more.
    private func append(
        _ entries: [Examined], to record: inout Record
    ) throws(StoreError) -> [UInt64] {
        try catchUp(&record)
        // One note, the usual case, is checked without a copy of the record.
        var trial: Record? = entries.count > 1 ? record : nil
        var fresh: [(entry: Examined, note: [UInt8])] = []
        var indices: [UInt64] = []
        for entry in entries {
            let statement = try Self.refusal(entry.statement.get)
            if let index = (trial ?? record).index(of: statement.id) {
                indices.append(index)
                continue
            }
            if let refusal = (trial ?? record).refusal(of: entry) {
                throw StoreError(code: refusal.code, sentence: refusal.sentence)
            }
            indices.append(record.count + UInt64(fresh.count))
            fresh.append((entry, statement.wire))
            trial?.append(entry)
        }
        _ = try Self.ledger { () throws(LedgerError) in try log.append(fresh.map(\.note)) }
        if let trial {
            record = trial
        } else {
            for (entry, _) in fresh { record.append(entry) }
        }
        return indices
    }

    /// Goes on after an error of the log's disk, such as a full one that has room again. What was
    /// refused then may stand in the log all the same.
    private func catchUp(_ record: inout Record) throws(StoreError) {
        let missing = try Self.ledger { () throws(LedgerError) in
            try log.recover()
            return try log.entries(record.count..<max(record.count, log.size))
        }
        for entry in missing { record.append(entry) }
    }

    static func ledger<Result>(
        _ body: () throws(LedgerError) -> Result
    ) throws(StoreError) -> Result {
        do throws(LedgerError) {
            return try body()
        } catch {
            let code = error.code == "disk-full" ? SQLiteFile.full : "log-failed"
            throw StoreError(code: code, sentence: error.sentence)
        }
    }

    static func refusal<Result>(
        _ body: () throws(Refusal) -> Result
    ) throws(StoreError) -> Result {
        do throws(Refusal) {
            return try body()
        } catch {
            throw StoreError(code: error.code, sentence: error.sentence)
        }
    }
}
