public import Disk
import FoundationEssentials
import Ledger
import Plates
public import Secrets
import Vault
import Warrants

/// What came of making a log again from a custodian's mirror.
public struct Rebuilt: Hashable, Sendable {
    /// The custodian whose mirror it was made from.
    public let custodian: String
    /// How many entries the mirror had.
    public let entries: UInt64
    /// Whether the log goes on under a new key, which t custodians have named.
    public let isSuccessor: Bool
}

extension Deployment {
    /// Makes the vault's log again, as a whole, from a custodian's mirror: the vault is gone, or its
    /// log is. The longest mirror is taken, or the one of `custodian`; all others must be its
    /// beginning. With the old log key the log is the same again. Without it, or where `newKey` says
    /// so, t custodians sign a successor (DESIGN section 6) and a roster that names the new keys.
    ///
    /// Built beside its place and renamed as a whole; rows that are gone stay gone. Throws
    /// `log-exists`, `log-key-missing`, `log-key-held`, `log-forked`, `mirror-missing`.
    public static func rebuildLog(
        at root: String, from custodian: String? = nil, newKey: Bool = false,
        passphrase: SecretBox? = nil, fileSystem: any FileSystem = POSIXFileSystem(),
        random: any RandomSource = SystemRandom()
    ) throws -> Rebuilt {
        let layout = Layout(root)
        let first = try Deployment.rosters(layout, fileSystem).first
        guard try fileSystem.size(layout.log) == nil else {
            throw EmbeddedError(
                code: "log-exists",
                sentence: "\(layout.log) is there; move it away before a log is made again")
        }
        let ring = try KeyRing(
            origin: first.origin, passphrase: passphrase, fileSystem: fileSystem, random: random)
        let (name, mirror) = try longest(layout, first, custodian, fileSystem)
        var entries = try mirror.entries(0..<mirror.size)
        let record = try Record(entries: entries, trusted: first.hash)
        let signer = try logSigner(layout, record, ring, newKey, fileSystem)
        if newKey {
            let clocks = try Clocks.open(layout.clock, origin: first.origin, fileSystem: fileSystem)
            entries += try succession(
                layout, record, mirror.head.root, signer, ring, at: clocks.now, fileSystem)
        }
        try write(entries, layout, signer, fileSystem)
        try restoreStores(layout, fileSystem)
        return Rebuilt(custodian: name, entries: mirror.size, isSuccessor: newKey)
    }

    /// The mirror with the most entries; each of the others must be its beginning.
    private static func longest(
        _ layout: Layout, _ roster: Roster, _ wanted: String?, _ fileSystem: any FileSystem
    ) throws -> (String, Mirror) {
        var mirrors: [(id: String, mirror: Mirror)] = []
        for (index, party) in roster.custodians.enumerated() {
            let path = layout.custodian(index) + "/mirror"
            guard try fileSystem.size(path + "/journal") != nil else { continue }
            mirrors.append(
                (
                    party.id,
                    try Mirror.open(
                        at: path, origin: roster.origin, logKey: roster.logKey,
                        fileSystem: fileSystem)
                ))
        }
        let candidates = mirrors.filter { wanted == nil || $0.id == wanted }
        guard let found = candidates.max(by: { $0.mirror.size < $1.mirror.size }) else {
            throw EmbeddedError(
                code: "mirror-missing",
                sentence: "no custodian of that name has a mirror below \(layout.root)")
        }
        for (id, mirror) in mirrors {
            guard mirror.size <= found.mirror.size else {
                throw EmbeddedError(
                    code: "mirror-behind",
                    sentence: "\(id) has cosigned \(mirror.size) entries, \(found.id) only "
                        + "\(found.mirror.size): take the longer mirror, or entries are lost")
            }
            guard try found.mirror.root(at: mirror.size) == mirror.head.root else {
                throw EmbeddedError(
                    code: "log-forked",
                    sentence: "the mirrors of \(id) and \(found.id) hold different logs; their "
                        + "checkpoints prove that the log's key signed both")
            }
        }
        return found
    }

    /// The old key, or a new one in its place.
    private static func logSigner(
        _ layout: Layout, _ record: Record, _ ring: KeyRing, _ isNew: Bool,
        _ fileSystem: any FileSystem
    ) throws -> NoteSigner {
        let path = layout.logKey
        let isHeld = try fileSystem.size(path) != nil
        guard isHeld || isNew else {
            throw EmbeddedError(
                code: "log-key-missing",
                sentence: "the log's key is gone with the vault; with --new-key the custodians "
                    + "sign a successor under a new one")
        }
        guard !isHeld || !isNew else {
            throw EmbeddedError(
                code: "log-key-held",
                sentence: "\(path) is there; move it away before the log goes on under another")
        }
        let signer = try NoteSigner(
            name: record.origin, key: isNew ? try ring.create(path) : try ring.key(path))
        guard isNew || signer.verifierKey == record.logKey else {
            throw EmbeddedError(
                code: "log-key-other", sentence: "\(path) is not the key that signs the log")
        }
        return signer
    }

    /// What t custodians sign: the successor, and a roster that names the vault's keys as they are.
    private static func succession(
        _ layout: Layout, _ record: Record, _ root: Digest, _ signer: NoteSigner,
        _ ring: KeyRing, at now: Timestamp, _ fileSystem: any FileSystem
    ) throws -> [[UInt8]] {
        let roster = record.roster
        let custodians = try roster.custodians.enumerated().prefix(roster.threshold.t).map {
            try NoteSigner(
                name: roster.keyName($1.id),
                key: try ring.key(layout.key(layout.custodian($0))))
        }
        let successor = try roster.signed(
            SuccessorBody(
                logKey: PartyKey(signer.verifierKey.key), root: root, size: record.count,
                time: now), together: custodians)
        let path = layout.key(layout.vault)
        let isHeld = try fileSystem.size(path) != nil
        let statementKey = isHeld ? try ring.key(path) : try ring.create(path)
        var draft = RosterDraft(changing: roster)
        draft.change {
            $0.vault = VaultParty(
                id: $0.vault.id, statementKey: statementKey.verifyingKey,
                logKey: signer.verifierKey.key)
        }
        let next = try draft.roster(origin: roster.origin, previous: roster.hash)
        return [successor, try next.signed(by: custodians)]
    }

    private static func write(
        _ entries: [[UInt8]], _ layout: Layout, _ signer: NoteSigner, _ fileSystem: any FileSystem
    ) throws {
        let fresh = layout.log + ".new"
        if try fileSystem.size(fresh) != nil { try FileManager.default.removeItem(atPath: fresh) }
        try fileSystem.makeFolder(layout.vault)
        let log = try Log.create(
            at: fresh, origin: signer.name, signer: signer, fileSystem: fileSystem)
        for start in stride(from: 0, to: entries.count, by: 1_024) {
            _ = try log.append(Array(entries[start..<min(start + 1_024, entries.count)]))
        }
        try fileSystem.rename(fresh, to: layout.log)
        try fileSystem.synchronize(layout.vault)
    }

    /// Empty stores where they are gone with the vault: what was in them cannot come back.
    private static func restoreStores(_ layout: Layout, _ fileSystem: any FileSystem) throws {
        if try fileSystem.size(layout.rows) == nil {
            _ = try SQLiteRowStore.create(at: layout.rows, fileSystem: fileSystem)
        }
        if try fileSystem.size(layout.mail) == nil {
            _ = try MailBox.create(at: layout.mail, fileSystem: fileSystem)
        }
    }
}
