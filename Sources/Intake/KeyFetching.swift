public import Plates
public import Warrants

/// Whom to ask for which keys, and when: as seldom as possible, since each grant stands in the log
/// for ever, and custodians give so many in ten minutes. One for each `Gateway`, whose keys it goes
/// by; no clock: the caller passes the time.
public struct KeyFetching {
    /// One round of asking.
    public struct Plan: Sendable {
        /// The generation of all its hours.
        public let generation: UInt32
        /// From the first hour that anybody is asked for to the last.
        public let hours: ClosedRange<Hour>
        /// The custodians by their places in the roster, each with hours that it has not given.
        public let asks: [(custodian: Int, hours: ClosedRange<Hour>)]
    }

    /// Hours by the generation whose keys they use, as `Record.generations` has them.
    public typealias Generations = (ClosedRange<Hour>) -> [(
        generation: GenerationState, hours: ClosedRange<Hour>
    )]

    /// 10 minutes: who gave what cannot be used is not asked again before.
    static let patience: Int64 = 600_000

    private struct Giver: Hashable {
        let generation: UInt32
        let custodian: Int
    }

    /// What came of the round under way.
    public var report = KeyReport()
    private var next = Timestamp(milliseconds: 0)
    private var unconfirmed: Set<Hour> = []
    /// The hours whose keys a custodian has given: it is never asked for them again.
    private var given: [Giver: Set<Hour>] = [:]
    /// The hours for which it gave what cannot be used, and when it did so last.
    private var spoilt: [Giver: [Hour: Timestamp]] = [:]

    /// Nobody asked yet.
    public init() {}

    /// The rounds that are due now: where the present hour lacks keys, in good time before the last
    /// one held begins, and where a key still has to be compared with another holder's.
    public mutating func plans(
        _ gateway: Gateway, at time: Timestamp, prefetch: Int, _ generations: Generations
    ) -> [Plan] {
        guard time >= next else { return [] }
        let held = Set(gateway.hoursHeld)
        let wanted = gateway.keyHours(at: time)
        let newest = min(wanted.upperBound, time.hour.adding(Int64(prefetch)))
        let all = (wanted.lowerBound.number...max(wanted.lowerBound, newest).number)
            .map { Hour(number: $0) }
        let lacking = all.filter { !held.contains($0) }
        let ahead = held.filter { $0 > time.hour }.count
        let isPresent = held.contains(time.hour)
        let isShort = !isPresent || ahead * 2 < prefetch
        let isLacking = isShort && !lacking.isEmpty
        let asked = isLacking ? lacking : all.filter(unconfirmed.contains)
        guard let first = asked.first, let last = asked.last else { return [] }
        next = time.adding(milliseconds: isPresent ? 30_000 : 5_000)
        return generations(first...last).compactMap { generation, hours in
            gateway.know(generation)
            var asks: [(custodian: Int, hours: ClosedRange<Hour>)] = []
            for (place, custodian) in gateway.roster.custodians.enumerated()
            where generation.roster.custodianIndex(custodian.id) != nil {
                let giver = Giver(generation: generation.number, custodian: place)
                let open = asked.filter {
                    hours.contains($0) && isOpen($0, for: giver, isLacking, at: time)
                }
                asks += Self.ranges(open).map { (custodian: place, hours: $0) }
            }
            guard let first = asks.map(\.hours.lowerBound).min(),
                let last = asks.map(\.hours.upperBound).max()
            else { return nil }
            return Plan(generation: generation.number, hours: first...last, asks: asks)
        }
    }

    /// Whether a custodian may still give something of use.
    private func isOpen(
        _ hour: Hour, for giver: Giver, _ isLacking: Bool, at time: Timestamp
    ) -> Bool {
        guard given[giver]?.contains(hour) != true else { return false }
        guard let spoilt = spoilt[giver]?[hour] else { return true }
        // A comparison alone is not worth one grant after the other.
        return isLacking && time.milliseconds(since: spoilt) >= Self.patience
    }

    /// Ascending hours as ranges without a gap.
    private static func ranges(_ hours: [Hour]) -> [ClosedRange<Hour>] {
        hours.reduce(into: []) { ranges, hour in
            if let last = ranges.last, last.upperBound.next == hour {
                ranges[ranges.count - 1] = last.lowerBound...hour
            } else {
                ranges.append(hour...hour)
            }
        }
    }

    /// A custodian has answered, with keys that are held now, or with something of no use.
    public mutating func note(_ plan: Plan, _ ask: KeyAsk, isTaken: Bool, at time: Timestamp) {
        let giver = Giver(generation: plan.generation, custodian: ask.custodian)
        for hour in ask.all {
            if isTaken {
                given[giver, default: []].insert(hour)
            } else {
                spoilt[giver, default: [:]][hour] = time
            }
        }
    }

    /// A round is over.
    public mutating func end(_ plan: Plan) {
        unconfirmed = unconfirmed.filter { !plan.hours.contains($0) }
        unconfirmed.formUnion(report.unconfirmed)
        report = KeyReport()
    }

    /// Hours before one are of no interest any more.
    public mutating func forget(before hour: Hour) {
        unconfirmed = unconfirmed.filter { $0 >= hour }
        given = given.mapValues { $0.filter { $0 >= hour } }.filter { !$0.value.isEmpty }
        spoilt = spoilt.mapValues { $0.filter { $0.key >= hour } }.filter { !$0.value.isEmpty }
    }
}
