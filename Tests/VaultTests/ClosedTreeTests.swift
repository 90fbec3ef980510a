import Disk
import Foundation
import Plates
import Rows
import Secrets
import Synchronization
import Testing
import Vault

/// What closed trees say of labels, and what a store remembers of open ones.
@Suite("closed trees in a store")
struct ClosedTreeTests {
    private let folder: TemporaryFolder
    private let fileSystem = POSIXFileSystem()
    private var path: String { folder.path + "/rows" }

    init() throws { folder = try TemporaryFolder() }

    private func rows(_ count: Int, _ random: SeededRandom) throws -> [SealedRow] {
        try (0..<count).map {
            try SealedRow(
                label: Label(bytes: random.bytes(16)),
                bytes: random.bytes($0 % 9 == 4 ? 1_064 : 296))
        }
    }

    @Test(
        "in trees of every size every row is proven present and everything else absent",
        arguments: Backend.allCases)
    func everySize(_ backend: Backend) throws {
        let store = try backend.store(in: folder)
        let random = SeededRandom("blocks")
        // One, two and three blocks, their borders among them, and one of many levels.
        let sizes = Array(0...9) + [29, 30, 31, 32, 61, 62, 63, 64, 65, 94, 95, 126, 1_000]
        for (place, size) in sizes.enumerated() {
            let cell = Cell(
                hour: Sample.day.hours[place % 24], site: SiteNumber(number: UInt16(1 + place / 24))
            )
            let all = try rows(size, random)
            let batches = try size == 0 ? [] : [Sample.batch(all, cell: cell)]
            for batch in batches { _ = try store.keep(batch, admission: Sample.admission) }
            _ = try store.close(try Sample.closing(batches, cell: cell))
            let tree = CellTreeID(cell: cell, kind: .prompt)
            let hours = try HourTree(all)
            try store.search(Sample.day) { day throws(StoreError) in
                for row in all {
                    let proof = hours.presence(of: row.label)
                    guard case .present(let found) = try day.find(row.label, in: tree) else {
                        Issue.record("a row of \(size) is not found")
                        continue
                    }
                    #expect(found.row == row && found.proof == proof)
                }
                for _ in 0..<40 {
                    guard let label = try? Label(bytes: random.bytes(16)) else { continue }
                    #expect(
                        try day.find(label, in: tree)
                            == hours.absence(of: label).map { .absent($0) })
                }
                #expect(try day.rows(of: tree) == all.sorted { $0.label < $1.label })
            }
        }
        #expect(try store.search(Sample.day.next) { _ throws(StoreError) in 1 } == nil)
    }

    @Test("a day's closings are the same when they are asked for again, and stay the other trees'")
    func closingsAgain() throws {
        let store = try Backend.sqlite.store(in: folder)
        let cells = (0..<3).map {
            Cell(hour: Sample.day.hours[$0], site: SiteNumber(number: 1))
        }
        var closings: [StoredClosing] = []
        for (place, cell) in cells.dropLast().enumerated() {
            let batches = [try Sample.batch(rows(3, SeededRandom("\(place)")), cell: cell)]
            for batch in batches { _ = try store.keep(batch, admission: Sample.admission) }
            closings.append(try Sample.closing(batches, cell: cell, name: "\(place)"))
        }
        func known() throws -> [KnownClosing?] {
            try store.search(Sample.day) { day throws(StoreError) in
                try cells.map { cell throws(StoreError) in
                    try day.closing(of: CellTreeID(cell: cell, kind: .prompt))
                }
            } ?? []
        }
        _ = try store.close(closings[0])
        // What is not closed yet is not remembered as such.
        #expect(try known() == [KnownClosing(closings[0]), nil, nil])
        _ = try store.close(closings[1])
        for _ in 0..<2 {
            #expect(try known() == closings.map { KnownClosing($0) } + [nil])
        }
    }

    @Test("labels of open trees are known after a restart")
    func labelsAfterRestart() throws {
        let rows = try Car("1").rows(Sample.run("a"), 0..<40)
        do {
            let store = try SQLiteRowStore.create(at: path, fileSystem: fileSystem)
            _ = try store.keep(Sample.batch(Array(rows[..<30])), admission: Sample.admission)
        }
        let store = try SQLiteRowStore.open(at: path, fileSystem: fileSystem)
        let forged = try SealedRow(label: rows[7].label, bytes: rows[8].bytes)
        let wrong = try Sample.batch([forged] + rows[30...], number: 1)
        #expect(
            code { _ = try store.keep(wrong, admission: Sample.admission) } == "label-differs")
        // The same row again, and those that the refused batch had with it.
        let right = try Sample.batch([rows[7]] + rows[30...], number: 1)
        #expect(try store.keep(right, admission: Sample.admission) == .fresh)
        #expect(try store.rows(of: Sample.cell) == rows.sorted { $0.label < $1.label })
    }

    @Test("a closing that was cut short is undone before it stands, and finished after")
    func cutShort() throws {
        let rows = try Car("1").rows(Sample.run("a"), 0..<100)
        let batches = [
            try Sample.batch(Array(rows[..<60])), try Sample.batch(Array(rows[60...]), number: 1),
        ]
        let closing = try Sample.closing(batches)
        do {
            let store = try SQLiteRowStore.create(at: path, fileSystem: fileSystem)
            for batch in batches { _ = try store.keep(batch, admission: Sample.admission) }
            try store.checkClose(closing)
        }
        do {
            let store = try SQLiteRowStore.open(at: path, fileSystem: fileSystem)
            #expect(try store.closing(of: Sample.cell) == nil)
            #expect(try store.batches(of: Sample.cell) == batches)
            try store.checkClose(closing)
            // What comes between is in no block: the closing does not name it.
            let more = try Sample.batch(Car("2").rows(Sample.run("b"), 0..<3), run: "b")
            _ = try store.keep(more, admission: Sample.admission)
            #expect(code { _ = try store.publish(closing) } == "opening-differs")
            let whole = try Sample.closing(batches + [more])
            try store.checkClose(whole)
            #expect(try store.publish(whole) == .fresh)
        }
        let store = try SQLiteRowStore.open(at: path, fileSystem: fileSystem)
        #expect(try store.rows(of: Sample.cell).count == 103)
        #expect(try store.keep(batches[1], admission: Sample.admission) == .again)
        for name in try fileSystem.list(path) where name.hasPrefix("open-") {
            let bytes = try fileSystem.read(path + "/" + name)
            #expect(rows.allSatisfy { bytes.offset(of: $0.label.bytes) == nil }, "\(name)")
            #expect(bytes.count < 40_000 || name.hasSuffix("-shm"), "\(name) gives its room back")
        }
    }

    @Test("batches that wait together are judged one by one, and each is answered once")
    func together() throws {
        let store = try SQLiteRowStore.create(at: path, fileSystem: fileSystem)
        let sites = try (1...2).map { site in
            try (0..<4).map { run in
                try (0..<6).map { number in
                    try Sample.batch(
                        Car("\(site) \(run) \(number)").rows(Sample.run("\(run)"), 0..<5),
                        cell: Cell(
                            hour: Sample.cell.hour, site: SiteNumber(number: UInt16(site))),
                        run: "\(run)", number: UInt64(number))
                }
            }
        }.flatMap { $0 }
        let codes = Mutex<[String: Int]>([:])
        DispatchQueue.concurrentPerform(iterations: sites.count) { place in
            for batch in sites[place] {
                // Each batch, and one that cannot be: of its number, and with other rows.
                let forged = try? Sample.batch(
                    [batch.rows[0]], cell: batch.cell, run: "\(place % 4)", number: batch.number)
                for next in [batch, forged].compactMap({ $0 }) {
                    let code = code { _ = try store.keep(next, admission: Sample.admission) }
                    codes.withLock { $0[code, default: 0] += 1 }
                }
            }
        }
        #expect(codes.withLock { $0 } == ["accepted": 48, "batch-differs": 48])
        #expect(try store.refusals() == ["batch-differs": 48])
        for site in 1...2 {
            let cell = Cell(hour: Sample.cell.hour, site: SiteNumber(number: UInt16(site)))
            #expect(try store.rows(of: cell).count == 120)
            #expect(try store.batches(of: cell).count == 24)
        }
    }

    @Test(
        "who asks for a closing again while it is prepared waits for it, and makes no second copy")
    func preparedOnce() throws {
        let recording = RecordingFileSystem()
        let store = try SQLiteRowStore.create(at: path, fileSystem: recording)
        let batches = try (0..<8).map { number in
            try Sample.batch(
                Car("\(number)").rows(Sample.run("a"), 0..<50), number: UInt64(number))
        }
        for batch in batches { _ = try store.keep(batch, admission: Sample.admission) }
        let closing = try Sample.closing(batches)
        let name = path + "/open-\(Sample.day.number).03-prompt"
        let before = recording.reads(of: name)
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            #expect(code { try store.checkClose(closing) } == "accepted")
        }
        #expect(recording.reads(of: name) - before == batches.count)
        #expect(try store.publish(closing) == .fresh)
    }

    @Test("a batch of a closed tree is known by its rows, whatever else it says")
    func againByRows() throws {
        for backend in Backend.allCases {
            let store = try backend.store(in: folder)
            let rows = try Car("1").rows(Sample.run("a"), 0..<9)
            let batches = [
                try Sample.batch(Array(rows[..<5])), try Sample.batch(Array(rows[5...]), number: 1),
            ]
            for batch in batches { _ = try store.keep(batch, admission: Sample.admission) }
            _ = try store.close(Sample.closing(batches))
            func keep(_ batch: Batch) -> String {
                code { _ = try store.keep(batch, admission: Sample.admission) }
            }
            for batch in batches { #expect(keep(batch) == "accepted") }
            let forged = try SealedRow(label: rows[2].label, bytes: rows[3].bytes)
            #expect(try keep(Sample.batch([rows[1], forged])) == "cell-closed")
            #expect(try keep(Sample.batch(Array(rows[..<5]), number: 2)) == "cell-closed")
            #expect(try keep(Sample.batch(Array(rows[..<5]), run: "b")) == "cell-closed")
            #expect(try store.rows(of: Sample.cell).count == 9)
        }
    }
}
