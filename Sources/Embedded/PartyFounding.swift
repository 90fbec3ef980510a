public import Disk
import Ledger
public import Plates
public import Secrets
public import Warrants

extension PartyFolder {
    /// Makes a deployment as one directory for each party, to be carried to its own machine: keys,
    /// the first roster signed by all custodians, configurations. Nothing runs yet; the vault and the
    /// custodians make the log and the first generation when they are started.
    ///
    /// This machine has seen all keys, and the roster says that nobody has told where the custodians
    /// stand: whoever wants more makes its own keys, and has a roster name them. Throws
    /// `deployment-exists`.
    public static func found(
        below root: String, plan: Plan, services: String?, places: Places = Places(),
        passphrase: SecretBox? = nil, now: Timestamp,
        fileSystem disk: any FileSystem = POSIXFileSystem(),
        random: any RandomSource = SystemRandom()
    ) throws -> Roster {
        guard try disk.size(root) == nil else {
            throw EmbeddedError(
                code: "deployment-exists",
                sentence: "\(root) exists already; name another directory")
        }
        try disk.makeFolder(root)
        let parties = plan.parties(agreementEnds: now.day.adding(365))
        var edit = RosterEdit()
        for party in parties {
            let keys = try PartyKeys(
                "\(root)/\(party.id)", origin: plan.origin, passphrase: passphrase,
                fileSystem: disk, random: random)
            edit.cards.append(try RosterCard(try keys.make(party)))
        }
        let roster = try RosterText.parse(
            try edit.founding(
                origin: plan.origin, threshold: plan.threshold,
                policy: Policy(purposes: Plan.purposes)))
        let signers = try roster.custodians.map { custodian in
            try Deployment.signer(
                custodian.id, at: "\(root)/\(custodian.id)", passphrase: passphrase,
                fileSystem: disk, random: random, origin: plan.origin)
        }
        let note = try roster.signed(by: signers)
        let table = services ?? Self.usualServices(roster)
        for party in parties {
            try PartyFolder(
                "\(root)/\(party.id)", id: party.id, rosters: note, fileSystem: disk
            ).write(services: table, places: places)
        }
        try disk.synchronize(root)
        return roster
    }

    /// Machines that are called as the parties are, in a network of their own.
    private static func usualServices(_ roster: Roster) -> String {
        let ids = [roster.body.vault.id] + roster.custodians.map(\.id)
        return "[services]\n" + ids.map { "\($0) = \"https://\($0):7443\"\n" }.joined()
    }
}

extension Plan {
    /// Everybody who gets keys.
    func parties(agreementEnds: Day) -> [PartyKeys.Description] {
        var parties = [PartyKeys.Description(.vault, "vault")]
        for institution in institutions {
            var party = PartyKeys.Description(.custodian, institution.id)
            party.fields = [
                ("name", institution.name), ("institution", institution.id),
                // The audit counts independence by these, and nobody has told them.
                ("place", "not told"), ("administrator", "not told"), ("slot", "file"),
            ]
            parties.append(party)
            parties.append(
                PartyKeys.Description(.officer, "\(institution.id)-officer", block: institution.id))
        }
        for (index, name) in sites.enumerated() {
            var party = PartyKeys.Description(.site, "site-\(index + 1)")
            party.fields = [("number", String(index + 1)), ("name", name)]
            parties.append(party)
        }
        var requester = PartyKeys.Description(.requester, "investigator", block: "police")
        requester.fields = [
            ("name", "City Police"), ("institution", "city-police"),
            ("agreement-ends", agreementEnds.text), ("budget", String(Agency.usualBudget)),
        ]
        var authority = PartyKeys.Description(.authority, "court")
        authority.fields = [("name", "District Court")]
        return parties + [requester, authority]
    }
}
