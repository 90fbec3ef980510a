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
        // In the frame, in the head, in its digest, in the rows, before the last byte.
        let cuts = [1, 4, 8, 60, 131, 161, 162, 163, 2_000, Int(ends[2] - ends[1]) - 1]
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

    @Test("a file whose creation was cut short is begun again", arguments: [0, 5, 23])
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
