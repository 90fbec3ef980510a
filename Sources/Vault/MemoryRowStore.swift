public import Plates
public import Rows
import Secrets
import Synchronization

/// The store's contract in memory: for tests, and for whoever wants nothing on a disk. Durable only
/// as long as the process.
public final class MemoryRowStore: RowStore {
    private struct CellState {
        var rows: [Label: SealedRow] = [:]
        // In label order each, as they came over the wire.
        var batches: [RunID: [Batch]] = [:]
        var closing: StoredClosing?
    }

    private struct State {
        var cells: [Cell: CellState] = [:]
        var dead: Set<Day> = []
        var refusals: [String: UInt64] = [:]
    }

    private let state = Mutex(State())

    /// An empty store.
    public init() {}

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
        var cell = state.cells[batch.cell] ?? CellState()
        let ofRun = cell.batches[batch.run] ?? []
        let taken = Int(exactly: batch.number).flatMap { $0 < ofRun.count ? ofRun[$0] : nil }
        let place = StoreRules.Place(
            known: UInt64(ofRun.count), taken: taken.map { ($0.root, $0.signature) },
            isClosed: cell.closing != nil)
        guard try StoreRules.judge(batch, place) == .fresh else { return .again }
        for row in batch.rows {
            if let kept = cell.rows[row.label], kept != row {
                throw StoreRules.labelDiffers(batch.cell)
            }
            cell.rows[row.label] = row
        }
        cell.batches[batch.run, default: []].append(batch)
        state.cells[batch.cell] = cell
        return .fresh
    }

    public func batches(of cell: Cell) throws(StoreError) -> [Batch] {
        try state.withLock { state throws(StoreError) in
            guard !state.dead.contains(cell.hour.day) else { throw StoreRules.dead(cell.hour.day) }
            guard let found = state.cells[cell] else { return [] }
            guard found.closing == nil else { throw StoreRules.closed(cell) }
            return found.batches.sorted { $0.key < $1.key }.flatMap(\.value)
        }
    }

    public func rows(of cell: Cell) throws(StoreError) -> [SealedRow] {
        state.withLock { Self.rows(of: cell, $0) }
    }

    private static func rows(of cell: Cell, _ state: State) -> [SealedRow] {
        (state.cells[cell]?.rows ?? [:]).values.sorted { $0.label < $1.label }
    }

    public func close(_ closing: StoredClosing) throws(StoreError) -> Kept {
        try state.withLock { (state: inout State) throws(StoreError) -> Kept in
            let cell = closing.opening.cell
            guard try Self.judge(closing, state) == .fresh else { return .again }
            state.cells[cell, default: CellState()].closing = closing
            return .fresh
        }
    }

    public func checkClose(_ closing: StoredClosing) throws(StoreError) {
        try state.withLock { state throws(StoreError) in _ = try Self.judge(closing, state) }
    }

    private static func judge(
        _ closing: StoredClosing, _ state: State
    ) throws(StoreError) -> Kept {
        let cell = closing.opening.cell
        guard !state.dead.contains(cell.hour.day) else { throw StoreRules.dead(cell.hour.day) }
        if let standing = state.cells[cell]?.closing {
            guard standing == closing else { throw StoreRules.closed(cell) }
            return .again
        }
        let runs = (state.cells[cell]?.batches ?? [:]).mapValues { UInt64($0.count) }
        try StoreRules.judge(closing.opening, runs: runs, rows: rows(of: cell, state))
        return .fresh
    }

    public func closing(of cell: Cell) throws(StoreError) -> StoredClosing? {
        state.withLock { $0.cells[cell]?.closing }
    }

    public func closings() throws(StoreError) -> [StoredClosing] {
        state.withLock { state in
            state.cells.sorted { $0.key < $1.key }.compactMap(\.value.closing)
        }
    }

    public func days() throws(StoreError) -> [Day] {
        state.withLock { Set($0.cells.keys.map(\.hour.day)).sorted() }
    }

    public func expire(_ day: Day) throws(StoreError) {
        state.withLock { state in
            state.dead.insert(day)
            state.cells = state.cells.filter { $0.key.hour.day != day }
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
