public import Plates
public import Secrets
public import Warrants
import Wire

/// What an investigator fills in: one to eight exact plates, closed hours at named sites, and the
/// process behind it.
public struct Application: Sendable {
    /// The plates as typed; never in a log or an error.
    public var plates: [String]
    /// The cells to search.
    public var cells: [Cell]
    /// A NIBRS offence code, or `missing-person`.
    public var purpose: String
    /// The kind of process.
    public var process: ProcessKind
    /// SHA-256 of the warrant document.
    public var warrant: Digest
    /// The court's number and the like; sealed to the custodians.
    public var docket: String
    /// The day on which window and docket are opened and notice is due; nil for the latest that the
    /// policy allows.
    public var embargo: Day?

    /// An application of its parts.
    public init(
        plates: [String], cells: [Cell], purpose: String, process: ProcessKind, warrant: Digest,
        docket: String, embargo: Day? = nil
    ) {
        self.plates = plates
        self.cells = cells
        self.purpose = purpose
        self.process = process
        self.warrant = warrant
        self.docket = docket
        self.embargo = embargo
    }

    func embargo(_ roster: Roster, at time: Timestamp) -> Day {
        embargo ?? time.day.adding(Int64(roster.policy.embargoDays))
    }
}

/// An investigator of an agency.
public struct Requester {
    let desk: Desk
    /// The requester's word in the roster.
    public var id: String { desk.id }
    private let random: any RandomSource

    /// A requester at a desk.
    public init(desk: Desk, random: any RandomSource) {
        self.desk = desk
        self.random = random
    }

    /// The requester's own check before anything leaves the machine, by the same judge that the
    /// vault and the custodians ask. Throws the refusal. A window of hours that are not closed,
    /// a purpose that is not allowed or a plate that is not exact ends here.
    public func prepare(_ application: Application, at time: Timestamp) throws -> PreparedRequest {
        try desk.refresh()
        let roster = desk.roster
        let replyKey = try OneTimeKey(from: random)
        let secret = try RequestSecret(
            requester: desk.id, replyKey: replyKey.publicKey, plates: application.plates,
            fold: roster.policy.fold, cells: application.cells, docket: application.docket,
            random: random)
        return try prepare(application, secret, replyKey, isChecked: true, at: time)
    }

    /// A drill, ready to be filed: the reserved plate in hours of one day, under no process, opened
    /// to everybody the same day. Without the own check, which throws as for any request, it can ask
    /// for a day that is dead, to see who else refuses it.
    public func prepareDrill(
        _ cells: [Cell], isChecked: Bool = true, at time: Timestamp
    ) throws -> PreparedRequest {
        try desk.refresh()
        let replyKey = try OneTimeKey(from: random)
        let secret = try RequestSecret(
            drillBy: desk.id, replyKey: replyKey.publicKey, fold: desk.roster.policy.fold,
            cells: cells, random: random)
        let application = Application(
            plates: [], cells: cells, purpose: Purpose.drill, process: .drill,
            warrant: Digest(of: []), docket: "", embargo: time.day)
        return try prepare(application, secret, replyKey, isChecked: isChecked, at: time)
    }

    /// Seals, signs, and unless told otherwise judges. The plates are the secret's.
    func prepare(
        _ application: Application, _ secret: RequestSecret, _ replyKey: OneTimeKey,
        isChecked: Bool, at time: Timestamp
    ) throws -> PreparedRequest {
        let roster = desk.roster
        guard let agency = roster.agency(ofRequester: desk.id) else {
            throw Refusal(.requesterUnknown, "the roster has no requester \(desk.id)")
        }
        let (copies, digests) = try seal(secret, roster: roster, at: time)
        let body = secret.request(
            agency: agency.id, purpose: application.purpose, process: application.process,
            warrant: application.warrant, embargo: application.embargo(roster, at: time),
            replyKey: replyKey.publicKey, sealedCopies: digests, time: desk.blunt(time))
        let refusal = Judge.admission(of: body, secret: secret, in: desk.record, at: time)
        if isChecked, let refusal { throw refusal }
        let wire = try StatementDraft.sign(body, under: roster, by: desk.signer)
        return PreparedRequest(
            id: try UnverifiedStatement(wire: wire).id, wire: wire, body: body, secret: secret,
            file: CaseFile(request: wire, secret: try secret.encode(), replyKey: replyKey),
            copies: copies)
    }

    /// Leaves the sealed copies with the vault and has the request logged; the caller has kept the
    /// case file by then, so that a crash in between loses nothing. Throws the vault's refusal.
    public func file(_ request: PreparedRequest, at time: Timestamp) throws {
        let roster = desk.roster
        let until = time.adding(days: Int64(roster.policy.approvalDays) + 2)
        for (custodian, sealed) in request.copies {
            try desk.vault.put(
                Mail(
                    topic: request.id, kind: SealInfo.request.rawValue,
                    recipient: roster.keyName(custodian), sender: roster.keyName(desk.id),
                    until: until, sealed: sealed))
        }
        try desk.log(request.wire)
    }

    /// Says that the plate's owner was told of the search, as the embargo's end demands.
    public func notify(_ request: Digest, at time: Timestamp) throws {
        try desk.refresh()
        try desk.log(NoticeBody(party: desk.id, request: request, time: desk.blunt(time)))
    }

    /// Takes a request back for good.
    public func withdraw(_ request: Digest, at time: Timestamp) throws {
        try desk.refresh()
        try desk.log(WithdrawBody(party: desk.id, request: request, time: desk.blunt(time)))
    }

    /// One copy for each custodian that has a prekey for today in the log, under a quorum of
    /// cosignatures; a custodian without one is left out and waited for by nobody. Throws
    /// `prekey-missing` below t copies, `prekey-uncosigned`.
    private func seal(
        _ secret: RequestSecret, roster: Roster, at time: Timestamp
    ) throws -> ([(String, [UInt8])], [SealedCopy]) {
        var copies: [(String, [UInt8])] = []
        var digests: [SealedCopy] = []
        let held = try desk.size(heldBy: roster.quorum)
        for custodian in roster.custodians {
            guard let prekey = desk.record.prekey(of: custodian.id, on: time.day) else { continue }
            // A vault that showed this requester alone a prekey of its own making could read.
            guard let index = desk.record.prekeyIndex(of: custodian.id, on: time.day), index < held
            else {
                throw InquiryError(
                    code: "prekey-uncosigned",
                    sentence:
                        "the prekey of \(custodian.id) for \(time.day) is not in the log that "
                        + "\(roster.quorum) custodians hold; ask again in a minute")
            }
            let sealed = try HybridSeal.seal(
                try secret.encode(), to: prekey, info: SealInfo.request.text(roster.origin))
            copies.append((custodian.id, sealed))
            digests.append(
                SealedCopy(
                    custodian: custodian.id, digest: Digest(of: sealed), prekeyDay: time.day))
        }
        guard copies.count >= roster.threshold.t else {
            throw InquiryError(
                code: "prekey-missing",
                sentence: "only \(copies.count) custodians have logged a prekey for \(time.day)")
        }
        return (copies, digests)
    }
}

/// A request that is ready to be filed and has not left the machine yet.
public struct PreparedRequest: Sendable {
    /// Its id.
    public let id: Digest
    /// The signed statement.
    public let wire: [UInt8]
    /// What the log will show.
    public let body: RequestBody
    /// What it is about.
    public let secret: RequestSecret
    /// What the requester keeps until it is opened.
    public let file: CaseFile
    let copies: [(custodian: String, sealed: [UInt8])]
}
