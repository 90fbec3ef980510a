import Foundation
import Inquiry
import Portal
import Secrets
import Synchronization
import Warrants

/// Decisions that somebody has begun and not yet signed; nothing of them has left this process.
final class PendingDecisions: Sendable {
    /// 10 minutes: how long a decision can be looked at before it is prepared anew, in seconds.
    static let life: TimeInterval = 600
    /// 32: decisions that are kept at once; the oldest go first.
    static let limit = 32

    /// A decision, ready to be signed.
    struct Pending: Sendable {
        let id: String
        let decision: PreparedDecision
        /// Such as `Approve`.
        let verb: String
        /// The reason in words, as it was typed; nil where there is none.
        let reason: String?
        /// What the statement says in numbers, for people: names and texts.
        let terms: [(name: String, text: String)]
        fileprivate let made: TimeInterval
    }

    private let pending = Mutex<[Pending]>([])

    /// Keeps a decision for the second look; returns its address.
    func keep(
        _ decision: PreparedDecision, verb: String, reason: String? = nil,
        terms: [(name: String, text: String)] = []
    ) -> String {
        let id = Digest(of: SystemRandom().bytes(32)).hex
        let now = ProcessInfo.processInfo.systemUptime
        pending.withLock { all in
            all.append(
                Pending(
                    id: id, decision: decision, verb: verb, reason: reason, terms: terms,
                    made: now))
            if all.count > Self.limit { all.removeFirst() }
        }
        return "/decision/\(id)"
    }

    /// A decision that was kept and is not too old. Throws `decision-gone`.
    func find(_ id: String) throws(DeskError) -> Pending {
        let now = ProcessInfo.processInfo.systemUptime
        let found = pending.withLock { all in
            all.removeAll { now - $0.made > Self.life }
            return all.first { $0.id == id }
        }
        guard let found else {
            throw DeskError(
                code: "decision-gone",
                sentence: "This decision was signed, or not signed for ten minutes. Open the "
                    + "request again.")
        }
        return found
    }

    /// Takes a decision for signing: it can be taken once. Throws `decision-gone`.
    func take(_ id: String) throws(DeskError) -> Pending {
        let found = try find(id)
        let isTaken = pending.withLock { all in
            guard let place = all.firstIndex(where: { $0.id == id }) else { return false }
            all.remove(at: place)
            return true
        }
        guard isTaken else { return try find(id) }
        return found
    }
}

extension PendingDecisions.Pending {
    /// The second look at what is about to be signed: whose request it is, the statement's text byte for
    /// byte, and the one button that signs it. Throws as `DeskAsk.render`.
    func secondLook(
        _ title: String, button: String, isGrave: Bool, at words: RequestWords,
        size: Table.Cell? = nil, _ ask: DeskAsk, _ office: DeskOffice
    ) throws -> DeskPage {
        var facts = [
            Facts.Fact("Purpose", Table.Cell(words.purpose)),
            Facts.Fact("From", Table.Cell("\(words.state.body.requester), \(words.agency)")),
            Facts.Fact("Process", Table.Cell(words.process)),
        ]
        if let size { facts.append(Facts.Fact("Size", size)) }
        facts += terms.map { Facts.Fact($0.name, Table.Cell($0.text)) }
        facts.append(Facts.Fact("Signed by", Table.Cell(office.id)))
        var page = DeskPage(
            title, purpose: "A second look before it counts: this is what you sign, byte for byte.",
            body: try ask.render(
                "officer_decision",
                [
                    "id": .text(id), "request": .text(words.state.id.hex),
                    "isGrave": .flag(isGrave), "button": .text(button), "facts": .of(Facts(facts)),
                    "reason": .maybe(reason), "text": .text(decision.text),
                    "digest": .text(StatementDraft.id(decision.text).hex),
                ]))
        page.crumbs = [
            Place("Waiting", "", id: ""),
            Place("Request \(words.short)", "request/\(words.state.id.hex)", id: ""),
        ]
        return page
    }
}

/// What an officer has begun, and which documents were compared; in this process only.
final class OfficerState: Sendable {
    /// Decisions that wait for the second look.
    let pending = PendingDecisions()
    private let documents = Mutex<[Digest: Bool]>([:])

    /// Remembers whether a document is the request's warrant.
    func compared(_ request: Digest, matches: Bool) {
        documents.withLock { $0[request] = matches }
    }

    /// Whether the document that was compared last is the request's warrant; nil where none was.
    func document(of request: Digest) -> Bool? { documents.withLock { $0[request] } }
}
