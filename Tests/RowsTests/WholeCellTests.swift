import Bytes
import Ledger
import Plates
import Rows
import Secrets
import Testing

extension SampleCell {
    /// All rows of the cell, as an honest vault gives them.
    func whole(_ entries: [WholeCell.Entry]? = nil) -> LookupAnswer {
        let entries = entries ?? allRows.sorted { $0.label < $1.label }.map { .row($0) }
        return LookupAnswer(
            item: LookupItem(whole: cell),
            outcome: .whole(
                WholeCell(
                    prompt: .init(opening: opening, statement: statement, entries: entries),
                    late: .open)))
    }
}

@Suite("whole cells")
struct WholeCellTests {
    private func code(
        _ answer: LookupAnswer, _ sample: SampleCell, plate: Int = 0,
        _ verifier: LookupVerifier? = nil
    ) -> String {
        do {
            let query = try sample.query([plate])
            _ = try (verifier ?? sample.verifier()).verify(answer, to: query, at: 0)
            return "accepted"
        } catch let refusal as LookupRefusal {
            return refusal.code
        } catch { return "\(error)" }
    }

    @Test("in fifty cells of any shape the whole gives what the keys would have given")
    func anyShape() throws {
        let shapes = SeededRandom("whole shapes").bytes(50 * 9)
        for shape in 0..<50 {
            let bytes = shapes[(shape * 9)..<(shape * 9 + 9)].map { Int($0) % 7 }
            let counts = [Array(bytes[0..<3]), Array(bytes[3..<6]), Array(bytes[6..<9])]
            let sample = try SampleCell("whole \(shape)", counts: counts, size: 5)
            let query = try sample.query([0, 1, 2])
            let whole = try LookupAnswer(wire: sample.whole().encode())
            #expect(whole == sample.whole())
            #expect(Set(whole.labels) == Set(sample.allRows.map(\.label)))
            for place in 0..<3 {
                let verifier = sample.verifier()
                let byKey = try verifier.verify(
                    try sample.answer(query, place), to: query, at: place)
                let found = try verifier.verify(whole, to: query, at: place)
                guard case .complete(let left, _, .open) = byKey.finding,
                    case .complete(let right, let opening, .open) = found.finding
                else {
                    Issue.record("not complete")
                    continue
                }
                #expect(left == right && opening == sample.opening && found.item == byKey.item)
            }
        }
    }

    @Test("a row that is cut, changed, added, moved or withheld is noticed")
    func attacks() throws {
        let sample = try SampleCell()
        let honest = sample.allRows.sorted { $0.label < $1.label }
        #expect(code(sample.whole(), sample) == "accepted")
        for place in honest.indices {
            var entries = honest.map { WholeCell.Entry.row($0) }
            let cut = entries.remove(at: place)
            #expect(code(sample.whole(entries), sample) == "whole-differs")
            // Cut, and another one twice in its place.
            entries.insert(entries[0], at: place)
            #expect(code(sample.whole(entries), sample) == "whole-differs")
            entries = honest.map { .row($0) }
            var bytes = honest[place].bytes
            bytes[100] ^= 1
            let changed = WholeCell.Entry.row(
                try SealedRow(label: honest[place].label, bytes: bytes))
            entries[place] = changed
            #expect(code(sample.whole(entries), sample) == "whole-differs")
            // With the digest only: fine for a row of somebody else, and told for one's own.
            entries[place] = .leaf(cut.leaf)
            let isOwn = sample.rows[0].flatMap { $0 }.contains(honest[place])
            #expect(code(sample.whole(entries), sample) == (isOwn ? "row-hidden" : "accepted"))
        }
        var swapped = honest.map { WholeCell.Entry.row($0) }
        swapped.swapAt(0, 1)
        #expect(code(sample.whole(swapped), sample) == "whole-differs")
        let extra = WholeCell.Entry.row(
            try SealedRow(
                label: Label(bytes: [UInt8](repeating: 0xfe, count: 16)), bytes: honest[0].bytes))
        let more = honest.map { WholeCell.Entry.row($0) } + [extra]
        #expect(code(sample.whole(more), sample) == "whole-differs")
        #expect(code(sample.whole([]), sample) == "whole-differs")
    }

    @Test("another statement, opening or cell, a closing that is not logged, a day that is dead")
    func wrongCell() throws {
        let sample = try SampleCell()
        let other = try SampleCell("other")
        #expect(code(other.whole(), sample) == "statement-differs")
        let nobody = LookupVerifier(closings: [:], late: [:], deadDays: [])
        #expect(code(sample.whole(), sample, nobody) == "cell-unlogged")
        let elsewhere = Cell(hour: sample.cell.hour.next, site: sample.cell.site)
        let there = try SampleCell(cell: elsewhere)
        #expect(code(there.whole(), sample) == "cell-unasked")
        for outcome in [LookupAnswer.Outcome.unknown, .open] {
            let denied = LookupAnswer(item: LookupItem(whole: sample.cell), outcome: outcome)
            #expect(code(denied, sample) == "cell-hidden")
        }
        let gone = LookupAnswer(item: LookupItem(whole: sample.cell), outcome: .gone)
        #expect(code(gone, sample) == "cell-alive")
    }

    @Test("a quiet cell is whole without a row")
    func quiet() throws {
        let sample = try SampleCell(counts: [[0]])
        let answer = try LookupAnswer(wire: sample.whole().encode())
        let found = try sample.verifier().verify(answer, to: sample.query([0]), at: 0)
        guard case .complete(let rows, _, _) = found.finding else {
            Issue.record("not complete")
            return
        }
        #expect(rows.isEmpty)
    }

    @Test("both trees: counters go on in the late one, which cannot be denied")
    func late() throws {
        let cell = try LateCell()
        func entries(_ rows: [SealedRow]) -> [WholeCell.Entry] {
            rows.sorted { $0.label < $1.label }.map { .row($0) }
        }
        let prompt = WholeCell.Tree(
            opening: cell.prompt, statement: cell.statements[0],
            entries: entries(Array(cell.rows[..<3])))
        let late = WholeCell.Tree(
            opening: cell.late, statement: cell.statements[1],
            entries: entries(Array(cell.rows[3...]) + [cell.other]))
        func find(_ late: WholeCell.Late, hasLate: Bool = true) throws -> [VerifiedRow] {
            let answer = LookupAnswer(
                item: LookupItem(whole: cell.cell),
                outcome: .whole(WholeCell(prompt: prompt, late: late)))
            let wire = try LookupAnswer(wire: answer.encode())
            let found = try cell.verifier(hasLate: hasLate).verify(wire, to: cell.query(), at: 0)
            guard case .complete(let rows, _, _) = found.finding else { return [] }
            return rows
        }
        let all = try find(.closed(late))
        #expect(all.filter { $0.run == cell.runs[0] }.map(\.row) == cell.rows)
        #expect(all.filter { $0.run == cell.runs[0] }.map(\.counter) == [0, 1, 2, 3, 4])
        #expect(all.filter { $0.run == cell.runs[1] }.map(\.row) == [cell.other])
        #expect(try find(.open, hasLate: false).map(\.row) == Array(cell.rows[..<3]))
        func code(_ late: WholeCell.Late) -> String {
            do {
                _ = try find(late)
                return "accepted"
            } catch { return (error as? LookupRefusal)?.code ?? "\(error)" }
        }
        #expect(code(.open) == "late-hidden" && code(.unknown) == "late-hidden")
        #expect(code(.closed(prompt)) == "statement-differs")
        let cut = WholeCell.Tree(
            opening: cell.late, statement: cell.statements[1],
            entries: Array(late.entries.dropLast()))
        #expect(code(.closed(cut)) == "whole-differs")
    }

    @Test("what is left out of a bundle changes neither digest nor finding")
    func reduced() throws {
        let sample = try SampleCell()
        let own = Set(sample.rows[3].flatMap { $0 }.map(\.label))
        let reduced = try LookupAnswer(wire: sample.whole().reduced(to: own).encode())
        let bytes = reduced.encode()
        #expect(bytes.count < sample.whole().encode().count)
        #expect(
            LookupAnswer.digest(of: [reduced]) == LookupAnswer.digest(of: [sample.whole()]))
        #expect(reduced.reduced(to: own) == reduced)
        #expect(code(reduced, sample, plate: 3) == "accepted")
        #expect(code(reduced, sample, plate: 0) == "row-hidden")
        // Answers by keys have nothing that could be left out.
        let keyed = try sample.answer(try sample.query([0]), 0)
        #expect(keyed.reduced() == keyed)
    }

    @Test("a query says whole or key, never both, and nothing else is a query")
    func queries() throws {
        let sample = try SampleCell()
        let next = Cell(hour: sample.cell.hour.next, site: sample.cell.site)
        var block = try SecretBytes(zeros: 64)
        block.withUnsafeMutableBytes { $0[40] = 9 }
        let items = [
            LookupItem(cell: sample.cell, plate: 0), LookupItem(whole: next),
            LookupItem(cell: Cell(hour: next.hour.next, site: next.site), plate: 1),
        ]
        let query = try LookupQuery(request: .zero, items: items, finds: try block.copy())
        var wire = query.encode()
        #expect(wire.count == 36 + 36 + 3 * 6 + 3 * 7 + 2 * 32)
        let again = try LookupQuery(wiping: &wire)
        #expect(again.items == items && again.encode() == query.encode())
        let run = sample.runs[0]
        #expect(
            try again.label(2, run: run, counter: 0) == query.label(2, run: run, counter: 0))
        #expect(
            try again.label(0, run: run, counter: 0) != query.label(2, run: run, counter: 0))
        #expect(throws: RowsError.self) { try query.label(1, run: run, counter: 0) }
        func isRefused(_ items: [LookupItem], _ keys: Int) -> Bool {
            (try? LookupQuery(
                request: .zero, items: items, finds: SecretBytes(zeros: keys * 32))) == nil
        }
        #expect(isRefused(items, 3) && isRefused(items, 1) && !isRefused(items, 2))
        let both = [LookupItem(cell: next, plate: 0), LookupItem(whole: next)]
        #expect(isRefused(both, 1) && isRefused(both, 2))
        #expect(isRefused([LookupItem(whole: next), LookupItem(whole: sample.cell)], 0))
        #expect(isRefused([LookupItem(cell: next, plate: 8)], 1))
        // Rows by key under a whole cell's item, and the other way round.
        let keyed = try sample.answer(try sample.query([0]), 0)
        for (item, outcome) in [
            (LookupItem(whole: sample.cell), keyed.outcome),
            (keyed.item, sample.whole().outcome),
        ] {
            let mixed = LookupAnswer(item: item, outcome: outcome)
            #expect(throws: RowsError.self) { try LookupAnswer(wire: mixed.encode()) }
        }
        let honest = sample.whole().encode()
        for cut in [Array(honest.dropLast()), Array(honest[..<60]), honest + [0]] {
            #expect(throws: RowsError.self) { try LookupAnswer(wire: cut) }
        }
    }
}
