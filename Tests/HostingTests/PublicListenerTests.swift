import Disk
import Dispatch
import Foundation
import Plates
import Secrets
import TestSupport
import Testing

@testable import Hosting

/// What anybody may ask over HTTP, and by which methods.
@Suite(.serialized) struct PublicListenerTests {
    /// An answer as it came over the connection.
    private struct Answer {
        let status: String
        /// Without the time, which differs between two answers.
        let fields: [String: String]
        let body: String

        init(_ text: String) throws {
            let end = try #require(text.range(of: "\r\n\r\n"))
            var lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
            status = lines.removeFirst()
            body = String(text[end.upperBound...])
            var fields: [String: String] = [:]
            for line in lines {
                let parts = line.split(separator: ":", maxSplits: 1)
                fields[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
            }
            fields["date"] = nil
            self.fields = fields
        }
    }

    /// Runs a listener on its own port; it listens on until the tests end.
    private func listening(
        _ listener: (String) throws -> PublicListener, _ body: (Int) async throws -> Void
    ) async throws {
        let port = RawConnection.freePort()
        let listener = try listener("127.0.0.1:\(port)")
        Task { try await listener.run() }
        for _ in 0..<200 where (try? RawConnection(port: port)) == nil {
            try await Task.sleep(for: .milliseconds(20))
        }
        try await body(port)
    }

    /// All that comes back until the listener hangs up, on a thread that may wait.
    private func ask(_ port: Int, _ questions: [String]) async throws -> String {
        let text = questions.enumerated().map { place, question in
            let end = place == questions.count - 1 ? "Connection: close\r\n" : ""
            return "\(question) HTTP/1.1\r\nHost: x\r\n\(end)\r\n"
        }.joined()
        return try await withCheckedThrowingContinuation { done in
            DispatchQueue.global().async {
                done.resume(
                    with: Result {
                        let connection = try RawConnection(port: port)
                        connection.send(text)
                        return connection.answer()
                    })
            }
        }
    }

    /// Pages, files, problems: HEAD says of each what GET says, and gives nothing of it.
    @Test func headIsGetWithoutTheThing() async throws {
        let make: (String) throws -> PublicListener = { place in
            try PublicListener(at: place) { path in
                switch path {
                case "/":
                    var page = PublicListener.Page("the overview", type: "text/html")
                    page.tag = "abc"
                    page.fields = [("x-frame-options", "DENY")]
                    return page
                case "/tile/0/000":
                    return PublicListener.Page(
                        type: "application/octet-stream", body: [1, 2, 3], isFixed: true)
                case "/gone/": return PublicListener.Page("nothing", status: 404)
                default: return nil
                }
            }
        }
        try await listening(make) { port async throws in
            for (path, length) in [("/", 12), ("/tile/0/000", 3), ("/gone/", 7), ("/else", nil)] {
                let got = try Answer(try await ask(port, ["GET \(path)"]))
                let told = try Answer(try await ask(port, ["HEAD \(path)"]))
                #expect(told.status == got.status, "\(path)")
                #expect(told.fields == got.fields, "\(path)")
                #expect(told.body.isEmpty && !got.body.isEmpty, "\(path)")
                if let length { #expect(told.fields["content-length"] == "\(length)", "\(path)") }
            }
            // What an answer has no bytes of stands in nobody's way: the next on the same connection
            // is whole.
            let both = try await ask(port, ["HEAD /", "GET /"])
            #expect(both.components(separatedBy: "HTTP/1.1 200").count == 3)
            #expect(both.components(separatedBy: "the overview").count == 2)
        }
    }

    @Test func otherMethodsAreRefused() async throws {
        let make: (String) throws -> PublicListener = { place in
            try PublicListener(at: place) { _ in PublicListener.Page("something") }
        }
        try await listening(make) { port async throws in
            for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUERY"] {
                let answer = try Answer(try await ask(port, ["\(method) /"]))
                #expect(answer.status.hasPrefix("HTTP/1.1 405"), "\(method)")
                #expect(answer.fields["allow"] == "GET, HEAD", "\(method)")
                #expect(answer.body.contains("only GET and HEAD are answered here"), "\(method)")
            }
        }
    }

    /// The listener of a log that cannot be read yet: assets and what is told meanwhile.
    @Test func publicPagesAnswerHead() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/\(UUID().uuidString)"
        let pages = PublicPages(folder, trusting: .zero, disk: POSIXFileSystem()) {
            Timestamp(milliseconds: 0)
        }
        let make: (String) throws -> PublicListener = { try pages.listener(at: $0) }
        try await listening(make) { port async throws in
            for (path, status) in [("/assets/icon.svg", "200"), ("/", "503"), ("/a/b/c", "503")] {
                let got = try Answer(try await ask(port, ["GET \(path)"]))
                let told = try Answer(try await ask(port, ["HEAD \(path)"]))
                #expect(told.status == got.status && told.status.contains(status), "\(path)")
                #expect(told.fields == got.fields && told.body.isEmpty, "\(path)")
                #expect(told.fields["content-length"] == "\(got.body.utf8.count)", "\(path)")
            }
        }
    }
}
