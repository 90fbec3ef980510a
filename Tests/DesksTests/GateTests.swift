import Hosting
import Secrets
import Testing

@testable import Desks

/// Who gets through a desk's gate, and who does not.
struct GateTests {
    private let random = SeededRandom("desk gate")
    private let token: String
    private let host = "127.0.0.1:4321"
    private let origin = "http://127.0.0.1:4321"

    init() { token = DeskGate.token(from: random) }

    private func ask(
        _ target: String = "/", method: String = "GET", host: String? = "127.0.0.1:4321",
        _ fields: (String, String)...
    ) -> DeskQuestion {
        DeskQuestion(method: method, target: target, host: host, fields: fields)
    }

    /// A gate, and the cookie of the browser that entered it at 100 s.
    private func entered() throws -> (DeskGate, cookie: String) {
        var gate = DeskGate(port: 4_321, token: token, at: 0)
        guard
            case .entered(let cookie) = gate.judge(
                ask("/enter/\(token)", ("Sec-Fetch-Site", "cross-site")), at: 100, random: random)
        else { throw DeskError(code: "test", sentence: "the token was refused") }
        return (gate, String(cookie.prefix { $0 != ";" }))
    }

    @Test func `the token opens a session once, and the cookie is the browser's alone`() throws {
        var gate = DeskGate(port: 4_321, token: token, at: 0)
        let first = gate.judge(ask("/enter/\(token)"), at: 1, random: random)
        guard case .entered(let cookie) = first else {
            Issue.record("the token was refused")
            return
        }
        #expect(cookie.hasPrefix("platevault-desk-4321="))
        #expect(cookie.hasSuffix("; Path=/; HttpOnly; SameSite=Strict"))
        let again = gate.judge(ask("/enter/\(token)"), at: 2, random: random)
        #expect(again == .refused(.tokenUsed))
        let pair = String(cookie.prefix { $0 != ";" })
        guard case .session = gate.judge(ask("/", ("Cookie", pair)), at: 3, random: random) else {
            Issue.record("the session's own browser was refused")
            return
        }
        // The session's own browser may come by its history.
        guard
            case .session = gate.judge(
                ask("/enter/\(token)", ("Cookie", pair)), at: 4, random: random)
        else {
            Issue.record("the session's own browser was refused at the old address")
            return
        }
    }

    @Test func `a wrong, an old or a prefetched token opens nothing`() {
        var gate = DeskGate(port: 4_321, token: token, at: 0)
        for wrong in [String(token.dropLast()), token + "0", "0", DeskGate.token(from: random)] {
            #expect(
                gate.judge(ask("/enter/\(wrong)"), at: 1, random: random)
                    == .refused(.tokenUnknown))
        }
        let whole = "/enter/\(token)"
        #expect(
            gate.judge(ask(whole, method: "POST"), at: 1, random: random)
                == .refused(.tokenUnknown))
        #expect(
            gate.judge(ask(whole, method: "HEAD"), at: 1, random: random)
                == .refused(.tokenUnknown))
        #expect(
            gate.judge(ask(whole, ("Sec-Fetch-Dest", "image")), at: 1, random: random)
                == .refused(.tokenUnknown))
        #expect(
            gate.judge(ask(whole), at: DeskGate.tokenLife + 1, random: random)
                == .refused(.tokenOld))
        // None of these has used it up.
        guard case .entered = gate.judge(ask(whole), at: DeskGate.tokenLife, random: random) else {
            Issue.record("the token was used up by a refused question")
            return
        }
    }

    @Test(arguments: [
        nil, "", "localhost:4321", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:43210", "[::1]:4321",
        "evil.example:4321", "127.0.0.1:4321.evil.example", "127.0.0.1.evil.example:4321",
        "0.0.0.0:4321", "127.1:4321", "2130706433:4321", "127.0.0.1:4321 ", "127.0.0.1:04321",
    ])
    func `a name bound anew to this machine is answered nothing`(name: String?) throws {
        var (gate, cookie) = try entered()
        for target in ["/", "/enter/\(token)", "/assets/style.css"] {
            #expect(
                gate.judge(
                    ask(target, host: name, ("Cookie", cookie)), at: 101, random: random)
                    == .refused(.hostForeign))
        }
    }

    @Test func `a second host is answered nothing`() throws {
        var (gate, cookie) = try entered()
        #expect(
            gate.judge(
                ask("/", ("Cookie", cookie), ("Host", "evil.example")), at: 101, random: random)
                == .refused(.hostForeign))
    }

    @Test(arguments: ["cross-site", "same-site", "", "SAME-ORIGIN", "none, cross-site"])
    func `another site's page gets nothing, whatever it asks for`(site: String) throws {
        var (gate, cookie) = try entered()
        for target in ["/", "/assets/style.css", "/waiting.json"] {
            #expect(
                gate.judge(
                    ask(target, ("Cookie", cookie), ("Sec-Fetch-Site", site)), at: 101,
                    random: random) == .refused(.crossSite))
        }
        #expect(
            gate.judge(
                ask(
                    "/leave", method: "POST", ("Cookie", cookie), ("Origin", origin),
                    ("Sec-Fetch-Site", site)), at: 101, random: random) == .refused(.crossSite))
    }

    @Test(arguments: [
        "null", "http://evil.example", "http://127.0.0.1", "https://127.0.0.1:4321",
        "http://localhost:4321", "http://127.0.0.1:4321.evil.example", "",
        "http://127.0.0.1:4321 http://evil.example",
    ])
    func `a form of another origin is refused`(foreign: String) throws {
        var (gate, cookie) = try entered()
        for method in ["GET", "POST"] {
            #expect(
                gate.judge(
                    ask("/", method: method, ("Cookie", cookie), ("Origin", foreign)), at: 101,
                    random: random) == .refused(.crossSite))
        }
    }

    @Test func `a form must say where it comes from`() throws {
        var (gate, cookie) = try entered()
        #expect(
            gate.judge(ask("/x", method: "POST", ("Cookie", cookie)), at: 101, random: random)
                == .refused(.crossSite))
        #expect(
            gate.judge(
                ask(
                    "/x", method: "POST", ("Cookie", cookie), ("Origin", origin),
                    ("Sec-Fetch-Site", "none")), at: 101, random: random) == .refused(.crossSite))
        #expect(
            gate.judge(
                ask(
                    "/x", method: "POST", ("Cookie", cookie), ("Origin", origin),
                    ("Origin", "http://evil.example")), at: 101, random: random)
                == .refused(.crossSite))
        guard
            case .session(let form) = gate.judge(
                ask(
                    "/x", method: "POST", ("Cookie", cookie), ("Origin", origin),
                    ("Sec-Fetch-Site", "same-origin")), at: 101, random: random)
        else {
            Issue.record("the desk's own form was refused")
            return
        }
        #expect(gate.accepts(form: form))
        #expect(!gate.accepts(form: nil))
        #expect(!gate.accepts(form: ""))
        #expect(!gate.accepts(form: String(form.dropLast())))
        // A script of the page cannot read the cookie, and the cookie is not the form's token.
        #expect(!gate.accepts(form: String(cookie.dropFirst("platevault-desk-4321=".count))))
    }

    @Test func `no other session is one, and one ends`() throws {
        var (gate, cookie) = try entered()
        func verdict(_ cookie: String, at time: Int64) -> DeskGate.Verdict {
            gate.judge(ask("/", ("Cookie", cookie)), at: time, random: random)
        }
        let missing = DeskGate.Verdict.refused(.sessionMissing)
        #expect(gate.judge(ask("/"), at: 101, random: random) == missing)
        #expect(verdict("platevault-desk-4321=", at: 101) == missing)
        #expect(verdict("platevault-desk-4322=" + cookie.dropFirst(21), at: 101) == missing)
        #expect(verdict(cookie + "0", at: 101) == missing)
        #expect(
            verdict("platevault-desk-4321=\(DeskGate.token(from: random))", at: 101) == missing)
        // A second cookie of the same name was put there by somebody else.
        #expect(verdict("\(cookie); platevault-desk-4321=0", at: 101) == missing)
        guard case .session = verdict("a=b; \(cookie); c=d", at: 102) else {
            Issue.record("the session's own cookie was not found among others")
            return
        }
        #expect(verdict(cookie, at: 102 + DeskGate.sessionLife + 1) == missing)
        #expect(verdict(cookie, at: 103) == missing)
    }

    @Test func `what a page asks by itself keeps no session alive`() throws {
        var (gate, cookie) = try entered()
        func verdict(_ mode: String, _ user: [(String, String)] = [], at time: Int64)
            -> DeskGate.Verdict
        {
            let fields = [("Cookie", cookie), ("Sec-Fetch-Mode", mode)] + user
            return gate.judge(
                DeskQuestion(method: "GET", target: "/waiting.json", host: host, fields: fields),
                at: time, random: random)
        }
        let life = DeskGate.sessionLife
        guard case .session = verdict("cors", at: 100 + life),
            case .session = verdict("navigate", at: 100 + life),
            case .session = verdict("navigate", [("Sec-Fetch-User", "?1")], at: 100 + life)
        else {
            Issue.record("the session ended before its time")
            return
        }
        guard case .session = verdict("cors", at: 100 + 2 * life) else {
            Issue.record("a person's visit did not keep it alive")
            return
        }
        #expect(verdict("cors", at: 101 + 2 * life) == .refused(.sessionMissing))
    }

    @Test func `a session that was left opens nothing`() throws {
        var (gate, cookie) = try entered()
        gate.leave()
        #expect(
            gate.judge(ask("/", ("Cookie", cookie)), at: 101, random: random)
                == .refused(.sessionMissing))
        #expect(
            gate.judge(ask("/enter/\(token)", ("Cookie", cookie)), at: 101, random: random)
                == .refused(.tokenUsed))
    }

    @Test(arguments: [
        "", "x", "http://127.0.0.1:4321/", "//", "/a//b", "/../etc/passwd", "/a/../b", "/./a", "/.",
        "/a/", "/%2e%2e/", "/a%2fb", "/a\\b", "/a;b", "/a b", "/ä", "/a\u{0}", "/a#b", "/?a#b",
        "/.git", "*", "/a?b?c#d",
    ])
    func `a path has one spelling`(target: String) throws {
        #expect(DeskPath(target) == nil)
        var (gate, cookie) = try entered()
        #expect(
            gate.judge(ask(target, ("Cookie", cookie)), at: 101, random: random)
                == .refused(.pathMalformed))
    }

    @Test func `a path's words and its query are told apart`() throws {
        #expect(DeskPath("/")?.parts == [])
        #expect(DeskPath("/request/5f0c")?.parts == ["request", "5f0c"])
        #expect(DeskPath("/assets/style.css?a=b%20c")?.query == "a=b%20c")
        #expect(DeskPath("/?a=/b")?.parts == [])
        #expect(DeskPath("/" + String(repeating: "a", count: DeskPath.limit)) == nil)
    }

    @Test(arguments: ["PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "PROPFIND", ""])
    func `a desk is read and its forms are sent`(method: String) throws {
        var (gate, cookie) = try entered()
        #expect(
            gate.judge(ask("/", method: method, ("Cookie", cookie)), at: 101, random: random)
                == .refused(.methodUnknown))
    }
}
