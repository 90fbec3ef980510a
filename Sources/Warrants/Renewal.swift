public import Plates

/// When the next generation is owed, and when it begins: what each custodian works out by itself
/// from the log, so that all come to the same.
///
/// A generation is made for 7 days, and its successor from prefetch_hours + 48 h before they end: a
/// day for the ceremony, and then prefetch_hours + 24 h in which everybody sees what will be used.
/// Spec: Docs/Spec/Ceremony.md.
public struct Renewal: Hashable, Sendable {
    /// From when on it is proposed.
    public let due: Timestamp
    /// When the next try may follow a ceremony that came to nothing.
    public let retry: Timestamp
    /// Its first day, if it is proposed now.
    public let first: Day

    /// 12 hours at least are left for a ceremony.
    static let ceremonyHours: Int64 = 12
    /// An hour lies between two tries, so that a member that voids each does not fill the log.
    static let pauseHours: Int64 = 1
    /// An hour: how far custodians' clocks may be apart when they judge a proposal.
    private static let tolerance: Int64 = 1

    /// Whether a proposal is what is owed, so that custodians take part: not before its time, and not for days far off, since no
    /// generation can begin before the last final one.
    public func allows(_ generation: GenerationState, at time: Timestamp) -> Bool {
        time.adding(hours: Self.tolerance) >= due && generation.first <= first.next
    }
}

extension Record {
    /// The highest generation that is used, or will be.
    public var newestUsable: GenerationState? {
        var number = UInt32(generations.count)
        while number > 0 {
            if let state = generations[number], state.isUsable { return state }
            number -= 1
        }
        return nil
    }

    /// The generation that was proposed last.
    public var newestProposed: GenerationState? { generations[UInt32(generations.count)] }

    /// Whether a generation may still become final: proposed last, under the roster in force.
    public func isUnderWay(_ generation: GenerationState) -> Bool {
        !generation.isFinal && !generation.isVoid
            && generation.number == newestProposed?.number && generation.roster == roster
    }

    /// The last day that uses a generation, by what is known: the day before its successor's first,
    /// and never more than 21 days from its own.
    public func lastDay(of generation: GenerationState) -> Day {
        let next = generations.values.filter { $0.number > generation.number && $0.isUsable }
            .map(\.first).min()
        return min(generation.last, next?.adding(-1) ?? generation.last)
    }

    /// The roster whose order gives a custodian's bit for days of one or several generations: the
    /// newest one's. Nil where they have other thresholds, or the custodian another place in one, or
    /// none; then no single evaluation can cover them. Without a custodian only thresholds count.
    public func maker(of days: [Day], for custodian: String? = nil) -> Roster? {
        let makers = days.compactMap { generation(for: $0)?.roster }
        guard let newest = makers.last, makers.count == days.count else { return nil }
        let place = custodian.flatMap { newest.custodianIndex($0) }
        guard custodian == nil || place != nil else { return nil }
        let isAlike = makers.allSatisfy { maker in
            maker.threshold == newest.threshold
                && (custodian.map { maker.custodianIndex($0) == place } ?? true)
        }
        return isAlike ? newest : nil
    }

    /// Hours by the generation whose keys they use, in order; hours without any are left out.
    public func generations(
        of hours: ClosedRange<Hour>
    ) -> [(generation: GenerationState, hours: ClosedRange<Hour>)] {
        var runs: [(generation: GenerationState, hours: ClosedRange<Hour>)] = []
        for number in hours.lowerBound.number...hours.upperBound.number {
            let hour = Hour(number: number)
            guard let generation = generation(for: hour.day), hour.day <= generation.last else {
                continue
            }
            if let run = runs.last, run.generation.number == generation.number,
                run.hours.upperBound.next == hour
            {
                runs[runs.count - 1].hours = run.hours.lowerBound...hour
            } else {
                runs.append((generation, hour...hour))
            }
        }
        return runs
    }

    /// What is owed after the newest generation that is used. Where none ever was, the first one is
    /// made from today on; nil before anybody has proposed it, which is the founders' act.
    public func renewal(at time: Timestamp) -> Renewal? {
        guard let proposed = newestProposed else { return nil }
        guard let newest = newestUsable else {
            return retrying(proposed, Renewal(due: time, retry: .always, first: time.day), time)
        }
        let lead = Int64(roster.policy.prefetchHours) + 24
        // Other custodians: whoever came must not wait a week for a share.
        let isEarly =
            newest.roster.custodians.map(\.id) != roster.custodians.map(\.id)
            || newest.threshold != roster.threshold
        let end = newest.first.adding(isEarly ? 1 : GenerationState.ordinaryDays)
        let due =
            isEarly ? .always : end.start.adding(hours: -lead - 24)
        let ready = time.adding(hours: lead + Renewal.ceremonyHours)
        var first = max(end, ready == ready.day.start ? ready.day : ready.day.next)
        // Days for which nobody was ever given a key need no time ahead.
        if first > newest.last { first = max(newest.last.next, time.day) }
        return retrying(proposed, Renewal(due: due, retry: .always, first: first), time)
    }

    /// At once where the last ceremony came to something, where a new roster has ended it, or where it
    /// was for what is not owed: nobody puts a renewal off by proposing anything.
    private func retrying(
        _ last: GenerationState, _ renewal: Renewal, _ time: Timestamp
    ) -> Renewal {
        guard !last.isUsable, last.roster == roster, renewal.allows(last, at: time) else {
            return renewal
        }
        return Renewal(
            due: renewal.due, retry: last.begun.adding(hours: Renewal.pauseHours),
            first: renewal.first)
    }
}

extension Timestamp {
    /// A time that has always come.
    fileprivate static let always = Timestamp(milliseconds: 0)
}
