import Plates
import Secrets
import Warrants

/// A roster of a vault and three custodians, with keys of which nobody has the secret half.
enum SampleRoster {
    static let origin = "example.org/vault.demo"

    static func fresh() throws -> VerifyingKey {
        try SigningKey(from: SystemRandom()).verifyingKey
    }

    /// The draft, to which a test adds what it needs; `vault` is the vault's key where it has one.
    static func draft(vault: VerifyingKey? = nil) throws -> RosterDraft {
        var draft = RosterDraft(
            vault: VaultParty(
                id: "vault", statementKey: try vault ?? fresh(), logKey: try fresh()),
            threshold: 2, policy: Policy(purposes: ["09A"]))
        for index in 0..<3 {
            draft.add(
                Custodian(
                    id: "custodian-\(index)", name: "Custodian \(index)",
                    institution: "Institution \(index)", place: "Place \(index)",
                    administrator: "Office \(index)", slot: .file, statementKey: try fresh(),
                    cosignKey: try fresh(), officers: []))
        }
        return draft
    }
}
