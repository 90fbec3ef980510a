import Inquiry
import Plates
import Secrets
import Warrants

/// Where a request stands, for its investigator, by the log.
struct InvestigatorStanding: Equatable {
    /// A word for style and tables: `waits`, `ready`, `opened`, `tell-owner`, `over`.
    let word: String
    /// The same for people, short.
    let title: String
    /// What it needs, in a sentence.
    let need: String

    /// Of a request of the log.
    init(_ state: RequestState, in view: DeskView) {
        let isOpened = state.disclosures.contains { $0.body.role == .requester }
        if isOpened, state.notice == nil, view.now >= state.embargo.start {
            self.init(
                "tell-owner", "tell the owner",
                "The embargo is over: tell the plate's owner of the search, and say here that you did."
            )
            return
        }
        if isOpened {
            let until =
                state.notice == nil
                ? "On \(state.embargo.text) the embargo ends, and the plate's owner is to be told."
                : "All is done."
            self.init("opened", "opened", until)
            return
        }
        switch Judge.verdict(on: state.id, secret: nil, in: view.record, at: view.now) {
        case .granted:
            self.init("ready", "ready to open", "It is granted: open it before it lapses.")
        case .waiting(let refusal):
            self.init("waits", "waits", Self.sentence(refusal))
        case .refused(let refusal):
            self.init("over", Self.over(refusal.reason), Self.sentence(refusal))
        }
    }

    private init(_ word: String, _ title: String, _ need: String) {
        (self.word, self.title, self.need) = (word, title, need)
    }

    private static func over(_ reason: RefusalCode) -> String {
        switch reason {
        case .withdrawn: "withdrawn"
        case .lapsed: "lapsed"
        case .denied: "denied"
        default: "refused"
        }
    }

    private static func sentence(_ refusal: Refusal) -> String {
        let text = refusal.sentence
        return text.prefix(1).uppercased() + text.dropFirst() + "."
    }
}

/// One request in the list.
struct InvestigatorRow {
    /// The whole id.
    let id: String
    /// How it begins.
    let short: String
    /// When it was filed.
    let filed: Timestamp
    /// The offence, in words.
    let purpose: String
    /// The kind of process.
    let process: String
    /// How many cells, once for each plate.
    let cost: Int
    /// Where it stands.
    let standing: InvestigatorStanding
    /// Until when it can be evaluated, or the owner is to be told.
    let deadline: String

    /// The own requests of a party, the newest first.
    static func own(in view: DeskView) -> [InvestigatorRow] {
        view.record.allRequests.reversed().filter { $0.body.requester == view.id && !$0.isDrill }
            .map { InvestigatorRow($0, in: view) }
    }

    private init(_ state: RequestState, in view: DeskView) {
        id = state.id.hex
        short = String(state.id.hex.prefix(12))
        filed = state.body.time
        purpose = Purpose(code: state.body.purpose)?.name ?? state.body.purpose
        process = state.body.process.replacing("-", with: " ")
        cost = state.body.cost
        standing = InvestigatorStanding(state, in: view)
        let lapse = state.body.time.adding(days: Int64(view.roster.policy.approvalDays))
        deadline =
            switch standing.word {
            case "waits", "ready": lapse.text
            case "opened", "tell-owner": state.notice == nil ? state.embargo.text : ""
            default: ""
            }
    }
}

/// What a request was about, from its case, for its own investigator.
struct InvestigatorMatter {
    /// The plates in normal form.
    let plates: [String]
    /// The hours and sites.
    let window: [String]
    /// The docket.
    let docket: String

    /// Of the case that is kept here.
    init(_ secret: RequestSecret, _ roster: Roster) {
        plates = secret.plates.map(\.text)
        window = InvestigatorWindow.lines(secret.cells, roster)
        docket = secret.docket
    }
}

/// What can be done with a request now.
struct InvestigatorActs: Equatable {
    /// Whether its rows can be opened, or opened once more.
    let canOpen: Bool
    /// Whether it can be taken back.
    let canWithdraw: Bool
    /// Whether the owner is to be told.
    let canTell: Bool

    /// Of a request of the log.
    init(_ state: RequestState, _ standing: InvestigatorStanding, hasCase: Bool) {
        let isOpened = ["opened", "tell-owner"].contains(standing.word)
        canOpen = hasCase && (standing.word == "ready" || isOpened)
        canWithdraw = ["waits", "ready"].contains(standing.word) && state.evaluations.isEmpty
        canTell = standing.word == "tell-owner"
    }
}
