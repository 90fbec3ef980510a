import Plates

// What an audit says of generations: who cheated in a ceremony, who holds one up, and what became of
// days because of it.
extension Auditor {
    /// A difference, and where its letter shows it, who lies.
    mutating func judge(_ body: DifferenceBody, at index: UInt64) {
        let names = body.custodians.joined(separator: ", ")
        guard body.kind == .seed, let generation = record.generations[body.generation] else {
            findings.fault(
                "difference-told",
                "\(body.party) tells a difference (\(body.kind.rawValue)): \(names)", index)
            return
        }
        switch SeedEvidence.verdict(on: body, of: generation) {
        case .sender(let name):
            findings.fault(
                "seed-cheated",
                "\(name) sent \(body.party) seeds of generation \(body.generation) that it had not "
                    + "committed to; its signed letter shows it", index)
        case .accuser(let name):
            findings.fault(
                "seed-accusation-false",
                "\(name) accuses \(names) over generation \(body.generation), and the letter that "
                    + "it shows is not what it says", index)
        case .unproven:
            findings.fault(
                "difference-told",
                "\(body.party) tells a difference (seed) and shows nothing that proves it; it or one of these "
                    + "lies: \(names)", index)
        }
    }

    /// Ceremonies without an end, generations that were too late or ran on, days without keys.
    mutating func settleGenerations(at now: Timestamp) {
        let all = record.generations.values.sorted { $0.number < $1.number }
        for state in all where !state.isVoid {
            if !state.isFinal {
                settleUnfinished(state, at: now)
            } else if !state.isUsable {
                findings.notice(
                    "generation-late",
                    "generation \(state.number) was final too late for its first day, "
                        + "\(state.first.text), and is never used", state.proposed)
            } else {
                settleLong(state, at: now)
            }
        }
        settleGaps(all.filter(\.isUsable), at: now)
    }

    private mutating func settleUnfinished(_ state: GenerationState, at now: Timestamp) {
        let step = state.isCommitted ? "finals" : "commitments"
        let missing = "\(step) are missing of: " + state.missing.joined(separator: ", ")
        let isStalled =
            record.isUnderWay(state)
            && now >= min(state.deadline, state.proposal.time.adding(hours: 24))
        findings.notice(
            isStalled ? "ceremony-stalled" : "generation-unfinished",
            "generation \(state.number) is not final; \(missing)", state.proposed)
    }

    private mutating func settleLong(_ state: GenerationState, at now: Timestamp) {
        let end = state.first.adding(GenerationState.ordinaryDays)
        let last = min(record.lastDay(of: state), now.day)
        guard last >= end else { return }
        findings.notice(
            "generation-extended",
            "generation \(state.number) was made for \(GenerationState.ordinaryDays) days and was "
                + "used to \(last.text), for want of a successor", state.proposed)
    }

    /// Days between two generations, and after the last, for which there are no keys.
    private mutating func settleGaps(_ usable: [GenerationState], at now: Timestamp) {
        for (place, state) in usable.enumerated() {
            let next = place + 1 < usable.count ? usable[place + 1].first : now.day.next
            let gap = state.last.next
            guard gap < next, gap <= now.day else { continue }
            findings.notice(
                "days-without-keys",
                "no generation has keys from \(gap.text) to "
                    + min(next.adding(-1), now.day).text, nil)
        }
    }
}
