import Plates
import Rows
import Secrets
import Testing

/// A cell of which three rows of a plate came in time and two later, of one run; one row came later
/// of a run that had nothing in time.
struct LateCell {
    let cell = SampleCell.cell
    let find: SecretBox
    let rows: [SealedRow]
    let other: SealedRow
    let prompt: HourOpening
    let late: HourOpening
    let runs: [RunID]
    let statements = [Digest(of: [1]), Digest(of: [2])]

    init() throws {
        let random = SeededRandom("late cell")
        let find = SecretBox(try SecretBytes(random: 32, from: random))
        let runs = try (0..<2).map { _ in try RunID(bytes: random.bytes(8)) }
        func row(_ run: Int, _ counter: UInt64) throws -> SealedRow {
            try SealedRow(
                label: try Label.derive(find: find.bytes, run: runs[run], counter: counter),
                bytes: random.bytes(296))
        }
        rows = try (0..<5).map { try row(0, $0) }
        other = try row(1, 0)
        let key = try SigningKey(from: random)
        func batch(_ kind: HourOpening.Kind, _ run: Int, _ rows: [SealedRow]) throws -> Batch {
            try Batch(
                cell: SampleCell.cell, kind: kind, run: runs[run], number: 0, rows: rows,
                origin: SampleCell.origin, key: key)
        }
        prompt = try HourOpening(
            closing: cell, kind: .prompt, batches: [batch(.prompt, 0, Array(rows[..<3]))],
            unfinished: [], salt: random.bytes(32))
        late = try HourOpening(
            closing: cell, kind: .late,
            batches: [batch(.late, 0, Array(rows[3...])), batch(.late, 1, [other])],
            unfinished: [], salt: random.bytes(32))
        self.find = find
        self.runs = runs
    }

    func query() throws -> LookupQuery {
        var block = try SecretBytes(zeros: 32)
        find.bytes.withUnsafeBytes { find in
            block.withUnsafeMutableBytes { $0.copyMemory(from: find) }
        }
        return try LookupQuery(
            request: Digest(of: [1]), items: [LookupItem(cell: cell, plate: 0)], finds: block)
    }

    func found(
        _ tree: HourTree, _ run: Int, _ rows: [SealedRow], next: UInt64
    ) throws -> LookupAnswer.FoundRun {
        let label = try query().label(0, run: runs[run], counter: next)
        return LookupAnswer.FoundRun(
            run: runs[run],
            rows: try rows.map {
                .init(row: $0, proof: try #require(tree.presence(of: $0.label)))
            }, absence: try #require(tree.absence(of: label)))
    }

    func promptTree() throws -> LookupAnswer.Tree {
        let tree = try HourTree(Array(rows[..<3]))
        return .init(
            opening: prompt, statement: statements[0],
            runs: [try found(tree, 0, Array(rows[..<3]), next: 3)])
    }

    /// The late part; `opening` and rows may be another's.
    func lateTree(_ rows: [SealedRow]? = nil, next: UInt64 = 5) throws -> LookupAnswer.Tree {
        let tree = try HourTree(Array(self.rows[3...]) + [other])
        let parts = [
            try found(tree, 0, rows ?? Array(self.rows[3...]), next: next),
            try found(tree, 1, [other], next: 1),
        ]
        return .init(
            opening: late, statement: statements[1], runs: parts.sorted { $0.run < $1.run })
    }

    func verifier(hasLate: Bool = true) -> LookupVerifier {
        let closings = [prompt, late].enumerated().map {
            LoggedClosing(statement: statements[$0], commitment: $1.commitment)
        }
        return LookupVerifier(
            closings: [cell: closings[0]], late: hasLate ? [cell: closings[1]] : [:], deadDays: [])
    }

    func finding(
        _ late: LookupAnswer.Late, hasLate: Bool = true
    ) throws -> VerifiedAnswer.Finding {
        let answer = LookupAnswer(
            item: LookupItem(cell: cell, plate: 0),
            outcome: .closed(.init(prompt: try promptTree(), late: late)))
        let again = try LookupAnswer(wire: answer.encode())
        #expect(again == answer)
        return try verifier(hasLate: hasLate).verify([again], to: query())[0].finding
    }

    func code(_ late: LookupAnswer.Late, hasLate: Bool = true) -> String {
        do {
            _ = try finding(late, hasLate: hasLate)
            return "accepted"
        } catch let refusal as LookupRefusal {
            return refusal.code
        } catch { return "\(error)" }
    }
}

@Suite("look-ups in late trees")
struct LateLookupTests {
    @Test("both trees give all rows, by run and counter; counters go on")
    func both() throws {
        let cell = try LateCell()
        guard
            case .complete(let rows, _, .closed(let opening)) =
                try cell.finding(.closed(cell.lateTree()))
        else {
            Issue.record("not complete with a closed late tree")
            return
        }
        #expect(opening == cell.late)
        #expect(rows.filter { $0.run == cell.runs[0] }.map(\.row) == cell.rows)
        #expect(rows.filter { $0.run == cell.runs[0] }.map(\.counter) == [0, 1, 2, 3, 4])
        #expect(rows.filter { $0.run == cell.runs[1] }.map(\.row) == [cell.other])
    }

    @Test("without a late closing in the log, its part is open or unknown and nothing else")
    func notYet() throws {
        let cell = try LateCell()
        for late in [LookupAnswer.Late.open, .unknown] {
            guard case .complete(let rows, _, let said) = try cell.finding(late, hasLate: false)
            else {
                Issue.record("not complete")
                return
            }
            #expect(rows.map(\.row) == Array(cell.rows[..<3]))
            #expect(said == (late == .open ? .open : .unknown))
        }
        #expect(cell.code(.closed(try cell.lateTree()), hasLate: false) == "cell-unlogged")
    }

    @Test("a vault that denies the late tree, or hides, swaps or repeats a late row, is caught")
    func attacks() throws {
        let cell = try LateCell()
        #expect(cell.code(.closed(try cell.lateTree())) == "accepted")
        #expect(cell.code(.open) == "late-hidden" && cell.code(.unknown) == "late-hidden")
        // The last late row, with the proof of what comes after it.
        let fewer = cell.code(.closed(try cell.lateTree([cell.rows[3]])))
        #expect(["absence-unproven", "row-hidden"].contains(fewer))
        #expect(cell.code(.closed(try cell.lateTree([cell.rows[4]]))) == "row-swapped")
        let swapped = [cell.rows[4], cell.rows[3]]
        #expect(cell.code(.closed(try cell.lateTree(swapped))) == "row-swapped")
        // All of them, by the truth that label 0 of the run is not in the late tree.
        let none = cell.code(.closed(try cell.lateTree([], next: 0)))
        #expect(["absence-unproven", "row-hidden"].contains(none))
        // The prompt tree again in place of the late one.
        #expect(cell.code(.closed(try cell.promptTree())) == "statement-differs")
        let honest = try cell.lateTree()
        let bare = LookupAnswer.Tree(
            opening: honest.opening, statement: honest.statement, runs: [honest.runs[0]])
        #expect(cell.code(.closed(bare)) == "run-hidden")
    }
}
