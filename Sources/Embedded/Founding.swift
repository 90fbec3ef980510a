import Custody
public import Disk
import Ledger
import Plates
public import Secrets
import Warrants
import Wire

extension Deployment {
    /// Makes a deployment in a directory that must not exist: keys, roster, vault, custodians, and
    /// the ceremony of the first generation, so that it can take reads at once. Built beside its
    /// place and renamed as a whole. Throws `deployment-exists`, `ceremony-unfinished`.
    public static func create(
        at root: String, plan: Plan, passphrase: SecretBox? = nil,
        fileSystem: any FileSystem = POSIXFileSystem(), random: any RandomSource = SystemRandom()
    ) throws -> Deployment {
        guard try fileSystem.size(root) == nil else {
            throw EmbeddedError(
                code: "deployment-exists",
                sentence: "\(root) exists already; name another directory")
        }
        let fresh = Layout(root + ".new")
        guard try fileSystem.size(fresh.root) == nil else {
            throw EmbeddedError(
                code: "deployment-exists",
                sentence: "\(fresh.root) is left from an attempt that was cut off; remove it")
        }
        try fileSystem.makeFolder(fresh.root)
        try found(fresh, plan, passphrase, fileSystem, random)
        try fileSystem.synchronize(fresh.root)
        try fileSystem.rename(fresh.root, to: root)
        try fileSystem.synchronize(fileSystem.folder(of: root))
        return try open(
            at: root, passphrase: passphrase, fileSystem: fileSystem, random: random)
    }

    private static func found(
        _ layout: Layout, _ plan: Plan, _ passphrase: SecretBox?,
        _ fileSystem: any FileSystem, _ random: any RandomSource
    ) throws {
        let ring = try KeyRing(
            origin: plan.origin, passphrase: passphrase, fileSystem: fileSystem, random: random)
        let clocks = try Clocks.create(
            layout.clock, origin: plan.origin, start: plan.start, fileSystem: fileSystem)
        let roster = try roster(layout, plan, ring, at: clocks.now)
        let signers = try roster.custodians.enumerated().map { index, party in
            try NoteSigner(
                name: roster.keyName(party.id),
                key: try ring.key(layout.key(layout.custodian(index))))
        }
        let note = try roster.signed(by: signers)
        try fileSystem.create(layout.roster, note)
        try fileSystem.synchronize(layout.roster)
        try fileSystem.create(layout.rosterText, Array(RosterText.print(roster).utf8))
        try fileSystem.synchronize(layout.rosterText)
        let deployment = try Deployment(
            layout, roster, clocks, ring, fileSystem, random, isNew: true)
        _ = try deployment.vault.append([note])
        try deployment.makeGeneration()
    }

    /// The ceremony: one custodian proposes, and each does its part whenever it looks at the log.
    private func makeGeneration() throws {
        try settle()
        try custodians[0]?.propose(first: now.day)
        for _ in 0..<6 {
            let problems = try settle()
            let record = try publicView().record
            if record.generation(for: now.day) != nil, problems.isEmpty { return }
        }
        throw EmbeddedError(
            code: "ceremony-unfinished", sentence: "the custodians did not agree on a generation")
    }

    private static func roster(
        _ layout: Layout, _ plan: Plan, _ ring: KeyRing, at now: Timestamp
    ) throws -> Roster {
        func made(_ folder: String, _ name: String = "key") throws -> VerifyingKey {
            try ring.create("\(folder)/\(name)").verifyingKey
        }
        let vault = VaultParty(
            id: "vault", statementKey: try made(layout.vault),
            logKey: try made(layout.vault, "log.key"))
        var draft = RosterDraft(
            vault: vault, threshold: plan.threshold, policy: Policy(purposes: Plan.purposes))
        for (index, institution) in plan.institutions.enumerated() {
            draft.add(
                Custodian(
                    id: institution.id, name: institution.name, institution: institution.id,
                    // All in one process, and the roster must not pretend otherwise.
                    place: "embedded", administrator: "embedded", slot: .file,
                    statementKey: try made(layout.custodian(index)),
                    cosignKey: try made(layout.custodian(index), "cosign.key"),
                    officers: [
                        Signatory(
                            id: "\(institution.id)-officer", key: try made(layout.officer(index)))
                    ]))
        }
        for (index, name) in plan.sites.enumerated() {
            let number = UInt16(index + 1)
            draft.add(
                Site(
                    id: "site-\(number)", name: name, number: SiteNumber(number: number),
                    keys: [try made(layout.gateway(number))]))
        }
        draft.add(
            Agency(
                id: "police", name: "City Police", institution: "city-police",
                agreementEnds: now.day.adding(365),
                requesters: [Signatory(id: "investigator", key: try made(layout.agency))]))
        draft.add(
            Authority(id: "court", name: "District Court", key: try made(layout.authority)))
        return try draft.roster(origin: plan.origin)
    }
}
