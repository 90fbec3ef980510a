import Disk
import Foundation
import Plates
import Rows
import Secrets
import Testing
import Vault

/// A file system of its own that is soon full; only an administrator can mount one.
final class SmallDisk {
    static let isPossible = (try? SmallDisk(kibibytes: 64)) != nil

    let path: String

    init(kibibytes: Int) throws {
        path = NSTemporaryDirectory() + "platevault-small-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        guard Self.run("mount", ["-t", "tmpfs", "-o", "size=\(kibibytes)k", "tmpfs", path]) else {
            try FileManager.default.removeItem(atPath: path)
            throw CocoaError(.fileWriteNoPermission)
        }
    }

    deinit {
        _ = Self.run("umount", ["-l", path])
        try? FileManager.default.removeItem(atPath: path)
    }

    private static func run(_ name: String, _ arguments: [String]) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [name] + arguments
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}

@Suite("photos on a full disk", .enabled(if: SmallDisk.isPossible))
struct FullDiskTests {
    private let fileSystem = POSIXFileSystem()

    @Test("what does not fit is refused whole; what was acknowledged stays, and rows come again")
    func full() throws {
        let disk = try SmallDisk(kibibytes: 3_072)
        let path = disk.path + "/rows"
        let rows = try Car("1").rows(Sample.run("a"), 0..<200)
        let batch = try Sample.batch(Array(rows[..<20]))
        var kept: [PhotoDelivery] = []
        do {
            let store = try SQLiteRowStore.create(at: path, fileSystem: fileSystem)
            _ = try store.keep(batch, admission: Sample.admission)
            var last = "accepted"
            for (place, row) in rows.enumerated() where last == "accepted" {
                // Two at once: neither is kept without the other.
                let pair = try [
                    Sample.photo("\(place)", row.label), Sample.photo("\(place) b", row.label),
                ]
                last = code { _ = try store.keep(pair, admission: Sample.admission) }
                if last == "accepted" { kept += pair }
            }
            #expect(last == "store-full")
            #expect(kept.count >= 8 && kept.count < 48)
            let refused = rows[kept.count / 2].label
            #expect(try store.photos(of: refused, in: Sample.cell) == [])
            for photo in kept {
                #expect(
                    try store.photos(of: photo.photo.label, in: Sample.cell).contains(photo.photo))
            }
            #expect(try store.rows(of: Sample.cell).count == 20)
        }
        // And over a restart on the full disk.
        let store = try SQLiteRowStore.open(at: path, fileSystem: fileSystem)
        for photo in kept {
            #expect(try store.photos(of: photo.photo.label, in: Sample.cell).contains(photo.photo))
        }
        #expect(try store.rows(of: Sample.cell).count == 20)
        // A day that goes gives its room to the next one.
        try store.expire(Sample.day)
        let tomorrow = Cell(hour: Sample.day.next.hours[0], site: Sample.cell.site)
        let later = try Sample.photo("later", rows[0].label, cell: tomorrow)
        #expect(try store.keep([later], admission: Sample.admission) == .fresh)
        #expect(
            try store.keep(Sample.batch(rows, cell: tomorrow), admission: Sample.admission)
                == .fresh)
    }
}
