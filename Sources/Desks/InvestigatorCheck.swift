import Inquiry
import Plates
import Secrets
import Warrants

/// What is wrong with a draft, field by field, before anything leaves the machine. The custodians'
/// own rules are asked once more, by the same judge, when the draft is prepared.
struct InvestigatorCheck {
    /// The parts of the form.
    enum Field: String, CaseIterable {
        case plates, hours, sites, purpose, process, docket, warrant, embargo, whole
    }

    /// The plates, row by row.
    let plates: [InvestigatorPlate]
    /// What is wrong, in plain words, by field.
    private(set) var faults: [Field: [String]] = [:]
    /// How many cells it names, once for each plate.
    let cost: Int
    /// How many cells the agency may still name within these 30 days.
    let left: Int

    /// Whether it can be prepared.
    var isRight: Bool { faults.isEmpty }

    /// Checks a draft against the log as of now.
    init(_ draft: InvestigatorDraft, _ view: DeskView) {
        let policy = view.roster.policy
        plates = draft.plates.map { InvestigatorPlate($0, fold: policy.fold) }
        let named = plates.filter { !$0.normal.isEmpty }
        cost = draft.hours.count * draft.sites.count * named.count
        let agency = view.roster.agency(ofRequester: view.id)
        let spent = agency.map {
            view.record.spent(by: $0.id, until: policy.blunt(view.now), before: .max)
        }
        left = max(0, (agency?.budget ?? 0) - (spent ?? 0))
        checkPlates(policy)
        checkWindow(draft, view)
        checkPurpose(draft, policy)
        checkPapers(draft, view)
    }

    /// The same with what the judge said of the prepared request.
    mutating func refuse(_ refusal: Refusal) {
        add(Self.field(of: refusal.reason), refusal.sentence)
    }

    /// What the form has in the way of a complete application; nil where something is wrong.
    func application(_ draft: InvestigatorDraft) -> Application? {
        guard isRight, let process = ProcessKind(rawValue: draft.process),
            let warrant = draft.warrant
        else { return nil }
        return Application(
            plates: plates.map(\.normal).filter { !$0.isEmpty }, cells: draft.cells,
            purpose: draft.purpose, process: process, warrant: warrant.digest,
            docket: draft.docket, embargo: Day(text: draft.embargo))
    }

    private mutating func add(_ field: Field, _ sentence: String) {
        faults[field, default: []].append(sentence)
    }

    private mutating func checkPlates(_ policy: Policy) {
        let named = plates.map(\.normal).filter { !$0.isEmpty }
        if plates.contains(where: { !$0.problem.isEmpty }) {
            add(.plates, "One of the plates is none; what is wrong stands beside it.")
        } else if named.isEmpty {
            add(.plates, "Name the plate that the warrant names.")
        }
        if Set(named).count < named.count {
            add(.plates, "The same plate is named twice: both texts have one normal form.")
        }
        if named.count > policy.maxPlates {
            add(.plates, "A request names at most \(policy.maxPlates) plates.")
        }
    }

    private mutating func checkWindow(_ draft: InvestigatorDraft, _ view: DeskView) {
        let policy = view.roster.policy
        if draft.hours.isEmpty { add(.hours, "Pick a day, then the hours that the warrant names.") }
        if draft.sites.isEmpty { add(.sites, "Pick at least one site.") }
        if draft.sites.contains(where: { view.roster.site($0) == nil }) {
            add(.sites, "The roster has no such site.")
        }
        for standing in [CellStanding.young, .open, .gone, .unkept] {
            let cells = draft.cells.filter {
                view.roster.site($0.site) != nil
                    && view.record.standing(of: $0, at: view.now) == standing
            }
            let isAllowed = standing.isOpen(to: ProcessKind(rawValue: draft.process) ?? .courtOrder)
            guard let first = cells.first, !isAllowed else { continue }
            let more = cells.count > 1 ? ", and \(cells.count - 1) more," : ""
            let place = view.roster.site(first.site)?.name ?? "site \(first.site)"
            add(
                .hours,
                "\(first.hour.text) at \(place)\(more): "
                    + (InvestigatorCalendar.meaning[standing.rawValue] ?? "") + ".")
        }
        let cells = draft.hours.count * draft.sites.count
        if cells > policy.maxCells {
            add(
                .hours,
                "\(draft.hours.count) hours at \(draft.sites.count) sites are \(cells) cells; a "
                    + "request names at most \(policy.maxCells).")
        }
        if cost > left {
            add(
                .hours,
                "Your agency can name \(left) more cells within these 30 days; this takes \(cost).")
        }
    }

    private mutating func checkPurpose(_ draft: InvestigatorDraft, _ policy: Policy) {
        let code = draft.purpose
        if code.isEmpty {
            add(.purpose, "Choose the offence by its code.")
        } else if let prohibited = ProhibitedPurpose(code: code.lowercased())
            ?? ProhibitedPurpose(code: code)
        {
            add(.purpose, prohibited.refusal.sentence + ".")
        } else if policy.prohibited.contains(code) {
            add(.purpose, "The policy prohibits searches for that.")
        } else if Purpose(code: code) == nil {
            add(.purpose, "That is no offence code; choose one of those that are offered.")
        } else if !policy.purposes.contains(code) {
            add(.purpose, "The policy does not allow searches for that offence.")
        }
        if ProcessKind.legal.first(where: { $0.rawValue == draft.process }) == nil {
            add(.process, "Choose the kind of process that stands behind the request.")
        }
    }

    private mutating func checkPapers(_ draft: InvestigatorDraft, _ view: DeskView) {
        let isPrintable = draft.docket.unicodeScalars.allSatisfy {
            $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value)
        }
        if draft.docket.utf8.count > RequestSecret.docketLimit || !isPrintable {
            add(.docket, "The docket is one line of at most \(RequestSecret.docketLimit) bytes.")
        }
        if draft.warrant == nil {
            add(.warrant, "Attach the document; its digest is what the authority attests.")
        } else if draft.warrant?.size == 0 {
            add(.warrant, "The document is empty.")
        }
        guard !draft.embargo.isEmpty else { return }
        let first = view.roster.policy.blunt(view.now).day
        let last = first.adding(Int64(view.roster.policy.embargoDays))
        let isWithin = Day(text: draft.embargo).map { (first...last).contains($0) } ?? false
        if !isWithin {
            add(.embargo, "The embargo ends on a day from \(first.text) to \(last.text).")
        }
    }

    /// Which part of the form a refusal is about.
    private static func field(of reason: RefusalCode) -> Field {
        switch reason {
        case .platesMissing, .platesOverLimit, .plateNotExact, .plateRepeated: .plates
        case .cellsMissing, .cellsOverLimit, .hourOpen, .hourTooYoung, .windowExpired,
            .windowUnkept, .answerTooLarge, .budgetExceeded:
            .hours
        case .siteUnknown: .sites
        case .purposeUnknown, .purposeNotAllowed, .prohibitedImmigration, .prohibitedPersonal,
            .prohibitedRace, .prohibitedSex, .prohibitedReligion, .prohibitedProtest,
            .prohibitedReproductiveCare, .prohibitedByRoster:
            .purpose
        case .processUnknown: .process
        case .embargoTooLate: .embargo
        case .docketNamesPlate: .docket
        default: .whole
        }
    }
}
