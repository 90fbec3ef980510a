import Foundation
public import Ledger
public import Plates
public import Secrets
public import Warrants

/// The audit of a whole log from its public files, with nothing but the first roster
/// (Docs/Spec/Audit.md). It streams: of the log, a few thousand entries are in memory at a time.
///
/// Each run of entries goes through three stages, of which the first two use all cores:
/// (a) it is read, hashed, compared with the tiles up to the checkpoint's root, and its shape read;
/// (b) every statement's JSON, author and signature are verified under the roster in force at the
/// run's beginning, and once more where a roster in the run has changed it;
/// (c) the `Auditor` takes them in, one after the other.
public struct LogAudit: Sendable {
    /// What the auditor trusts.
    public enum Trust: Sendable {
        /// The log's first roster.
        case roster(Roster)
        /// Its hash: the log's first entry must be it.
        case hash(Digest)

        /// The first roster's hash.
        public var hash: Digest {
            switch self {
            case .roster(let roster): roster.hash
            case .hash(let hash): hash
            }
        }
    }

    /// A further copy of the log, such as a custodian's mirror.
    public struct Mirror: Sendable {
        /// What it is called in findings.
        public let name: String
        /// Its public files.
        public let source: any TileSource

        /// A copy under a name.
        public init(name: String, source: any TileSource) {
            self.name = name
            self.source = source
        }
    }

    /// Entries a second, stage by stage.
    public struct Speeds: Hashable, Sendable, Codable {
        /// Reading, hashing, and the statements' shape, on all cores.
        public var structure = 0.0
        /// JSON, authors and signatures, on all cores.
        public var signatures = 0.0
        /// The law, on one.
        public var law = 0.0
    }

    let source: any TileSource
    let trust: Trust
    let mirrors: [Mirror]
    let now: Timestamp
    private let claim: ChainClaim?
    private let lanes: Int
    private static let run = 2_048
    /// How long it takes to ask for checkpoints: a custodian may cosign meanwhile.
    var passed: @Sendable (ContinuousClock.Instant) -> Duration = { ContinuousClock.now - $0 }

    /// An audit of a log as of a time. `claim` is a published chain value to be held against it.
    public init(
        _ source: any TileSource, trusting trust: Trust, mirrors: [Mirror] = [], at now: Timestamp,
        claim: ChainClaim? = nil, lanes: Int? = nil
    ) {
        self.source = source
        self.trust = trust
        self.mirrors = mirrors
        self.now = now
        self.claim = claim
        self.lanes = max(1, lanes ?? ProcessInfo.processInfo.activeProcessorCount)
    }

    /// Goes through the log; `progress` is told how many entries are done, of how many. Throws what
    /// keeps it from beginning: no checkpoint, a tree whose edge is not its root, another first
    /// roster. What is wrong later is a finding.
    public func run(
        progress: (UInt64, UInt64) -> Void = { _, _ in }
    ) throws -> (report: AuditReport, speeds: Speeds) {
        let begun = ContinuousClock.now
        // The mirrors first: one that knows more than the log shows afterwards has been shown more.
        let seen = mirrors.map { mirror in (mirror, MirrorHead(mirror.source)) }
        let note = try Note(wire: try source.read(TilePath.checkpoint))
        let asking = passed(begun)
        let head = try Checkpoint(text: note.text)
        let log = try TiledLog(source, head: head)
        let first = try first(of: log)
        guard head.origin.utf8.elementsEqual(first.origin.utf8) else {
            throw Refusal(.statementOfOtherLog, "the checkpoint is not of the roster's log")
        }
        var auditor = Auditor(trusting: first, claim: claim)
        var meter = Meter()
        let broken = take(log, into: &auditor, &meter, progress)
        let check = HeadCheck(
            log: log, note: note, record: auditor.record,
            now: now.adding(milliseconds: Int64(asking / .milliseconds(1))))
        var report = auditor.report(
            at: broken == nil ? now : min(now, auditor.record.time), isWhole: broken == nil)
        report = report.adding(
            [broken].compactMap { $0 } + successions(of: auditor.record, in: log))
        let (state, findings) = check.result(seen.map { ($0.name, $1) })
        report.log = state
        return (report.adding(findings), meter.speeds)
    }

    /// The first roster, which the log's first entry must be.
    private func first(of log: TiledLog) throws -> Roster {
        guard log.size > 0 else {
            throw Refusal(.rosterMissing, "the log is empty: no roster, no parties")
        }
        let entry = try UnverifiedStatement(wire: try log.entry(at: 0))
        guard entry.id == trust.hash else {
            throw Refusal(.rosterMissing, "the log does not begin with the trusted roster")
        }
        if case .roster(let roster) = trust { return roster }
        return try Roster.first(entry).roster
    }

    /// Takes in all entries; returns where they end too early, and why.
    private func take(
        _ log: TiledLog, into auditor: inout Auditor, _ meter: inout Meter,
        _ progress: (UInt64, UInt64) -> Void
    ) -> Warrants.Finding? {
        var next: UInt64 = 0
        while next < log.size {
            let starts = (0..<2 * lanes).map { next + UInt64($0 * Self.run) }
                .filter { $0 < log.size }
            let runs = meter.time(\.structure) {
                Lanes.map(starts.count, lanes: lanes) { Run(log, from: starts[$0], Self.run) }
            }
            let roster = auditor.roster
            let examined = meter.time(\.signatures) {
                Lanes.map(runs.count, lanes: lanes) { place in
                    runs[place].statements.map { Examined($0, under: roster) }
                }
            }
            for (run, entries) in zip(runs, examined) {
                meter.time(\.law) { for entry in entries { auditor.take(entry) } }
                meter.count += entries.count
                next += UInt64(entries.count)
                guard let error = run.error else { continue }
                return Warrants.Finding(
                    code: error.code,
                    sentence: "\(error.sentence); nothing after it could be looked at",
                    index: next)
            }
            progress(next, log.size)
        }
        return nil
    }

    /// A successor names the root of everything before it.
    private func successions(of record: Record, in log: TiledLog) -> [Warrants.Finding] {
        record.successions.compactMap { logged in
            guard let root = try? log.root(at: logged.index), root != logged.body.root else {
                return nil
            }
            return Warrants.Finding(
                code: "successor-root",
                sentence: "the successor names another root than the entries before it have",
                index: logged.index)
        }
    }
}

/// A run of entries as far as it could be read: each one in the tree, its shape read.
private struct Run: Sendable {
    var statements: [Result<UnverifiedStatement, Refusal>] = []
    var error: LedgerError?

    init(_ log: TiledLog, from start: UInt64, _ count: Int) {
        statements.reserveCapacity(count)
        do {
            let end = min(start + UInt64(count), log.size)
            try log.entries(from: start, to: end) { entries in
                for entry in entries { statements.append(Self.shape(entry)) }
            }
        } catch {
            self.error =
                error as? LedgerError
                ?? LedgerError(code: "tile-missing", sentence: "the log could not be read")
        }
    }

    private static func shape(_ entry: [UInt8]) -> Result<UnverifiedStatement, Refusal> {
        do throws(Refusal) {
            return .success(try UnverifiedStatement(wire: entry))
        } catch {
            return .failure(error)
        }
    }
}

/// How long each stage took.
private struct Meter {
    struct Spans {
        var structure = Duration.zero
        var signatures = Duration.zero
        var law = Duration.zero
    }

    var count = 0
    private var spans = Spans()

    mutating func time<Result>(
        _ stage: WritableKeyPath<Spans, Duration>, _ body: () -> Result
    ) -> Result {
        let clock = ContinuousClock()
        let start = clock.now
        let result = body()
        spans[keyPath: stage] += clock.now - start
        return result
    }

    var speeds: LogAudit.Speeds {
        func rate(_ span: Duration) -> Double {
            let (seconds, attoseconds) = span.components
            let time = Double(seconds) + Double(attoseconds) * 1e-18
            return time > 0 ? (Double(count) / time).rounded() : 0
        }
        return LogAudit.Speeds(
            structure: rate(spans.structure), signatures: rate(spans.signatures),
            law: rate(spans.law))
    }
}
