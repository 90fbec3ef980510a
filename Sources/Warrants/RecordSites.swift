public import Plates

// Where a site goes on by the log alone.
extension Record {
    /// The first hour that a site has not closed and still can close: after the last one closed, or
    /// after the first generation became final, and in no day that is dead by the log.
    public func firstOpenHour(of site: SiteNumber, at now: Timestamp) -> Hour {
        var hour = lastClosedHour(of: site)?.next ?? firstKeyHour ?? now.hour
        while !dead([hour.day]).isEmpty { hour = hour.day.next.start.hour }
        return hour
    }

    /// The same for the late trees: the first hour whose late tree the site has not closed and still
    /// can close.
    public func firstLateHour(of site: SiteNumber, at now: Timestamp) -> Hour {
        let last = closedHours(of: site, .late).ranges.last?.upperBound
        var hour = last?.next ?? min(firstKeyHour ?? now.hour, firstOpenHour(of: site, at: now))
        while !dead([hour.day]).isEmpty { hour = hour.day.next.start.hour }
        return hour
    }

    /// The keys that a site had under earlier rosters and has no more, each set with the last hour for
    /// which it may have signed: that of the first grant after the roster that replaced it, for this
    /// site or another, or the present one. A gateway closes the hours before with them.
    public func formerKeys(
        of site: SiteNumber, at now: Timestamp
    ) -> [(keys: [PartyKey], last: Hour)] {
        let current = roster.site(site)?.keys ?? []
        return zip(rosters, rosters.dropFirst()).compactMap { old, next in
            let keys = (old.roster.site(site)?.keys ?? []).filter { !current.contains($0) }
            let grant = grants.first { $0.index > next.index }
            return keys.isEmpty ? nil : (keys, grant?.body.time.hour ?? now.hour)
        }
    }

    /// Those of some days that are dead by the log: n−t+1 custodians say that they erased them.
    public func dead(_ days: some Sequence<Day>) -> Set<Day> {
        // Death does not depend on the moment at which it is asked for.
        Set(days.filter { report(on: $0, at: $0.start)?.verdict == .dead })
    }

    /// The hour in which the first generation became final: before it nothing can have been sealed.
    private var firstKeyHour: Hour? {
        guard let generation = generations[1] else { return nil }
        return generation.roster.custodians.compactMap { generation.final(of: $0.id)?.time }
            .max()?.hour
    }
}
