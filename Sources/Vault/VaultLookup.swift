import Bytes
import Ledger
import Plates
import Rows
import Secrets
import Synchronization
import Warrants
import Wire

// Look-ups: the find keys live in one guarded block, for the time of one answer.
extension VaultService {
    func lookup(_ body: [UInt8], from caller: String?) throws(StoreError) -> [UInt8] {
        let query = try Self.query(body)
        let answers = try answers(to: query, from: caller)
        let answer = ByteList.encode(answers.map(\.wire))
        try logDisclosure(of: query.request, Self.digest(of: answers, listed: answer))
        return answer
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
        let lookup = Lookup(
            query: query, policy: try checked(query, caller), now: now(),
            room: Room(Self.maximumLookup))
        let days = Self.days(of: query.items)
        do throws(StoreError) {
            return try sideBySide(lookup, days)
        } catch {
            // What was found of a day that dies meanwhile takes no room, and only in turn is it known
            // of which days something stays.
            guard error.code == Self.answerLarge.code, days.count > 1 else { throw error }
            return try inTurn(lookup, days)
        }
    }

    /// The answers of days side by side, each by one thread: a day's file answers one at a time.
    private func sideBySide(
        _ lookup: Lookup, _ days: [(day: Day, items: Range<Int>)]
    ) throws(StoreError) -> [WrittenAnswer] {
        let found = try Lanes.map(days, of: 1) { (part) throws(StoreError) in
            try self.answers(lookup, part.day, part.items)
        }
        var answers: [WrittenAnswer] = []
        answers.reserveCapacity(lookup.query.items.count)
        for ((_, items), ofDay) in zip(days, found) {
            if let ofDay {
                answers += ofDay
            } else {
                answers += try self.answers(lookup, items, in: nil)
            }
        }
        return answers
    }

    /// The same of one day after the other.
    private func inTurn(
        _ lookup: Lookup, _ days: [(day: Day, items: Range<Int>)]
    ) throws(StoreError) -> [WrittenAnswer] {
        var answers: [WrittenAnswer] = []
        var left = Self.maximumLookup
        for (day, items) in days {
            var part = lookup
            part.room = Room(left)
            let ofDay: [WrittenAnswer]
            if let found = try self.answers(part, day, items) {
                ofDay = found
            } else {
                ofDay = try self.answers(part, items, in: nil)
            }
            left -= ofDay.reduce(0) { $0 + $1.wire.count }
            answers += ofDay
        }
        return answers
    }

    /// The days of some items, which ascend by cell, so that those of a day stand together.
    private static func days(of items: [LookupItem]) -> [(day: Day, items: Range<Int>)] {
        var days: [(day: Day, items: Range<Int>)] = []
        var next = 0
        while next < items.count {
            let day = items[next].cell.hour.day
            let end = items[next...].firstIndex { $0.cell.hour.day != day } ?? items.count
            days.append((day, next..<end))
            next = end
        }
        return days
    }

    /// 256: about how many items are answered while nothing of their day changes.
    private static let partSize = 256

    /// The items of a day cut into parts, with no cell in two of them.
    private static func parts(of items: [LookupItem], _ range: Range<Int>) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var start = range.lowerBound
        while start < range.upperBound {
            var end = min(start + partSize, range.upperBound)
            while end < range.upperBound, items[end].cell == items[end - 1].cell { end += 1 }
            parts.append(start..<end)
            start = end
        }
        return parts
    }

    /// The answers to the items of one day; nil where there is no such day, or it is dead. What was
    /// answered of one that dies on the way is forgotten.
    private func answers(
        _ lookup: Lookup, _ day: Day, _ items: Range<Int>
    ) throws(StoreError) -> [WrittenAnswer]? {
        var answers: [WrittenAnswer] = []
        for part in Self.parts(of: lookup.query.items, items) {
            guard !(try store.isDead(day) || isDead(day)) else { return nil }
            let found = try store.search(day) { trees throws(StoreError) in
                try self.answers(lookup, part, in: trees)
            }
            guard let found else { return nil }
            answers += found
        }
        return answers
    }

    /// The same out of a day's trees. Throws `answer-large` where all answers together have too many
    /// bytes.
    private func answers(
        _ lookup: Lookup, _ items: Range<Int>, in day: (any ClosedTrees)?
    ) throws(StoreError) -> [WrittenAnswer] {
        try items.map { index throws(StoreError) in
            let answer = LookupAnswer(
                item: lookup.query.items[index], outcome: try outcome(lookup, index, day))
            let wire = answer.encode()
            guard lookup.room.takes(wire.count) else { throw Self.answerLarge }
            return WrittenAnswer(answer, wire)
        }
    }

    /// What is logged of answers, as `LookupAnswer.digest` gives it. `listed` is the list of their wire
    /// forms, where there is one already: it is that which is hashed where no cell is whole.
    static func digest(of answers: [WrittenAnswer], listed: [UInt8]? = nil) -> Digest {
        if let listed, answers.allSatisfy({ $0.reduced == nil }) { return Digest(of: listed) }
        return LookupAnswer.digest(ofReduced: answers.map { $0.reduced ?? $0.wire })
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
        _ lookup: Lookup, _ index: Int, _ day: (any ClosedTrees)?
    ) throws(StoreError) -> LookupAnswer.Outcome {
        let item = lookup.query.items[index]
        let cell = item.cell
        let hours = Int64(lookup.policy.lateHours) + 1
        let isOver = lookup.now >= cell.hour.end.adding(hours: hours)
        guard let day else {
            let isDead = try store.isDead(cell.hour.day) || isDead(cell.hour.day)
            return isDead ? .gone : isOver ? .unknown : .open
        }
        let trees = try CellTrees(cell, day)
        guard let prompt = trees.prompt else { return isOver ? .unknown : .open }
        if item.isWhole {
            guard trees.isSmall(lookup.policy.wholeCells) else {
                throw StoreError(
                    code: "cell-large",
                    sentence: "cell \(cell) has more than the \(lookup.policy.wholeCells) rows "
                        + "that are handed out whole")
            }
            return .whole(
                WholeCell(
                    prompt: try prompt.whole,
                    late: try trees.late.map { tree throws(StoreError) in
                        .closed(try tree.whole)
                    } ?? (isOver ? .unknown : .open)))
        }
        let inTime = try prompt.answer(lookup.query, index)
        guard let late = trees.late else {
            return .closed(LookupAnswer.Closed(prompt: inTime, late: isOver ? .unknown : .open))
        }
        return .closed(
            LookupAnswer.Closed(
                prompt: inTime,
                late: .closed(try late.answer(lookup.query, index, after: inTime))))
    }
}

/// What all parts of one look-up have in common.
private struct Lookup: Sendable {
    let query: LookupQuery
    let policy: Policy
    let now: Timestamp
    var room: Room
}

/// Room for the bytes of all answers, for several threads.
private final class Room: Sendable {
    private let left: Mutex<Int>

    init(_ bytes: Int) { left = Mutex(bytes) }

    /// Whether so many fit in still; they are in then.
    func takes(_ bytes: Int) -> Bool {
        left.withLock { left in
            left -= bytes
            return left >= 0
        }
    }
}

/// An answer in its wire form, and what else is asked about it.
struct WrittenAnswer: Sendable {
    let cell: Cell
    let wire: [UInt8]
    /// What is logged of it, where that is another form: rows of whole cells are left out.
    let reduced: [UInt8]?
    /// The labels of the rows that were found.
    let labels: [Label]

    init(_ answer: LookupAnswer, _ wire: [UInt8]) {
        cell = answer.item.cell
        self.wire = wire
        reduced = answer.item.isWhole ? answer.reduced().encode() : nil
        labels = answer.labels
    }
}
