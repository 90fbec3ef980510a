public import Ledger
public import Warrants

/// One party's own view of the log: a mirror that believes only what it recomputed, and the record
/// of its statements, verified in order.
public final class Follower {
    /// The entries, durable.
    public let mirror: Mirror
    /// The statements as of the last refresh.
    public private(set) var record: Record

    /// A view through a mirror, trusting one roster: the log's first. Takes in what the mirror
    /// holds already. Throws where the mirror cannot read its entries.
    public init(mirror: Mirror, trusting first: Roster) throws {
        self.mirror = mirror
        record = Record(trusting: first)
        try takeIn()
    }

    /// Follows the log to its newest checkpoint; returns once the new entries are durable and in
    /// the record. Throws what the mirror refuses (a fork above all) and what the vault answers.
    public func refresh(from vault: VaultClient) throws {
        let checkpoint = try vault.checkpoint()
        if checkpoint == mirror.checkpoint { return }
        try mirror.advance(to: checkpoint) { range in
            // The vault may send fewer at once; never none, or it would be asked for ever.
            var entries: [[UInt8]] = []
            while UInt64(entries.count) < range.upperBound - range.lowerBound {
                let from = range.lowerBound + UInt64(entries.count)
                let more = try vault.entries(from..<range.upperBound)
                guard !more.isEmpty else { throw WireProblem.malformed("list of log entries") }
                entries += more
            }
            return entries
        }
        try takeIn()
    }

    private func takeIn() throws {
        while record.count < mirror.size {
            let end = min(record.count + 1_024, mirror.size)
            for entry in try mirror.entries(record.count..<end) { record.append(entry) }
        }
    }
}
