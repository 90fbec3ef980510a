import Plates
import Rows
import Secrets
import Testing
import Vault

/// The late tree of a cell, held by every backend alike.
@Suite("row stores: late trees")
struct LateTreeContractTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func keep(_ store: any RowStore, _ batch: Batch) -> String {
        code { _ = try store.keep(batch, admission: Sample.admission) }
    }

    @Test(
        "a late tree comes after the prompt one, with batches of its own",
        arguments: Backend.allCases)
    func order(_ backend: Backend) throws {
        let store = try backend.store(in: folder)
        let rows = try Car("1").rows(Sample.run("a"), 0..<30)
        let prompt = try Sample.batch(Array(rows[..<10]))
        let late = try Sample.batch(Array(rows[10..<20]), kind: .late)
        #expect(keep(store, prompt) == "accepted")
        #expect(keep(store, late) == "cell-open")
        let early = try Sample.closing([late], kind: .late, name: "late")
        #expect(code { _ = try store.close(early) } == "cell-open")
        let closing = try Sample.closing([prompt])
        _ = try store.close(closing)
        #expect(keep(store, late) == "accepted" && keep(store, late) == "accepted")
        let tree = CellTreeID(cell: Sample.cell, kind: .late)
        #expect(try store.batches(of: tree) == [late])
        #expect(try store.rows(of: tree) == late.rows)
        #expect(try store.rows(of: Sample.cell) == prompt.rows)
        let next = try Sample.batch(Array(rows[20...]), kind: .late, number: 2)
        #expect(keep(store, next) == "batch-gap")
        for wrong in [[], [prompt]] {
            let wrong = try Sample.closing(
                wrong.map { try Sample.batch($0.rows, kind: .late) }, kind: .late, name: "late")
            #expect(code { _ = try store.close(wrong) } == "opening-differs")
        }
        #expect(try store.close(early) == .fresh && store.close(early) == .again)
        #expect(code { _ = try store.batches(of: tree) } == "cell-closed")
        #expect(try store.rows(of: tree) == late.rows)
        #expect(try store.closing(of: tree) == early)
        #expect(try store.closings() == [closing, early])
        #expect(keep(store, next) == "cell-closed")
    }

    @Test("one label stands for one row in both trees", arguments: Backend.allCases)
    func label(_ backend: Backend) throws {
        let store = try backend.store(in: folder)
        let run = try Sample.run("a")
        let prompt = try Sample.batch(try Car("1").rows(run, 0..<3))
        #expect(keep(store, prompt) == "accepted")
        _ = try store.close(try Sample.closing([prompt]))
        let label = prompt.rows[0].label
        let other = try SealedRow(label: label, bytes: prompt.rows[1].bytes)
        #expect(keep(store, try Sample.batch([other], kind: .late)) == "label-differs")
        #expect(try store.rows(of: CellTreeID(cell: Sample.cell, kind: .late)) == [])
        #expect(try store.rows(of: Sample.cell) == prompt.rows)
    }
}
