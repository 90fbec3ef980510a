import Disk
import Foundation
import Glibc
import Hosting
import Ledger
import Plates
import Secrets
import Warrants

/// The public pages of a city's log, served by the listener that vaults and custodians have.
///
/// In a process of its own, like them: `Bench serve-pages FOLDER 127.0.0.1:PORT`.
enum PagesServer {
    /// Reads the log, then listens until it is killed.
    static func run(_ folder: String, at place: String, _ disk: any FileSystem) async throws {
        let city = try BenchCity()
        let now = try PagesBench.evening(FolderTiles(folder + "/public", fileSystem: disk), city)
        let pages = PublicPages(
            folder + "/public", trusting: city.roster.hash, disk: disk, now: { now })
        pages.follow()
        try await pages.listener(at: place).run()
    }

    /// Runs `body` with the port of such a process, once it answers.
    static func with(_ folder: String, _ body: (Int) throws -> Void) throws {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let port = try FreePort.take()
        let process = try Command.start(own, ["serve-pages", folder, "127.0.0.1:\(port)"])
        defer {
            kill(process, SIGTERM)
            Command.wait(process)
        }
        let end = Date().addingTimeInterval(300)
        while (try? FirstByte("/", at: port))?.status != 200 {
            guard kill(process, 0) == 0, Date() < end else {
                throw BenchError("the public pages were not served")
            }
            usleep(100_000)
        }
        try body(port)
    }
}

/// One answer over HTTP, on a connection of its own.
struct FirstByte {
    /// From before the connection until the first byte of the answer.
    let milliseconds: Double
    /// The HTTP status.
    let status: Int
    /// The bytes of the body.
    let bytes: Int

    /// Asks for a path at a port of this machine. Throws `BenchError` where nobody answers.
    init(_ path: String, at port: Int) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = in_port_t(port).bigEndian
        let question = "GET \(path) HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var count = 0
        let time = Measure.seconds {
            let isThere = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            guard isThere, send(descriptor, question, question.utf8.count, 0) > 0 else { return }
            count = recv(descriptor, &buffer, buffer.count, 0)
        }
        while count > 0 {
            answer += buffer.prefix(count)
            count = recv(descriptor, &buffer, buffer.count, 0)
        }
        let text = String(decoding: answer.prefix(4_096), as: UTF8.self)
        guard text.hasPrefix("HTTP/1.1 "), let status = Int(text.dropFirst(9).prefix(3)),
            let head = text.range(of: "\r\n\r\n")
        else { throw BenchError("nobody answers \(path)") }
        milliseconds = 1_000 * time
        self.status = status
        bytes = answer.count - text[..<head.upperBound].utf8.count
    }
}
