import Plates
import Rows
import Synchronization

// How a tree is closed (Docs/Spec/Store.md).
extension DayStore {
    /// Judges a closing, and does all of it that takes long: the tree's rows are read, brought into
    /// label order, hashed and written as blocks, while batches of other cells come in, and other
    /// trees are read too. Of the tree itself none can come any more that its closing does not name.
    func prepare(_ closing: StoredClosing) throws(StoreError) -> Kept {
        if try standing(closing) { return .again }
        if isPrepared(closing) { return .fresh }
        let tree = closing.tree
        // One of a site's trees after the other: each takes half a kilobyte of memory a row, and who
        // asks again because the answer takes long finds it prepared.
        return try turns[Int(tree.cell.site.number) % turns.count].withLock {
            () throws(StoreError) in
            if try standing(closing) { return .again }
            if isPrepared(closing) { return .fresh }
            var rows = ClosingRows()
            let hours: HourTree
            do throws(StoreError) {
                try reader(of: tree).batches { batch throws(StoreError) in rows.add(batch) }
                try StoreRules.judge(closing.opening, runs: rows.runs)
                hours = try rows.tree()
                try StoreRules.judge(closing.opening, hours)
            } catch {
                // Another closing has come about, and what was read is overwritten.
                if try standing(closing) { return .again }
                throw error
            }
            try write(rows, hours, for: closing)
            return try standing(closing) ? .again : .fresh
        }
    }

    private func write(
        _ rows: ClosingRows, _ hours: HourTree, for closing: StoredClosing
    ) throws(StoreError) {
        let tree = closing.tree
        try self.closing.withLock { _ throws(StoreError) in
            let isNeeded = try state.withLock { state throws(StoreError) in
                // Meanwhile it may have been closed, with another opening: its blocks stay as they are.
                guard !state.closed.contains(tree) else { return false }
                // What the disk may have of a closing that failed must not outlive its blocks.
                try clearDoubt(of: tree, &state)
                // Another opening of the same rows, of which the blocks are there.
                if state.prepared[tree]?.tree == closing.opening.tree {
                    state.prepared[tree] = closing.opening
                    return false
                }
                state.prepared[tree] = nil
                return true
            }
            guard isNeeded else { return }
            if try file.dropUnfinished(tree) { state.withLock { _ = $0.rewritten.insert(tree) } }
            try file.write(rows, hours, of: tree)
            state.withLock { state in
                // A batch that came in meanwhile is in no block.
                guard (state.open[tree]?.runs ?? [:]) == rows.runs else { return }
                state.prepared[tree] = closing.opening
            }
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
                do throws(StoreError) {
                    try file.publish(closing)
                } catch {
                    // What was written may come to light when the store opens again. Of a full disk
                    // the last page is missing.
                    if error.code != SQLiteFile.full { state.doubted.insert(closing.tree) }
                    throw error
                }
                state.doubted = []
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
    /// next opening goes on; what a disk refuses, the next closing or the next opening.
    func forget() throws(StoreError) {
        try closing.withLock { _ throws(StoreError) in
            do throws(StoreError) {
                let readers = state.withLock { state in
                    state.arriving.trees.intersection(state.closed).map {
                        ($0, state.arriving.reader(of: $0))
                    }
                }
                for (_, reader) in readers { try reader.erase() }
                let (gone, isEmpty) = try state.withLock { state throws(StoreError) in
                    try state.arriving.forget(Set(readers.map(\.0)))
                    return (state.arriving.gone, state.arriving.isEmpty)
                }
                for path in gone.sorted() {
                    try state.withLock { $0.arriving }.removeGone(path)
                    state.withLock { $0.arriving.removed(path) }
                }
                let isRewritten = state.withLock { state in
                    let rewritten = state.rewritten.intersection(state.closed)
                    state.rewritten.subtract(rewritten)
                    return !rewritten.isEmpty
                }
                // The journal goes with the last batch; at once where it has what was given up.
                if isRewritten || isEmpty && !readers.isEmpty { try file.file.settle() }
            } catch {
                guard error.code == SQLiteFile.full else { throw error }
            }
        }
    }
}

/// A lock that stands in a list.
final class Turn: Sendable {
    private let lock = Mutex(())

    /// Works alone, among those who wait for the same turn.
    func withLock<Done: Sendable>(
        _ body: () throws(StoreError) -> Done
    ) throws(StoreError) -> Done {
        try lock.withLock { _ throws(StoreError) in try body() }
    }
}
