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
        let verified = try verified(entry, statement)
        if let said = verified.time, said < time.adding(days: -Self.memoryDays) {
            throw Refusal(
                .statementStale,
                "the statement was signed more than \(Self.memoryDays) days before the log's time")
        }
        try check(verified)
        return verified
    }

    private func verified(
        _ entry: Examined, _ statement: UnverifiedStatement
    ) throws(Refusal) -> AnyStatement {
        let result =
            entry.roster == roster.hash
            ? entry.result : Examined(statement, under: roster).result
        do throws(Refusal) {
            return try result.get()
        } catch {
            guard error.reason == .signerUnknown, let said = try saidByFormer(statement) else {
                throw error
            }
            return said
        }
    }

    /// A custodian that the roster has no more still has to erase what it made: what it says of
    /// that counts, by the last key it had, and nothing else that it says.
    private func saidByFormer(
        _ statement: UnverifiedStatement
    ) throws(Refusal) -> AnyStatement? {
        func last(_ custodian: String) -> Roster? {
            rosters.last { $0.roster.custodianIndex(custodian) != nil }?.roster
        }
        switch statement.type {
        case .dayDestroyed:
            let body = try statement.unverifiedBody(DayDestroyedBody.self)
            guard let roster = last(body.custodian) else { return nil }
            return .dayDestroyed(try roster.verify(statement, madeUnder: self.roster.hash))
        case .shred:
            let body = try statement.unverifiedBody(ShredBody.self)
            guard let roster = last(body.custodian) else { return nil }
            return .shred(try roster.verify(statement, madeUnder: self.roster.hash))
        default: return nil
        }
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
            try checkWords(of: next)
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
            let body = statement.body
            _ = try holding(body.generation, body.custodian)
            guard !hasLost(body.generation, body.custodian) else {
                throw Self.lost(body.custodian)
            }
        case .shareLost(let statement):
            let body = statement.body
            _ = try holding(body.generation, body.custodian)
            guard !hasLost(body.generation, body.custodian) else {
                throw Refusal(.statementRepeated, "the custodian has said that it lost its share")
            }
        case .dayDestroyed(let statement): try checkDestruction(statement.body)
        case .request, .grant, .difference: break
        }
    }

    /// A custodian's word is one institution's for ever: it stands for shares of generations that
    /// are still used, and whoever takes its place must not inherit them.
    private func checkWords(of next: Roster) throws(Refusal) {
        for custodian in next.custodians {
            let before = rosters.last { $0.roster.custodianIndex(custodian.id) != nil }
            guard let known = before?.roster.custodian(custodian.id),
                known.institution != custodian.institution
            else { continue }
            throw Refusal(
                .rosterSuccession,
                "\(custodian.id) was the word of another institution; a new custodian needs one of "
                    + "its own")
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
            try checkNoneUnderWay()
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
            // Otherwise a final dated late would make a generation useless, and name nobody for it.
            guard !state.isSuccessor || step.time <= state.deadline else {
                throw Refusal(
                    .generationOutOfTurn, "generation \(state.number) had to be final before")
            }
        }
    }

    /// A ceremony for what is owed is not overtaken before its time, so that nobody can cut each
    /// short; one for anything else is. Whether its time was over, only the whole log tells.
    private func checkNoneUnderWay() throws(Refusal) {
        guard isWhole, let newest = newestProposed, isUnderWay(newest), time < newest.deadline,
            renewal(at: time)?.allows(newest, at: time) == true
        else { return }
        throw Refusal(
            .generationOutOfTurn,
            "generation \(newest.number) is being made until its time is over")
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

    static func lost(_ custodian: String) -> Refusal {
        Refusal(.shareLost, "\(custodian) has said that it lost its share of the generation")
    }

    private func checkDestruction(_ body: DayDestroyedBody) throws(Refusal) {
        let (state, masks) = try holding(body.generation, body.custodian)
        guard !hasLost(body.generation, body.custodian) else { throw Self.lost(body.custodian) }
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
