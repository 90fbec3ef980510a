import Embedded
import Foundation
import Inquiry
import Plates
import Portal
import Secrets
import Synchronization
import Warrants

/// The investigator's desk: a request is filled in, looked at and filed; what it waits for; and what
/// it opened. Drafts and opened reads stay in the memory of this process, bundles and cases in the
/// requester's own folder.
final class InvestigatorPages: DeskPages {
    /// Where the fuller words stand.
    static let fuller = "Operating/Investigator.md"
    /// 16: drafts that are remembered.
    static let draftLimit = 16
    /// 8: opened requests that are remembered.
    static let openedLimit = 8

    struct Sheet: Sendable {
        var draft = InvestigatorDraft()
        /// What the last look is at; nil after any change.
        var prepared: PreparedRequest?
        /// What the judge had against it when it was prepared.
        var refusal: Refusal?
    }

    private struct Memory {
        var sheets: [(id: String, sheet: Sheet)] = []
        var opened: [InvestigatorOpened] = []
    }

    private let memory = Mutex(Memory())

    let title = "Investigator's desk"
    let places = [DeskPlace("/", "Requests"), DeskPlace("/new", "New request")]

    func answer(_ ask: DeskAsk, in office: DeskOffice) throws -> DeskReply {
        switch (ask.isForm, ask.path.first, ask.path.count) {
        case (false, nil, 0): return .page(try list(ask, office))
        case (_, "new", _): return try drafting(ask, office)
        case (true, "plate.json", 1): return try plate(ask, office)
        case (_, "requests", 2...):
            let view = try office.view()
            let state = try view.request(ask.path[1])
            guard state.body.requester == office.id, ask.path.count <= 4 else { throw ask.unknown }
            return try request(ask, state, view, office)
        default: throw ask.unknown
        }
    }

    private func list(_ ask: DeskAsk, _ office: DeskOffice) throws -> DeskPage {
        let view = try office.view()
        let list = InvestigatorListPage(
            rows: InvestigatorRow.own(in: view),
            page: ask.query.text("page").flatMap(Int.init) ?? 1,
            grain: view.roster.policy.times == .hour ? .hour : .minute)
        return DeskPage(
            "Your requests",
            purpose: "What you have asked for, how far it is, and what it still needs.",
            fuller: Self.fuller, body: try ask.render("investigator_list", list.values))
    }

    /// The plate of the form's script: what a text would be searched as.
    private func plate(_ ask: DeskAsk, _ office: DeskOffice) throws -> DeskReply {
        let fold = try office.view().roster.policy.fold
        let plate = InvestigatorPlate(ask.form.text("plate") ?? "", fold: fold)
        return .bytes(type: "application/json", try plate.json())
    }

    // Drafts.

    func sheet(_ id: String) -> Sheet? {
        memory.withLock { memory in memory.sheets.first { $0.id == id }?.sheet }
    }

    func keep(_ sheet: Sheet, as id: String) {
        memory.withLock { memory in
            memory.sheets.removeAll { $0.id == id }
            memory.sheets.append((id, sheet))
            if memory.sheets.count > Self.draftLimit { memory.sheets.removeFirst() }
        }
    }

    func forget(_ id: String) {
        memory.withLock { memory in memory.sheets.removeAll { $0.id == id } }
    }

    // What was opened, by its folder.

    func opened(in folder: String) -> InvestigatorOpened? {
        memory.withLock { memory in memory.opened.first { $0.folder == folder } }
    }

    func keep(_ opened: InvestigatorOpened) {
        memory.withLock { memory in
            memory.opened.removeAll { $0.folder == opened.folder }
            memory.opened.append(opened)
            if memory.opened.count > Self.openedLimit { memory.opened.removeFirst() }
        }
    }
}

extension InvestigatorPlate: Encodable {
    private enum Key: String, CodingKey { case normal, problem, twins }

    /// Without what was typed: whoever asks knows it.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(normal, forKey: .normal)
        try container.encode(problem, forKey: .problem)
        try container.encode(twins, forKey: .twins)
    }

    func json() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self))
    }
}
