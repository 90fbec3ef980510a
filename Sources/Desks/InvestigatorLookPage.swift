import Foundation
import Inquiry
import Plates
import Portal
import Secrets
import Warrants

/// The last look at a request that was prepared: what is sealed, what is public, what comes then.
struct InvestigatorLookPage {
    let id: String
    let draft: InvestigatorDraft
    let prepared: PreparedRequest
    let view: DeskView

    /// For the template `investigator-look`.
    var values: Values {
        [
            "draft": .text(id), "request": .text(prepared.id.hex), "sealed": .of(sealed),
            "public": .of(shown), "text": .text(text),
            "next": .sentences(next),
        ]
    }

    /// The statement without its signature: whoever copies it from the screen has nothing that a log
    /// would take.
    private var text: String {
        let wire = String(decoding: prepared.wire, as: UTF8.self)
        guard let end = wire.range(of: "\n\n") else { return "" }
        return wire[..<end.lowerBound] + "\n"
    }

    private var sealed: Facts {
        let secret = prepared.secret
        let plates = secret.plates.map { Facts.Fact("Plate", Table.Cell($0.text)) }
        let window = InvestigatorWindow.lines(secret.cells, view.roster).map {
            Facts.Fact("Hours and sites", Table.Cell($0))
        }
        let docket = secret.docket.isEmpty ? "none" : secret.docket
        return Facts(plates + window + [Facts.Fact("Docket", Table.Cell(docket))])
    }

    private var shown: Facts {
        let body = prepared.body
        let name = view.roster.agency(body.agency)?.name ?? body.agency
        return Facts([
            Facts.Fact("Request", Table.Cell(prepared.id.hex)),
            Facts.Fact("Agency", Table.Cell("\(name) [\(body.agency)]")),
            Facts.Fact("Requester", Table.Cell(body.requester)),
            Facts.Fact(
                "Purpose",
                Table.Cell("\(body.purpose) \(Purpose(code: body.purpose)?.name ?? "")")),
            Facts.Fact("Process", Table.Cell(body.process)),
            Facts.Fact(
                "Warrant", Table.Cell(body.warrant.hex), note: "SHA-256 of the document"),
            Facts.Fact(
                "Plates", Table.Cell(body.plateCommitments.count), note: "as commitments"),
            Facts.Fact(
                "Cells", Table.Cell(body.cellCount),
                note: "hours at sites, as one commitment; \(body.cost.parted) count against the "
                    + "budget of \(check.left.parted)"),
            Facts.Fact(
                "Embargo", Table.Cell(body.embargo.text),
                note: "then hours, sites and docket are opened"),
            Facts.Fact(
                "Dated", Table.Cell(TimeText(body.time, grain: grain)),
                note: grain == .hour ? "to the hour, as the policy says" : nil),
            Facts.Fact(
                "Sealed copies", Table.Cell(body.sealedCopies.count),
                note: body.sealedCopies.map(\.custodian).joined(separator: ", ")),
        ])
    }

    private var grain: TimeText.Grain { view.roster.policy.times == .hour ? .hour : .minute }
    private var check: InvestigatorCheck { InvestigatorCheck(draft, view) }

    private var next: [String] {
        let policy = view.roster.policy
        let kind = ProcessKind(rawValue: prepared.body.process)
        let isFree = kind.map { policy.unattested.contains($0) } ?? false
        let lapse = prepared.body.time.adding(days: Int64(policy.approvalDays))
        let attest =
            isFree
            ? "It needs no attestation beforehand, and is marked so in the log; an authority must "
                + "ratify it."
            : "An authority attests that the document with this digest stands behind it."
        return [
            attest,
            "Officers of \(view.roster.threshold.t) institutions approve; your own does not count.",
            "It lapses at \(TimeText(lapse).utc) if you have not opened it by then.",
            "You open it here, and countersign what was handed over.",
        ]
    }
}
