import Ledger
import Plates
import Secrets

extension Record {
    /// Writes a verified statement down under its index.
    mutating func apply(_ statement: AnyStatement, at index: UInt64) {
        switch statement {
        case .roster(let next, _):
            roster = next
            rosters.append((index, next))
        case .generation(let statement): applyGeneration(Logged(index: index, statement: statement))
        case .hourClosed(let statement):
            hours[statement.body.site, default: SiteHours()].close(statement, at: index)
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
            applyDisclosure(Logged(index: index, statement: statement))
        case .dayDestroyed(let statement):
            applyDestruction(Logged(index: index, statement: statement))
        case .rolledBack(let statement):
            rollbacks.append(Logged(index: index, statement: statement))
        case .shred(let statement): applyShred(Logged(index: index, statement: statement))
        case .shareLost(let statement):
            losses[statement.body.generation, default: [:]][statement.body.custodian] = index
        case .prekeys(let statement):
            for key in statement.body.keys {
                prekeys[statement.body.custodian, default: [:]][key.day] = (index, key.key)
            }
        case .difference(let statement): applyDifference(Logged(index: index, statement: statement))
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

    /// Rows that were handed out wait for their countersignature; those of a drill are nobody's.
    private mutating func applyDisclosure(_ logged: Logged<DisclosureBody>) {
        let id = logged.body.request
        requests[id]?.disclosures.append(logged)
        guard let state = requests[id], !state.isDrill else { return }
        // A digest that the vault never named signs for nothing.
        let named = Set(state.disclosures.filter { $0.body.role == .vault }.map(\.body.bundle))
        let isSigned = state.disclosures.contains {
            $0.body.role == .requester && named.contains($0.body.bundle)
        }
        if isSigned || named.isEmpty {
            uncountersigned[state.body.agency]?[id] = nil
        } else if uncountersigned[state.body.agency]?[id] == nil {
            // A vault that dates its word back makes nobody late: the log's time is the custodians'.
            let told = max(logged.body.time, time)
            uncountersigned[state.body.agency, default: [:]][id] = (logged.index, told)
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
                proposal: step, proposed: logged.index, roster: roster, id: logged.id,
                begun: time, isSuccessor: newestUsable.map { $0.last >= step.first } ?? false)
        case .commit(let step): generations[step.generation]?.commits[step.custodian] = logged
        case .final(let step): generations[step.generation]?.finish(step, logged, at: time)
        }
    }

    /// A seed that is shown not to fit voids the generation: its seeds are worthless then. Who accuses
    /// without showing it stops nothing; that it does not say final names it.
    private mutating func applyDifference(_ logged: Logged<DifferenceBody>) {
        differences.append(logged)
        let body = logged.body
        guard body.kind == .seed, let generation = generations[body.generation],
            generation.roster.custodianIndex(body.party) != nil,
            case .sender = SeedEvidence.verdict(on: body, of: generation)
        else { return }
        generations[body.generation]?.denounce()
    }

    /// Advancing a chain erases the named day, and every day before it that was still there.
    private mutating func applyDestruction(_ logged: Logged<DayDestroyedBody>) {
        destructions.append(logged)
        let body = logged.body
        erase(
            through: body.day, of: body.generation, by: body.custodian,
            Erasure(index: logged.index, time: body.time, slot: body.slot))
    }

    private mutating func applyShred(_ logged: Logged<ShredBody>) {
        shreds.append(logged)
        guard let last = generations[logged.body.generation]?.last else { return }
        erase(
            through: last, of: logged.body.generation, by: logged.body.custodian,
            Erasure(index: logged.index, time: logged.body.time, slot: logged.body.slot))
    }

    private mutating func erase(
        through last: Day, of number: UInt32, by custodian: String, _ erasure: Erasure
    ) {
        guard let generation = generations[number] else { return }
        let before = erased[number]?[custodian]
        let first = before.map { max($0.next, generation.first) } ?? generation.first
        if first <= last {
            for day in first.number...last.number {
                erasures[number, default: [:]][Day(number: day), default: [:]][custodian] = erasure
            }
        }
        erased[number, default: [:]][custodian] = max(before ?? last, last)
    }
}
