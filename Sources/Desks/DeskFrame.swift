import Bytes
import Hosting

/// What every page of a desk stands in.
enum DeskFrame {
    /// What every answer of a desk carries. Unlike a public page it tells its own origin, and nobody
    /// else, where a form was sent from: without that, `Origin` would say `null`.
    static let securityHeaders: [(name: String, value: String)] = [
        ("cache-control", "no-store"),
        (
            "content-security-policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                + "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-embedder-policy", "require-corp"),
        (
            "permissions-policy",
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        ),
    ]

    /// A page of a role within its desk.
    static func wrap(
        _ page: DeskPage, of pages: any DeskPages, office: DeskOffice, told: String?, token: String
    ) -> DeskAnswer {
        let places = pages.places.map { place in
            let mark = place.path == page.place ? " aria-current=\"page\"" : ""
            return "<a href=\"\(place.path)\"\(mark)>\(Markup.escape(place.title))</a>"
        }.joined(separator: " ")
        let told = told.map { "<p role=\"status\">\(Markup.escape($0))</p>" } ?? ""
        let problem = page.problem.map { "<p role=\"alert\">\(Markup.escape($0))</p>" } ?? ""
        let text = """
            <!doctype html><html lang="en"><head><meta charset="utf-8">\
            <meta name="viewport" content="width=device-width, initial-scale=1">\
            <title>\(Markup.escape(page.title)) · \(Markup.escape(pages.title))</title>\
            <link rel="stylesheet" href="/assets/style.css"></head><body>\
            <header><p>\(Markup.escape(pages.title)) of \(Markup.escape(office.id)), \
            \(Markup.escape(office.origin))</p><nav>\(places)</nav>\
            <form method="post" action="/leave"><input type="hidden" name="desk-token" \
            value="\(token)"><button>End session</button></form></header>\
            <main><h1>\(Markup.escape(page.title))</h1><p>\(Markup.escape(page.purpose)) \
            More: \(Markup.escape(page.fuller)).</p>\(told)\(problem)\(page.body)</main></body></html>
            """
        var answer = html(text, status: page.status)
        if let seconds = page.refresh { answer.fields.append(("refresh", "\(seconds)")) }
        return answer
    }

    /// A page without a role: for whoever has no session.
    static func plain(
        _ title: String, _ sentence: String, status: Int, link: String? = nil
    ) -> DeskAnswer {
        let way = link.map { "<p><a href=\"\($0)\">Go on</a></p>" } ?? ""
        return html(
            """
            <!doctype html><html lang="en"><head><meta charset="utf-8">\
            <meta name="viewport" content="width=device-width, initial-scale=1">\
            <title>\(Markup.escape(title))</title>\
            <link rel="stylesheet" href="/assets/style.css"></head><body><main>\
            <h1>\(Markup.escape(title))</h1><p>\(Markup.escape(sentence))</p>\(way)</main></body>\
            </html>
            """, status: status)
    }

    /// Why a question is refused.
    static func plain(_ refusal: DeskRefusal) -> DeskAnswer {
        plain("Not answered", "\(refusal.sentence) [\(refusal.rawValue)]", status: refusal.status)
    }

    /// A file of the style; nil where there is none of that name.
    static func asset(_ name: String, unlessIs tag: String?) -> DeskAnswer? { nil }

    /// Why a page could not be made.
    static func problem(_ error: any CodedError) -> DeskPage {
        let isMissing = ["path-unknown", "request-unknown"].contains(error.code)
        return DeskPage(
            isMissing ? "Nothing here" : "It could not be done",
            purpose: "This page says why the desk could not do what was asked.", body: "",
            status: isMissing ? 404 : 422, problem: "\(error.sentence) [\(error.code)]")
    }

    /// How far slow work is.
    static func progress(_ job: DeskJob) -> DeskPage {
        let state = job.state
        var page = DeskPage(
            job.title, purpose: "This page shows how far the work is, and goes on when it is done.",
            body: "")
        if case .failed(let code, let sentence) = state.end {
            page.problem = "\(sentence) [\(code)]"
            return page
        }
        page.refresh = 1
        let bar =
            state.all > 0
            ? "<progress value=\"\(state.done)\" max=\"\(state.all)\"></progress> "
                + "\(state.done) of \(state.all)" : "<progress></progress>"
        page.body = "<p>\(Markup.escape(state.what)) \(bar)</p>"
        return page
    }

    /// After the session was ended.
    static func left() -> DeskPage {
        DeskPage(
            "The session has ended",
            purpose: "This browser can do nothing more at this desk; the program goes on until it "
                + "is ended in its terminal.", body: "")
    }

    private static func html(_ text: String, status: Int) -> DeskAnswer {
        DeskAnswer(
            status: status, fields: [("content-type", "text/html; charset=utf-8")],
            body: Array(text.utf8))
    }
}
