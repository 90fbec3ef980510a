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
        try logDisclosure(of: query.request, Self.digest(of: answers))
        return ByteList.encode(answers.map(\.wire))
    }

    /// Which of a query's whole cells may be asked for so: those with few rows, and those of which
    /// nothing is to be handed out anyway.
    func measure(_ body: [UInt8], from caller: String?) throws(StoreError) -> [UInt8] {
        let query = try Self.query(body)
        guard query.items.allSatisfy(\.isWhole) else { throw Message.malformed("list of cells") }
        let policy = try checked(query, caller)
        return try query.items.map { item throws(StoreError) in
            try store.search(item.cell.hour.day) { trees throws(StoreError) in
                try CellTrees(item.cell, trees).isSmall(policy.wholeCells)
            } ?? (policy.wholeCells > 0) ? 1 : 0
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
    ) throws(StoreError) -> [WrittenAnswer] {
        let policy = try checked(query, caller)
        var answers: [WrittenAnswer] = []
        var room = Self.maximumLookup
        // Items ascend by cell, so that those of a day stand together.
        while answers.count < query.items.count {
            let day = query.items[answers.count].cell.hour.day
            let rest = query.items[answers.count...]
            let end = rest.firstIndex { $0.cell.hour.day != day } ?? rest.endIndex
            let items = rest.startIndex..<end
            func answer(_ trees: (any ClosedTrees)?) throws(StoreError) -> [WrittenAnswer] {
                try self.answers(to: query, items, policy, trees, room)
            }
            let isDead = try store.isDead(day) || isDead(day)
            // Nothing is found where there is no such day, or it dies on the way: what was answered of it
            // until then is forgotten, and counts for nothing.
            let ofDay: [WrittenAnswer]
            if !isDead, let found = try store.search(day, answer) {
                ofDay = found
            } else {
                ofDay = try answer(nil)
            }
            room -= ofDay.reduce(0) { $0 + $1.wire.count }
            answers += ofDay
        }
        return answers
    }

    /// The answers to some items of one day. Throws `answer-large` beyond so many bytes.
    private func answers(
        to query: LookupQuery, _ items: Range<Int>, _ policy: Policy, _ day: (any ClosedTrees)?,
        _ room: Int
    ) throws(StoreError) -> [WrittenAnswer] {
        var size = 0
        return try items.map { index throws(StoreError) in
            let outcome = try outcome(query, index, policy, day)
            let answer = LookupAnswer(item: query.items[index], outcome: outcome)
            let wire = answer.encode()
            size += wire.count
            guard size <= room else { throw Self.answerLarge }
            return WrittenAnswer(answer: answer, wire: wire)
        }
    }

    /// What is logged of answers, as `LookupAnswer.digest` gives it.
    static func digest(of answers: [WrittenAnswer]) -> Digest {
        LookupAnswer.digest(
            ofReduced: answers.map {
                $0.answer.item.isWhole ? $0.answer.reduced().encode() : $0.wire
            })
    }

    private static var answerLarge: StoreError {
        StoreError(
            code: "answer-large",
            sentence: "the answer has more than \(maximumLookup >> 20) MiB; ask for fewer cells")
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
        _ query: LookupQuery, _ index: Int, _ policy: Policy, _ day: (any ClosedTrees)?
    ) throws(StoreError) -> LookupAnswer.Outcome {
        let item = query.items[index]
        let cell = item.cell
        let isOver = now() >= cell.hour.end.adding(hours: Int64(policy.lateHours) + 1)
        guard let day else {
            let isDead = try store.isDead(cell.hour.day) || isDead(cell.hour.day)
            return isDead ? .gone : isOver ? .unknown : .open
        }
        let trees = try CellTrees(cell, day)
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
                    prompt: try prompt.whole,
                    late: try trees.late.map { tree throws(StoreError) in
                        .closed(try tree.whole)
                    } ?? (isOver ? .unknown : .open)))
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
}

/// An answer with its wire form, which is wanted more than once.
struct WrittenAnswer {
    let answer: LookupAnswer
    let wire: [UInt8]
}

/// What a cell has of its two trees.
private struct CellTrees {
    let prompt: CellTree?
    let late: CellTree?

    init(_ cell: Cell, _ day: any ClosedTrees) throws(StoreError) {
        prompt = try CellTree(CellTreeID(cell: cell, kind: .prompt), day)
        // No late tree is closed before the prompt one.
        late = prompt == nil ? nil : try CellTree(CellTreeID(cell: cell, kind: .late), day)
    }

    /// Whether both together have at most so many rows, where any may be handed out at all.
    func isSmall(_ most: Int) -> Bool {
        most > 0 && (prompt?.count ?? 0) + (late?.count ?? 0) <= most
    }
}

/// A closed tree, in which rows are found one by one, each with its proof.
private struct CellTree {
    private let tree: CellTreeID
    private let closing: KnownClosing
    private let day: any ClosedTrees

    init?(_ tree: CellTreeID, _ day: any ClosedTrees) throws(StoreError) {
        guard let closing = try day.closing(of: tree) else { return nil }
        self.tree = tree
        self.closing = closing
        self.day = day
    }

    /// How many rows it has.
    var count: Int { Int(closing.opening.tree.size) - 2 }

    /// All rows.
    var whole: WholeCell.Tree {
        get throws(StoreError) {
            WholeCell.Tree(
                opening: closing.opening, statement: closing.statement,
                entries: try day.rows(of: tree).map { .row($0) })
        }
    }

    /// The rows of one item, each run's from the counter that it has come to.
    func answer(
        _ query: LookupQuery, _ index: Int, _ counters: inout [RunID: UInt64]
    ) throws(StoreError) -> LookupAnswer.Tree {
        var runs: [LookupAnswer.FoundRun] = []
        for run in closing.opening.runs {
            let first = counters[run.id] ?? 0
            let found = try found(run.id, from: first, query, index)
            counters[run.id] = first + UInt64(found.rows.count)
            runs.append(found)
        }
        return LookupAnswer.Tree(
            opening: closing.opening, statement: closing.statement, runs: runs)
    }

    private func found(
        _ run: RunID, from first: UInt64, _ query: LookupQuery, _ index: Int
    ) throws(StoreError) -> LookupAnswer.FoundRun {
        var found: [LookupAnswer.FoundRow] = []
        while true {
            let label: Label
            do throws(RowsError) {
                label = try query.label(index, run: run, counter: first + UInt64(found.count))
            } catch {
                throw StoreError(code: error.code, sentence: error.sentence)
            }
            switch try day.find(label, in: tree) {
            case .present(let row): found.append(row)
            case .absent(let absence):
                return LookupAnswer.FoundRun(run: run, rows: found, absence: absence)
            }
        }
    }
}
