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

    /// The hour in which the first generation became final: before it nothing can have been sealed.
    private var firstKeyHour: Hour? {
        guard let generation = generations[1] else { return nil }
        return generation.roster.custodians.compactMap { generation.final(of: $0.id)?.time }
            .max()?.hour
    }
}
