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

    /// Takes the labels in, and gives the rows whose labels may be in the tree already. What is remembered of a
    /// batch that is refused costs a question, and says nothing wrong.
    mutating func doubtful(_ batch: Batch) -> [Label: SealedRow] {
        var doubtful: [Label: SealedRow] = [:]
        for row in batch.rows where !labels.insert(LabelSet.beginning(row.label)) {
            doubtful[row.label] = row
        }
        return doubtful
    }
}
