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
    /// the record. Throws what the mirror refuses (`log-forked` above all; then nothing has
    /// changed), `entries-count` and what the vault answers.
    public func refresh(from vault: VaultClient) throws {
        let checkpoint = try vault.checkpoint()
        if checkpoint != mirror.checkpoint {
            try mirror.advance(to: checkpoint) { try Self.entries($0, from: vault) }
        }
        try takeIn()
    }

    /// The vault may send fewer than asked for, so it is asked again, but never for nothing.
    private static func entries(
        _ range: Range<UInt64>, from vault: VaultClient
    ) throws(WireProblem) -> [[UInt8]] {
        var entries: [[UInt8]] = []
        while entries.count < range.count {
            let rest = (range.lowerBound + UInt64(entries.count))..<range.upperBound
            let more = try vault.entries(rest)
            guard !more.isEmpty, more.count <= rest.count else {
                throw WireProblem(
                    code: "entries-count", sentence: "the vault does not send its log's entries")
            }
            entries += more
        }
        return entries
    }

    private func takeIn() throws {
        while record.count < mirror.size {
            let end = min(record.count + 1_024, mirror.size)
            for entry in try mirror.entries(record.count..<end) { record.append(entry) }
        }
    }
}
