import Plates
import Warrants

/// Hours at sites in as few lines as say them: hours that follow each other at the same sites stand
/// together.
enum InvestigatorWindow {
    /// Such as `2026-03-02T06Z to 2026-03-02T08Z, 3 hours: 1 North gate, 2 South gate`.
    static func lines(_ cells: [Cell], _ roster: Roster) -> [String] {
        let hours = Dictionary(grouping: cells, by: \.hour).mapValues { $0.map(\.site).sorted() }
        var runs: [(first: Hour, last: Hour, sites: [SiteNumber])] = []
        for hour in hours.keys.sorted() {
            let sites = hours[hour] ?? []
            if let run = runs.last, run.last.next == hour, run.sites == sites {
                runs[runs.count - 1].last = hour
            } else {
                runs.append((hour, hour, sites))
            }
        }
        return runs.map { run in
            let count = run.last.number - run.first.number + 1
            let span =
                count == 1
                ? "\(run.first.text), one hour"
                : "\(run.first.text) to \(run.last.text), \(count) hours"
            return "\(span): \(places(run.sites, roster))"
        }
    }

    private static func places(_ sites: [SiteNumber], _ roster: Roster) -> String {
        if sites == roster.sites.map(\.number), sites.count > 3 {
            return "all \(sites.count) sites"
        }
        return sites.map { "\($0) \(roster.site($0)?.name ?? "")" }.joined(separator: ", ")
    }
}
