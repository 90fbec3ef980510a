import Disk
import Plates
import Rows
import TestSupport
import Testing

@testable import Vault

/// The file of a day's blocks, when something goes wrong while a tree is closed.
@Suite("the blocks of closed trees")
struct BlockFileTests {
    private let folder: TemporaryFolder
    private let fileSystem = RecordingFileSystem()
    private var path: String { folder.path + "/rows" }
    private var file: String { path + "/" + BlockFile.name(Sample.day.number) }

    init() throws { folder = try TemporaryFolder() }

    private func rows(_ car: String, _ count: UInt64 = 100) throws -> [SealedRow] {
        try Car(car).rows(Sample.run("a"), 0..<count)
    }

    /// How many of these rows have their label somewhere in the file.
    private func seen(_ rows: [SealedRow]) throws -> Int {
        guard try fileSystem.size(file) != nil else { return 0 }
        let bytes = try fileSystem.read(file)
        return rows.count { bytes.offset(of: $0.label.bytes) != nil }
    }

    private func cell(_ hour: Int) -> Cell {
        Cell(hour: Sample.day.hours[hour], site: SiteNumber(number: 1))
    }

    @Test("nothing is written any more for a day whose files are removed")
    func closed() throws {
        try fileSystem.makeFolder(path)
        let blocks = BlockFile(file, fileSystem)
        try blocks.settle([])
        blocks.close()
        #expect(code { _ = try blocks.append { [1] } } == "store-failed")
        #expect(try fileSystem.size(file) == nil)
    }

    @Test("of a closing that was given up nothing is left, also where other trees stand behind it")
    func outdated() throws {
        let store = try SQLiteRowStore.create(at: path, fileSystem: fileSystem)
        let first = try rows("1")
        let second = try rows("2", 40)
        let batch = try Sample.batch(first, cell: cell(3))
        let other = try Sample.batch(second, cell: cell(4))
        for batch in [batch, other] { _ = try store.keep(batch, admission: Sample.admission) }
        try store.checkClose(try Sample.closing([batch], cell: cell(3)))
        _ = try store.close(try Sample.closing([other], cell: cell(4)))
        #expect(try seen(first) == 100 && seen(second) == 40)
        // What comes now has its place among the others, and the blocks as they are would tell which
        // rows came later.
        let more = try Sample.batch(rows("3", 30), cell: cell(3), number: 1)
        _ = try store.keep(more, admission: Sample.admission)
        let before = try fileSystem.read(file)
        _ = try store.close(try Sample.closing([batch, more], cell: cell(3)))
        let after = try fileSystem.read(file)
        let places = first.compactMap { before.offset(of: $0.label.bytes) }
        #expect(places.count == 100)
        #expect(places.allSatisfy { after[$0..<($0 + 16)].allSatisfy { $0 == 0 } })
        #expect(try seen(first) == 100 && seen(second) == 40 && seen(more.rows) == 30)
        #expect(try store.rows(of: CellTreeID(cell: cell(3), kind: .prompt)).count == 130)
        #expect(try store.rows(of: CellTreeID(cell: cell(4), kind: .prompt)).count == 40)
    }

    @Test(
        "blocks that the disk does not take are no closing, and the next one stands in their place",
        arguments: [
            RecordingFileSystem.Fault.write, .halfWritten, .synchronize, .toldElsewhere,
        ], [false, true])
    func refused(_ fault: RecordingFileSystem.Fault, isRestarted: Bool) throws {
        let store = try SQLiteRowStore.create(at: path, fileSystem: fileSystem)
        let other = try Sample.batch(rows("2", 40), cell: cell(4))
        _ = try store.keep(other, admission: Sample.admission)
        _ = try store.close(try Sample.closing([other], cell: cell(4)))
        let batch = try Sample.batch(rows("1"), cell: cell(3))
        _ = try store.keep(batch, admission: Sample.admission)
        let closing = try Sample.closing([batch], cell: cell(3))
        let size = try fileSystem.size(file)
        fileSystem.fail(fault, on: "closed-")
        #expect(code { _ = try store.close(closing) } != "accepted")
        #expect(try store.batches(of: cell(3)) == [batch])
        var next = store
        if isRestarted {
            next = try SQLiteRowStore.open(at: path, fileSystem: fileSystem)
            #expect(try fileSystem.size(file) == size)
        }
        #expect(code { _ = try next.close(closing) } == "accepted")
        #expect(try next.rows(of: CellTreeID(cell: cell(3), kind: .prompt)).count == 100)
        #expect(try next.rows(of: CellTreeID(cell: cell(4), kind: .prompt)).count == 40)
    }

    @Test("what a crash leaves between and behind the trees is overwritten and cut off")
    func crash() throws {
        do {
            let store = try SQLiteRowStore.create(at: path, fileSystem: fileSystem)
            for (number, hour) in [3, 4].enumerated() {
                let batch = try Sample.batch(rows("\(number)"), cell: cell(hour))
                _ = try store.keep(batch, admission: Sample.admission)
                let closing = try Sample.closing([batch], cell: cell(hour))
                // The first one is prepared, and never closed.
                if number == 0 {
                    try store.checkClose(closing)
                } else {
                    _ = try store.close(closing)
                }
            }
        }
        let size = try #require(try fileSystem.size(file))
        let torn = try rows("torn", 20)
        try fileSystem.write(file, at: size, torn.flatMap { $0.label.bytes + $0.bytes })
        #expect(try seen(rows("0")) == 100 && seen(torn) == 20)
        let store = try SQLiteRowStore.open(at: path, fileSystem: fileSystem)
        #expect(try seen(rows("0")) == 0 && seen(torn) == 0 && seen(rows("1")) == 100)
        #expect(try fileSystem.size(file) == size)
        #expect(try store.batches(of: cell(3)).count == 1)
        #expect(try store.rows(of: CellTreeID(cell: cell(4), kind: .prompt)).count == 100)
    }

    @Test(
        "a second opening of a tree that is being closed touches nothing that the first has written"
    )
    func twice() throws {
        let store = try SQLiteRowStore.create(at: path, fileSystem: fileSystem)
        let batch = try Sample.batch(rows("1"), cell: cell(3))
        _ = try store.keep(batch, admission: Sample.admission)
        let first = try Sample.closing([batch], cell: cell(3))
        let second = try Sample.closing([batch], cell: cell(3), name: "two")
        #expect(first != second)
        try store.checkClose(first)
        let before = try fileSystem.read(file)
        // While the rows are read for the second one, the first one is closed.
        fileSystem.onRead { [store] _ in
            #expect(code { _ = try store.publish(first) } == "accepted")
        }
        #expect(code { try store.checkClose(second) } == "cell-closed")
        #expect(try fileSystem.read(file) == before)
        try store.forgetBatches(of: first.tree)
        let next = try SQLiteRowStore.open(at: path, fileSystem: fileSystem)
        for store in [store, next] {
            #expect(try store.closing(of: cell(3)) == first)
            #expect(try store.rows(of: first.tree).count == 100)
        }
    }

    @Test("blocks of another opening of the same rows are the same blocks")
    func sameRows() throws {
        let store = try SQLiteRowStore.create(at: path, fileSystem: fileSystem)
        let batch = try Sample.batch(rows("1"), cell: cell(3))
        _ = try store.keep(batch, admission: Sample.admission)
        var sizes: Set<UInt64?> = []
        for name in ["one", "two", "three"] {
            try store.checkClose(try Sample.closing([batch], cell: cell(3), name: name))
            sizes.insert(try fileSystem.size(file))
        }
        #expect(sizes.count == 1)
        #expect(try store.publish(Sample.closing([batch], cell: cell(3), name: "three")) == .fresh)
        let again = try Sample.closing([batch], cell: cell(3), name: "two")
        #expect(code { try store.checkClose(again) } == "cell-closed")
        #expect(try store.rows(of: CellTreeID(cell: cell(3), kind: .prompt)).count == 100)
    }

    @Test("a file that lacks blocks of a closed tree is no store, and costs none of what arrived")
    func short() throws {
        var arrived: [UInt8] = []
        let arriving = path + "/open-\(Sample.day.number).03-prompt"
        do {
            let store = try SQLiteRowStore.create(at: path, fileSystem: fileSystem)
            let batch = try Sample.batch(rows("1"))
            _ = try store.keep(batch, admission: Sample.admission)
            let closing = try Sample.closing([batch])
            try store.checkClose(closing)
            // Without the last step, which forgets the batches.
            #expect(try store.publish(closing) == .fresh)
            arrived = try fileSystem.read(arriving)
        }
        let size = try #require(try fileSystem.size(file))
        try fileSystem.truncate(file, to: size - 1)
        #expect(
            code { _ = try SQLiteRowStore.open(at: path, fileSystem: fileSystem) } == "store-failed"
        )
        try fileSystem.remove(file)
        #expect(
            code { _ = try SQLiteRowStore.open(at: path, fileSystem: fileSystem) } == "store-failed"
        )
        #expect(try fileSystem.read(arriving) == arrived)
    }

    @Test("the blocks go with their day, and without it")
    func dropped() throws {
        let store = try SQLiteRowStore.create(at: path, fileSystem: fileSystem)
        let batch = try Sample.batch(rows("1"))
        _ = try store.keep(batch, admission: Sample.admission)
        _ = try store.close(try Sample.closing([batch]))
        #expect(try fileSystem.size(file) != nil)
        try store.expire(Sample.day)
        #expect(try fileSystem.list(path).allSatisfy { !$0.contains("\(Sample.day.number)") })
        // A day that never came to be, of which a crash has left its blocks.
        let stray = path + "/" + BlockFile.name(Sample.day.number + 1)
        try fileSystem.create(stray, [1, 2, 3])
        _ = try SQLiteRowStore.open(at: path, fileSystem: fileSystem)
        #expect(try fileSystem.size(stray) == nil)
    }
}
