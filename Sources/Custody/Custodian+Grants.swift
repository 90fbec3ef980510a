import Ledger
import Plates
import Secrets
import Tokens
import Warrants

extension Custodian {
    /// 16: how often the keys of one site and hour are given: to each process of a cluster, and
    /// again after a restart, since a gateway keeps them in memory only.
    static let grantLimit: UInt16 = 16

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
        let next = try counted(hours, at: body.site)
        let grant = GrantBody(
            custodian: name, site: body.site, firstHour: body.firstHour,
            lastHour: body.lastHour, request: request.id, time: time)
        try act(next, with: try signed(grant))
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

    /// The state with one more grant of these hours. What its own statements in the log say counts
    /// too, so that a state put back does not start anew.
    private func counted(
        _ hours: [Hour], at site: SiteNumber
    ) throws(CustodyError) -> CustodianState {
        var next = state
        let logged = log.record.grants.filter { $0.body.custodian == name && $0.body.site == site }
        for hour in hours {
            let place = next.grants.firstIndex { $0.hour == hour && $0.site == site }
            let kept = place.map { next.grants[$0].count } ?? 0
            let told = logged.count { $0.body.firstHour <= hour && hour <= $0.body.lastHour }
            let count = max(kept, UInt16(clamping: told))
            guard count < Self.grantLimit else {
                throw CustodyError(
                    code: "grant-limit",
                    sentence: "site \(site) got its keys of \(hour.text) \(count) times; no more")
            }
            if let place {
                next.grants[place].count = count + 1
            } else {
                next.grants.append(
                    CustodianState.GrantCount(hour: hour, site: site, count: count + 1))
            }
        }
        next.grants.sort { ($0.hour, $0.site) < ($1.hour, $1.site) }
        return next
    }
}
