public import Plates
public import Secrets

/// A generation as far as the log tells.
public struct GenerationState: Sendable {
    /// Its terms.
    public let proposal: GenerationProposal
    /// Where it was proposed.
    public let proposed: UInt64
    /// The roster it is made under; its custodians' order gives the bits.
    public let roster: Roster
    /// The id of the proposal's statement.
    public let id: Digest
    /// The commitments to seeds, by custodian.
    public internal(set) var commits: [String: Logged<GenerationBody>] = [:]
    /// The final steps, by custodian.
    public internal(set) var finals: [String: Logged<GenerationBody>] = [:]

    /// Its number.
    public var number: UInt32 { proposal.generation }
    /// Its first day.
    public var first: Day { proposal.first }
    /// Days that a read of it may live.
    public var retention: Int { proposal.retention }
    /// n and t.
    public var threshold: Threshold { roster.threshold }
    /// The last day that can use it: 21 days run from the first.
    public var last: Day { first.adding(20) }

    /// When a day's keys are due to be erased: when its first read becomes `retention` days old.
    public func due(_ day: Day) -> Timestamp { day.start.adding(days: Int64(retention)) }

    /// The commitment step of a custodian.
    public func commit(of custodian: String) -> GenerationCommit? {
        guard case .commit(let step) = commits[custodian]?.body else { return nil }
        return step
    }

    /// The final step of a custodian.
    public func final(of custodian: String) -> GenerationFinal? {
        guard case .final(let step) = finals[custodian]?.body else { return nil }
        return step
    }

    /// Whether every custodian has committed.
    public var isCommitted: Bool { commits.count == threshold.n }

    /// The subsets for which holders named different chains, with the names on each side; one is
    /// enough to void the generation.
    public private(set) var disputes: [(mask: SubsetMask, custodians: [String])] = []

    private var differing: [(mask: SubsetMask, custodians: [String])] {
        threshold.subsets.compactMap { mask in
            var said: [String: Digest] = [:]
            for index in mask.members {
                let id = roster.custodians[index].id
                said[id] = final(of: id)?.commits.first { $0.mask == mask }?.commit
            }
            return Set(said.values).count > 1 ? (mask, said.keys.sorted()) : nil
        }
    }

    /// Whether all custodians said final, and the same.
    public private(set) var isFinal = false
    /// Where the last of the finals stands, and the latest time that one names.
    private var finished: (index: UInt64, time: Timestamp)?

    init(proposal: GenerationProposal, proposed: UInt64, roster: Roster, id: Digest) {
        self.proposal = proposal
        self.proposed = proposed
        self.roster = roster
        self.id = id
    }

    /// Takes in a custodian's final step.
    mutating func finish(_ step: GenerationFinal, _ logged: Logged<GenerationBody>) {
        finals[step.custodian] = logged
        disputes = differing
        isFinal = finals.count == threshold.n && disputes.isEmpty
        finished = (logged.index, max(finished?.time ?? step.time, step.time))
    }

    /// Lets go of the ceremony's statements once nothing of the generation matters any more; what
    /// came of it stays.
    mutating func forgetCeremony() {
        commits = [:]
        finals = [:]
    }

    /// commit[first] of a subset, once the generation is final.
    public func firstCommit(of mask: SubsetMask) -> Digest? {
        guard isFinal, let holder = mask.members.first else { return nil }
        return final(of: roster.custodians[holder].id)?.commits.first { $0.mask == mask }?.commit
    }

    /// Whether its keys may be used: final, and for all but the first generation
    /// prefetch_hours + 24 h before its first day, so that no site ever holds two keys of an hour.
    func isUsable(before limit: UInt64) -> Bool {
        guard isFinal, let finished, finished.index < limit else { return false }
        let lead = Int64(roster.policy.prefetchHours + 24)
        return number == 1 || finished.time.adding(hours: lead) <= first.start
    }
}
