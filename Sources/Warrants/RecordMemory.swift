public import Plates
public import Secrets

// What a record remembers, and for how long (Docs/Spec/Statements.md, "What is forgotten"). The rule
// is one for everybody and follows from the log alone, so that all readers agree on what counts.

/// One erasure of one day's keys, by its custodian's word.
struct Erasure: Sendable {
    let index: UInt64
    let time: Timestamp
    let slot: SlotKind
}

/// A site's closing of one of a cell's trees.
public struct Closing: Hashable, Sendable {
    /// Its index in the log.
    public let index: UInt64
    /// The statement's id and the commitment, one after the other: a log has many of these.
    private let digests: [UInt8]

    init(_ statement: Statement<HourClosedBody>, at index: UInt64) {
        self.index = index
        digests = statement.id.bytes + statement.body.closed.bytes
    }

    /// The statement's id.
    public var id: Digest { Digest(wire: Array(digests[..<32])) ?? .zero }
    /// The commitment to the tree.
    public var closed: Digest { Digest(wire: Array(digests[32...])) ?? .zero }
}

/// A set of hours as ascending ranges that do not touch: for a site that closes every hour, one.
public struct HourSet: Hashable, Sendable {
    /// The ranges, first and last hour inclusive.
    public private(set) var ranges: [ClosedRange<Hour>] = []

    /// How many hours.
    public var count: Int {
        ranges.reduce(0) { $0 + Int($1.upperBound.number - $1.lowerBound.number) + 1 }
    }

    /// Whether an hour is in it.
    public func contains(_ hour: Hour) -> Bool {
        guard let place = place(of: hour) else { return false }
        return ranges[place].contains(hour)
    }

    /// Puts an hour in.
    mutating func insert(_ hour: Hour) {
        let before = place(of: hour)
        if let before, ranges[before].contains(hour) { return }
        let next = before.map { $0 + 1 } ?? 0
        let touchesLeft = before.map { ranges[$0].upperBound.next == hour } ?? false
        let touchesRight = next < ranges.count && hour.next == ranges[next].lowerBound
        switch (before, touchesLeft, touchesRight) {
        case (let before?, true, true):
            ranges[before] = ranges[before].lowerBound...ranges[next].upperBound
            ranges.remove(at: next)
        case (let before?, true, false): ranges[before] = ranges[before].lowerBound...hour
        case (_, _, true): ranges[next] = hour...ranges[next].upperBound
        default: ranges.insert(hour...hour, at: next)
        }
    }

    /// The hours of a range that are not in the set, as ranges.
    public func missing(in whole: ClosedRange<Hour>) -> [ClosedRange<Hour>] {
        var missing: [ClosedRange<Hour>] = []
        var next = whole.lowerBound
        for range in ranges where range.upperBound >= next {
            guard next <= whole.upperBound, range.lowerBound <= whole.upperBound else { break }
            if range.lowerBound > next { missing.append(next...range.lowerBound.adding(-1)) }
            next = range.upperBound.next
        }
        if next <= whole.upperBound { missing.append(next...whole.upperBound) }
        return missing
    }

    /// The last range that begins at an hour or before it.
    private func place(of hour: Hour) -> Int? {
        if let last = ranges.last, last.lowerBound <= hour { return ranges.count - 1 }
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].lowerBound <= hour { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? low - 1 : nil
    }
}

/// The hours of one site, as far as it has closed them.
struct SiteHours: Sendable {
    var prompt = HourSet()
    var late = HourSet()
    /// Closings of hours that can still be searched.
    var recent: [Hour: [HourClosedBody.Kind: Closing]] = [:]
    /// Where the prompt closings stand, for as long as an opened window can be judged by it.
    var places: [Hour: UInt64] = [:]

    /// From which hour on `recent` and `places` are kept.
    private var kept = Hour(number: 0)
    private var placed = Hour(number: 0)

    mutating func close(_ statement: Statement<HourClosedBody>, at index: UInt64) {
        let body = statement.body
        if body.hour >= kept {
            recent[body.hour, default: [:]][body.kind] = Closing(statement, at: index)
        }
        switch body.kind {
        case .prompt:
            prompt.insert(body.hour)
            if body.hour >= placed { places[body.hour] = index }
        case .late: late.insert(body.hour)
        }
    }

    mutating func forget(before kept: Hour, placesBefore placed: Hour) {
        Self.forget(&recent, &self.kept, before: kept)
        Self.forget(&places, &self.placed, before: placed)
    }

    /// Hour by hour where few have passed: a log's every day passes here.
    private static func forget<Value>(
        _ known: inout [Hour: Value], _ first: inout Hour, before next: Hour
    ) {
        guard next > first else { return }
        if next.number - first.number < 100 {
            for number in first.number..<next.number { known[Hour(number: number)] = nil }
        } else {
            known = known.filter { $0.key >= next }
        }
        first = next
    }
}

extension Record {
    /// 40: how many days the record remembers what is not kept for longer. A statement that its
    /// author dated so long before the log's time counts for nothing.
    public static let memoryDays: Int64 = 40
    /// For how long it is remembered where a prompt closing stands: until an embargo, and one that
    /// an order has extended, is over.
    static let placeDays: Int64 = 200
    static let mostFindings = 200

    /// Remembers a statement's id, and what its author's word says about the time.
    mutating func remember(_ statement: AnyStatement, at index: UInt64) {
        indices[statement.id] = index
        guard let said = statement.time else { return }
        ids[said.day, default: []].append(statement.id)
        for signer in statement.signers where roster.custodianIndex(signer) != nil {
            guard said > spoken[signer] ?? Timestamp(milliseconds: 0) else { continue }
            spoken[signer] = said
            let known = roster.custodians.compactMap { spoken[$0.id] }.sorted(by: >)
            guard known.count >= roster.threshold.t, known[roster.threshold.t - 1] > time else {
                continue
            }
            let before = time.day
            time = known[roster.threshold.t - 1]
            if time.day != before { forget() }
        }
    }

    /// Lets go of what can matter no more at the log's time.
    private mutating func forget() {
        let oldest = time.adding(days: -Self.memoryDays)
        for day in Array(ids.keys) where day.end <= oldest {
            for id in ids[day] ?? [] { indices[id] = nil }
            ids[day] = nil
        }
        grants.removeAll { $0.body.time < oldest }
        destructions.removeAll { $0.body.time < oldest }
        shreds.removeAll { $0.body.time < oldest }
        rollbacks.removeAll { $0.body.time < oldest }
        differences.removeAll { $0.body.time < oldest }
        for agency in Array(spending.keys) { spending[agency]?.removeAll { $0.time < oldest } }
        for day in Array(drills.keys) where day.end <= oldest { drills[day] = nil }
        for custodian in Array(prekeys.keys) {
            prekeys[custodian] = prekeys[custodian]?.filter { $0.key.end > oldest }
        }
        spoken = spoken.filter { roster.custodianIndex($0.key) != nil }
        forgetHours()
        forgetRequests(oldest)
        let over = generations.values.filter { $0.due($0.last) < oldest && !$0.finals.isEmpty }
        for state in over { generations[state.number]?.forgetCeremony() }
    }

    /// Of an hour that no request can name any more, only that it was closed.
    private mutating func forgetHours() {
        let retention = generations.values.map(\.retention).max() ?? 0
        let kept = time.adding(days: -Int64(max(retention, roster.policy.retentionDays) + 10)).hour
        let placed = time.adding(days: -Self.placeDays).hour
        // A copy of the keys alone: one of the dictionary would have each site's hours copied too.
        for site in Array(hours.keys) {
            hours[site]?.forget(before: kept, placesBefore: placed)
        }
    }

    /// A request is over 40 days after its embargo.
    private mutating func forgetRequests(_ oldest: Timestamp) {
        let gone = requestOrder.filter { id in
            requests[id].map { $0.body.time < oldest && $0.embargo.start < oldest } ?? true
        }
        guard !gone.isEmpty else { return }
        for id in gone {
            guard let state = requests.removeValue(forKey: id) else { continue }
            let key = Digest(of: state.body.replyKey)
            if replyKeys[key] == state.id { replyKeys[key] = nil }
            let others = warrants[state.body.warrant]?.filter { $0 != id } ?? []
            warrants[state.body.warrant] = others.isEmpty ? nil : others
            uncountersigned[state.body.agency]?[id] = nil
            leaving?.append(state)
        }
        requestOrder.removeAll { requests[$0] == nil }
    }
}

extension Record {
    /// The closing of one of a cell's trees; nil where there is none, and for hours that are too old
    /// to be searched.
    public func closing(_ cell: Cell, _ kind: HourClosedBody.Kind) -> Closing? {
        hours[cell.site]?.recent[cell.hour]?[kind]
    }

    /// Whether a site has ever closed one of a cell's trees.
    public func isClosed(_ cell: Cell, _ kind: HourClosedBody.Kind) -> Bool {
        guard let site = hours[cell.site] else { return false }
        return kind == .prompt ? site.prompt.contains(cell.hour) : site.late.contains(cell.hour)
    }

    /// Whether a cell was closed promptly before an index. Where the closing is so old that its
    /// place is forgotten, it was.
    func wasClosed(_ cell: Cell, before index: UInt64) -> Bool {
        guard let site = hours[cell.site], site.prompt.contains(cell.hour) else { return false }
        return site.places[cell.hour].map { $0 < index } ?? true
    }

    /// All hours that a site has closed, by one of its two closings.
    public func closedHours(of site: SiteNumber, _ kind: HourClosedBody.Kind) -> HourSet {
        (kind == .prompt ? hours[site]?.prompt : hours[site]?.late) ?? HourSet()
    }

    /// The last hour that a site has closed.
    public func lastClosedHour(of site: SiteNumber) -> Hour? {
        hours[site].flatMap { [$0.prompt, $0.late].compactMap(\.ranges.last?.upperBound).max() }
    }

    /// The cells with a closing that can still be searched, ascending.
    public var closedCells: [Cell] {
        hours.flatMap { site, hours in hours.recent.keys.map { Cell(hour: $0, site: site) } }
            .sorted()
    }
}
