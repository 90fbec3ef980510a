import Wire

/// A custodian's ways to the others. An act may talk to many of them, and each may let it wait for
/// as long as the channel's deadline; so every exchange first asks whether a destruction has become
/// due. Then the act ends (`destruction-due`; ask again), and the keys wait for one exchange at most.
final class Outside {
    private let setting: CustodianSetting
    /// Set once the custodian has been made.
    weak var custodian: Custodian?

    init(_ setting: CustodianSetting) { self.setting = setting }

    /// The way to the vault.
    private(set) lazy var vault = setting.vault.gated { [weak self] () throws(WireProblem) in
        try self?.ensureNothingDue()
    }

    /// The ways to the custodians' mirrors, as they are now.
    var mirrors: [(id: String, client: CustodianClient)] {
        setting.mirrors().map { mirror in
            let client = mirror.client.gated { [weak self] () throws(WireProblem) in
                try self?.ensureNothingDue()
            }
            return (id: mirror.id, client: client)
        }
    }

    private func ensureNothingDue() throws(WireProblem) {
        guard custodian?.isDestructionDue == true else { return }
        throw WireProblem(
            code: "destruction-due", sentence: "keys are due to be destroyed first; ask again")
    }
}
