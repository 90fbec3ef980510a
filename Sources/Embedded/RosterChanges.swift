import Custody
public import Disk
public import Ledger
import Plates
public import Secrets
import Vault
public import Warrants
import Wire

// Rosters of a deployment, or of one party that has nothing but its own folder: which is in force,
// who is here by it, and how a new one comes into force.
extension Deployment {
    /// The first roster, which everything is checked against, and what followed as far as the
    /// folder's own file says. Throws `deployment-missing`.
    static func rosters(_ layout: Layout, _ fileSystem: any FileSystem) throws -> RosterChain {
        guard try fileSystem.size(layout.roster) != nil else {
            throw EmbeddedError(
                code: "deployment-missing",
                sentence: "there is no deployment in \(layout.root); make one with platevault init")
        }
        return try RosterChain(wire: try fileSystem.read(layout.roster))
    }

    /// The rosters that a folder's own file knows, without asking anybody. Throws
    /// `deployment-missing`.
    public static func rosters(
        at root: String, fileSystem: any FileSystem = POSIXFileSystem()
    ) throws -> RosterChain { try rosters(Layout(root), fileSystem) }

    /// The roster in force, as far as it is known here.
    public var rosterInForce: Roster { network?.inForce ?? service?.roster ?? roster }

    /// Where a party's files are, or would be.
    func home(of id: String) -> String { layout.home(of: id, in: roster, fileSystem) }

    /// Whether a party's key is here.
    public func isHere(_ id: String) -> Bool {
        ((try? fileSystem.size(layout.key(home(of: id)))) ?? nil) != nil
    }

    /// All rosters of the log, as of now; where the vault cannot be reached, as of when the log was
    /// followed last: between a roster that names another key of the vault and its restart with that
    /// key it answers nobody.
    public func rosters() throws -> RosterChain {
        let view: Follower
        do {
            view = try publicView()
        } catch let problem as WireProblem where problem.code == "unreachable" {
            view = try follower(layout.auditor)
            guard view.record.count > 0 else { throw problem }
        }
        return try RosterChain(
            notes: try view.record.rosters.map { try view.mirror.entry(at: $0.index) })
    }

    /// Writes the log's rosters into the folder's own file, so that it knows them without asking;
    /// the first stays the one that was trusted. Throws `roster-succession` for another log's.
    public func keepRosters() throws -> RosterChain {
        let known = try Self.rosters(layout, fileSystem)
        let chain = try known.extended(with: try rosters().notes)
        try fileSystem.replace(layout.roster, chain.encode())
        return chain
    }

    /// Has a roster logged that t custodians have signed; from its place on it is in force. Throws
    /// `roster-signatures` before anything is sent where signatures are missing, the vault's refusal,
    /// and `statement-withheld` where its log does not show it.
    public func submit(_ proposal: RosterProposal) throws -> RosterSubmission {
        let before = try publicView().record.roster
        let wire = proposal.note.encode()
        _ = try before.successor(try UnverifiedStatement(wire: wire))
        let way = network == nil ? vault : vault(as: try network?.anybody() ?? "")
        let index = try way.append([wire]).first
        let view = try publicView()
        guard let index, index < view.mirror.size, view.record.roster == proposal.roster else {
            throw EmbeddedError(
                code: "statement-withheld",
                sentence: "the vault says that it logged a roster which its log does not show")
        }
        return RosterSubmission(
            index: index, roster: proposal.roster, newcomers: try setUpNewcomers())
    }

    /// A party's signer, by the key that is here. Throws `key-missing`.
    public static func signer(
        _ id: String, at root: String, passphrase: SecretBox?,
        fileSystem: any FileSystem = POSIXFileSystem(), random: any RandomSource = SystemRandom(),
        origin: String
    ) throws -> NoteSigner {
        let layout = Layout(root)
        let ring = try KeyRing(
            origin: origin, passphrase: passphrase, fileSystem: fileSystem, random: random)
        let first = try? rosters(layout, fileSystem).first
        let folder = first.map { layout.home(of: id, in: $0, fileSystem) } ?? "\(root)/\(id)"
        guard try fileSystem.size(layout.key(folder)) != nil else {
            throw EmbeddedError(
                code: "key-missing", sentence: "the key of \(id) is not in \(folder)")
        }
        return try NoteSigner(name: "\(origin)/\(id)", key: try ring.key(layout.key(folder)))
    }
}

/// What came of a new roster.
public struct RosterSubmission: Sendable {
    /// Where it stands in the log.
    public let index: UInt64
    /// The roster in force from there on.
    public let roster: Roster
    /// Custodians whose keys are here and who were set up, without a share.
    public let newcomers: [String]
}

extension Deployment {
    /// What a custodian's core needs, in one process with the vault.
    static func setting(
        _ id: String, _ folder: String, _ roster: Roster, _ keyRing: KeyRing,
        _ clock: any ClockSource, _ service: VaultService, _ fileSystem: any FileSystem,
        _ random: any RandomSource,
        mirrors: @escaping () -> [(id: String, client: CustodianClient)]
    ) throws -> CustodianSetting {
        var setting = CustodianSetting(
            folder: folder, roster: roster, custodian: id,
            signer: try NoteSigner(
                name: roster.keyName(id), key: try keyRing.key(folder + "/key")),
            cosigner: try Cosigner(
                name: roster.keyName(id), key: try keyRing.key(folder + "/cosign.key")),
            clock: clock, vault: VaultClient(LoopbackChannel(service)), mirrors: mirrors,
            disk: fileSystem, random: random)
        setting.newest = service.roster
        return setting
    }

    /// Custodians that came with a later roster and whose keys are here get a folder with no share
    /// in it; the next generation gives them theirs. Returns their words.
    private func setUpNewcomers() throws -> [String] {
        guard let service else { return [] }
        var words: [String] = []
        for party in rosterInForce.custodians where roster.custodian(party.id) == nil {
            let folder = home(of: party.id)
            guard isHere(party.id), try fileSystem.size(layout.slot(folder)) == nil else {
                continue
            }
            let setting = try Self.setting(
                party.id, folder, roster, keyRing, clocks.source, service, fileSystem, random
            ) { [] }
            _ = try Custody.Custodian.create(
                setting, confirmed: now, lock: try keyRing.stateLock(roster.origin))
            words.append(party.id)
        }
        return words
    }
}
