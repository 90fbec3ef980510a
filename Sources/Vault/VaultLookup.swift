import Ledger
import Plates
import Rows
import Secrets
import Warrants
import Wire

// Look-ups: the find keys live in one guarded block, for the time of one answer.
extension VaultService {
    func lookup(_ body: [UInt8], from caller: String?) throws(StoreError) -> [UInt8] {
        let query = try Self.query(body)
        let answers = try answers(to: query, from: caller)
        try logDisclosure(of: query.request, LookupAnswer.digest(of: answers))
        return ByteList.encode(answers.map { $0.encode() })
    }

    /// Which of a query's whole cells may be asked for so: those with few rows, and those of which
    /// nothing is to be handed out anyway.
    func measure(_ body: [UInt8], from caller: String?) throws(StoreError) -> [UInt8] {
        let query = try Self.query(body)
        guard query.items.allSatisfy(\.isWhole) else { throw Message.malformed("list of cells") }
        let policy = try checked(query, caller)
        return try query.items.map { item throws(StoreError) in
            try trees(of: item.cell).isSmall(policy.wholeCells) ? 1 : 0
        }
    }

    static func query(_ body: [UInt8]) throws(StoreError) -> LookupQuery {
        var wire = body
        do throws(RowsError) {
            return try LookupQuery(wiping: &wire)
        } catch {
            throw StoreError(code: error.code, sentence: error.sentence)
        }
    }

    /// One answer to each item. Throws what `check` refuses, `cell-large` where all rows of a cell
    /// are asked for that has too many, and `answer-large`.
    func answers(
        to query: LookupQuery, from caller: String?
    ) throws(StoreError) -> [LookupAnswer] {
        let policy = try checked(query, caller)
        var answers: [LookupAnswer] = []
        var trees: CellTrees?
        var size = 0
        for (index, item) in query.items.enumerated() {
            let outcome = try outcome(query, index, policy, &trees)
            let answer = LookupAnswer(item: item, outcome: outcome)
            size += answer.encode().count
            guard size <= Self.maximumLookup else {
                throw StoreError(
                    code: "answer-large",
                    sentence: "the answer has more than \(Self.maximumLookup >> 20) MiB; "
                        + "ask for fewer cells")
            }
            answers.append(answer)
        }
        return answers
    }

    private func checked(
        _ query: LookupQuery, _ caller: String?
    ) throws(StoreError) -> Policy {
        try withRecord { (record) throws(StoreError) in
            try check(query, caller, record)
            return record.roster.policy
        }
    }

    /// Each time that rows of a request go out other than before it stands in the log, by their
    /// digest, before the requester has them; the requester countersigns what it got.
    private func logDisclosure(of id: Digest, _ digest: Digest) throws(StoreError) {
        guard let signer else { return }
        try withRecord { (record) throws(StoreError) in
            let logged = record.request(id)?.disclosures ?? []
            guard !logged.contains(where: { $0.body.role == .vault && $0.body.bundle == digest })
            else { return }
            let body = DisclosureBody(
                role: .vault, party: record.roster.body.vault.id, request: id,
                bundle: digest, time: record.roster.policy.blunt(now()))
            let entry = try Self.refusal { () throws(Refusal) in
                try StatementDraft.sign(body, under: record.roster, by: signer)
            }
            if let refusal = record.refusal(of: entry) {
                throw StoreError(code: refusal.code, sentence: refusal.sentence)
            }
            _ = try Self.ledger { () throws(LedgerError) in try log.append([entry]) }
            record.append(entry)
        }
    }

    /// A find key can exist only after t custodians have evaluated, and that stands in the log:
    /// whoever has one without it asks for something that nobody may.
    ///
    /// Requests stand in the log for everybody, so that only their requester may ask: each answer is
    /// logged, and somebody else's would use up what a request may be answered. A whole cell needs
    /// no key, so that a drill, which nobody approves, gets none.
    private func check(
        _ query: LookupQuery, _ caller: String?, _ record: Record
    ) throws(StoreError) {
        guard let request = record.request(query.request) else {
            throw StoreError(
                code: "request-unknown", sentence: "no such request stands in the log")
        }
        guard caller ?? request.body.requester == request.body.requester else {
            throw StoreError(
                code: "party-forbidden",
                sentence: "only its requester looks up what a request found")
        }
        guard !request.isDrill || !query.items.contains(where: \.isWhole) else {
            throw StoreError(
                code: "drill-whole", sentence: "a drill is answered by keys, with no whole cell")
        }
        guard request.evaluations.count >= record.roster.threshold.t else {
            throw StoreError(
                code: "evaluations-missing",
                sentence: "fewer than \(record.roster.threshold.t) custodians have evaluated it")
        }
        let window = query.window
        guard window.cells.count == request.body.cellCount,
            Commitment.window(window.cells, salt: window.salt) == request.body.windowCommitment,
            Set(query.items.filter { !$0.isWhole }.map(\.plate)).count
                <= request.body.plateCommitments.count
        else {
            throw StoreError(
                code: "query-beyond-request",
                sentence: "the look-up has other cells or more plates than the request")
        }
    }

    private func outcome(
        _ query: LookupQuery, _ index: Int, _ policy: Policy, _ known: inout CellTrees?
    ) throws(StoreError) -> LookupAnswer.Outcome {
        let item = query.items[index]
        let cell = item.cell
        if try store.isDead(cell.hour.day) || isDead(cell.hour.day) { return .gone }
        // Items ascend by cell, so that each cell's trees are built once.
        let trees: CellTrees
        if let known, known.cell == cell { trees = known } else { trees = try self.trees(of: cell) }
        known = trees
        let isOver = now() >= cell.hour.end.adding(hours: Int64(policy.lateHours) + 1)
        guard let prompt = trees.prompt else { return isOver ? .unknown : .open }
        if item.isWhole {
            guard trees.isSmall(policy.wholeCells) else {
                throw StoreError(
                    code: "cell-large",
                    sentence: "cell \(cell) has more than the \(policy.wholeCells) rows that are "
                        + "handed out whole")
            }
            return .whole(
                WholeCell(
                    prompt: prompt.whole,
                    late: trees.late.map { .closed($0.whole) } ?? (isOver ? .unknown : .open)))
        }
        var counters: [RunID: UInt64] = [:]
        let inTime = try prompt.answer(query, index, &counters)
        guard let late = trees.late else {
            return .closed(LookupAnswer.Closed(prompt: inTime, late: isOver ? .unknown : .open))
        }
        return .closed(
            LookupAnswer.Closed(
                prompt: inTime, late: .closed(try late.answer(query, index, &counters))))
    }

    private func trees(of cell: Cell) throws(StoreError) -> CellTrees {
        CellTrees(
            cell: cell, prompt: try cellTree(cell, .prompt), late: try cellTree(cell, .late))
    }

    private func cellTree(
        _ cell: Cell, _ kind: HourOpening.Kind
    ) throws(StoreError) -> CellTree? {
        let tree = CellTreeID(cell: cell, kind: kind)
        guard let closing = try store.closing(of: tree) else { return nil }
        return try CellTree(closing, store.rows(of: tree))
    }
}

/// What a cell has of its two trees.
private struct CellTrees {
    let cell: Cell
    let prompt: CellTree?
    let late: CellTree?

    /// Whether both together have at most so many rows, where any may be handed out at all.
    func isSmall(_ most: Int) -> Bool {
        most > 0 && (prompt?.count ?? 0) + (late?.count ?? 0) <= most
    }
}

/// The rows of a closed tree, with the tree that proves them.
private struct CellTree {
    private let closing: StoredClosing
    private let rows: [Label: SealedRow]
    private let tree: HourTree

    init(_ closing: StoredClosing, _ rows: [SealedRow]) throws(StoreError) {
        self.closing = closing
        self.rows = Dictionary(rows.map { ($0.label, $0) }, uniquingKeysWith: { first, _ in first })
        do throws(RowsError) {
            tree = try HourTree(rows)
        } catch {
            throw StoreError(code: "store-failed", sentence: error.sentence)
        }
    }

    /// How many rows it has.
    var count: Int { rows.count }

    /// All rows.
    var whole: WholeCell.Tree {
        WholeCell.Tree(
            opening: closing.opening, statement: closing.statement,
            entries: rows.values.sorted { $0.label < $1.label }.map { .row($0) })
    }

    /// The rows of one item, each run's from the counter that it has come to.
    func answer(
        _ query: LookupQuery, _ index: Int, _ counters: inout [RunID: UInt64]
    ) throws(StoreError) -> LookupAnswer.Tree {
        do throws(RowsError) {
            var runs: [LookupAnswer.FoundRun] = []
            for run in closing.opening.runs {
                let first = counters[run.id] ?? 0
                let found = try found(run.id, from: first, query, index)
                counters[run.id] = first + UInt64(found.rows.count)
                runs.append(found)
            }
            return LookupAnswer.Tree(
                opening: closing.opening, statement: closing.statement, runs: runs)
        } catch {
            throw StoreError(code: error.code, sentence: error.sentence)
        }
    }

    private func found(
        _ run: RunID, from first: UInt64, _ query: LookupQuery, _ index: Int
    ) throws(RowsError) -> LookupAnswer.FoundRun {
        var found: [LookupAnswer.FoundRow] = []
        var label = try query.label(index, run: run, counter: first)
        while let row = rows[label], let proof = tree.presence(of: label) {
            found.append(LookupAnswer.FoundRow(row: row, proof: proof))
            label = try query.label(index, run: run, counter: first + UInt64(found.count))
        }
        guard let absence = tree.absence(of: label) else {
            throw RowsError(
                code: "store-failed",
                sentence: "the rows of \(closing.opening.cell) do not fit their tree")
        }
        return LookupAnswer.FoundRun(run: run, rows: found, absence: absence)
    }
}
