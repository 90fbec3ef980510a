import Warrants

// Plain words for the codes of the log. The codes stand beside them wherever they matter.

extension StatementType {
    /// Its name on a page.
    var title: String {
        switch self {
        case .roster: "Roster"
        case .generation: "Key ceremony"
        case .grant: "Site keys given"
        case .request: "Request"
        case .order: "Attestation"
        case .approval: "Approval"
        case .denial: "Denial"
        case .withdraw: "Withdrawal"
        case .evaluation: "Evaluation"
        case .disclosure: "Disclosure"
        case .shred: "Emergency destruction"
        case .prekeys: "Prekeys"
        case .difference: "Difference told"
        case .check: "Check"
        case .opening: "Opening"
        case .notice: "Notice given"
        case .successor: "Successor of the log"
        case .hourClosed: "Hour closed"
        case .dayDestroyed: "Day destroyed"
        case .rolledBack: "Restored state found"
        case .shareLost: "Share lost"
        case .grantRequest: "Request for site keys"
        case .tally: "Reads counted"
        }
    }

    /// What such a statement says, in a sentence.
    var meaning: String {
        switch self {
        case .roster: "The custodians put the parties, their keys and the policy into force."
        case .generation: "A step by which the custodians make the keys of the coming days."
        case .grant: "A custodian gave a site its share of the keys of some hours."
        case .request:
            "An investigator of an agency asks for a search; plates, hours and docket are "
                + "committed to and not shown."
        case .order: "An authority attests that an order stands behind exactly this request."
        case .approval: "An officer of a custodian's institution says yes to exactly this request."
        case .denial: "An officer of a custodian's institution says no to this request."
        case .withdraw: "The request is taken back for good."
        case .evaluation:
            "A custodian evaluated its shares for this request, and commits to what it "
                + "answered."
        case .disclosure: "Rows were handed over, or their receiver countersigned them."
        case .shred: "A custodian erased everything it held of a generation, in an emergency."
        case .prekeys: "A custodian publishes one-time keys to which requests are sealed."
        case .difference: "A party tells that two custodians gave different keys."
        case .check: "A holder of the same shares recomputed what another custodian answered."
        case .opening:
            "The embargo is over: the hours, sites and docket of the request are opened; "
                + "its plates never are."
        case .notice: "The agency says that the plate's owner was told of the search."
        case .successor: "The custodians gave the log a new key, and it goes on under it."
        case .hourClosed: "A site commits to all rows of one hour; nothing can be added afterwards."
        case .dayDestroyed: "A custodian says that it has erased its keys of a day."
        case .rolledBack:
            "A custodian found itself restored from an older state, and erased forward."
        case .shareLost: "A custodian says that it has lost its share of a generation."
        case .grantRequest: "A site asks a custodian for keys."
        case .tally: "The vault says how many reads it holds of each day."
        }
    }
}

extension SearchFigure.Outcome {
    /// How it stands.
    var badge: Badge {
        switch self {
        case .waiting: Badge("waiting", .calm)
        case .lapsed: Badge("lapsed", .calm)
        case .denied: Badge("denied", .warn)
        case .withdrawn: Badge("withdrawn", .calm)
        case .evaluated: Badge("evaluated", .calm)
        case .disclosed: Badge("disclosed", .good)
        }
    }
}

extension DayReport.Verdict {
    /// How it stands.
    var badge: Badge {
        switch self {
        case .alive: Badge("alive", .calm)
        case .dying: Badge("dying", .warn)
        case .dead: Badge("dead", .good)
        case .overdue: Badge("overdue", .bad)
        }
    }
}

/// Codes in words.
enum Words {
    static func confirmation(_ code: String) -> Badge {
        switch code {
        case "confirmed": Badge(code, .good)
        case "disputed": Badge(code, .bad)
        case "unconfirmed": Badge(code, .warn)
        default: Badge("not evaluated", .calm)
        }
    }

    static func purpose(_ code: String) -> String {
        if code == Purpose.drill { return "Drill: a site's canary, no car's plate" }
        return Purpose(code: code).map { "\($0.name) (\(code))" } ?? "On no list (\(code))"
    }

    static func process(_ code: String) -> String {
        switch ProcessKind(rawValue: code) {
        case .searchWarrant: "search warrant"
        case .courtOrder: "court order"
        case .defenceOrder: "order for the defence"
        case .exigent: "exigent: before a court could decide"
        case .drill: "drill"
        case nil: "none on the list"
        }
    }

    static func denial(_ code: String) -> String {
        switch DenialCode(rawValue: code) {
        case .warrantUnreadable: "the warrant cannot be read, or is another document"
        case .warrantMismatch: "it asks for other plates, hours or sites than the warrant"
        case .tooBroad: "it asks for more than it needs"
        case .purposeMismatch: "the purpose is not the warrant's"
        case .purposeProhibited: "the purpose is prohibited"
        case .conflict: "the officer or institution is a party to the matter"
        case nil: code
        }
    }

    static func prohibited(_ code: String) -> String {
        switch ProhibitedPurpose(rawValue: code) {
        case .immigrationEnforcement: "Finding people for their immigration status"
        case .personalUse: "Anything private of whoever asks"
        case .race: "Race, colour or national origin"
        case .sex: "Sex, sexual orientation or gender"
        case .religion: "Religion, or its practice"
        case .protest: "Protest, assembly, speech or the press"
        case .reproductiveCare: "Seeking, giving or helping with reproductive care"
        case nil: code
        }
    }

    /// `1 entry`, `2 entries`.
    static func count(_ number: some BinaryInteger, _ one: String, _ many: String) -> String {
        "\(number.parted) \(number == 1 ? one : many)"
    }
}
