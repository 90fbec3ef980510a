import Ledger
public import Plates
public import Secrets
public import Warrants
public import Wire

/// An officer of a custodian's institution, who says yes or no to one request.
public struct Officer {
    private let desk: Desk
    private let custodian: CustodianClient
    private let random: any RandomSource

    /// An officer at a desk, with the way to the own institution's custodian.
    public init(desk: Desk, custodian: CustodianClient, random: any RandomSource) {
        self.desk = desk
        self.custodian = custodian
        self.random = random
    }

    /// What a request is about, opened by the own custodian and checked against the logged
    /// commitments here. The plates are inside. Throws the custodian's refusal.
    public func docket(of request: Digest, at time: Timestamp) throws -> RequestSecret {
        try desk.refresh()
        let roster = desk.roster
        guard let state = desk.record.request(request) else {
            throw Refusal(.requestUnknown, "the log has no request \(request)")
        }
        let key = try OneTimeKey(from: random)
        let ask = DocketAsk(
            origin: roster.origin, request: request, oneTimeKey: key.publicKey, time: time)
        let sealed = try custodian.docket(try desk.signer.sign(ask.text).encode())
        let secret = try RequestSecret(
            wire: try key.open(sealed, info: SealInfo.docket.text(roster.origin)))
        try secret.check(against: state.body)
        return secret
    }

    /// Approves the exact bytes of one request. Throws the vault's refusal.
    public func approve(_ request: Digest, at time: Timestamp) throws {
        try decide(try preparedApproval(of: request, at: time))
    }

    /// Denies a request with a code, and where `reason` is given with a reason in words, sealed to
    /// the requester. Throws the vault's refusal.
    public func deny(
        _ request: Digest, code: DenialCode, reason: DenialReason? = nil, at time: Timestamp
    ) throws {
        try decide(try preparedDenial(of: request, code: code, reason: reason, at: time))
    }

    /// An approval, ready to be looked at and signed. Throws what the vault says.
    public func preparedApproval(of request: Digest, at time: Timestamp) throws -> PreparedDecision
    {
        try desk.refresh()
        let body = ApprovalBody(officer: desk.id, request: request, time: desk.blunt(time))
        return PreparedDecision(
            request: request, text: try StatementDraft.text(body, under: desk.roster), letter: nil)
    }

    /// A denial, ready to be looked at and signed, its reason in words sealed. Throws
    /// `request-unknown`, and what the vault says.
    public func preparedDenial(
        of request: Digest, code: DenialCode, reason: DenialReason?, at time: Timestamp
    ) throws -> PreparedDecision {
        try desk.refresh()
        let letter = try reason.map { try sealed($0, about: request, at: time) }
        let body = DenialBody(
            officer: desk.id, request: request, code: code,
            reason: letter.map { Digest(of: $0.sealed) }, time: desk.blunt(time))
        return PreparedDecision(
            request: request, text: try StatementDraft.text(body, under: desk.roster),
            letter: letter)
    }

    /// Signs a decision as it was looked at, byte for byte, and has it logged. Throws the vault's
    /// refusal, `roster-outdated` where there is another roster meanwhile.
    public func decide(_ decision: PreparedDecision) throws {
        // The reason is there before the log says so: after a crash in between nobody misses it.
        if let letter = decision.letter { try desk.vault.put(letter) }
        try desk.log(try desk.signer.sign(decision.text).encode())
    }

    private func sealed(
        _ reason: DenialReason, about request: Digest, at time: Timestamp
    ) throws -> Mail {
        let roster = desk.roster
        guard let state = desk.record.request(request) else {
            throw Refusal(.requestUnknown, "the log has no request \(request)")
        }
        let bytes = try HybridSeal.seal(
            try reason.encode(of: request, by: desk.id), to: state.body.replyKey,
            info: SealInfo.reason.text(roster.origin))
        return Mail(
            topic: request, kind: SealInfo.reason.rawValue,
            recipient: roster.keyName(state.body.requester), sender: roster.keyName(desk.id),
            until: time.adding(days: DenialReason.keptDays), sealed: bytes)
    }
}

/// A decision as it will be signed, an officer's or an authority's; nothing of it has left the machine.
public struct PreparedDecision: Sendable {
    /// The request.
    public let request: Digest
    /// The text of the statement: exactly what the signature is over.
    public let text: String
    fileprivate let letter: Mail?
}

/// An authority's clerk, who attests that an order stands behind one request.
public struct Clerk {
    private let desk: Desk

    /// A clerk at a desk.
    public init(desk: Desk) { self.desk = desk }

    /// Attests a request as it stands in the log, if the order in the clerk's hands has the digest
    /// that the request names. Throws `order-mismatch` for another document.
    public func attest(
        _ request: Digest, warrant: Digest, expires: Timestamp, embargo: Day? = nil,
        at time: Timestamp
    ) throws {
        try attest(
            try preparedOrder(
                for: request, warrant: warrant, expires: expires, embargo: embargo, at: time))
    }

    /// An attestation, ready to be looked at and signed. Throws as `attest`.
    public func preparedOrder(
        for request: Digest, warrant: Digest, expires: Timestamp, embargo: Day? = nil,
        at time: Timestamp
    ) throws -> PreparedDecision {
        try desk.refresh()
        guard let state = desk.record.request(request) else {
            throw Refusal(.requestUnknown, "the log has no request \(request)")
        }
        guard state.body.warrant == warrant else {
            throw Refusal(.orderMismatch, "the request names another warrant document")
        }
        let body = OrderBody(
            authority: desk.id, attesting: state.request.statement, expires: expires,
            embargo: embargo, time: desk.blunt(time))
        return PreparedDecision(
            request: request, text: try StatementDraft.text(body, under: desk.roster), letter: nil)
    }

    /// Signs an attestation as it was looked at, byte for byte, and has it logged. Throws the
    /// vault's refusal, `roster-outdated` where there is another roster meanwhile.
    public func attest(_ order: PreparedDecision) throws {
        try desk.log(try desk.signer.sign(order.text).encode())
    }
}
