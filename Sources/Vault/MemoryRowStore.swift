public import Plates
public import Rows
import Secrets
import Synchronization

/// The store's contract in memory: for tests, and for whoever wants nothing on a disk. Durable only
/// as long as the process.
public final class MemoryRowStore: RowStore {
    private struct TreeState {
        var rows: [Label: SealedRow] = [:]
        // In label order each, as they came over the wire.
        var batches: [RunID: [Batch]] = [:]
        var closing: StoredClosing?
        // Of the rows, once the tree is closed.
        var hours: HourTree?
    }

    private struct State {
        var trees: [CellTreeID: TreeState] = [:]
        var photos: [PhotoPlace: SealedPhoto] = [:]
        var dead: Set<Day> = []
        var refusals: [String: UInt64] = [:]
    }

    private let state = Mutex(State())
    private let photoLimit: Int

    /// An empty store. `photoBytes` is how much of photos it takes for one day of all
    /// sites.
    public init(photoBytes: Int? = nil) { photoLimit = photoBytes ?? PhotoRules.bytesADay }

    public func keep(_ batch: Batch, admission: Admission) throws(StoreError) -> Kept {
        try state.withLock { (state: inout State) throws(StoreError) -> Kept in
            do throws(StoreError) {
                return try Self.keep(batch, admission, &state)
            } catch {
                state.refusals[error.code, default: 0] += 1
                throw error
            }
        }
    }

    private static func keep(
        _ batch: Batch, _ admission: Admission, _ state: inout State
    ) throws(StoreError) -> Kept {
        guard !state.dead.contains(batch.cell.hour.day) else {
            throw StoreRules.dead(batch.cell.hour.day)
        }
        try admission.check(batch.cell)
        var tree = state.trees[batch.tree] ?? TreeState()
        if let closing = tree.closing {
            guard StoreRules.names(closing.opening, batch),
                batch.rows.allSatisfy({ tree.rows[$0.label] == $0 })
            else { throw StoreRules.closed(batch.cell) }
            return .again
        }
        let other = state.trees[batch.tree.other]
        let ofRun = tree.batches[batch.run] ?? []
        let taken = Int(exactly: batch.number).flatMap { $0 < ofRun.count ? ofRun[$0] : nil }
        let place = StoreRules.Place(
            known: UInt64(ofRun.count),
            taken: taken.map { StoreRules.Head(root: $0.root, signature: $0.signature) },
            isPromptClosed: other?.closing != nil)
        guard try StoreRules.judge(batch, place) == .fresh else { return .again }
        for row in batch.rows {
            for kept in [tree.rows[row.label], other?.rows[row.label]] {
                guard let kept, kept != row else { continue }
                throw StoreRules.labelDiffers(batch.cell)
            }
            tree.rows[row.label] = row
        }
        tree.batches[batch.run, default: []].append(batch)
        state.trees[batch.tree] = tree
        return .fresh
    }

    public func batches(of tree: CellTreeID) throws(StoreError) -> [Batch] {
        try state.withLock { state throws(StoreError) in
            let day = tree.cell.hour.day
            guard !state.dead.contains(day) else { throw StoreRules.dead(day) }
            guard let found = state.trees[tree] else { return [] }
            guard found.closing == nil else { throw StoreRules.closed(tree.cell) }
            return found.batches.sorted { $0.key < $1.key }.flatMap(\.value)
        }
    }

    public func leaves(
        of tree: CellTreeID, after place: BatchPlace?
    ) throws(StoreError) -> [BatchLeaves] {
        let all = try batches(of: tree)
        let rest = all.drop { batch in place.map { batch.place <= $0 } ?? false }
        return rest.prefix(64).map { BatchLeaves($0) }
    }

    public func rows(of tree: CellTreeID) throws(StoreError) -> [SealedRow] {
        state.withLock { Self.rows(of: tree, $0) }
    }

    private static func rows(of tree: CellTreeID, _ state: State) -> [SealedRow] {
        (state.trees[tree]?.rows ?? [:]).values.sorted { $0.label < $1.label }
    }

    public func publish(_ closing: StoredClosing) throws(StoreError) -> Kept {
        try state.withLock { (state: inout State) throws(StoreError) -> Kept in
            guard let hours = try Self.judge(closing, state) else { return .again }
            state.trees[closing.tree, default: TreeState()].closing = closing
            state.trees[closing.tree]?.hours = hours
            return .fresh
        }
    }

    public func checkClose(_ closing: StoredClosing) throws(StoreError) {
        try state.withLock { state throws(StoreError) in _ = try Self.judge(closing, state) }
    }

    public func forgetBatches(of tree: CellTreeID) throws(StoreError) {
        state.withLock { state in
            if state.trees[tree]?.closing != nil { state.trees[tree]?.batches = [:] }
        }
    }

    /// The tree to be closed; nil where it is closed so.
    private static func judge(
        _ closing: StoredClosing, _ state: State
    ) throws(StoreError) -> HourTree? {
        let cell = closing.opening.cell
        guard !state.dead.contains(cell.hour.day) else { throw StoreRules.dead(cell.hour.day) }
        let tree = state.trees[closing.tree]
        if let standing = tree?.closing {
            guard standing == closing else { throw StoreRules.closed(cell) }
            return nil
        }
        if closing.tree.kind == .late, state.trees[closing.tree.other]?.closing == nil {
            throw StoreRules.open(cell)
        }
        let runs = (tree?.batches ?? [:]).mapValues { UInt64($0.count) }
        try StoreRules.judge(closing.opening, runs: runs)
        let hours = try StoreRules.tree(of: rows(of: closing.tree, state))
        try StoreRules.judge(closing.opening, hours)
        return hours
    }

    public func closing(of tree: CellTreeID) throws(StoreError) -> StoredClosing? {
        state.withLock { $0.trees[tree]?.closing }
    }

    public func search<Found>(
        _ day: Day, _ body: (any ClosedTrees) throws(StoreError) -> Found
    ) throws(StoreError) -> Found? {
        let trees = state.withLock { $0.trees.filter { $0.key.cell.hour.day == day } }
        return trees.isEmpty ? nil : try body(Trees(trees: trees))
    }

    /// A copy of what the store has of one day.
    private struct Trees: ClosedTrees {
        let trees: [CellTreeID: TreeState]

        func closing(of tree: CellTreeID) throws(StoreError) -> KnownClosing? {
            trees[tree]?.closing.map(KnownClosing.init)
        }

        func find(_ label: Label, in tree: CellTreeID) throws(StoreError) -> FoundLabel {
            let state = trees[tree]
            if let row = state?.rows[label], let proof = state?.hours?.presence(of: label) {
                return .present(LookupAnswer.FoundRow(row: row, proof: proof))
            }
            guard let absence = state?.hours?.absence(of: label) else {
                throw StoreError(
                    code: "store-failed", sentence: "a closed cell's rows do not fit its tree")
            }
            return .absent(absence)
        }

        func rows(of tree: CellTreeID) throws(StoreError) -> [SealedRow] {
            (trees[tree]?.rows ?? [:]).values.sorted { $0.label < $1.label }
        }
    }

    public func closings() throws(StoreError) -> [StoredClosing] {
        state.withLock { state in
            state.trees.sorted { $0.key < $1.key }.compactMap(\.value.closing)
        }
    }

    public func closings(of day: Day) throws(StoreError) -> [StoredClosing] {
        try closings().filter { $0.opening.cell.hour.day == day }
    }

    public func keep(
        _ photos: [PhotoDelivery], admission: Admission
    ) throws(StoreError) -> Kept {
        try state.withLock { (state: inout State) throws(StoreError) -> Kept in
            do throws(StoreError) {
                return try Self.keep(photos, admission, photoLimit, &state)
            } catch {
                state.refusals[error.code, default: 0] += 1
                throw error
            }
        }
    }

    private static func keep(
        _ photos: [PhotoDelivery], _ admission: Admission, _ limit: Int, _ state: inout State
    ) throws(StoreError) -> Kept {
        var kept = state.photos
        guard Set(photos.map(\.cell.hour.day)).count <= 1 else { throw PhotoRules.severalDays }
        for photo in photos {
            let day = photo.cell.hour.day
            guard !state.dead.contains(day) else { throw StoreRules.dead(day) }
            try admission.check(photo.cell)
            guard kept[photo.place] == nil else { continue }
            let late = CellTreeID(cell: photo.cell, kind: .late)
            guard state.trees[late]?.closing == nil else { throw StoreRules.closed(photo.cell) }
            let ofDay = kept.filter {
                $0.key.cell.hour.day == day && $0.key.cell.site == photo.cell.site
            }
            let known = ofDay.keys.filter { $0.cell == photo.cell && $0.label == photo.photo.label }
            let size = ofDay.values.map(\.bytes.count).reduce(photo.photo.bytes.count, +)
            try PhotoRules.judge(
                photo, known: known.count, size: size, limit: PhotoRules.share(of: limit, admission)
            )
            kept[photo.place] = photo.photo
        }
        let isFresh = kept.count > state.photos.count
        state.photos = kept
        return isFresh ? .fresh : .again
    }

    public func photos(of label: Label, in cell: Cell) throws(StoreError) -> [SealedPhoto] {
        state.withLock { state in
            state.photos.filter { $0.key.cell == cell && $0.key.label == label }
                .sorted { $0.key < $1.key }.map(\.value)
        }
    }

    public func photoLabels(in cell: Cell) throws(StoreError) -> Set<Label> {
        state.withLock { state in
            Set(state.photos.keys.filter { $0.cell == cell }.map(\.label))
        }
    }

    public func tidyPhotos() throws(StoreError) {
        state.withLock { state in
            state.photos = state.photos.filter { place, _ in
                let late = CellTreeID(cell: place.cell, kind: .late)
                guard let tree = state.trees[late], tree.closing != nil else { return true }
                return tree.rows[place.label] != nil
                    || state.trees[late.other]?.rows[place.label] != nil
            }
        }
    }

    public func days() throws(StoreError) -> [Day] {
        state.withLock { state in
            Set(state.trees.keys.map(\.cell.hour.day) + state.photos.keys.map(\.cell.hour.day))
                .sorted()
        }
    }

    /// There are no files that would have to go later.
    public func markDead(_ day: Day) throws(StoreError) { try expire(day) }

    public func expire(_ day: Day) throws(StoreError) {
        state.withLock { state in
            state.dead.insert(day)
            state.trees = state.trees.filter { $0.key.cell.hour.day != day }
            state.photos = state.photos.filter { $0.key.cell.hour.day != day }
        }
    }

    public func isDead(_ day: Day) throws(StoreError) -> Bool {
        state.withLock { $0.dead.contains(day) }
    }

    public func count(_ refusal: String) throws(StoreError) {
        state.withLock { $0.refusals[refusal, default: 0] += 1 }
    }

    public func refusals() throws(StoreError) -> [String: UInt64] {
        state.withLock { $0.refusals }
    }
}
