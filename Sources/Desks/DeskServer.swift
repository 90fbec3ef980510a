import Bytes
import Foundation
import Hosting
import Portal
import Secrets
public import ServiceLifecycle
import Synchronization
import Wire

/// A desk: a listener on 127.0.0.1, one session, a role's pages in a frame.
///
/// What it answers itself: `/enter/<token>` (once), `/assets/<name>`, `/work/<id>` (slow work),
/// `/waiting.json` (what waits, for the notification), `/leave` (ends the session). All else is the
/// role's.
public struct DeskServer: Service {
    private let office: DeskOffice
    private let pages: any DeskPages
    private let port: Int
    private let state: State
    private let ready: @Sendable (_ address: String) -> Void

    /// A desk on a port, or on a free one for 0; `ready` is told the address that opens it once.
    public init(
        _ office: DeskOffice, pages: any DeskPages, port: Int = 0,
        ready: @escaping @Sendable (_ address: String) -> Void
    ) {
        self.office = office
        self.pages = pages
        self.port = port
        self.ready = ready
        state = State()
    }

    /// Answers until the program ends in order. Throws where the port is taken.
    public func run() async throws {
        let desk = self
        try await DeskListener(
            port: port, bodyLimit: DeskForm.bodyLimit,
            ready: { port in desk.ready(desk.open(port: port)) },
            admit: { desk.admit($0) }, answer: { desk.answer($0) },
            refusal: { problem in
                desk.refused(problem.code == "too-slow" ? .bodyTooSlow : .bodyTooLong)
            }
        ).run()
    }

    /// Makes the gate for a port; returns the address that opens the desk once.
    func open(port: Int) -> String {
        let token = DeskGate.token(from: SystemRandom())
        let gate = DeskGate(port: port, token: token, at: Self.seconds)
        state.gate.withLock { $0 = gate }
        return "http://\(gate.host)/enter/\(token)"
    }

    /// The answer that needs no body; nil for what a session's browser asks.
    func admit(_ question: DeskQuestion) -> DeskAnswer? {
        switch verdict(question) {
        case .session:
            // By its history once more: the session is there already.
            if question.target.hasPrefix("/enter/") { return moved("/") }
            let isForm = question.method == "POST"
            return isForm && contentType(question) == nil ? refused(.formMalformed) : nil
        case .entered(let cookie):
            // The browser goes on by itself: a cookie of this strictness would not go along on a
            // redirection that another program's page began.
            var answer = DeskFrame.plain(
                "The desk is open", Flash(.good, "It opens in a moment."), status: 200)
            answer.fields += [("set-cookie", cookie), ("refresh", "0; url=/")]
            return secured(answer)
        case .asset(let name):
            return secured(
                DeskFrame.asset(name, unlessIs: question.values("if-none-match").first)
                    ?? DeskFrame.plain(.pathUnknown))
        case .refused(let refusal): return refused(refusal)
        }
    }

    /// The answer to a question that was let through, with its body.
    func answer(_ question: DeskQuestion) -> DeskAnswer {
        // Once more: the session may have ended while the body came.
        guard case .session(let token) = verdict(question) else { return refused(.sessionMissing) }
        guard let path = DeskPath(question.target), let query = DeskForm(query: path.query) else {
            return refused(.pathMalformed)
        }
        var form = DeskForm()
        if question.method == "POST" {
            guard let read = DeskForm(question.body, contentType: contentType(question) ?? "")
            else { return refused(.formMalformed) }
            guard gateAccepts(read.text("desk-token")) else { return refused(.formForged) }
            form = read
        }
        let ask = DeskAsk(
            isForm: question.method == "POST", path: path.parts, query: query, form: form,
            token: token)
        return secured(answer(ask))
    }

    private func answer(_ ask: DeskAsk) -> DeskAnswer {
        do {
            return answer(try own(ask) ?? pages.answer(ask, in: office), to: ask)
        } catch let error as any CodedError {
            return answer(.page(DeskFrame.problem(error)), to: ask)
        } catch {
            let error = DeskError(
                code: "work-failed",
                sentence: "The desk could not do this; nothing is known of why.")
            return answer(.page(DeskFrame.problem(error)), to: ask)
        }
    }

    /// What every desk answers alike; nil for what is the role's.
    private func own(_ ask: DeskAsk) throws -> DeskReply? {
        switch (ask.isForm, ask.path.first, ask.path.count) {
        case (false, "work", 2):
            guard let job = office.job(ask.path[1]) else { throw ask.unknown }
            if case .done(let path) = job.state.end { return .see(path) }
            return .page(try DeskFrame.progress(job, ask))
        case (false, "waiting.json", 1):
            return .bytes(
                type: "application/json", try office.waiting(isCounted: pages.hasInbox))
        case (true, "leave", 1):
            state.gate.withLock { $0?.leave() }
            return .see("/")
        default: return nil
        }
    }

    private func answer(_ reply: DeskReply, to ask: DeskAsk) -> DeskAnswer {
        switch reply {
        case .page(let page):
            let told = state.told.withLock { told in
                defer { told = nil }
                return told
            }
            return DeskFrame.wrap(page, of: pages, office: office, told: told, token: ask.token)
        case .see(let path, let told):
            if let told { state.told.withLock { $0 = told } }
            return moved(path)
        case .download(let name, let type, let bytes):
            let name = name.filter {
                $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0))
            }
            return DeskAnswer(
                status: 200,
                fields: [
                    ("content-type", type),
                    ("content-disposition", "attachment; filename=\"\(name)\""),
                ], body: bytes)
        case .bytes(let type, let bytes):
            return DeskAnswer(status: 200, fields: [("content-type", type)], body: bytes)
        }
    }

    private func moved(_ path: String) -> DeskAnswer {
        // Only within the desk, whatever a page made the path of.
        let isOwn =
            path.hasPrefix("/") && !path.hasPrefix("//") && path.utf8.allSatisfy { $0 > 0x20 }
        return secured(
            DeskAnswer(status: 303, fields: [("location", isOwn ? path : "/")], body: []))
    }

    private func refused(_ refusal: DeskRefusal) -> DeskAnswer {
        secured(DeskFrame.plain(refusal))
    }

    private func verdict(_ question: DeskQuestion) -> DeskGate.Verdict {
        state.gate.withLock { gate in
            gate?.judge(question, at: Self.seconds, random: SystemRandom())
                ?? .refused(.sessionMissing)
        }
    }

    private func gateAccepts(_ token: String?) -> Bool {
        state.gate.withLock { $0?.accepts(form: token) ?? false }
    }

    private func contentType(_ question: DeskQuestion) -> String? {
        let types = question.values("content-type")
        guard types.count == 1, let type = types.first?.lowercased(),
            type.hasPrefix("application/x-www-form-urlencoded")
                || type.hasPrefix("multipart/form-data")
        else { return nil }
        return types.first
    }

    /// What every answer carries.
    private func secured(_ answer: DeskAnswer) -> DeskAnswer {
        var answer = answer
        let own = Set(answer.fields.map { $0.name.lowercased() })
        answer.fields += DeskFrame.securityHeaders.filter { !own.contains($0.name) }
        return answer
    }

    /// Of a clock that only grows, also while the machine sleeps.
    private static var seconds: Int64 { DemoClock.realBoot / 1_000 }

    private final class State: Sendable {
        let gate = Mutex<DeskGate?>(nil)
        let told = Mutex<String?>(nil)
    }
}
