import Foundation
import Ledger
import Portal
import Synchronization
import Testing
import Warrants

@testable import Embedded

/// The pages as files: each once, and the same as those that are served.
@Suite(.serialized)
struct StaticSiteTests {
    private func files(
        below base: String = "/"
    ) throws -> (snapshot: PublicSnapshot, files: [String: [UInt8]]) {
        let town = try SmallTown()
        defer { town.remove() }
        let record = PublicRecord(try town.source, trusting: town.deployment.roster.hash)
        try record.follow(at: town.deployment.now)
        let snapshot = try #require(record.snapshot)
        let site = try StaticSite(snapshot, below: base)
        var files: [String: [UInt8]] = [:]
        try site.files { path, bytes in
            #expect(files.updateValue(bytes, forKey: path) == nil, "\(path) twice")
        }
        #expect(files.count == site.count)
        let tops = Set(files.keys.compactMap { $0.split(separator: "/").first.map(String.init) })
        #expect(StaticSite.names.isSuperset(of: tops))
        return (snapshot, files)
    }

    /// A host shows `404.html` at any address: nothing on it is relative to where it stands, and every
    /// link leads to a file that is there.
    @Test(arguments: ["/", "/vault/", "/a/b-1/"]) func nothingStandsAtAnyDepth(_ base: String)
        throws
    {
        let (_, files) = try files(below: base)
        let markings = Markings(try #require(files["404.html"]))
        let links = markings.values(of: "href") + markings.values(of: "src")
        #expect(links.contains(base + "assets/style.css"))
        for link in links where !link.hasPrefix("#") {
            #expect(link.hasPrefix(base), "\(link)")
            let path = String(link.dropFirst(base.count))
            #expect(
                files[path.isEmpty || path.hasSuffix("/") ? path + "index.html" : path] != nil,
                "\(link)")
        }
    }

    @Test func whatIsNoPathIsRefused() throws {
        let town = try SmallTown()
        defer { town.remove() }
        let record = PublicRecord(try town.source, trusting: town.deployment.roster.hash)
        try record.follow(at: town.deployment.now)
        let snapshot = try #require(record.snapshot)
        for base in ["", "vault", "/vault", "vault/", "//", "/../", "/a//b/", "/<b>/", "/a b/"] {
            do {
                _ = try StaticSite(snapshot, below: base)
                Issue.record("\(base) is taken")
            } catch {
                #expect(error.code == "base-malformed")
            }
        }
    }

    @Test func theFilesAreALogOfTheirOwn() throws {
        let (snapshot, files) = try files()
        let copy = PublicRecord(Files(files: files), trusting: snapshot.firstRoster)
        try copy.follow(at: snapshot.now)
        #expect(copy.snapshot?.head.root == snapshot.head.root)
        // What is served from the files' own log is what was built, to the byte.
        let site = PublicSite(try #require(copy.snapshot))
        for path in site.pages + PublicSite.files {
            let name = String(path.dropFirst()) + (path.hasSuffix("/") ? "index.html" : "")
            #expect(try site.answer(path)?.body == files[name], "\(path)")
        }
    }
}

extension StaticSiteTests {
    /// A source that has told the truth while the log was verified, and says something else later.
    @Test func whatTheSourceSaysLaterIsNotWritten() throws {
        let hamlet = try Hamlet(grants: 300)
        defer { hamlet.close() }
        let source = Turncoat(try hamlet.publish(hamlet.tally(hamlet.counted)))
        let record = PublicRecord(source, trusting: hamlet.roster.hash)
        try record.follow(at: Hamlet.noon)
        let snapshot = try #require(record.snapshot)
        var honest: [String: [UInt8]] = [:]
        try StaticSite(snapshot).files { honest[$0] = $1 }
        for path in honest.keys where path.hasPrefix("tile/") {
            #expect(honest[path] == (try? source.read(path)), "\(path)")
        }
        #expect(honest.keys.filter { $0.hasPrefix("tile/") }.count == 5)
        var later: [String: [UInt8]] = [:]
        // What cannot be verified any more is not written at all.
        let refusal = #expect(throws: LedgerError.self) {
            try StaticSite(snapshot).files { path, bytes in
                later[path] = bytes
                if path == "404.html" { source.turn() }
            }
        }
        #expect(["tile-wrong", "entry-damaged", "tile-form"].contains(refusal?.code))
        for (path, bytes) in later { #expect(honest[path] == bytes, "\(path)") }
    }
}

/// The files of a folder, until it turns: then each tile and bundle has another byte at its end.
private final class Turncoat: TileSource {
    private let files: FolderTiles
    private let hasTurned = Mutex(false)

    init(_ files: FolderTiles) { self.files = files }

    func turn() { hasTurned.withLock { $0 = true } }

    func read(_ path: String) throws(LedgerError) -> [UInt8] {
        var bytes = try files.read(path)
        if hasTurned.withLock({ $0 }), path.hasPrefix("tile/"), !bytes.isEmpty {
            bytes[bytes.count - 1] ^= 1
        }
        return bytes
    }
}

private struct Files: TileSource {
    let files: [String: [UInt8]]

    func read(_ path: String) throws(LedgerError) -> [UInt8] {
        guard let bytes = files[path] else {
            throw LedgerError(code: "tile-missing", sentence: "there is no \(path)")
        }
        return bytes
    }
}
