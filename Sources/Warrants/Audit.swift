import FoundationEssentials
public import Plates
import Secrets

/// What an audit found: the days' verdicts and everything that is wrong or worth knowing.
public struct AuditReport: Hashable, Sendable, Codable {
    /// The log's origin.
    public let origin: String
    /// How many entries were read.
    public let entries: UInt64
    /// SHA-256 of the roster in force, hex.
    public let roster: String
    /// How many requests there are.
    public let requests: Int
    /// How many evaluations there are.
    public let evaluations: Int
    /// How many disclosures by the vault there are.
    public let disclosures: Int
    /// Each day's verdict, ascending.
    public let days: [DayReport]
    /// Faults and notices, by index; those about no entry last.
    public let findings: [Finding]

    /// Whether nothing is wrong.
    public var isClean: Bool { !findings.contains(where: \.isFault) }

    /// The same report with further findings, such as an auditor's who compared mirrors.
    public func adding(_ more: [Finding]) -> AuditReport {
        AuditReport(
            origin: origin, entries: entries, roster: roster, requests: requests,
            evaluations: evaluations, disclosures: disclosures, days: days,
            findings: findings + more)
    }

    /// The report as JSON with sorted keys.
    public func json() throws(Refusal) -> [UInt8] { try CanonicalJSON.encode(self) }
}

/// Goes through a verified record and asks of every act whether it was allowed when it was done.
/// Anybody can: it needs no key and no account. That the record is the log's is shown before, by a
/// mirror that has recomputed the checkpoint's root.
public enum Audit {
    /// The report on a record at a time.
    public static func report(on record: Record, at now: Timestamp) -> AuditReport {
        let requests = record.allRequests
        let days = record.days(upTo: now).compactMap { record.report(on: $0, at: now) }
        var findings = record.findings
        if record.rosters.isEmpty {
            findings.append(fault("roster-missing", "the log has no roster", nil))
        }
        for state in requests {
            findings += evaluations(of: state, in: record)
            findings += disputes(of: state, in: record)
            findings += disclosures(of: state, in: record)
        }
        findings += grants(in: record)
        findings += generations(in: record)
        findings += destructions(in: record)
        findings += told(in: record)
        findings += days.compactMap(overdue)
        return AuditReport(
            origin: record.origin, entries: record.count, roster: record.roster.hash.hex,
            requests: requests.count, evaluations: requests.map(\.evaluations.count).reduce(0, +),
            disclosures: requests.flatMap(\.disclosures).filter { $0.body.role == .vault }.count,
            days: days, findings: findings.sorted { place($0) < place($1) })
    }

    private static func place(_ finding: Finding) -> UInt64 { finding.index ?? .max }

    private static func fault(_ code: String, _ sentence: String, _ index: UInt64?) -> Finding {
        Finding(code: code, sentence: sentence, index: index)
    }

    private static func notice(_ code: String, _ sentence: String, _ index: UInt64?) -> Finding {
        Finding(code: code, sentence: sentence, index: index, isFault: false)
    }

    /// Every evaluation by the log before it: request, attestation, t approvals, no withdrawal.
    private static func evaluations(of state: RequestState, in record: Record) -> [Finding] {
        var findings: [Finding] = []
        for logged in state.evaluations {
            let verdict = Judge.verdict(
                on: state.id, secret: nil, in: record, at: logged.body.time, before: logged.index)
            guard let refusal = verdict.refusal else { continue }
            findings.append(
                fault(
                    "evaluation-unbacked",
                    "\(logged.body.custodian) evaluated without leave (\(refusal.code)): "
                        + refusal.sentence, logged.index))
        }
        if let first = state.evaluations.first,
            state.body.process == ProcessKind.exigent.rawValue, state.orders.isEmpty
        {
            findings.append(
                notice(
                    "exigent-unratified",
                    "an exigent request was evaluated and no authority has attested it",
                    first.index))
        }
        return findings
    }

    /// Holders of one subset must have evaluated to the same digest.
    private static func disputes(of state: RequestState, in record: Record) -> [Finding] {
        var said: [Place: [String: String]] = [:]
        for logged in state.evaluations {
            for item in logged.body.digests {
                let place = Place(day: item.day, plate: item.plate, mask: item.mask)
                said[place, default: [:]][logged.body.custodian] = item.e.hex
            }
        }
        return said.filter { Set($0.value.values).count > 1 }.sorted { $0.key < $1.key }.map {
            fault(
                "evaluation-disputed",
                "subset \($0.key.mask) on \($0.key.day.text): "
                    + $0.value.keys.sorted().joined(separator: ", ")
                    + " do not agree", state.evaluations.last?.index)
        }
    }

    private struct Place: Hashable, Comparable {
        let day: Day
        let plate: Int
        let mask: SubsetMask

        static func < (left: Self, right: Self) -> Bool {
            (left.day, left.plate, left.mask) < (right.day, right.plate, right.mask)
        }
    }

    /// Every disclosure by t evaluations before it; both sides name one bundle.
    private static func disclosures(of state: RequestState, in record: Record) -> [Finding] {
        var findings: [Finding] = []
        for logged in state.disclosures {
            let needed = record.roster(at: logged.index).threshold.t
            let backing = state.evaluations.filter { $0.index < logged.index }.count
            guard backing < needed else { continue }
            findings.append(
                fault(
                    "disclosure-unbacked",
                    "a disclosure after \(backing) of \(needed) evaluations", logged.index))
        }
        if Set(state.disclosures.map(\.body.bundle)).count > 1 {
            findings.append(
                fault(
                    "disclosure-differs", "vault and requester do not name the same bundle",
                    state.disclosures.last?.index))
        }
        return findings
    }

    /// Grants only to sites of the roster, from late_hours back to prefetch_hours ahead.
    private static func grants(in record: Record) -> [Finding] {
        record.grants.compactMap { logged in
            let roster = record.roster(at: logged.index)
            let body = logged.body
            if roster.site(body.site) == nil {
                return fault(
                    "grant-unknown-site",
                    "\(body.custodian) gave keys to site \(body.site), which the roster lacks",
                    logged.index)
            }
            let earliest = body.time.hour.adding(-Int64(roster.policy.lateHours))
            let latest = body.time.hour.adding(Int64(roster.policy.prefetchHours))
            guard body.firstHour < earliest || body.lastHour > latest else { return nil }
            return fault(
                "grant-outside-window",
                "\(body.custodian) gave site \(body.site) keys outside "
                    + "\(earliest.text) to \(latest.text)", logged.index)
        }
    }

    /// Finals that differ void a generation; one that stays unfinished is worth a notice.
    private static func generations(in record: Record) -> [Finding] {
        record.generations.values.sorted { $0.number < $1.number }.flatMap { state in
            var findings = state.disputes.map { dispute in
                fault(
                    "generation-void",
                    "generation \(state.number): "
                        + dispute.custodians.joined(separator: ", ")
                        + " do not agree on subset \(dispute.mask)", state.proposed)
            }
            if findings.isEmpty, !state.isFinal {
                findings.append(
                    notice(
                        "generation-unfinished",
                        "generation \(state.number) is not final: \(state.finals.count) of "
                            + "\(state.threshold.n) custodians have said so", state.proposed))
            }
            return findings
        }
    }

    /// Destructions of the same day must commit to the same next chain, whoever says it.
    private static func destructions(in record: Record) -> [Finding] {
        var said: [NextDay: [String: String]] = [:]
        var last: [NextDay: UInt64] = [:]
        for logged in record.destructions {
            for next in logged.body.next {
                let key = NextDay(
                    generation: logged.body.generation, day: logged.body.day, mask: next.mask)
                said[key, default: [:]][logged.body.custodian] = next.commit.hex
                last[key] = logged.index
            }
        }
        return said.filter { Set($0.value.values).count > 1 }.map {
            fault(
                "destruction-differs",
                "generation \($0.key.generation), after \($0.key.day.text), subset "
                    + "\($0.key.mask): " + $0.value.keys.sorted().joined(separator: ", ")
                    + " do not agree on the next chain", last[$0.key])
        }
    }

    private struct NextDay: Hashable {
        let generation: UInt32
        let day: Day
        let mask: SubsetMask
    }

    /// What parties themselves have told.
    private static func told(in record: Record) -> [Finding] {
        let differences = record.differences.map {
            fault(
                "difference-told",
                "\($0.body.party) tells a difference (\($0.body.kind.rawValue)): "
                    + $0.body.custodians.joined(separator: ", "), $0.index)
        }
        let rollbacks = record.rollbacks.map {
            notice(
                "rolled-back",
                "\($0.body.custodian) found its state at \($0.body.found.text) after it had "
                    + "announced \($0.body.announced.text), and erased forward", $0.index)
        }
        let shreds = record.shreds.map {
            notice(
                "shred",
                "\($0.body.custodian) has erased all it held of generation "
                    + "\($0.body.generation)", $0.index)
        }
        return differences + rollbacks + shreds
    }

    /// A day that should be dead, or a custodian that is late with its own part.
    private static func overdue(_ report: DayReport) -> Finding? {
        guard !report.late.isEmpty else { return nil }
        let names = report.late.joined(separator: ", ")
        return report.verdict == .overdue
            ? fault(
                "day-overdue",
                "\(report.day.text) should be dead; not erased by the word of: \(names)", nil)
            : fault(
                "custodian-late",
                "\(report.day.text) is dead, but these have not erased it: \(names)", nil)
    }
}
