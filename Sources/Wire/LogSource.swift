import Ledger

/// Where a log can be followed: its vault, or anybody who mirrors it. What comes from here counts
/// only after a mirror of one's own has recomputed it.
public protocol LogSource {
    /// The newest checkpoint there, as a signed note.
    func checkpoint() throws(WireProblem) -> [UInt8]
    /// Log entries; fewer than asked for may come, never none of a range that is there.
    func entries(_ range: Range<UInt64>) throws(WireProblem) -> [[UInt8]]
}

extension LogSource {
    /// All entries of a range, asked for until they are there, but never for nothing. Throws
    /// `entries-count` where the source does not send what its checkpoint promises.
    func all(_ range: Range<UInt64>) throws(WireProblem) -> [[UInt8]] {
        guard range.upperBound - range.lowerBound <= 1 << 32 else {
            throw WireProblem(code: "entries-count", sentence: "no log has so many entries")
        }
        var entries: [[UInt8]] = []
        while entries.count < range.count {
            let rest = (range.lowerBound + UInt64(entries.count))..<range.upperBound
            let more = try self.entries(rest)
            guard !more.isEmpty, more.count <= rest.count else {
                throw WireProblem(
                    code: "entries-count", sentence: "the log's entries do not come")
            }
            entries += more
        }
        return entries
    }
}
