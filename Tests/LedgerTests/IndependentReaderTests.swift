import Disk
import Foundation
import Ledger
import Secrets
import TestSupport
import Testing

/// A log written here, read by an implementation that is not ours: Tests/Independent/tlog on Go's
/// `sumdb/note` and `sumdb/tlog` (Debian's golang-go and golang-golang-x-mod-dev; `.ci/setup`
/// installs both).
@Suite struct IndependentReaderTests {
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "independent-\(UUID().uuidString)").path

    /// Runs a program; its exit status and what it said.
    private func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> (status: Int32, said: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let pipe = Pipe()
        (process.standardOutput, process.standardError) = (pipe, pipe)
        try process.run()
        let said = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: said, as: UTF8.self))
    }

    private func reader() throws -> String {
        let program = folder + "/tlog"
        let source = Vectors.path("Tests/Independent/tlog/main.go")
        let built = try run(
            "go", ["build", "-o", program, source],
            environment: [
                "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": "",
                "GOCACHE": folder + "/cache",
            ])
        try #require(built.status == 0, "\(built.said)")
        return program
    }

    @Test func itAcceptsOurLogAndNoChangedByteOfIt() throws {
        let disk = POSIXFileSystem()
        try disk.makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let program = try reader()
        let log = try Log.create(
            at: folder + "/log", origin: logOrigin, signer: signer(logOrigin), fileSystem: disk)
        let mirror = try Mirror.create(
            at: folder + "/mirror", origin: logOrigin, logKey: log.verifierKey,
            cosigner: cosigner("mirror.example"), fileSystem: disk)
        let witness = try cosigner("witness.example")
        let keys = [witness.verifierKey, try #require(mirror.cosignerKey)]
        let all = entries(0..<700)
        let tiles = folder + "/log/public"
        func read(_ tiles: String) throws -> (status: Int32, said: String) {
            try run(program, [tiles, logOrigin, log.verifierKey.text] + keys.map(\.text))
        }
        for range in [0..<1, 1..<255, 255..<257, 257..<512, 512..<700] {
            _ = try log.append(Array(all[range]))
            try mirror.advance(to: log.checkpoint, cosignedAt: 1_700_000_000) {
                try log.entries($0)
            }
            let note = try Note(text: log.head.text, signatures: [witness.cosign(log.head, at: 5)])
            #expect(try log.add(cosignatures: note))
            #expect(try log.add(cosignatures: Note(wire: #require(mirror.checkpoint))))
            try mirror.merge(note)
            let mirrored = mirrorPublic.replacing(
                "/mirror", with: folder + "/mirror", maxReplacements: 1)
            for tiles in [tiles, mirrored] {
                let (status, said) = try read(tiles)
                #expect(status == 0, "\(said)")
                let expected = "\(logOrigin): \(range.upperBound) entries, 2 cosignatures"
                #expect(said.hasPrefix(expected), "\(said)")
            }
        }
        for name in [
            "checkpoint", "tile/0/000", "tile/0/001", "tile/0/002.p/188", "tile/1/000.p/2",
            "tile/entries/000", "tile/entries/002.p/188",
        ] {
            let path = tiles + "/" + name
            let good = try disk.read(path)
            for place in [0, good.count / 2, good.count - 1] {
                var bad = good
                bad[place] ^= 1
                try disk.write(path, at: 0, bad)
                let (status, said) = try read(tiles)
                #expect(status == 1, "\(name) \(place): \(said)")
                try disk.write(path, at: 0, good)
            }
        }
        #expect(try read(tiles).status == 0, "all is as it was")
        let stranger = try signer("stranger.example").verifierKey.text
        #expect(try run(program, [tiles, logOrigin, stranger]).status == 1)
    }
}
