public import Ledger
public import Plates
public import Secrets
import Synchronization
import Warrants

/// A log as its public pages show it, read from its public files alone, verified, and followed as it
/// grows: each entry is examined once, whoever asks for however many pages.
///
///     let record = PublicRecord(FolderTiles(folder, fileSystem: disk), trusting: hash)
///     try record.follow(at: now)
///     if let snapshot = record.snapshot { … }
public final class PublicRecord: Sendable {
    private struct State {
        var auditor: Auditor?
        var snapshot: PublicSnapshot?
        var head: Checkpoint?
        var lines = EntryLines()
        var rosterPlaces: [UInt64] = []
        var size: UInt64 = 0
    }

    private let source: any TileSource
    private let trusted: Digest?
    /// One reader at a time; whoever asks for pages waits for nobody.
    private let reading = Mutex(State())
    private let shown = Mutex(Shown())

    private struct Shown {
        var snapshot: PublicSnapshot?
        var taken: UInt64 = 0
        var size: UInt64 = 0
    }

    /// The record of the log behind some public files. `trusted` is the hash of its first roster from
    /// a source of trust; nil takes the roster that is there, and the pages say whose word that is.
    public init(_ source: any TileSource, trusting trusted: Digest?) {
        self.source = source
        self.trusted = trusted
    }

    /// What was read last; nil before anything was.
    public var snapshot: PublicSnapshot? { shown.withLock { $0.snapshot } }
    /// How many entries were taken in, and how many the log has: for a page that says so.
    public var progress: (taken: UInt64, size: UInt64) {
        shown.withLock { ($0.taken, $0.size) }
    }

    /// Reads what is new, and makes the snapshot as of a time. Throws what keeps the log from being
    /// read (`checkpoint-missing`, `tile-wrong`, `entry-damaged`, …), `roster-missing` for another
    /// first roster, `log-forked` where the log does not extend what was read before: then the last
    /// snapshot stays.
    public func follow(at now: Timestamp) throws {
        try reading.withLock { state in
            let note = try Note(wire: try source.read(TilePath.checkpoint))
            let head = try Checkpoint(text: note.text)
            if head == state.head, let last = state.snapshot, last.note == note,
                last.now.milliseconds / 60_000 == now.milliseconds / 60_000
            {
                return
            }
            let log = try TiledLog(source, head: head)
            try ensureExtends(log, state)
            shown.withLock { $0.size = head.size }
            try take(log, into: &state)
            guard let auditor = state.auditor else { return }
            state.head = head
            let snapshot = PublicSnapshot(
                log: log, note: note, auditor: auditor, lines: state.lines,
                rosterPlaces: state.rosterPlaces, tally: try? source.read(TallyBody.file), now: now)
            state.snapshot = snapshot
            shown.withLock { $0.snapshot = snapshot }
        }
    }

    private func ensureExtends(_ log: TiledLog, _ state: State) throws {
        guard let old = state.head else { return }
        guard old.size <= log.size, try log.root(at: old.size) == old.root else {
            throw LedgerError(
                code: "log-forked",
                sentence: "the log that is shown now does not extend the one that was read before")
        }
    }

    private func take(_ log: TiledLog, into state: inout State) throws {
        if state.auditor == nil {
            guard log.size > 0 else {
                throw Refusal(.rosterMissing, "the log is empty: no roster, no parties")
            }
            let entry = try UnverifiedStatement(wire: try log.entry(at: 0))
            guard trusted == nil || entry.id == trusted else {
                throw Refusal(.rosterMissing, "the log does not begin with the trusted roster")
            }
            state.auditor = Auditor(trusting: try Roster.first(entry).roster)
        }
        try log.entries(from: state.size, to: log.size) { entries in
            guard var auditor = state.auditor else { return }
            // The only other holder of what it holds, so that nothing is copied.
            state.auditor = nil
            for (entry, examined) in zip(entries, Examined.all(entries, under: auditor.roster)) {
                let now =
                    examined.isCurrent(under: auditor.roster)
                    ? examined : Examined(entry, under: auditor.roster)
                let refusal = auditor.take(now)
                let line = now.line(at: state.size, in: auditor.record, refusal: refusal)
                state.lines.append(line)
                if refusal == nil, line.type == .roster || line.type == .successor {
                    state.rosterPlaces.append(state.size)
                }
                state.size += 1
            }
            state.auditor = auditor
            let taken = state.size
            shown.withLock { $0.taken = taken }
        }
    }
}

/// Lines by their index, in blocks, so that a snapshot shares all but the last with the next.
struct EntryLines: Sendable {
    private static let block = 256
    private var blocks: [[EntryLine]] = []
    private(set) var count = 0
    private(set) var byKind: [StatementType: [UInt64]] = [:]
    private(set) var byAgency: [String: [UInt64]] = [:]
    /// By the day that the statement names.
    private(set) var byDay: [Day: [UInt64]] = [:]
    /// By the entry of the request that they are about.
    private(set) var byRequest: [UInt64: [UInt64]] = [:]
    private(set) var refused: [UInt64] = []

    subscript(index: Int) -> EntryLine { blocks[index / Self.block][index % Self.block] }

    mutating func append(_ line: EntryLine) {
        if count % Self.block == 0 { blocks.append([]) }
        blocks[count / Self.block].append(line)
        count += 1
        if let type = line.type, line.refusal == nil {
            byKind[type, default: []].append(line.index)
        }
        if let agency = line.agency { byAgency[agency, default: []].append(line.index) }
        if let day = line.time?.day { byDay[day, default: []].append(line.index) }
        if let request = line.request { byRequest[request, default: []].append(line.index) }
        if line.refusal != nil { refused.append(line.index) }
    }
}
