public import Plates

/// How far the holders of shares agree on what a request's evaluation gave (DESIGN section 4): by
/// what evaluations and checks logged, whoever's answer was used.
public enum Confirmation: Hashable, Sendable, CustomStringConvertible {
    /// Nobody has evaluated it.
    case none
    /// Some subset's share is one custodian's word alone.
    case unconfirmed
    /// Each subset's share was given alike by at least so many of its n−t+1 holders, and by two.
    case confirmed(by: Int, of: Int)
    /// Holders differ: those outvoted in some subset, or all of a tie, ascending.
    case disputed([String])

    /// `unconfirmed`, `confirmed by 2 of 3`, `disputed: clerk, rights`.
    public var description: String {
        switch self {
        case .none: "not evaluated"
        case .unconfirmed: "unconfirmed"
        case .confirmed(let count, let size): "confirmed by \(count) of \(size)"
        case .disputed(let names): "disputed: " + names.joined(separator: ", ")
        }
    }

    /// One word for tables: `none`, `unconfirmed`, `confirmed`, `disputed`.
    public var word: String {
        switch self {
        case .none: "none"
        case .unconfirmed: "unconfirmed"
        case .confirmed: "confirmed"
        case .disputed: "disputed"
        }
    }
}

/// What the holders of one subset said of a request: camps of custodians with equal digests.
public struct SubsetWord: Hashable, Sendable {
    /// The subset.
    public let mask: SubsetMask
    /// Custodians who logged the same, the largest camp first; within it in the order of the log.
    public let camps: [[String]]

    /// Those who are outvoted, or all where nobody is.
    public var disputed: [String] {
        guard camps.count > 1 else { return [] }
        return camps[0].count > camps[1].count
            ? Array(camps.dropFirst().joined()) : Array(camps.joined())
    }
}

extension RequestState {
    /// What each holder logged of a subset, by subset, ascending; a subset about which nobody has
    /// said anything is left out.
    public var words: [SubsetWord] {
        var said: [SubsetMask: [(custodian: String, items: [EvaluationItem])]] = [:]
        let all =
            evaluations.map { ($0.index, $0.body.custodian, $0.body.digests) }
            + checks.map { ($0.index, $0.body.custodian, $0.body.digests) }
        for (_, custodian, digests) in all.sorted(by: { $0.0 < $1.0 }) {
            for (mask, items) in Dictionary(grouping: digests, by: \.mask) {
                said[mask, default: []].append((custodian, items))
            }
        }
        return said.keys.sorted().map { mask in
            var camps: [(items: [EvaluationItem], names: [String])] = []
            for word in said[mask] ?? [] {
                if let place = camps.firstIndex(where: { $0.items == word.items }) {
                    camps[place].names.append(word.custodian)
                } else {
                    camps.append((word.items, [word.custodian]))
                }
            }
            let sorted = camps.map(\.names).enumerated().sorted {
                ($1.element.count, $0.offset) < ($0.element.count, $1.offset)
            }
            return SubsetWord(mask: mask, camps: sorted.map(\.element))
        }
    }

    /// How far the holders agree, under the threshold of the evaluated days' generation.
    public func confirmation(_ threshold: Threshold) -> Confirmation {
        guard !evaluations.isEmpty else { return .none }
        let words = words
        let disputed = Set(words.flatMap(\.disputed)).sorted()
        guard disputed.isEmpty else { return .disputed(disputed) }
        let least = words.map { $0.camps[0].count }.min() ?? 0
        guard least >= 2, words.count == threshold.subsets.count else { return .unconfirmed }
        return .confirmed(by: least, of: threshold.subsetSize)
    }
}
