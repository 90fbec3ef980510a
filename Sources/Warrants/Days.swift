public import Plates

/// What the log says about a day's keys (DESIGN section 8). A statement proves who said it, not
/// that it was done.
public struct DayReport: Hashable, Sendable, Codable {
    /// What has become of the day.
    public enum Verdict: String, Codable, Sendable {
        /// Nobody has erased its keys, and they are not due.
        case alive
        /// Some have, fewer than n−t+1.
        case dying
        /// n−t+1 have: some subset's key is gone for good.
        case dead
        /// Its keys are due, and fewer than n−t+1 have erased them.
        case overdue
    }

    /// The day.
    @Plain public var day: Day
    /// The generation whose keys it used.
    public let generation: UInt32
    /// What has become of it.
    public let verdict: Verdict
    /// When it was due, in milliseconds since 1970.
    public let due: Int64
    /// When it died: the time that the (n−t+1)-th eraser named; milliseconds since 1970.
    public let deadSince: Int64?
    /// The custodians by whose word its keys are erased, ascending.
    public let erasedBy: [String]
    /// When they erased it, as they said, in the same order; milliseconds since 1970.
    public let erasedAt: [Int64]
    /// The kinds of slot of those, in the same order.
    public let slots: [SlotKind]
    /// The custodians that hold the generation's keys, in the order of their bits.
    public let holders: [String]
    /// The custodians whose erasure is more than an hour overdue, ascending.
    public let late: [String]
    /// The holders that have not erased it and cannot be asked for it any more: they said that they
    /// lost their share, or the roster has them no more; ascending.
    public let gone: [String]
    /// How many of the erasers are independent by the roster: they share neither institution nor
    /// administrator nor place.
    public let independent: Int
}

extension Record {
    /// An hour after the due instant a custodian that has said nothing is late.
    static var graceHours: Int64 { 1 }

    /// Who has erased a day's keys of a generation, and when, by their own word.
    func erasures(
        _ day: Day, in generation: GenerationState, before limit: UInt64 = .max
    ) -> [String: Erasure] {
        (erasures[generation.number]?[day] ?? [:]).filter { $0.value.index < limit }
    }

    func isDead(_ day: Day, in generation: GenerationState, before limit: UInt64) -> Bool {
        erasures(day, in: generation, before: limit).count >= generation.threshold.subsetSize
    }

    /// Where the statements stand by which some days' keys are erased.
    public func erasureIndices(of days: Set<Day>) -> Set<UInt64> {
        var indices: Set<UInt64> = []
        for generation in erasures.values {
            for day in days { indices.formUnion(generation[day]?.values.map(\.index) ?? []) }
        }
        return indices
    }

    /// What has become of one day; nil where no usable generation has keys for it.
    public func report(on day: Day, at now: Timestamp) -> DayReport? {
        guard let generation = generation(for: day), day <= generation.last else { return nil }
        let erasures = erasures(day, in: generation)
        let needed = generation.threshold.subsetSize
        let due = generation.due(day)
        let isLate = now >= due.adding(hours: Self.graceHours)
        let times = erasures.values.map(\.time).sorted()
        let verdict: DayReport.Verdict
        if erasures.count >= needed {
            verdict = .dead
        } else if isLate {
            verdict = .overdue
        } else {
            verdict = erasures.isEmpty ? .alive : .dying
        }
        let names = erasures.keys.sorted()
        let holders = generation.roster.custodians
        let silent = holders.map(\.id).filter { erasures[$0] == nil }.sorted()
        let gone = silent.filter {
            hasLost(generation.number, $0) || roster.custodianIndex($0) == nil
        }
        return DayReport(
            day: day, generation: generation.number, verdict: verdict, due: due.milliseconds,
            deadSince: verdict == .dead ? times[needed - 1].milliseconds : nil, erasedBy: names,
            erasedAt: names.compactMap { erasures[$0]?.time.milliseconds },
            slots: names.compactMap { erasures[$0]?.slot },
            holders: holders.map(\.id),
            late: isLate ? silent.filter { !gone.contains($0) } : [], gone: gone,
            independent: Self.independent(holders.filter { erasures[$0.id] != nil }))
    }

    /// Every day that any usable generation has keys for, up to the day of `now`, ascending.
    public func days(upTo now: Timestamp) -> [Day] {
        guard
            let first = generations.values.filter(\.isUsable).map(\.first).min(),
            first <= now.day
        else { return [] }
        return (first.number...now.day.number).map { Day(number: $0) }
    }

    /// The number of groups that share no institution, administrator or place with each other.
    static func independent(_ custodians: [Custodian]) -> Int {
        var groups: [Set<String>] = []
        for custodian in custodians {
            var own: Set = [
                "institution " + custodian.institution, "place " + custodian.place,
                "administrator " + custodian.administrator,
            ]
            for group in groups where !group.isDisjoint(with: own) { own.formUnion(group) }
            groups.removeAll { !$0.isDisjoint(with: own) }
            groups.append(own)
        }
        return groups.count
    }
}
