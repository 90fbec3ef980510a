import Bytes
import Embedded
import Foundation
import Inquiry
import Plates
import Portal
import Secrets
import Warrants

/// The officer's desk: what waits, one request at a time, and the officer's yes or no, looked at
/// twice before it counts.
struct OfficerPages: DeskPages {
    let custodian: Warrants.Custodian
    private let state = OfficerState()

    init(custodian: Warrants.Custodian) { self.custodian = custodian }

    var title: String { "Officer's desk" }
    var places: [DeskPlace] { [DeskPlace("/", "Waiting"), DeskPlace("/decided", "Decided")] }

    func answer(_ ask: DeskAsk, in office: DeskOffice) throws -> DeskReply {
        switch (ask.isForm, ask.path.first, ask.path.count) {
        case (false, nil, _): return .page(try waiting(ask, office))
        case (false, "decided", 1): return .page(try decided(ask, office))
        case (false, "request", 2): return .page(try page(ask, office))
        case (true, "request", 3): return try act(ask, office)
        case (false, "decision", 2): return .page(try secondLook(ask, office))
        case (true, "decision", 3) where ask.path[2] == "sign": return try sign(ask, office)
        default: throw ask.unknown
        }
    }

    /// The officer's custodian as the roster in force has it, which may be another than at the start.
    private func custodian(in view: DeskView) -> Warrants.Custodian {
        view.roster.custodian(ofOfficer: view.id) ?? custodian
    }

    private func waiting(_ ask: DeskAsk, _ office: DeskOffice) throws -> DeskPage {
        let view = try office.view()
        let waiting = try view.inbox.map { try view.request($0.request) }
            .map { RequestWords(state: $0, view: view) }
            .sorted {
                ($0.deadline, $0.state.request.index) < ($1.deadline, $1.state.request.index)
            }
        let table = Table(
            "Requests that wait for you", heads: ["Time left", "For", "From", "Process", "Filed"],
            rows: waiting.map { one in
                let left = RequestWords.left(until: one.deadline, at: view.now)
                return [
                    left, Table.Cell(one.purpose, href: "/request/\(one.state.id.hex)"),
                    Table.Cell("\(one.state.body.requester), \(one.agency)"),
                    Table.Cell(
                        one.process, badge: one.state.body.process == "exigent" ? .warn : nil),
                    Table.Cell(one.time(one.state.body.time)),
                ]
            }, hidesCaption: true)
        return DeskPage(
            "What waits",
            purpose:
                "Requests that wait for your decision, the one with the least time left first.",
            body: try ask.render(
                "officer_waiting",
                [
                    "table": waiting.isEmpty ? false : .of(table),
                    "empty": .maybe(
                        waiting.isEmpty
                            ? EmptyState(
                                "Nothing waits for you.",
                                hint: "This page counts again by itself; a notification tells you "
                                    + "when something arrives.") : nil),
                ]))
    }

    private func decided(_ ask: DeskAsk, _ office: DeskOffice) throws -> DeskPage {
        let view = try office.view()
        let officers = Set(custodian(in: view).officers.map(\.id))
        var rows: [(index: UInt64, cells: [Table.Cell])] = []
        for one in view.record.allRequests {
            let words = RequestWords(state: one, view: view)
            func row(_ what: String, _ kind: Badge.Kind, _ by: String, _ time: Timestamp)
                -> [Table.Cell]
            {
                let outcome = RequestWords.outcome(of: one, in: view.record, at: view.now)
                return [
                    Table.Cell(words.time(time)), Table.Cell(what, badge: kind), Table.Cell(by),
                    Table.Cell(words.purpose, href: "/request/\(one.id.hex)"),
                    Table.Cell(words.agency), Table.Cell(outcome.word, badge: outcome.kind),
                ]
            }
            for yes in one.approvals where officers.contains(yes.body.officer) {
                rows.append(
                    (yes.index, row("approved", .good, yes.body.officer, yes.body.time)))
            }
            for no in one.denials where officers.contains(no.body.officer) {
                let what = "denied: \(no.body.code.rawValue)"
                rows.append((no.index, row(what, .bad, no.body.officer, no.body.time)))
            }
        }
        let table = Table(
            "What your institution decided",
            heads: ["When", "Decision", "By", "For", "Agency", "What became of it"],
            rows: rows.sorted { $0.index > $1.index }.prefix(200).map { $0.cells },
            hidesCaption: true)
        return DeskPage(
            "Decided", purpose: "What your institution's officers decided, newest first.",
            place: "/decided",
            body: try ask.render(
                "officer_waiting",
                [
                    "table": rows.isEmpty ? false : .of(table),
                    "empty": .maybe(rows.isEmpty ? EmptyState("Nothing was decided yet.") : nil),
                ]))
    }

    /// A request, opened by the own custodian, which checks it against the log's commitments.
    private func request(_ ask: DeskAsk, _ office: DeskOffice) throws -> OfficerRequest {
        try office.work { deployment in
            let desk = try deployment.desk(office.id)
            try desk.refresh()
            var view = DeskView(id: office.id, record: desk.record, now: deployment.now)
            let state = try view.request(ask.path[1])
            var secret: RequestSecret?
            var problem: (any CodedError)?
            do {
                secret = try deployment.officer(office.id).docket(of: state.id, at: deployment.now)
            } catch let error as any CodedError {
                problem = error
            }
            view = DeskView(id: office.id, record: desk.record, now: deployment.now)
            return OfficerRequest(
                words: RequestWords(state: try view.request(ask.path[1]), view: view),
                secret: secret, problem: problem, officer: office.id,
                custodian: custodian(in: view))
        }
    }

    private func page(
        _ ask: DeskAsk, _ office: DeskOffice, showsPlates: Bool = false, problem: String? = nil
    ) throws -> DeskPage {
        let request = try request(ask, office)
        let id = request.words.state.id
        var page = DeskPage(
            "Request \(request.words.short)",
            purpose:
                "Everything that your decision rests on; nothing is signed before a second look.",
            body: try ask.render(
                "officer_request",
                request.values(
                    showsPlates: showsPlates, document: state.document(of: id), form: ask.form,
                    problem: problem)))
        page.crumbs = [Place("Waiting", "", id: "")]
        page.isWide = true
        if problem != nil { page.status = 422 }
        return page
    }

    private func act(_ ask: DeskAsk, _ office: DeskOffice) throws -> DeskReply {
        switch ask.path[2] {
        case "plates": return .page(try page(ask, office, showsPlates: true))
        case "warrant": return try compare(ask, office)
        case "approve":
            let request = try request(ask, office)
            if let refusal = RuleWords.refusal(request.checks) { throw refusal }
            return .see(
                state.pending.keep(
                    try office.work {
                        try $0.officer(office.id).preparedApproval(
                            of: request.words.state.id, at: $0.now)
                    }, verb: "Approve"))
        case "deny": return try deny(ask, office)
        default: throw ask.unknown
        }
    }

    private func compare(_ ask: DeskAsk, _ office: DeskOffice) throws -> DeskReply {
        let request = try office.view().request(ask.path[1])
        guard let file = ask.form.file("document") else {
            var page = try page(ask, office)
            page.flash = Flash(
                .bad, "No document was chosen.", hint: "Choose the file and try again.")
            return .page(page)
        }
        state.compared(request.id, matches: Digest(of: file.bytes) == request.body.warrant)
        return .see("/request/\(request.id.hex)")
    }

    private func deny(_ ask: DeskAsk, _ office: DeskOffice) throws -> DeskReply {
        let request = try office.view().request(ask.path[1])
        guard let code = ask.form.text("code").flatMap({ DenialCode(rawValue: $0) }) else {
            return .page(try page(ask, office, problem: "Choose why."))
        }
        let typed = (ask.form.text("reason") ?? "").replacing("\r\n", with: "\n")
        let reason = typed.isEmpty ? nil : try DenialReason(typed)
        let decision = try office.work {
            try $0.officer(office.id).preparedDenial(
                of: request.id, code: code, reason: reason, at: $0.now)
        }
        return .see(state.pending.keep(decision, verb: "Deny", reason: reason.map { _ in typed }))
    }

    /// The second look: the very text that the signature will be over.
    private func secondLook(_ ask: DeskAsk, _ office: DeskOffice) throws -> DeskPage {
        let pending = try state.pending.find(ask.path[1])
        let view = try office.view()
        let words = RequestWords(state: try view.request(pending.decision.request.hex), view: view)
        let isYes = pending.verb == "Approve"
        return try pending.secondLook(
            "\(pending.verb) this request?",
            button: isYes ? "Sign the approval" : "Sign the denial", isGrave: !isYes, at: words,
            size: Table.Cell("\(words.state.body.cellCount) hours at sites"), ask, office)
    }

    private func sign(_ ask: DeskAsk, _ office: DeskOffice) throws -> DeskReply {
        let pending = try state.pending.take(ask.path[1])
        try office.work { try $0.officer(office.id).decide(pending.decision) }
        let done = pending.verb == "Approve" ? "approved" : "denied"
        return .see(
            "/request/\(pending.decision.request.hex)",
            "You have \(done) this request; it stands in the log.")
    }
}
