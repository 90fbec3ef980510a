public import Ledger
public import Plates
import Secrets
import Tokens
import Warrants
import Wire

/// What one `tick` did and could not do.
public struct TickReport: Sendable {
    /// The custodian's time.
    public internal(set) var time: Timestamp
    /// Whether keys were erased in this tick.
    public internal(set) var hasDestroyed = false
    /// Whether the log was followed to its newest checkpoint.
    public internal(set) var hasFollowed = false
    /// How many own statements went into the log and were seen there.
    public internal(set) var published = 0
    /// What went wrong on the way; the next tick tries again.
    public internal(set) var problems: [CustodyError] = []
}

/// How a custodian is, without any secret.
public struct CustodianStatus: Hashable, Sendable {
    /// What is held of one generation.
    public struct Generation: Hashable, Sendable {
        /// Its number.
        public let number: UInt32
        /// Its first day.
        public let first: Day
        /// The oldest day that is still kept; nil where nothing is.
        public let oldest: Day?
        /// When that day is due to be destroyed.
        public let due: Timestamp?
        /// Whether all custodians have said final, and the same.
        public let isFinal: Bool
    }

    /// The custodian's word.
    public let custodian: String
    /// Its time at the last reading.
    public let time: Timestamp
    /// Why it uses no key any more, as a code; nil while all is well.
    public let halted: String?
    /// The generations it holds something of.
    public let generations: [Generation]
    /// The newest day that it has said it destroyed.
    public let lastDestroyed: Day?
    /// Whether a ceremony is under way.
    public let isInCeremony: Bool
    /// The ceremony under way, by the log; nil while none is.
    public let ceremony: CeremonyStatus?
    /// The last day that the newest generation in use has keys for; nil where there is none.
    public let lastDay: Day?
    /// Whether that generation runs on beyond the days that it was made for.
    public let isExtended: Bool
    /// Whether a destruction stands prepared.
    public let isPrepared: Bool
    /// Own statements that are not in the log yet.
    public let unpublished: Int
    /// Whether one of them has been kept out for an hour, so that it does not cosign the log.
    public let isWithholding: Bool
    /// Whether it has seen enough other custodians' mirrors since its start.
    public let isConfirmed: Bool
    /// Entries of the log in its own mirror.
    public let logSize: UInt64
    /// Milliseconds by which its clock is ahead of what t others have cosigned, negative behind; nil
    /// where fewer have been seen.
    public let clockDifference: Int64?
    /// Whether that is more than honest clocks differ by.
    public var isClockOff: Bool {
        clockDifference.map { $0.magnitude > Custodian.clockTolerance } ?? false
    }
}

extension Custodian {
    /// Everything that a custodian does by itself; to be called every few minutes, and after a
    /// start. Destroys before it talks to anybody; a step that fails is reported and does not hold
    /// up the next. Throws only where the own disk fails.
    @discardableResult
    public func tick() throws(CustodyError) -> TickReport {
        try ensureNotShredded()
        let start = now()
        var report = TickReport(time: start)
        report.hasDestroyed = try destroyDue(start)
        try announce()
        report.hasFollowed = attempt(&report) { () throws(CustodyError) in try follow() }
        attempt(&report) { () throws(CustodyError) in try confirm() }
        try eraseForward(&report)
        attempt(&report) { () throws(CustodyError) in try catchUpClock() }
        attempt(&report) { () throws(CustodyError) in try compareClock() }
        let time = now()
        if isCaughtUp, isConfirmed {
            attempt(&report) { () throws(CustodyError) in try settleShares() }
            attempt(&report) { () throws(CustodyError) in try tellLosses(time) }
            attempt(&report) { () throws(CustodyError) in try stepCeremony(time) }
            attempt(&report) { () throws(CustodyError) in try renewGeneration(time) }
            attempt(&report) { () throws(CustodyError) in try renewPrekeys(time) }
            attempt(&report) { () throws(CustodyError) in try proposeFirst(time) }
            attempt(&report) { () throws(CustodyError) in try checkOthers(time) }
            attempt(&report) { () throws(CustodyError) in try keepOpenings() }
            attempt(&report) { () throws(CustodyError) in try openCommitments(time) }
            try announce()
        }
        var published = 0
        attempt(&report) { () throws(CustodyError) in published = try publish() }
        report.published = published
        try prepareNext(time)
        try keepClock()
        return report
    }

    /// What cannot wait until the next tick: destroys what is due, follows the log and cosigns it, so
    /// that the others see this custodian hold what they act on, and brings own statements into the
    /// log. To be called every few seconds. Throws only where the own disk fails.
    @discardableResult
    public func poll() throws(CustodyError) -> TickReport {
        try ensureNotShredded()
        let time = now()
        var report = TickReport(time: time)
        report.hasDestroyed = try destroyDue(time)
        if report.hasDestroyed { try announce() }
        report.hasFollowed = attempt(&report) { () throws(CustodyError) in try follow() }
        var published = 0
        attempt(&report) { () throws(CustodyError) in published = try publish() }
        report.published = published
        return report
    }

    @discardableResult
    private func attempt(
        _ report: inout TickReport, _ step: () throws(CustodyError) -> Void
    ) -> Bool {
        do throws(CustodyError) {
            try step()
            return true
        } catch {
            report.problems.append(error)
            return false
        }
    }

    /// Before a key is used: the log is followed, nothing is halted, what is due is gone, and
    /// others' mirrors have been seen. Returns the custodian's time. Throws `halted`,
    /// `mirrors-unseen`, and what following throws.
    func ready() throws(CustodyError) -> Timestamp {
        try ensureNotShredded()
        let time = now()
        if try destroyDue(time) { try announce() }
        if let code = state.halted { throw Self.halted(code) }
        try follow()
        let isFresh = !isConfirmed
        try confirm()
        var report = TickReport(time: time)
        try eraseForward(&report)
        try settleShares()
        if isFresh { try catchUpClock() }
        // What others showed may have moved the clock.
        return now()
    }

    private static func halted(_ code: String) -> CustodyError {
        CustodyError(
            code: "halted", sentence: "this custodian uses no key any more, because of \(code)")
    }

    private func eraseForward(_ report: inout TickReport) throws(CustodyError) {
        let found = try destroyAnnounced()
        guard !found.isEmpty else { return }
        report.hasDestroyed = true
    }

    /// Puts a statement of every destruction that has none into the outbox, and stores that under
    /// a fresh root key: no file that was written before opens from here on.
    func announce() throws(CustodyError) {
        var next = state
        var isChanged = false
        for place in next.shares.indices where isFinal(next.shares[place].generation) {
            let share = next.shares[place]
            guard share.oldest > share.announced, share.chains != nil else { continue }
            let chains = try share.open()
            let commits = try onTokens { () throws(TokensError) in
                try chains.commits(at: share.oldest)
            }
            let body = DayDestroyedBody(
                custodian: name, generation: share.generation, day: share.oldest.adding(-1),
                next: commits.map { MaskedDigest(mask: $0.mask, commit: $0.commit) },
                slot: slotKind, time: now())
            next = next.sending(try signed(body), at: clockTime)
            next.shares[place].announced = share.oldest
            if share.oldest > share.last { next.shares[place].chains = nil }
            next.lastDestroyed = max(next.lastDestroyed ?? body.day, body.day)
            isChanged = true
        }
        if isChanged { try keep(next, erasing: true) }
    }

    /// Whether all custodians have said final for a generation, and the same.
    func isFinal(_ generation: UInt32) -> Bool {
        log.record.generations[generation]?.isFinal ?? false
    }

    /// The custodian's own verified copy of the log, for anybody to read.
    public var mirror: Ledger.Mirror { log.mirror }

    /// How the custodian is.
    public var status: CustodianStatus {
        CustodianStatus(
            custodian: name, time: clockTime, halted: state.halted,
            generations: state.shares.map { share in
                CustodianStatus.Generation(
                    number: share.generation, first: share.first,
                    oldest: share.chains == nil ? nil : share.oldest,
                    due: share.chains == nil ? nil : share.due,
                    isFinal: isFinal(share.generation))
            },
            lastDestroyed: state.lastDestroyed, isInCeremony: state.ceremony != nil,
            ceremony: ceremonyStatus, lastDay: log.record.newestUsable?.last,
            isExtended: log.record.newestUsable.map {
                clockTime.day >= $0.first.adding(GenerationState.ordinaryDays)
            } ?? false,
            isPrepared: isPrepared, unpublished: state.outbox.count,
            isWithholding: isWithholding, isConfirmed: isConfirmed, logSize: log.mirror.size,
            clockDifference: clockDifference)
    }
}
