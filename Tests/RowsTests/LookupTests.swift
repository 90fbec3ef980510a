import Bytes
import Plates
import Rows
import Secrets
import Testing

@Suite("look-ups")
struct LookupTests {
    @Test("every plate's rows are found, all and none else, with run and counter")
    func complete() throws {
        let sample = try SampleCell()
        let query = try sample.query([0, 1, 2, 3])
        let found = try sample.verifier().verify(try sample.answers(query), to: query)
        #expect(found.map(\.item) == query.items)
        for (plate, answer) in found.enumerated() {
            guard case .complete(let rows, let opening, _) = answer.finding else {
                Issue.record("not complete")
                continue
            }
            #expect(opening == sample.opening)
            for (index, run) in sample.runs.enumerated() {
                let ofRun = rows.filter { $0.run == run }
                #expect(ofRun.map(\.row) == sample.rows[plate][index])
                #expect(ofRun.map(\.counter) == (0..<UInt64(ofRun.count)).map { $0 })
            }
            #expect(rows.count == sample.rows[plate].map(\.count).reduce(0, +))
        }
    }

    @Test("in fifty cells of any shape, what comes back is the truth")
    func anyShape() throws {
        let shapes = SeededRandom("shapes").bytes(50 * 9)
        for shape in 0..<50 {
            let bytes = shapes[(shape * 9)..<(shape * 9 + 9)].map { Int($0) % 7 }
            let counts = [Array(bytes[0..<3]), Array(bytes[3..<6]), Array(bytes[6..<9])]
            let sample = try SampleCell("shape \(shape)", counts: counts, size: 5)
            let query = try sample.query([2, 0])
            // Over the wire and back, as it happens.
            let wire = try sample.answers(query).map { $0.encode() }
            let answers = try wire.map { try LookupAnswer(wire: $0) }
            let found = try sample.verifier().verify(answers, to: query)
            for (answer, plate) in zip(found, [2, 0]) {
                guard case .complete(let rows, _, _) = answer.finding else {
                    Issue.record("not complete")
                    continue
                }
                #expect(Set(rows.map(\.row)) == Set(sample.rows[plate].flatMap { $0 }))
            }
        }
    }

    @Test("open, unknown and gone cells are told apart, and none of them is empty")
    func notClosed() throws {
        let sample = try SampleCell()
        let query = try sample.query([0])
        let item = query.items[0]
        let day = sample.cell.hour.day
        let unlogged = LookupVerifier(closings: [:], late: [:], deadDays: [])
        func finding(_ outcome: LookupAnswer.Outcome, _ verifier: LookupVerifier) throws
            -> VerifiedAnswer.Finding
        {
            let answer = LookupAnswer(item: item, outcome: outcome)
            return try verifier.verify([answer], to: query)[0].finding
        }
        #expect(try finding(.open, unlogged) == .open)
        #expect(try finding(.unknown, unlogged) == .unknown)
        #expect(try finding(.gone, sample.verifier(dead: [day])) == .gone)
        let quiet = try SampleCell("quiet", counts: [[0, 0]])
        let quietQuery = try quiet.query([0])
        let empty = try quiet.verifier().verify(try quiet.answers(quietQuery), to: quietQuery)
        #expect(empty[0].finding == .complete([], quiet.opening, .open))
    }

    @Test("a query comes back, encodes the same, and wipes what it was read from")
    func queryRoundTrip() throws {
        let sample = try SampleCell()
        let query = try sample.query([3, 1, 0])
        let wire = query.encode()
        #expect(wire.count == 36 + 36 + 6 + 3 * 39)
        var copy = wire
        copy.withUnsafeMutableBufferPointer { _ in }
        let read = try LookupQuery(wiping: &copy)
        #expect(copy.isEmpty)
        #expect(read.encode() == wire)
        #expect(read.items == query.items)
        #expect(read.request == query.request)
        for index in 0..<3 {
            let label = try read.label(index, run: sample.runs[0], counter: 1)
            #expect(label == (try query.label(index, run: sample.runs[0], counter: 1)))
        }
        #expect("\(query)" == "look-up of 3 items")
        #expect(Mirror(reflecting: query).children.isEmpty)
    }

    @Test("only strictly ascending items of at most eight plates are a query")
    func queryStrict() throws {
        func code(_ items: [LookupItem], finds: Int? = nil) throws -> String {
            let block = try SecretBytes(zeros: finds ?? items.count * 32)
            do {
                _ = try LookupQuery(request: .zero, items: items, finds: block)
                return "accepted"
            } catch { return error.code }
        }
        let cell = SampleCell.cell
        let next = Cell(hour: cell.hour, site: SiteNumber(number: 4))
        let later = Cell(hour: cell.hour.next, site: SiteNumber(number: 0))
        let a = LookupItem(cell: cell, plate: 0)
        let b = LookupItem(cell: cell, plate: 7)
        #expect(try code([a, b]) == "accepted")
        #expect(
            try code([a, b, .init(cell: next, plate: 0), .init(cell: later, plate: 0)])
                == "accepted")
        #expect(try code([b, a]) == "query-malformed")
        #expect(try code([a, a]) == "query-malformed")
        #expect(try code([]) == "query-malformed")
        #expect(try code([.init(cell: cell, plate: 8)]) == "query-malformed")
        #expect(try code([a], finds: 31) == "query-malformed")
        #expect(try code([a], finds: 64) == "query-malformed")
        let wire = try LookupQuery(request: .zero, items: [a, b], finds: SecretBytes(zeros: 64))
            .encode()
        for count in 0..<wire.count {
            var cut = Array(wire[..<count])
            #expect(throws: RowsError(code: "query-malformed", sentence: "")) {
                try LookupQuery(wiping: &cut)
            }
        }
        // Counts beyond all bounds: of the window's one cell, and of the two items.
        for place in [64, 74] {
            var huge = wire
            huge[place] = 0xff
            #expect(throws: RowsError(code: "query-malformed", sentence: "")) {
                try LookupQuery(wiping: &huge)
            }
        }
    }

    @Test("a query's items are of its request's window, whose cells strictly ascend")
    func window() throws {
        let salt = [UInt8](repeating: 7, count: 32)
        let cells = (0..<4).map {
            Cell(hour: SampleCell.cell.hour.adding($0), site: SampleCell.cell.site)
        }
        func isRefused(_ window: [Cell], _ asked: [Cell]) -> Bool {
            (try? LookupQuery(
                request: .zero, window: LookupWindow(cells: window, salt: salt),
                items: asked.map { LookupItem(cell: $0, plate: 0) },
                finds: SecretBytes(zeros: asked.count * 32))) == nil
        }
        #expect(!isRefused(cells, cells) && !isRefused(cells, [cells[1], cells[3]]))
        #expect(isRefused([cells[0], cells[2]], [cells[1]]))
        #expect(isRefused(Array(cells[..<3]), cells) && isRefused([], [cells[0]]))
        #expect(isRefused([cells[1], cells[0]], [cells[0]]))
        #expect(isRefused([cells[0], cells[0]], [cells[0]]))
        #expect((try? LookupWindow(cells: cells, salt: Array(salt.dropLast()))) == nil)
        let query = try LookupQuery(
            request: .zero, window: LookupWindow(cells: cells, salt: salt), whole: [cells[2]])
        var wire = query.encode()
        #expect(try LookupQuery(wiping: &wire).window.cells == cells)
    }

    @Test("an answer comes back, encodes the same, and is refused when cut or continued")
    func answerRoundTrip() throws {
        let sample = try SampleCell()
        let query = try sample.query([0, 1])
        var answers = try sample.answers(query)
        for outcome in [LookupAnswer.Outcome.open, .unknown, .gone] {
            answers.append(LookupAnswer(item: query.items[0], outcome: outcome))
        }
        for answer in answers {
            let wire = answer.encode()
            let read = try LookupAnswer(wire: wire)
            #expect(read == answer)
            #expect(read.encode() == wire)
            let malformed = RowsError(code: "answer-malformed", sentence: "")
            #expect(throws: malformed) { try LookupAnswer(wire: wire + [0]) }
            for count in wire.indices {
                #expect(throws: malformed) { try LookupAnswer(wire: Array(wire[..<count])) }
            }
        }
    }
}
