import Bytes
import Foundation
import Glibc
import Hosting
import Portal
import Secrets
import Synchronization
import Testing

@testable import Desks
@testable import Embedded

/// A desk answers its own browser and nobody else: in memory, and through a socket.
@Suite struct ServerTests {
    /// A role whose page says what it was asked.
    private struct Echo: DeskPages {
        var title: String { "Echo" }
        var places: [DeskPlace] { [DeskPlace("/", "Home")] }

        func answer(_ ask: DeskAsk, in office: DeskOffice) throws -> DeskReply {
            switch (ask.isForm, ask.path.first) {
            case (false, nil):
                return .page(
                    DeskPage("Home", purpose: "p", body: try ask.render("desk_problem", [:])))
            case (true, "say"):
                let file = ask.form.file("f").map { Digest(of: $0.bytes).hex } ?? "none"
                return .bytes(
                    type: "text/plain",
                    Array("\(ask.form.all("a").joined(separator: "|")) \(file)".utf8))
            case (true, "tell"): return .see(ask.form.text("to") ?? "/", "it <was> done")
            case (true, "slow"):
                return .see(
                    office.begin("Slow") { _, job in
                        job.advance("counting", 3, of: 4)
                        return "/"
                    }.path)
            case (false, "fail"):
                throw DeskError(code: "test-failure", sentence: "It <failed>.")
            default: throw ask.unknown
            }
        }
    }

    private func withDesk(_ body: (TestBrowser, DeskServer) throws -> Void) throws {
        let path = try Town.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let office = try DeskOffice(try Deployment.open(at: path), as: "privacy-office-officer")
        let server = DeskServer(office, pages: Echo()) { _ in }
        try body(TestBrowser(server), server)
    }

    @Test func `the address opens the desk once, and is left at once`() throws {
        try withDesk { browser, server in
            #expect(browser.get("/").status == 200)
            let stranger = DeskQuestion(
                method: "GET", target: String(browser.address.dropFirst(browser.origin.count)),
                host: "127.0.0.1:4321")
            let answer = try #require(server.admit(stranger))
            #expect(answer.status == 403 && answer.text.contains("<code>token-used</code>"))
            #expect(answer.value("set-cookie") == nil)
        }
    }

    @Test func `entering goes on to a clean address by itself`() throws {
        let path = try Town.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let office = try DeskOffice(try Deployment.open(at: path), as: "privacy-office-officer")
        let server = DeskServer(office, pages: Echo()) { _ in }
        let browser = TestBrowser(server, isOpened: false)
        let answer = browser.get(String(browser.address.dropFirst(browser.origin.count)))
        #expect(answer.status == 200 && answer.value("refresh") == "0; url=/")
        #expect(answer.value("set-cookie")?.contains("HttpOnly; SameSite=Strict") == true)
        #expect(!answer.text.contains(browser.address.suffix(64)))
    }

    @Test func `every answer carries the headers, refusals too`() throws {
        try withDesk { browser, server in
            let foreign = DeskQuestion(method: "GET", target: "/", host: "evil.example")
            let answers = [
                browser.get("/"), browser.get("/none"), browser.get("/fail"),
                browser.get("/waiting.json"), browser.post("/tell", []),
                try #require(server.admit(foreign)),
            ]
            #expect(answers.map(\.status) == [200, 404, 422, 200, 200, 421])
            for answer in answers {
                #expect(answer.value("cache-control") == "no-store")
                let policy = try #require(answer.value("content-security-policy"))
                #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe"))
                #expect(policy.contains("frame-ancestors 'none'"))
                #expect(answer.value("x-content-type-options") == "nosniff")
                #expect(answer.value("referrer-policy") == "same-origin")
                #expect(answer.value("cross-origin-opener-policy") == "same-origin")
                #expect(answer.value("cross-origin-resource-policy") == "same-origin")
                #expect(answer.value("permissions-policy") != nil)
                #expect(answer.value("access-control-allow-origin") == nil)
            }
        }
    }

    @Test func `a form without the session's token does nothing`() throws {
        try withDesk { browser, _ in
            #expect(browser.post("/say", [("a", "x")]).text == "x none")
            for token in ["", "0", String(browser.token.dropLast())] {
                let answer = browser.post("/say", [("a", "x")], token: token)
                #expect(answer.status == 403 && answer.text.contains("<code>form-forged</code>"))
            }
        }
    }

    @Test func `a form of another kind is none`() throws {
        try withDesk { browser, server in
            _ = browser.get("/")
            for type in ["text/plain", "application/json", "multipart/form-data", ""] {
                let question = DeskQuestion(
                    method: "POST", target: "/say", host: "127.0.0.1:4321",
                    fields: browser.fields + [
                        ("Origin", browser.origin), ("Content-Type", type),
                    ], body: Array("a=x&desk-token=\(browser.token)".utf8))
                let answer = server.admit(question) ?? server.answer(question)
                #expect(answer.status == 400 && answer.text.contains("<code>form-malformed</code>"))
            }
        }
    }

    @Test func `texts and files come as they were sent`() throws {
        try withDesk { browser, _ in
            #expect(
                browser.post("/say", [("a", "ä & <b>"), ("a", "+%\r\n")]).text
                    == "ä & <b>|+%\r\n none")
            let bytes = SeededRandom("file").bytes(100_000)
            let answer = browser.post("/say", [("a", "x")], file: ("f", bytes))
            #expect(answer.text == "x \(Digest(of: bytes).hex)")
        }
    }

    @Test func `what is told is shown once and escaped, and nobody is led away`() throws {
        try withDesk { browser, _ in
            let told = browser.post("/tell", [("to", "/")])
            #expect(told.text.contains("it &lt;was&gt; done"))
            #expect(!browser.get("/").text.contains("it &lt;was&gt; done"))
            for foreign in ["//evil.example/", "http://evil.example/", "x", "/\r\nA: b", "/ b"] {
                #expect(browser.post("/tell", [("to", foreign)]).status == 200)
            }
            #expect(
                browser.get("/fail").text.contains(
                    "It &lt;failed&gt;.</strong> <code>test-failure</code>"))
        }
    }

    @Test func `slow work is followed to its end`() throws {
        try withDesk { browser, _ in
            var answer = browser.post("/slow", [])
            for _ in 0..<100 where answer.text.contains("Slow") {
                #expect(answer.value("refresh") == "1")
                usleep(50_000)
                answer = browser.get("/")
            }
            #expect(answer.status == 200 && answer.text.contains("<h1>Home</h1>"))
            #expect(browser.get("/work/0").status == 404)
        }
    }

    @Test func `a session that was ended is over`() throws {
        try withDesk { browser, _ in
            #expect(browser.post("/leave", []).status == 401)
            let answer = browser.get("/")
            #expect(answer.status == 401 && answer.text.contains("<code>session-missing</code>"))
        }
    }

    @Test func `a foreign form's body is not even read`() async throws {
        let path = try Town.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let office = try DeskOffice(try Deployment.open(at: path), as: "privacy-office-officer")
        let (addresses, told) = AsyncStream.makeStream(of: String.self)
        let server = DeskServer(office, pages: Echo()) { told.yield($0) }
        let running = Task { try await server.run() }
        defer { running.cancel() }
        var iterator = addresses.makeAsyncIterator()
        let address = try #require(await iterator.next())
        let port = try #require(address.split(separator: ":").last?.prefix { $0 != "/" })
        let place = "127.0.0.1:\(port)"
        let whole = String(address.dropFirst("http://\(place)".count))
        func ask(_ text: String) throws -> String { try RawPage.ask(port, text) }
        let opened = try ask("GET \(whole) HTTP/1.1\r\nHost: \(place)\r\nConnection: close\r\n\r\n")
        #expect(opened.hasPrefix("HTTP/1.1 200"))
        let cookie = try #require(
            opened.split(separator: "\r\n").first { $0.lowercased().hasPrefix("set-cookie: ") }
        )
        .dropFirst("set-cookie: ".count).prefix { $0 != ";" }
        let own = "Host: \(place)\r\nCookie: \(cookie)\r\nConnection: close\r\n"
        #expect(try ask("GET / HTTP/1.1\r\n\(own)\r\n").hasPrefix("HTTP/1.1 200"))
        // 20 GB are promised, and none is waited for.
        let long =
            "Content-Length: 20000000000\r\nContent-Type: multipart/form-data; boundary=X\r\n"
        #expect(
            try ask("POST /say HTTP/1.1\r\n\(own)Origin: http://evil.example\r\n\(long)\r\n")
                .hasPrefix("HTTP/1.1 403"))
        #expect(
            try ask("POST /say HTTP/1.1\r\n\(own)Origin: http://\(place)\r\n\(long)\r\n")
                .hasPrefix("HTTP/1.1 413"))
        #expect(
            try ask("GET / HTTP/1.1\r\nHost: evil.example\r\nCookie: \(cookie)\r\n\r\n")
                .hasPrefix("HTTP/1.1 421"))
        #expect(
            try ask("GET / HTTP/1.1\r\nHost: \(place)\r\nHost: evil.example\r\n\r\n")
                .hasPrefix("HTTP/1.1 4"))
        // The host of a whole address does not stand in for the field that a browser sends.
        #expect(
            try ask(
                "GET http://\(place)/ HTTP/1.1\r\nHost: evil.example\r\nCookie: \(cookie)\r\n\r\n"
            ).hasPrefix("HTTP/1.1 421"))
        #expect(
            try ask("GET /../../etc/passwd HTTP/1.1\r\n\(own)\r\n").hasPrefix("HTTP/1.1 400"))
        #expect(try ask("GET / HTTP/1.0\r\n\r\n").hasPrefix("HTTP/1.1 421"))
    }
}

/// One question through a socket, as it is written, and all of the answer.
enum RawPage {
    static func ask(_ port: some StringProtocol, _ text: String) throws -> String {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = (UInt16(port) ?? 0).bigEndian
        place.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let status = withUnsafePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw DeskError(code: "test", sentence: "no connection") }
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(
            socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            answer += buffer.prefix(count)
            // A connection that is kept open ends with the page.
            if String(decoding: answer, as: UTF8.self).hasSuffix("</html>") { break }
        }
        return String(decoding: answer, as: UTF8.self)
    }
}
