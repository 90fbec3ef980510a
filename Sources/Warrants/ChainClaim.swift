public import Plates
public import Secrets

/// A published chain value, held against what custodians have committed to (Docs/Spec/Audit.md): the
/// commitments that follow from it, day by day; never the value itself.
///
/// Nobody but a holder of the subset can have a value that fits. If its day is one that holders have
/// announced as destroyed, then a copy of the keys outlived the announcement.
public struct ChainClaim: Sendable {
    private let generation: UInt32
    private let day: Day
    private let mask: SubsetMask
    private let commits: [Day: Digest]
    private var fits = 0
    private var misses = 0

    /// A claim on a subset of a generation: `commits` are those of the value's own day and of the
    /// days after it.
    public init(generation: UInt32, day: Day, mask: SubsetMask, commits: [Day: Digest]) {
        self.generation = generation
        self.day = day
        self.mask = mask
        self.commits = commits
    }

    /// Holds the claim against whatever a statement commits to.
    mutating func hold(against statement: AnyStatement, in record: Record) {
        switch statement {
        case .generation(let statement):
            guard case .final(let step) = statement.body, step.generation == generation,
                let first = record.generations[generation]?.first
            else { return }
            hold(step.commits, first)
        case .dayDestroyed(let statement):
            guard statement.body.generation == generation else { return }
            hold(statement.body.next, statement.body.day.next)
        default: break
        }
    }

    private mutating func hold(_ said: [MaskedDigest], _ day: Day) {
        guard let own = commits[day], let other = said.first(where: { $0.mask == mask }) else {
            return
        }
        if other.commit == own { fits += 1 } else { misses += 1 }
    }

    /// What it shows.
    func finding(in record: Record) -> Finding {
        guard let state = record.generations[generation], fits > 0 else {
            return Finding(
                code: "chain-foreign",
                sentence: "the chain value fits no commitment of generation \(generation), subset "
                    + "\(mask): it shows nothing", index: nil, isFault: false)
        }
        let holders = mask.members.filter { $0 < state.roster.custodians.count }
            .map { state.roster.custodians[$0].id }
        let erased = record.erasures(day, in: state).filter { holders.contains($0.key) }
        guard !erased.isEmpty else {
            return Finding(
                code: "chain-alive",
                sentence: "the chain value of \(day.text), subset \(mask), is genuine; none of its "
                    + "holders has announced that day's destruction: no proof of a lie", index: nil,
                isFault: false)
        }
        return Finding(
            code: "chain-survives",
            sentence:
                "the chain value of generation \(generation), \(day.text), subset \(mask), is "
                + "genuine: a copy has outlived the destruction that these have announced: "
                + erased.keys.sorted().joined(separator: ", "),
            index: erased.values.map(\.index).max())
    }
}
