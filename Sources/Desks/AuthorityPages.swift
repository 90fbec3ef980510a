import Bytes
import Embedded
import Foundation
import Inquiry
import Plates
import Portal
import Secrets
import Synchronization
import Warrants

/// The authority's desk: orders to attest, each held against the request that names it.
struct AuthorityPages: DeskPages {
    private let state = AuthorityState()

    var title: String { "Authority's desk" }
    var places: [DeskPlace] { [DeskPlace("/", "Waiting"), DeskPlace("/attested", "Attested")] }

    func answer(_ ask: DeskAsk, in office: DeskOffice) throws -> DeskReply {
        switch (ask.isForm, ask.path.first, ask.path.count) {
        case (false, nil, _): return .page(try waiting(ask, office))
        case (false, "attested", 1): return .page(try attested(ask, office))
        case (false, "request", 2): return .page(try page(ask, try office.view()))
        case (true, "request", 3): return try act(ask, office)
        case (false, "decision", 2): return .page(try secondLook(ask, office))
        case (true, "decision", 3) where ask.path[2] == "sign": return try sign(ask, office)
        default: throw ask.unknown
        }
    }

    private func waiting(_ ask: DeskAsk, _ office: DeskOffice) throws -> DeskPage {
        let view = try office.view()
        let items = try view.inbox.map { item in
            (
                what: item.what,
                words: RequestWords(state: try view.request(item.request), view: view)
            )
        }.sorted { $0.words.deadline < $1.words.deadline }
        let table = Table(
            "Requests that wait for an order",
            heads: ["Time left", "Wanted", "For", "From", "Filed"],
            rows: items.map { item in
                let words = item.words
                let isLate = item.what == "ratify"
                return [
                    isLate
                        ? Table.Cell("answered already", badge: .bad)
                        : RequestWords.left(until: words.deadline, at: view.now),
                    Table.Cell(isLate ? "ratify" : "attest"),
                    Table.Cell(words.purpose, href: "/request/\(words.state.id.hex)"),
                    Table.Cell("\(words.state.body.requester), \(words.agency)"),
                    Table.Cell(words.time(words.state.body.time)),
                ]
            }, hidesCaption: true)
        return DeskPage(
            "What waits",
            purpose: "Requests for which no authority has attested an order yet.",
            body: try ask.render(
                "officer_waiting",
                [
                    "table": items.isEmpty ? false : .of(table),
                    "empty": .maybe(
                        items.isEmpty
                            ? EmptyState("No request waits for an order.") : nil),
                ]))
    }

    private func attested(_ ask: DeskAsk, _ office: DeskOffice) throws -> DeskPage {
        let view = try office.view()
        var rows: [(index: UInt64, cells: [Table.Cell])] = []
        for one in view.record.allRequests {
            let words = RequestWords(state: one, view: view)
            for order in one.orders where order.body.authority == office.id {
                let outcome = RequestWords.outcome(of: one, in: view.record, at: view.now)
                rows.append(
                    (
                        order.index,
                        [
                            Table.Cell(words.time(order.body.time)),
                            Table.Cell(words.purpose, href: "/request/\(one.id.hex)"),
                            Table.Cell(words.agency),
                            Table.Cell(TimeText(order.body.expires, in: .current)),
                            Table.Cell(outcome.word, badge: outcome.kind),
                            Table.Cell(order.index),
                        ]
                    ))
            }
        }
        let table = Table(
            "Orders attested here, newest first",
            heads: ["When", "For", "Agency", "Holds until", "What became of it", "Entry"],
            rows: rows.sorted { $0.index > $1.index }.prefix(200).map { $0.cells }, numbers: [5],
            hidesCaption: true)
        return DeskPage(
            "Attested", purpose: "The orders that this authority attested, newest first.",
            place: "/attested",
            body: try ask.render(
                "officer_waiting",
                [
                    "table": rows.isEmpty ? false : .of(table),
                    "empty": .maybe(rows.isEmpty ? EmptyState("Nothing was attested yet.") : nil),
                ]))
    }

    /// What is wrong with what was filled in, by field.
    private struct Problems {
        var document: String?
        var expires: String?
        var embargo: String?
        var proof: String?
        var isEmpty: Bool {
            document == nil && expires == nil && embargo == nil && proof == nil
        }
    }

    private func page(
        _ ask: DeskAsk, _ view: DeskView, _ problems: Problems = Problems()
    ) throws -> DeskPage {
        let words = RequestWords(state: try view.request(ask.path[1]), view: view)
        let isOver = !view.inbox.contains { $0.request == words.state.id.hex }
        let opened = state.opened(of: words.state.id)
        var page = DeskPage(
            "Request \(words.short)",
            purpose:
                "An order is attested for exactly this request; hold it against the paper first.",
            body: try ask.render(
                "authority_request",
                [
                    "id": .text(words.state.id.hex), "asked": .of(words.facts(nil)),
                    "digest": .text(words.state.body.warrant.hex),
                    "commitments": .of(commitments(words)),
                    "opened": .list(
                        opened.map {
                            ["place": .number($0.place + 1), "plate": .text($0.plate)]
                        }),
                    "isOpened": .flag(!opened.isEmpty),
                    "plate": .of(
                        Field(
                            "plate", "The plate that the order names",
                            hint: "Compared in this program with the requester's proof.",
                            isNeeded: true)),
                    "proof": .of(
                        Field(
                            "proof", "The requester's request proof", .file,
                            hint: "The file that platevault log prove-request makes.",
                            problem: problems.proof, isNeeded: true)),
                    "orders": .maybe(words.orders),
                    "canAttest": .flag(words.state.withdrawals.isEmpty),
                    "isOver": .flag(isOver),
                    "document": .of(
                        Field(
                            "document", "The order in your hands", .file,
                            hint: "Its SHA-256 must be the one that the request names.",
                            problem: problems.document, isNeeded: true)),
                    "expires": .of(
                        Field(
                            "expires", "The order holds for", .choice(Self.lives),
                            value: ask.form.text("expires") ?? "3",
                            hint: "Custodians answer until then.", problem: problems.expires,
                            isNeeded: true)),
                    "embargo": .of(
                        Field(
                            "embargo", "Put the embargo off to", .date,
                            value: ask.form.text("embargo") ?? "",
                            hint: "Only where the order says so; at most "
                                + "\(view.roster.policy.embargoDays) days from today.",
                            problem: problems.embargo)),
                ]))
        page.crumbs = [Place("Waiting", "", id: "")]
        if !problems.isEmpty { page.status = 422 }
        return page
    }

    private static let lives = [1, 2, 3, 7, 14, 30].map {
        Field.Choice("\($0)", $0 == 1 ? "1 day" : "\($0) days")
    }

    /// What the order will repeat, as the log has it.
    private func commitments(_ words: RequestWords) -> Facts {
        let body = words.state.body
        let plates = body.plateCommitments.enumerated().map { place, commitment in
            Facts.Fact("Plate \(place + 1)", Table.Cell(commitment.hex))
        }
        return Facts(
            plates + [
                Facts.Fact(
                    "Hours and sites", Table.Cell(body.windowCommitment.hex),
                    note: "\(body.cellCount) hours at sites"),
                Facts.Fact("Docket", Table.Cell(body.docketCommitment.hex)),
            ])
    }

    private func act(_ ask: DeskAsk, _ office: DeskOffice) throws -> DeskReply {
        let view = try office.view()
        let request = try view.request(ask.path[1])
        switch ask.path[2] {
        case "proof": return try verify(ask, view, request)
        case "attest": return try attest(ask, office, view, request)
        default: throw ask.unknown
        }
    }

    /// Opens one plate's commitment by the requester's proof, and compares it with the order's plate.
    private func verify(
        _ ask: DeskAsk, _ view: DeskView, _ request: RequestState
    ) throws -> DeskReply {
        var problems = Problems()
        do {
            guard let file = ask.form.file("proof") else {
                problems.proof = "Choose the requester's proof."
                return .page(try page(ask, view, problems))
            }
            let proof = try RequestProof(wire: file.bytes)
            guard proof.request == request.id else {
                problems.proof = "The proof is of another request."
                return .page(try page(ask, view, problems))
            }
            let typed = ask.form.text("plate") ?? ""
            _ = try proof.verify(plate: typed, trusted: view.record.rosters.first?.roster.hash)
            state.open(
                request.id, AuthorityState.Opened(place: proof.place, plate: proof.plate.text))
            return .see(
                "/request/\(request.id.hex)", "The commitment opens to the plate that you typed.")
        } catch let error as any CodedError {
            problems.proof = "\(DeskFrame.sentence(error.sentence)) (\(error.code))"
            return .page(try page(ask, view, problems))
        }
    }

    private func attest(
        _ ask: DeskAsk, _ office: DeskOffice, _ view: DeskView, _ request: RequestState
    ) throws -> DeskReply {
        var problems = Problems()
        let file = ask.form.file("document")
        if let file {
            if Digest(of: file.bytes) != request.body.warrant {
                problems.document = "This is another document than the request names."
            }
        } else {
            problems.document = "Choose the document."
        }
        let days = ask.form.text("expires").flatMap { Int64($0) }
            .flatMap { (1...30).contains($0) ? $0 : nil }
        if days == nil { problems.expires = "Choose how long it holds." }
        var embargo: Day?
        let typed = ask.form.text("embargo") ?? ""
        if !typed.isEmpty {
            embargo = Day(text: typed)
            let latest = view.now.day.adding(Int64(view.roster.policy.embargoDays))
            if embargo == nil {
                problems.embargo = "Write a day like 2026-05-31."
            } else if let embargo, embargo > latest {
                problems.embargo = "At most until \(latest.text)."
            } else if let embargo, embargo <= request.embargo {
                problems.embargo = "It is kept until \(request.embargo.text) already."
            }
        }
        guard problems.isEmpty, let days, let file else {
            return .page(try page(ask, view, problems))
        }
        let (until, expires) = (embargo, view.now.adding(days: days))
        let order = try office.work {
            try Clerk(desk: try $0.desk(office.id)).preparedOrder(
                for: request.id, warrant: Digest(of: file.bytes), expires: expires,
                embargo: until, at: $0.now)
        }
        var terms = [(name: "Holds until", text: TimeText(expires, in: .current).utc)]
        if let until { terms.append((name: "Embargo put off to", text: until.text)) }
        return .see(state.pending.keep(order, verb: "Attest", terms: terms))
    }

    private func secondLook(_ ask: DeskAsk, _ office: DeskOffice) throws -> DeskPage {
        let pending = try state.pending.find(ask.path[1])
        let view = try office.view()
        let words = RequestWords(state: try view.request(pending.decision.request.hex), view: view)
        return try pending.secondLook(
            "Attest this order?", button: "Sign the attestation", isGrave: false, at: words, ask,
            office)
    }

    private func sign(_ ask: DeskAsk, _ office: DeskOffice) throws -> DeskReply {
        let pending = try state.pending.take(ask.path[1])
        try office.work {
            try Clerk(desk: try $0.desk(office.id)).attest(pending.decision)
        }
        return .see("/", "The order is attested; it stands in the log.")
    }
}

/// What an authority has begun, and which commitments it has seen opened; in this process only.
final class AuthorityState: Sendable {
    /// A plate that a request's proof opened.
    struct Opened: Sendable, Hashable {
        let place: Int
        let plate: String
    }

    /// Orders that wait for the second look.
    let pending = PendingDecisions()
    private let plates = Mutex<[Digest: [Opened]]>([:])

    /// Remembers an opened plate of a request.
    func open(_ request: Digest, _ plate: Opened) {
        plates.withLock { all in
            var own = all[request] ?? []
            if !own.contains(plate) { own.append(plate) }
            all[request] = own
        }
    }

    /// The opened plates of a request, in its order.
    func opened(of request: Digest) -> [Opened] {
        plates.withLock { ($0[request] ?? []).sorted { $0.place < $1.place } }
    }
}
