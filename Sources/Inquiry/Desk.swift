public import Ledger
import Plates
public import Secrets
public import Warrants
public import Wire

/// One party at work: who it is, its signing key, the log as it follows it, and the way to the
/// vault.
public final class Desk {
    /// The party's word in the roster.
    public let id: String
    let signer: NoteSigner
    let vault: VaultClient
    private let follower: Follower

    /// A desk of a party that the roster names.
    public init(id: String, signer: NoteSigner, follower: Follower, vault: VaultClient) {
        self.id = id
        self.signer = signer
        self.follower = follower
        self.vault = vault
    }

    /// The log's statements as of the last `refresh`.
    public var record: Record { follower.record }
    /// The party's own copy of the log.
    public var mirror: Mirror { follower.mirror }

    /// The roster in force.
    public var roster: Roster { record.roster }

    /// A time as statements about requests may show it.
    func blunt(_ time: Timestamp) -> Timestamp { roster.policy.blunt(time) }

    /// Follows the log to its newest checkpoint. Throws what the mirror refuses.
    public func refresh() throws { try follower.refresh(from: vault) }

    /// Signs a statement, has it logged, and returns its id once it stands in the own mirror.
    /// Throws the vault's refusal, or `statement-withheld` where the vault says that it logged it
    /// and the log does not show it.
    @discardableResult
    public func log(_ body: some StatementBody) throws -> Digest {
        try log(try StatementDraft.sign(body, under: roster, by: signer))
    }

    /// Has a signed statement logged; throws as `log(_:)`.
    @discardableResult
    func log(_ wire: [UInt8]) throws -> Digest {
        let index = try vault.append([wire]).first
        try refresh()
        guard let index, index < mirror.size, try mirror.entry(at: index) == wire else {
            throw InquiryError(
                code: "statement-withheld",
                sentence: "the vault says that it logged a statement which its log does not show")
        }
        return try UnverifiedStatement(wire: wire).id
    }
}
