import Inquiry
import Warrants

/// The officer's desk: what waits, one request at a time, and the officer's yes or no.
struct OfficerPages: DeskPages {
    let custodian: Warrants.Custodian

    var title: String { "Officer's desk" }
    var places: [DeskPlace] { [DeskPlace("/", "Waiting")] }

    func answer(_ ask: DeskAsk, in office: DeskOffice) throws -> DeskReply {
        switch (ask.isForm, ask.path) {
        case (false, []): return .page(try waiting(office))
        default: throw ask.unknown
        }
    }

    private func waiting(_ office: DeskOffice) throws -> DeskPage {
        let items = try office.view().inbox.sorted { $0.deadline < $1.deadline }
        let rows = items.map { item in
            "<li>\(Markup.escape(item.deadline)) \(Markup.escape(item.requester)) "
                + "\(Markup.escape(item.purpose)) \(item.request)</li>"
        }.joined()
        return DeskPage(
            "What waits", purpose: "Requests that wait for your decision, oldest deadline first.",
            body: items.isEmpty ? "<p>Nothing waits for you.</p>" : "<ol>\(rows)</ol>")
    }
}
