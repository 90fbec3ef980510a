import Disk
import Plates
import Rows
import Secrets
import Synchronization

/// One living day: its closed trees' file and its open trees' files, and what it must know of its
/// trees to take a batch without asking them. Closed trees are written in a file of their own, so
/// that batches come in meanwhile.
///
/// Two locks, never one inside the other but in this order: `closing` is held while a tree's blocks
/// are written, or what is closed is forgotten; `state` for one group of batches at most.
final class DayStore: Sendable {
    private struct State {
        var arriving: ArrivingDay
        /// The open trees that have batches.
        var open: [CellTreeID: OpenTree]
        var closed: Set<CellTreeID>
        /// Openings whose trees' blocks are written, so that nothing but the closing itself is left.
        var prepared: [CellTreeID: HourOpening] = [:]
    }

    let file: DayFile
    private let state: Mutex<State>
    private let closing = Mutex(())
    private let commits = GroupCommit<Batch, Kept>()

    /// A day on its files in a folder; goes on with what a crash cut short.
    init(
        _ file: DayFile, _ day: Day, in folder: String, _ fileSystem: any FileSystem
    ) throws(StoreError) {
        self.file = file
        let closed = try file.closedTrees()
        var open: [CellTreeID: OpenTree] = [:]
        let arriving = try ArrivingDay(folder, day, fileSystem, closed: closed) { tree, run, rows in
            open[tree, default: OpenTree()].add(run, rows)
        }
        state = Mutex(State(arriving: arriving, open: open, closed: closed))
        try recover(closed)
    }

    /// What has its closing is forgotten, what has none is open, and loses its blocks.
    private func recover(_ closed: Set<CellTreeID>) throws(StoreError) {
        try forget()
        do throws(StoreError) {
            for tree in try file.unfinished().subtracting(closed) { try file.dropUnfinished(tree) }
        } catch {
            // A full disk keeps no store from opening; there is room another time.
            guard error.code == SQLiteFile.full else { throw error }
        }
        try file.file.settleIfRoom()
    }

    /// Removes all files.
    func remove(_ fileSystem: any FileSystem) throws(StoreError) {
        try state.withLock { state throws(StoreError) in try state.arriving.remove() }
        try file.file.remove(fileSystem)
    }

    // MARK: Batches

    /// Keeps a batch, together with all others that wait at this moment, in one group.
    func keep(_ batch: Batch) throws(StoreError) -> Kept {
        try commits.run(batch) { batches in self.keep(batches) }
    }

    /// Where the disk refuses a group, none of its batches is kept.
    private func keep(_ batches: [Batch]) -> [Result<Kept, StoreError>] {
        state.withLock { state in
            var fresh: [Batch] = []
            var results: [Result<Kept, StoreError>] = []
            for batch in batches {
                let result = judged(batch, after: fresh, &state)
                results.append(result)
                if case .success(.fresh) = result { fresh.append(batch) }
            }
            let failures = state.arriving.append(fresh)
            guard !failures.isEmpty else { return results }
            for batch in fresh.reversed() where failures[batch.tree] != nil {
                state.open[batch.tree]?.runs[batch.run] = batch.number == 0 ? nil : batch.number
            }
            return zip(batches, results).map { batch, result in
                guard let error = failures[batch.tree], case .success = result else {
                    return result
                }
                return .failure(error)
            }
        }
    }

    /// Judges a batch, after others that are to be kept together with it. A refusal is a result, which
    /// keeps no other batch from being kept.
    private func judged(
        _ batch: Batch, after fresh: [Batch], _ state: inout State
    ) -> Result<Kept, StoreError> {
        let tree = batch.tree
        let isClosed = state.closed.contains(tree)
        // Moved out and back, so that nothing is copied.
        var open = state.open.removeValue(forKey: tree) ?? OpenTree()
        defer { if !isClosed { state.open[tree] = open } }
        let known = open.runs[batch.run] ?? 0
        let isPromptClosed = state.closed.contains(CellTreeID(cell: tree.cell, kind: .prompt))
        let others = fresh.filter { $0.tree == tree }
        do throws(StoreError) {
            let place = StoreRules.Place(
                known: known,
                taken: try taken(batch, among: others, isClosed, known, state.arriving),
                isClosed: isClosed, isPromptClosed: isPromptClosed)
            guard try StoreRules.judge(batch, place) == .fresh else { return .success(.again) }
            let doubtful = open.doubtful(batch)
            if !doubtful.isEmpty { try check(batch, doubtful, among: others, state.arriving) }
            if tree.kind == .late { try checkPrompt(batch) }
        } catch {
            return .failure(error)
        }
        open.runs[batch.run] = known + 1
        state.prepared[tree] = nil
        return .success(.fresh)
    }

    private func taken(
        _ batch: Batch, among others: [Batch], _ isClosed: Bool, _ known: UInt64,
        _ arriving: ArrivingDay
    ) throws(StoreError) -> StoreRules.Head? {
        if isClosed { return try file.taken(batch.tree, batch.run, batch.number) }
        guard batch.number < known else { return nil }
        var head = others.first { $0.place == batch.place }?.head
        if head == nil { head = try arriving.taken(batch.tree, batch.run, batch.number) }
        return head.map { StoreRules.Head(root: $0.root, signature: $0.signature) }
    }

    /// Throws `label-differs` where a row of the tree has one of these labels and other bytes.
    private func check(
        _ batch: Batch, _ doubtful: [Label: SealedRow], among others: [Batch],
        _ arriving: ArrivingDay
    ) throws(StoreError) {
        for row in others.flatMap(\.rows) {
            if let other = doubtful[row.label], other != row {
                throw StoreRules.labelDiffers(batch.cell)
            }
        }
        try arriving.reader(of: batch.tree).batches { kept throws(StoreError) in
            for place in 0..<kept.rows.count {
                let row = try kept.row(at: place)
                if let other = doubtful[row.label], other != row {
                    throw StoreRules.labelDiffers(batch.cell)
                }
            }
        }
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
        try whileOpen(tree) { reader throws(StoreError) in
            var batches: [Batch] = []
            try reader.batches { batch throws(StoreError) in batches.append(try batch.whole()) }
            return batches
        }
    }

    func leaves(
        of tree: CellTreeID, after place: BatchPlace?
    ) throws(StoreError) -> [BatchLeaves] {
        try whileOpen(tree) { reader throws(StoreError) in
            try reader.part(after: place).map { batch in
                BatchLeaves(
                    cell: tree.cell, kind: tree.kind, place: batch.head.place,
                    root: batch.head.root, signature: batch.head.signature, rows: batch.rows)
            }
        }
    }

    /// Reads an open tree's batches. Throws `cell-closed` also where it is closed, and what it reads may
    /// be overwritten, meanwhile.
    private func whileOpen<Result>(
        _ tree: CellTreeID, _ body: (ArrivingReader) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        guard !isClosed(tree) else { throw StoreRules.closed(tree.cell) }
        do throws(StoreError) {
            let result = try body(reader(of: tree))
            guard !isClosed(tree) else { throw StoreRules.closed(tree.cell) }
            return result
        } catch {
            throw isClosed(tree) ? StoreRules.closed(tree.cell) : error
        }
    }

    private func reader(of tree: CellTreeID) -> ArrivingReader {
        state.withLock { $0.arriving.reader(of: tree) }
    }

    /// The rows of a tree in label order, open or closed.
    func rows(of tree: CellTreeID) throws(StoreError) -> [SealedRow] {
        do throws(StoreError) {
            return try whileOpen(tree) { reader throws(StoreError) in
                var rows: [Label: SealedRow] = [:]
                try reader.batches { batch throws(StoreError) in
                    for row in try batch.whole().rows { rows[row.label] = row }
                }
                return rows.values.sorted { $0.label < $1.label }
            }
        } catch {
            guard isClosed(tree) else { throw error }
            return try file.search { day throws(StoreError) in try day.rows(of: tree) }
        }
    }

    /// Whether a tree is closed.
    func isClosed(_ tree: CellTreeID) -> Bool { state.withLock { $0.closed.contains(tree) } }

    // MARK: Closing

    /// Judges a closing, and does all of it that takes long: the tree's rows are read, brought into
    /// label order, hashed and written as blocks, while batches of other cells come in, and other
    /// trees are read too. Of the tree itself none can come any more that its closing does not name.
    func prepare(_ closing: StoredClosing) throws(StoreError) -> Kept {
        let tree = closing.tree
        if try standing(closing) { return .again }
        if isPrepared(closing) { return .fresh }
        let reader = reader(of: tree)
        var rows = ClosingRows()
        var hours: HourTree
        do throws(StoreError) {
            try reader.batches { batch throws(StoreError) in rows.add(batch) }
            try StoreRules.judge(closing.opening, runs: rows.runs)
            hours = try rows.tree()
            try StoreRules.judge(closing.opening, hours)
        } catch {
            // Somebody else has closed it, and what was read is overwritten.
            if try standing(closing) { return .again }
            throw error
        }
        return try self.closing.withLock { _ throws(StoreError) in
            if try standing(closing) { return .again }
            if isPrepared(closing) { return .fresh }
            state.withLock { $0.prepared[tree] = nil }
            try file.dropUnfinished(tree)
            try file.write(rows, hours, of: tree)
            state.withLock { state in
                // A batch that came in meanwhile is in no block.
                guard (state.open[tree]?.runs ?? [:]) == rows.runs else { return }
                state.prepared[tree] = closing.opening
            }
            return .fresh
        }
    }

    private func isPrepared(_ closing: StoredClosing) -> Bool {
        state.withLock { $0.prepared[closing.tree] == closing.opening }
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

    /// Forgets which row of closed trees came in which batch: their rows are overwritten where they
    /// arrived, and files that have no open tree any more are removed. If we crash anywhere here, the
    /// next opening goes on; what a full disk refuses, the next closing or the next opening.
    func forget() throws(StoreError) {
        try closing.withLock { _ throws(StoreError) in
            do throws(StoreError) {
                let readers = state.withLock { state in
                    state.arriving.trees.intersection(state.closed).map {
                        ($0, state.arriving.reader(of: $0))
                    }
                }
                guard !readers.isEmpty else { return }
                for (_, reader) in readers { try reader.erase() }
                let (paths, isEmpty) = try state.withLock { state throws(StoreError) in
                    let paths = try state.arriving.forget(Set(readers.map(\.0)))
                    return (paths, state.arriving.isEmpty)
                }
                for path in paths { try state.withLock { $0.arriving }.removeGone(path) }
                if isEmpty { try file.file.settle() }
            } catch {
                guard error.code == SQLiteFile.full else { throw error }
            }
        }
    }
}
