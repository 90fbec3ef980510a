import Bytes
import Foundation
import Hosting
import Portal

/// What every page of a desk stands in: Portal's frame, with headers of its own.
enum DeskFrame {
    /// What every answer of a desk carries. Unlike a public page it tells its own origin, and nobody
    /// else, where a form was sent from: without that, `Origin` would say `null`.
    static let securityHeaders: [(name: String, value: String)] =
        SecurityHeaders.all.map { field in
            let name = field.name.lowercased()
            return (name, name == "referrer-policy" ? referrer : field.value)
        } + [("cache-control", "no-store"), ("cross-origin-embedder-policy", "require-corp")]

    private static let referrer = "same-origin"

    /// A page of a role within its desk.
    static func wrap(
        _ page: DeskPage, of pages: any DeskPages, office: DeskOffice, told: String?,
        token: String
    ) -> DeskAnswer {
        var frame = Frame(
            name: office.origin, face: pages.title, root: "/",
            places: pages.places.map { Place($0.title, String($0.path.dropFirst()), id: $0.path) })
        frame.formToken = token
        frame.foot = [
            "The desk of \(office.id), served by a program on this machine to this browser alone."
        ]
        if let view = office.viewMeanwhile {
            frame.foot.append(
                "A piece of slow work is under way: until it is done, the log is shown as of "
                    + "\(TimeText(view.now, in: .current).utc).")
        }
        var shown = Page(
            title: page.title, purpose: page.purpose, help: page.fuller, body: page.body)
        shown.place = page.place
        shown.crumbs = page.crumbs
        shown.modules = page.modules
        shown.isWide = page.isWide
        shown.flash = page.flash ?? told.map { Flash(.good, $0) }
        var answer = html(shown, frame, status: page.status)
        if let seconds = page.refresh {
            answer.fields.append((name: "refresh", value: "\(seconds)"))
        }
        return answer
    }

    /// A page without a role: for whoever has no session.
    static func plain(_ title: String, _ flash: Flash, status: Int) -> DeskAnswer {
        let page = Page(
            title: title, purpose: "A desk is for the one browser that its program opened.",
            help: "Operating/Desk.md", body: .none)
        var shown = page
        shown.flash = flash
        return html(
            shown, Frame(name: "PlateVault", face: "Desk", root: "/", places: []), status: status)
    }

    /// Why a question is refused.
    static func plain(_ refusal: DeskRefusal) -> DeskAnswer {
        plain(
            "Not answered", Flash(.bad, refusal.sentence, code: refusal.rawValue),
            status: refusal.status)
    }

    /// A file of the style, or that the browser has it already; nil where there is none of that name.
    static func asset(_ name: String, unlessIs tag: String?) -> DeskAnswer? {
        guard let asset = Asset.named(name) else { return nil }
        let isKnown = tag == asset.tag
        return DeskAnswer(
            status: isKnown ? 304 : 200,
            fields: [
                ("content-type", asset.type), ("etag", asset.tag), ("cache-control", "no-cache"),
            ], body: isKnown ? [] : asset.bytes)
    }

    /// Why a page could not be made.
    static func problem(_ error: any CodedError) -> DeskPage {
        let isMissing = ["path-unknown", "request-unknown"].contains(error.code)
        var page = DeskPage(
            isMissing ? "Nothing here" : "It could not be done",
            purpose: "This page says why the desk could not do what was asked.", body: .none,
            status: isMissing ? 404 : 422)
        page.flash = Flash(.bad, sentence(error.sentence), code: error.code)
        return page
    }

    /// How far slow work is.
    static func progress(_ job: DeskJob, _ ask: DeskAsk) throws -> DeskPage {
        let state = job.state
        var page = DeskPage(
            job.title, purpose: "This page shows how far the work is, and goes on when it is done.",
            body: .none)
        if case .failed(let code, let sentence) = state.end {
            page.flash = Flash(.bad, Self.sentence(sentence), code: code)
            page.status = 422
            return page
        }
        page.refresh = 1
        let share = state.all > 0 ? (done: state.done, of: state.all) : nil
        page.body = try ask.render(
            "desk_progress", ["bar": .of(ProgressBar(sentence(state.what), share: share))])
        return page
    }

    /// A program's sentence as a page says it: with a capital, and with its full stop.
    static func sentence(_ text: String) -> String {
        guard let first = text.first else { return text }
        return first.uppercased() + text.dropFirst()
            + (text.hasSuffix(".") || text.hasSuffix("?") ? "" : ".")
    }

    private static func html(_ page: Page, _ frame: Frame, status: Int) -> DeskAnswer {
        var frame = frame
        frame.referrer = referrer
        do {
            let body = try frame.html(page, by: try Templates.own.get())
            return DeskAnswer(
                status: status, fields: [("content-type", "text/html; charset=utf-8")], body: body)
        } catch {
            return DeskAnswer(
                status: 500, fields: [("content-type", "text/plain; charset=utf-8")],
                body: Array("\(error.sentence) [\(error.code)]\n".utf8))
        }
    }
}
