public import Plates
import Secrets

/// What the public is told of the searches of some days, each figure with the log's entries that make
/// it up. It follows from the log alone; plates, dockets and windows stand in neither.
public struct Figures: Hashable, Sendable, Codable {
    /// 30: of how many days it speaks.
    public static let ordinaryDays: Int64 = 30

    /// The time of which it speaks, in milliseconds since 1970.
    public let at: Int64
    /// From when on requests are counted, in milliseconds since 1970.
    public let from: Int64
    /// How many entries of the log were read.
    public let entries: UInt64
    /// The requests filed since, without drills, in the order of the log.
    public let searches: [SearchFigure]
    /// The searches that custodians evaluated, by their own signed word, whatever was handed over.
    public var answered: [SearchFigure] {
        searches.filter { $0.outcome == .evaluated || $0.outcome == .disclosed }
    }

    /// How many of the roster's custodians share neither institution, administrator nor place.
    public let independent: Int
    /// Whether a search could be answered at that time.
    public let readiness: SearchReadiness

    /// The searches by a word of theirs, such as their agency; most first, then by the word.
    public func counted(by word: (SearchFigure) -> String) -> [FigureCount] {
        Dictionary(grouping: searches, by: word).map { name, group in
            FigureCount(name: name, entries: group.map(\.entry))
        }.sorted { ($1.entries.count, $0.name) < ($0.entries.count, $1.name) }
    }

    /// Why institutions said no, most first, each with the denials' entries: of each institution its last
    /// word on a request counts, and once.
    public var refusals: [FigureCount] {
        let all = searches.flatMap(\.denials)
        return Dictionary(grouping: all, by: \.code).map { code, group in
            FigureCount(name: code, entries: group.map(\.entry))
        }.sorted { ($1.entries.count, $0.name) < ($0.entries.count, $1.name) }
    }

    /// The searches that were decided, and the median of the time that it took, in milliseconds; nil
    /// where none was. Where the policy's `times` is `hour`, each of them is exact to the hour.
    public var decision: (median: Int64, searches: [SearchFigure])? {
        let decided = searches.filter { $0.decided != nil }
        let times = decided.compactMap { one in one.decided.map { $0 - one.filed } }.sorted()
        guard !times.isEmpty else { return nil }
        let middle = times.count / 2
        let median =
            times.count.isMultiple(of: 2) ? (times[middle - 1] + times[middle]) / 2 : times[middle]
        return (median, decided)
    }
}

/// So many of something, and where they stand in the log.
public struct FigureCount: Hashable, Sendable, Codable {
    /// What is counted: a word of the roster, a code.
    public let name: String
    /// The entries of the log that make it up, ascending.
    public let entries: [UInt64]
    /// How many.
    public var count: Int { entries.count }
}

/// One request, as far as the public may know it.
public struct SearchFigure: Hashable, Sendable, Codable {
    /// What became of a request: it has one outcome.
    public enum Outcome: String, CaseIterable, Codable, Sendable {
        /// Neither evaluated nor over.
        case waiting
        /// Never evaluated, and too old for it.
        case lapsed
        /// Never evaluated: too many institutions said no.
        case denied
        /// Never evaluated: taken back.
        case withdrawn
        /// Evaluated, and nothing handed over.
        case evaluated
        /// Evaluated, and rows handed over.
        case disclosed
    }

    /// An institution's no, by its officer.
    public struct Denial: Hashable, Sendable, Codable {
        /// Its entry in the log.
        public let entry: UInt64
        /// Why: a `DenialCode`.
        public let code: String
        /// The officer's word.
        public let officer: String
    }

    /// The request's entry in the log.
    public let entry: UInt64
    /// Its id, hex.
    public let id: String
    /// The agency's word.
    public let agency: String
    /// The requester's word.
    public let requester: String
    /// The purpose's code; `other` for what is on no list.
    public let purpose: String
    /// What the offence is against.
    public let offence: OffenceClass
    /// The kind of process; `other` for what is none.
    public let process: String
    /// How many hours at sites it names, and how many plates.
    public let cells: Int
    /// How many plates it names.
    public let plates: Int
    /// When it was filed, in milliseconds since 1970, by the requester's word.
    public let filed: Int64
    /// When t institutions had approved it, or too many had denied it, by the word of the officer whose
    /// vote decided, but neither before it was filed nor after the time of these figures; nil before, and
    /// where it was evaluated without.
    public let decided: Int64?
    /// What became of it.
    public let outcome: Outcome
    /// How far holders of shares agree: `none`, `unconfirmed`, `confirmed`, `disputed`.
    public let confirmation: String
    /// Who is outvoted, or all of a tie.
    public let disputed: [String]
    /// The institutions that say no: of each the last word of any of its officers, the requester's own
    /// left out.
    public let denials: [Denial]
    /// Every entry about it, ascending, its own the first.
    public let all: [UInt64]
}

/// Whether a search could be answered, by what the log says of the custodians.
public struct SearchReadiness: Hashable, Sendable, Codable {
    /// The custodians with a prekey for the day and a share of its keys.
    public let able: [String]
    /// How many institutions those belong to.
    public let institutions: Int
    /// How many a search needs.
    public let threshold: Int
    /// Whether there is an authority that could attest.
    public let canBeAttested: Bool
    /// Whether all of that is enough.
    public var isPossible: Bool { institutions >= threshold && canBeAttested }
}

extension Auditor {
    /// The figures of the days before a time, by the entries taken in so far.
    public func figures(at now: Timestamp, days: Int64 = Figures.ordinaryDays) -> Figures {
        let from = now.adding(days: -days)
        let states = record.allRequests.filter { !$0.isDrill && $0.body.time >= from }
        return Figures(
            at: now.milliseconds, from: from.milliseconds, entries: record.count,
            searches: states.map { figure(of: $0, at: now) },
            independent: Record.independent(roster.custodians), readiness: readiness(at: now))
    }

    private func figure(of state: RequestState, at now: Timestamp) -> SearchFigure {
        let body = state.body
        let isKnown =
            Purpose(code: body.purpose) != nil || ProhibitedPurpose(code: body.purpose) != nil
        var disputed: [String] = []
        let confirmation = state.confirmation(threshold(of: state))
        if case .disputed(let names) = confirmation { disputed = names }
        let votes = record.count(state.voices, on: body)
        return SearchFigure(
            entry: state.request.index, id: state.id.hex, agency: body.agency,
            requester: body.requester, purpose: isKnown ? body.purpose : "other",
            offence: OffenceClass(of: body.purpose),
            process: ProcessKind(rawValue: body.process)?.rawValue ?? "other",
            cells: body.cellCount, plates: body.plateCommitments.count,
            filed: body.time.milliseconds,
            // Officers date their votes themselves.
            decided: votes.deciding.map {
                max(body.time.milliseconds, min($0.time.milliseconds, now.milliseconds))
            },
            outcome: outcome(of: state, at: now), confirmation: confirmation.word,
            disputed: disputed,
            denials: votes.last.compactMap { vote in
                vote.denial.map {
                    SearchFigure.Denial(
                        entry: vote.index, code: $0.rawValue, officer: vote.officer)
                }
            }, all: state.indices)
    }

    private func readiness(at now: Timestamp) -> SearchReadiness {
        let generation = record.generation(for: now.day)
        let able = roster.custodians.filter { custodian in
            guard let generation, now.day <= generation.last else { return false }
            return record.prekey(of: custodian.id, on: now.day) != nil
                && generation.roster.custodianIndex(custodian.id) != nil
                && !record.hasLost(generation.number, custodian.id)
        }
        return SearchReadiness(
            able: able.map(\.id), institutions: Set(able.map(\.institution)).count,
            threshold: roster.threshold.t, canBeAttested: !roster.body.authorities.isEmpty)
    }
}

extension RequestState {
    /// Where everything that the log says of it stands, ascending.
    public var indices: [UInt64] {
        var all = [request.index]
        all += orders.map(\.index) + approvals.map(\.index) + denials.map(\.index)
        all += withdrawals.map(\.index) + evaluations.map(\.index) + checks.map(\.index)
        all += disclosures.map(\.index)
        if let opening { all.append(opening.index) }
        if let notice { all.append(notice.index) }
        return all.sorted()
    }
}
