import Disk
import Foundation
import Testing

/// The real file system, in a folder of its own.
@Suite struct DiskTests {
    private let disk = POSIXFileSystem()
    private let folder =
        FileManager.default.temporaryDirectory.path
        + "/platevault-disk-\(UUID().uuidString)"

    private func error(_ code: String) -> DiskError { DiskError(code: code, sentence: "") }

    @Test func filesAreCreatedOnceReadWrittenAndCut() throws {
        try disk.makeFolder(folder + "/a/b")
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/a/b/file"
        #expect(try disk.size(path) == nil)
        #expect(throws: error("file-missing")) { try disk.read(path) }
        #expect(throws: error("file-missing")) { try disk.write(path, at: 0, [1]) }
        try disk.create(path, [1, 2, 3, 4])
        #expect(throws: error("file-exists")) { try disk.create(path, [9]) }
        try disk.write(path, at: 3, [7, 8])
        #expect(try disk.read(path) == [1, 2, 3, 7, 8])
        #expect(try disk.read(path, at: 1, count: 2) == [2, 3])
        #expect(try disk.read(path, at: 4, count: 9) == [8])
        try disk.truncate(path, to: 2)
        #expect(try disk.size(path) == 2)
        try disk.synchronize(path)
        try disk.synchronize(folder + "/a/b")
        #expect(try disk.list(folder + "/a/b") == ["file"])
        try disk.remove(path)
        try disk.remove(path)
        #expect(try disk.list(folder + "/a/b").isEmpty)
    }

    @Test func aReplacedFileIsWholeAndLeavesNothingBeside() throws {
        try disk.makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/state"
        // What a crash between writing and renaming leaves must not stand in the way.
        try disk.create(path + ".new", [0])
        try disk.replace(path, [1, 2])
        try disk.replace(path, [3])
        #expect(try disk.read(path) == [3])
        #expect(try disk.list(folder) == ["state"])
    }

    @Test func piecesGoWhereTheyBelongAndAnErrorEndsThem() throws {
        try disk.makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/pieces"
        #expect(throws: error("file-missing")) { try disk.writeDurably(path, at: 0, [1]) }
        try disk.create(path, [1, 2, 3])
        var pieces = [
            DiskPiece(offset: 1, bytes: [7]), DiskPiece(offset: 3, bytes: [8, 9]),
        ]
        try disk.writeDurably(path) { () throws(DiskError) in
            pieces.isEmpty ? nil : pieces.removeFirst()
        }
        #expect(try disk.read(path) == [1, 7, 3, 8, 9])
        try disk.writeDurably(path, at: 0, [4])
        #expect(try disk.read(path) == [4, 7, 3, 8, 9])
        #expect(throws: error("disk-failed")) {
            try disk.writeDurably(path) { () throws(DiskError) in
                throw DiskError(code: "disk-failed", sentence: "there is no next piece")
            }
        }
    }

    @Test func filesAreForTheirOwnerAlone() throws {
        try disk.makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try disk.create(folder + "/key", [1])
        for (path, mode) in [(folder, 0o700), (folder + "/key", 0o600)] {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            let permissions = try #require(attributes[.posixPermissions] as? Int)
            #expect(permissions & 0o077 == 0 && permissions & mode == permissions)
        }
    }

    @Test func publicFilesAreForEveryoneWhateverTheMaskSays() throws {
        let mask = umask(0o077)
        defer { umask(mask) }
        let path = folder + "/public/tile/0"
        try disk.makeFolder(folder)
        try disk.makePublicFolder(path)
        try disk.makePublicFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try disk.createPublic(path + "/000", [1])
        #expect(throws: error("file-exists")) { try disk.createPublic(path + "/000", [2]) }
        try disk.replace(folder + "/public/checkpoint", [3], isPublic: true)
        for (name, mode) in [
            ("", 0o700), ("/public", 0o755), ("/public/tile", 0o755), ("/public/tile/0", 0o755),
            ("/public/tile/0/000", 0o644), ("/public/checkpoint", 0o644),
        ] {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder + name)
            #expect(attributes[.posixPermissions] as? Int == mode, "\(name)")
        }
    }

    @Test func theKindOfFileSystemIsAWord() throws {
        #expect(try disk.kind("/proc") == "proc")
        #expect(throws: error("disk-failed")) { try disk.kind("/no/such/path") }
    }

    @Test func aLockIsHeldUntilItIsLetGoOf() throws {
        let path = "/tmp/platevault-lock-\(UInt64.random(in: 0 ... .max))"
        defer { try? disk.remove(path) }
        var held = try disk.lock(path)
        #expect(held != nil)
        #expect(try disk.lock(path) == nil)
        held = nil
        #expect(try disk.lock(path) != nil)
        #expect(throws: DiskError.self) { try disk.lock("/nowhere/at/all") }
    }
}
