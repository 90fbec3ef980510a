import Disk
import GRDB
import Plates
import Rows
import Secrets
import Synchronization

/// One living day: its two files, and what it must know of its trees to take a batch without asking
/// them. Closed trees are written in a file of their own, so that batches come in meanwhile.
///
/// Two locks, never one inside the other but in this order: `closing` is held while a tree is
/// brought into label order, as long as that takes; `state` for one transaction at most.
final class DayStore: Sendable {
    private struct State {
        /// The open trees that have been asked for since the store was opened.
        var open: [CellTreeID: OpenTree] = [:]
        var closed: Set<CellTreeID>
        /// Openings whose trees' blocks are written, so that nothing but the closing itself is left.
        var prepared: [CellTreeID: HourOpening] = [:]
    }

    let file: DayFile
    private let arriving: ArrivingFile
    private let state: Mutex<State>
    private let closing = Mutex(())
    private let commits = GroupCommit<Batch, Kept>()

    /// A day on its files; goes on with what a crash cut short.
    init(_ file: DayFile, _ arriving: ArrivingFile) throws(StoreError) {
        self.file = file
        self.arriving = arriving
        state = Mutex(State(closed: try file.closedTrees()))
        try recover()
    }

    /// What has its closing is forgotten, what has none is open, and loses its blocks.
    private func recover() throws(StoreError) {
        try forget()
        do throws(StoreError) {
            let closed = state.withLock { $0.closed }
            for tree in try file.unfinished().subtracting(closed) { try file.dropUnfinished(tree) }
        } catch {
            // A full disk keeps no store from opening; there is room another time.
            guard error.code == SQLiteFile.full else { throw error }
        }
        try file.file.settleIfRoom()
        try arriving.file.settleIfRoom()
    }

    /// Removes both files.
    func remove(_ fileSystem: any FileSystem) throws(StoreError) {
        try file.file.remove(fileSystem)
        try arriving.file.remove(fileSystem)
    }

    // MARK: Batches

    /// Keeps a batch, together with all others that wait at this moment, in one transaction.
    func keep(_ batch: Batch) throws(StoreError) -> Kept {
        try commits.run(batch) { batches in self.keep(batches) }
    }

    /// If the transaction fails, none of them is kept, and what is known of their trees is read anew
    /// when it is needed.
    private func keep(_ batches: [Batch]) -> [Result<Kept, StoreError>] {
        state.withLock { state in
            do throws(StoreError) {
                return try arriving.file.write { database in
                    try batches.map { batch in try keep(batch, &state, database) }
                }
            } catch {
                for batch in batches { state.open[batch.tree] = nil }
                return batches.map { _ in .failure(error) }
            }
        }
    }

    /// A refusal is a result, which keeps no other batch from being kept; what is thrown is the disk's.
    private func keep(
        _ batch: Batch, _ state: inout State, _ database: Database
    ) throws -> Result<Kept, StoreError> {
        let tree = batch.tree
        let isClosed = state.closed.contains(tree)
        // Moved out and back, so that nothing is copied.
        var open = try state.open.removeValue(forKey: tree) ?? OpenTree(tree, database, isClosed)
        defer { if !isClosed { state.open[tree] = open } }
        let known = open.runs[batch.run] ?? 0
        let isPromptClosed = state.closed.contains(CellTreeID(cell: tree.cell, kind: .prompt))
        do {
            let place = StoreRules.Place(
                known: known, taken: try taken(batch, isClosed, known, database),
                isClosed: isClosed, isPromptClosed: isPromptClosed)
            guard try StoreRules.judge(batch, place) == .fresh else { return .success(.again) }
            try open.check(batch, database)
            if tree.kind == .late { try checkPrompt(batch) }
        } catch let refusal as StoreError {
            guard refusal.code != "store-failed" else { throw refusal }
            return .failure(refusal)
        }
        try ArrivingFile.insert(batch, database)
        open.runs[batch.run] = known + 1
        state.prepared[tree] = nil
        return .success(.fresh)
    }

    private func taken(
        _ batch: Batch, _ isClosed: Bool, _ known: UInt64, _ database: Database
    ) throws -> StoreRules.Head? {
        if isClosed { return try file.taken(batch.tree, batch.run, batch.number) }
        guard batch.number < known else { return nil }
        return try ArrivingFile.taken(batch.tree, batch.run, batch.number, database)
    }

    /// Throws `label-differs` where a late row has the label of one that came in time, and other bytes.
    private func checkPrompt(_ batch: Batch) throws(StoreError) {
        try file.search { day throws(StoreError) in
            for row in batch.rows {
                if let kept = try day.row(row.label, in: batch.tree.other), kept != row {
                    throw StoreRules.labelDiffers(batch.cell)
                }
            }
        }
    }

    func batches(of tree: CellTreeID) throws(StoreError) -> [Batch] {
        guard !isClosed(tree) else {
            throw StoreRules.closed(tree.cell)
        }
        return try arriving.batches(of: tree)
    }

    func leaves(
        of tree: CellTreeID, after place: BatchPlace?
    ) throws(StoreError) -> [BatchLeaves] {
        guard !isClosed(tree) else { throw StoreRules.closed(tree.cell) }
        return try arriving.leaves(of: tree, after: place)
    }

    /// The rows of a tree in label order, open or closed.
    func rows(of tree: CellTreeID) throws(StoreError) -> [SealedRow] {
        guard isClosed(tree) else { return try arriving.rows(of: tree) }
        return try file.search { day throws(StoreError) in try day.rows(of: tree) }
    }

    /// Whether a tree is closed.
    func isClosed(_ tree: CellTreeID) -> Bool { state.withLock { $0.closed.contains(tree) } }

    // MARK: Closing

    /// Judges a closing, and does all of it that takes long: the tree's rows are read, brought into
    /// label order, hashed and written as blocks, while batches of other cells come in. Of the tree
    /// itself none can come any more that its closing does not name.
    func prepare(_ closing: StoredClosing) throws(StoreError) -> Kept {
        try self.closing.withLock { _ throws(StoreError) in try prepareLocked(closing) }
    }

    private func prepareLocked(_ closing: StoredClosing) throws(StoreError) -> Kept {
        let tree = closing.tree
        if try standing(closing) { return .again }
        if state.withLock({ $0.prepared[tree] == closing.opening }) { return .fresh }
        var rows = try arriving.closingRows(of: tree)
        try StoreRules.judge(closing.opening, runs: rows.runs)
        let hours = try rows.tree()
        try StoreRules.judge(closing.opening, hours)
        try file.dropUnfinished(tree)
        try file.write(rows, hours, of: tree)
        try state.withLock { state throws(StoreError) in
            // A batch that came in meanwhile is in no block.
            guard try arriving.runs(of: tree) == rows.runs else { return }
            state.prepared[tree] = closing.opening
        }
        return .fresh
    }

    /// Whether the closing stands. Throws where another one does, or it comes too early.
    private func standing(_ closing: StoredClosing) throws(StoreError) -> Bool {
        let tree = closing.tree
        let (isClosed, isOtherClosed) = state.withLock {
            ($0.closed.contains(tree), $0.closed.contains(tree.other))
        }
        if isClosed {
            guard try file.closing(of: tree) == closing else {
                throw StoreRules.closed(tree.cell)
            }
            return true
        }
        if tree.kind == .late, !isOtherClosed { throw StoreRules.open(tree.cell) }
        return false
    }

    /// Closes a tree, in a moment where it is prepared.
    func publish(_ closing: StoredClosing) throws(StoreError) -> Kept {
        // Twice where a batch came in between, which is then refused, or is in the blocks.
        while true {
            if try standing(closing) { return .again }
            let isDone = try state.withLock { state throws(StoreError) in
                guard state.prepared[closing.tree] == closing.opening else { return false }
                try file.publish(closing)
                state.closed.insert(closing.tree)
                state.open[closing.tree] = nil
                state.prepared[closing.tree] = nil
                return true
            }
            if isDone { return .fresh }
            _ = try prepare(closing)
        }
    }

    /// Forgets which row of closed trees came in which batch; on a full disk as soon as there is room,
    /// at the next closing or the next opening.
    func forget() throws(StoreError) {
        try closing.withLock { _ throws(StoreError) in
            do throws(StoreError) {
                let closed = state.withLock { $0.closed }
                let trees = try file.unfinished().intersection(closed)
                for tree in trees {
                    try arriving.remove(tree)
                    try file.finish(tree)
                }
                guard !trees.isEmpty else { return }
                try arriving.shrink()
                try file.file.settle()
            } catch {
                guard error.code == SQLiteFile.full else { throw error }
            }
        }
    }
}

/// What must be known of an open tree to judge a batch.
struct OpenTree {
    private let tree: CellTreeID
    /// How many batches each run has.
    var runs: [RunID: UInt64] = [:]
    private var labels = LabelSet()

    /// What the file has of the tree; nothing of a closed one, which takes nothing.
    init(_ tree: CellTreeID, _ database: Database, _ isClosed: Bool) throws {
        self.tree = tree
        guard !isClosed else { return }
        runs = try ArrivingFile.runs(tree, database)
        guard !runs.isEmpty else { return }
        var labels = LabelSet()
        try ArrivingFile.batches(of: tree, database) { batch in
            for place in 0..<batch.rows.count {
                _ = labels.insert(LabelSet.beginning(batch.rows.label(at: place)))
            }
        }
        self.labels = labels
    }

    /// Takes the labels in. Throws `label-differs` where a row of the tree has one of them and other bytes; what is remembered of a batch that is refused costs a question, and says
    /// nothing wrong.
    mutating func check(_ batch: Batch, _ database: Database) throws {
        var doubtful: [Label: SealedRow] = [:]
        for row in batch.rows where !labels.insert(LabelSet.beginning(row.label)) {
            doubtful[row.label] = row
        }
        if !doubtful.isEmpty {
            try ArrivingFile.batches(of: tree, database) { kept in
                for place in 0..<kept.rows.count {
                    guard let row = doubtful[try kept.rows.row(at: place).label],
                        !kept.rows.sealed(at: place).elementsEqual(row.bytes)
                    else { continue }
                    throw StoreRules.labelDiffers(tree.cell)
                }
            }
        }
    }
}
