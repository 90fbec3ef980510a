public import Plates
import Secrets

/// What an audit found: counters, days, and everything that is wrong or worth knowing
/// (Docs/Spec/Audit.md). Its JSON is stable.
public struct AuditReport: Hashable, Sendable, Codable {
    /// The log's origin.
    public let origin: String
    /// The time of which it speaks, in milliseconds since 1970.
    public let at: Int64
    /// How many entries were read.
    public let entries: UInt64
    /// SHA-256 of the roster in force, hex.
    public let roster: String
    /// How many custodians there are, and how many a search needs.
    public let custodians: Int
    /// How many custodians a search needs.
    public let threshold: Int
    /// How many requests there are; drills are counted too.
    public let requests: Int
    /// How many evaluations there are.
    public let evaluations: Int
    /// How many disclosures by the vault there are.
    public let disclosures: Int
    /// How many evaluations nobody can hold against their window yet: it is not open.
    public let unverifiable: Int
    /// What became of requests, by agency, purpose and process, ascending.
    public let counters: [AuditCounter]
    /// Drills, by the day they were filed for, ascending.
    public let drills: [AuditDrills]
    /// What each site has closed, ascending by number.
    public let sites: [AuditSite]
    /// Each day's verdict, ascending.
    public let days: [DayReport]
    /// Faults and notices, by index; those about no entry last.
    public private(set) var findings: [Finding]
    /// How many further findings of a code were left out: at most 200 of each are kept.
    public private(set) var omitted: [String: Int]
    /// What was found of the log itself; nil where only its entries were looked at.
    public var log: AuditLog?

    /// Whether nothing is wrong.
    public var isClean: Bool { !findings.contains(where: \.isFault) }

    /// The same report with further findings, such as an auditor's who compared mirrors.
    public func adding(_ more: [Finding]) -> AuditReport {
        var report = self
        var list = FindingList(report.findings, omitted: omitted)
        for finding in more { list.add(finding) }
        (report.findings, report.omitted) = (list.sorted, list.omitted)
        return report
    }

    /// The report as JSON with sorted keys.
    public func json() throws(Refusal) -> [UInt8] { try CanonicalJSON.encode(self) }
}

/// What became of the requests of one agency, purpose and kind of process. Each request has one
/// outcome: filed = waiting + lapsed + denied + withdrawn + evaluated + disclosed.
public struct AuditCounter: Hashable, Sendable, Codable {
    /// The agency's word.
    public let agency: String
    /// The purpose's code; `other` for what no policy can allow.
    public let purpose: String
    /// The kind of process; `other` for what is none.
    public let process: String
    /// Requests in the log.
    public internal(set) var filed = 0
    /// Neither evaluated nor over.
    public internal(set) var waiting = 0
    /// Never evaluated, and too old for it.
    public internal(set) var lapsed = 0
    /// Never evaluated: too many institutions said no.
    public internal(set) var denied = 0
    /// Never evaluated: taken back.
    public internal(set) var withdrawn = 0
    /// Evaluated, and nothing handed over.
    public internal(set) var evaluated = 0
    /// Evaluated, and rows handed over.
    public internal(set) var disclosed = 0
    /// Of those evaluated: holders of all subsets agree, two at least.
    public internal(set) var confirmed = 0
    /// Of those evaluated: one custodian's word stands alone.
    public internal(set) var unconfirmed = 0
    /// Of those evaluated: holders differ.
    public internal(set) var disputed = 0
    /// Cells asked for.
    public internal(set) var cells = 0
    /// Plates asked for.
    public internal(set) var plates = 0
}

/// The drills of a day.
public struct AuditDrills: Hashable, Sendable, Codable {
    /// The day.
    @Plain public var day: Day
    /// How many were filed.
    public internal(set) var filed = 0
    /// How many were evaluated.
    public internal(set) var evaluated = 0
}

/// What a site has closed, and what nobody knows of it.
public struct AuditSite: Hashable, Sendable, Codable {
    /// The site's number.
    @Plain public var site: SiteNumber
    /// The site's name for people.
    public let name: String
    /// Whether the roster in force has it no more.
    public let isRetired: Bool
    /// How many hours it has closed.
    public let closed: Int
    /// How many hours it owes and has not closed: unknown, never empty.
    public let unknown: Int
    /// Those as ranges, first and last hour since 1970, the first 50.
    public let ranges: [[UInt32]]
    /// Of the hours that it has closed, those of which it owes the late tree: what came late is unknown.
    public let lateUnknown: Int
    /// Those as ranges, the first 50.
    public let lateRanges: [[UInt32]]
}

/// What was found of the log itself: its head, who cosigned it, and its mirrors.
public struct AuditLog: Hashable, Sendable, Codable {
    /// A cosignature that holds.
    public struct Cosignature: Hashable, Sendable, Codable {
        /// The custodian's word.
        public let custodian: String
        /// How many entries it covers.
        public let size: UInt64
        /// When, in seconds since 1970, by the custodian's clock.
        public let time: UInt64

        /// A cosignature of its parts.
        public init(custodian: String, size: UInt64, time: UInt64) {
            self.custodian = custodian
            self.size = size
            self.time = time
        }
    }

    /// A further mirror that was looked at.
    public struct Mirror: Hashable, Sendable, Codable {
        /// What it was called on the command line.
        public let name: String
        /// How many entries it has; nil where it could not be read.
        public let size: UInt64?
        /// `equal`, `behind`, `ahead`, `forked`, `unreadable`.
        public let verdict: String

        /// A mirror of its parts.
        public init(name: String, size: UInt64?, verdict: String) {
            self.name = name
            self.size = size
            self.verdict = verdict
        }
    }

    /// How many entries.
    public var size: UInt64
    /// The root over them, hex.
    public var root: String
    /// How many custodians' cosignatures make a checkpoint count.
    public var quorum: Int
    /// How many entries so many custodians have cosigned.
    public var cosigned: UInt64
    /// Each custodian's cosignature over most entries, ascending by its word.
    public var cosignatures: [Cosignature]
    /// The further mirrors, in the order given.
    public var mirrors: [Mirror]

    /// A log of its parts.
    public init(
        size: UInt64, root: String, quorum: Int, cosigned: UInt64,
        cosignatures: [Cosignature], mirrors: [Mirror]
    ) {
        self.size = size
        self.root = root
        self.quorum = quorum
        self.cosigned = cosigned
        self.cosignatures = cosignatures
        self.mirrors = mirrors
    }
}

/// Findings, of each code at most 200: what is wrong a million times is as wrong as once, and an
/// auditor's memory does not grow with it.
struct FindingList: Sendable {
    private(set) var kept: [Finding] = []
    private(set) var omitted: [String: Int] = [:]
    private var counts: [String: Int] = [:]
    private static let most = 200

    init(_ findings: [Finding] = [], omitted: [String: Int] = [:]) {
        self.omitted = omitted
        kept = findings
        for finding in findings { counts[finding.code, default: 0] += 1 }
    }

    mutating func add(_ finding: Finding) {
        guard counts[finding.code, default: 0] < Self.most else {
            omitted[finding.code, default: 0] += 1
            return
        }
        counts[finding.code, default: 0] += 1
        kept.append(finding)
    }

    mutating func fault(_ code: String, _ sentence: String, _ index: UInt64? = nil) {
        add(Finding(code: code, sentence: sentence, index: index))
    }

    mutating func notice(_ code: String, _ sentence: String, _ index: UInt64? = nil) {
        add(Finding(code: code, sentence: sentence, index: index, isFault: false))
    }

    /// By index; those about no entry last, each in the order in which they were found.
    var sorted: [Finding] {
        kept.enumerated().sorted {
            ($0.element.index ?? .max, $0.offset) < ($1.element.index ?? .max, $1.offset)
        }.map(\.element)
    }
}
