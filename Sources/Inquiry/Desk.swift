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
    private let mirrors: [(id: String, client: CustodianClient)]

    /// A desk of a party that the roster names, with the ways to the custodians' mirrors.
    public init(
        id: String, signer: NoteSigner, follower: Follower, vault: VaultClient,
        mirrors: [(id: String, client: CustodianClient)]
    ) {
        self.id = id
        self.signer = signer
        self.follower = follower
        self.vault = vault
        self.mirrors = mirrors
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

    /// What the custodians' mirrors show, each asked directly. Throws `log-forked` where one proves
    /// that the log shows different parties different trees.
    public func witnesses() throws -> Witnesses {
        let witnesses = Witnesses(asking: mirrors, own: follower) { checkpoint, client in
            try follower.follow(checkpoint, from: client)
        }
        if let fork = witnesses.fork { throw fork }
        return witnesses
    }

    /// The most entries that at least so many custodians hold, by what their mirrors show and by
    /// their cosignatures on the checkpoint that the vault publishes, if it is the one held here; 0
    /// where there are not so many.
    public func size(heldBy count: Int) throws -> UInt64 {
        var sizes: [String: UInt64] = [:]
        for shown in try witnesses().shown { sizes[shown.custodian] = shown.size }
        if let note = try? Note(wire: try vault.checkpoint()), note.text == mirror.head.text {
            for id in note.cosigners(among: roster.cosigners) {
                sizes[id] = max(sizes[id] ?? 0, mirror.size)
            }
        }
        guard count > 0, sizes.count >= count else { return 0 }
        return sizes.values.sorted(by: >)[count - 1]
    }

    /// The checkpoint held, with the cosignatures over it that the vault publishes and that the
    /// custodians' mirrors bear.
    public func cosign() throws {
        var notes = [try vault.checkpoint()]
        for (_, client) in mirrors {
            if let note = try? client.checkpoint() { notes.append(note) }
        }
        let keys = roster.cosignerKeys
        for wire in notes {
            guard let note = try? Note(wire: wire),
                let cosigned = try? note.keeping(cosignersOf: keys)
            else { continue }
            try mirror.merge(cosigned)
        }
    }

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
