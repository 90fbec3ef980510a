import Secrets

/// A journal and the head that was published or accepted over it: what may be read. Entries beyond
/// the head are none yet, even where the journal has them.
struct HeldLog: Sendable {
    var journal: Journal
    var head: Checkpoint

    /// One entry under the head. Throws `entry-missing`, `entry-damaged`.
    func entry(_ index: UInt64) throws(LedgerError) -> [UInt8] {
        guard index < head.size else {
            throw LedgerError(code: "entry-missing", sentence: "there is no entry \(index)")
        }
        return try journal.entry(index)
    }

    /// Entries under the head, in order.
    func entries(_ range: Range<UInt64>) throws(LedgerError) -> [[UInt8]] {
        guard range.upperBound <= head.size else {
            throw LedgerError(
                code: "entry-missing",
                sentence: "there is no entry \(range.upperBound - 1) of \(head.size)")
        }
        return try journal.entries(range)
    }

    /// A proof up to the head at most; nil means the head.
    func inclusionProof(_ index: UInt64, _ size: UInt64?) throws(LedgerError) -> [Digest] {
        try journal.tree.inclusionProof(index, size: try bounded(size))
    }

    /// A proof up to the head at most; nil means the head.
    func consistencyProof(_ oldSize: UInt64, _ size: UInt64?) throws(LedgerError) -> [Digest] {
        try journal.tree.consistencyProof(from: oldSize, to: try bounded(size))
    }

    /// A proof up to the head at most.
    func subtreeProof(
        _ subtree: Range<UInt64>, _ size: UInt64
    ) throws(LedgerError) -> [Digest] {
        try journal.tree.subtreeProof(of: subtree, size: try bounded(size))
    }

    private func bounded(_ size: UInt64?) throws(LedgerError) -> UInt64 {
        guard let size else { return head.size }
        guard size <= head.size else { throw Merkle.outOfRange }
        return size
    }
}
