import Hosting
import Secrets

/// Who may speak to a desk: the browser that was opened with the one-time token, and no page of
/// anybody else's. Pure: time and randomness are arguments, and nothing is answered here.
///
/// What a stranger's page can make a browser do is ask; so every question must name this listener as
/// its host (else a name that was bound anew to 127.0.0.1 could read the answers), must not come
/// from another site, and one that changes something must say that it comes from this very origin
/// and carry the session's form token.
struct DeskGate: Sendable {
    /// 10 minutes: how long the address that was printed can be used, in seconds.
    static let tokenLife: Int64 = 600
    /// 12 hours: how long a session lives that nobody uses, in seconds. What a page asks by itself
    /// (what waits, itself anew) is no use.
    static let sessionLife: Int64 = 43_200

    /// What is to be done with a question.
    enum Verdict: Equatable {
        /// It is refused.
        case refused(DeskRefusal)
        /// The token was right, for the first time: the browser gets this cookie.
        case entered(cookie: String)
        /// It is from the session's browser, whose forms carry this token.
        case session(form: String)
        /// It asks for what needs no session: the style and the like.
        case asset(String)
    }

    private struct Session {
        let cookie: Digest
        let form: String
        var used: Int64
    }

    /// Such as `127.0.0.1:43210`.
    let host: String
    /// The cookie's name: browsers keep one jar for all ports of a host.
    let cookieName: String
    private let token: Digest
    private let made: Int64
    private var isUsed = false
    private var session: Session?

    /// The gate of a listener on a port; `token` stands in the address that its person is given.
    init(port: Int, token: String, at time: Int64) {
        host = "127.0.0.1:\(port)"
        cookieName = "platevault-desk-\(port)"
        self.token = Digest(of: Array(token.utf8))
        made = time
    }

    /// A token that nobody guesses: 32 random bytes in hex.
    static func token(from random: any RandomSource) -> String {
        Digest(of: random.bytes(32)).hex
    }

    /// Judges the head of a question. `time` is in seconds of a clock that only grows.
    mutating func judge(
        _ question: DeskQuestion, at time: Int64, random: any RandomSource
    ) -> Verdict {
        // A digest is compared, so that the time that it takes says nothing about a secret.
        guard question.host == host, question.values("host").isEmpty else {
            return .refused(.hostForeign)
        }
        guard ["GET", "HEAD", "POST"].contains(question.method) else {
            return .refused(.methodUnknown)
        }
        guard let path = DeskPath(question.target) else { return .refused(.pathMalformed) }
        let site = question.values("sec-fetch-site")
        if path.parts.first == "enter" { return enter(question, path, at: time, random) }
        guard site.allSatisfy({ $0 == "same-origin" || $0 == "none" }), site.count <= 1 else {
            return .refused(.crossSite)
        }
        let origins = question.values("origin")
        guard origins.allSatisfy({ $0 == "http://\(host)" }), origins.count <= 1 else {
            return .refused(.crossSite)
        }
        if path.parts.count == 2, path.parts[0] == "assets", question.method != "POST" {
            return .asset(path.parts[1])
        }
        guard let session = resume(question, at: time) else { return .refused(.sessionMissing) }
        guard question.method != "POST" || (origins.count == 1 && site != ["none"]) else {
            return .refused(.crossSite)
        }
        return .session(form: session.form)
    }

    /// Whether a form carries the session's token.
    func accepts(form token: String?) -> Bool {
        guard let token, let session else { return false }
        return Digest(of: Array(token.utf8)) == Digest(of: Array(session.form.utf8))
    }

    /// Ends the session: its cookie opens nothing any more.
    mutating func leave() { session = nil }

    private mutating func enter(
        _ question: DeskQuestion, _ path: DeskPath, at time: Int64, _ random: any RandomSource
    ) -> Verdict {
        guard question.method == "GET", path.parts.count == 2,
            Digest(of: Array(path.parts[1].utf8)) == token,
            question.values("sec-fetch-dest").allSatisfy({ $0 == "document" })
        else { return .refused(.tokenUnknown) }
        // The same browser once more, by its history say.
        if isUsed, let session = resume(question, at: time) { return .session(form: session.form) }
        guard !isUsed else { return .refused(.tokenUsed) }
        guard time - made <= Self.tokenLife else { return .refused(.tokenOld) }
        isUsed = true
        let cookie = Self.token(from: random)
        session = Session(
            cookie: Digest(of: Array(cookie.utf8)), form: Self.token(from: random), used: time)
        return .entered(cookie: "\(cookieName)=\(cookie); Path=/; HttpOnly; SameSite=Strict")
    }

    private mutating func resume(_ question: DeskQuestion, at time: Int64) -> Session? {
        guard var session else { return nil }
        guard time - session.used <= Self.sessionLife else {
            self.session = nil
            return nil
        }
        let cookies = question.values("cookie").flatMap { $0.split(separator: ";") }
            .map { $0.drop { $0 == " " } }.filter { $0.hasPrefix(cookieName + "=") }
            .map { $0.dropFirst(cookieName.count + 1) }
        guard cookies.count == 1, Digest(of: Array(cookies[0].utf8)) == session.cookie else {
            return nil
        }
        if question.isPersons {
            session.used = time
            self.session = session
        }
        return session
    }
}

extension DeskQuestion {
    /// Whether somebody in front of the browser asked it, and no page by itself: a form, or a page that
    /// a person went to (Fetch Metadata's `Sec-Fetch-User`). A browser that says nothing of itself is
    /// taken for a person's.
    fileprivate var isPersons: Bool {
        method == "POST" || values("sec-fetch-user") == ["?1"] || values("sec-fetch-mode").isEmpty
    }
}

/// A path that has one spelling only: words of letters, digits, `-`, `_` and `.` between single
/// slashes, and nothing that a file system or a proxy would read otherwise.
struct DeskPath: Equatable, Sendable {
    /// 4,096 bytes: the longest target, query included.
    static let limit = 4_096

    /// The words, none for `/`.
    let parts: [String]
    /// What stands behind the question mark; empty where nothing does.
    let query: String

    /// Nil for every other spelling.
    init?(_ target: String) {
        guard target.utf8.count <= Self.limit, target.hasPrefix("/") else { return nil }
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        query = halves.count == 2 ? String(halves[1]) : ""
        guard !query.contains("#") else { return nil }
        guard halves[0] != "/" else {
            parts = []
            return
        }
        let words = halves[0].dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for word in words {
            let isUsual = word.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5a).contains($0)
                    || (0x61...0x7a).contains($0) || [0x2d, 0x2e, 0x5f].contains($0)
            }
            guard isUsual, !word.isEmpty, !word.hasPrefix(".") else { return nil }
        }
        parts = words.map(String.init)
    }
}

/// Why a desk does not answer a question.
enum DeskRefusal: String, CaseIterable, Sendable {
    case hostForeign = "host-foreign"
    case methodUnknown = "method-unknown"
    case pathMalformed = "path-malformed"
    case pathUnknown = "path-unknown"
    case tokenUnknown = "token-unknown"
    case tokenUsed = "token-used"
    case tokenOld = "token-old"
    case sessionMissing = "session-missing"
    case crossSite = "cross-site"
    case formForged = "form-forged"
    case formMalformed = "form-malformed"
    case bodyTooLong = "body-too-long"
    case bodyTooSlow = "body-too-slow"

    /// The HTTP status.
    var status: Int {
        switch self {
        case .hostForeign: 421
        case .methodUnknown: 405
        case .pathMalformed, .formMalformed: 400
        case .pathUnknown: 404
        case .tokenUnknown, .tokenUsed, .tokenOld, .crossSite, .formForged: 403
        case .sessionMissing: 401
        case .bodyTooLong: 413
        case .bodyTooSlow: 408
        }
    }

    /// One sentence for whoever sits in front of the browser: what it was, and what to do.
    var sentence: String {
        switch self {
        case .hostForeign:
            "This desk answers at its own address only. Open the address that the program printed."
        case .methodUnknown: "A desk is read and its forms are sent; nothing else is answered."
        case .pathMalformed: "This is no address of a desk."
        case .pathUnknown: "Nothing stands at this address."
        case .tokenUnknown:
            "This address is not the one that the program printed. End the program and start it "
                + "again for a new one."
        case .tokenUsed:
            "This address was used before: it opens the desk once. If it was not you who used it, "
                + "somebody on this machine has read it: end the program and start it again."
        case .tokenOld:
            "This address is older than ten minutes. End the program and start it again for a new "
                + "one."
        case .sessionMissing:
            "This browser has no session at this desk, or it has ended. End the program and start "
                + "it again; it prints an address that opens the desk once."
        case .crossSite:
            "Another page sent your browser here. Nothing was done. Open the desk by its own "
                + "address."
        case .formForged:
            "The form was not made by this desk, or belongs to an earlier session. Nothing was "
                + "done. Load the page anew and try again."
        case .formMalformed: "The form did not come as a browser sends it. Nothing was done."
        case .bodyTooLong:
            "What was sent is too long: a document may have 24 MiB. Nothing was done."
        case .bodyTooSlow: "What was sent did not come within its time. Nothing was done."
        }
    }
}
