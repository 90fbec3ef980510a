import Ledger
import Plates
import Secrets
import Tokens
import Warrants

extension Custodian {
    /// 16: how often the keys of one site and hour are given within `grantWindow`: to each process
    /// of a cluster, and again after a restart, since a gateway keeps them in memory only.
    ///
    /// Asking again teaches nobody anything: the keys are the same ones, and sealed to whoever has
    /// the site's key, who had them the first time. What the limit protects is the log, which keeps
    /// every grant for ever, and this custodian's time. So it is a pace and no stock that could be
    /// used up: a site whose gateway starts again and again is let in again within ten minutes.
    static let grantLimit = 16
    /// 10 minutes.
    static let grantWindow: Int64 = 600_000

    /// A site's keys for some hours, sealed to the one-time key of its signed `grant-request`, once
    /// the grant stands in the log. Throws what the roster finds wrong with the request,
    /// `grant-stale` (ten minutes off), `grant-hours-past`, `grant-hours-future`, `grant-limit`,
    /// `generation-missing`, `generation-ended`, `day-destroyed`, `halted`.
    public func grant(_ note: [UInt8]) throws(CustodyError) -> [UInt8] {
        let time = try ready()
        let request = try onLaw { () throws(Refusal) -> Statement<GrantRequestBody> in
            try roster.verify(try UnverifiedStatement(wire: note))
        }
        let body = request.body
        try checkWindow(body, time)
        let hours = (body.firstHour.number...body.lastHour.number).map { Hour(number: $0) }
        let share = try usableShare(for: hours.map(\.day))
        let chains = try share.open()
        let parcel = try onTokens { () throws(TokensError) in
            try chains.siteKeys(site: body.site, hours: hours).encode()
        }
        // The same request once more, whoever sends it, gets the same answer and no second grant: what
        // one custodian was asked cannot be used to use up the site's grants at another.
        let isGiven = log.record.grants.contains {
            $0.body.custodian == name && $0.body.request == request.id
        }
        if !isGiven {
            try ensureSeldom(hours, at: body.site, time)
            let grant = GrantBody(
                custodian: name, site: body.site, firstHour: body.firstHour,
                lastHour: body.lastHour, request: request.id, time: time)
            try act(state, with: try signed(grant))
        }
        // What came into the log with the grant counts too, such as the finals of a successor.
        guard try usableShare(for: hours.map(\.day)).generation == share.generation else {
            throw CustodyError(
                code: "generation-changed",
                sentence: "the hours belong to another generation since now; ask again")
        }
        return try onSecrets { () throws(SecretsError) in
            try HybridSeal.seal(
                parcel, to: body.oneTimeKey, info: "platevault/grant/v1\(origin)")
        }
    }

    /// From now − late_hours to now + prefetch_hours, asked for just now.
    private func checkWindow(
        _ body: GrantRequestBody, _ time: Timestamp
    ) throws(CustodyError) {
        guard time.milliseconds(since: body.time).magnitude <= 600_000 else {
            throw CustodyError(
                code: "grant-stale",
                sentence: "the grant request is more than ten minutes off; check the clock")
        }
        let oldest = time.adding(hours: -Int64(roster.policy.lateHours)).hour
        guard body.firstHour >= oldest else {
            throw CustodyError(
                code: "grant-hours-past",
                sentence: "keys are given for hours from \(oldest.text) on, not before")
        }
        let newest = time.adding(hours: Int64(roster.policy.prefetchHours)).hour
        guard body.lastHour <= newest else {
            throw CustodyError(
                code: "grant-hours-future",
                sentence: "keys are given for hours up to \(newest.text), not after")
        }
    }

    /// The one share whose keys all these days use. Throws `generation-missing`,
    /// `generation-several`, `generation-ended` or `day-destroyed`.
    func usableShare(for days: [Day]) throws(CustodyError) -> CustodianState.Share {
        var numbers: Set<UInt32> = []
        for day in days {
            guard let generation = log.record.generation(for: day) else {
                throw CustodyError(
                    code: "generation-missing",
                    sentence: "no final generation has keys for \(day.text)")
            }
            numbers.insert(generation.number)
        }
        guard numbers.count == 1, let number = numbers.first else {
            throw CustodyError(
                code: "generation-several",
                sentence: "the hours belong to several generations; ask for each by itself")
        }
        guard let share = state.shares.first(where: { $0.generation == number }) else {
            let gone = log.announced(by: name, generation: number)
            if let gone, let day = days.first(where: { $0 <= gone }) { throw Self.destroyed(day) }
            throw CustodyError(
                code: "generation-missing",
                sentence: "this custodian has no share of generation \(number)")
        }
        for day in days {
            guard day >= share.oldest else { throw Self.destroyed(day) }
            guard day <= share.last else {
                throw CustodyError(
                    code: "generation-ended",
                    sentence: "generation \(number) runs to \(share.last.text) and no longer")
            }
        }
        return share
    }

    private static func destroyed(_ day: Day) -> CustodyError {
        CustodyError(
            code: "day-destroyed", sentence: "the keys of \(day.text) do not exist here any more")
    }

    /// Throws `grant-limit` where one of these hours was given too often just now: by the own
    /// statements in the log, so that a state put back does not start anew, and by those that are
    /// on their way there.
    private func ensureSeldom(
        _ hours: [Hour], at site: SiteNumber, _ time: Timestamp
    ) throws(CustodyError) {
        let logged = log.record.grants.lazy.filter { [name] in $0.body.custodian == name }
        let waiting = state.outbox.compactMap { item in
            (try? UnverifiedStatement(wire: item.note)).flatMap { note in
                log.record.index(of: note.id) == nil
                    ? try? roster.verify(note, as: GrantBody.self).body : nil
            }
        }
        let recent = (logged.map(\.body) + waiting).filter {
            $0.site == site && time.milliseconds(since: $0.time) < Self.grantWindow
        }
        for hour in hours {
            let count = recent.count { $0.firstHour <= hour && hour <= $0.lastHour }
            guard count < Self.grantLimit else {
                throw CustodyError(
                    code: "grant-limit",
                    sentence: "site \(site) got its keys of \(hour.text) \(count) times within "
                        + "ten minutes; ask again later")
            }
        }
    }
}
