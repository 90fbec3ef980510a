public import Plates
public import Secrets

/// What a request that is made now can do with one hour at one site, by the log alone. It is the
/// judge's rule told beforehand, hour by hour, for whoever fills in a request.
public enum CellStanding: String, CaseIterable, Hashable, Sendable {
    /// Closed, and old enough: every request can name it.
    case closed
    /// Closed, and late reads can still come: only exigent requests can name it.
    case young
    /// Not over, or not closed by its site: no request can name it.
    case open
    /// Over for long and never closed: a request can name it, and is told that nothing is known.
    case unclosed
    /// The day's keys are destroyed or due to be: nothing can be read any more.
    case gone
    /// No generation of keys was there: nothing was ever sealed.
    case unkept

    /// Whether a request can name it, an exigent one or any.
    public func isOpen(to process: ProcessKind) -> Bool {
        switch self {
        case .closed, .unclosed: true
        case .young: process == .exigent
        case .open, .gone, .unkept: false
        }
    }
}

extension Record {
    /// What a request of this moment can do with a cell.
    public func standing(of cell: Cell, at now: Timestamp) -> CellStanding {
        let day = cell.hour.day
        guard let generation = generation(for: day) else { return .unkept }
        guard now < generation.due(day), !isDead(day, in: generation, before: .max) else {
            return .gone
        }
        // As the request will be dated, which may be less exact than the clock.
        let time = roster.policy.blunt(now)
        let late = Int64(roster.policy.lateHours)
        let ended = cell.hour.end
        if isClosed(cell, .prompt) {
            let isYoung = time < ended.adding(hours: late).adding(minutes: 5)
            return isYoung ? .young : .closed
        }
        return time > ended.adding(hours: late + 1) ? .unclosed : .open
    }

    /// Whether a request under a document was evaluated already: a further one takes an attestation of
    /// its own, whatever its kind of process.
    public func isUsed(warrant: Digest) -> Bool {
        (warrants[warrant] ?? []).contains { request($0)?.evaluations.isEmpty == false }
    }
}
