import Foundation
import Ledger
import Portal
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
        let site = try StaticSite(snapshot, from: try town.source, below: base)
        var files: [String: [UInt8]] = [:]
        try site.files { path, bytes in
            #expect(files.updateValue(bytes, forKey: path) == nil, "\(path) twice")
        }
        #expect(files.count == site.count)
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
                _ = try StaticSite(snapshot, from: try town.source, below: base)
                Issue.record("\(base) is taken")
            } catch let error as PortalError {
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

private struct Files: TileSource {
    let files: [String: [UInt8]]

    func read(_ path: String) throws(LedgerError) -> [UInt8] {
        guard let bytes = files[path] else {
            throw LedgerError(code: "tile-missing", sentence: "there is no \(path)")
        }
        return bytes
    }
}
