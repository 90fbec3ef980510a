import Ledger
import Plates
import Secrets
import Warrants
import Wire

// Own statements on their way into the log: published at once, again until they are seen there, and
// a reason to stop cosigning where one is kept out.
extension Custodian {
    /// An hour: how long a statement may be kept out of the log before it is not cosigned any more.
    static let patience: Int64 = 3_600_000

    /// Whether one of the own statements has been kept out of the log for an hour, though by the own
    /// copy of the log it might stand there: what the log must refuse is nobody's fault.
    var isWithholding: Bool {
        state.outbox.contains {
            clockTime.milliseconds(since: $0.since) >= Self.patience
                && log.record.refusal(of: $0.note) == nil
        }
    }

    /// Brings the outbox into the log and takes out of it what the own mirror has, and what can
    /// never come in any more. Returns how many were taken out. Throws the first refusal after all
    /// have been tried.
    @discardableResult
    func publish() throws(CustodyError) -> Int {
        guard !state.outbox.isEmpty else { return 0 }
        try renewOutbox()
        var refusal: CustodyError?
        let waiting = state.outbox.map(\.note).filter { !isLogged($0) }
        do throws(WireProblem) {
            if !waiting.isEmpty { _ = try outside.vault.append(waiting) }
        } catch {
            refusal = CustodyError(error)
            // One that is refused must not hold up the others.
            for note in waiting {
                do throws(WireProblem) { _ = try outside.vault.append([note]) } catch {
                    refusal = CustodyError(error)
                }
            }
        }
        if !waiting.isEmpty { try follow() }
        let left = state.outbox.filter { !isLogged($0.note) && !isVain($0.note) }
        let published = state.outbox.count - left.count
        if published > 0 {
            var next = state
            next.outbox = left
            try keep(next)
            // What kept the log from being cosigned may be over.
            try cosignHeld()
        }
        if let refusal, !left.isEmpty { throw refusal }
        return published
    }

    /// Statements that were signed under an earlier roster, once more under the one in force: the
    /// log takes no others.
    private func renewOutbox() throws(CustodyError) {
        var next = state
        var isChanged = false
        for place in next.outbox.indices where !isLogged(next.outbox[place].note) {
            let old = next.outbox[place]
            // What cannot be signed anew stays as it is, and holds nobody else up.
            let signed = try? StatementDraft.renewed(
                old.note, under: roster, by: setting.signer)
            guard let renewed = signed ?? nil else { continue }
            next.outbox[place] = CustodianState.Outgoing(note: renewed, since: old.since)
            isChanged = true
        }
        if isChanged { try keep(next) }
    }

    /// Whether a statement says what the own mirror has from somebody else, or from an earlier life
    /// of this custodian, so that it would be refused for ever.
    private func isVain(_ note: [UInt8]) -> Bool {
        let vain: Set<RefusalCode> = [
            .statementRepeated, .alreadyEvaluated, .checkUnasked, .dayDead, .destructionBackwards,
            .statementStale, .requestUnknown, .generationOutOfTurn, .generationTerms,
            .subsetForeign, .signerUnknown, .shareLost, .openingEarly, .timeExact,
            .statementMalformed,
        ]
        return log.record.refusal(of: note).map { vain.contains($0.reason) } ?? false
    }

    /// Whether a statement counts in the own mirror.
    func isLogged(_ note: [UInt8]) -> Bool {
        guard let statement = try? UnverifiedStatement(wire: note) else { return false }
        return log.holds(statement.id)
    }

    /// Stores a changed state with a statement of the act, publishes it, and returns only when the
    /// statement stands in the own mirror. Throws `statement-unlogged` where it does not.
    func act(
        _ changed: CustodianState, with note: [UInt8], erasing: Bool = false
    ) throws(CustodyError) {
        try keep(changed.sending(note, at: clockTime), erasing: erasing)
        var refusal: CustodyError?
        do throws(CustodyError) { try publish() } catch { refusal = error }
        guard isLogged(note) else {
            throw refusal
                ?? CustodyError(
                    code: "statement-unlogged",
                    sentence: "the act's statement does not stand in the log yet; ask again")
        }
    }
}
