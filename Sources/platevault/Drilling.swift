import ArgumentParser
import Embedded
import Plates

/// What `platevault audit --drill` takes.
struct DrillOptions: ParsableArguments {
    @Flag(help: "Have each site's canary of a day opened, or refused where the day is dead.")
    var drill = false
    @Option(help: "The day of the drill; the newest whole day with keys where left out.")
    var day: String?
    @Option(name: .customLong("site"), help: "A site of the drill; all where left out.")
    var sites: [UInt16] = []
    @Option(name: .customLong("as"), help: "The requester that files the drill.")
    var requester = "investigator"

    func validate() throws {
        guard drill || (day == nil && sites.isEmpty) else {
            throw ValidationError("--day and --site belong to --drill")
        }
    }

    /// Files the drill and tells what came of it; ends with 1 where it does not show what it should.
    func run(_ options: DeploymentOptions) throws {
        var wanted: Day?
        if let day {
            guard let parsed = Day(text: day) else {
                throw Complaint(
                    code: "day-malformed", sentence: "--day takes a day like 2026-03-02")
            }
            wanted = parsed
        }
        let report = try options.open().drill(
            day: wanted, sites: sites.map { SiteNumber(number: $0) }, as: requester)
        if options.json { try options.print(report) } else { Self.tell(report) }
        guard report.holds else { throw ExitCode(1) }
    }

    private static func tell(_ report: DrillReport) {
        if let request = report.request { Voice.say("request \(request)") }
        Voice.say("day           \(report.day)\(report.isDead ? ", past its time" : "")")
        if report.isDead {
            let own = report.ownRefusal.map { "refuses [\($0)]" } ?? "does not refuse"
            Voice.say("own tool      \(own)")
        }
        for reply in report.replies {
            let refusal = reply.refusal.map { "\($0) [\(reply.code ?? "")]" }
            Voice.say("\(reply.custodian): \(refusal ?? "answered")")
        }
        for site in report.sites where report.problem == nil {
            let cells = site.cells.sorted { $0.key < $1.key }.map { "\($1) \($0)" }
            let waiting = site.waiting > 0 ? ["\(site.waiting) not to be asked for yet"] : []
            Voice.say(
                "site \(site.site)        \(site.canaries) canaries opened; hours: "
                    + (cells + waiting).joined(separator: ", "))
        }
        if let confirmation = report.confirmation { Voice.say("confirmation  \(confirmation)") }
        if let problem = report.problem { Voice.say("failed        \(problem)") }
        Voice.say(verdict(report))
    }

    private static func verdict(_ report: DrillReport) -> String {
        switch (report.isDead, report.holds) {
        case (true, true): "every custodian refuses: the keys of the day no longer work"
        case (true, false): "a dead day was not refused by everybody"
        case (false, true): "all shares work"
        case (false, false): "the drill does not show that all shares work"
        }
    }
}
