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
    /// The log's time when it was proposed.
    let begun: Timestamp
    /// Whether another generation has keys for its first day, so that it must be final
    /// prefetch_hours + 24 h before that day: no site ever holds two keys of an hour.
    public let isSuccessor: Bool
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
    public var last: Day { first.adding(Self.mostDays - 1) }

    /// 7: the days that it is made for.
    public static let ordinaryDays: Int64 = 7
    /// 21: the days that it may run where no successor is there.
    public static let mostDays: Int64 = 21

    /// Until when it must be final to be used at all; a ceremony that takes longer is given up.
    public var deadline: Timestamp {
        isSuccessor ? first.start.adding(hours: -lead) : first.end.adding(hours: 1)
    }

    private var lead: Int64 { Int64(roster.policy.prefetchHours) + 24 }

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

    /// Who said the same of a subset, the largest camp first: where one is larger than the others, at
    /// least one of the smaller ones is wrong.
    func camps(of mask: SubsetMask) -> [String] {
        var camps: [Digest: [String]] = [:]
        for index in mask.members {
            let id = roster.custodians[index].id
            guard let said = final(of: id)?.commits.first(where: { $0.mask == mask }) else {
                continue
            }
            camps[said.commit, default: []].append(id)
        }
        return camps.values.map { $0.sorted() }
            .sorted { ($1.count, $0[0]) < ($0.count, $1[0]) }
            .map { $0.joined(separator: ", ") }
    }

    /// Whether a member has told of a seed that does not fit before all said final.
    public private(set) var isDenounced = false
    /// Whether it can never be used, because members differ.
    public var isVoid: Bool { isDenounced || !disputes.isEmpty }

    /// Whether all custodians said final, and the same.
    public private(set) var isFinal = false
    /// Where the last of the finals stands.
    public var finalIndex: UInt64? { isFinal ? finished?.index : nil }
    /// The same, and the latest time that a final names or that the log had by then.
    private var finished: (index: UInt64, time: Timestamp)?

    init(
        proposal: GenerationProposal, proposed: UInt64, roster: Roster, id: Digest,
        begun: Timestamp, isSuccessor: Bool
    ) {
        self.proposal = proposal
        self.proposed = proposed
        self.roster = roster
        self.id = id
        self.begun = begun
        self.isSuccessor = isSuccessor
    }

    /// Takes in a custodian's final step, at the log's time. A final that was dated early and is
    /// held back from the log is as late as what stands before it.
    mutating func finish(
        _ step: GenerationFinal, _ logged: Logged<GenerationBody>, at time: Timestamp
    ) {
        finals[step.custodian] = logged
        disputes = differing
        isFinal = finals.count == threshold.n && !isVoid
        finished = (logged.index, max(finished?.time ?? step.time, step.time, time))
    }

    /// Takes in that a member shows a seed that does not fit.
    mutating func denounce() {
        if !isFinal { isDenounced = true }
    }

    /// The members whose next step is missing, ascending: commitments until all are there, then
    /// finals; nobody once it is final or void.
    public var missing: [String] {
        guard !isFinal, !isVoid else { return [] }
        let done = isCommitted ? Set(finals.keys) : Set(commits.keys)
        return roster.custodians.map(\.id).filter { !done.contains($0) }.sorted()
    }

    /// Lets go of the ceremony's statements once nothing of the generation matters any more; what
    /// came of it stays.
    mutating func forgetCeremony() {
        guard isFinal else { return }
        commits = [:]
        finals = [:]
    }

    /// commit[first] of a subset, once the generation is final.
    public func firstCommit(of mask: SubsetMask) -> Digest? {
        guard isFinal, let holder = mask.members.first else { return nil }
        return final(of: roster.custodians[holder].id)?.commits.first { $0.mask == mask }?.commit
    }

    /// Whether its keys are used: final, and in time where it follows another one.
    public var isUsable: Bool { isUsable(before: .max) }

    /// The same by the entries before an index.
    func isUsable(before limit: UInt64) -> Bool {
        guard isFinal, let finished, finished.index < limit else { return false }
        return !isSuccessor || finished.time <= deadline
    }
}
