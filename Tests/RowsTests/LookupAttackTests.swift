import Bytes
import Ledger
import Plates
import Rows
import Secrets
import Testing

/// What a vault may try that wants to hide, swap or invent something.
@Suite("look-ups against a lying vault")
struct LookupAttackTests {
    let sample: SampleCell
    let query: LookupQuery
    let honest: LookupAnswer

    init() throws {
        sample = try SampleCell()
        query = try sample.query([0])
        honest = try sample.answer(query, 0)
    }

    private func code(
        _ answer: LookupAnswer, _ verifier: LookupVerifier? = nil
    ) -> (code: String, run: RunID?) {
        do {
            _ = try (verifier ?? sample.verifier()).verify([answer], to: query)
            return ("accepted", nil)
        } catch {
            #expect(error.item == query.items[0])
            return (error.code, error.run)
        }
    }

    /// The honest answer with one run changed.
    private func changing(
        _ place: Int, _ change: (LookupAnswer.FoundRun) throws -> LookupAnswer.FoundRun
    ) throws -> LookupAnswer {
        var runs = try honest.closed().runs
        runs[place] = try change(runs[place])
        return try honest.with(runs: runs)
    }

    /// The place of the run of which plate 0 has three rows.
    private func placeOfThree() throws -> Int {
        try #require(try honest.closed().runs.firstIndex { $0.rows.count == 3 })
    }

    @Test("the honest answer is accepted")
    func control() throws {
        #expect(code(honest).code == "accepted")
    }

    @Test("a closed cell cannot be denied, nor a living one called gone")
    func denied() throws {
        for outcome in [LookupAnswer.Outcome.unknown, .open] {
            #expect(code(.init(item: honest.item, outcome: outcome)).code == "cell-hidden")
        }
        #expect(code(.init(item: honest.item, outcome: .gone)).code == "cell-alive")
        let nobody = LookupVerifier(closings: [:], late: [:], deadDays: [])
        #expect(code(honest, nobody).code == "cell-unlogged")
        #expect(code(.init(item: honest.item, outcome: .gone), nobody).code == "cell-alive")
    }

    @Test("the last row hidden, with every neighbour that a vault could show")
    func lastRowHidden() throws {
        let place = try placeOfThree()
        let run = try honest.closed().runs[place]
        let tree = try sample.tree()
        let hidden = run.rows[2]
        // With the old proof of absence, which is of another label.
        let kept = LookupAnswer.FoundRun(
            run: run.run, rows: Array(run.rows[..<2]), absence: run.absence)
        let plain = code(try changing(place) { _ in kept })
        #expect(["absence-unproven", "row-hidden"].contains(plain.code))
        #expect(plain.run == run.run)
        // With each pair of true neighbours in the tree: the row itself betrays it or nothing fits.
        let leaves = [RowLeaf.first] + sample.allRows.map { RowLeaf($0) }.sorted() + [.last]
        let hashes = leaves.map(\.hash)
        var codes: Set<String> = []
        for index in 0..<(leaves.count - 1) {
            let forged = AbsenceProof(
                left: leaves[index],
                leftProof: LeafProof(
                    index: UInt64(index), path: try Merkle.inclusionProof(index, in: hashes)),
                right: leaves[index + 1],
                rightPath: try Merkle.inclusionProof(index + 1, in: hashes))
            let answer = try changing(place) {
                .init(run: $0.run, rows: Array($0.rows[..<2]), absence: forged)
            }
            codes.insert(code(answer).code)
        }
        #expect(codes == ["absence-unproven", "row-hidden"])
        // With the proof out of a tree that never had the row: its root is not the committed one.
        let poorer = try HourTree(sample.allRows.filter { $0 != hidden.row })
        let label = hidden.row.label
        let absence = try #require(poorer.absence(of: label))
        #expect(poorer.root.lacks(label, absence))
        #expect(tree.root != poorer.root)
        let answer = try changing(place) {
            .init(run: $0.run, rows: Array($0.rows[..<2]), absence: absence)
        }
        #expect(code(answer).code == "absence-unproven")
    }

    @Test("a row hidden in the middle, at the beginning, or all of them")
    func rowHidden() throws {
        let place = try placeOfThree()
        for drop in 0..<2 {
            let answer = try changing(place) { run in
                var rows = run.rows
                rows.remove(at: drop)
                return .init(run: run.run, rows: rows, absence: run.absence)
            }
            #expect(code(answer).code == "row-swapped")
        }
        let none = try changing(place) { .init(run: $0.run, rows: [], absence: $0.absence) }
        #expect(["absence-unproven", "row-hidden"].contains(code(none).code))
    }

    @Test("a cell answered wholly out of a poorer tree, with an opening made for it")
    func poorerCell() throws {
        let poorer = try HourTree(sample.allRows.filter { $0 != sample.rows[0][0][2] })
        let opening = try HourOpening(
            cell: sample.cell, kind: .prompt, runs: sample.opening.runs, tree: poorer.root,
            salt: sample.opening.salt)
        let runs = try sample.answer(query, 0, tree: poorer).closed().runs
        let answer = LookupAnswer(
            item: honest.item,
            outcome: .closed(prompt(opening: opening, statement: sample.statement, runs: runs)))
        #expect(code(answer).code == "opening-differs")
    }

    @Test("a run hidden, doubled, invented or out of turn")
    func runs() throws {
        let runs = try honest.closed().runs
        for place in runs.indices {
            var fewer = runs
            let gone = fewer.remove(at: place)
            let refused = code(try honest.with(runs: fewer))
            #expect(refused.code == "run-hidden")
            #expect(refused.run == gone.run)
        }
        #expect(code(try honest.with(runs: runs.reversed())).code == "run-unasked")
        #expect(code(try honest.with(runs: runs + [runs[0]])).code == "run-unasked")
        let stranger = LookupAnswer.FoundRun(
            run: try RunID(bytes: [UInt8](repeating: 0xee, count: 8)), rows: [],
            absence: runs[0].absence)
        #expect(code(try honest.with(runs: runs + [stranger])).code == "run-unasked")
        // A run hidden from the opening as well: the commitment does not fit any more.
        let opening = try HourOpening(
            cell: sample.cell, kind: .prompt, runs: [sample.opening.runs[0]],
            tree: sample.opening.tree, salt: sample.opening.salt)
        let answer = LookupAnswer(
            item: honest.item,
            outcome: .closed(
                prompt(opening: opening, statement: sample.statement, runs: [runs[0]])))
        #expect(code(answer).code == "opening-differs")
    }

    @Test("rows swapped, repeated, taken from another plate, or given other bytes")
    func rowsSwapped() throws {
        let place = try placeOfThree()
        let swapped = try changing(place) {
            .init(run: $0.run, rows: [$0.rows[1], $0.rows[0], $0.rows[2]], absence: $0.absence)
        }
        #expect(code(swapped).code == "row-swapped")
        let repeated = try changing(place) {
            .init(run: $0.run, rows: $0.rows + [$0.rows[2]], absence: $0.absence)
        }
        #expect(code(repeated).code == "row-swapped")
        let other = try sample.answer(try sample.query([1]), 0).closed().runs.flatMap(\.rows)
        let foreign = try changing(place) {
            .init(run: $0.run, rows: other + $0.rows.dropFirst(), absence: $0.absence)
        }
        #expect(code(foreign).code == "row-swapped")
        let bytes = try changing(place) { run in
            let row = try SealedRow(label: run.rows[0].row.label, bytes: run.rows[1].row.bytes)
            let claim = LookupAnswer.FoundRow(row: row, proof: run.rows[0].proof)
            return .init(run: run.run, rows: [claim] + run.rows.dropFirst(), absence: run.absence)
        }
        #expect(code(bytes).code == "presence-unproven")
        let proofs = try changing(place) { run in
            let claim = LookupAnswer.FoundRow(row: run.rows[0].row, proof: run.rows[1].proof)
            return .init(run: run.run, rows: [claim] + run.rows.dropFirst(), absence: run.absence)
        }
        #expect(code(proofs).code == "presence-unproven")
    }

    @Test("another cell's or statement's truth")
    func otherCell() throws {
        let other = try SampleCell(
            "other", cell: Cell(hour: sample.cell.hour.next, site: sample.cell.site))
        let closed = try honest.closed()
        func with(_ opening: HourOpening, _ statement: Digest) -> LookupAnswer {
            LookupAnswer(
                item: honest.item,
                outcome: .closed(prompt(opening: opening, statement: statement, runs: closed.runs)))
        }
        #expect(code(with(closed.opening, other.statement)).code == "statement-differs")
        #expect(code(with(other.opening, sample.statement)).code == "opening-differs")
        let late = try HourOpening(
            cell: sample.cell, kind: .late, runs: closed.opening.runs, tree: closed.opening.tree,
            salt: closed.opening.salt)
        // Even where the log would hold the commitment of a late tree as the prompt one.
        let verifier = LookupVerifier(
            closings: [
                sample.cell: LoggedClosing(
                    statement: sample.statement, commitment: late.commitment)
            ], late: [:], deadDays: [])
        #expect(code(with(late, sample.statement), verifier).code == "opening-differs")
    }

    @Test("cells left out, added, or answered out of turn")
    func cells() throws {
        let query = try sample.query([0, 1, 2])
        let answers = try sample.answers(query)
        func refusal(_ answers: [LookupAnswer]) -> LookupRefusal? {
            do {
                _ = try sample.verifier().verify(answers, to: query)
                return nil
            } catch { return error }
        }
        #expect(refusal(answers) == nil)
        #expect(refusal([])?.code == "cell-missing")
        #expect(refusal(Array(answers[..<2]))?.code == "cell-missing")
        #expect(refusal(Array(answers[..<2]))?.item == query.items[2])
        #expect(refusal(answers + [answers[0]])?.code == "cell-unasked")
        #expect(refusal([answers[1], answers[0], answers[2]])?.code == "cell-unasked")
        #expect(refusal([answers[0], answers[0], answers[2]])?.code == "cell-unasked")
        #expect(throws: LookupRefusal(code: "cell-unasked", sentence: "", item: nil)) {
            try sample.verifier().verify(answers[0], to: query, at: 3)
        }
    }

    @Test("no byte of an answer can change without a refusal")
    func everyByte() throws {
        // With a late tree too, so that nothing in the answer is the vault's word alone.
        let quiet = try HourOpening(
            closing: sample.cell, kind: .late, batches: [], unfinished: [],
            salt: sample.opening.salt)
        let late = LookupAnswer.Tree(opening: quiet, statement: Digest(of: [2]), runs: [])
        let verifier = LookupVerifier(
            closings: [sample.cell: sample.logged],
            late: [
                sample.cell: LoggedClosing(
                    statement: late.statement, commitment: quiet.commitment)
            ], deadDays: [])
        let whole = LookupAnswer(
            item: honest.item,
            outcome: .closed(.init(prompt: try honest.closed(), late: .closed(late))))
        #expect(code(whole, verifier).code == "accepted")
        let wire = whole.encode()
        for offset in wire.indices {
            for bit: UInt8 in [0x01, 0x80] {
                var changed = wire
                changed[offset] ^= bit
                guard let answer = try? LookupAnswer(wire: changed) else { continue }
                let refused: Bool
                do {
                    _ = try verifier.verify([answer], to: query)
                    refused = false
                } catch { refused = true }
                #expect(refused, "offset \(offset)")
            }
        }
    }
}
