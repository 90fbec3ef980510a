import Dispatch
import Hosting
import Intake
import Plates
import Secrets
import Warrants
import Wire

/// Everything that a site does, one thing after the other on one queue: messages in, rows to the
/// vault, keys, canary, closings.
///
/// Unchecked, because all that changes is touched on `queue` alone.
final class SiteWorker: @unchecked Sendable {
    /// What a worker is told once.
    struct Options: Sendable {
        let site: SiteNumber
        let closes: Bool
        let batchMilliseconds: Int
        let answerSeconds: Int
        let prefetchHours: Int
    }

    /// Numbers for the metrics page.
    struct Numbers: Sendable {
        var gateway: GatewayCounts?
        var messages = 0
        var refused: [String: Int] = [:]
        var duplicates = 0
        var hoursHeld = 0
        var hoursAhead = 0
        var isVaultThere = false
        var firstOpenHour: UInt32 = 0
    }

    private let setting: PartySetting
    private let options: Options
    private let vault: VaultClient
    private let custodians: (Roster) -> [CustodianClient]
    private let follower: Follower
    private let log: DaemonLog
    private let queue = DispatchQueue(label: "site")

    private var gateway: Gateway?
    private var receptions: [String: Reception] = [:]
    private var deliveries = Deliveries()
    private var isFlushPlanned = false
    private var nextKeyFetch = Timestamp(milliseconds: 0)
    private var numbers = Numbers()

    init(
        _ setting: PartySetting, _ options: Options, vault: VaultClient, follower: Follower,
        log: DaemonLog, custodians: @escaping @Sendable (Roster) -> [CustodianClient]
    ) {
        self.setting = setting
        self.options = options
        self.vault = vault
        self.follower = follower
        self.log = log
        self.custodians = custodians
    }

    private var now: Timestamp { setting.clock.now }

    /// Takes one message; the reply is `durable` only after the vault has its rows.
    func take(_ message: FeedListener.Message) async -> FeedListener.Reply {
        let ticket = Ticket()
        queue.async { self.accept(message, ticket) }
        return await ticket.reply(
            within: options.answerSeconds, otherwise: FeedListener.Reply(503, "vault-unreachable"))
    }

    /// What time asks of the site. Called every second or two.
    func mind() { queue.sync { mindInTurn() } }

    /// The last things: what was held is sealed, and everything goes to the vault if it is there.
    func finish() {
        queue.sync {
            let time = now
            for feed in receptions.keys.sorted() { seal(receptions[feed]?.finish(at: time) ?? []) }
            do throws(IntakeRefusal) {
                _ = try gateway?.sealCanary(at: time, isEnding: true)
            } catch {
                log.problem("canary-failed", error)
            }
            flush()
        }
    }

    /// Numbers as of now.
    var report: Numbers {
        queue.sync {
            var numbers = numbers
            guard let gateway else { return numbers }
            let held = gateway.hoursHeld
            numbers.gateway = gateway.counts
            numbers.hoursHeld = held.count
            numbers.hoursAhead = held.filter { $0 > now.hour }.count
            numbers.firstOpenHour = gateway.firstOpenHour.number
            return numbers
        }
    }

    /// What is missing before reads can be taken; nil where nothing is.
    var missing: String? {
        queue.sync {
            guard let gateway else { return "log-unfollowed" }
            return gateway.holdsKeys(of: now.hour) ? nil : "keys-missing"
        }
    }

    // MARK: Messages

    private func accept(_ message: FeedListener.Message, _ ticket: Ticket) {
        numbers.messages += 1
        let name = Deliveries.Name(feed: message.feed, digest: Digest(of: message.body))
        switch deliveries.state(of: name) {
        case .durable:
            numbers.duplicates += 1
            return ticket.answer(FeedListener.Reply(200, "durable"))
        case .waiting:
            // The rows are sealed already and wait here: the sender waits for the same ones.
            numbers.duplicates += 1
            return deliveries.add(ticket, to: name)
        case nil: break
        }
        guard let gateway, gateway.holdsKeys(of: now.hour) else {
            return refuse(ticket, 503, self.gateway == nil ? "log-unfollowed" : "keys-missing")
        }
        do throws(IntakeRefusal) {
            let time = now
            var reception =
                receptions[message.feed]
                ?? Reception(
                    fold: gateway.roster.policy.fold, camera: message.feed)
            let folded = reception.summary
            defer { receptions[message.feed] = reception }
            let reads = try reception.take(message.body, at: time)
            var hours: Set<Hour> = []
            for read in reads {
                try gateway.take(read, at: time)
                hours.insert(read.seen.hour)
            }
            guard !hours.isEmpty else {
                let isHeld =
                    reception.summary.frames > folded.frames
                    && reception.summary.withoutPlate == folded.withoutPlate
                return ticket.answer(
                    isHeld ? FeedListener.Reply(202, "held") : FeedListener.Reply(200, "nothing"))
            }
            deliveries.begin(name, hours)
            deliveries.add(ticket, to: name)
            planFlush()
        } catch {
            let isLater = ["queue-full", "keys-missing"].contains(error.code)
            refuse(ticket, isLater ? 503 : 422, error.code)
        }
    }

    private func refuse(_ ticket: Ticket, _ status: Int, _ code: String) {
        numbers.refused[code, default: 0] += 1
        ticket.answer(FeedListener.Reply(status, code))
    }

    /// Reads that no sender waits for.
    private func seal(_ reads: [Read]) {
        for read in reads {
            // A refusal of one read is counted by the gateway and holds nobody else up.
            do throws(IntakeRefusal) { try gateway?.take(read, at: now) } catch {
                log.problem("read-refused", error)
            }
        }
    }

    private func planFlush() {
        guard !isFlushPlanned else { return }
        isFlushPlanned = true
        queue.asyncAfter(deadline: .now() + .milliseconds(options.batchMilliseconds)) {
            self.isFlushPlanned = false
            self.flush()
        }
    }

    private func flush() {
        guard let gateway else { return }
        let report = gateway.flush()
        for problem in report.problems { log.problem("vault-refused", problem) }
        numbers.isVaultThere = report.problems.isEmpty
        deliveries.settle(at: now) { hours in !hours.contains { gateway.waits(in: $0) } }
    }

    // MARK: Time

    private func mindInTurn() {
        let time = now
        follow()
        guard let gateway else { return }
        fetchKeys(gateway, time)
        for feed in receptions.keys.sorted() { seal(receptions[feed]?.due(at: time) ?? []) }
        do throws(IntakeRefusal) {
            try gateway.sealCanary(at: time)
        } catch {
            log.problem("canary-failed", error)
        }
        flush()
        if options.closes, let problem = gateway.closeHours(at: time).problem {
            log.problem("closing-failed", problem)
        }
        gateway.erase(at: time)
    }

    /// Follows the log; under another roster the site begins a new run.
    private func follow() {
        do {
            try follower.refresh(from: vault)
            numbers.isVaultThere = true
        } catch {
            numbers.isVaultThere = false
            log.problem(
                "log-unfollowed",
                (error as? WireProblem) ?? WireProblem(code: "log-failed", sentence: "the log"))
            return
        }
        let record = follower.record
        guard gateway?.roster != record.roster else { return }
        if gateway != nil { flush() }
        // What the vault has not taken stays with the old run until it has.
        guard gateway?.counts.waiting ?? 0 == 0 else { return }
        do {
            gateway = try Gateway(
                roster: record.roster, site: options.site, key: setting.key, vault: vault,
                custodians: custodians(record.roster),
                firstOpenHour: record.firstOpenHour(of: options.site, at: now),
                firstLateHour: record.firstLateHour(of: options.site, at: now),
                random: SystemRandom())
            nextKeyFetch = now
            log.write(.info, "run-begun", ["entries": .count(Int(record.count))])
        } catch {
            gateway = nil
            log.problem(
                "site-unknown",
                (error as? IntakeRefusal)
                    ?? HostingError(code: "site-unknown", sentence: "the roster has no such site"))
        }
    }

    /// Asks for keys where the present hour lacks them, and in good time before the last one held
    /// begins; the same hour is asked for as seldom as possible, since custodians count.
    private func fetchKeys(_ gateway: Gateway, _ time: Timestamp) {
        guard time >= nextKeyFetch else { return }
        let held = Set(gateway.hoursHeld)
        let wanted = gateway.keyHours(at: time)
        let last = min(wanted.upperBound, time.hour.adding(Int64(options.prefetchHours)))
        let hours = (wanted.lowerBound.number...max(wanted.lowerBound, last).number)
            .map { Hour(number: $0) }
        let lacking = hours.filter { !held.contains($0) }
        let ahead = held.filter { $0 > time.hour }.count
        guard !held.contains(time.hour) || ahead * 2 < options.prefetchHours, !lacking.isEmpty
        else { return }
        nextKeyFetch = time.adding(milliseconds: 30_000)
        let record = follower.record
        let byGeneration = Dictionary(
            grouping: lacking.filter { hour in
                record.generation(for: hour.day).map { hour.day <= $0.last } ?? false
            }, by: { record.generation(for: $0.day)?.number ?? 0 })
        for (generation, hours) in byGeneration.sorted(by: { $0.key < $1.key }) {
            guard let first = hours.min(), let last = hours.max() else { continue }
            let report = gateway.fetchKeys(first...last, generation: generation, at: time)
            for (custodian, code) in report.failed.sorted(by: { $0.key < $1.key }) {
                guard let word = PartySetting.word(custodian, in: gateway.roster) else { continue }
                log.write(
                    .warning, "keys-refused", ["custodian": .party(word), "code": .code(code)])
            }
            log.write(
                report.incomplete.isEmpty ? .info : .warning, "keys-fetched",
                [
                    "hours": .count(hours.count), "incomplete": .count(report.incomplete.count),
                    "unconfirmed": .count(report.unconfirmed.count),
                    "differences": .count(report.differences.count),
                ])
        }
    }
}
