import Ledger
import Plates
import Rows
import Secrets

/// All rows of a tree that is to be closed, brought from the order of batches into that of labels:
/// they are held as they were packed, once, with 40 bytes a row beside them, and the tree's 112.
struct ClosingRows {
    private struct Place {
        let high: UInt64
        let low: UInt64
        let batch: Int
        let row: Int
    }

    private var batches: [PackedRows] = []
    private var places: [Place] = []
    /// What stays of the batches.
    private(set) var heads: [Batch.Head] = []

    /// How many batches each run has among them.
    var runs: [RunID: UInt64] {
        heads.reduce(into: [:]) { runs, head in runs[head.place.run, default: 0] += 1 }
    }

    /// Adds the rows of one more batch.
    mutating func add(_ batch: ArrivingBatch) {
        let rows = batch.rows
        for row in 0..<rows.count {
            let label = rows.label(at: row)
            places.append(
                Place(
                    high: LabelSet.beginning(label), low: LabelSet.beginning(label.dropFirst(8)),
                    batch: batches.count, row: row))
        }
        batches.append(rows)
        heads.append(batch.head)
    }

    /// The tree over all of them, and the rows in the order of its leaves. A row that came in two
    /// batches is one. Throws `opening-differs` where two rows have one label.
    mutating func tree() throws(StoreError) -> HourTree {
        places.sort { ($0.high, $0.low) < ($1.high, $1.low) }
        var kept: [Place] = []
        kept.reserveCapacity(places.count)
        for place in places {
            if let last = kept.last, (last.high, last.low) == (place.high, place.low),
                packed(last).elementsEqual(packed(place))
            {
                continue
            }
            kept.append(place)
        }
        places = kept
        var leaves = LeafList(capacity: places.count)
        for place in places { leaves.append(batches[place.batch], at: place.row) }
        do throws(RowsError) {
            return try HourTree(leaves)
        } catch {
            throw StoreError(code: "opening-differs", sentence: error.sentence)
        }
    }

    /// One row as it is packed, by its place among all.
    func packed(_ place: Int) -> ArraySlice<UInt8> { packed(places[place]) }

    private func packed(_ place: Place) -> ArraySlice<UInt8> {
        batches[place.batch].packed(at: place.row)
    }
}
