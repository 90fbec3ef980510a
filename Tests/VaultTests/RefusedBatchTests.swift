import Disk
import Dispatch
import Plates
import Rows
import Secrets
import Synchronization
import Testing

@testable import Vault

/// What batches that are refused cost, however many come.
@Suite("batches that are refused")
struct RefusedBatchTests {
    private let folder: TemporaryFolder
    private let fileSystem = RecordingFileSystem()
    private let store: SQLiteRowStore

    init() throws {
        folder = try TemporaryFolder()
        store = try SQLiteRowStore.create(at: folder.path + "/rows", fileSystem: fileSystem)
    }

    private func keep(_ batch: Batch) -> String {
        code { _ = try store.keep(batch, admission: Sample.admission) }
    }

    private var remembered: Int? {
        store.day(Sample.day)?.state.withLock {
            $0.open[CellTreeID(cell: Sample.cell, kind: .prompt)]?.count
        }
    }

    @Test("a set of labels holds what was added and not taken out, whatever the order")
    func labels() {
        var random = SystemRandomNumberGenerator()
        for bits in [3, 5, 64] {
            var set = LabelSet()
            var expected: Set<UInt64> = []
            for step in 0..<4_000 {
                // Few numbers, so that they meet; 0 and 1 are the same.
                let number = max(1, random.next() >> UInt64(64 - bits))
                if step % 3 == 2 {
                    set.remove(number)
                    expected.remove(number)
                } else {
                    #expect(set.insert(number) == expected.insert(number).inserted)
                }
                if bits < 64 {
                    for other in 1..<UInt64(1 << bits) {
                        #expect(set.contains(other) == expected.contains(other))
                    }
                }
            }
            #expect(set.count == expected.count)
            #expect(expected.allSatisfy { set.contains($0) })
        }
    }

    @Test("nothing of a batch that is refused is remembered, by whom it may be refused")
    func forgotten() throws {
        let rows = try Car("1").rows(Sample.run("a"), 0..<10)
        #expect(try keep(Sample.batch(rows)) == "accepted")
        #expect(remembered == 10)
        let forged = try SealedRow(label: rows[3].label, bytes: rows[4].bytes)
        for number in 0..<5 {
            let further = try Car("further \(number)").rows(Sample.run("a"), 0..<100)
            #expect(try keep(Sample.batch(further + [forged], number: 1)) == "label-differs")
            #expect(try keep(Sample.batch(further, number: 2)) == "batch-gap")
            fileSystem.fail(.write, on: "open-")
            #expect(try keep(Sample.batch(further + [rows[3]], number: 1)) == "store-full")
            #expect(remembered == 10)
        }
        // A row that was there before the refused batch had it too is still known.
        #expect(try keep(Sample.batch([forged], number: 1)) == "label-differs")
        let more = try Car("more").rows(Sample.run("a"), 0..<3)
        #expect(try keep(Sample.batch(more + [rows[3]], number: 1)) == "accepted")
        #expect(remembered == 13)
    }

    @Test("while a batch's rows are compared with those on the disk others are kept")
    func comparedBeside() throws {
        let rows = try Car("1").rows(Sample.run("a"), 0..<10)
        #expect(try keep(Sample.batch(rows)) == "accepted")
        let other = try Sample.batch(
            Car("2").rows(Sample.run("b"), 0..<3),
            cell: Cell(hour: Sample.cell.hour, site: SiteNumber(number: 2)), run: "b")
        // Comes while the first is compared, and has one of its labels with other bytes.
        let fresh = try Car("3").rows(Sample.run("c"), 0..<1)[0]
        let rival = try Sample.batch([fresh], run: "c")
        let kept = Mutex<[String]>([])
        fileSystem.onRead { [store] _ in
            let done = DispatchSemaphore(value: 0)
            Thread.detached {
                for batch in [other, rival] {
                    let code = code { _ = try store.keep(batch, admission: Sample.admission) }
                    kept.withLock { $0.append(code) }
                }
                done.signal()
            }
            _ = done.wait(timeout: .now() + 10)
        }
        let forged = try SealedRow(label: fresh.label, bytes: rows[0].bytes)
        #expect(try keep(Sample.batch([rows[2], forged], number: 1)) == "label-differs")
        #expect(kept.withLock { $0 } == ["accepted", "accepted"])
        #expect(try keep(Sample.batch([rows[2], fresh], number: 1)) == "accepted")
        #expect(try store.rows(of: Sample.cell).count == 11)
    }
}

private enum Thread {
    static func detached(_ body: @escaping @Sendable () -> Void) {
        DispatchQueue(label: "detached").async(execute: body)
    }
}
