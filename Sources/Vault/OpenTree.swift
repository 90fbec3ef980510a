import Plates
import Rows

/// What must be known of an open tree to judge a batch.
struct OpenTree {
    /// How many batches each run has.
    var runs: [RunID: UInt64] = [:]
    private var labels = LabelSet()

    /// Takes in a batch that the files have.
    mutating func add(_ run: RunID, _ rows: PackedRows) {
        runs[run, default: 0] += 1
        for place in 0..<rows.count { _ = labels.insert(LabelSet.beginning(rows.label(at: place))) }
    }

    /// The rows whose labels may be in the tree already.
    func doubtful(_ batch: Batch) -> [Label: SealedRow] {
        var doubtful: [Label: SealedRow] = [:]
        for place in 0..<batch.count
        where labels.contains(LabelSet.beginning(batch.packed.label(at: place))) {
            let row = batch.packed.row(at: place)
            doubtful[row.label] = row
        }
        return doubtful
    }

    /// Takes in a batch that is about to be written, and gives what of its labels is new.
    mutating func add(_ batch: Batch) -> [UInt64] {
        runs[batch.run] = batch.number + 1
        var added: [UInt64] = []
        added.reserveCapacity(batch.count)
        for place in 0..<batch.count {
            let label = LabelSet.beginning(batch.packed.label(at: place))
            if labels.insert(label) { added.append(label) }
        }
        return added
    }

    /// Takes out a batch that was not written, and what was new with it: nothing is left of batches
    /// that are refused, however many come.
    mutating func remove(_ batch: Batch, _ added: [UInt64]) {
        runs[batch.run] = batch.number == 0 ? nil : batch.number
        for label in added { labels.remove(label) }
    }

    /// How many labels are remembered.
    var count: Int { labels.count }
}
