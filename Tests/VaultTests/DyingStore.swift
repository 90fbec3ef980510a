import Plates
import Rows
import Synchronization
import Vault

/// A store in memory in which one day dies at the very moment that it has been looked up in.
final class DyingStore: RowStore {
    private let store = MemoryRowStore()
    private let dying: Day

    init(_ dying: Day) { self.dying = dying }

    func search<Found>(
        _ day: Day, _ body: (any ClosedTrees) throws(StoreError) -> Found
    ) throws(StoreError) -> Found? {
        let found = try store.search(day, body)
        guard day == dying else { return found }
        try store.expire(day)
        return nil
    }

    func keep(_ batch: Batch, admission: Admission) throws(StoreError) -> Kept {
        try store.keep(batch, admission: admission)
    }
    func batches(of tree: CellTreeID) throws(StoreError) -> [Batch] { try store.batches(of: tree) }
    func leaves(
        of tree: CellTreeID, after place: BatchPlace?
    ) throws(StoreError) -> [BatchLeaves] { try store.leaves(of: tree, after: place) }
    func rows(of tree: CellTreeID) throws(StoreError) -> [SealedRow] { try store.rows(of: tree) }
    func checkClose(_ closing: StoredClosing) throws(StoreError) { try store.checkClose(closing) }
    func publish(_ closing: StoredClosing) throws(StoreError) -> Kept { try store.publish(closing) }
    func forgetBatches(of tree: CellTreeID) throws(StoreError) {
        try store.forgetBatches(of: tree)
    }
    func closing(of tree: CellTreeID) throws(StoreError) -> StoredClosing? {
        try store.closing(of: tree)
    }
    func closings() throws(StoreError) -> [StoredClosing] { try store.closings() }
    func closings(of day: Day) throws(StoreError) -> [StoredClosing] {
        try store.closings(of: day)
    }
    func keep(_ photos: [PhotoDelivery], admission: Admission) throws(StoreError) -> Kept {
        try store.keep(photos, admission: admission)
    }
    func photos(of label: Label, in cell: Cell) throws(StoreError) -> [SealedPhoto] {
        try store.photos(of: label, in: cell)
    }
    func photoLabels(in cell: Cell) throws(StoreError) -> Set<Label> {
        try store.photoLabels(in: cell)
    }
    func tidyPhotos() throws(StoreError) { try store.tidyPhotos() }
    func days() throws(StoreError) -> [Day] { try store.days() }
    func markDead(_ day: Day) throws(StoreError) { try store.markDead(day) }
    func expire(_ day: Day) throws(StoreError) { try store.expire(day) }
    func isDead(_ day: Day) throws(StoreError) -> Bool { try store.isDead(day) }
    func count(_ refusal: String) throws(StoreError) { try store.count(refusal) }
    func refusals() throws(StoreError) -> [String: UInt64] { try store.refusals() }
}
