import Bytes
import Embedded
import Foundation
import Inquiry
import Plates
import Portal
import Warrants
import Wire

/// The desk of a custodian's administrator: how the machine is, what it holds and when that ends,
/// whom it gave keys and answers. Nothing can be approved or searched here.
struct CustodianPages: DeskPages {
    let custodian: Warrants.Custodian

    var title: String { "Custodian's desk" }
    var places: [DeskPlace] { [DeskPlace("/", "State"), DeskPlace("/given", "Given")] }
    /// An administrator decides nothing that waits.
    var hasInbox: Bool { false }

    func answer(_ ask: DeskAsk, in office: DeskOffice) throws -> DeskReply {
        switch (ask.isForm, ask.path.first, ask.path.count) {
        case (false, nil, _): return .page(try state(ask, office))
        case (false, "given", 1): return .page(try given(ask, office))
        default: throw ask.unknown
        }
    }

    private func state(_ ask: DeskAsk, _ office: DeskOffice) throws -> DeskPage {
        let seen = try office.work { (deployment) -> CustodianView in
            let desk = try deployment.desk(office.id)
            try desk.refresh()
            var witnesses: Witnesses?
            var health: CustodianHealth?
            var problems: [any CodedError] = []
            do { witnesses = try desk.witnesses() } catch let error as any CodedError {
                problems.append(error)
            }
            do { health = try deployment.health(of: office.id) } catch let error as any CodedError {
                problems.append(error)
            }
            return CustodianView(
                view: DeskView(id: office.id, record: desk.record, now: deployment.now),
                custodian: custodian, health: health, witnesses: witnesses, problems: problems)
        }
        var page = DeskPage(
            "State of \(custodian.name)",
            purpose: "How this custodian's machine is, what keys it holds, and when they end.",
            body: try ask.render("custodian_state", seen.values), refresh: 60)
        page.isWide = true
        return page
    }

    private func given(_ ask: DeskAsk, _ office: DeskOffice) throws -> DeskPage {
        let view = try office.view()
        let own = CustodianView(
            view: view, custodian: custodian, health: nil, witnesses: nil, problems: [])
        let (grants, answers, owed) = (own.grants, own.answers, own.owed)
        var page = DeskPage(
            "What was given",
            purpose: "Site keys granted, requests answered, and other custodians' answers checked, "
                + "by the log.", place: "/given",
            body: try ask.render(
                "custodian_given",
                [
                    "owed": .maybe(owed),
                    "nothingOwed": .maybe(
                        owed == nil
                            ? EmptyState("No check is owed: every answer of others was checked.")
                            : nil),
                    "answers": .maybe(answers),
                    "noAnswers": .maybe(
                        answers == nil ? EmptyState("No request was answered or checked.") : nil),
                    "grants": .maybe(grants),
                    "noGrants": .maybe(
                        grants == nil ? EmptyState("No site asked for keys in 40 days.") : nil),
                ]))
        page.isWide = true
        return page
    }
}
