import Bytes
import Embedded
import Foundation
import Inquiry
import Portal
import Secrets
import Warrants

// One request after it was filed: how far it is, its withdrawal, what it opened, the court's bundle.
extension InvestigatorPages {
    func request(
        _ ask: DeskAsk, _ state: RequestState, _ view: DeskView, _ office: DeskOffice
    ) throws -> DeskReply {
        let path = "/requests/\(state.id.hex)"
        let reply = try request(ask, state, view, office, path)
        guard case .page(var page) = reply else { return reply }
        page.crumbs = [Place("Requests", "")]
        if ask.path.count > 2 {
            page.crumbs.append(
                Place("Request \(state.id.hex.prefix(12))", String(path.dropFirst())))
        }
        return .page(page)
    }

    private func request(
        _ ask: DeskAsk, _ state: RequestState, _ view: DeskView, _ office: DeskOffice,
        _ path: String
    ) throws -> DeskReply {
        switch (ask.isForm, ask.path.dropFirst(2).first, ask.path.count) {
        case (false, nil, 2): return .page(try page(of: state, view, ask, office))
        case (false, "withdraw", 3): return .page(try withdrawal(of: state, ask))
        case (true, "withdraw", 3):
            try office.work { try $0.withdraw(state.id, as: office.id) }
            return .see(path, "Withdrawn. Your withdrawal stands in the public log.")
        case (true, "told", 3):
            try office.work { try $0.notify(state.id, as: office.id) }
            return .see(path, "Your word that the owner was told stands in the public log.")
        case (true, "open", 3): return .see(open(state.id, ask.form.has("whole"), office).path)
        case (false, "opened", 3), (false, "print", 3):
            let folder = try newest(state.id, office)
            guard let opened = opened(in: folder) else {
                return .see(read(folder, state.id, then: ask.path[2], office).path)
            }
            return .page(try page(of: opened, state, view, ask))
        case (false, "photos", 4): return try photo(ask, state.id, office)
        case (false, "bundle.tar", 3):
            let folder = try newest(state.id, office)
            let bundle = try office.work { try $0.bundle(at: folder) }
            return .download(
                name: "\(try bundle.archiveFolder).tar", type: "application/x-tar",
                bytes: try bundle.archive())
        case (true, "folder", 3): return try write(ask, state.id, path, office)
        default: throw ask.unknown
        }
    }

    private func page(
        of state: RequestState, _ view: DeskView, _ ask: DeskAsk, _ office: DeskOffice
    ) throws -> DeskPage {
        let (progress, secret, isKept, reasons) = try office.work { deployment in
            let secret = try deployment.secret(of: state.id, as: office.id)
            let reasons =
                secret == nil || state.denials.isEmpty
                ? [] : Self.reasons(of: state.id, deployment, as: office.id)
            return (
                try deployment.progress(of: state.id), secret,
                try !deployment.bundles(of: state.id, as: office.id).isEmpty, reasons
            )
        }
        let page = InvestigatorRequestPage(
            state: state, view: view, progress: progress,
            matter: secret.map { InvestigatorMatter($0, view.roster) }, isKept: isKept,
            reasons: reasons)
        let name = Purpose(code: state.body.purpose)?.name ?? state.body.purpose
        return DeskPage(
            name, purpose: "One request: who has done what, who is waited for, and by when.",
            fuller: Self.fuller, body: try ask.render("investigator_request", page.values))
    }

    /// What officers said in words; a vault that does not hand it over takes nothing else from the page.
    private static func reasons(
        of request: Digest, _ deployment: Deployment, as id: String
    ) -> [(officer: String, text: String)] {
        do {
            return try deployment.reasons(of: request, as: id).map { ($0.officer, $0.reason.text) }
        } catch {
            let code = (error as? any CodedError)?.code ?? "failed"
            return [("The vault", "did not hand over what officers wrote (\(code)); try again")]
        }
    }

    private func withdrawal(of state: RequestState, _ ask: DeskAsk) throws -> DeskPage {
        let facts = Facts([
            Facts.Fact("Request", Table.Cell(state.id.hex)),
            Facts.Fact(
                "Purpose", Table.Cell(Purpose(code: state.body.purpose)?.name ?? state.body.purpose)
            ),
        ])
        return DeskPage(
            "Withdraw this request?", purpose: "A second look before it is taken back for good.",
            fuller: Self.fuller,
            body: try ask.render(
                "investigator_withdraw",
                ["id": .text(state.id.hex), "facts": .of(facts)]))
    }

    /// Opens a request; the page of its progress shows each step.
    private func open(_ request: Digest, _ isWhole: Bool, _ office: DeskOffice) -> DeskJob {
        office.begin("Opening the request") { [self] deployment, job in
            let folder = try deployment.nextBundle(of: request, as: office.id)
            _ = try deployment.open(
                request, as: office.id, bundle: folder, wholeCells: isWhole
            ) { step in job.advance(Self.words(for: step), step.rawValue, of: Self.steps) }
            job.advance("Verifying the bundle, as a court does.", Self.steps - 1, of: Self.steps)
            keep(try Self.verified(folder, deployment))
            return "/requests/\(request.hex)/opened"
        }
    }

    private static let steps = OpeningStep.allCases.count + 1

    private static func words(for step: OpeningStep) -> String {
        switch step {
        case .ask: "The custodians evaluate, and the vault hands over what is found."
        case .check: "The others check what was evaluated."
        case .open: "The rows are opened."
        case .photos: "The photos are fetched and opened."
        case .keep: "The proofs are gathered, and the bundle is written."
        }
    }

    private static func verified(
        _ folder: String, _ deployment: Deployment
    ) throws -> InvestigatorOpened {
        try InvestigatorOpened(
            try deployment.bundle(at: folder), folder: folder, trusted: deployment.roster.hash,
            names: deployment.rosterInForce)
    }

    /// Reads a bundle of an earlier start, and verifies it anew.
    private func read(
        _ folder: String, _ request: Digest, then place: String, _ office: DeskOffice
    ) -> DeskJob {
        office.begin("Reading the bundle") { [self] deployment, job in
            job.advance("Every file, statement, proof and row is verified anew.")
            keep(try Self.verified(folder, deployment))
            return "/requests/\(request.hex)/\(place)"
        }
    }

    private func newest(_ request: Digest, _ office: DeskOffice) throws -> String {
        let folders = try office.work { try $0.bundles(of: request, as: office.id) }
        guard let folder = folders.last else {
            throw DeskError(
                code: "bundle-missing", sentence: "Nothing of this request has been opened here.")
        }
        return folder
    }

    private func page(
        of opened: InvestigatorOpened, _ state: RequestState, _ view: DeskView, _ ask: DeskAsk
    ) throws -> DeskPage {
        let page = InvestigatorOpenedPage(
            opened: opened, state: state, roster: view.roster,
            page: ask.query.text("page").flatMap(Int.init) ?? 1)
        if ask.path[2] == "print" {
            return DeskPage(
                "Disclosure", purpose: "What was opened of one request, for a court's file.",
                fuller: "Spec/Bundle.md",
                body: try ask.render("investigator_print", try page.printed()))
        }
        return DeskPage(
            "What was opened",
            purpose:
                "The reads of one request, what is certain about each hour, and what proves it.",
            fuller: "Spec/Bundle.md",
            body: try ask.render("investigator_opened", try page.values()))
    }

    private func photo(
        _ ask: DeskAsk, _ request: Digest, _ office: DeskOffice
    ) throws -> DeskReply {
        guard let picture = opened(in: try newest(request, office))?.pictures[ask.path[3]] else {
            throw ask.unknown
        }
        return .bytes(type: picture.type, picture.bytes)
    }

    /// Writes the folder where the investigator wants it.
    private func write(
        _ ask: DeskAsk, _ request: Digest, _ path: String, _ office: DeskOffice
    ) throws -> DeskReply {
        let target = (ask.form.text("folder") ?? "").trimmingCharacters(in: .whitespaces)
        guard target.hasPrefix("/"), !target.hasSuffix("/"), !target.contains("\0") else {
            throw DeskError(
                code: "folder-relative",
                sentence: "Name the whole path of the folder, from / on, such as /home/me/case-7.")
        }
        let folder = try newest(request, office)
        try office.work { try $0.write(try $0.bundle(at: folder), to: target) }
        return .see("\(path)/opened", "The bundle is written to \(target).")
    }
}
