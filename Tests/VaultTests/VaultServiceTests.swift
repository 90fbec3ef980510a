import Bytes
import Disk
import Dispatch
import Ledger
import Plates
import Rows
import Secrets
import Synchronization
import TestSupport
import Testing
import Vault
import Warrants
import Wire

@Suite("the vault's log")
struct VaultLogTests {
    @Test("an empty log takes its trusted roster first, and nothing before it")
    func first() throws {
        let town = try Town(empty: MemoryRowStore())
        let batch = try Sample.batch(Car("1").rows(Sample.run("a"), 0..<1))
        #expect(problem { try town.client.submit(batch) } == "roster-missing")
        #expect(try town.entries() == [])
        let early = try town.note(
            PrekeysBody(
                custodian: "clerk", keys: [.init(day: Sample.day, key: Town.oneTime)],
                time: Town.noon), by: "clerk")
        #expect(problem { _ = try town.append([early]) } != "accepted")
        #expect(try town.entries() == [])
        #expect(try town.append([town.rosterNote(), early]) == [0, 1])
        #expect(try town.entries() == [town.rosterNote(), early])
    }

    @Test("the first roster enters once, whoever brings it at the same time, or after an error")
    func firstOnce() throws {
        for _ in 0..<5 {
            let town = try Town(empty: MemoryRowStore())
            let (service, note) = (town.service, try town.rosterNote())
            DispatchQueue.concurrentPerform(iterations: 4) { _ in
                #expect(
                    problem { _ = try service.handle(.logAppend, ByteList.encode([note])) }
                        == "accepted")
            }
            #expect(try town.entries() == [note])
        }
        // Wherever the disk fails while it is appended.
        for operation in 0..<12 {
            let town = try Town(empty: MemoryRowStore())
            town.disk.fail(at: operation)
            _ = problem { _ = try town.append([town.rosterNote()]) }
            town.disk.fail(at: nil)
            #expect(try town.append([town.rosterNote()]) == [0])
            #expect(try town.entries() == [town.rosterNote()])
        }
    }

    @Test("another roster than the trusted one never begins the log")
    func untrusted() throws {
        let town = try Town(empty: MemoryRowStore())
        let log = try Log.create(
            at: "/other", origin: Sample.origin, signer: try Town.logSigner(), fileSystem: town.disk
        )
        let service = try VaultService(
            log: log, store: MemoryRowStore(), mail: .inMemory(), trusted: Digest(of: [1]),
            now: { Town.noon })
        let client = VaultClient(LoopbackChannel(service))
        #expect(problem { _ = try client.append([town.rosterNote()]) } == "roster-missing")
        #expect(log.size == 0)
    }

    @Test("appending is all or nothing, and a statement that stands keeps its index")
    func append() throws {
        let town = try Town()
        let before = try town.entries()
        let request = try town.request()
        let other = try town.request(name: "other")
        var forged = try town.request(name: "forged")
        forged[forged.count - 20] ^= 1
        #expect(problem { _ = try town.append([request, forged]) } != "accepted")
        #expect(try town.entries() == before)
        let index = UInt64(before.count)
        #expect(try town.append([request]) == [index])
        #expect(try town.append([other, request, other]) == [index + 1, index, index + 1])
        #expect(try town.append([request]) == [index])
        #expect(try town.append([]) == [])
        #expect(try town.entries() == before + [request, other])
        try town.restart()
        #expect(try town.append([other]) == [index + 1])
    }

    @Test("a statement about one in the same message is understood")
    func order() throws {
        let town = try Town()
        let request = try town.request()
        let id = try UnverifiedStatement(wire: request).id
        let evaluation = try town.evaluation(of: id, by: "audit")
        #expect(problem { _ = try town.append([evaluation, request]) } == "request-unknown")
        #expect(try town.append([request, evaluation]).count == 2)
    }

    @Test("requests that the policy forbids never enter the log")
    func admission() throws {
        let town = try Town()
        let before = try town.entries().count
        let immigration = try town.request(purpose: "immigration-enforcement", name: "1")
        #expect(
            problem { _ = try town.append([immigration]) } == "prohibited-immigration-enforcement")
        #expect(
            problem { _ = try town.append([town.request(purpose: "240", name: "2")]) }
                == "purpose-not-allowed")
        #expect(
            problem { _ = try town.append([town.request(plates: 9, name: "3")]) }
                == "plates-over-limit")
        #expect(
            problem { _ = try town.append([town.request(cells: [], name: "4")]) } == "cells-missing"
        )
        #expect(try town.entries().count == before)
    }

    @Test("a closing without its opening, a foreign note and noise are refused")
    func foreign() throws {
        let town = try Town()
        let closing = try town.closing([]).statement
        #expect(problem { _ = try town.append([closing]) } == "closing-unopened")
        #expect(problem { _ = try town.append([[1, 2, 3]]) } == "statement-malformed")
        #expect(problem { _ = try town.service.handle(.logAppend, [0, 0]) } == "message-malformed")
        #expect(problem { _ = try town.service.handle(.evaluate, []) } == "endpoint-unknown")
        let size = UInt64(try town.entries().count)
        #expect(problem { _ = try town.client.entries(0..<(size + 1)) } == "entries-missing")
        #expect(problem { _ = try town.service.handle(.logEntries, [1]) } == "message-malformed")
        var backwards = ByteWriter()
        backwards.u64(2)
        backwards.u64(1)
        #expect(
            problem { _ = try town.service.handle(.logEntries, backwards.bytes) }
                == "entries-missing")
    }
}

@Suite("the vault's rows")
struct VaultRowsTests {
    private let rows: [SealedRow]
    init() throws { rows = try Car("1").rows(Sample.run("a"), 0..<5) }

    @Test("a batch of a site is kept and given back to it; twice is once")
    func submit() throws {
        let town = try Town()
        let batch = try Sample.batch(rows)
        try town.client.submit(batch)
        try town.client.submit(batch)
        let leaves = BatchLeaves(batch)
        #expect(try town.client.batches(of: Sample.cell, .prompt) == [leaves.encode()])
        #expect(try town.client.batches(of: Sample.cell, .prompt, after: leaves.place) == [])
        #expect(try town.store.refusals() == [:])
    }

    @Test("each refusal by its code, and counted")
    func refusals() throws {
        let town = try Town()
        func submit(_ batch: Batch) -> String { problem { try town.client.submit(batch) } }
        func signed(
            by word: String, origin: String = Sample.origin, cell: Cell = Sample.cell
        ) throws -> Batch {
            try Batch(
                cell: cell, run: Sample.run("a"), number: 0, rows: rows, origin: origin,
                key: Sample.key(word))
        }
        func cell(_ hour: Hour, _ site: UInt16 = 1) -> Cell {
            Cell(hour: hour, site: SiteNumber(number: site))
        }
        #expect(submit(try signed(by: "site-2")) == "batch-signature")
        #expect(submit(try signed(by: "nobody")) == "batch-signature")
        #expect(submit(try signed(by: "site-1", origin: "example.org/x")) == "batch-signature")
        let strange = cell(Sample.cell.hour, 9)
        #expect(submit(try signed(by: "site-9", cell: strange)) == "cell-unknown")
        let now = Town.noon.hour
        #expect(submit(try Sample.batch(rows, cell: cell(now.next))) == "cell-future")
        #expect(
            submit(try Sample.batch(rows, cell: cell(now.adding(-24 * 30 - 1)))) == "cell-unknown")
        #expect(try town.store.days() == [])
        #expect(submit(try Sample.batch(rows, cell: cell(now))) == "accepted")
        var wire = try Sample.batch(rows).encode()
        wire[wire.count - 1] ^= 1
        #expect(problem { _ = try town.service.handle(.rowsBatch, wire) } == "batch-root")
        #expect(problem { _ = try town.service.handle(.rowsBatch, [1]) } == "batch-malformed")
        #expect(
            try town.store.refusals() == [
                "batch-signature": 3, "cell-unknown": 2, "cell-future": 1, "batch-root": 1,
                "batch-malformed": 1,
            ])
    }

    @Test("two minutes before an hour begins its rows are not from the future any more")
    func clock() throws {
        let town = try Town()
        let next = Cell(hour: Town.noon.hour.next, site: Sample.cell.site)
        let batch = try Sample.batch(rows, cell: next)
        town.clock.set(next.hour.start.adding(milliseconds: -120_001))
        #expect(problem { try town.client.submit(batch) } == "cell-future")
        town.clock.set(next.hour.start.adding(milliseconds: -120_000))
        #expect(problem { try town.client.submit(batch) } == "accepted")
    }

    @Test("an hour is closed with what the vault has: then it is in the log")
    func close() throws {
        let town = try Town()
        let batch = try Sample.batch(rows)
        try town.client.submit(batch)
        let closing = try town.closing([batch])
        try town.client.close([closing])
        #expect(try town.entries().last == closing.statement)
        let size = try town.entries().count
        try town.client.close([closing])
        #expect(try town.entries().count == size)
        #expect(problem { _ = try town.client.batches(of: Sample.cell, .prompt) } == "cell-closed")
        let more = try Sample.batch(Car("2").rows(Sample.run("a"), 0..<1), number: 1)
        #expect(problem { try town.client.submit(more) } == "cell-closed")
        let again = try town.closing([batch], salt: "other")
        #expect(problem { try town.client.close([again]) } == "cell-closed")
        #expect(try town.entries().count == size)
    }

    @Test("closings that do not fit are refused, all or none")
    func closeRefused() throws {
        let town = try Town()
        let batch = try Sample.batch(rows)
        try town.client.submit(batch)
        let size = try town.entries().count
        let honest = try town.closing([batch])
        let quiet = try town.closing(
            [], cell: Cell(hour: Sample.cell.hour, site: SiteNumber(number: 2)))
        let empty = try town.closing([])
        func close(_ closings: [(statement: [UInt8], opening: [UInt8])]) -> String {
            problem { try town.client.close(closings) }
        }
        #expect(close([quiet, empty]) == "opening-differs")
        #expect(close([(honest.statement, empty.opening)]) == "opening-differs")
        #expect(close([(honest.statement, quiet.opening)]) == "opening-differs")
        #expect(close([(honest.statement, [1])]) == "hour-malformed")
        #expect(close([quiet, quiet]) == "message-malformed")
        var forged = honest.statement
        forged[forged.count - 10] ^= 1
        #expect(close([(forged, honest.opening)]) != "accepted")
        // Signed by the other site.
        let opening = try HourOpening(wire: honest.opening)
        let stranger = try town.note(
            HourClosedBody(
                cell: Sample.cell, kind: .prompt, closed: opening.commitment, time: Town.noon),
            by: "site-2")
        #expect(close([(stranger, honest.opening)]) != "accepted")
        #expect(
            problem { _ = try town.service.handle(.hoursClose, [0, 0, 0, 1, 0, 0, 0, 0]) }
                == "message-malformed")
        #expect(try town.entries().count == size)
        #expect(try town.store.closings() == [])
        #expect(close([quiet, honest]) == "accepted")
        #expect(try town.entries().count == size + 2)
    }

    @Test("an hour is not closed before it ended by the vault's clock")
    func closeEarly() throws {
        let town = try Town()
        let closing = try town.closing([])
        town.clock.set(Sample.cell.hour.end.adding(milliseconds: -1))
        #expect(problem { try town.client.close([closing]) } == "closing-early")
        town.clock.set(Sample.cell.hour.end)
        #expect(problem { try town.client.close([closing]) } == "accepted")
    }

    @Test(
        "a crash between store and log is made good at the next start",
        arguments: [CrashPoint.beforeLog, .afterLog])
    func crash(_ point: CrashPoint) throws {
        let town = try Town()
        let batch = try Sample.batch(rows)
        try town.client.submit(batch)
        let closing = try town.closing([batch])
        let size = try town.entries().count
        // The disk of the log fails at its first operation, or after all of them.
        if point == .beforeLog {
            town.disk.fail(at: 0)
            #expect(problem { try town.client.close([closing]) } == "log-failed")
            town.disk.fail(at: nil)
        } else {
            try town.client.close([closing])
        }
        #expect(try town.store.closings().count == 1)
        try town.restart()
        #expect(try town.entries().count == size + 1)
        #expect(try town.entries().last == closing.statement)
        try town.client.close([closing])
        #expect(try town.entries().count == size + 1)
    }

    @Test(
        "a crash between store and log is made good for a late tree too, and after its prompt one",
        arguments: [CrashPoint.beforeLog, .afterLog])
    func lateCrash(_ point: CrashPoint) throws {
        let town = try Town()
        let all = try Car("late").rows(Sample.run("a"), 0..<6)
        let prompt = try Sample.batch(Array(all[..<4]))
        let late = try Sample.batch(Array(all[4...]), kind: .late)
        town.clock.set(
            Sample.cell.hour.end.adding(hours: Int64(town.roster.policy.lateHours) + 1))
        try town.client.submit(prompt)
        let closings = [
            try town.closing([prompt]), try town.closing([late], kind: .late, salt: "late"),
        ]
        try town.client.close([closings[0]])
        try town.client.submit(late)
        let size = try town.entries().count
        if point == .beforeLog {
            town.disk.fail(at: 0)
            #expect(problem { try town.client.close([closings[1]]) } == "log-failed")
            town.disk.fail(at: nil)
        } else {
            try town.client.close([closings[1]])
        }
        #expect(try town.store.closings().count == 2)
        try town.restart()
        #expect(try town.entries().count == size + 1)
        #expect(try town.entries().last == closings[1].statement)
        try town.client.close([closings[1]])
        #expect(try town.entries().count == size + 1)
        // Both at once, where neither had reached the log: in their order.
        let both = try Town()
        both.clock.set(town.clock.now)
        try both.client.submit(prompt)
        both.disk.fail(at: 0)
        #expect(problem { try both.client.close([closings[0]]) } == "log-failed")
        both.disk.fail(at: nil)
        try both.client.submit(late)
        both.disk.fail(at: 0)
        #expect(problem { try both.client.close([closings[1]]) } != "accepted")
        both.disk.fail(at: nil)
        try both.restart()
        let told = try both.entries().filter { closings.map(\.statement).contains($0) }
        #expect(told.first == closings[0].statement)
        #expect(try told.count == both.store.closings().count)
    }

    @Test("a closing that the log's disk refused holds its site up no longer than the disk does")
    func closingBehind() throws {
        let folder = try TemporaryFolder()
        let town = try Town(store: try Backend.sqlite.store(in: folder))
        let batch = try Sample.batch(rows)
        let next = Cell(hour: Sample.cell.hour.next, site: Sample.cell.site)
        func arriving() throws -> [String] {
            try POSIXFileSystem().list(folder.path + "/rows").filter { $0.hasPrefix("open-") }
        }
        try town.client.submit(batch)
        let closing = try town.closing([batch])
        town.disk.fail(at: 0)
        #expect(problem { try town.client.close([closing]) } == "log-failed")
        town.disk.fail(at: nil)
        #expect(try town.entries().last != closing.statement)
        #expect(try arriving() != [])
        // The gateway has begun anew, and signs what it does not find in the log.
        let again = try town.closing([batch], salt: "other")
        #expect(problem { try town.client.close([again]) } != "accepted")
        #expect(try town.entries().last == closing.statement)
        #expect(try arriving() == [])
        // Or nobody asks, and the vault's own round does it.
        let later = try Sample.batch(rows, cell: next)
        try town.client.submit(later)
        let second = try town.closing([later], cell: next)
        town.disk.fail(at: 0)
        #expect(problem { try town.client.close([second]) } == "log-failed")
        town.disk.fail(at: 0)
        #expect(code { try town.service.expire() } == "log-failed")
        town.disk.fail(at: nil)
        try town.service.expire()
        #expect(try town.entries().last == second.statement)
        #expect(try arriving() == [])
        let size = try town.entries().count
        try town.client.close([second])
        try town.service.expire()
        #expect(try town.entries().count == size)
    }

    @Test("a site is shown its own batches and no other's")
    func ownBatches() throws {
        let town = try Town()
        try town.client.submit(Sample.batch(rows))
        var wish = ByteWriter()
        wish.raw(Sample.cell.encode())
        wish.u8(0)
        func ask(_ caller: String?) -> String {
            problem { _ = try town.service.handle(.rowsBatches, wish.bytes, from: caller) }
        }
        #expect(ask("site-1") == "accepted" && ask(nil) == "accepted")
        #expect(ask("site-2") == "party-forbidden")
        #expect(ask("clerk") == "party-forbidden")
    }

    enum CrashPoint { case beforeLog, afterLog }

    @Test("a day that is dead by the log has nothing and takes nothing, and its files go next")
    func dead() throws {
        let folder = try TemporaryFolder()
        let store = try Backend.sqlite.store(in: folder)
        func files() throws -> [String] {
            try POSIXFileSystem().list(folder.path + "/rows")
                .filter { $0.contains("-\(Sample.day.number).") }
        }
        let town = try Town(store: store)
        let batch = try Sample.batch(rows)
        try town.client.submit(batch)
        #expect(code { try town.service.expire(Sample.day) } == "day-alive")
        _ = try town.append([try town.destruction(of: Sample.day, by: "clerk")])
        #expect(try store.days() == [Sample.day] && town.later.count == 0)
        #expect(try store.rows(of: Sample.cell).count == rows.count)
        _ = try town.append([try town.destruction(of: Sample.day, by: "audit")])
        // Whose word it was has its answer; the files are still to go.
        #expect(try store.isDead(Sample.day) && store.days() == [Sample.day])
        #expect(try store.rows(of: Sample.cell) == [] && files() != [])
        #expect(problem { try town.client.submit(batch) } == "cell-dead")
        #expect(try town.service.status()?.days == ["dead": 1])
        #expect(town.later.work() == ["accepted"])
        #expect(try store.days() == [] && files() == [])
        #expect(try store.isDead(Sample.day))
        #expect(problem { try town.client.submit(batch) } == "cell-dead")
        // What comes later finds nothing to do.
        _ = try town.append([try town.destruction(of: Sample.day, by: "rights")])
        #expect(town.later.count == 0)
        // Also where the store never had a row of the day.
        let yesterday = Cell(hour: Sample.day.adding(-1).hours[4], site: Sample.cell.site)
        #expect(
            problem { try town.client.submit(Sample.batch(rows, cell: yesterday)) } == "cell-dead")
        #expect(
            problem { try town.client.close([town.closing([], cell: yesterday)]) } == "cell-dead")
        #expect(try store.days() == [])
        #expect(try store.refusals() == ["cell-dead": 3])
    }

    @Test("a vault that ends before the files of a dead day are gone removes them when it starts")
    func deadAtStart() throws {
        let folder = try TemporaryFolder()
        func files() throws -> [String] {
            try POSIXFileSystem().list(folder.path + "/rows")
                .filter { $0.contains("-\(Sample.day.number).") }
        }
        let town = try Town(store: try Backend.sqlite.store(in: folder))
        try town.client.submit(try Sample.batch(rows))
        _ = try town.append(
            try ["clerk", "audit"].map { try town.destruction(of: Sample.day, by: $0) })
        #expect(try files() != [] && town.later.count == 1)
        let store = try SQLiteRowStore.open(
            at: folder.path + "/rows", fileSystem: POSIXFileSystem())
        #expect(try files() == [])
        #expect(try store.isDead(Sample.day) && store.days() == [])
    }

    @Test("files that the disk does not give up are tried again, and nobody finds them meanwhile")
    func deadRefused() throws {
        let folder = try TemporaryFolder()
        let recording = RecordingFileSystem()
        let store = try SQLiteRowStore.create(at: folder.path + "/rows", fileSystem: recording)
        let town = try Town(store: store)
        let batch = try Sample.batch(rows)
        try town.client.submit(batch)
        recording.fail(.remove, on: "/day-")
        _ = try town.append(
            try ["clerk", "audit"].map { try town.destruction(of: Sample.day, by: $0) })
        #expect(town.later.work() == ["store-failed"])
        #expect(try store.days() == [Sample.day] && store.rows(of: Sample.cell) == [])
        #expect(problem { try town.client.submit(batch) } == "cell-dead")
        // By the vault's next round, or by the next word on the day.
        recording.fail(.remove, on: "/day-")
        _ = try town.append([try town.destruction(of: Sample.day, by: "rights")])
        #expect(town.later.work() == ["store-failed"])
        #expect(try store.days() == [Sample.day])
        try town.service.expire()
        #expect(try store.days() == [])
        #expect(
            try POSIXFileSystem().list(folder.path + "/rows")
                .allSatisfy { $0.hasPrefix("store.sqlite") })
    }

    @Test("work that failed is told of and keeps none back that comes after it")
    func laterQueue() throws {
        let folder = try TemporaryFolder()
        let done = DispatchSemaphore(value: 0)
        let failed = Mutex<[String]>([])
        let queue = LaterQueue { error in failed.withLock { $0.append(error.code) } }
        let recording = RecordingFileSystem()
        let store = try SQLiteRowStore.create(at: folder.path + "/rows", fileSystem: recording)
        _ = try store.keep(Sample.batch(rows), admission: Sample.admission)
        recording.fail(.remove, on: "/day-")
        for _ in 0..<2 { queue.add { () throws(StoreError) in try store.expire(Sample.day) } }
        queue.add { done.signal() }
        done.wait()
        #expect(failed.withLock { $0 } == ["store-failed"])
        #expect(try store.days() == [])
    }

    @Test("a drop that was missed is made at the next start")
    func deadLater() throws {
        let town = try Town()
        let kills = try ["clerk", "audit"].map { try town.destruction(of: Sample.day, by: $0) }
        _ = try town.append(kills)
        // A store restored from a copy of before: it still has the day.
        _ = try town.store.keep(Sample.batch(rows), admission: Sample.admission)
        #expect(try town.store.days() == [Sample.day])
        try town.restart()
        #expect(try town.store.days() == [])
    }
}
