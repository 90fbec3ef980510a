import Disk
public import Inquiry
public import Ledger
public import Warrants
import Wire

extension Deployment {
    /// What anybody can check, from nothing but public files: the log's, and those of every
    /// custodian's mirror. `more` are further copies, `claim` is a published chain value to be held
    /// against the log; `progress` is told how many entries are done, of how many.
    public func audit(
        mirrors more: [LogAudit.Mirror] = [], claim: ChainClaim? = nil,
        progress: (UInt64, UInt64) -> Void = { _, _ in }
    ) throws -> AuditReport {
        let (log, own) = try logPlaces()
        return try LogAudit(
            log, trusting: .roster(roster), mirrors: own + more, at: now, claim: claim
        ).run(progress: progress).report
    }

    /// The public files of the log, and those of the mirrors that are in this directory.
    public func logPlaces() throws -> (log: any TileSource, mirrors: [LogAudit.Mirror]) {
        let own = rosterInForce.custodians.enumerated().filter { custodians[$0.offset] != nil }
        let mirrors = own.map { _, party in
            LogAudit.Mirror(
                name: party.id,
                source: FolderTiles(
                    layout.mirror(in: home(of: party.id), origin: roster.origin),
                    fileSystem: fileSystem))
        }
        // A party that has not the vault's files has followed the log into its own.
        let log =
            try fileSystem.size(layout.log) != nil
            ? layout.log + "/public" : try publicView().mirror.publicFolder
        return (FolderTiles(log, fileSystem: fileSystem), mirrors)
    }
}
