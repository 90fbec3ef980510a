import Ledger
import Plates
import Secrets

extension Record {
    /// An entry that counts: verified under the roster in force, and against what stands before it.
    func admitted(_ entry: Examined) throws(Refusal) -> AnyStatement {
        let statement = try entry.statement.get()
        guard indices[statement.id] == nil else {
            throw Refusal(.statementRepeated, "the statement stands in the log already")
        }
        guard count > 0 else { return try verifiedFirst(statement) }
        guard !rosters.isEmpty else {
            throw Refusal(.rosterMissing, "the log does not begin with the trusted roster")
        }
        let verified =
            entry.roster == roster.hash
            ? try entry.result.get() : try Examined(statement, under: roster).result.get()
        if let said = verified.time, said < time.adding(days: -Self.memoryDays) {
            throw Refusal(
                .statementStale,
                "the statement was signed more than \(Self.memoryDays) days before the log's time")
        }
        try check(verified)
        return verified
    }

    private func verifiedFirst(_ statement: UnverifiedStatement) throws(Refusal) -> AnyStatement {
        guard statement.type == .roster, statement.id == roster.hash else {
            throw Refusal(.rosterMissing, "the log does not begin with the trusted roster")
        }
        let (first, verified) = try Roster.first(statement)
        return .roster(first, verified)
    }

    /// A statement that is right by itself, held against what stands in the log before it.
    private func check(_ statement: AnyStatement) throws(Refusal) {
        switch statement {
        case .roster(let next, _):
            guard next.logKey == logKey else {
                throw Refusal(
                    .rosterSuccession, "the roster names another log key than the log has")
            }
        case .successor(let statement):
            guard statement.body.size == count else {
                throw Refusal(
                    .successorPlace,
                    "the successor follows \(statement.body.size) entries, not \(count)")
            }
        case .generation(let statement): try checkGeneration(statement.body)
        case .hourClosed(let statement):
            guard !isClosed(statement.body.cell, statement.body.kind) else {
                throw Refusal(.cellClosed, "that tree of the cell is closed already")
            }
        case .prekeys(let statement):
            let known = prekeys[statement.body.custodian] ?? [:]
            guard statement.body.keys.allSatisfy({ known[$0.day] == nil }) else {
                throw Refusal(.statementRepeated, "the custodian has a prekey for that day")
            }
        case .order(let statement): _ = try known(statement.body.request)
        case .approval(let statement): _ = try known(statement.body.request)
        case .denial(let statement): _ = try known(statement.body.request)
        case .withdraw(let statement): try checkWithdrawal(statement.body)
        case .evaluation(let statement):
            try checkEvaluation(statement.body, of: try known(statement.body.request))
        case .check(let statement):
            try checkCheck(statement.body, of: try known(statement.body.request))
        case .disclosure(let statement):
            try checkDisclosure(statement.body, of: try known(statement.body.request))
        case .opening(let statement):
            try checkOpening(statement.body, of: try known(statement.body.request))
        case .notice(let statement):
            try checkNotice(statement.body, of: try known(statement.body.request))
        case .rolledBack(let statement):
            _ = try holding(statement.body.generation, statement.body.custodian)
        case .shred(let statement):
            _ = try holding(statement.body.generation, statement.body.custodian)
        case .dayDestroyed(let statement): try checkDestruction(statement.body)
        case .request, .grant, .difference: break
        }
    }

    private func checkWithdrawal(_ body: WithdrawBody) throws(Refusal) {
        let state = try known(body.request)
        guard
            state.body.requester == body.party
                || state.orders.contains(where: { $0.body.authority == body.party })
        else {
            throw Refusal(
                .signerUnknown, "only its requester or its authority withdraws a request")
        }
    }

    private func known(_ id: Digest) throws(Refusal) -> RequestState {
        guard let state = requests[id] else {
            throw Refusal(
                .requestUnknown, "no such request stands in the log before it, or it is long over")
        }
        return state
    }

    /// A generation that is final, and a custodian's place in it.
    func holding(
        _ number: UInt32, _ custodian: String
    ) throws(Refusal) -> (state: GenerationState, masks: [SubsetMask]) {
        guard let state = generations[number], state.isFinal,
            let index = state.roster.custodianIndex(custodian)
        else {
            throw Refusal(
                .referenceUnknown, "the custodian holds nothing of a final generation \(number)")
        }
        return (state, state.threshold.subsets(heldBy: index))
    }

    private func checkGeneration(_ body: GenerationBody) throws(Refusal) {
        switch body {
        case .propose(let step):
            let last = generations.keys.max() ?? 0
            let newest = generations.values.filter(\.isUsable).map(\.first).max()
            guard step.generation == last + 1, newest.map({ $0 < step.first }) ?? true else {
                throw Refusal(
                    .generationOutOfTurn,
                    "generation \(last + 1) is next, and it begins after the last final one")
            }
        case .commit(let step):
            let state = try ceremony(step.generation)
            guard state.commits[step.custodian] == nil else {
                throw Refusal(.statementRepeated, "the custodian has committed already")
            }
        case .final(let step):
            let state = try ceremony(step.generation)
            guard state.isCommitted else {
                throw Refusal(.generationOutOfTurn, "not all custodians have committed yet")
            }
            guard state.finals[step.custodian] == nil else {
                throw Refusal(.statementRepeated, "the custodian has said final already")
            }
        }
    }

    /// The newest proposal, made under the roster in force: a change of roster voids a ceremony.
    private func ceremony(_ number: UInt32) throws(Refusal) -> GenerationState {
        guard let state = generations[number], number == generations.keys.max(),
            state.roster == roster
        else {
            throw Refusal(
                .generationOutOfTurn, "generation \(number) is not being made under this roster")
        }
        return state
    }

    private func checkDestruction(_ body: DayDestroyedBody) throws(Refusal) {
        let (state, masks) = try holding(body.generation, body.custodian)
        guard body.next.map(\.mask) == masks else {
            throw Refusal(
                .subsetForeign, "the commitments are not for exactly the custodian's subsets")
        }
        guard body.day >= state.first, body.day <= state.last else {
            throw Refusal(
                .referenceUnknown, "generation \(state.number) has no keys for \(body.day.text)")
        }
        let last = erased[body.generation]?[body.custodian]
        guard last.map({ $0 < body.day }) ?? true else {
            throw Refusal(.destructionBackwards, "that day of the generation is gone already")
        }
        guard body.time >= state.due(body.day) else {
            throw Refusal(
                .destructionEarly,
                "\(body.day.text) was not due yet; what is erased before its time is a shred")
        }
    }
}
