import Plates
import Secrets
import Warrants

/// What `platevault status --json` says of a deployment, by the log.
struct StatusOverview: Encodable {
    /// A site's number and name.
    struct Site: Encodable {
        let number: Int
        let name: String
    }

    /// A generation of keys in use.
    struct Generation: Encodable {
        let number: Int
        let first: String
        let last: String
    }

    let origin: String
    let time: String
    let roster: String
    let threshold: String
    let entries: Int
    let invalid: Int
    let requests: Int
    let closed: Int
    let sites: [Site]
    let requesters: [String: [String]]
    let authorities: [String]
    let generation: Generation?

    init(_ record: Record, at now: Timestamp) {
        let roster = record.roster
        origin = roster.origin
        time = now.text
        self.roster = roster.hash.hex
        threshold = "\(roster.threshold)"
        entries = Int(clamping: record.count)
        invalid = record.findings.count
        requests = record.requestOrder.count
        closed = record.closedCells.count
        sites = roster.sites.map { Site(number: Int($0.number.number), name: $0.name) }
        requesters = Dictionary(
            roster.body.agencies.map { ($0.id, $0.requesters.map(\.id)) }, uniquingKeysWith: { $1 })
        authorities = roster.body.authorities.map(\.id)
        generation = record.newestUsable.map {
            Generation(
                number: Int(clamping: $0.number), first: $0.first.text, last: $0.last.text)
        }
    }
}
