import Disk
import Foundation
import Plates
import Rows
import Secrets
import Testing
import Vault

/// The files of what arrives: what a crash, a full disk or a bad one leaves of them.
@Suite("what arrives, on a disk")
struct ArrivingTests {
    private let folder: TemporaryFolder
    private let fileSystem = RecordingFileSystem()
    private var path: String { folder.path + "/rows" }
    private var name: String { path + "/open-\(Sample.day.number).03-prompt" }

    init() throws { folder = try TemporaryFolder() }

    private func create() throws -> SQLiteRowStore {
        try SQLiteRowStore.create(at: path, fileSystem: fileSystem)
    }

    private func open() throws -> SQLiteRowStore {
        try SQLiteRowStore.open(at: path, fileSystem: fileSystem)
    }

    private func batches(_ count: Int) throws -> [Batch] {
        try (0..<count).map { number in
            try Sample.batch(
                Car("\(number)").rows(Sample.run("a"), 0..<20), number: UInt64(number))
        }
    }

    private func files(_ prefix: String) throws -> [String] {
        try fileSystem.list(path).filter { $0.hasPrefix(prefix) }
    }

    @Test("wherever a write was cut short, what was acknowledged before is there, and goes on")
    func tail() throws {
        let batches = try batches(3)
        var ends: [UInt64] = []
        do {
            let store = try create()
            for batch in batches {
                _ = try store.keep(batch, admission: Sample.admission)
                ends.append(try #require(try fileSystem.size(name)))
            }
        }
        let whole = try fileSystem.read(name)
        // In the frame, its digest, the root, the signature, their digest, the rows, before the last byte.
        let cuts = [
            1, 4, 12, 37, 38, 60, 69, 70, 101, 102, 131, 165, 166, 197, 198, 199, 2_000,
            Int(ends[2] - ends[1]) - 1,
        ]
        for cut in cuts {
            for zeros in [false, true] {
                var content = Array(whole[..<(Int(ends[1]) + cut)])
                if zeros { content += [UInt8](repeating: 0, count: whole.count - content.count) }
                try fileSystem.remove(name)
                try fileSystem.create(name, content)
                // The zeros of a last byte may be what was there.
                guard content != whole else { continue }
                let store = try open()
                #expect(try store.batches(of: Sample.cell) == Array(batches[..<2]), "\(cut)")
                #expect(try store.keep(batches[2], admission: Sample.admission) == .fresh)
                #expect(try store.keep(batches[1], admission: Sample.admission) == .again)
                #expect(try fileSystem.read(name).count == whole.count)
            }
        }
        #expect(try open().batches(of: Sample.cell) == batches)
    }

    @Test("a batch that is damaged is an error where others came after it, and not the file's end")
    func damaged() throws {
        do {
            let store = try create()
            for batch in try batches(3) { _ = try store.keep(batch, admission: Sample.admission) }
        }
        let whole = try fileSystem.read(name)
        let first = Int(whole.count / 6)
        var content = whole
        content[first] ^= 1
        try fileSystem.write(name, at: 0, content)
        #expect(code { _ = try open() } == "store-failed")
        content = whole
        content[0] ^= 1
        try fileSystem.write(name, at: 0, content)
        #expect(code { _ = try open() } == "store-failed")
        try fileSystem.write(name, at: 0, whole)
        #expect(try open().batches(of: Sample.cell).count == 3)
    }

    @Test("a frame that is damaged is an error where a later group follows, and not the file's end")
    func damagedFrames() throws {
        let batches = try (0..<4).map { run in
            try (0..<6).map { number in
                try Sample.batch(
                    Car("\(run) \(number)").rows(Sample.run("\(run)"), 0..<5), run: "\(run)",
                    number: UInt64(number))
            }
        }
        do {
            let store = try create()
            // Side by side, so that some groups have several batches.
            DispatchQueue.concurrentPerform(iterations: 4) { run in
                for batch in batches[run] {
                    let code = code { _ = try store.keep(batch, admission: Sample.admission) }
                    #expect(code == "accepted")
                }
            }
        }
        let whole = try fileSystem.read(name)
        /// Where each batch begins, and where its group does.
        let places = try batches.flatMap { $0 }.map { batch in
            let start = try #require(whole.offset(of: batch.rows[0].label.bytes)) - 198
            let before = whole[(start + 4)..<(start + 12)].reduce(0) { $0 << 8 | Int($1) }
            return (start: start, group: start - before)
        }
        let last = try #require(places.map(\.group).max())
        #expect(places.contains { $0.group < last })
        for (start, group) in places {
            for offset in [0, 5, 13, 20, 40] {
                var content = whole
                content[start + offset] ^= 0x10
                try fileSystem.write(name, at: 0, content)
                if group < last { #expect(code { _ = try open() } == "store-failed") }
                #expect(try fileSystem.read(name).count == whole.count || group == last)
                try fileSystem.remove(name)
                try fileSystem.create(name, whole)
            }
        }
        #expect(try open().batches(of: Sample.cell).count == 24)
    }

    @Test("of a write that another was told is lost nothing is taken for kept, or for forgotten")
    func toldElsewhere() throws {
        let batches = try batches(2)
        let other = try Sample.batch(
            Car("other").rows(Sample.run("b"), 0..<9),
            cell: Cell(hour: Sample.cell.hour, site: SiteNumber(number: 2)), run: "b")
        let store = try create()
        _ = try store.keep(batches[0], admission: Sample.admission)
        _ = try store.keep(other, admission: Sample.admission)
        fileSystem.fail(.toldElsewhere, on: "open-")
        #expect(
            code { _ = try store.keep(batches[1], admission: Sample.admission) } == "store-failed")
        #expect(try store.keep(batches[1], admission: Sample.admission) == .fresh)
        fileSystem.fail(.toldElsewhere, on: "open-")
        #expect(code { _ = try store.close(Sample.closing(batches)) } == "store-failed")
        #expect(try store.close(Sample.closing(batches)) == .again)
        let bytes = try fileSystem.read(name)
        for row in batches.flatMap(\.rows) { #expect(bytes.offset(of: row.label.bytes) == nil) }
    }

    @Test("a file that could not be put away or removed goes with the next closing")
    func notRemoved() throws {
        let hours = Sample.day.hours
        let batches = try (0..<3).map {
            try Sample.batch(
                Car("\($0)").rows(Sample.run("a"), 0..<9),
                cell: Cell(hour: hours[$0], site: Sample.cell.site))
        }
        func closing(_ place: Int) throws -> StoredClosing {
            try Sample.closing([batches[place]], cell: batches[place].cell, name: "\(place)")
        }
        let store = try create()
        for batch in batches { _ = try store.keep(batch, admission: Sample.admission) }
        fileSystem.fail(.rename, on: "open-")
        #expect(code { _ = try store.close(closing(0)) } == "store-failed")
        #expect(try files("open-").count == 3)
        fileSystem.fail(.remove, on: ".gone")
        #expect(code { _ = try store.close(closing(1)) } == "store-failed")
        #expect(try !files("open-").filter { $0.hasSuffix(".gone") }.isEmpty)
        #expect(try store.close(closing(2)) == .fresh)
        #expect(try files("open-") == [])
        for batch in batches {
            #expect(try store.keep(batch, admission: Sample.admission) == .again)
        }
    }

    @Test(
        "what the disk refuses is not kept, nor anything of it, and can come again",
        arguments: [RecordingFileSystem.Fault.write, .halfWritten, .synchronize])
    func refused(_ fault: RecordingFileSystem.Fault) throws {
        let batches = try batches(3)
        do {
            let store = try create()
            _ = try store.keep(batches[0], admission: Sample.admission)
            fileSystem.fail(fault, on: "open-")
            #expect(
                code { _ = try store.keep(batches[1], admission: Sample.admission) }
                    == "store-full")
            #expect(try store.batches(of: Sample.cell) == [batches[0]])
            // A shorter one in its place, behind which nothing of the refused one may come to light.
            let other = try Sample.batch(Array(batches[1].rows[..<7]), number: 1)
            #expect(try store.keep(other, admission: Sample.admission) == .fresh)
            #expect(try store.batches(of: Sample.cell) == [batches[0], other])
        }
        let store = try open()
        #expect(try store.batches(of: Sample.cell).map(\.rows.count) == [20, 7])
        #expect(try store.keep(batches[2], admission: Sample.admission) == .fresh)
    }

    @Test(
        "a file whose creation was cut short is begun again", arguments: [0, 5, 23, 30, 40, 70, 71])
    func unborn(_ size: Int) throws {
        let batch = try batches(1)[0]
        do { _ = try create().keep(batch, admission: Sample.admission) }
        for content in [[UInt8](repeating: 0, count: size), try fileSystem.read(name)] {
            try fileSystem.remove(name)
            try fileSystem.create(name, Array(content.prefix(size)))
            let store = try open()
            #expect(try store.batches(of: Sample.cell) == [])
            #expect(try store.keep(batch, admission: Sample.admission) == .fresh)
        }
    }

    @Test("a file that comes back after its hour was closed is emptied and goes again")
    func resurrected() throws {
        let batches = try batches(3)
        let other = try Sample.batch(
            Car("other").rows(Sample.run("b"), 0..<9),
            cell: Cell(hour: Sample.cell.hour, site: SiteNumber(number: 2)), run: "b")
        do {
            let store = try create()
            for batch in batches { _ = try store.keep(batch, admission: Sample.admission) }
            _ = try store.keep(other, admission: Sample.admission)
            let kept = try fileSystem.read(name)
            _ = try store.close(Sample.closing(batches))
            // Another site's tree is open: the rows of this one are zeros, the other's are there.
            let bytes = try fileSystem.read(name)
            #expect(bytes.count == kept.count)
            for row in batches.flatMap(\.rows) {
                #expect(bytes.offset(of: row.label.bytes) == nil)
                #expect(bytes.offset(of: Array(row.bytes[100..<150])) == nil)
            }
            #expect(try store.batches(of: other.cell) == [other])
            _ = try store.close(Sample.closing([other], cell: other.cell, name: "other"))
            #expect(try files("open-") == [])
            try fileSystem.create(name, kept)
            try fileSystem.create(name + ".gone", kept)
        }
        let store = try open()
        #expect(try files("open-") == [])
        #expect(
            try store.rows(of: Sample.cell)
                == batches.flatMap(\.rows).sorted { $0.label < $1.label })
        #expect(try store.keep(batches[0], admission: Sample.admission) == .again)
        #expect(try store.rows(of: other.cell).count == 9)
    }

    @Test("what is left of a day without its own file is removed")
    func orphan() throws {
        do { _ = try create().keep(batches(1)[0], admission: Sample.admission) }
        for name in try files("day-") { try fileSystem.remove(path + "/" + name) }
        let store = try open()
        #expect(try files("open-") == [])
        #expect(try store.days() == [])
    }
}
