public import Inquiry
import Ledger
public import Warrants

extension Deployment {
    /// What anybody can check, from nothing but public files: the log's, and those of every
    /// custodian's mirror. `more` are further copies, `claim` is a published chain value to be held
    /// against the log; `progress` is told how many entries are done, of how many.
    public func audit(
        mirrors more: [LogAudit.Mirror] = [], claim: ChainClaim? = nil,
        progress: (UInt64, UInt64) -> Void = { _, _ in }
    ) throws -> AuditReport {
        let own = roster.custodians.enumerated().filter { custodians[$0.offset] != nil }
        let mirrors = own.map { index, party in
            LogAudit.Mirror(
                name: party.id,
                source: FolderTiles(
                    layout.mirror(index, origin: roster.origin), fileSystem: fileSystem))
        }
        return try LogAudit(
            FolderTiles(layout.log + "/public", fileSystem: fileSystem),
            trusting: .roster(roster), mirrors: mirrors + more, at: now, claim: claim
        ).run(progress: progress).report
    }
}
