import Bytes
import Intake
import Plates
import Warrants
import Wire

/// What the sites did by themselves.
public struct ClosingSummary: Sendable {
    /// Cells that were closed.
    public internal(set) var closed = 0
    /// Canaries that were sealed.
    public internal(set) var canaries = 0
    /// What went wrong, as sentences.
    public internal(set) var problems: [String] = []
}

// What a site does whether or not a car passes: its canary of the day, and the closing of hours.
extension Deployment {
    /// Every site seals the day's canary, unless it asked for keys today already, and closes the
    /// hours that ended, quiet ones too.
    @discardableResult
    public func closeHours() throws -> ClosingSummary {
        var summary = ClosingSummary()
        // Gateways that are programs of their own do it by themselves.
        guard !isServed else { return summary }
        for site in rosterInForce.sites where isHere(site.id) {
            let gateway = try gateway(site.number)
            do {
                try sealCanary(gateway)
                summary.canaries += gateway.counts.canaries
            } catch let error as any CodedError {
                summary.problems.append("canary of site \(site.number): \(error.sentence)")
            }
            summary.problems += gateway.flush().problems.map(\.sentence)
            let report = gateway.closeHours(at: now)
            summary.closed += report.closed.count
            if let problem = report.problem { summary.problems.append(problem.sentence) }
        }
        return summary
    }

    /// One grant of each custodian, for no hour that is to come: keys that nothing else will use.
    /// A site that asked for keys today has sealed its canary with them. Nothing is sealed on a day
    /// for which no generation has keys: there is nothing then that a drill could find out.
    private func sealCanary(_ gateway: Gateway) throws {
        let record = try publicView().record
        let hasAsked = record.grants.contains {
            $0.body.site == gateway.site && $0.body.time.day == now.day
        }
        guard !hasAsked, let generation = record.generation(for: now.day),
            now.day <= generation.last
        else { return }
        let oldest = max(gateway.keyHours(at: now).lowerBound, now.day.start.hour)
        try fetchKeys(gateway, of: min(oldest, now.hour)...now.hour, generation: generation)
        try gateway.sealCanary(at: now, isEnding: true)
    }

    /// Asks all custodians for a gateway's keys. Throws `keys-missing` with each one's reason.
    func fetchKeys(
        _ gateway: Gateway, of hours: ClosedRange<Hour>, generation: GenerationState
    ) throws {
        gateway.know(generation)
        let report = gateway.fetchKeys(hours, generation: generation.number, at: now)
        guard report.incomplete.isEmpty else {
            throw EmbeddedError(
                code: "keys-missing",
                sentence: "site \(gateway.site) got no complete keys for "
                    + "\(report.incomplete.count) hours: "
                    + report.failed.map { "\($0): \($1)" }.sorted().joined(separator: ", "))
        }
    }
}
