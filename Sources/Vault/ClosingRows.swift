import Ledger
import Plates
import Rows
import Secrets

/// All rows of a tree that is to be closed, brought from the order of batches into that of labels:
/// they are held as they were packed, once, with 24 bytes a row beside them, and the tree's 112.
struct ClosingRows {
    private struct Place {
        let high: UInt64
        let low: UInt64
        let batch: UInt32
        let row: UInt32
    }

    private var batches: [PackedRows] = []
    private var places: [Place] = []
    /// How many batches each run has among them.
    private(set) var runs: [RunID: UInt64] = [:]

    /// Adds the rows of one more batch.
    mutating func add(_ batch: ArrivingBatch) {
        let rows = batch.rows
        let number = UInt32(truncatingIfNeeded: batches.count)
        for row in 0..<rows.count {
            let label = rows.label(at: row)
            places.append(
                Place(
                    high: LabelSet.beginning(label), low: LabelSet.beginning(label.dropFirst(8)),
                    batch: number, row: UInt32(truncatingIfNeeded: row)))
        }
        batches.append(rows)
        runs[batch.head.place.run, default: 0] += 1
    }

    /// The tree over all of them, and the rows in the order of its leaves. A row that came in two
    /// batches is one. Throws `opening-differs` where two rows have one label.
    mutating func tree() throws(StoreError) -> HourTree {
        places.sort { ($0.high, $0.low) < ($1.high, $1.low) }
        mergeEqual()
        var leaves = LeafList(capacity: places.count + 2)
        leaves.append(.first)
        for place in places { leaves.append(batches[Int(place.batch)], at: Int(place.row)) }
        leaves.append(.last)
        do throws(RowsError) {
            return try HourTree(ascending: leaves)
        } catch {
            throw StoreError(code: "opening-differs", sentence: error.sentence)
        }
    }

    private mutating func mergeEqual() {
        var kept = 0
        for index in places.indices {
            let place = places[index]
            if kept > 0 {
                let last = places[kept - 1]
                if (last.high, last.low) == (place.high, place.low),
                    packed(last).elementsEqual(packed(place))
                {
                    continue
                }
            }
            places[kept] = place
            kept += 1
        }
        places.removeLast(places.count - kept)
    }

    /// One row as it is packed, by its place among all.
    func packed(_ place: Int) -> ArraySlice<UInt8> { packed(places[place]) }

    private func packed(_ place: Place) -> ArraySlice<UInt8> {
        batches[Int(place.batch)].packed(at: Int(place.row))
    }
}
