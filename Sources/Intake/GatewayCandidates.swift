public import Plates
import Warrants

// A read that can be found under other readings too, as far as the policy says
// (Docs/Spec/Gateway.md).
extension Gateway {
    /// Seals the same read again under each of its best other candidates, a row each. What cannot
    /// be sealed any more is left out: the read itself has its row.
    func sealCandidates(of read: Read, at now: Timestamp) {
        for copy in read.candidateCopies(roster.policy.indexCandidates) {
            do throws(IntakeRefusal) {
                try seal(copy, at: now)
                counts.candidates += 1
            } catch {
                counts.refuse("candidate-\(error.code)")
            }
        }
    }
}

extension Read {
    /// The plates under which a gateway files it where the policy says `index-candidates` so many:
    /// its own first, then those of its best candidates.
    public func plates(indexing most: Int) -> [Plate] {
        [plate] + candidateCopies(most).map(\.plate)
    }

    /// The read filed under each of its `most` best candidates: the most confident first, those
    /// without a confidence last, each normal form once and never the read's own. The text as read
    /// stays; photos stay with the read's own row, under whose key they are sealed.
    func candidateCopies(_ most: Int) -> [Read] {
        guard most > 0 else { return [] }
        let ranked = fields.candidates.enumerated().sorted { left, right in
            let (first, second) = (left.element.confidence, right.element.confidence)
            guard first != second else { return left.offset < right.offset }
            return first.map { first in second.map { first > $0 } ?? true } ?? false
        }
        var plates: Set<Plate> = [plate]
        var copies: [Read] = []
        for (_, candidate) in ranked where copies.count < most {
            guard let other = try? Plate(normalizing: candidate.text, fold: plate.fold),
                plates.insert(other).inserted
            else { continue }
            var changed = fields
            changed.plate = other
            changed.photos = []
            if let copy = try? Read(changed) { copies.append(copy) }
        }
        return copies
    }
}
