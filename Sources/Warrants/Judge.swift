public import Plates
public import Secrets

/// Decides whether a request may be evaluated. Pure: the same record, secret and time give the same
/// verdict at the vault, at an officer's screen, at a custodian and at an auditor.
///
/// What depends on the moment of the request (closed hours, prekeys, the reply key's freshness) is
/// judged by the log up to the request's own index: a request for an hour that was open then stays
/// refused for ever. What may change (roster, agreement, votes, withdrawals, time) is judged by the
/// newest entry, or by the entries before `limit`.
public enum Judge {
    /// The verdict on a request of the log. Without the secret the rules about plates and cells are
    /// left out, as they must be for everybody who cannot open it; a custodian passes it always.
    /// `limit` leaves out the entries from that index on.
    public static func verdict(
        on id: Digest, secret: RequestSecret?, in record: Record, at now: Timestamp,
        before limit: UInt64 = .max
    ) -> Verdict {
        let verdicts = checks(on: id, secret: secret, in: record, at: now, before: limit)
            .compactMap(\.verdict)
        // A refusal outweighs what is still missing: nobody waits for what can never be.
        for case .refused(let refusal) in verdicts { return .refused(refusal) }
        for case .waiting(let refusal) in verdicts { return .waiting(refusal) }
        return verdicts.isEmpty ? .refused(unknown) : .granted
    }

    /// Every rule with what came of it, in the order in which they are told.
    public static func checks(
        on id: Digest, secret: RequestSecret?, in record: Record, at now: Timestamp,
        before limit: UInt64 = .max
    ) -> [Check] {
        guard let state = record.request(id), state.request.index < limit else {
            return [Check(name: "request", verdict: .refused(unknown))]
        }
        let matter = Matter(
            body: state.body, state: state, secret: secret, record: record,
            roster: record.roster(at: limit), now: now, index: state.request.index, limit: limit)
        return matter.formChecks() + matter.leaveChecks(of: state)
    }

    /// Why a request must not be put into the log now, by everything but attestation and votes; nil
    /// where it may. With the secret, a requester's tool learns at once what a custodian would say.
    public static func admission(
        of body: RequestBody, secret: RequestSecret? = nil, in record: Record, at now: Timestamp
    ) -> Refusal? {
        let matter = Matter(
            body: body, state: nil, secret: secret, record: record, roster: record.roster,
            now: now, index: record.count, limit: .max)
        return matter.formChecks().lazy.compactMap { $0.verdict?.refusal }.first
    }

    /// Whether the cells that a request turned out to have named, once its commitments were opened,
    /// could be evaluated at a time, by the entries before `limit`; nil where they could.
    public static func window(
        _ cells: [Cell], of state: RequestState, in record: Record, at now: Timestamp,
        before limit: UInt64
    ) -> Refusal? {
        let matter = Matter(
            body: state.body, state: state, secret: nil, record: record,
            roster: record.roster(at: limit), now: now, index: state.request.index, limit: limit)
        do throws(Refusal) {
            try matter.window(cells)
            return nil
        } catch {
            return error
        }
    }

    private static var unknown: Refusal {
        Refusal(.requestUnknown, "no such request stands in the log")
    }
}

/// A request with all that it is judged by.
struct Matter {
    let body: RequestBody
    let state: RequestState?
    let secret: RequestSecret?
    let record: Record
    let roster: Roster
    let now: Timestamp
    let index: UInt64
    let limit: UInt64

    /// Clocks of honest parties differ by no more than this.
    static let clockSkewMinutes: Int64 = 2

    func formChecks() -> [Check] {
        [
            check("requester", requester), check("purpose", purpose), check("process", process),
            check("time", time), check("plates", plates), check("cells", cells),
            check("budget", budget),
            check("reply-key", replyKey), check("sealed-copies", sealedCopies),
            secretCheck("secret", secretMatches), secretCheck("window", window),
        ]
    }

    private func check(_ name: String, _ rule: () throws(Refusal) -> Void) -> Check {
        do throws(Refusal) {
            try rule()
            return Check(name: name, verdict: .granted)
        } catch {
            return Check(name: name, verdict: .refused(error))
        }
    }

    private func secretCheck(
        _ name: String, _ rule: (RequestSecret) throws(Refusal) -> Void
    ) -> Check {
        guard let secret else { return Check(name: name, verdict: nil) }
        return check(name) { () throws(Refusal) in try rule(secret) }
    }

    private func purpose() throws(Refusal) {
        if body.isDrill { return try drill() }
        if let prohibited = ProhibitedPurpose(code: body.purpose) { throw prohibited.refusal }
        guard !roster.policy.prohibited.contains(body.purpose) else {
            throw Refusal(.prohibitedByRoster, "the roster prohibits that purpose")
        }
        guard let purpose = Purpose(code: body.purpose) else {
            throw Refusal(
                .purposeUnknown, "the purpose is no NIBRS offence code and not missing-person")
        }
        guard roster.policy.purposes.contains(purpose.code) else {
            throw Refusal(
                .purposeNotAllowed, "the roster's policy does not allow \(purpose.code)")
        }
    }

    /// Some drills a day, so that nobody keeps the custodians busy.
    private func drill() throws(Refusal) {
        let day = body.time.day
        let before = (record.drills[day] ?? []).filter { $0 < index }.count
        guard before < roster.policy.drillsPerDay else {
            throw Refusal(
                .drillsOverLimit,
                "\(roster.policy.drillsPerDay) drills a day are allowed, and \(before) were filed")
        }
    }

    private func process() throws(Refusal) {
        guard let kind = ProcessKind(rawValue: body.process) else {
            throw Refusal(
                .processUnknown,
                "the kind of process is none of "
                    + ProcessKind.legal.map(\.rawValue).joined(separator: ", "))
        }
        guard (kind == .drill) == body.isDrill else {
            throw Refusal(
                .drillMixed, "purpose and process are both a drill, or neither of them is")
        }
    }

    /// Counted in cells over the log up to the request's own index, so that all reach one answer.
    private func budget() throws(Refusal) {
        guard !body.isDrill, let agency = roster.agency(body.agency) else { return }
        let spent = record.spent(by: agency.id, until: body.time, before: index)
        guard spent + body.cost <= agency.budget else {
            throw Refusal(
                .budgetExceeded,
                "\(body.cost) cells and the \(spent) of the 30 days before are more than "
                    + "\(agency.budget)")
        }
    }

    private func time() throws(Refusal) {
        guard body.time <= now.adding(minutes: Self.clockSkewMinutes) else {
            throw Refusal(.requestFromFuture, "the request is dated later than now")
        }
        guard now < body.time.adding(days: Int64(roster.policy.approvalDays)) else {
            throw Refusal(
                .lapsed, "the request lapsed \(roster.policy.approvalDays) days after it was made")
        }
    }

    private func plates() throws(Refusal) {
        guard !body.plateCommitments.isEmpty else {
            throw Refusal(.platesMissing, "a request names at least one plate")
        }
        guard body.plateCommitments.count <= roster.policy.maxPlates else {
            throw Refusal(
                .platesOverLimit,
                "\(body.plateCommitments.count) plates are more than \(roster.policy.maxPlates)")
        }
        guard !body.isDrill || body.plateCommitments.count == 1 else {
            throw Refusal(.drillMixed, "a drill names the reserved plate and no other")
        }
        guard Set(body.plateCommitments).count == body.plateCommitments.count else {
            throw Refusal(.plateRepeated, "the same plate is named twice")
        }
    }

    private func cells() throws(Refusal) {
        guard body.cellCount > 0 else {
            throw Refusal(.cellsMissing, "a request names at least one hour at one site")
        }
        guard body.cellCount <= roster.policy.maxCells else {
            throw Refusal(
                .cellsOverLimit,
                "\(body.cellCount) cells are more than \(roster.policy.maxCells)")
        }
        guard !body.isDrill || body.cellCount <= 24 * roster.sites.count else {
            throw Refusal(
                .drillTooWide, "a drill names the hours of one day, at the sites there are")
        }
    }

    private func replyKey() throws(Refusal) {
        guard body.replyKey.count == HybridSeal.publicKeySize else {
            throw Refusal(
                .replyKeyMalformed, "a reply key has \(HybridSeal.publicKeySize) bytes")
        }
        if let user = record.replyKeys[Digest(of: body.replyKey)], user != state?.id {
            throw Refusal(.replyKeyUsed, "another request used that reply key; make a fresh one")
        }
    }

    /// One sealed copy for each custodian that has a prekey for the request's day, t at least.
    private func sealedCopies() throws(Refusal) {
        let day = body.time.day
        for copy in body.sealedCopies {
            guard copy.prekeyDay == day,
                let prekey = record.prekeys[copy.custodian]?[day], prekey.index < index
            else {
                throw Refusal(
                    .prekeyUnknown,
                    "\(copy.custodian) had logged no prekey for \(day.text) before the request")
            }
        }
        let sealed = Set(body.sealedCopies.map(\.custodian))
        let able = record.roster(at: index).custodians.map(\.id).filter { id in
            record.prekeys[id]?[day].map { $0.index < index } ?? false
        }
        let missing = able.filter { !sealed.contains($0) }
        guard missing.isEmpty, sealed.count >= roster.threshold.t else {
            throw Refusal(
                .sealedCopiesMissing,
                "\(sealed.count) sealed copies; every custodian with a prekey gets one, and "
                    + "\(roster.threshold.t) are needed; missing: \(missing.joined(separator: " "))"
            )
        }
    }

    private func secretMatches(_ secret: RequestSecret) throws(Refusal) {
        try secret.check(against: body)
        guard secret.plates.allSatisfy({ $0.isCanary == body.isDrill }) else {
            throw Refusal(
                .drillMixed, "a drill names the reserved plate, and nothing else names it")
        }
        for day in secret.days {
            guard let generation = record.generation(for: day, before: limit) else { continue }
            guard secret.plates.allSatisfy({ $0.fold == generation.proposal.fold }) else {
                throw Refusal(
                    .plateNotExact, "the plates are not folded as on \(day.text): ask by day")
            }
        }
    }

    private func window(_ secret: RequestSecret) throws(Refusal) {
        try window(secret.cells)
    }

    /// Days whose keys live and whose evaluation fits into an entry, sites that exist, hours that
    /// were closed.
    func window(_ cells: [Cell]) throws(Refusal) {
        let days = Set(cells.map(\.hour.day)).sorted()
        guard !body.isDrill || days.count == 1 else {
            throw Refusal(.drillTooWide, "a drill names hours of one day, not of \(days.count)")
        }
        var digests = 0
        for day in days {
            guard let generation = record.generation(for: day, before: limit) else {
                throw Refusal(
                    .windowUnkept, "no final generation has keys for \(day.text)")
            }
            let isDead = record.isDead(day, in: generation, before: limit)
            guard now < generation.due(day), !isDead else {
                throw Refusal(
                    .windowExpired, "\(day.text) is past \(generation.retention) days: it is gone")
            }
            digests +=
                body.plateCommitments.count * generation.threshold.subsets(heldBy: 0).count
        }
        guard digests <= EvaluationBody.digestLimit else {
            throw Refusal(
                .answerTooLarge,
                "an evaluation would have \(digests) digests, more than "
                    + "\(EvaluationBody.digestLimit): ask for fewer days or plates at a time")
        }
        let known = record.roster(at: limit)
        for cell in cells {
            guard known.site(cell.site) != nil else {
                throw Refusal(.siteUnknown, "the roster has no site \(cell.site)")
            }
            try hour(cell)
        }
    }

    /// A search is not a tracker: only what was closed before the request.
    private func hour(_ cell: Cell) throws(Refusal) {
        let late = Int64(roster.policy.lateHours)
        let ended = cell.hour.end
        let isClosed = record.wasClosed(cell, before: index)
        guard isClosed || body.time > ended.adding(hours: late + 1) else {
            throw Refusal(
                .hourOpen,
                "\(cell.hour.text) at site \(cell.site) was not closed when the request was made")
        }
        let isYoung = body.time < ended.adding(hours: late).adding(minutes: 5)
        guard !isYoung || body.process == ProcessKind.exigent.rawValue else {
            throw Refusal(
                .hourTooYoung,
                "\(cell.hour.text) is younger than \(late) h 5 min: only exigent requests reach it")
        }
    }
}
