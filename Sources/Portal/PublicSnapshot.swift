public import Ledger
public import Plates
public import Secrets
public import Warrants

/// A log as of one checkpoint and one time: everything that the public pages show. An immutable
/// value; whoever renders from it sees one state.
public struct PublicSnapshot: Sendable {
    /// The time of which it speaks.
    public let now: Timestamp
    /// The audit's report, with `log` as far as the log's own checkpoint tells.
    public let report: AuditReport
    /// The figures of the last 30 days.
    public let figures: Figures
    /// The roster in force.
    public let roster: Roster
    /// The hash of the log's first roster, from which all keys follow.
    public let firstRoster: Digest
    /// Where rosters and successors stand in the log, ascending; the first is 0.
    public let rosterPlaces: [UInt64]
    /// The log's checkpoint, with its cosignatures.
    public let note: Note
    /// Whether the log's key in force signed it.
    public let isSigned: Bool
    /// The head: size, root, cosignatures, mirrors.
    public let head: AuditLog
    /// How many reads the vault says that it holds of each day that is over; nil where these pages
    /// are made without its word.
    public let tally: Tally?
    private let log: TiledLog
    private let list: EntryLines

    init(
        log: TiledLog, note: Note, auditor: Auditor, lines: EntryLines, rosterPlaces: [UInt64],
        tally: [UInt8]?, now: Timestamp
    ) {
        let record = auditor.record
        let roster = record.roster
        let cosignatures = roster.cosigners.compactMap { id, key in
            (try? note.cosignatures(by: [key]))?.first.map {
                AuditLog.Cosignature(custodian: id, size: log.size, time: $0.time)
            }
        }
        head = AuditLog(
            size: log.size, root: log.head.root.hex, quorum: roster.quorum,
            cosigned: cosignatures.count >= roster.quorum ? log.size : 0,
            cosignatures: cosignatures.sorted { $0.custodian < $1.custodian }, mirrors: [])
        var report = auditor.report(at: now)
        report.log = head
        self.report = report
        self.log = log
        self.note = note
        self.now = now
        self.rosterPlaces = rosterPlaces
        self.roster = roster
        list = lines
        figures = auditor.figures(at: now)
        firstRoster = record.rosters.first?.roster.hash ?? roster.hash
        isSigned = note.isSigned(by: record.logKey)
        self.tally = tally.flatMap { Tally($0, in: record) }
    }

    private init(_ other: PublicSnapshot, report: AuditReport) {
        (now, figures, roster) = (other.now, other.figures, other.roster)
        (firstRoster, rosterPlaces) = (other.firstRoster, other.rosterPlaces)
        (note, isSigned, log, list) = (other.note, other.isSigned, other.log, other.list)
        tally = other.tally
        self.report = report
        head = report.log ?? other.head
    }

    /// The same with the report of an audit that compared mirrors, of the same log and time.
    public func with(_ report: AuditReport) -> PublicSnapshot {
        PublicSnapshot(self, report: report)
    }

    /// How many entries it has.
    public var count: Int { list.count }
    /// One entry in a line. The index must be below `count`.
    public func line(_ index: Int) -> EntryLine { list[index] }
    /// The entries of one kind that count, ascending.
    public func entries(of kind: StatementType) -> [UInt64] { list.byKind[kind] ?? [] }
    /// The entries about requests of one agency, ascending.
    public func entries(ofAgency word: String) -> [UInt64] { list.byAgency[word] ?? [] }
    /// The entries that were signed on a day, by their authors' word, ascending.
    public func entries(on day: Day) -> [UInt64] { list.byDay[day] ?? [] }
    /// The entries about the request that stands at an index, ascending, itself the first.
    public func entries(about request: UInt64) -> [UInt64] { list.byRequest[request] ?? [] }
    /// The days on which anything was signed, ascending.
    public var days: [Day] { list.byDay.keys.sorted() }
    /// The kinds that stand in the log, in alphabetical order.
    public var kinds: [StatementType] { list.byKind.keys.sorted { $0.rawValue < $1.rawValue } }
    /// The agencies that asked, in alphabetical order.
    public var agencies: [String] { list.byAgency.keys.sorted() }
    /// The entries that do not count, ascending.
    public var refused: [UInt64] { list.refused }

    /// An entry's bytes, verified to the head's root. Throws what the log's files throw.
    public func entry(at index: UInt64) throws(LedgerError) -> [UInt8] { try log.entry(at: index) }
    /// All entries in order, at most a bundle of 256 at a time, each verified. Throws as `entry`, and
    /// what the body throws.
    func entries(_ body: ([[UInt8]]) throws -> Void) throws {
        try log.entries(to: log.size, body)
    }
    /// The hash of an entry's leaf. Throws as `entry`.
    public func leafHash(at index: UInt64) throws(LedgerError) -> Digest {
        try log.leafHash(at: index)
    }
    /// The proof that an entry stands in the tree of the head, lowest hash first. Throws as `entry`.
    public func proof(of index: UInt64) throws(LedgerError) -> [Digest] {
        try log.inclusionProof(of: index)
    }
}
