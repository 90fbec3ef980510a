import Bytes
import Disk
import Ledger
import Plates
import Secrets
import Warrants
import Wire

/// The custodian's own verified view of the log (`Wire.Follower`), with the custodian's errors.
final class LogFollower {
    private let follower: Follower
    private let vault: VaultClient

    private init(_ follower: Follower, _ vault: VaultClient) {
        self.follower = follower
        self.vault = vault
    }

    static func create(
        _ setting: CustodianSetting, _ vault: VaultClient
    ) throws(CustodyError) -> LogFollower {
        do {
            return try over(setting, vault, Mirror.create(at:origin:logKey:cosigner:fileSystem:))
        } catch {
            // A creation that was cut off has left one; it is as good as new.
            guard error.code == "mirror-exists" else { throw error }
            return try open(setting, vault)
        }
    }

    static func open(
        _ setting: CustodianSetting, _ vault: VaultClient
    ) throws(CustodyError) -> LogFollower {
        try over(setting, vault, Mirror.open(at:origin:logKey:cosigner:fileSystem:))
    }

    private static func over(
        _ setting: CustodianSetting, _ vault: VaultClient,
        _ mirror: (
            String, String, NoteVerifierKey, Cosigner?, any FileSystem
        ) throws(LedgerError) -> Mirror
    ) throws(CustodyError) -> LogFollower {
        let roster = setting.roster
        return try onLog {
            let mirror = try mirror(
                setting.folder + "/mirror", roster.origin, roster.logKey, setting.cosigner,
                setting.disk)
            return LogFollower(try Follower(mirror: mirror, trusting: roster), vault)
        }
    }

    var mirror: Ledger.Mirror { follower.mirror }
    var record: Record { follower.record }

    /// The roster in force at the newest entry.
    var roster: Roster { record.roster }

    /// The newest day of a generation that a custodian's statements say is gone.
    func announced(by custodian: String, generation: UInt32) -> Day? {
        record.destroyed(through: generation, by: custodian)
    }

    /// Whether a statement counts in the mirror.
    func holds(_ id: Digest) -> Bool { record.index(of: id) != nil }

    /// Follows the log to its newest checkpoint, and cosigns what it accepts where there is a time.
    /// Throws `log-forked`, `entries-mismatch`, `checkpoint-older` and the like, and what the vault
    /// answers; then nothing has changed.
    func follow(cosignedAt seconds: UInt64?) throws(CustodyError) {
        try Self.onLog { try follower.refresh(from: vault, cosignedAt: seconds) }
    }

    /// What other custodians' mirrors show; one that is ahead is followed.
    func witnesses(
        asking mirrors: [(id: String, client: CustodianClient)], cosignedAt seconds: UInt64?
    ) -> Witnesses {
        Witnesses(asking: mirrors, own: follower) { checkpoint, client in
            try follower.follow(checkpoint, from: client, cosignedAt: seconds)
        }
    }

    /// The own cosignature once more, at a new time.
    func cosign(at seconds: UInt64) throws(CustodyError) {
        try Self.onLog { try mirror.cosign(at: seconds) }
    }

    /// Runs work on the log under the custodian's own error type.
    private static func onLog<Result>(_ work: () throws -> Result) throws(CustodyError) -> Result {
        do {
            return try work()
        } catch let problem as WireProblem {
            // Only the own mirror proves a fork: a vault's word must not halt a custodian for good.
            let code = problem.code == "log-forked" ? "log-failed" : problem.code
            throw CustodyError(code: code, sentence: problem.sentence)
        } catch let error as any CodedError {
            throw CustodyError(code: error.code, sentence: error.sentence)
        } catch {
            throw CustodyError(code: "log-failed", sentence: "the log could not be followed")
        }
    }
}
