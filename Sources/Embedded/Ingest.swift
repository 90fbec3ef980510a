import Inquiry
public import Intake
public import Plates
import Warrants
import Wire

/// What became of a file of messages.
public struct IngestReport: Sendable, Codable {
    /// Messages, passages, reads and refusals.
    public internal(set) var summary = Summary()
    /// Rows that the vault holds durably, by site, canaries among them.
    public internal(set) var delivered: [String: Int] = [:]
    /// How many of the rows are canaries.
    public internal(set) var canaries = 0
    /// Photos that the vault holds durably.
    public internal(set) var photos = 0
    /// Photos that were left out, by code; their reads were kept.
    public internal(set) var photosLost: [String: Int] = [:]
    /// Reads that a gateway refused, by code.
    public internal(set) var refused: [String: Int] = [:]
    /// What went wrong at the vault or the custodians, as sentences.
    public internal(set) var problems: [String] = []
}

/// The gateways of a deployment, each with a run of its own, for as long as they live.
public final class Gateways {
    private let deployment: Deployment
    private var gateways: [SiteNumber: Gateway] = [:]

    init(_ deployment: Deployment) { self.deployment = deployment }

    /// The gateway of a site; its keys are asked for once.
    func gateway(_ site: SiteNumber) throws -> Gateway {
        if let gateway = gateways[site] { return gateway }
        let gateway = try deployment.gateway(site)
        gateways[site] = gateway
        return gateway
    }

    /// Takes one read with its photos at its site. Throws the gateway's refusal.
    func take(_ read: Read, photos: [Photo] = [], site: SiteNumber) throws {
        let gateway = try gateway(site)
        let now = deployment.now
        if gateway.counts.sealed == 0 && gateway.counts.refused.isEmpty {
            try fetchKeys(gateway, at: now)
        }
        try gateway.take(read, photos: photos, at: now)
    }

    private func fetchKeys(_ gateway: Gateway, at now: Timestamp) throws {
        let runs = try deployment.publicView().record.generations(of: gateway.keyHours(at: now))
        guard runs.contains(where: { $0.hours.contains(now.hour) }) else {
            throw EmbeddedError(
                code: "generation-missing", sentence: "no generation is final for \(now.day)")
        }
        for run in runs {
            try deployment.fetchKeys(gateway, of: run.hours, generation: run.generation)
        }
    }

    /// Seals the day's canary wherever keys are held: these processes end now. Returns what went
    /// wrong.
    func sealCanaries() -> [String] {
        let now = deployment.now
        return gateways.values.compactMap { gateway in
            do throws(IntakeRefusal) {
                try gateway.sealCanary(at: now, isEnding: true)
                return nil
            } catch {
                return error.sentence
            }
        }
    }

    /// Hands everything that waits to the vault. Returns what went wrong.
    func flush() -> [String] {
        gateways.values.flatMap { $0.flush().problems.map(\.sentence) }
    }

    /// Adds up what the gateways did.
    func report(_ summary: Summary, problems: [String]) -> IngestReport {
        var report = IngestReport()
        report.summary = summary
        report.problems = problems
        for (site, gateway) in gateways {
            report.delivered[String(site.number)] = gateway.counts.delivered
            report.canaries += gateway.counts.canaries
            report.photos += gateway.counts.photosDelivered
            report.photosLost.merge(gateway.counts.photosLost, uniquingKeysWith: +)
            report.refused.merge(gateway.counts.refused, uniquingKeysWith: +)
        }
        return report
    }
}

extension Deployment {
    /// A gateway process of a site, with a new run, that goes on where the log says the site was.
    public func gateway(_ site: SiteNumber) throws -> Gateway {
        let record = try publicView().record
        guard let id = record.roster.site(site)?.id else {
            throw Refusal(.siteUnknown, "the roster has no site \(site)")
        }
        let gateway = try Gateway(
            roster: record.roster, site: site,
            key: try keyRing.key(layout.key(home(of: id))),
            vault: vault(as: id), custodians: custodianClients(as: id),
            firstOpenHour: record.firstOpenHour(of: site, at: now),
            firstLateHour: record.firstLateHour(of: site, at: now), random: random)
        gateway.formerKeys = record.formerKeys(of: site, at: now)
        let closed = record.closedHours(of: site, .prompt)
        let late = record.closedHours(of: site, .late)
        gateway.isClosedByLog = { closed.contains($0) }
        gateway.isLateClosedByLog = { late.contains($0) }
        return gateway
    }

    /// Messages of cameras, one JSON document each, in their order. `site` says where a camera
    /// stands; `replay` lets the simulated clocks run along with the messages' own times.
    public func ingest(
        _ messages: [[UInt8]], replay: SampleShift? = nil,
        site: (Read) -> SiteNumber, progress: (Int) -> Void = { _ in }
    ) throws -> IngestReport {
        let gateways = Gateways(self)
        let policy = rosterInForce.policy
        var reception = Reception(fold: policy.fold, photos: policy.photos)
        var problems: Set<String> = []
        func seal(_ reads: [Read], _ photos: [Photo] = []) throws {
            for read in reads {
                // A refusal of one read is counted by its gateway and holds nobody else up.
                do {
                    try gateways.take(read, photos: photos, site: site(read))
                } catch is IntakeRefusal {}
            }
        }
        for (place, message) in messages.enumerated() {
            if let replay, let time = replay.time(of: message) {
                try clocks.pass(milliseconds: max(0, time.milliseconds(since: now)))
            }
            let bytes = replay?.shift(message) ?? message
            do {
                for received in try reception.receive(bytes, at: now) {
                    try seal([received.read], received.photos)
                }
            } catch is IntakeRefusal {}
            try seal(reception.due(at: now))
            if place % 512 == 511 { problems.formUnion(gateways.flush()) }
            progress(place + 1)
        }
        try seal(reception.finish(at: now))
        problems.formUnion(gateways.sealCanaries())
        problems.formUnion(gateways.flush())
        return gateways.report(reception.summary, problems: problems.sorted())
    }
}
