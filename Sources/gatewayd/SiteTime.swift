import Dispatch
import Hosting
import Intake
import Plates
import Secrets
import Warrants
import Wire

// What time asks of a site: the log followed, keys in good time, hours closed, keys erased.
extension SiteWorker {
    /// Follows the log; under another roster the site begins a new run.
    func follow() {
        do {
            try follower.refresh(from: vault)
            state.sync { isVaultThere = true }
        } catch {
            // The own disk may be full: the vault takes rows all the same.
            let problem = error as? WireProblem
            state.sync { isVaultThere = problem?.code != "unreachable" }
            log.problem(
                "log-unfollowed",
                problem ?? WireProblem(code: "log-failed", sentence: "the log"))
            return
        }
        let record = follower.record
        guard state.sync(execute: { gateway?.roster != record.roster }) else { return }
        line.sync { flush() }
        state.sync { begin(record) }
    }

    /// A run under the roster in force.
    private func begin(_ record: Record) {
        let time = now
        let (old, new) = (gateway?.roster.policy, record.roster.policy)
        let isOther =
            old.map {
                ($0.fold, $0.lateHours, $0.photos) != (new.fold, new.lateHours, new.photos)
            } ?? false
        if isOther {
            // What was gathered by the old rules is sealed by them.
            for feed in receptions.keys.sorted() {
                if let delivery = receptions[feed]?.finish(at: time) {
                    seal(due: delivery, of: feed)
                }
            }
        }
        // What the vault has not taken stays with the old run until it has.
        guard gateway?.counts.waiting ?? 0 == 0, open.count == 0 else { return }
        if isOther { receptions = [:] }
        do {
            ways = custodians(record.roster)
            gateway = try Gateway(
                roster: record.roster, site: options.site, key: setting.key, vault: vault,
                custodians: ways.map { CustodianClient($0) },
                firstOpenHour: record.firstOpenHour(of: options.site, at: time),
                firstLateHour: record.firstLateHour(of: options.site, at: time),
                random: SystemRandom())
            gateway?.formerKeys = record.formerKeys(of: options.site, at: time)
            keys = KeyFetching()
            log.write(.info, "run-begun", ["entries": .count(Int(record.count))])
        } catch {
            gateway = nil
            log.problem(
                "site-unknown",
                (error as? IntakeRefusal)
                    ?? HostingError(code: "site-unknown", sentence: "the roster has no such site"))
        }
    }

    /// On `state`: closes the hours that are due, and erases keys of hours that are over.
    func closeAndErase(at time: Timestamp) {
        guard let gateway else { return }
        if options.closes, isVaultThere, let problem = gateway.closeHours(at: time).problem {
            log.problem("closing-failed", problem)
        }
        let before = Set(gateway.hoursWaiting)
        gateway.erase(at: time)
        keys.forget(before: time.hour.adding(-Int64(gateway.roster.policy.lateHours)))
        for item in open.lose(before.subtracting(gateway.hoursWaiting)) {
            item.ticket?.answer(Self.vaultAway)
            receptions[item.feed]?.abandon(item.token)
        }
    }

    /// Asks for keys where the present hour lacks them, in good time before the last one held begins,
    /// and where a key still has to be compared with another holder's.
    func fetchKeys(at time: Timestamp) {
        let record = follower.record
        let plans = state.sync { () -> [KeyFetching.Plan] in
            guard let gateway else { return [] }
            return keys.plans(gateway, record, at: time, prefetch: options.prefetchHours)
        }
        for plan in plans { fetch(plan, at: time) }
    }

    /// Asks all custodians of a plan at once: what the first of them give is used at once, and who
    /// is slow is compared when it answers.
    private func fetch(_ plan: KeyFetching.Plan, at time: Timestamp) {
        let (asks, ways, run) = state.sync {
            let asks = plan.custodians.compactMap { custodian in
                try? gateway?.keyAsk(custodian, plan.hours, at: time)
            }
            return (asks, self.ways, gateway?.run)
        }
        let group = DispatchGroup()
        for ask in asks where ways.indices.contains(ask.custodian) {
            let way = ways[ask.custodian]
            DispatchQueue.global().async(group: group) { [self] in
                let answer = Result { () throws(WireProblem) in
                    try CustodianClient(way).grant(ask.note)
                }
                state.sync {
                    guard gateway?.run == run else { return }
                    gateway?.take(
                        answer, to: ask, generation: plan.generation, at: time, &keys.report)
                    if case .success = answer { keys.note(plan, answered: ask.custodian, at: time) }
                }
            }
        }
        group.wait()
        state.sync { conclude(plan) }
    }

    private func conclude(_ plan: KeyFetching.Plan) {
        guard let gateway else { return }
        gateway.conclude(&keys.report, plan.hours, plan.generation)
        let report = keys.report
        keys.end(plan)
        for (custodian, code) in report.failed.sorted(by: { $0.key < $1.key }) {
            guard let word = PartySetting.word(custodian, in: gateway.roster) else { continue }
            log.write(.warning, "keys-refused", ["custodian": .party(word), "code": .code(code)])
        }
        log.write(
            report.incomplete.isEmpty ? .info : .warning, "keys-fetched",
            [
                "answers": .count(report.answered.count),
                "incomplete": .count(report.incomplete.count),
                "unconfirmed": .count(report.unconfirmed.count),
                "differences": .count(report.differences.count),
            ])
    }
}

/// Whom to ask for which keys, and when: as seldom as possible, since custodians count.
struct KeyFetching {
    /// One round of asking.
    struct Plan {
        let generation: UInt32
        let hours: ClosedRange<Hour>
        let custodians: [Int]
    }

    /// What came of the round under way.
    var report = KeyReport()
    private var next = Timestamp(milliseconds: 0)
    private var unconfirmed: Set<Hour> = []
    /// For which hours a custodian has answered: it is not asked again for ten minutes.
    private var answered: [Int: Set<Hour>] = [:]
    private var answeredSince: Timestamp?

    /// The rounds that are due now.
    mutating func plans(
        _ gateway: Gateway, _ record: Record, at time: Timestamp, prefetch: Int
    ) -> [Plan] {
        guard time >= next else { return [] }
        let held = Set(gateway.hoursHeld)
        let wanted = gateway.keyHours(at: time)
        let newest = min(wanted.upperBound, time.hour.adding(Int64(prefetch)))
        let all = (wanted.lowerBound.number...max(wanted.lowerBound, newest).number)
            .map { Hour(number: $0) }
        let lacking = all.filter { !held.contains($0) }
        let ahead = held.filter { $0 > time.hour }.count
        let isPresent = held.contains(time.hour)
        let isShort = !isPresent || ahead * 2 < prefetch
        let asked = isShort && !lacking.isEmpty ? lacking : all.filter(unconfirmed.contains)
        guard !asked.isEmpty else { return [] }
        next = time.adding(milliseconds: isPresent ? 30_000 : 5_000)
        if let since = answeredSince, time.milliseconds(since: since) >= 600_000 {
            answered = [:]
            answeredSince = nil
        }
        guard let first = asked.first, let last = asked.last else { return [] }
        return record.generations(of: first...last).compactMap { generation, hours in
            let asked = Set(asked.filter(hours.contains))
            guard let first = asked.min(), let last = asked.max() else { return nil }
            gateway.know(generation)
            let custodians = gateway.roster.custodians.enumerated().filter { place, custodian in
                generation.roster.custodianIndex(custodian.id) != nil
                    && !(answered[place]?.isSuperset(of: asked) ?? false)
            }.map(\.offset)
            return custodians.isEmpty
                ? nil
                : Plan(generation: generation.number, hours: first...last, custodians: custodians)
        }
    }

    /// A custodian has answered.
    mutating func note(_ plan: Plan, answered custodian: Int, at time: Timestamp) {
        let hours = plan.hours.lowerBound.number...plan.hours.upperBound.number
        answered[custodian, default: []].formUnion(hours.map { Hour(number: $0) })
        answeredSince = answeredSince ?? time
    }

    /// A round is over.
    mutating func end(_ plan: Plan) {
        unconfirmed = unconfirmed.filter { !plan.hours.contains($0) }
        unconfirmed.formUnion(report.unconfirmed)
        report = KeyReport()
    }

    /// Hours before one are of no interest any more.
    mutating func forget(before hour: Hour) {
        unconfirmed = unconfirmed.filter { $0 >= hour }
    }
}
