import Ledger
import Plates
import Rows
import Warrants

extension VaultService {
    /// How many rows the vault holds of each day that is over, as a statement of its own that is
    /// published and not logged (`TallyBody`); nil without a signer, or before there is a roster.
    /// Counts only what is closed: what arrives is nobody's to know. Throws the store's errors.
    ///
    /// It leaks to everybody, rounded, how many cars all sites together saw in a day.
    public func tally() throws(StoreError) -> [UInt8]? {
        guard let signer, let roster else { return nil }
        let time = now()
        var counted: [TallyBody.Counted] = []
        for day in try store.days().suffix(TallyBody.maximumDays) where day.end <= time {
            let openings = try store.closings(of: day).map(\.opening)
            guard !openings.isEmpty else { continue }
            counted.append(
                TallyBody.Counted(
                    day: day, hours: UInt64(Set(openings.map(\.cell)).count),
                    // Two leaves of each tree are no rows.
                    rows: openings.reduce(0) { $0 + max($1.tree.size, 2) - 2 }))
        }
        return try Self.refusal { () throws(Refusal) in
            try StatementDraft.sign(
                TallyBody(party: roster.body.vault.id, days: counted, time: time), under: roster,
                by: signer)
        }
    }
}
