import Disk
import Foundation
import GRDB
import Plates
import Rows
import Secrets
import Synchronization
import TestSupport
import Testing
import Vault

@Suite("the store on a disk")
struct SQLiteStoreTests {
    private let folder: TemporaryFolder
    private let fileSystem = POSIXFileSystem()
    private var path: String { folder.path + "/rows" }

    init() throws { folder = try TemporaryFolder() }

    private func create() throws -> SQLiteRowStore {
        try SQLiteRowStore.create(at: path, fileSystem: fileSystem)
    }

    private func open() throws -> SQLiteRowStore {
        try SQLiteRowStore.open(at: path, fileSystem: fileSystem)
    }

    private func names() throws -> [String] { try fileSystem.list(path) }

    @Test("a store is created once, and never by opening it")
    func explicit() throws {
        #expect(code { _ = try open() } == "store-missing")
        #expect(try fileSystem.size(path + "/store.sqlite") == nil)
        _ = try create()
        #expect(code { _ = try create() } == "store-exists")
        _ = try open()
        try fileSystem.create(folder.path + "/other", [1, 2, 3])
        let other = folder.path + "/strange"
        try fileSystem.makeFolder(other)
        _ = try DatabaseQueue(path: other + "/store.sqlite").write {
            try $0.execute(sql: "CREATE TABLE rows (a)")
        }
        #expect(
            code { _ = try SQLiteRowStore.open(at: other, fileSystem: fileSystem) }
                == "store-version")
    }

    @Test("everything acknowledged is there after a restart")
    func restart() throws {
        let rows = try Car("1").rows(Sample.run("a"), 0..<50)
        let batch = try Sample.batch(rows)
        let second = try Sample.batch(
            rows, cell: Cell(hour: Sample.cell.hour.next, site: Sample.cell.site))
        let closing = try Sample.closing([batch])
        do {
            let store = try create()
            _ = try store.keep(batch, admission: Sample.admission)
            _ = try store.close(closing)
            _ = try store.keep(second, admission: Sample.admission)
            #expect(
                code {
                    _ = try store.keep(
                        Sample.batch(rows, number: 3), admission: Sample.admission)
                } == "cell-closed")
            try store.expire(Sample.day.adding(-1))
        }
        let store = try open()
        #expect(try store.rows(of: Sample.cell) == rows.sorted { $0.label < $1.label })
        #expect(try store.closing(of: Sample.cell) == closing)
        #expect(try store.batches(of: second.cell) == [second])
        #expect(try store.refusals() == ["cell-closed": 1])
        #expect(try store.isDead(Sample.day.adding(-1)))
        #expect(try store.keep(batch, admission: Sample.admission) == .again)
    }

    @Test("what was acknowledged is in the files at that moment: a copy of them opens with it")
    func copied() throws {
        let store = try create()
        let rows = try Car("1").rows(Sample.run("a"), 0..<600)
        for (number, start) in stride(from: 0, to: 600, by: 100).enumerated() {
            let batch = try Sample.batch(Array(rows[start..<(start + 100)]), number: UInt64(number))
            _ = try store.keep(batch, admission: Sample.admission)
            // As after a crash: the files as they are, the store still open.
            let copy = folder.path + "/copy-\(number)"
            try fileSystem.makeFolder(copy)
            for name in try names() where !name.hasSuffix("-shm") {
                try fileSystem.create(copy + "/" + name, fileSystem.read(path + "/" + name))
            }
            let opened = try SQLiteRowStore.open(at: copy, fileSystem: fileSystem)
            #expect(try opened.rows(of: Sample.cell).count == start + 100)
            #expect(try opened.batches(of: Sample.cell).count == number + 1)
        }
    }

    @Test("a dropped day leaves no file, no journal, and not one of its bytes")
    func dropped() throws {
        let store = try create()
        let rows = try Car("1").rows(Sample.run("a"), 0..<200)
        _ = try store.keep(Sample.batch(rows), admission: Sample.admission)
        let tomorrow = Cell(hour: Sample.day.next.hours[0], site: Sample.cell.site)
        _ = try store.keep(Sample.batch(rows, cell: tomorrow), admission: Sample.admission)
        let number = "-\(Sample.day.number)."
        #expect(try names().filter { $0.contains(number) }.count >= 4)
        try store.expire(Sample.day)
        #expect(try names().filter { $0.contains(number) } == [])
        try store.expire(Sample.day.next)
        for name in try names() {
            #expect(name.hasPrefix("store.sqlite"))
            let bytes = try fileSystem.read(path + "/" + name)
            for row in rows.prefix(20) { #expect(bytes.offset(of: row.label.bytes) == nil) }
        }
    }

    @Test(
        "a file that a drop could not remove keeps no other one, and goes with the next",
        arguments: ["day-", "open-", "photos-"])
    func notRemoved(_ name: String) throws {
        let recording = RecordingFileSystem()
        let store = try SQLiteRowStore.create(at: path, fileSystem: recording)
        let rows = try Car("1").rows(Sample.run("a"), 0..<20)
        _ = try store.keep(Sample.batch(rows), admission: Sample.admission)
        _ = try store.keep([Sample.photo("1", rows[0].label)], admission: Sample.admission)
        recording.fail(.remove, on: "/" + name)
        #expect(code { try store.expire(Sample.day) } == "store-failed")
        let left = try names().filter { $0.contains("-\(Sample.day.number).") }
        #expect(left.count == 1 && left[0].hasPrefix(name))
        // It is dead, and there is something to do still.
        #expect(try store.isDead(Sample.day) && store.days() == [Sample.day])
        #expect(try store.rows(of: Sample.cell) == [])
        try store.expire(Sample.day)
        #expect(try names().filter { $0.contains("-\(Sample.day.number).") } == [])
        #expect(try store.days() == [])
    }

    @Test("a day that is marked as dead is found by nobody, and its files go when it is dropped")
    func marked() throws {
        let store = try create()
        let rows = try Car("1").rows(Sample.run("a"), 0..<20)
        _ = try store.keep(Sample.batch(rows), admission: Sample.admission)
        _ = try store.keep([Sample.photo("1", rows[0].label)], admission: Sample.admission)
        let number = "-\(Sample.day.number)."
        let before = try names().filter { $0.contains(number) }
        try store.markDead(Sample.day)
        #expect(try store.isDead(Sample.day) && store.days() == [Sample.day])
        #expect(try store.rows(of: Sample.cell) == [])
        #expect(try names().filter { $0.contains(number) } == before)
        // As after a crash at this moment: the files as they are, the store still open.
        let copy = folder.path + "/copy"
        try fileSystem.makeFolder(copy)
        for name in try names() where !name.hasSuffix("-shm") {
            try fileSystem.create(copy + "/" + name, fileSystem.read(path + "/" + name))
        }
        let opened = try SQLiteRowStore.open(at: copy, fileSystem: fileSystem)
        #expect(try opened.isDead(Sample.day) && opened.days() == [])
        #expect(try fileSystem.list(copy).allSatisfy { $0.hasPrefix("store.sqlite") })
        try store.expire(Sample.day)
        #expect(try store.days() == [])
        #expect(try names().allSatisfy { $0.hasPrefix("store.sqlite") })
    }

    @Test(
        "a large file of a dead day goes part by part, from its end, and the others go on between")
    func inParts() throws {
        let sizes = Mutex<[UInt64]>([])
        let between = Mutex<(@Sendable () throws -> Void)?>(nil)
        let store = try SQLiteRowStore.create(at: path, fileSystem: fileSystem) {
            try? between.withLock({ $0 })?()
        }
        let rows = try Car("1").rows(Sample.run("a"), 0..<20)
        _ = try store.keep(Sample.batch(rows), admission: Sample.admission)
        let name = path + "/day-\(Sample.day.number).sqlite"
        try store.markDead(Sample.day)
        let part = UInt64(4 << 20)
        try fileSystem.truncate(name, to: 3 * part + 1)
        let tomorrow = Cell(hour: Sample.day.next.hours[0], site: Sample.cell.site)
        between.withLock {
            $0 = { [fileSystem] in
                let size = try fileSystem.size(name) ?? 0
                let number = sizes.withLock { sizes in
                    sizes.append(size)
                    return sizes.count - 1
                }
                #expect(try store.days().contains(Sample.day))
                _ = try store.keep(
                    Sample.batch([rows[number]], cell: tomorrow, number: UInt64(number)),
                    admission: Sample.admission)
            }
        }
        try store.expire(Sample.day)
        #expect(sizes.withLock { $0 } == [3 * part, 2 * part, part])
        #expect(try fileSystem.size(name) == nil && store.days() == [Sample.day.next])
        #expect(try store.rows(of: tomorrow).count == 3)
    }

    @Test("whoever works in a day when it dies is waited for by its dropping, and by nothing else")
    func atWork() throws {
        let store = try create()
        let rows = try Car("1").rows(Sample.run("a"), 0..<20)
        let batch = try Sample.batch(rows)
        _ = try store.keep(batch, admission: Sample.admission)
        _ = try store.close(Sample.closing([batch]))
        let tomorrow = Cell(hour: Sample.day.next.hours[0], site: Sample.cell.site)
        _ = try store.keep(Sample.batch(rows, cell: tomorrow), admission: Sample.admission)
        let name = path + "/day-\(Sample.day.number).sqlite"
        let dropped = DispatchSemaphore(value: 0)
        var (others, isFound, isThere) = (0, true, false)
        let found = try store.search(Sample.day) { day throws(StoreError) in
            try store.markDead(Sample.day)
            let thread = Thread {
                try? store.expire(Sample.day)
                dropped.signal()
            }
            thread.start()
            // The others go on, and whoever asks now finds nothing.
            others = try store.rows(of: CellTreeID(cell: tomorrow, kind: .prompt)).count
            isFound = try store.search(Sample.day) { _ throws(StoreError) in true } != nil
            isThere = (try? fileSystem.size(name)) != nil
            return try day.rows(of: CellTreeID(cell: Sample.cell, kind: .prompt))
        }
        #expect(found == rows.sorted { $0.label < $1.label })
        #expect(others == 20 && !isFound && isThere)
        dropped.wait()
        #expect(try store.days() == [Sample.day.next])
        #expect(try names().allSatisfy { !$0.contains("-\(Sample.day.number).") })
    }

    @Test("a file of photos whose making failed is begun again")
    func photosBegunAgain() throws {
        let recording = RecordingFileSystem()
        let store = try SQLiteRowStore.create(at: path, fileSystem: recording)
        let rows = try Car("1").rows(Sample.run("a"), 0..<1)
        let photo = try Sample.photo("1", rows[0].label)
        func keep() -> String {
            code { _ = try store.keep([photo], admission: Sample.admission) }
        }
        recording.fail(.synchronize, on: "/rows")
        #expect(keep() == "store-full")
        #expect(keep() == "accepted")
        #expect(try store.photos(of: rows[0].label, in: Sample.cell) == [photo.photo])
    }

    @Test("a drop that was cut short after it was noted is finished at the next start")
    func dropFinished() throws {
        let rows = try Car("1").rows(Sample.run("a"), 0..<20)
        let name = path + "/day-\(Sample.day.number).sqlite"
        var kept: [UInt8] = []
        do {
            let store = try create()
            _ = try store.keep(Sample.batch(rows), admission: Sample.admission)
            _ = try store.close(Sample.closing([Sample.batch(rows)]))
            kept = try fileSystem.read(name)
            try store.expire(Sample.day)
        }
        for suffix in ["", "-wal", "-shm"] {
            try fileSystem.create(name + suffix, suffix.isEmpty ? kept : [])
        }
        let store = try open()
        #expect(try store.rows(of: Sample.cell) == [])
        #expect(try names().filter { $0.hasPrefix("day-") } == [])
    }

    @Test("a day's file whose creation was cut short is begun again")
    func unborn() throws {
        _ = try create()
        try fileSystem.create(path + "/day-\(Sample.day.number).sqlite", [])
        let store = try open()
        #expect(try store.days() == [])
        let rows = try Car("1").rows(Sample.run("a"), 0..<2)
        #expect(try store.keep(Sample.batch(rows), admission: Sample.admission) == .fresh)
    }

    @Test("a damaged day is an error, not an empty day")
    func damaged() throws {
        do {
            let store = try create()
            let rows = try Car("1").rows(Sample.run("a"), 0..<100)
            _ = try store.keep(Sample.batch(rows), admission: Sample.admission)
            _ = try store.close(Sample.closing([Sample.batch(rows)]))
        }
        let name = path + "/day-\(Sample.day.number).sqlite"
        try fileSystem.write(name, at: 0, [UInt8](repeating: 0x55, count: 4_096))
        #expect(code { _ = try open() } == "store-failed")
    }

    @Test("files are private, deleted bytes are overwritten, commits are synchronized")
    func settings() throws {
        let store = try create()
        let rows = try Car("1").rows(Sample.run("a"), 0..<2)
        _ = try store.keep(Sample.batch(rows), admission: Sample.admission)
        let queue = try DatabaseQueue(path: path + "/day-\(Sample.day.number).sqlite")
        let mode = try queue.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") }
        let page = try queue.read { try Int.fetchOne($0, sql: "PRAGMA page_size") }
        #expect(mode == "wal")
        #expect(page == 8_192)
        let tables = try queue.read {
            try String.fetchAll($0, sql: "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")
        }
        // A rowid counts arrivals. That of a block counts blocks, in label order.
        #expect(tables.count == 3)
        for table in tables where !table.contains("TABLE blocks ") {
            #expect(table.contains("WITHOUT ROWID"))
        }
        #expect(try names().contains("open-\(Sample.day.number).03-prompt"))
        for name in try names() {
            #expect(try permissions(path + "/" + name) == 0o600, "\(name)")
        }
    }
}
