import Inquiry
import Portal
import Warrants

/// The officer's desk: what waits, one request at a time, and the officer's yes or no.
struct OfficerPages: DeskPages {
    let custodian: Warrants.Custodian

    var title: String { "Officer's desk" }
    var places: [DeskPlace] { [DeskPlace("/", "Waiting")] }

    func answer(_ ask: DeskAsk, in office: DeskOffice) throws -> DeskReply {
        switch (ask.isForm, ask.path) {
        case (false, []): return .page(try waiting(ask, office))
        default: throw ask.unknown
        }
    }

    private func waiting(_ ask: DeskAsk, _ office: DeskOffice) throws -> DeskPage {
        let items = try office.view().inbox.sorted { $0.deadline < $1.deadline }
        let table = Table(
            "Requests that wait for you", heads: ["Until", "From", "For", "Request"],
            rows: items.map { item in
                [
                    Table.Cell(item.deadline), Table.Cell(item.requester),
                    Table.Cell(item.purpose), Table.Cell(String(item.request.prefix(16))),
                ]
            })
        return DeskPage(
            "What waits", purpose: "Requests that wait for your decision, oldest deadline first.",
            body: try ask.render(
                "officer_waiting",
                [
                    "table": items.isEmpty ? false : .of(table),
                    "empty": .maybe(items.isEmpty ? EmptyState("Nothing waits for you.") : nil),
                ]))
    }
}
