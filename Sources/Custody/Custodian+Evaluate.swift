import Ledger
import Plates
public import Secrets
import Tokens
import Warrants

extension Custodian {
    /// This custodian's partials for a request, sealed to the request's reply key.
    ///
    /// The order is DESIGN section 7, step 4: the log is followed; the own copy is opened and
    /// checked; the judge decides on the own record; the own officer must have approved; t−1 others,
    /// asked directly, hold the same log, and a quorum has cosigned it; e_S of everything is stored and logged; the statement is seen in the own mirror; only then is
    /// anything sealed. Asked again, the same answer is given under the same statement (a crash
    /// or a lost message costs nothing), and never another one. Throws the judge's refusal,
    /// `own-approval-missing`, `answer-differs`, `day-destroyed`, `halted`, ….
    public func evaluate(_ id: Digest) throws(CustodyError) -> [UInt8] {
        let time = try ready()
        // First the others' mirrors: one that is ahead may know of a withdrawal.
        let witnesses = try witnesses()
        guard let request = log.record.request(id) else { throw Self.unknownRequest }
        let secret = try openCopy(of: request)
        let verdict = Judge.verdict(on: id, secret: secret, in: log.record, at: time)
        if let refusal = verdict.refusal { throw CustodyError(refusal) }
        // A drill opens nobody's plate: it needs no officer, and the judge has seen that it is one.
        if !request.isDrill { try checkOwnOfficer(request) }
        try checkQuorum(request, witnesses)
        let parcel = try partials(secret)
        let items = try Self.items(of: parcel, request: id, secret: secret)
        let answer = Self.digest(of: items)
        if let logged = request.evaluations.first(where: { $0.body.custodian == name }) {
            guard logged.body.digests == items else { throw Self.differs }
        } else {
            try log(items, answer: answer, for: id, at: time)
            try judgeAgain(id, secret)
        }
        let plain = try onTokens { () throws(TokensError) in SecretBox(try parcel.encode()) }
        return try onSecrets { () throws(SecretsError) in
            try HybridSeal.seal(
                plain.bytes, to: request.body.replyKey, info: "platevault/evaluation/v1\(origin)")
        }
    }

    /// The partials of a request's plates in its cells, which may be of several generations where
    /// this custodian has the same subsets in each. Throws `generation-several` where it has not.
    func partials(_ secret: RequestSecret) throws(CustodyError) -> PartialParcel {
        guard secret.days.count < 2 || log.record.maker(of: secret.days, for: name) != nil else {
            for day in secret.days { _ = try usableShare(for: [day]) }
            throw CustodyError(
                code: "generation-several",
                sentence: "the hours belong to generations of other custodians; ask for each by "
                    + "itself")
        }
        var parcels: [PartialParcel] = []
        for (_, cells) in cellsByGeneration(secret.cells) {
            let chains = try usableShare(for: Set(cells.map(\.hour.day)).sorted()).open()
            parcels.append(
                try onTokens { () throws(TokensError) in
                    try chains.evaluate(plates: secret.plates, cells: cells)
                })
        }
        return try onTokens { () throws(TokensError) in try PartialParcel(joining: parcels) }
    }

    /// Cells in their order, by the generation of their days; those without one come first.
    private func cellsByGeneration(_ cells: [Cell]) -> [(UInt32, [Cell])] {
        let record = log.record
        return Dictionary(grouping: cells) { record.generation(for: $0.hour.day)?.number ?? 0 }
            .sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Whether a share of each of these days' generations is here.
    func holdsAll(_ days: [Day]) -> Bool {
        days.allSatisfy { day in
            let number = log.record.generation(for: day)?.number
            return state.shares.contains { $0.generation == number }
        }
    }

    /// What came into the log before the own evaluation counts too, such as a withdrawal.
    private func judgeAgain(_ id: Digest, _ secret: RequestSecret) throws(CustodyError) {
        let own = log.record.request(id)?.evaluations.first { $0.body.custodian == name }
        guard let own else { return }
        let verdict = Judge.verdict(
            on: id, secret: secret, in: log.record, at: clockTime, before: own.index)
        if let refusal = verdict.refusal { throw CustodyError(refusal) }
    }

    /// The share moves only when its own officer has signed an approval (DESIGN section 2).
    private func checkOwnOfficer(_ request: RequestState) throws(CustodyError) {
        let institution = roster.custodian(name)?.institution
        let approving = request.votes(under: roster).approving
        guard let institution, approving.contains(institution) else {
            throw CustodyError(
                code: "own-approval-missing",
                sentence: "no officer of \(name) has approved the request; others must answer it")
        }
    }

    /// Stores the evaluation, logs it and sees it included. What was stored before and never got
    /// into the log is the same statement still, or it is refused.
    private func log(
        _ items: [EvaluationItem], answer: Digest, for id: Digest, at time: Timestamp
    ) throws(CustodyError) {
        var next = state
        if let given = state.evaluations.first(where: { $0.request == id }) {
            guard given.answer == answer else { throw Self.differs }
            // The statement waits in the outbox since a crash or an outage.
            try publish()
            try follow()
            let isLogged = log.record.request(id)?.evaluations.contains {
                $0.body.custodian == name && $0.body.digests == items
            }
            guard isLogged == true else {
                throw CustodyError(
                    code: "statement-unlogged",
                    sentence: "the evaluation does not stand in the log yet; ask again")
            }
            return
        }
        next.evaluations.append(CustodianState.Evaluated(request: id, answer: answer))
        next.evaluations.sort { $0.request < $1.request }
        let body = EvaluationBody(
            custodian: name, request: id, digests: items, time: roster.policy.blunt(time))
        try act(next, with: try signed(body))
    }

    /// e_S of each day, plate and subset, ascending in that order.
    static func items(
        of parcel: PartialParcel, request: Digest, secret: RequestSecret
    ) throws(CustodyError) -> [EvaluationItem] {
        var items: [EvaluationItem] = []
        for day in secret.days {
            for plate in secret.plates.indices {
                for mask in parcel.masks {
                    let e = try onTokens { () throws(TokensError) in
                        try EvaluationDigest.e(
                            request: request, mask: mask, salt: secret.plateSalts[plate],
                            parcel: parcel, plate: plate, day: day)
                    }
                    items.append(EvaluationItem(day: day, plate: plate, mask: mask, e: e))
                }
            }
        }
        return items
    }

    private static func digest(of items: [EvaluationItem]) -> Digest {
        Digest(of: items.flatMap(\.e.bytes))
    }

    private static var differs: CustodyError {
        CustodyError(
            code: "answer-differs",
            sentence: "this custodian has answered the request before, and otherwise")
    }
}
