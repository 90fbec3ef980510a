import Ledger
import Plates
import Secrets

/// A verified statement of any type, as the record takes it in.
enum AnyStatement {
    case roster(Roster, Statement<RosterBody>)
    case generation(Statement<GenerationBody>)
    case hourClosed(Statement<HourClosedBody>)
    case grant(Statement<GrantBody>)
    case request(Statement<RequestBody>)
    case order(Statement<OrderBody>)
    case approval(Statement<ApprovalBody>)
    case denial(Statement<DenialBody>)
    case withdraw(Statement<WithdrawBody>)
    case evaluation(Statement<EvaluationBody>)
    case disclosure(Statement<DisclosureBody>)
    case dayDestroyed(Statement<DayDestroyedBody>)
    case rolledBack(Statement<RolledBackBody>)
    case shred(Statement<ShredBody>)
    case prekeys(Statement<PrekeysBody>)
    case difference(Statement<DifferenceBody>)
    case check(Statement<CheckBody>)
    case opening(Statement<OpeningBody>)
    case notice(Statement<NoticeBody>)
    case successor(Statement<SuccessorBody>)
}

extension Record {
    /// An entry verified under the roster in force, and against what stands before it.
    func verified(_ statement: UnverifiedStatement) throws(Refusal) -> AnyStatement {
        guard indices[statement.id] == nil else {
            throw Refusal(.statementRepeated, "the statement stands in the log already")
        }
        guard count > 0 else { return try verifiedFirst(statement) }
        guard !rosters.isEmpty else {
            throw Refusal(.rosterMissing, "the log does not begin with the trusted roster")
        }
        switch statement.type {
        case .roster:
            let (next, verified) = try roster.successor(statement)
            guard next.logKey == logKey else {
                throw Refusal(
                    .rosterSuccession, "the roster names another log key than the log has")
            }
            return .roster(next, verified)
        case .successor: return .successor(try roster.succession(statement, at: count))
        case .generation:
            let verified: Statement<GenerationBody> = try roster.verify(statement)
            try checkGeneration(verified.body)
            return .generation(verified)
        case .hourClosed:
            let verified: Statement<HourClosedBody> = try roster.verify(statement)
            guard closings[verified.body.cell]?[verified.body.kind] == nil else {
                throw Refusal(.cellClosed, "that tree of the cell is closed already")
            }
            return .hourClosed(verified)
        case .grant: return .grant(try roster.verify(statement))
        case .request, .order, .approval, .denial, .withdraw:
            return try verifiedAboutRequest(statement)
        case .evaluation, .check, .disclosure, .opening, .notice:
            return try verifiedAboutAnswer(statement)
        case .dayDestroyed, .rolledBack, .shred: return try verifiedAboutDays(statement)
        case .prekeys:
            let verified: Statement<PrekeysBody> = try roster.verify(statement)
            let known = prekeys[verified.body.custodian] ?? [:]
            guard verified.body.keys.allSatisfy({ known[$0.day] == nil }) else {
                throw Refusal(.statementRepeated, "the custodian has a prekey for that day")
            }
            return .prekeys(verified)
        case .difference: return .difference(try roster.verify(statement))
        case .grantRequest:
            throw Refusal(.statementUnlogged, "a grant request does not belong into the log")
        }
    }

    private func verifiedFirst(_ statement: UnverifiedStatement) throws(Refusal) -> AnyStatement {
        guard statement.type == .roster, statement.id == roster.hash else {
            throw Refusal(.rosterMissing, "the log does not begin with the trusted roster")
        }
        let (first, verified) = try Roster.first(statement)
        return .roster(first, verified)
    }

    private func verifiedAboutRequest(
        _ statement: UnverifiedStatement
    ) throws(Refusal) -> AnyStatement {
        switch statement.type {
        case .order:
            let verified: Statement<OrderBody> = try roster.verify(statement)
            _ = try known(verified.body.request)
            return .order(verified)
        case .approval:
            let verified: Statement<ApprovalBody> = try roster.verify(statement)
            _ = try known(verified.body.request)
            return .approval(verified)
        case .denial:
            let verified: Statement<DenialBody> = try roster.verify(statement)
            _ = try known(verified.body.request)
            return .denial(verified)
        case .withdraw:
            let verified: Statement<WithdrawBody> = try roster.verify(statement)
            let state = try known(verified.body.request)
            let party = verified.body.party
            guard
                state.body.requester == party
                    || state.orders.contains(where: { $0.body.authority == party })
            else {
                throw Refusal(
                    .signerUnknown, "only its requester or its authority withdraws a request")
            }
            return .withdraw(verified)
        default: return .request(try roster.verify(statement))
        }
    }

    private func verifiedAboutAnswer(
        _ statement: UnverifiedStatement
    ) throws(Refusal) -> AnyStatement {
        switch statement.type {
        case .evaluation:
            let verified: Statement<EvaluationBody> = try roster.verify(statement)
            try checkEvaluation(verified.body, of: try known(verified.body.request))
            return .evaluation(verified)
        case .check:
            let verified: Statement<CheckBody> = try roster.verify(statement)
            try checkCheck(verified.body, of: try known(verified.body.request))
            return .check(verified)
        case .disclosure:
            let verified: Statement<DisclosureBody> = try roster.verify(statement)
            try checkDisclosure(verified.body, of: try known(verified.body.request))
            return .disclosure(verified)
        case .opening:
            let verified: Statement<OpeningBody> = try roster.verify(statement)
            try checkOpening(verified.body, of: try known(verified.body.request))
            return .opening(verified)
        default:
            let verified: Statement<NoticeBody> = try roster.verify(statement)
            try checkNotice(verified.body, of: try known(verified.body.request))
            return .notice(verified)
        }
    }

    private func verifiedAboutDays(
        _ statement: UnverifiedStatement
    ) throws(Refusal) -> AnyStatement {
        switch statement.type {
        case .rolledBack:
            let verified: Statement<RolledBackBody> = try roster.verify(statement)
            _ = try holding(verified.body.generation, verified.body.custodian)
            return .rolledBack(verified)
        case .shred:
            let verified: Statement<ShredBody> = try roster.verify(statement)
            _ = try holding(verified.body.generation, verified.body.custodian)
            return .shred(verified)
        default:
            let verified: Statement<DayDestroyedBody> = try roster.verify(statement)
            try checkDestruction(verified.body)
            return .dayDestroyed(verified)
        }
    }

    private func known(_ id: Digest) throws(Refusal) -> RequestState {
        guard let state = requests[id] else {
            throw Refusal(.requestUnknown, "no such request stands in the log before it")
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
            let newest = generations.values.filter(\.isFinal).map(\.first).max()
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

extension Record {
    /// Writes a verified statement down under its index.
    mutating func apply(_ statement: AnyStatement, at index: UInt64) {
        switch statement {
        case .roster(let next, _):
            roster = next
            rosters.append((index, next))
        case .generation(let statement): applyGeneration(Logged(index: index, statement: statement))
        case .hourClosed(let statement):
            closings[statement.body.cell, default: [:]][statement.body.kind] =
                Logged(index: index, statement: statement)
        case .grant(let statement): grants.append(Logged(index: index, statement: statement))
        case .request(let statement):
            let logged = Logged(index: index, statement: statement)
            requests[statement.id] = RequestState(logged)
            requestOrder.append(statement.id)
            warrants[statement.body.warrant, default: []].append(statement.id)
            let key = Digest(of: statement.body.replyKey)
            if replyKeys[key] == nil { replyKeys[key] = statement.id }
            applyCost(of: logged)
        case .order(let statement):
            requests[statement.body.request]?.orders.append(
                Logged(index: index, statement: statement))
        case .approval(let statement):
            requests[statement.body.request]?.approvals.append(
                Logged(index: index, statement: statement))
        case .denial(let statement):
            requests[statement.body.request]?.denials.append(
                Logged(index: index, statement: statement))
        case .withdraw(let statement):
            requests[statement.body.request]?.withdrawals.append(
                Logged(index: index, statement: statement))
        case .evaluation(let statement):
            requests[statement.body.request]?.evaluations.append(
                Logged(index: index, statement: statement))
        case .disclosure(let statement):
            requests[statement.body.request]?.disclosures.append(
                Logged(index: index, statement: statement))
        case .dayDestroyed(let statement):
            destructions.append(Logged(index: index, statement: statement))
            erased[statement.body.generation, default: [:]][statement.body.custodian] =
                statement.body.day
        case .rolledBack(let statement):
            rollbacks.append(Logged(index: index, statement: statement))
        case .shred(let statement): shreds.append(Logged(index: index, statement: statement))
        case .prekeys(let statement):
            for key in statement.body.keys {
                prekeys[statement.body.custodian, default: [:]][key.day] = (index, key.key)
            }
        case .difference(let statement):
            differences.append(Logged(index: index, statement: statement))
        case .check(let statement):
            requests[statement.body.request]?.checks.append(
                Logged(index: index, statement: statement))
        case .opening(let statement):
            requests[statement.body.request]?.opening = Logged(index: index, statement: statement)
        case .notice(let statement):
            requests[statement.body.request]?.notice = Logged(index: index, statement: statement)
        case .successor(let statement): applySuccession(Logged(index: index, statement: statement))
        }
    }

    private mutating func applyCost(of logged: Logged<RequestBody>) {
        if logged.body.isDrill { drills[logged.body.time.day, default: []].append(logged.index) }
        spending[logged.body.agency, default: []].append(
            Spending(index: logged.index, time: logged.body.time, cells: logged.body.cost))
    }

    private mutating func applySuccession(_ logged: Logged<SuccessorBody>) {
        successions.append(logged)
        // A name that made one key makes every key.
        if let key = try? NoteVerifierKey(name: origin, key: logged.body.logKey.key) {
            logKey = key
        }
    }

    private mutating func applyGeneration(_ logged: Logged<GenerationBody>) {
        switch logged.body {
        case .propose(let step):
            generations[step.generation] = GenerationState(
                proposal: step, proposed: logged.index, roster: roster, id: logged.id)
        case .commit(let step): generations[step.generation]?.commits[step.custodian] = logged
        case .final(let step): generations[step.generation]?.finals[step.custodian] = logged
        }
    }
}
