import Bytes
import Inquiry
public import Plates
import Secrets
import Warrants
import Wire

/// What came of a drill: whether the shares of all custodians still open what each site sealed for
/// that, or, on a dead day, who refuses it.
public struct DrillReport: Sendable, Codable {
    /// What one custodian did.
    public struct Reply: Sendable, Codable {
        /// The custodian's word.
        public let custodian: String
        /// Why it gave no answer, or one that is not believed; nil where it answered.
        public let refusal: String?
        /// The refusal's code.
        public let code: String?
    }

    /// What one site's hours gave.
    public struct SiteResult: Sendable, Codable {
        /// The site's number.
        public let site: Int
        /// Canaries that were opened.
        public internal(set) var canaries = 0
        /// How many cells came out as what: `complete`, `empty`, `unknown`, `open`, `gone`,
        /// `refused`.
        public internal(set) var cells: [String: Int] = [:]
        /// Hours of the day that no request may name yet, or that are to come.
        public internal(set) var waiting = 0

        /// Whether a canary was opened, and every answer of the vault believed.
        public var holds: Bool { canaries > 0 && cells["refused"] == nil }
    }

    /// The day.
    public let day: String
    /// The drill's request in the log; nil where it came to none.
    public internal(set) var request: String?
    /// Whether the day is past its time: then everybody must refuse.
    public let isDead: Bool
    /// The code with which the requester's own tool refuses a drill of a dead day.
    public internal(set) var ownRefusal: String?
    /// What each custodian did.
    public internal(set) var replies: [Reply] = []
    /// What each site's hours gave; empty for a dead day.
    public internal(set) var sites: [SiteResult] = []
    /// How far the holders of shares agree; nil where too few answered.
    public internal(set) var confirmation: String?
    /// Why nothing could be opened; nil where it could.
    public internal(set) var problem: String?

    /// Whether the drill shows what it is for: on a living day that each site's canary opens and
    /// every custodian answered alike, on a dead one that the own tool and every custodian refuse.
    public var holds: Bool {
        if isDead { return ownRefusal != nil && replies.allSatisfy { $0.code != nil } }
        return problem == nil && !sites.isEmpty && sites.allSatisfy(\.holds)
            && replies.allSatisfy { $0.code == nil }
            && confirmation?.hasPrefix("disputed") == false
    }
}

extension Deployment {
    /// Files a drill for one day at some sites (all where none is named), asks every custodian, looks
    /// the canaries up and opens them. Where the day is dead it is filed past the own check, which
    /// refuses it, so that each custodian has to say what it does.
    ///
    /// One request serves all sites: the policy counts requests. `day` left out is the newest whole
    /// day with keys. Throws `drills-over-limit`, `drill-day` where the day has nothing to ask for
    /// yet, `site-unknown`, and what keeps a request from being filed.
    public func drill(
        day wanted: Day? = nil, sites: [SiteNumber] = [], as requester: String
    ) throws -> DrillReport {
        let record = try publicView().record
        for site in sites where record.roster.site(site) == nil {
            throw Refusal(.siteUnknown, "the roster has no site \(site)")
        }
        let sites = sites.isEmpty ? record.roster.sites.map(\.number) : Set(sites).sorted()
        let day = wanted ?? drillDay(record)
        guard let generation = record.generation(for: day), day <= generation.last else {
            throw EmbeddedError(
                code: "drill-day", sentence: "no generation of keys has \(day.text)")
        }
        let isDead = now >= generation.due(day) || !record.dead([day]).isEmpty
        return isDead
            ? try drillOfDeadDay(day, sites, as: requester)
            : try drillOfLivingDay(day, sites, record, as: requester)
    }

    /// The newest day that is over and has keys; today where there is none before.
    private func drillDay(_ record: Record) -> Day {
        let first = record.generations[1]?.first ?? now.day
        var day = now.day
        while day > first {
            day = day.adding(-1)
            if let generation = record.generation(for: day), day <= generation.last { return day }
        }
        return now.day
    }

    private func drillOfLivingDay(
        _ day: Day, _ sites: [SiteNumber], _ record: Record, as requester: String
    ) throws -> DrillReport {
        var report = DrillReport(day: day.text, isDead: false)
        var cells: [Cell] = []
        for site in sites {
            let askable = day.hours.map { Cell(hour: $0, site: site) }.filter {
                mayBeAsked($0, record)
            }
            cells += askable
            var result = DrillReport.SiteResult(site: Int(site.number))
            result.waiting = day.hours.count - askable.count
            report.sites.append(result)
        }
        guard !cells.isEmpty else {
            throw EmbeddedError(
                code: "drill-day",
                sentence: "no hour of \(day.text) is closed and old enough to be asked for yet")
        }
        let desk = try desk(requester)
        let asker = Requester(desk: desk, random: random)
        let id = try file(try asker.prepareDrill(cells, at: now), by: asker)
        report.request = id.hex
        do {
            let finding = try search(id, as: requester)
            try asker.countersign(finding, at: now)
            report.replies = finding.replies.map {
                DrillReport.Reply(
                    custodian: $0.custodian, refusal: $0.problem?.sentence, code: $0.problem?.code)
            }
            report.confirmation = finding.disclosure.confirmation.description
            for cell in finding.disclosure.cells {
                let site = Int(cell.cell.site.number)
                guard let place = report.sites.firstIndex(where: { $0.site == site }) else {
                    continue
                }
                report.sites[place].cells[cell.word, default: 0] += 1
                if case .complete(let reads) = cell.outcome {
                    report.sites[place].canaries += reads.count
                }
            }
        } catch let error as InquiryError {
            // Too few answers, or answers that differ; the sentence has each custodian's reason.
            report.problem = error.sentence
        }
        return report
    }

    private func drillOfDeadDay(
        _ day: Day, _ sites: [SiteNumber], as requester: String
    ) throws -> DrillReport {
        var report = DrillReport(day: day.text, isDead: true)
        let cells = sites.flatMap { site in day.hours.map { Cell(hour: $0, site: site) } }
        let asker = Requester(desk: try desk(requester), random: random)
        do {
            _ = try asker.prepareDrill(cells, at: now)
        } catch let refusal as Refusal where refusal.reason == .windowExpired {
            report.ownRefusal = refusal.code
        }
        // The vault sees a commitment where the hours are, and logs it: the keys are not its to refuse.
        let id = try file(try asker.prepareDrill(cells, isChecked: false, at: now), by: asker)
        report.request = id.hex
        for (party, client) in zip(rosterInForce.custodians, custodianClients) {
            var refusal: (any CodedError)?
            do { _ = try client.evaluate(id) } catch { refusal = error }
            report.replies.append(
                DrillReport.Reply(
                    custodian: party.id, refusal: refusal?.sentence, code: refusal?.code))
        }
        return report
    }

    /// Whether a request that is filed now may name a cell: its hour is closed and not young, or so
    /// long over that it is unknown.
    private func mayBeAsked(_ cell: Cell, _ record: Record) -> Bool {
        let policy = record.roster.policy
        let time = policy.blunt(now)
        let late = Int64(policy.lateHours)
        let end = cell.hour.end
        guard time >= end.adding(hours: late).adding(minutes: 5) else { return false }
        return record.closing(cell, .prompt) != nil || time > end.adding(hours: late + 1)
    }
}
