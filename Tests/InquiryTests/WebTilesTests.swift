import Disk
import Foundation
import Inquiry
import Ledger
import Testing
import Warrants

/// A log read from a web server that knows nothing of logs: Python's, which serves files.
struct WebTilesTests {
    /// A server of a folder on a port of its own.
    private final class Server {
        let process = Process()
        let url: String

        init(_ folder: String) throws {
            let pipe = Pipe()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = [
                "python3", "-u", "-m", "http.server", "0", "--bind", "127.0.0.1",
                "--directory", folder,
            ]
            process.standardOutput = pipe
            process.standardError = FileHandle.nullDevice
            try process.run()
            // "Serving HTTP on 127.0.0.1 port 40123 (http://127.0.0.1:40123/) ..."
            var line = ""
            while !line.contains(") ") {
                let data = pipe.fileHandleForReading.availableData
                guard !data.isEmpty else { break }
                line += String(decoding: data, as: UTF8.self)
            }
            url = try #require(
                line.split(separator: "(").last?.split(separator: ")").first.map { String($0) })
        }

        deinit {
            // A child inherits the signals that this thread has blocked, but none blocks this one.
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
    }

    @Test func anAuditOverTheWebIsTheSame() throws {
        let village = try Village(hours: 600)
        defer { village.close() }
        let log = try village.publish()
        let server = try Server(village.folder)
        let tiles = try WebTiles(server.url + "log/public")
        let report = try LogAudit(
            tiles, trusting: .hash(village.roster.hash),
            mirrors: [.init(name: "web", source: tiles)], at: Village.now
        ).run().report
        #expect(report.isClean && report.entries == UInt64(village.entries.count))
        var local = try village.audit(log)
        local.log?.mirrors = report.log?.mirrors ?? []
        #expect(report == local)
    }

    @Test func whatIsWrongWithAnAnswerIsSaid() throws {
        let village = try Village(hours: 3)
        defer { village.close() }
        let log = try village.publish()
        let server = try Server(village.folder)
        let tiles = try WebTiles(server.url + "log/public/")
        #expect(code { _ = try tiles.read("tile/0/999") } == "tile-missing")
        // Longer than what can stand there.
        try village.disk.replace(log + "/checkpoint", [UInt8](repeating: 0x61, count: 2 << 20))
        #expect(code { _ = try tiles.read("checkpoint") } == "tile-form")
        let nobody = try WebTiles("http://127.0.0.1:9/")
        #expect(code { _ = try nobody.read("checkpoint") } == "web-failed")
        for url in ["", "ftp://example.org/", "file:///etc", "http://", "http://a/?b", "log"] {
            #expect(code { _ = try WebTiles(url) } == "url-malformed", "\(url)")
        }
    }
}
