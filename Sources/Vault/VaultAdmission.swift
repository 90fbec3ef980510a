import Ledger
import Plates
import Secrets
import Warrants

// What the vault asks of a statement besides the rules of the log.
extension VaultService {
    /// What is more than a matter of the record: closings need the store, requests the policy.
    func admit(_ entry: Examined, _ record: Record) throws(StoreError) {
        let statement = try Self.refusal(entry.statement.get)
        guard record.index(of: statement.id) == nil else { return }
        switch statement.type {
        case .hourClosed:
            throw StoreError(
                code: "closing-unopened", sentence: "an hour is closed together with its opening")
        case .request:
            let verified: Statement<RequestBody> = try Self.refusal { () throws(Refusal) in
                try record.roster.verify(statement)
            }
            if let refusal = Judge.admission(of: verified.body, in: record, at: now()) {
                throw StoreError(code: refusal.code, sentence: refusal.sentence)
            }
        default: return
        }
    }

    static func isErasure(_ entry: Examined) -> Bool {
        let type = try? entry.statement.get().type
        return type == .dayDestroyed || type == .shred
    }
}
