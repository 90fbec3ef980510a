public import Plates
import Secrets

/// One entry of the log in a line: what kind of statement, whose, when, and about which request.
public struct EntryLine: Hashable, Sendable {
    /// Its index in the log.
    public let index: UInt64
    /// Its kind; nil where it is no statement.
    public let type: StatementType?
    /// Who signed it, by their words; none where it does not count, and for the first roster.
    public let authors: [String]
    /// When it was signed, by its author's word; nil for rosters.
    public let time: Timestamp?
    /// The entry of the request that it is about, its own where it is one; nil for all others.
    public let request: UInt64?
    /// The agency of that request.
    public let agency: String?
    /// Why it counts for nothing: a refusal's code; nil where it counts.
    public let refusal: String?
}

extension Examined {
    /// The entry in a line, once a record has taken it in, or refused it.
    public func line(at index: UInt64, in record: Record, refusal: Refusal?) -> EntryLine {
        let type = try? statement.get().type
        if let refusal {
            return EntryLine(
                index: index, type: type, authors: [], time: nil, request: nil, agency: nil,
                refusal: refusal.code)
        }
        guard let said = try? result.get() else {
            // The first roster: nothing before it says whose signatures it needs.
            return EntryLine(
                index: index, type: type, authors: [], time: nil, request: nil, agency: nil,
                refusal: nil)
        }
        let state = said.request.flatMap { record.request($0) }
        return EntryLine(
            index: index, type: type, authors: said.signers, time: said.time,
            request: state?.request.index, agency: state?.body.agency, refusal: nil)
    }
}

extension AnyStatement {
    /// The request that it is, or is about.
    fileprivate var request: Digest? {
        switch self {
        case .request(let statement): statement.id
        case .order(let statement): statement.body.request
        case .approval(let statement): statement.body.request
        case .denial(let statement): statement.body.request
        case .withdraw(let statement): statement.body.request
        case .evaluation(let statement): statement.body.request
        case .check(let statement): statement.body.request
        case .disclosure(let statement): statement.body.request
        case .opening(let statement): statement.body.request
        case .notice(let statement): statement.body.request
        default: nil
        }
    }
}
