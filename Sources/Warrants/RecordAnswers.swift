import Plates
import Secrets

// What may be said about a request after it was filed: evaluations, checks, disclosures, the opening
// of its commitments, and the notice to the plate's owner.
extension Record {
    /// How many different answers to one request the vault, and the requester, may tell of: what came
    /// late, whole cells, and days that died meanwhile make an answer another one.
    static let mostDisclosures = 8

    func checkEvaluation(
        _ body: EvaluationBody, of state: RequestState
    ) throws(Refusal) {
        guard !state.evaluations.contains(where: { $0.body.custodian == body.custodian }) else {
            throw Refusal(.alreadyEvaluated, "the custodian has evaluated this request already")
        }
        try checkDigests(body.digests, by: body.custodian, of: state)
    }

    /// A check answers nobody: somebody has evaluated before, and not this custodian.
    func checkCheck(_ body: CheckBody, of state: RequestState) throws(Refusal) {
        let evaluators = state.evaluations.map(\.body.custodian)
        guard !evaluators.isEmpty, !evaluators.contains(body.custodian) else {
            throw Refusal(
                .checkUnasked, "a check is for who has not evaluated what others have")
        }
        guard !state.checks.contains(where: { $0.body.custodian == body.custodian }) else {
            throw Refusal(.statementRepeated, "the custodian has checked this request already")
        }
        try checkDigests(body.digests, by: body.custodian, of: state)
    }

    /// One digest for each day, plate and subset held, and no day whose keys are gone by the log.
    private func checkDigests(
        _ digests: [EvaluationItem], by custodian: String, of state: RequestState
    ) throws(Refusal) {
        var places: [EvaluationPlace] = []
        for day in Set(digests.map(\.day)).sorted() {
            guard let generation = generation(for: day) else {
                throw Refusal(.referenceUnknown, "no generation has keys for day \(day.text)")
            }
            let own = erased[generation.number]?[custodian]
            guard own.map({ $0 < day }) ?? true, !isDead(day, in: generation, before: .max) else {
                throw Refusal(
                    .dayDead, "\(custodian) evaluates \(day.text), whose keys are gone by the log")
            }
            guard !hasLost(generation.number, custodian) else { throw Self.lost(custodian) }
            let masks = try holding(generation.number, custodian).masks
            for plate in state.body.plateCommitments.indices {
                places += masks.map { EvaluationPlace(day: day, plate: plate, mask: $0) }
            }
        }
        guard places == digests.map({ .init(day: $0.day, plate: $0.plate, mask: $0.mask) }) else {
            throw Refusal(
                .subsetForeign,
                "an evaluation has one digest for each day, plate and subset that is held")
        }
    }

    func checkDisclosure(
        _ body: DisclosureBody, of state: RequestState
    ) throws(Refusal) {
        guard body.role == .vault || body.party == state.body.requester else {
            throw Refusal(.signerUnknown, "only its requester countersigns a disclosure")
        }
        let said = state.disclosures.filter { $0.body.role == body.role }
        guard !said.contains(where: { $0.body.bundle == body.bundle }),
            said.count < Self.mostDisclosures
        else {
            throw Refusal(
                .statementRepeated,
                "the disclosure has been told already, or \(Self.mostDisclosures) others were")
        }
    }

    /// Once, after the embargo, and what was committed to.
    func checkOpening(_ body: OpeningBody, of state: RequestState) throws(Refusal) {
        guard state.opening == nil else {
            throw Refusal(.statementRepeated, "the request's window and docket are open already")
        }
        guard body.time >= state.embargo.start else {
            throw Refusal(
                .openingEarly, "the request's embargo lasts until \(state.embargo.text)")
        }
        try body.check(against: state.body)
    }

    /// Once, and by the agency that asked.
    func checkNotice(_ body: NoticeBody, of state: RequestState) throws(Refusal) {
        guard state.notice == nil else {
            throw Refusal(.statementRepeated, "the notice has been told already")
        }
        guard roster.agency(ofRequester: body.party)?.id == state.body.agency else {
            throw Refusal(.signerUnknown, "only the agency that asked says that it told")
        }
    }
}

private struct EvaluationPlace: Equatable {
    let day: Day
    let plate: Int
    let mask: SubsetMask
}
