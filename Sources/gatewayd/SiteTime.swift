import Dispatch
import Hosting
import Intake
import Plates
import Secrets
import Warrants
import Wire

// What time asks of a site: the log followed, keys in good time, hours closed, keys erased.
extension SiteWorker {
    /// 5 seconds: how long closings may take in one turn.
    static let closingTime = Duration.seconds(5)
    /// 5 seconds: how long another roster waits while messages are still taken.
    static let messagesOfOldRun: Int64 = 5_000
    /// 30 seconds: how long another roster waits for photos that the vault does not have.
    static let photosOfOldRun: Int64 = 30_000

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
        let isOther = state.sync {
            note(closedBy: record)
            if gateway?.roster == record.roster { rosterWaits = nil }
            return gateway?.roster != record.roster
        }
        guard isOther else { return }
        // Nothing is on its way to the vault while the run changes.
        line.sync {
            flush()
            state.sync { begin(record) }
        }
    }

    private func note(closedBy record: Record) {
        let prompt = record.closedHours(of: options.site, .prompt)
        let late = record.closedHours(of: options.site, .late)
        gateway?.isClosedByLog = { prompt.contains($0) }
        gateway?.isLateClosedByLog = { late.contains($0) }
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
        guard isOver(at: time) else { return }
        rosterWaits = nil
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
            note(closedBy: record)
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

    /// Whether nothing of the old run is left. What the vault has not taken stays with it; photos do
    /// not longer than a while, since a vault may never take them.
    private func isOver(at time: Timestamp) -> Bool {
        guard let counts = gateway?.counts else { return true }
        let since = rosterWaits ?? time
        rosterWaits = since
        let isLong = time.milliseconds(since: since) >= Self.photosOfOldRun
        guard counts.waiting == 0, open.count == 0, counts.photosWaiting == 0 || isLong else {
            return false
        }
        if counts.photosWaiting > 0 {
            log.write(.warning, "photos-undelivered", ["photos": .count(counts.photosWaiting)])
        }
        return true
    }

    /// Whether another roster waits so long for the last rows of the old run that no new ones may
    /// come in: under load there might never be a moment without any. While the vault is away
    /// nothing can come to an end, and rows are sealed as ever.
    func isRosterDue(at time: Timestamp) -> Bool {
        guard isVaultThere, let rosterWaits else { return false }
        return time.milliseconds(since: rosterWaits) >= Self.messagesOfOldRun
    }

    /// On `state`: closes the hours that are due, for some seconds; the rest has its next turn.
    func close(at time: Timestamp) {
        erase(at: time)
        guard options.closes, isVaultThere, let gateway else { return }
        let end = ContinuousClock.now + Self.closingTime
        if let problem = gateway.closeHours(at: time, while: { ContinuousClock.now < end }).problem
        {
            log.problem("closing-failed", problem)
        }
    }

    /// On `state`: erases keys of hours that are over. Nothing that waits for another party comes
    /// before it.
    func erase(at time: Timestamp) {
        guard let gateway else { return }
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
            return keys.plans(gateway, at: time, prefetch: options.prefetchHours) {
                record.generations(of: $0)
            }
        }
        for plan in plans { fetch(plan, at: time) }
    }

    /// Asks all custodians of a plan at once: what the first of them give is used at once, and who
    /// is slow is compared when it answers.
    private func fetch(_ plan: KeyFetching.Plan, at time: Timestamp) {
        let (asks, ways, run) = state.sync {
            let asks = plan.asks.compactMap { custodian, hours in
                try? gateway?.keyAsk(custodian, hours, at: time)
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
                    guard let gateway, gateway.run == run else { return }
                    let isTaken = gateway.take(
                        answer, to: ask, generation: plan.generation, at: time, &keys.report)
                    if case .success = answer {
                        keys.note(plan, ask, isTaken: isTaken, at: time)
                    }
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
