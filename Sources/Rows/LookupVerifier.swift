public import Bytes
public import Plates
public import Secrets

/// What the log says of a closed cell.
public struct LoggedClosing: Hashable, Sendable {
    /// The id of the `hour-closed` statement.
    public let statement: Digest
    /// The `closed` value that it carries.
    public let commitment: Digest

    /// A closing as a verified record of the log has it.
    public init(statement: Digest, commitment: Digest) {
        self.statement = statement
        self.commitment = commitment
    }
}

/// Why an answer of the vault is not believed: the code, and which cell and run it is about.
public struct LookupRefusal: CodedError {
    /// `cell-missing`, `cell-unasked`, `cell-hidden`, `late-hidden`, `cell-unlogged`, `cell-alive`,
    /// `statement-differs`, `opening-differs`, `run-hidden`, `run-unasked`, `row-hidden`,
    /// `row-swapped`, `presence-unproven`, `absence-unproven`, `whole-differs`.
    public let code: String
    /// One sentence for people.
    public let sentence: String
    /// The item that it is about; nil where there are more answers than items.
    public let item: LookupItem?
    /// The run, where one is concerned.
    public let run: RunID?

    /// A refusal.
    public init(code: String, sentence: String, item: LookupItem?, run: RunID? = nil) {
        self.code = code
        self.sentence = sentence
        self.item = item
        self.run = run
    }
}

/// A row that the site committed to, with the context that it opens in; only the verifier makes
/// one.
public struct VerifiedRow: Hashable, Sendable {
    /// The row.
    public let row: SealedRow
    /// The run of the gateway that sealed it.
    public let run: RunID
    /// The counter within plate, cell and run.
    public let counter: UInt64
}

/// What is certain about one item after verification; only the verifier makes one.
public struct VerifiedAnswer: Hashable, Sendable {
    /// The four things that a requester may write into a report.
    public enum Finding: Hashable, Sendable {
        /// All rows that the site committed to for this plate and cell, ordered by run and counter;
        /// none at all is proven to be none. Carries the opening of the prompt tree, and what is
        /// certain about the late one: its rows are among these only where it is closed.
        case complete([VerifiedRow], HourOpening, Late)
        /// Not closed yet: nothing can be said.
        case open
        /// No statement in the log: nothing can be said.
        case unknown
        /// The day is dead by the log.
        case gone
    }

    /// Whether rows that came after the prompt closing are known.
    public enum Late: Hashable, Sendable {
        /// All of them, or none: the tree is closed with this opening.
        case closed(HourOpening)
        /// The late window is not over: more can come.
        case open
        /// The site never closed its late tree: what came late is not known.
        case unknown
    }

    /// The cell and plate.
    public let item: LookupItem
    /// What is certain.
    public let finding: Finding
}

/// Checks a vault's answers against what the sites committed to in the log (Docs/Spec/Lookup.md).
///
/// It trusts nothing that the vault says: labels come from the query's own keys, openings are
/// checked against logged commitments, and every row and every absence against a committed root.
public struct LookupVerifier: Sendable {
    let closings: [Cell: LoggedClosing]
    let late: [Cell: LoggedClosing]
    private let deadDays: Set<Day>

    /// A verifier with the prompt and the late closings of the log, and the days that are dead by it.
    public init(
        closings: [Cell: LoggedClosing], late: [Cell: LoggedClosing], deadDays: Set<Day>
    ) {
        self.closings = closings
        self.late = late
        self.deadDays = deadDays
    }

    /// Every item's finding, in the query's order. Throws the first reason not to believe it.
    public func verify(
        _ answers: [LookupAnswer], to query: LookupQuery
    ) throws(LookupRefusal) -> [VerifiedAnswer] {
        var result: [VerifiedAnswer] = []
        for (index, item) in query.items.enumerated() {
            guard index < answers.count else {
                throw LookupRefusal(
                    code: "cell-missing",
                    sentence: "the vault did not answer for cell \(item.cell)",
                    item: item)
            }
            result.append(try verify(answers[index], to: query, at: index))
        }
        guard answers.count == query.items.count else {
            throw LookupRefusal(
                code: "cell-unasked", sentence: "the vault answered for more than was asked",
                item: nil)
        }
        return result
    }

    /// One item's finding; for a report that goes on after a cell that cannot be believed. The answer
    /// of a whole cell is one for each of its items. Throws the reason not to believe it, `cell-unasked` also for an index that there is not.
    public func verify(
        _ answer: LookupAnswer, to query: LookupQuery, at index: Int
    ) throws(LookupRefusal) -> VerifiedAnswer {
        guard query.items.indices.contains(index),
            answer.item == query.items[index]
                || answer.item == LookupItem(whole: query.items[index].cell)
        else {
            throw LookupRefusal(
                code: "cell-unasked",
                sentence: "the vault answered for cell \(answer.item.cell) out of turn",
                item: query.items.indices.contains(index) ? query.items[index] : nil)
        }
        let item = query.items[index]
        switch answer.outcome {
        case .gone:
            guard deadDays.contains(item.cell.hour.day) else {
                throw refusal(
                    "cell-alive", "is said to be gone, but its day is not dead by the log", item)
            }
            return VerifiedAnswer(item: item, finding: .gone)
        case .open, .unknown:
            guard closings[item.cell] == nil else {
                throw refusal("cell-hidden", "is closed in the log, but the vault denies it", item)
            }
            let finding: VerifiedAnswer.Finding = answer.outcome == .open ? .open : .unknown
            return VerifiedAnswer(item: item, finding: finding)
        case .closed(let closed):
            let (rows, late) = try rows(closed, item, query, index)
            return VerifiedAnswer(
                item: item, finding: .complete(rows, closed.prompt.opening, late))
        case .whole(let cell):
            let (rows, late) = try rows(cell, item, query, index)
            return VerifiedAnswer(
                item: item, finding: .complete(rows, cell.prompt.opening, late))
        }
    }

    /// The rows of both trees. A run's labels go on in the late tree at the counter that the prompt
    /// tree is proven not to have.
    private func rows(
        _ closed: LookupAnswer.Closed, _ item: LookupItem, _ query: LookupQuery, _ index: Int
    ) throws(LookupRefusal) -> ([VerifiedRow], VerifiedAnswer.Late) {
        var next: [RunID: UInt64] = [:]
        let prompt = try rows(
            closed.prompt, .prompt, closings[item.cell], &next, item, query, index)
        switch closed.late {
        case .open, .unknown:
            guard late[item.cell] == nil else {
                throw refusal(
                    "late-hidden", "has a late tree in the log, but the vault denies it", item)
            }
            return (prompt, closed.late == .open ? .open : .unknown)
        case .closed(let tree):
            let later = try rows(tree, .late, late[item.cell], &next, item, query, index)
            let all = (prompt + later).sorted { ($0.run, $0.counter) < ($1.run, $1.counter) }
            return (all, .closed(tree.opening))
        }
    }

    private func rows(
        _ tree: LookupAnswer.Tree, _ kind: HourOpening.Kind, _ logged: LoggedClosing?,
        _ next: inout [RunID: UInt64], _ item: LookupItem, _ query: LookupQuery, _ index: Int
    ) throws(LookupRefusal) -> [VerifiedRow] {
        try check(tree.opening, tree.statement, kind, logged, item)
        // Runs strictly ascend in an opening, so equal lists cover each run exactly once.
        guard tree.runs.lazy.map(\.run).elementsEqual(tree.opening.runs.lazy.map(\.id)) else {
            let given = tree.runs.map(\.run)
            for run in tree.opening.runs where !given.contains(run.id) {
                throw refusal("run-hidden", "has a run that the answer leaves out", item, run.id)
            }
            throw refusal("run-unasked", "has no such run, or not in this order", item)
        }
        var result: [VerifiedRow] = []
        for run in tree.runs {
            let first = next[run.run] ?? 0
            result += try rows(run, from: first, tree.opening.tree, item, query, index)
            // What is not named begins at 0.
            if !run.rows.isEmpty { next[run.run] = first + UInt64(run.rows.count) }
        }
        return result
    }

    /// The opening is what the log's closing commits to.
    func check(
        _ opening: HourOpening, _ statement: Digest, _ kind: HourOpening.Kind,
        _ logged: LoggedClosing?, _ item: LookupItem
    ) throws(LookupRefusal) {
        guard let logged else {
            throw refusal("cell-unlogged", "has no statement in the log that closes it", item)
        }
        guard statement == logged.statement else {
            throw refusal("statement-differs", "is closed by another statement in the log", item)
        }
        guard opening.cell == item.cell, opening.kind == kind,
            opening.commitment == logged.commitment
        else {
            throw refusal("opening-differs", "is not opened as its site committed to it", item)
        }
    }

    private func rows(
        _ found: LookupAnswer.FoundRun, from first: UInt64, _ tree: HourRoot, _ item: LookupItem,
        _ query: LookupQuery, _ index: Int
    ) throws(LookupRefusal) -> [VerifiedRow] {
        let run = found.run
        var result: [VerifiedRow] = []
        for (place, claim) in found.rows.enumerated() {
            let counter = first + UInt64(place)
            guard claim.row.label == label(query, index, run, counter) else {
                throw refusal(
                    "row-swapped", "has another row in the place of number \(counter)", item, run)
            }
            guard tree.holds(RowLeaf(claim.row), claim.proof) else {
                throw refusal("presence-unproven", "does not hold row \(counter)", item, run)
            }
            result.append(VerifiedRow(row: claim.row, run: run, counter: counter))
        }
        let end = first + UInt64(found.rows.count)
        guard let next = label(query, index, run, end) else {
            throw refusal("absence-unproven", "cannot be asked for a further row", item, run)
        }
        // The neighbours themselves betray a hidden row when one of them is that row.
        if found.absence.left.name == next || found.absence.right.name == next {
            throw refusal("row-hidden", "holds row \(end), which the answer hides", item, run)
        }
        guard tree.lacks(next, found.absence) else {
            throw refusal("absence-unproven", "is not proven to end at row \(end)", item, run)
        }
        return result
    }

    func label(
        _ query: LookupQuery, _ index: Int, _ run: RunID, _ counter: UInt64
    ) -> Label? {
        try? query.label(index, run: run, counter: counter)
    }

    func refusal(
        _ code: String, _ what: String, _ item: LookupItem, _ run: RunID? = nil
    ) -> LookupRefusal {
        let place = run.map { "cell \(item.cell), run \($0)," } ?? "cell \(item.cell)"
        return LookupRefusal(code: code, sentence: "\(place) \(what)", item: item, run: run)
    }
}
