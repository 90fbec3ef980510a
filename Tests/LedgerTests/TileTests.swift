import Bytes
import Disk
import Foundation
import Ledger
import Secrets
import TestSupport
import Testing

/// Public files in memory, as a web server of anybody's would have them.
struct MemoryTiles: TileSource {
    var files: [String: [UInt8]]

    /// What every user of the machine can read below a folder of a disk.
    init(_ disk: FaultyFileSystem, _ folder: String) {
        files = Dictionary(
            uniqueKeysWithValues: disk.publicImage(under: "/").compactMap { path, bytes in
                path.hasPrefix(folder + "/")
                    ? (String(path.dropFirst(folder.count + 1)), bytes) : nil
            })
    }

    func read(_ path: String) throws(LedgerError) -> [UInt8] {
        guard let bytes = files[path] else {
            throw LedgerError(code: "tile-missing", sentence: "there is no \(path)")
        }
        return bytes
    }
}

/// The folder that a mirror of the tests' log serves.
let mirrorPublic = "/mirror/public/" + Digest(of: Array(logOrigin.utf8)).hex

/// Reads a log from public files alone, all of it verified, and holds it against its entries.
@discardableResult
func auditPublic(
    _ source: MemoryTiles, holds entries: [[UInt8]], under older: [Checkpoint] = []
) throws -> Checkpoint {
    let (log, _) = try TiledLog.open(
        source, origin: logOrigin, logKey: signer(logOrigin).verifierKey)
    #expect(log.size == UInt64(entries.count))
    for head in older + [log.head] {
        let log = try TiledLog(source, head: head)
        var read: [[UInt8]] = []
        try log.entries(to: head.size) { read += $0 }
        #expect(read == Array(entries[..<Int(head.size)]))
    }
    return log.head
}

@Suite struct TileTests {
    @Test func pathsAreThoseOfTheSpecification() {
        #expect(TilePath.hashes(level: 0, index: 1_234_067) == "tile/0/x001/x234/067")
        #expect(TilePath.hashes(level: 63, index: 0, width: 1) == "tile/63/000.p/1")
        #expect(TilePath.hashes(level: 2, index: 999, width: 255) == "tile/2/999.p/255")
        #expect(TilePath.entries(index: 1000) == "tile/entries/x001/000")
        #expect(TilePath.entries(index: 1_000_000, width: 7) == "tile/entries/x001/x000/000.p/7")
    }

    @Test func bundlesAreStrict() throws {
        let all = [[], [1], [UInt8](repeating: 2, count: 65_535)]
        let bundle = try EntryBundle.encode(all)
        #expect(Array(bundle[..<5]) == [0, 0, 0, 1, 1])
        #expect(try EntryBundle.decode(bundle, count: 3) == all)
        #expect(try EntryBundle.encode(EntryBundle.decode(bundle, count: 3)) == bundle)
        #expect(try EntryBundle.decode([], count: 0).isEmpty)
        for count in [0, 1, 2, 4] {
            #expect(code { _ = try EntryBundle.decode(bundle, count: count) } == "tile-form")
        }
        for wrong in [bundle + [0], bundle.dropLast(), [0]] as [[UInt8]] {
            #expect(code { _ = try EntryBundle.decode(wrong, count: 3) } == "tile-form")
        }
        let large = [[UInt8](repeating: 0, count: 65_536)]
        #expect(code { _ = try EntryBundle.encode(large) } == "entry-size")
    }

    /// The specification's example: what a tree of size 70,000 is represented by.
    @Test func aTreeOf70000HasTheTilesOfTheSpecification() throws {
        let disk = FaultyFileSystem()
        let log = try created(disk)
        _ = try log.append((0..<70_000).map { Array("\($0)".utf8) })
        var files = MemoryTiles(disk, "/log/public").files
        func width(_ path: String) -> Int? { files.removeValue(forKey: path).map { $0.count / 32 } }
        for index in 0..<273 {
            #expect(width(TilePath.hashes(level: 0, index: UInt64(index))) == 256)
            #expect(files.removeValue(forKey: TilePath.entries(index: UInt64(index))) != nil)
        }
        #expect(width("tile/0/273.p/112") == 112)
        #expect(width("tile/1/000") == 256)
        #expect(width("tile/1/001.p/17") == 17)
        #expect(width("tile/2/000.p/1") == 1)
        #expect(files.removeValue(forKey: "tile/entries/273.p/112") != nil)
        #expect(files.keys.sorted() == ["checkpoint"])
    }

    @Test func aLogIsReadFromItsPublicFiles() throws {
        let disk = FaultyFileSystem()
        let log = try created(disk)
        let all = entries(0..<600)
        var older: [Checkpoint] = []
        for range in [0..<0, 0..<1, 1..<3, 3..<255, 255..<256, 256..<300, 300..<512, 512..<600] {
            _ = try log.append(Array(all[range]))
            let source = MemoryTiles(disk, "/log/public")
            older.append(
                try auditPublic(source, holds: Array(all[..<range.upperBound]), under: older))
        }
        // The private files are private, and the public ones all that a static server could want.
        let hidden = Set(disk.image.keys).subtracting(disk.publicImage(under: "/").keys)
        #expect(hidden == ["/log/journal"])
        let names = MemoryTiles(disk, "/log/public").files.keys.filter { $0.contains(".p/") }
        let partial = ["tile/0/002.p/88", "tile/1/000.p/1", "tile/1/000.p/2"]
        #expect(names.sorted() == partial + ["tile/entries/002.p/88"], "others are full by now")
    }

    @Test func proofsComeFromTilesAlone() throws {
        let disk = FaultyFileSystem()
        let log = try created(disk)
        let all = entries(0..<600)
        _ = try log.append(all)
        let tiled = try TiledLog(MemoryTiles(disk, "/log/public"), head: log.head)
        for size in [1, 2, 255, 256, 257, 300, 511, 512, 513, 600] as [UInt64] {
            let root = try tiled.root(at: size)
            #expect(root == naiveRoot(all[..<Int(size)]))
            for index in stride(from: 0, to: size, by: 37) {
                #expect(
                    try tiled.inclusionProof(of: index, size: size)
                        == log.inclusionProof(of: index, size: size))
            }
            for old in stride(from: 1, through: size, by: 41) {
                #expect(
                    try tiled.consistencyProof(from: old, to: size)
                        == log.consistencyProof(from: old, to: size))
            }
        }
        #expect(try tiled.entry(at: 599) == all[599])
        #expect(try tiled.leafHash(at: 300) == Merkle.leafHash(all[300]))
        var read: [[UInt8]] = []
        try tiled.entries(from: 250, to: 520) { read += $0 }
        #expect(read == Array(all[250..<520]))
        #expect(code { _ = try tiled.entry(at: 600) } == "proof-range")
        #expect(code { _ = try tiled.root(at: 601) } == "proof-range")
        #expect(code { _ = try tiled.inclusionProof(of: 5, size: 5) } == "proof-range")
        #expect(code { _ = try tiled.consistencyProof(from: 0) } == "proof-range")
        #expect(code { try tiled.entries(from: 1, to: 601) { _ in } } == "proof-range")
    }

    @Test func aChangedByteAnywhereIsFoundBeforeAnybodySeesIt() throws {
        let disk = FaultyFileSystem()
        let all = (0..<270).map { [UInt8($0 & 255), 1] }
        _ = try created(disk).append(all)
        let good = MemoryTiles(disk, "/log/public")
        let key = try signer(logOrigin).verifierKey
        func read(_ source: MemoryTiles) throws {
            let (log, _) = try TiledLog.open(source, origin: logOrigin, logKey: key)
            try log.entries(to: log.size) {
                for entry in $0 where !all.contains(entry) { Issue.record("a changed entry") }
            }
        }
        try read(good)
        for (path, bytes) in good.files {
            for index in stride(from: 0, to: bytes.count, by: bytes.count > 200 ? 61 : 1) {
                var source = good
                source.files[path]?[index] ^= 4
                #expect(code { try read(source) } != nil, "\(path) \(index)")
            }
            var short = good
            short.files[path]?.removeLast()
            #expect(code { try read(short) } != nil, "\(path)")
            var long = good
            long.files[path]?.append(0)
            #expect(code { try read(long) } != nil, "\(path)")
            var gone = good
            gone.files[path] = nil
            #expect(code { try read(gone) } == "tile-missing", "\(path)")
        }
    }

    /// Section "Partial Tiles": the full tile serves where the partial one is gone, never the other
    /// way round.
    @Test func fullTilesStandInForPartialOnes() throws {
        let disk = FaultyFileSystem()
        let log = try created(disk)
        let all = entries(0..<256)
        _ = try log.append(Array(all[..<7]))
        let old = log.head
        let before = MemoryTiles(disk, "/log/public")
        #expect(before.files["tile/0/000.p/7"] != nil)
        _ = try log.append(Array(all[7...]))
        var source = MemoryTiles(disk, "/log/public")
        #expect(source.files["tile/0/000.p/7"] == nil)
        try auditPublic(source, holds: all, under: [old])
        source.files["tile/0/000"] = Array(try #require(source.files["tile/0/000"]).dropLast(32))
        #expect(code { _ = try TiledLog(source, head: old) } == "tile-form")
        source.files["tile/0/000"] = nil
        source.files["tile/0/000.p/7"] = before.files["tile/0/000.p/7"]
        #expect(
            code { try TiledLog(source, head: log.head).entries(to: 9) { _ in } } == "tile-missing")
    }

    @Test func foldersOfTheMachineAreRead() throws {
        let folder = "/tmp/tiles-\(SystemRandom().bytes(8).map { String($0) }.joined())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let disk = POSIXFileSystem()
        let log = try Log.create(
            at: folder + "/log", origin: logOrigin, signer: signer(logOrigin), fileSystem: disk)
        let all = entries(0..<300)
        for start in stride(from: 0, to: 300, by: 50) {
            _ = try log.append(Array(all[start..<(start + 50)]))
        }
        let source = FolderTiles(folder + "/log/public", fileSystem: disk)
        let (tiled, note) = try TiledLog.open(source, origin: logOrigin, logKey: log.verifierKey)
        #expect(note.encode() == log.checkpoint)
        var read: [[UInt8]] = []
        try tiled.entries(to: 300) { read += $0 }
        #expect(read == all)
        #expect(code { _ = try source.read("tile/0/999") } == "tile-missing")
        #expect(try disk.list(folder + "/log/public/tile/0/000.p").isEmpty)
        for (name, mode) in [
            ("", 0o755), ("/journal", 0o600), ("/public", 0o755), ("/public/checkpoint", 0o644),
            ("/public/tile/0", 0o755), ("/public/tile/0/000", 0o644),
            ("/public/tile/entries/001.p/44", 0o644),
        ] {
            let attributes = try FileManager.default.attributesOfItem(
                atPath: folder + "/log" + name)
            #expect(attributes[.posixPermissions] as? Int == mode, "\(name)")
        }
    }

    @Test func openingWritesWhatIsMissingOrDifferent() throws {
        let disk = FaultyFileSystem()
        let log = try created(disk)
        let all = entries(0..<300)
        var older: [Checkpoint] = []
        for start in stride(from: 0, to: 300, by: 100) {
            _ = try log.append(Array(all[start..<(start + 100)]))
            older.append(log.head)
        }
        let good = disk.image
        let tiles = good.keys.filter { $0.contains("/tile/") }
        #expect(tiles.count == 5)
        for path in tiles {
            let (changed, gone) = (disk.copy(), disk.copy())
            changed.tamper(path) { $0[$0.count / 2] ^= 1 }
            try gone.remove(path)
            for copy in [changed, gone] {
                _ = try opened(copy)
                #expect(copy.image == good, "\(path)")
                try auditPublic(MemoryTiles(copy, "/log/public"), holds: all, under: older)
            }
        }
        // A tile that nobody was told of, left by a batch that a crash cut off.
        disk.tamper("/log/public/tile/0/001.p/45") { $0 = [1, 2, 3] }
        let again = try opened(disk)
        _ = try again.append(entries(300..<301))
        try auditPublic(
            MemoryTiles(disk, "/log/public"), holds: all + entries(300..<301), under: older)
    }
}

/// The published log of Tests/Vectors/tlog-tiles (transparency-dev/tessera).
@Suite struct PublishedTilesTests {
    private static let folder = vectors.appendingPathComponent("tlog-tiles").path
    private var source: FolderTiles { FolderTiles(Self.folder, fileSystem: POSIXFileSystem()) }

    private func head(_ size: Int) throws -> Checkpoint {
        try Checkpoint.verified(
            vector("tlog-tiles/checkpoint.\(size)"), origin: "example.com/log/testdata",
            key: NoteVerifierKey(text: PublishedLogTests.key)
        ).checkpoint
    }

    @Test func all16TreesAreReadAndVerified() throws {
        for size in 0...15 {
            let log = try TiledLog(source, head: head(size))
            var frontier = MerkleFrontier()
            try log.entries(to: log.size) { entries in
                for entry in entries { frontier.append(Merkle.leafHash(entry)) }
            }
            #expect(frontier.size == UInt64(size))
            #expect(frontier.root == log.head.root)
            for index in 0..<UInt64(size) {
                try Merkle.verifyInclusion(
                    leafHash: Merkle.leafHash(log.entry(at: index)), index: index,
                    size: log.size, proof: log.inclusionProof(of: index), root: log.head.root)
            }
            for old in 1..<max(size, 1) {
                try Merkle.verifyConsistency(
                    oldSize: UInt64(old), oldRoot: head(old).root, size: log.size,
                    root: log.head.root, proof: log.consistencyProof(from: UInt64(old)))
            }
        }
        let (log, _) = try TiledLog.open(
            source, origin: "example.com/log/testdata",
            logKey: NoteVerifierKey(text: PublishedLogTests.key))
        #expect(log.size == 15)
    }

    @Test func ourLogOfTheSameEntriesHasTheSameFiles() throws {
        let disk = FaultyFileSystem()
        let log = try created(disk)
        let published = try TiledLog(source, head: head(15))
        for index in 0..<15 as Range<UInt64> { _ = try log.append([published.entry(at: index)]) }
        var ours = MemoryTiles(disk, "/log/public").files
        ours["checkpoint"] = nil
        #expect(ours.count == 30)
        for (path, bytes) in ours { #expect(try vector("tlog-tiles/" + path) == bytes, "\(path)") }
    }
}
