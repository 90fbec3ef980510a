import Disk
import Foundation
import Plates
import Rows
import Secrets
import Testing
import Vault

/// Whether a power cut at any moment loses something that was acknowledged. One record of what SQLite
/// did to the files, and of it many cuts: between any two operations, with any of what was not
/// synchronized lost, under a fixed seed.
@Suite("a power cut", .serialized)
struct PowerCutTests {
    private let folder: TemporaryFolder
    private let fileSystem = RecordingFileSystem()

    init() throws { folder = try TemporaryFolder() }

    /// What was done, in its order: batches, and closings of their cells.
    private enum Act {
        case keep(Batch)
        case close(StoredClosing)
        /// It is prepared, and then more comes.
        case prepare(StoredClosing)
    }

    private func acts() throws -> [Act] {
        let run = try Sample.run("a")
        let cells = (0..<2).map {
            Cell(hour: Sample.cell.hour.adding(Int64($0)), site: Sample.cell.site)
        }
        var acts: [Act] = []
        var batches: [[Batch]] = [[], []]
        for number in 0..<5 {
            for (place, cell) in cells.enumerated() {
                let rows = try Car("\(place) \(number)").rows(run, 0..<(number == 2 ? 150 : 20))
                let batch = try Sample.batch(rows, cell: cell, number: UInt64(number))
                batches[place].append(batch)
                acts.append(.keep(batch))
            }
        }
        acts.append(.close(try Sample.closing(batches[0], cell: cells[0])))
        acts.append(.prepare(try Sample.closing(batches[1], cell: cells[1], name: "less")))
        let more = try Sample.batch(
            Car("more").rows(run, 0..<30), cell: cells[1], number: 5)
        acts.append(.keep(more))
        let late = try Sample.batch(Car("late").rows(run, 0..<40), cell: cells[0], kind: .late)
        acts.append(.keep(late))
        acts.append(.close(try Sample.closing(batches[1] + [more], cell: cells[1], name: "two")))
        acts.append(
            .close(try Sample.closing([late], cell: cells[0], kind: .late, name: "three")))
        return acts
    }

    private func recorded(_ acts: [Act]) throws -> [RecordingDisk.Operation] {
        let path = folder.path + "/rows"
        RecordingDisk.begin(path)
        let store = try SQLiteRowStore.create(at: path, fileSystem: fileSystem)
        RecordingDisk.mark(0)
        for (place, act) in acts.enumerated() {
            switch act {
            case .keep(let batch): _ = try store.keep(batch, admission: Sample.admission)
            case .close(let closing): _ = try store.close(closing)
            case .prepare(let closing): try store.checkClose(closing)
            }
            RecordingDisk.mark(place + 1)
        }
        return RecordingDisk.end()
    }

    /// A store on the files of a cut.
    private func opened(_ contents: [String: [UInt8]], _ name: String) throws -> SQLiteRowStore {
        let path = folder.path + "/" + name
        try fileSystem.makeFolder(path)
        for (name, content) in contents where !name.hasSuffix("-shm") {
            try fileSystem.create(path + "/" + name, content)
        }
        return try SQLiteRowStore.open(at: path, fileSystem: fileSystem)
    }

    /// Whether a store still has something that was acknowledged.
    private func holds(_ store: SQLiteRowStore, _ act: Act) throws -> Bool {
        switch act {
        case .keep(let batch):
            let tree = CellTreeID(cell: batch.cell, kind: batch.kind)
            let rows = Set(try store.rows(of: tree))
            guard rows.isSuperset(of: batch.rows) else { return false }
            if try store.closing(of: tree) == nil, try !store.batches(of: tree).contains(batch) {
                return false
            }
            return try store.keep(batch, admission: Sample.admission) == .again
        case .close(let closing):
            let tree = CellTreeID(cell: closing.opening.cell, kind: closing.opening.kind)
            return try store.closing(of: tree) == closing && store.close(closing) == .again
        case .prepare: return true
        }
    }

    /// How often rows that were in two versions of a tree stand among the closed ones; the most of any.
    private func copies(of acts: [Act], _ path: String) throws -> Int {
        let rows: [SealedRow] = acts.flatMap { act -> [SealedRow] in
            guard case .keep(let batch) = act else { return [] }
            return batch.rows
        }
        let name = path + "/closed-\(Sample.day.number).blocks"
        let bytes = Data(try fileSystem.read(name))
        return rows.map { row in
            var count = 0
            var rest = bytes[...]
            while let found = rest.range(of: Data(row.label.bytes)) {
                count += 1
                rest = rest[found.upperBound...]
            }
            return count
        }.max() ?? 0
    }

    private func acknowledged(_ operations: ArraySlice<RecordingDisk.Operation>) -> Int? {
        operations.compactMap { if case .mark(let number) = $0 { number } else { nil } }.last
    }

    @Test("nothing acknowledged is lost, and what was under way can be done again")
    func cuts() throws {
        let acts = try acts()
        let operations = try recorded(acts)
        let random = SeededRandom("power cuts")
        let first = try #require(
            operations.firstIndex { if case .mark(0) = $0 { true } else { false } })
        #expect(operations.count > 100)
        // What arrives and what is closed are both in the record, and what was emptied goes.
        for prefix in ["open-", "day-", "closed-"] {
            #expect(
                operations.contains {
                    if case .write(let name, _, _) = $0 { name.hasPrefix(prefix) } else { false }
                })
        }
        #expect(operations.contains { if case .rename = $0 { true } else { false } })
        // Every boundary of a synchronization, and as many places drawn among all.
        var places = operations.indices.filter {
            if case .synchronize = operations[$0], $0 >= first { true } else { false }
        }.flatMap { [$0, $0 + 1] }
        for _ in places.indices {
            let drawn = random.bytes(2).reduce(0) { $0 << 8 | Int($1) }
            places.append(first + 1 + drawn % (operations.count - first))
        }
        for (number, place) in places.enumerated() {
            let past = operations[..<min(place, operations.count)]
            guard let known = acknowledged(past) else { continue }
            let name = "cut-\(number)"
            let store = try opened(CutDisk(past).contents(random), name)
            for act in acts.prefix(known) { #expect(try holds(store, act), "cut at \(place)") }
            // The rest is done again, as by whoever has no answer.
            for act in acts.dropFirst(known) {
                switch act {
                case .keep(let batch): _ = try store.keep(batch, admission: Sample.admission)
                case .close(let closing): _ = try store.close(closing)
                case .prepare(let closing): try store.checkClose(closing)
                }
            }
            for act in acts { #expect(try holds(store, act), "cut at \(place)") }
            for name in try fileSystem.list(folder.path + "/" + name) {
                try fileSystem.remove(folder.path + "/\("cut-\(number)")/" + name)
            }
        }
    }

    @Test("a disk that forgets what it was told to keep is caught by this test")
    func control() throws {
        let acts = try acts()
        let operations = try recorded(acts)
        let random = SeededRandom("control")
        var isLost = false
        for number in 0..<20 where !isLost {
            let contents = CutDisk(operations[...], synchronizes: false).contents(random)
            do {
                let store = try opened(contents, "control-\(number)")
                for act in acts where !isLost { isLost = try !holds(store, act) }
            } catch {
                isLost = true
            }
        }
        #expect(isLost)
    }

    @Test("what the disk has lost and said so is written again before anybody is told it is there")
    func lost() throws {
        let path = folder.path + "/rows"
        let run = try Sample.run("a")
        let batches = try (0..<3).map { number in
            try Sample.batch(Car("\(number)").rows(run, 0..<20), number: UInt64(number))
        }
        RecordingDisk.begin(path)
        do {
            let store = try SQLiteRowStore.create(at: path, fileSystem: fileSystem)
            _ = try store.keep(batches[0], admission: Sample.admission)
            fileSystem.fail(.synchronize, on: "open-")
            #expect(
                code { _ = try store.keep(batches[1], admission: Sample.admission) }
                    != "accepted")
        }
        // Another process finds it in the system's memory.
        let store = try SQLiteRowStore.open(at: path, fileSystem: fileSystem)
        #expect(try store.keep(batches[1], admission: Sample.admission) == .again)
        let operations = RecordingDisk.end()
        let random = SeededRandom("lost")
        for number in 0..<4 {
            let contents = CutDisk(operations[...]).contents(random)
            let cut = try opened(contents, "lost-\(number)")
            #expect(try cut.batches(of: Sample.cell) == Array(batches[..<2]))
        }
    }

    @Test("nothing enters a tree whose closing failed and would be found to stand after a crash")
    func doubted() throws {
        let path = folder.path + "/rows"
        let run = try Sample.run("a")
        let batches = try (0..<2).map { number in
            try Sample.batch(Car("\(number)").rows(run, 0..<20), number: UInt64(number))
        }
        RecordingDisk.begin(path)
        defer { _ = RecordingDisk.end() }
        let store = try SQLiteRowStore.create(at: path, fileSystem: fileSystem)
        _ = try store.keep(batches[0], admission: Sample.admission)
        let closing = try Sample.closing([batches[0]])
        try store.checkClose(closing)
        RecordingDisk.failSynchronizing("-wal", 2)
        #expect(code { _ = try store.publish(closing) } == "store-failed")
        #expect(try store.closing(of: Sample.cell) == nil)
        #expect(
            code { _ = try store.keep(batches[1], admission: Sample.admission) } == "store-failed")
        #expect(try store.keep(batches[1], admission: Sample.admission) == .fresh)
        // The process ends, and the files are as the system has them.
        var contents: [String: [UInt8]] = [:]
        for name in try fileSystem.list(path) {
            contents[name] = try fileSystem.read(path + "/" + name)
        }
        let next = try opened(contents, "doubted")
        #expect(try next.closing(of: Sample.cell) == nil)
        #expect(try next.batches(of: Sample.cell) == batches)
        #expect(try next.close(Sample.closing(batches)) == .fresh)
        #expect(try store.close(Sample.closing(batches)) == .fresh)
    }

    @Test("blocks whose place cannot be noted cost no other tree its own")
    func unnoted() throws {
        let path = folder.path + "/rows"
        RecordingDisk.begin(path)
        defer { _ = RecordingDisk.end() }
        let store = try SQLiteRowStore.create(at: path, fileSystem: fileSystem)
        let cells = (3...4).map {
            Cell(hour: Sample.day.hours[$0], site: SiteNumber(number: 1))
        }
        let run = try Sample.run("a")
        let batches = try cells.map {
            try Sample.batch(Car("\($0.hour)").rows(run, 0..<100), cell: $0)
        }
        for batch in batches { _ = try store.keep(batch, admission: Sample.admission) }
        let closings = try batches.map { try Sample.closing([$0], cell: $0.cell) }
        RecordingDisk.failSynchronizing("-wal", 1)
        #expect(code { try store.checkClose(closings[0]) } == "store-failed")
        // As the process would be found now: what failed is in the journal.
        func copy(_ name: String) throws -> SQLiteRowStore {
            try FileManager.default.copyItem(atPath: path, toPath: folder.path + "/" + name)
            return try SQLiteRowStore.open(at: folder.path + "/" + name, fileSystem: fileSystem)
        }
        let first = try copy("first")
        #expect(try first.batches(of: cells[0]) == [batches[0]])
        // The other tree's blocks stand where those would have.
        #expect(try store.close(closings[1]) == .fresh)
        for store in [try copy("second"), store] {
            #expect(try store.batches(of: cells[0]) == [batches[0]])
            #expect(try store.close(closings[0]) == .fresh)
            for (place, cell) in cells.enumerated() {
                let tree = CellTreeID(cell: cell, kind: .prompt)
                #expect(try store.rows(of: tree).count == 100)
                #expect(
                    try store.search(Sample.day) { day throws(StoreError) in
                        try day.find(batches[place].rows[7].label, in: tree)
                    } != nil)
            }
        }
    }
}
