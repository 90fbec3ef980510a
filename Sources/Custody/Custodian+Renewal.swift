import Ledger
public import Plates
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

    /// A custodian that was made anew says of which generations it holds nothing, so that nobody
    /// waits for it, and nobody takes the silence for a lie. An older state of its own that comes up
    /// afterwards finds that in the log, and lets go of its shares.
    func tellLosses(_ time: Timestamp) throws(CustodyError) {
        let record = log.record
        guard state.halted == nil, ownIndex != nil else { return }
        let waiting = Set(waiting(ShareLostBody.self).map(\.generation))
        var next = state
        for generation in record.generations.values.sorted(by: { $0.number < $1.number })
        where generation.isUsable && !waiting.contains(generation.number) {
            let last = record.lastDay(of: generation)
            guard generation.roster.custodianIndex(name) != nil, generation.due(last) > time,
                !state.shares.contains(where: { $0.generation == generation.number }),
                record.destroyed(through: generation.number, by: name).map({ $0 < last }) ?? true,
                !record.hasLost(generation.number, name)
            else { continue }
            let body = ShareLostBody(
                custodian: name, generation: generation.number, time: time)
            next = next.sending(try signed(body), at: time)
        }
        guard next.outbox.count > state.outbox.count else { return }
        try keep(next)
    }

    /// Lets go of shares that can be of no use any more, and of those that have done their duty; and
    /// takes note of the last day that uses each of the others.
    func settleShares() throws(CustodyError) {
        var next = state
        next.shares.removeAll { share in
            !isOfUse(share) || isDone(share) || log.record.hasLost(share.generation, name)
        }
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

/// A ceremony under way, without any secret.
public struct CeremonyStatus: Hashable, Sendable {
    /// The generation's number.
    public let generation: UInt32
    /// Its first day.
    public let first: Day
    /// When it is given up.
    public let deadline: Timestamp
    /// Whether all have committed.
    public let isCommitted: Bool
    /// Whose next step is missing in the log, ascending.
    public let missing: [String]
    /// Whose letters have not come here, ascending.
    public let lettersMissing: [String]
}

extension Custodian {
    var ceremonyStatus: CeremonyStatus? {
        guard let newest = log.record.newestProposed, log.record.isUnderWay(newest) else {
            return nil
        }
        return CeremonyStatus(
            generation: newest.number, first: newest.first, deadline: newest.deadline,
            isCommitted: newest.isCommitted, missing: newest.missing,
            lettersMissing: state.ceremony?.generation == newest.number ? lettersMissing : [])
    }
}
