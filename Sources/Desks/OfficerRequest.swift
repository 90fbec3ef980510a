import Bytes
import Foundation
import Inquiry
import Plates
import Portal
import Secrets
import Warrants

/// One request as its officer sees it: everything the decision rests on, and nothing of what others
/// decided before the own institution has.
struct OfficerRequest {
    let words: RequestWords
    let secret: RequestSecret?
    /// Why the sealed copy is not open; nil where it is.
    let problem: (any CodedError)?
    let officer: String
    let custodian: Warrants.Custodian

    private var state: RequestState { words.state }
    private var view: DeskView { words.view }

    /// The rules with their verdicts.
    var checks: [Check] {
        Judge.checks(on: state.id, secret: secret, in: view.record, at: view.now)
    }

    /// What an institution said.
    struct Word {
        let isYes: Bool
        let officer: String
        let time: Timestamp
        let code: String?
        let index: UInt64
    }

    /// The own institution's last word; nil before.
    var ownWord: Word? {
        let officers = Set(custodian.officers.map(\.id))
        let yes = state.approvals.map {
            Word(
                isYes: true, officer: $0.body.officer, time: $0.body.time, code: nil,
                index: $0.index)
        }
        let no = state.denials.map {
            Word(
                isYes: false, officer: $0.body.officer, time: $0.body.time,
                code: $0.body.code.rawValue, index: $0.index)
        }
        return (yes + no).filter { officers.contains($0.officer) }.max { $0.index < $1.index }
    }

    /// Whether nothing can be decided any more: refused, withdrawn, lapsed or answered.
    var over: String? {
        if state.evaluations.count >= view.roster.threshold.t {
            return "\(state.evaluations.count) custodians have answered it."
        }
        if !state.withdrawals.isEmpty { return "It was withdrawn." }
        if view.now >= words.deadline { return "Its time is over." }
        return nil
    }

    /// Whether the officer's institution is the agency's own.
    var isOwnAgency: Bool {
        view.roster.agency(state.body.agency)?.institution == custodian.institution
    }

    /// What others decided is shown after the own word, and when no word changes anything.
    var showsOthers: Bool { ownWord != nil || over != nil || isOwnAgency }

    /// Another request as this officer sees it, its sealed copy aside.
    private func asSeen(_ state: RequestState) -> OfficerRequest {
        OfficerRequest(
            words: RequestWords(state: state, view: view), secret: nil, problem: nil,
            officer: officer, custodian: custodian)
    }

    /// The values of `officer_request`.
    func values(showsPlates: Bool, document: Bool?, form: DeskForm, problem: String?) -> Values {
        let history = words.history { !asSeen($0).showsOthers }
        let canDecide = over == nil && !isOwnAgency
        return [
            "id": .text(state.id.hex), "callout": standing,
            "asked": .of(words.facts(secret)),
            "window": .maybe(secret.map { words.window($0) }),
            "sealedProblem": .maybe(
                self.problem.map {
                    ProblemBox(
                        code: $0.code, DeskFrame.sentence($0.sentence),
                        hint: "Docket, hours, sites and plates are sealed to your custodian; "
                            + "without it you cannot decide.")
                }),
            "hasSecret": .flag(secret != nil),
            "plateCount": .text(
                state.body.plateCommitments.count == 1
                    ? "One plate is" : "\(state.body.plateCommitments.count) plates are"),
            "plates": showsPlates
                ? .list((secret?.plates ?? []).map { ["plate": .text($0.text)] }) : false,
            "digest": .text(state.body.warrant.hex), "document": compared(document),
            "orders": .maybe(words.orders),
            "noOrder": .maybe(
                words.orders == nil
                    ? EmptyState(
                        "No authority has attested this request.",
                        hint: "You may decide before; it is answered only when it is attested, "
                            + "unless the policy lets its kind of process go without.") : nil),
            "rules": .of(RuleWords.table(checks, showsOthers: showsOthers)),
            "who": .of(history.facts), "history": .maybe(history.table),
            "noHistory": .maybe(
                history.table == nil
                    ? EmptyState("The agency filed no other request in 30 days.") : nil),
            "others": showsOthers ? .of(decisions) : false,
            "canDecide": .flag(canDecide && secret != nil),
            "canApprove": .flag(
                canDecide && secret != nil && RuleWords.refusal(checks) == nil
                    && ownWord?.isYes != true),
            "approveProblem": .maybe(RuleWords.refusal(checks)?.sentence),
            "code": .of(Self.codes(form, problem)), "reason": .of(Self.reason(form)),
        ]
    }

    private var standing: Value {
        func callout(_ kind: String, _ text: String, _ note: String? = nil) -> Value {
            .values(["kind": .text(kind), "text": .text(text), "note": .maybe(note)])
        }
        if let over { return callout("note", "Nothing can be decided any more.", over) }
        if isOwnAgency {
            return callout(
                "note", "The agency belongs to your own institution.",
                "Your institution's approval never counts here; others decide.")
        }
        if let own = ownWord {
            let said = own.isYes ? "approved" : "denied (\(own.code ?? ""))"
            return callout(
                own.isYes ? "good" : "bad", "Your institution has \(said) this request.",
                "By \(own.officer), \(words.time(own.time).utc), entry \(own.index). The last word "
                    + "counts, until a custodian has answered.")
        }
        let left = TimeText.length(words.deadline.milliseconds(since: view.now))
        return callout(
            "warn", "It waits for your decision: \(left) left.",
            "What others decided is shown once you have decided.")
    }

    private func compared(_ document: Bool?) -> Value {
        guard let document else { return false }
        return .values([
            "kind": document ? "good" : "bad",
            "text": .text(
                document
                    ? "The document is the one that the request names."
                    : "The document is another one than the request names."),
        ])
    }

    /// What officers said, in the order of the log.
    private var decisions: Steps {
        var steps: [(index: UInt64, step: Steps.Step)] = []
        func who(_ id: String) -> String {
            view.roster.custodian(ofOfficer: id).map { "\(id) of \($0.institution)" } ?? id
        }
        for one in state.approvals {
            steps.append(
                (
                    one.index,
                    Steps.Step(
                        "Approved by \(who(one.body.officer))", .done,
                        note: "entry \(one.index)", time: words.time(one.body.time))
                ))
        }
        for one in state.denials {
            steps.append(
                (
                    one.index,
                    Steps.Step(
                        "Denied by \(who(one.body.officer))", .failed,
                        note: "\(one.body.code.rawValue), entry \(one.index)"
                            + (one.body.reason == nil ? "" : ", with a sealed reason"),
                        time: words.time(one.body.time))
                ))
        }
        let needed = view.roster.threshold.t
        let yes = state.votes(under: view.roster).approving.count
        if yes < needed, over == nil {
            steps.append(
                (.max, Steps.Step("\(yes) of \(needed) institutions approve", .now)))
        }
        return Steps(steps.sorted { $0.index < $1.index }.map { $0.step })
    }

    /// Why an officer may say no, for people.
    static let denials: [(code: DenialCode, name: String)] = [
        (.warrantUnreadable, "The warrant cannot be read, or is another document"),
        (.warrantMismatch, "It asks for other plates, hours or sites than the warrant"),
        (.tooBroad, "It asks for more than it needs"),
        (.purposeMismatch, "The purpose is not the warrant's"),
        (.purposeProhibited, "The purpose is prohibited, whatever it is called"),
        (.conflict, "I am, or my institution is, a party to the matter"),
    ]

    private static func codes(_ form: DeskForm, _ problem: String?) -> Field {
        Field(
            "code", "Why not",
            .choice(
                [Field.Choice("", "Choose a reason")]
                    + denials.map {
                        Field.Choice($0.code.rawValue, "\($0.name) (\($0.code.rawValue))")
                    }),
            value: form.text("code") ?? "", hint: "Stands in the public log.", problem: problem,
            isNeeded: true)
    }

    private static func reason(_ form: DeskForm) -> Field {
        Field(
            "reason", "In words, for the requester alone", .lines,
            value: form.text("reason") ?? "",
            hint: "Sealed to the requester; the log shows that there is one. At most "
                + "\(DenialReason.limit) bytes.")
    }
}
