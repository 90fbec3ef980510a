import Dispatch
import Hosting
import Intake
import Plates
import Rows
import Secrets
import Synchronization
import Warrants
import Wire

/// Everything that a site does: messages in, rows to the vault, keys, canary, closings.
///
/// Messages are read side by side, each where it came in: the longest part of taking one. What
/// changes is touched on the queue `state` alone; nothing there waits for the network but
/// closing, and that only while the vault answers, and for some seconds. Messages stand there a few at
/// a time, so that what the vault has answered, and keys that are to go, wait for those and not for
/// all. Rows become batches and go to the vault on the queue `line`, one batch after the other; keys
/// come from all custodians at once.
/// So no message waits for anybody but the vault, and for the vault only as long as its own rows do.
///
/// Unchecked, because of these two queues.
final class SiteWorker: @unchecked Sendable {
    /// What a worker is told once.
    struct Options: Sendable {
        let site: SiteNumber
        let closes: Bool
        let batchMilliseconds: Int
        let batchRows: Int
        let answerSeconds: Int
        let prefetchHours: Int
    }

    /// The way to a party, from any thread.
    typealias Way = any Wire.Channel & Sendable

    let setting: PartySetting
    let options: Options
    let feeds: Feeds
    let log: DaemonLog
    let custodians: @Sendable (Roster) -> [Way]
    private let way: Way
    /// Used by `mind` alone.
    let follower: Follower
    let state = DispatchQueue(label: "site")
    let line = DispatchQueue(label: "vault")
    private let deadlines: Deadlines
    private let inbox = Inbox<Arrival>()
    /// How the messages of each feed are read, once one has been taken.
    let readers = Mutex<[String: MessageReader]>([:])

    // On `state`:
    var gateway: Gateway?
    var ways: [Way] = []
    var receptions: [String: FeedReception] = [:]
    var open = OpenDeliveries()
    private var flushPlan = FlushPlan()
    var isVaultThere = false
    /// Whether the vault took the last batch: while it refuses, it is asked no oftener for more.
    private var vaultTakesRows = true
    var keys = KeyFetching()
    /// Since when another roster waits for the end of the run under the old one.
    var rosterWaits: Timestamp?
    var numbers = Numbers()

    init(
        _ setting: PartySetting, _ options: Options, feeds: Feeds, vault: Way, follower: Follower,
        log: DaemonLog, custodians: @escaping @Sendable (Roster) -> [Way]
    ) {
        self.setting = setting
        self.options = options
        self.feeds = feeds
        way = vault
        self.follower = follower
        self.log = log
        self.custodians = custodians
        deadlines = Deadlines(after: .seconds(options.answerSeconds))
    }

    var now: Timestamp { setting.clock.now }
    var vault: VaultClient { VaultClient(way) }

    /// A message as it came, and as it was read by then, and who waits for the answer.
    private struct Arrival: Sendable {
        let message: FeedListener.Message
        let read: ReadMessage?
        let ticket: Ticket
    }

    /// Takes one message; the reply is 200 for reads only after the vault has their rows.
    func take(_ message: FeedListener.Message) async -> FeedListener.Reply {
        let ticket = Ticket()
        let reader = readers.withLock { $0[message.feed] }
        let read = reader?.read(message.body, contentType: message.contentType, at: now)
        if inbox.add(Arrival(message: message, read: read, ticket: ticket)) { giveTurn() }
        return await ticket.reply(before: deadlines, otherwise: Self.vaultAway)
    }

    /// 32 KiB of messages at a time, the least counted as one: one large message, or a dozen of the
    /// usual size, whose rows then go in one batch.
    private static let turn = 32 << 10
    private static let leastMessage = 1 << 10

    /// The next messages are accepted, behind everybody who wants something of `state` now.
    private func giveTurn() {
        state.async {
            var room = Self.turn
            while room > 0, let next = self.inbox.next() {
                self.accept(next.message, next.read, next.ticket)
                room -= max(Self.leastMessage, next.message.body.count)
            }
            if self.inbox.end() { self.giveTurn() }
        }
    }

    /// What time asks of the site. Called every second or two, by one thread.
    func mind() {
        follow()
        fetchKeys(at: now)
        state.sync {
            let time = now
            for feed in receptions.keys.sorted() {
                if let delivery = receptions[feed]?.due(at: time) { seal(due: delivery, of: feed) }
            }
            do throws(IntakeRefusal) {
                try gateway?.sealCanary(at: time)
            } catch {
                log.problem("canary-failed", error)
            }
        }
        line.sync { flush() }
        state.sync { close(at: now) }
    }

    /// Called every second, by a thread of its own: keys go in time, whoever is slow.
    func erase() { state.sync { erase(at: now) } }

    /// The last things: what was held is sealed, and everything goes to the vault, which is waited
    /// for as long as an orderly end may take.
    func finish() {
        state.sync {
            let time = now
            for feed in receptions.keys.sorted() {
                if let delivery = receptions[feed]?.finish(at: time) {
                    seal(due: delivery, of: feed)
                }
            }
            do throws(IntakeRefusal) {
                _ = try gateway?.sealCanary(at: time, isEnding: true)
            } catch {
                log.problem("canary-failed", error)
            }
        }
        let end = DispatchTime.now() + .seconds(20)
        line.sync { flush() }
        while waiting > 0, DispatchTime.now() < end {
            _ = DispatchSemaphore(value: 0).wait(timeout: .now() + .seconds(1))
            line.sync { flush() }
        }
    }

    private var waiting: Int {
        state.sync { gateway.map { $0.counts.waiting + $0.counts.photosWaiting } ?? 0 }
    }

    /// What is missing before reads can be taken; nil where nothing is.
    var missing: String? {
        state.sync {
            guard let gateway else { return "log-unfollowed" }
            return gateway.holdsKeys(of: now.hour) ? nil : "keys-missing"
        }
    }

    // MARK: Rows to the vault

    /// On `state`: rows were queued. A batch goes when rows were gathered for `batch-milliseconds`,
    /// or when there are `batch-rows`, among which the order of so many is lost as well.
    func planFlush() {
        let isFull = isBatchFull
        guard let number = flushPlan.next(isFull: isFull) else { return }
        let delay = isFull ? 0 : options.batchMilliseconds
        line.asyncAfter(deadline: .now() + .milliseconds(delay)) {
            guard self.state.sync(execute: { self.flushPlan.begin(number) }) else { return }
            self.flush()
        }
    }

    private var isBatchFull: Bool {
        isVaultThere && vaultTakesRows && (gateway?.rowsPending ?? 0) >= options.batchRows
    }

    /// How often a flush goes on with what has filled a batch meanwhile, before others who want
    /// something of `line` have their turn.
    private static let rounds = 8

    /// On `line`: hands over what is queued by now. What comes meanwhile is gathered for the next
    /// time, so that batches stay as large as the configuration wants them. `state` is asked once a
    /// batch: whoever asks it waits for a message that is being sealed.
    func flush() {
        var takesPhotos = true
        var round = Round(left: Self.rounds)
        var handover = state.sync {
            round.marks = marks[...]
            return next(&round)
        }
        while let sending = handover {
            let problem = submit(sending, &takesPhotos)
            handover = state.sync {
                if !settle(sending, problem) {
                    // Nobody waits once for each hour.
                    if isVaultThere { round.marks.removeFirst() } else { round.marks.removeAll() }
                }
                return next(&round)
            }
        }
        let lagging = state.sync {
            if !isVaultThere { open.putOff(Self.vaultAway) }
            return gateway?.hoursLagging ?? []
        }
        for hour in lagging {
            offer(state.sync { gateway?.photoParcels(lagging: hour) ?? [] }, &takesPhotos)
        }
    }

    /// How many of an hour's rows the vault has, once all are there that were queued at a time.
    private struct Mark {
        let hour: Hour
        let rows: Int
    }

    /// What a flush has still to hand over, oldest hour first, and how often it may go on.
    private struct Round {
        var marks: ArraySlice<Mark> = []
        var left: Int
    }

    private var marks: [Mark] {
        (gateway?.hoursWaiting ?? []).map {
            Mark(hour: $0, rows: gateway?.rowsQueued(in: $0) ?? 0)
        }
    }

    /// On `state`: what goes to the vault next; nil where nothing is left.
    private func next(_ round: inout Round) -> Handover? {
        while true {
            guard let mark = round.marks.first else {
                guard isBatchFull, round.left > 0 else { return nil }
                round.left -= 1
                round.marks = marks[...]
                flushPlan.overtake()
                continue
            }
            if let gateway, gateway.rowsHanded(in: mark.hour) < mark.rows,
                let handover = gateway.nextHandover(of: mark.hour)
            {
                return handover
            }
            round.marks.removeFirst()
        }
    }

    /// On `line`: makes the batch of rows and sends it, after its photos. Why the vault does not have
    /// it; nil where it does.
    private func submit(_ handover: Handover, _ takesPhotos: inout Bool) -> WireProblem? {
        do throws(WireProblem) {
            let batch = try handover.batch()
            if handover.hasPhotos {
                offer(state.sync { gateway?.photoParcels(of: batch) ?? [] }, &takesPhotos)
            }
            return Gateway.submit(batch, to: vault)
        } catch {
            return error
        }
    }

    /// On `line`: photos go before their rows, and hold no row up.
    private func offer(_ parcels: [PhotoParcel], _ takesPhotos: inout Bool) {
        for parcel in parcels {
            guard takesPhotos else {
                state.sync { gateway?.putBack(parcel) }
                continue
            }
            let problem = Gateway.submit(parcel, to: vault)
            takesPhotos = state.sync { gateway?.settle(parcel, problem) ?? false }
        }
    }

    /// Whether the next batch may follow.
    private func settle(_ handover: Handover, _ problem: WireProblem?) -> Bool {
        guard let gateway else { return false }
        do throws(WireProblem) {
            _ = try gateway.settle(handover, problem)
            isVaultThere = true
            vaultTakesRows = true
            confirm(open.settle(gateway))
            return true
        } catch {
            log.problem("vault-refused", error)
            // Nobody was asked where a batch could not be made.
            if error.code != "batch-unsigned" { isVaultThere = error.code != "unreachable" }
            vaultTakesRows = false
            // A vault that refuses has no rows either.
            open.putOff(FeedListener.Reply(503, error.code, "the vault does not take the rows"))
            return false
        }
    }

    private func confirm(_ items: [OpenDeliveries.Item]) {
        let time = now
        for item in items { receptions[item.feed]?.confirm(item.token, at: time) }
    }
}
