import Bytes
public import Plates
import Rows
import Secrets
import Tokens
public import Warrants
public import Wire

/// What came of asking the custodians for keys; words of the roster and codes only.
public struct KeyReport: Hashable, Sendable {
    /// The custodians whose keys were taken.
    public internal(set) var answered: [String] = []
    /// The others, each with the code of what went wrong.
    public internal(set) var failed: [String: String] = [:]
    /// The pairs of custodians that gave different keys, once for each subset.
    public internal(set) var differences: [DifferenceBody] = []
    /// The hours asked for that still lack a subset.
    public internal(set) var incomplete: [Hour] = []
    /// The hours asked for in which some subset's key was given by one custodian only.
    public internal(set) var unconfirmed: [Hour] = []

    /// Nobody asked yet.
    public init() {}
}

/// One grant to ask for. Its one-time key is gone with it.
public struct KeyAsk: Sendable {
    /// The custodian's bit.
    public let custodian: Int
    /// The signed `grant-request`.
    public let note: [UInt8]
    let hours: ClosedRange<Hour>
    let key: OneTimeKey

    init(custodian: Int, hours: ClosedRange<Hour>, note: [UInt8], key: OneTimeKey) {
        self.custodian = custodian
        self.hours = hours
        self.note = note
        self.key = key
    }

    var all: [Hour] {
        (hours.lowerBound.number...hours.upperBound.number).map { Hour(number: $0) }
    }
}

extension Gateway {
    /// The hours whose keys a gateway may ask for now and has use for: from `late_hours` back, but
    /// nothing whose late tree is closed, to `prefetch_hours` ahead.
    public func keyHours(at now: Timestamp) -> ClosedRange<Hour> {
        let last = now.hour.adding(Int64(roster.policy.prefetchHours))
        let first = max(firstLateHour, now.hour.adding(-Int64(roster.policy.lateHours)))
        return min(first, last)...last
    }

    /// Takes note of who made a generation, which need not be who is in the roster now. Who came
    /// later holds nothing of it, whatever place it has, and no key is taken from it.
    public func know(_ generation: GenerationState) {
        makers[generation.number] = generation.roster
    }

    private func maker(of generation: UInt32) -> Roster { makers[generation] ?? roster }

    /// Asks every custodian, in one grant each, for the keys of some hours of one generation, and
    /// compares what the holders of each subset gave. A difference is told to the log with both
    /// names; the value that most holders gave is used, and one that a single holder gave is used
    /// and reported as unconfirmed, to be compared when another holder answers a later call.
    @discardableResult
    public func fetchKeys(
        _ hours: ClosedRange<Hour>, generation: UInt32, at now: Timestamp
    ) -> KeyReport {
        var report = KeyReport()
        let made = maker(of: generation)
        for index in roster.custodians.indices
        where made.custodianIndex(roster.custodians[index].id) != nil {
            do {
                let ask = try keyAsk(index, hours, at: now)
                take(
                    .success(try custodians[index].grant(ask.note)), to: ask,
                    generation: generation, at: now, &report)
            } catch {
                report.failed[roster.custodians[index].id] = Self.code(of: error)
            }
        }
        conclude(&report, hours, generation)
        return report
    }

    /// A custodian's grant to ask for: signed, under a fresh one-time key. For callers that ask
    /// several at once, outside of the gateway's own thread: this, `CustodianClient.grant`, `take`
    /// as each answer comes, and `conclude`.
    public func keyAsk(
        _ custodian: Int, _ hours: ClosedRange<Hour>, at now: Timestamp
    ) throws -> KeyAsk {
        let oneTimeKey = try OneTimeKey(from: random)
        let body = GrantRequestBody(
            site: site, firstHour: hours.lowerBound, lastHour: hours.upperBound,
            oneTimeKey: oneTimeKey.publicKey, time: now)
        return KeyAsk(
            custodian: custodian, hours: hours,
            note: try StatementDraft.sign(body, under: roster, by: signer), key: oneTimeKey)
    }

    /// What a custodian answered: its keys are held from now on, compared with those of the others.
    /// Returns whether they could be taken.
    @discardableResult
    public func take(
        _ answer: Result<[UInt8], WireProblem>, to ask: KeyAsk, generation: UInt32,
        at now: Timestamp, _ report: inout KeyReport
    ) -> Bool {
        let id = roster.custodians[ask.custodian].id
        do {
            guard let bit = maker(of: generation).custodianIndex(id) else {
                throw IntakeRefusal("parcel-other", "the custodian did not make the generation")
            }
            let parcel = try opened(try answer.get(), ask)
            let found = try keys(of: generation).take(parcel, from: bit)
            report.answered.append(id)
            for hour in ask.all { generations[hour] = generation }
            let request = try UnverifiedStatement(wire: ask.note).id
            note(found, generation, request, now, &report)
            return true
        } catch {
            report.failed[id] = Self.code(of: error)
            return false
        }
    }

    /// What came of all answers, and the word to the log where two holders differ.
    public func conclude(
        _ report: inout KeyReport, _ hours: ClosedRange<Hour>, _ generation: UInt32
    ) {
        let keySet = keys(of: generation)
        let asked = hours.lowerBound.number...hours.upperBound.number
        for hour in asked.lazy.map({ Hour(number: $0) }) {
            if !keySet.missing(hour).isEmpty { report.incomplete.append(hour) }
            if !keySet.unconfirmed(hour).isEmpty { report.unconfirmed.append(hour) }
        }
        tell(report.differences)
    }

    private func keys(of generation: UInt32) -> SiteKeys {
        let keySet =
            keySets[generation]
            ?? SiteKeys(
                generation: generation, site: site, threshold: maker(of: generation).threshold)
        keySets[generation] = keySet
        return keySet
    }

    private func opened(_ sealed: [UInt8], _ ask: KeyAsk) throws -> SiteKeyParcel {
        let opened = try ask.key.open(sealed, info: "platevault/grant/v1" + roster.origin)
        let parcel = try SiteKeyParcel(wire: opened)
        // A custodian does not choose for which hours this gateway holds keys.
        guard parcel.hours.allSatisfy(ask.hours.contains) else {
            throw IntakeRefusal("parcel-other", "a custodian sent keys of hours not asked for")
        }
        return parcel
    }

    /// One difference for each subset and pair of custodians, however many hours it has.
    private func note(
        _ found: [KeyDifference], _ generation: UInt32, _ request: Digest, _ now: Timestamp,
        _ report: inout KeyReport
    ) {
        for difference in found {
            let pair = difference.camps.compactMap(\.first).prefix(2).map {
                maker(of: generation).custodians[$0].id
            }
            let isKnown = report.differences.contains {
                $0.mask == difference.mask && $0.custodians == pair.sorted()
            }
            guard pair.count == 2, !isKnown else { continue }
            report.differences.append(
                DifferenceBody(
                    party: siteID, kind: .siteKey, generation: generation,
                    mask: difference.mask, custodians: pair, subject: request, time: now))
        }
    }

    /// Logs differences that have not been logged; those that the vault does not take come again
    /// with the next grant.
    private func tell(_ differences: [DifferenceBody]) {
        for body in differences {
            let name = ["\(body.generation)", "\(body.mask)"] + body.custodians
            guard !toldDifferences.contains(name),
                let note = try? StatementDraft.sign(body, under: roster, by: signer),
                (try? vault.append([note])) != nil
            else { continue }
            toldDifferences.insert(name)
        }
    }

    /// Erases the keys of hours older than `late_hours`; rows of theirs that
    /// the vault has still not taken are given up and counted.
    public func erase(at now: Timestamp) {
        let oldest = now.hour.adding(-Int64(roster.policy.lateHours))
        let kept = max(oldest, min(firstLateHour, now.hour))
        for keySet in keySets.values { keySet.forget(before: kept) }
        keySets = keySets.filter { !$0.value.hours.isEmpty }
        generations = generations.filter { $0.key >= kept }
        for (hour, cell) in cells where hour < kept {
            giveUpPhotos(cell)
            counts.undelivered += cell.waiting
            counts.waiting -= cell.waiting
            cell.erase()
        }
    }

    static func code(of error: any Error) -> String {
        switch error {
        case let error as IntakeRefusal: error.code
        case let error as WireProblem: error.code
        case let error as TokensError: error.code
        case let error as SecretsError: error.code
        case let error as Refusal: error.code
        default: "unexpected"
        }
    }
}
