import Embedded
import Foundation
import Inquiry
import Portal
import Secrets
import Warrants

// From an empty form to a filed request: each step is a form that is sent, and works without scripts.
extension InvestigatorPages {
    func drafting(_ ask: DeskAsk, _ office: DeskOffice) throws -> DeskReply {
        guard ask.path.count > 1 else {
            guard !ask.isForm else { throw ask.unknown }
            let id = String(Digest(of: SystemRandom().bytes(32)).hex.prefix(16))
            keep(Sheet(), as: id)
            return .see("/new/\(id)")
        }
        let id = ask.path[1]
        guard let sheet = sheet(id) else {
            throw DeskError(
                code: "draft-missing",
                sentence:
                    "This draft is gone: it was filed, thrown away, or of an earlier start of "
                    + "this program.")
        }
        switch (ask.isForm, ask.path.dropFirst(2).first, ask.path.count) {
        case (false, nil, 2): return .page(try form(id, sheet, ask, office))
        case (true, nil, 2): return try fill(id, sheet, ask, office)
        case (false, "look", 3): return try look(id, sheet, ask, office)
        case (true, "file", 3): return try file(id, sheet, ask, office)
        default: throw ask.unknown
        }
    }

    private func form(
        _ id: String, _ sheet: Sheet, _ ask: DeskAsk, _ office: DeskOffice
    ) throws -> DeskPage {
        let view = try office.view()
        var check = InvestigatorCheck(sheet.draft, view)
        if let refusal = sheet.refusal { check.refuse(refusal) }
        let page = InvestigatorFormPage(
            id: id, draft: sheet.draft, check: check, view: view)
        var shown = DeskPage(
            "New request",
            purpose: "Fill in a request for one exact plate, under a warrant; mistakes are told "
                + "before anything is filed.", fuller: Self.fuller, place: "/new",
            body: try ask.render("investigator_form", page.values))
        shown.modules.append("investigator.js")
        shown.flash = page.flash
        return shown
    }

    private func fill(
        _ id: String, _ old: Sheet, _ ask: DeskAsk, _ office: DeskOffice
    ) throws -> DeskReply {
        if ask.form.has("drop") {
            forget(id)
            return .see("/", "The draft is thrown away. Nothing was filed.")
        }
        let view = try office.view()
        var sheet = Sheet(draft: old.draft)
        let part = sheet.draft.take(ask.form, view)
        keep(sheet, as: id)
        guard ask.form.has("look"), InvestigatorCheck(sheet.draft, view).isRight else {
            return .see("/new/\(id)#\(part)")
        }
        return .see("/new/\(id)/look")
    }

    /// Prepares the request and shows it. What the judge has against it leads back to the form.
    private func look(
        _ id: String, _ old: Sheet, _ ask: DeskAsk, _ office: DeskOffice
    ) throws -> DeskReply {
        let view = try office.view()
        var sheet = old
        guard let application = InvestigatorCheck(old.draft, view).application(old.draft) else {
            sheet.draft.isTried = true
            keep(sheet, as: id)
            return .see("/new/\(id)#top")
        }
        do {
            let prepared = try office.work { try $0.prepare(application, as: office.id) }
            sheet.prepared = prepared
            keep(sheet, as: id)
            let page = InvestigatorLookPage(
                id: id, draft: sheet.draft, prepared: prepared, view: view)
            return .page(
                DeskPage(
                    "A last look",
                    purpose: "Nothing is filed yet: see who will see what, then sign.",
                    fuller: Self.fuller, place: "/new",
                    body: try ask.render("investigator_look", page.values)))
        } catch let refusal as Refusal {
            sheet.refusal = refusal
            sheet.draft.isTried = true
            keep(sheet, as: id)
            return .see("/new/\(id)#top")
        }
    }

    /// Files what was looked at, and nothing else: the form names it by its id, since another look in
    /// another window may have taken its place.
    private func file(
        _ id: String, _ sheet: Sheet, _ ask: DeskAsk, _ office: DeskOffice
    ) throws -> DeskReply {
        guard let prepared = sheet.prepared, ask.form.text("request") == prepared.id.hex else {
            return .see(
                "/new/\(id)/look",
                "Nothing was filed: the request has changed since that look. This is how it is now."
            )
        }
        let request = try office.work { try $0.file(prepared, as: office.id) }
        forget(id)
        return .see(
            "/requests/\(request.hex)",
            "Filed. It stands in the public log, and waits for its attestation and approvals.")
    }
}
