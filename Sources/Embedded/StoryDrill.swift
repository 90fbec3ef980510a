import Warrants

// Drills: each site's canary on a living day, and the same on a dead one.
extension Story {
    func liveDrill(_ city: Deployment) throws {
        chapter("The next day. Anybody may want to know whether the shares work: a drill.")
        try nextDay(city)
        let report = try city.drill(day: Self.firstDay(city), as: "investigator")
        check(
            "each site's canary is opened, by \(report.replies.count) custodians of five, "
                + (report.confirmation ?? "unanswered"),
            report.holds && report.replies.count == 5
                && report.sites.allSatisfy { $0.canaries == 1 })
        check(
            "nobody approved it, and it costs the agency nothing",
            try city.record().allRequests.last { $0.isDrill }.map {
                $0.approvals.isEmpty && $0.orders.isEmpty && $0.body.cost == 0
            } ?? false)
    }

    func deadDrill(_ city: Deployment) throws {
        chapter("The same drill on the dead day.")
        let report = try city.drill(day: Self.firstDay(city), as: "investigator")
        check(
            "the own tool refuses it [\(report.ownRefusal ?? "not refused")]; logged without asking "
                + "that, all \(report.replies.count) custodians refuse "
                + "[\(Set(report.replies.compactMap(\.code)).sorted().joined(separator: " "))]",
            report.isDead && report.holds && report.replies.count == 5)
    }
}
