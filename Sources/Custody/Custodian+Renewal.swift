import Ledger
import Plates
import Secrets
import Tokens
import Warrants

// Generations follow each other by themselves: the next one is proposed when it is owed, and what
// is held of the others shrinks to what is still used. Spec: Docs/Spec/Ceremony.md.
extension Custodian {
    /// Ten minutes for each place in the roster: who is first proposes, the others need not.
    private static let proposalPause: Int64 = 600_000

    /// Proposes the generation that is owed, unless one is being made. Of two proposals at once the
    /// log takes the first, and both custodians go on with it.
    func renewGeneration(_ time: Timestamp) throws(CustodyError) {
        let record = log.record
        guard state.halted == nil, let place = ownIndex,
            let renewal = record.renewal(at: time), let newest = record.newestProposed,
            waiting(GenerationBody.self).isEmpty
        else { return }
        var begin = max(renewal.due, renewal.retry)
        if record.isUnderWay(newest), renewal.allows(newest, at: time) {
            begin = max(begin, newest.deadline)
        }
        guard time >= begin.adding(milliseconds: Int64(place) * Self.proposalPause) else { return }
        let proposal = GenerationProposal(
            custodian: name, generation: newest.number + 1, first: renewal.first, under: roster,
            time: time)
        try keep(state.sending(try signed(GenerationBody.propose(proposal)), at: time))
    }

    /// Lets go of shares that can be of no use any more, and of those that have done their duty; and
    /// takes note of the last day that uses each of the others.
    func settleShares() throws(CustodyError) {
        var next = state
        next.shares.removeAll { !isOfUse($0) || isDone($0) }
        var isErasing = next.shares.count != state.shares.count
        var isChanged = isErasing
        for place in next.shares.indices {
            let share = next.shares[place]
            guard let generation = log.record.generations[share.generation] else { continue }
            let last = log.record.lastDay(of: generation)
            if last < share.last {
                next.shares[place].last = last
                isChanged = true
            }
            // It was down for so long that it went past the last day without knowing it for such.
            if share.chains != nil, share.oldest > last, share.announced == share.oldest {
                next.shares[place].chains = nil
                isErasing = true
            }
        }
        guard isChanged || isErasing else { return }
        try keep(next, erasing: isErasing)
    }

    /// Whether the generation of a share is used, or may yet become final.
    private func isOfUse(_ share: CustodianState.Share) -> Bool {
        guard let generation = log.record.generations[share.generation] else { return true }
        return generation.isUsable || log.record.isUnderWay(generation)
    }

    /// Whether nothing is left of a share, and the log has it.
    private func isDone(_ share: CustodianState.Share) -> Bool {
        guard share.chains == nil, let told = log.announced(by: name, generation: share.generation)
        else { return false }
        return told.next >= share.announced
    }
}
