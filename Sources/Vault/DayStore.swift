import Disk
import Plates
import Rows
import Secrets
import Synchronization

/// One living day: its closed trees' file and its open trees' files, and what it must know of its
/// trees to take a batch without asking them. Closed trees are written in a file of their own, so
/// that batches come in meanwhile.
///
/// Three locks, never one inside the other but in this order: a site's turn is held while one of its
/// trees is brought into label order and hashed; `closing` while a tree's blocks are written, or what is
/// closed is forgotten; `state` for one group of batches at most.
final class DayStore: Sendable {
    struct State {
        var arriving: ArrivingDay
        /// The open trees that have batches.
        var open: [CellTreeID: OpenTree]
        var closed: Set<CellTreeID>
        /// Openings whose trees' blocks are written, so that nothing but the closing itself is left.
        var prepared: [CellTreeID: HourOpening] = [:]
        /// Open trees of which blocks were written that were given up.
        var rewritten: Set<CellTreeID> = []
        /// Trees whose closing failed in a way that may have left it in the journal.
        var doubted: Set<CellTreeID> = []
    }

    let file: DayFile
    let state: Mutex<State>
    let closing = Mutex(())
    /// Each for the sites of some numbers.
    let turns = (0..<8).map { _ in Turn() }
    private let commits = GroupCommit<Submission, Judged>()

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
        try recover()
    }

    /// What has its closing is forgotten, what has none is open, and loses its blocks.
    private func recover() throws(StoreError) {
        // A closing in the journal may be in memory only. Moved into the file it is durable, before
        // the batches are overwritten.
        try file.file.settleIfRoom()
        // Nor before the rows are where the tables say.
        try file.checkBlocks()
        try forget()
        do throws(StoreError) {
            for tree in try file.unfinished() { try file.forgetUnfinished(tree) }
            try file.settleBlocks()
        } catch {
            // A full disk keeps no store from opening; there is room another time.
            guard error.code == SQLiteFile.full else { throw error }
        }
        try file.file.settleIfRoom()
    }

    /// Nothing is there and nothing is taken from here on; the files are the store's to remove. Waits
    /// for blocks that are being written, which would make a file anew.
    func close() throws(StoreError) {
        try closing.withLock { _ throws(StoreError) in
            state.withLock { $0.arriving.close() }
            try file.close()
        }
    }

    // MARK: Batches

    /// A batch, and how many of its tree's batches have no row that differs from one of its rows; nil
    /// where nobody has looked.
    private struct Submission {
        let batch: Batch
        let checked: Int?
    }

    private enum Judged {
        case kept(Kept)
        /// Its labels begin as others do: the tree's batches must be read, so many of them.
        case doubtful([Label: SealedRow], ArrivingReader, Int)
    }

    /// Batches that are to be written together, each with what is new among its labels.
    private struct Group {
        var fresh: [Batch] = []
        var added: [[UInt64]] = []
    }

    /// Keeps a batch, together with all others that wait at this moment, in one group. One that comes
    /// again after its tree was closed is known by its rows.
    func keep(_ batch: Batch) throws(StoreError) -> Kept {
        var checked: Int?
        while !isClosed(batch.tree) {
            do throws(StoreError) {
                let submission = Submission(batch: batch, checked: checked)
                switch try commits.run(submission, { self.keep($0) }) {
                case .kept(let kept): return kept
                case .doubtful(let rows, let reader, let count):
                    // Read while others are kept: it can be long, and a site can ask for it.
                    try Self.check(rows, reader, batch.cell)
                    checked = count
                }
            } catch {
                guard isClosed(batch.tree) else { throw error }
            }
        }
        guard try file.has(batch) else { throw StoreRules.closed(batch.cell) }
        return .again
    }

    /// Where the disk refuses a group, none of its batches is kept.
    private func keep(_ submissions: [Submission]) -> [Result<Judged, StoreError>] {
        state.withLock { state in
            var group = Group()
            let results = submissions.map { judged($0, &group, &state) }
            let failures = state.arriving.append(group.fresh)
            guard !failures.isEmpty else { return results }
            for (batch, added) in zip(group.fresh, group.added).reversed()
            where failures[batch.tree] != nil {
                state.open[batch.tree]?.remove(batch, added)
            }
            return zip(submissions, results).map { submission, result in
                guard let error = failures[submission.batch.tree], case .success(.kept) = result
                else { return result }
                return .failure(error)
            }
        }
    }

    /// Judges a batch, after others that are to be kept together with it. A refusal is a result, which
    /// keeps no other batch from being kept.
    private func judged(
        _ submission: Submission, _ group: inout Group, _ state: inout State
    ) -> Result<Judged, StoreError> {
        let batch = submission.batch
        let tree = batch.tree
        guard !state.closed.contains(tree) else { return .failure(StoreRules.closed(tree.cell)) }
        // Moved out and back, so that nothing is copied.
        var open = state.open.removeValue(forKey: tree) ?? OpenTree()
        defer { state.open[tree] = open }
        let known = open.runs[batch.run] ?? 0
        let isPromptClosed = state.closed.contains(CellTreeID(cell: tree.cell, kind: .prompt))
        let others = group.fresh.filter { $0.tree == tree }
        do throws(StoreError) {
            try clearDoubt(of: tree, &state)
            let place = StoreRules.Place(
                known: known, taken: try taken(batch, among: others, known, state.arriving),
                isPromptClosed: isPromptClosed)
            guard try StoreRules.judge(batch, place) == .fresh else {
                return .success(.kept(.again))
            }
            let rows = open.doubtful(batch)
            if !rows.isEmpty {
                for other in others { try Self.check(rows, other.packed, batch.cell) }
                let count = state.arriving.count(of: tree)
                guard let checked = submission.checked ?? (count == 0 ? 0 : nil) else {
                    return .success(.doubtful(rows, state.arriving.reader(of: tree), count))
                }
                // What came while the others were read is little.
                try Self.check(rows, state.arriving.reader(of: tree, after: checked), batch.cell)
            }
            if tree.kind == .late { try checkPrompt(batch) }
        } catch {
            return .failure(error)
        }
        group.added.append(open.add(batch))
        group.fresh.append(batch)
        state.prepared[tree] = nil
        return .success(.kept(.fresh))
    }

    /// Nothing enters a tree whose closing failed and may yet be found to stand, before that is ruled
    /// out: it would be overwritten with the rest. Throws what the disk answers.
    func clearDoubt(of tree: CellTreeID, _ state: inout State) throws(StoreError) {
        guard state.doubted.contains(tree) else { return }
        try file.file.overwriteFailed()
        state.doubted = []
    }

    private func taken(
        _ batch: Batch, among others: [Batch], _ known: UInt64, _ arriving: ArrivingDay
    ) throws(StoreError) -> StoreRules.Head? {
        guard batch.number < known else { return nil }
        var head = others.first { $0.place == batch.place }?.head
        if head == nil { head = try arriving.taken(batch.tree, batch.run, batch.number) }
        return head.map { StoreRules.Head(root: $0.root, signature: $0.signature) }
    }

    /// Throws `label-differs` where a batch has one of these labels and other bytes.
    private static func check(
        _ rows: [Label: SealedRow], _ reader: ArrivingReader, _ cell: Cell
    ) throws(StoreError) {
        try reader.batches { kept throws(StoreError) in try check(rows, kept.rows, cell) }
    }

    private static func check(
        _ rows: [Label: SealedRow], _ kept: PackedRows, _ cell: Cell
    ) throws(StoreError) {
        for place in 0..<kept.count {
            guard let row = rows[Label(checked: kept.label(at: place))] else { continue }
            guard kept.sealed(at: place).elementsEqual(row.bytes) else {
                throw StoreRules.labelDiffers(cell)
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

    func reader(of tree: CellTreeID) -> ArrivingReader {
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

    /// Reads closed trees while nothing of them changes. A tree that is closed meanwhile is open here.
    func search<Found>(
        _ body: (any ClosedTrees) throws(StoreError) -> Found
    ) throws(StoreError) -> Found {
        let closed = state.withLock { $0.closed }
        return try file.search(among: closed, body)
    }

    /// Whether a tree is closed.
    func isClosed(_ tree: CellTreeID) -> Bool { state.withLock { $0.closed.contains(tree) } }
}
