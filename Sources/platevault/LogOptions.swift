import ArgumentParser
import Disk
import FoundationEssentials
import Inquiry
import Ledger
import Plates

/// Which log is meant: one by its public files and its first roster, or the deployment's own; and
/// further copies of it.
struct LogOptions: ParsableArguments {
    @Option(help: "A folder or URL with the log's public files; the deployment's where left out.")
    var log: String?

    @Option(help: "The first roster: its hash, or a file with it; from a source that you trust.")
    var roster: String?

    @Option(help: "A folder or URL with a mirror of the log; can be repeated.")
    var mirror: [String] = []

    @Option(
        help: "The time of which it speaks, such as 2026-03-02T06:00:00.000Z or 2026-03-02T06Z.")
    var at: String?

    func validate() throws {
        guard (log == nil) == (roster == nil) else {
            throw ValidationError("--log and --roster go together")
        }
        guard log != nil || at == nil else {
            throw ValidationError("--at is for --log; a deployment has its own time")
        }
    }

    /// The log that was named, and what is trusted of it; nil for the deployment's own.
    func named(
        _ disk: any FileSystem
    ) throws -> (log: any TileSource, trust: LogAudit.Trust)? {
        guard let log, let roster else { return nil }
        return (
            try LogPlace.tiles(log, fileSystem: disk),
            try LogPlace.roster(roster, fileSystem: disk)
        )
    }

    /// The further copies.
    func mirrors(_ disk: any FileSystem) throws -> [LogAudit.Mirror] {
        try mirror.map {
            LogAudit.Mirror(name: $0, source: try LogPlace.tiles($0, fileSystem: disk))
        }
    }

    /// The time that was written; now where none was. Throws `time-malformed`.
    func time() throws -> Timestamp {
        guard let at else {
            return Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
        }
        guard let time = Timestamp(text: at) ?? Hour(text: at)?.start else {
            throw Complaint(
                code: "time-malformed",
                sentence: "--at takes a time such as 2026-03-02T06:00:00.000Z or 2026-03-02T06Z")
        }
        return time
    }
}
