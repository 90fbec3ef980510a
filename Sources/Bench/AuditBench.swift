import Disk
import Foundation
import Inquiry
import Ledger
import Plates
import Secrets
import Warrants

/// The audit of a city's log, its three stages apart, beside the plain SHA-256 of the same bundles.
///
/// Also by hand, for the memory that an audit takes, in a process of its own:
///
///     Bench make-log FOLDER ENTRIES
///     Bench audit-log FOLDER
struct AuditBench {
    let folder: String
    let disk: any FileSystem
    private static let count = 200_000

    func run() throws -> [Measure] {
        try Self.make(folder + "/audit", Self.count, disk)
        let source = FolderTiles(folder + "/audit/public", fileSystem: disk)
        var found: [(LogAudit.Speeds, Double)] = []
        for _ in 0..<3 {
            found.append((try Self.audit(source).speeds, try Self.hashing(source)))
        }
        return [
            ("structure", "an audit reads, hashes and parses", \LogAudit.Speeds.structure),
            ("signatures", "an audit verifies statements", \LogAudit.Speeds.signatures),
            ("law", "an audit judges, on one core", \LogAudit.Speeds.law),
        ].map { word, what, speed in
            Measure(
                id: "audit-\(word)-\(Self.count)",
                what: what + "; reference: plain SHA-256 of the same bytes, on one core",
                unit: "entries/s", pairs: found.map { (value: $0[keyPath: speed], reference: $1) })
        }
    }

    /// Writes a log of at least so many entries, to the end of a day.
    static func make(_ path: String, _ count: Int, _ disk: any FileSystem) throws {
        var city = try BenchCity()
        let log = try Log.create(
            at: path, origin: BenchCity.origin, signer: try BenchCity.signer("log"),
            fileSystem: disk)
        _ = try log.append([city.beginning()])
        var offset = 0
        while log.size < count {
            _ = try log.append(try city.entries(of: offset))
            offset += 1
        }
    }

    /// Audits such a log as of its last evening; it must come out clean.
    static func audit(
        _ source: any TileSource
    ) throws -> (report: AuditReport, speeds: LogAudit.Speeds) {
        let city = try BenchCity()
        let now = try PagesBench.evening(source, city)
        let result = try LogAudit(source, trusting: .roster(city.roster), at: now).run()
        guard result.report.isClean else {
            throw InquiryError(
                code: "bench-unclean",
                sentence: result.report.findings.first { $0.isFault }?.sentence ?? "")
        }
        return result
    }

    /// Entries a second of SHA-256 over the bundles' bytes, one after the other.
    private static func hashing(_ source: any TileSource) throws -> Double {
        let head = try Checkpoint(text: Note(wire: source.read(TilePath.checkpoint)).text)
        var bundles: [[UInt8]] = []
        for index in 0...(head.size / 256) {
            let width = Int(min(256, head.size - 256 * index))
            guard width > 0 else { continue }
            bundles.append(try source.read(TilePath.entries(index: index, width: width)))
        }
        var last = Digest.zero
        let time = Measure.seconds { for bundle in bundles { last = Digest(of: bundle) } }
        guard last != .zero else { throw CocoaError(.coderInvalidValue) }
        return Double(head.size) / time
    }

    /// The two commands by hand; false where neither is meant.
    static func command(_ words: [String], _ disk: any FileSystem) throws -> Bool {
        if words.count == 3, words[0] == "make-log", let count = Int(words[2]) {
            try make(words[1], count, disk)
            return true
        }
        guard words.count == 2, words[0] == "audit-log" else { return false }
        let (report, speeds) = try audit(FolderTiles(words[1] + "/public", fileSystem: disk))
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        print("entries \(report.entries), peak memory \(usage.ru_maxrss / 1_024) MiB")
        print(
            "structure \(Int(speeds.structure))/s, signatures \(Int(speeds.signatures))/s, "
                + "law \(Int(speeds.law))/s")
        return true
    }
}
