import Ledger
import Plates
public import Secrets
public import Warrants

/// How a vault is, in numbers that anybody may know; no plate, cell or count of a site.
public struct VaultStatus: Sendable {
    /// The roster in force.
    public let roster: Roster
    /// Entries of the log.
    public let logSize: UInt64
    /// Custodians whose cosignature is on the published checkpoint.
    public let cosigners: Int
    /// Requests of the log by what is true of them: `evaluated`, `open`, `lapsed`, …
    public let requests: [String: Int]
    /// Days that have rows, by the log's verdict on them.
    public let days: [String: Int]
}

extension VaultService {
    /// How the vault is now; nil before its log has a roster. Throws the store's errors.
    public func status() throws(StoreError) -> VaultStatus? {
        let time = now()
        let days = try store.days()
        let published = log.checkpoint
        let size = log.size
        do throws(StoreError) {
            return try withRecord { (record) throws(StoreError) in
                var requests: [String: Int] = [:]
                for state in record.allRequests {
                    requests[Self.word(state, record, time), default: 0] += 1
                }
                var verdicts: [String: Int] = [:]
                for day in days {
                    let verdict = record.report(on: day, at: time)?.verdict.rawValue ?? "unknown"
                    verdicts[verdict, default: 0] += 1
                }
                return VaultStatus(
                    roster: record.roster, logSize: size,
                    cosigners: (try? Note(wire: published))?
                        .cosigners(among: record.roster.cosigners).count ?? 0,
                    requests: requests,
                    days: verdicts)
            }
        } catch {
            guard error.code == "roster-missing" else { throw error }
            return nil
        }
    }

    /// The requests that stand in the log from an index on, and the log's size. Throws
    /// `roster-missing`.
    public func requests(
        from index: UInt64
    ) throws(StoreError) -> (requests: [(index: UInt64, id: Digest)], end: UInt64) {
        try withRecord { (record) throws(StoreError) in
            let new = record.allRequests.filter { $0.request.index >= index }
                .sorted { $0.request.index < $1.request.index }
            return (new.map { ($0.request.index, $0.id) }, record.count)
        }
    }

    /// The roster in force; nil before the log has one.
    public var roster: Roster? {
        try? withRecord { (record) throws(StoreError) in record.roster }
    }

    /// Custodians of earlier rosters that the one in force has no more.
    public var formerCustodians: [String] {
        let all = try? withRecord { (record) throws(StoreError) in
            let former = record.rosters.flatMap { $0.roster.custodians.map(\.id) }
            return Set(former).subtracting(record.roster.custodians.map(\.id)).sorted()
        }
        return all ?? []
    }

    private static func word(
        _ state: RequestState, _ record: Record, _ time: Timestamp
    ) -> String {
        if !state.evaluations.isEmpty { return "evaluated" }
        switch Judge.verdict(on: state.id, secret: nil, in: record, at: time).refusal?.code {
        case nil: return "granted"
        case "lapsed"?: return "lapsed"
        case "denied"?: return "denied"
        case "withdrawn"?: return "withdrawn"
        default: return "open"
        }
    }
}
