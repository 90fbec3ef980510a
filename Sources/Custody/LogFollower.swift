import Bytes
import Ledger
import Plates
import Secrets
import Warrants
import Wire

/// The custodian's own verified copy of the log, and what it says.
///
/// Nothing that the vault sends counts before the mirror has recomputed the root over it. An entry
/// that is no valid statement keeps its index and counts for nothing.
final class LogFollower {
    let mirror: Ledger.Mirror
    private let vault: VaultClient
    private(set) var record: Record

    private init(
        _ mirror: Ledger.Mirror, _ setting: CustodianSetting
    ) throws(CustodyError) {
        self.mirror = mirror
        vault = setting.vault
        record = Record(trusting: setting.roster)
        try takeIn()
    }

    static func create(_ setting: CustodianSetting) throws(CustodyError) -> LogFollower {
        let roster = setting.roster
        let mirror: Ledger.Mirror
        do throws(LedgerError) {
            mirror = try Mirror.create(
                at: setting.folder + "/mirror", origin: roster.origin, logKey: roster.logKey,
                fileSystem: setting.disk)
        } catch {
            // A creation that was cut off has left one; it is as good as new.
            guard error.code == "mirror-exists" else { throw CustodyError(error) }
            return try open(setting)
        }
        return try LogFollower(mirror, setting)
    }

    static func open(_ setting: CustodianSetting) throws(CustodyError) -> LogFollower {
        let roster = setting.roster
        let mirror: Ledger.Mirror
        do throws(LedgerError) {
            mirror = try Mirror.open(
                at: setting.folder + "/mirror", origin: roster.origin, logKey: roster.logKey,
                fileSystem: setting.disk)
        } catch {
            throw CustodyError(error)
        }
        return try LogFollower(mirror, setting)
    }

    /// The roster in force at the newest entry.
    var roster: Roster { record.roster }

    /// The newest day of a generation that a custodian's statements say is gone.
    func announced(by custodian: String, generation: UInt32) -> Day? {
        record.destroyed(through: generation, by: custodian)
    }

    /// Whether a statement counts in the mirror.
    func holds(_ id: Digest) -> Bool { record.index(of: id) != nil }

    /// Follows the log to its newest checkpoint. Throws `log-forked`, `entries-mismatch`,
    /// `checkpoint-older` and the like, and what the vault answers; then nothing has changed.
    func follow() throws(CustodyError) {
        let note = try onWire { () throws(WireProblem) in try vault.checkpoint() }
        do {
            try mirror.advance(to: note) { try self.entries($0) }
        } catch let error as LedgerError {
            throw CustodyError(error)
        } catch let problem as WireProblem {
            throw CustodyError(problem)
        } catch {
            throw CustodyError(code: "log-failed", sentence: "the log could not be followed")
        }
        try takeIn()
    }

    /// The vault may send fewer than asked for, so it is asked again, but never for nothing.
    private func entries(_ range: Range<UInt64>) throws(WireProblem) -> [[UInt8]] {
        var entries: [[UInt8]] = []
        while entries.count < range.count {
            let rest = (range.lowerBound + UInt64(entries.count))..<range.upperBound
            let more = try vault.entries(rest)
            guard !more.isEmpty, more.count <= rest.count else {
                throw WireProblem(
                    code: "entries-count", sentence: "the vault does not send its log's entries")
            }
            entries += more
        }
        return entries
    }

    private func takeIn() throws(CustodyError) {
        while record.count < mirror.size {
            let end = min(record.count + 256, mirror.size)
            do throws(LedgerError) {
                for entry in try mirror.entries(record.count..<end) { record.append(entry) }
            } catch {
                throw CustodyError(error)
            }
        }
    }
}
