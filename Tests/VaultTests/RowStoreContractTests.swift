import Plates
import Rows
import Secrets
import Testing
import Vault

/// What every store promises, over every backend.
@Suite("the contract of a row store")
struct RowStoreContractTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func keep(_ store: any RowStore, _ batch: Batch) -> String {
        code { _ = try store.keep(batch, admission: Sample.admission) }
    }

    @Test("what was kept is there, by label", arguments: Backend.allCases)
    func keep(_ backend: Backend) throws {
        let store = try backend.store(in: folder)
        let car = try Car("1")
        let rows = try car.rows(Sample.run("a"), 0..<40)
        let long = try car.rows(Sample.run("a"), 40..<43, size: 1_064)
        #expect(try store.rows(of: Sample.cell) == [])
        #expect(try store.days() == [])
        #expect(
            try store.keep(Sample.batch(rows + long), admission: Sample.admission) == .fresh)
        #expect(try store.rows(of: Sample.cell) == (rows + long).sorted { $0.label < $1.label })
        #expect(try store.days() == [Sample.day])
        #expect(try store.refusals() == [:])
        // Another cell of the same day knows nothing of it.
        let other = Cell(hour: Sample.cell.hour, site: SiteNumber(number: 2))
        #expect(try store.rows(of: other) == [])
    }

    @Test("the same batch twice is once", arguments: Backend.allCases)
    func batchTwice(_ backend: Backend) throws {
        let store = try backend.store(in: folder)
        let batch = try Sample.batch(Car("1").rows(Sample.run("a"), 0..<9))
        #expect(try store.keep(batch, admission: Sample.admission) == .fresh)
        #expect(try store.keep(batch, admission: Sample.admission) == .again)
        #expect(try store.rows(of: Sample.cell).count == 9)
        #expect(try store.batches(of: Sample.cell) == [batch])
        #expect(try store.refusals() == [:])
    }

    @Test("the same row in two batches is once, and in both", arguments: Backend.allCases)
    func rowTwice(_ backend: Backend) throws {
        let store = try backend.store(in: folder)
        let rows = try Car("1").rows(Sample.run("a"), 0..<6)
        let batches = [
            try Sample.batch(Array(rows[..<4])), try Sample.batch(Array(rows[2...]), number: 1),
        ]
        for batch in batches {
            #expect(try store.keep(batch, admission: Sample.admission) == .fresh)
        }
        #expect(try store.rows(of: Sample.cell) == rows.sorted { $0.label < $1.label })
        #expect(try store.batches(of: Sample.cell) == batches)
    }

    @Test("batches come back in parts, each once, by run and number", arguments: Backend.allCases)
    func parts(_ backend: Backend) throws {
        let store = try backend.store(in: folder)
        // More than the 4 MiB that one part has.
        var batches: [Batch] = []
        for run in ["b", "a"] {
            for number in 0..<5 {
                let car = try Car("\(run) \(number)")
                batches.append(
                    try Sample.batch(
                        car.rows(Sample.run(run), 0..<1_000, size: 1_064), run: run,
                        number: UInt64(number)))
            }
        }
        for batch in batches {
            #expect(try store.keep(batch, admission: Sample.admission) == .fresh)
        }
        let tree = CellTreeID(cell: Sample.cell, kind: .prompt)
        var found: [BatchLeaves] = []
        var parts = 0
        while true {
            let part = try store.leaves(of: tree, after: found.last?.place)
            if part.isEmpty { break }
            found += part
            parts += 1
        }
        #expect(found == batches.map { BatchLeaves($0) }.sorted { $0.place < $1.place })
        #expect(backend == .memory || parts > 1)
        let empty = CellTreeID(cell: Sample.cell, kind: .late)
        #expect(try store.leaves(of: empty, after: nil) == [])
    }

    @Test(
        "the same label with other bytes is refused, counted, and changes nothing",
        arguments: Backend.allCases)
    func labelDiffers(_ backend: Backend) throws {
        let store = try backend.store(in: folder)
        let rows = try Car("1").rows(Sample.run("a"), 0..<4)
        #expect(keep(store, try Sample.batch(rows)) == "accepted")
        let forged = try SealedRow(
            label: rows[2].label, bytes: [UInt8](repeating: 1, count: 296))
        let further = try Car("2").rows(Sample.run("a"), 0..<3)
        #expect(keep(store, try Sample.batch(further + [forged], number: 1)) == "label-differs")
        #expect(try store.rows(of: Sample.cell) == rows.sorted { $0.label < $1.label })
        #expect(try store.batches(of: Sample.cell).count == 1)
        #expect(try store.refusals() == ["label-differs": 1])
        // In another cell the label is another row's.
        let next = Cell(hour: Sample.cell.hour.next, site: Sample.cell.site)
        #expect(keep(store, try Sample.batch([forged], cell: next)) == "accepted")
    }

    @Test(
        "a run's batches in a cell come in their order, each number once",
        arguments: Backend.allCases)
    func numbers(_ backend: Backend) throws {
        let store = try backend.store(in: folder)
        let rows = try Car("1").rows(Sample.run("a"), 0..<8)
        func batch(_ range: Range<Int>, _ number: UInt64, run: String = "a") throws -> Batch {
            try Sample.batch(Array(rows[range]), run: run, number: number)
        }
        #expect(keep(store, try batch(0..<1, 1)) == "batch-gap")
        #expect(keep(store, try batch(0..<1, 0)) == "accepted")
        #expect(keep(store, try batch(1..<2, 0)) == "batch-differs")
        #expect(keep(store, try batch(1..<2, 2)) == "batch-gap")
        #expect(keep(store, try batch(1..<2, UInt64(Int64.max))) == "batch-gap")
        #expect(keep(store, try batch(1..<2, 1)) == "accepted")
        #expect(keep(store, try batch(2..<3, 0, run: "b")) == "accepted")
        let next = Cell(hour: Sample.cell.hour.next, site: Sample.cell.site)
        #expect(keep(store, try Sample.batch([rows[7]], cell: next)) == "accepted")
        #expect(try store.rows(of: Sample.cell).count == 3)
        #expect(try store.refusals() == ["batch-gap": 3, "batch-differs": 1])
    }

    @Test(
        "cells of no site, too old or not begun are refused and counted",
        arguments: Backend.allCases)
    func admission(_ backend: Backend) throws {
        let store = try backend.store(in: folder)
        let rows = try Car("1").rows(Sample.run("a"), 0..<1)
        let bounds = Sample.admission.hours
        func keep(_ hour: Hour, _ site: UInt16) throws -> String {
            let cell = Cell(hour: hour, site: SiteNumber(number: site))
            return self.keep(store, try Sample.batch(rows, cell: cell))
        }
        #expect(try keep(Sample.cell.hour, 3) == "cell-unknown")
        #expect(try keep(bounds.lowerBound.adding(-1), 1) == "cell-unknown")
        #expect(try keep(bounds.upperBound.adding(1), 1) == "cell-future")
        #expect(try store.days() == [])
        #expect(try keep(bounds.lowerBound, 1) == "accepted")
        #expect(try keep(bounds.upperBound, 2) == "accepted")
        #expect(try store.refusals() == ["cell-unknown": 2, "cell-future": 1])
        try store.count("batch-signature")
        #expect(try store.refusals()["batch-signature"] == 1)
    }

    @Test(
        "nothing enters a closed cell, and it stays as it was closed",
        arguments: Backend.allCases)
    func close(_ backend: Backend) throws {
        let store = try backend.store(in: folder)
        let rows = try Car("1").rows(Sample.run("a"), 0..<30)
        let batches = [
            try Sample.batch(Array(rows[..<20])), try Sample.batch(Array(rows[20...]), number: 1),
        ]
        for batch in batches { #expect(keep(store, batch) == "accepted") }
        let closing = try Sample.closing(batches)
        try store.checkClose(closing)
        #expect(try store.closing(of: Sample.cell) == nil)
        #expect(try store.close(closing) == .fresh)
        #expect(try store.close(closing) == .again)
        try store.checkClose(closing)
        #expect(try store.closing(of: Sample.cell) == closing)
        #expect(try store.closings() == [closing])
        #expect(try store.rows(of: Sample.cell) == rows.sorted { $0.label < $1.label })
        // A retry of what is in the tree is no error; anything new is.
        #expect(keep(store, batches[1]) == "accepted")
        let more = try Car("2").rows(Sample.run("a"), 0..<1)
        #expect(keep(store, try Sample.batch(more, number: 2)) == "cell-closed")
        #expect(keep(store, try Sample.batch(more, run: "b")) == "cell-closed")
        #expect(keep(store, try Sample.batch(more, number: 1)) == "cell-closed")
        #expect(code { _ = try store.batches(of: Sample.cell) } == "cell-closed")
        let second = try Sample.closing(batches, name: "two")
        #expect(code { _ = try store.close(second) } == "cell-closed")
        #expect(code { try store.checkClose(second) } == "cell-closed")
        #expect(try store.closing(of: Sample.cell) == closing)
        #expect(try store.rows(of: Sample.cell).count == 30)
    }

    @Test(
        "a closing that does not fit the kept rows is refused, and the cell stays open",
        arguments: Backend.allCases)
    func closeDiffers(_ backend: Backend) throws {
        let store = try backend.store(in: folder)
        let rows = try Car("1").rows(Sample.run("a"), 0..<30)
        let batches = [
            try Sample.batch(Array(rows[..<10])),
            try Sample.batch(Array(rows[10..<20]), number: 1),
            try Sample.batch(Array(rows[20...]), run: "b"),
        ]
        for batch in batches { #expect(keep(store, batch) == "accepted") }
        let extra = try Sample.batch(Car("2").rows(Sample.run("b"), 0..<1), run: "b", number: 1)
        let opening = try Sample.closing(batches).opening
        func with(
            kind: HourOpening.Kind = .prompt, _ change: (inout [HourOpening.Run]) -> Void,
            tree: HourRoot? = nil
        ) throws -> StoredClosing {
            var runs = opening.runs
            change(&runs)
            let opening = try HourOpening(
                cell: Sample.cell, kind: kind, runs: runs, tree: tree ?? opening.tree,
                salt: opening.salt)
            return StoredClosing(opening: opening, statement: .zero, wire: [1])
        }
        let root = opening.tree
        let wrong = [
            try Sample.closing([]),
            try Sample.closing([batches[0]]),
            try Sample.closing(Array(batches[..<2])),
            try Sample.closing(batches + [extra]),
            try with({ $0.removeLast() }),
            try with({ $0[0] = .init(id: $0[0].id, lastBatch: 7, isUnfinished: false) }),
            try with({ _ in }, tree: HourRoot(size: root.size + 1, root: root.root)),
            try with({ _ in }, tree: HourRoot(size: root.size, root: .zero)),
        ]
        for closing in wrong {
            #expect(code { _ = try store.close(closing) } == "opening-differs")
            #expect(code { try store.checkClose(closing) } == "opening-differs")
        }
        #expect(code { _ = try store.close(with(kind: .late, { _ in })) } == "cell-open")
        #expect(try store.closing(of: Sample.cell) == nil)
        #expect(try store.batches(of: Sample.cell).count == 3)
        #expect(keep(store, extra) == "accepted")
        #expect(code { _ = try store.close(Sample.closing(batches + [extra])) } == "accepted")
    }

    @Test("a quiet hour is closed like any other", arguments: Backend.allCases)
    func quiet(_ backend: Backend) throws {
        let store = try backend.store(in: folder)
        let closing = try Sample.closing([])
        try store.checkClose(closing)
        #expect(try store.days() == [])
        #expect(try store.close(closing) == .fresh)
        #expect(try store.closing(of: Sample.cell) == closing)
        let row = try Car("1").rows(Sample.run("a"), 0..<1)
        #expect(keep(store, try Sample.batch(row)) == "cell-closed")
    }

    @Test(
        "a dead day has nothing, takes nothing, and leaves the others alone",
        arguments: Backend.allCases, [true, false])
    func expire(_ backend: Backend, isMarkedFirst: Bool) throws {
        let store = try backend.store(in: folder)
        let rows = try Car("1").rows(Sample.run("a"), 0..<5)
        let tomorrow = Cell(hour: Sample.day.next.hours[0], site: Sample.cell.site)
        let batch = try Sample.batch(rows)
        let later = try Sample.batch(rows, cell: tomorrow)
        #expect(keep(store, batch) == "accepted")
        #expect(keep(store, later) == "accepted")
        let closing = try Sample.closing([batch])
        #expect(try store.close(closing) == .fresh)
        if isMarkedFirst {
            try store.markDead(Sample.day)
            try store.markDead(Sample.day)
        } else {
            try store.expire(Sample.day)
        }
        #expect(try store.isDead(Sample.day))
        #expect(try !store.isDead(Sample.day.next))
        #expect(try store.search(Sample.day) { _ in true } == nil)
        #expect(try store.rows(of: Sample.cell) == [])
        #expect(try store.closing(of: Sample.cell) == nil)
        #expect(try store.closings() == [])
        #expect(keep(store, batch) == "cell-dead")
        #expect(keep(store, try Sample.batch(rows, number: 1)) == "cell-dead")
        #expect(code { _ = try store.close(closing) } == "cell-dead")
        #expect(code { try store.checkClose(closing) } == "cell-dead")
        #expect(code { _ = try store.batches(of: Sample.cell) } == "cell-dead")
        #expect(try store.closings(of: Sample.day) == [])
        #expect(try store.refusals() == ["cell-dead": 2])
        try store.expire(Sample.day)
        #expect(try store.days() == [Sample.day.next])
        #expect(try store.rows(of: tomorrow).count == 5)
    }
}
