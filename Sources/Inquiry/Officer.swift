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
        try desk.refresh()
        try desk.log(ApprovalBody(officer: desk.id, request: request, time: desk.blunt(time)))
    }

    /// Denies a request with a code.
    public func deny(_ request: Digest, code: DenialCode, at time: Timestamp) throws {
        try desk.refresh()
        try desk.log(
            DenialBody(officer: desk.id, request: request, code: code, time: desk.blunt(time)))
    }
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
        try desk.refresh()
        guard let state = desk.record.request(request) else {
            throw Refusal(.requestUnknown, "the log has no request \(request)")
        }
        guard state.body.warrant == warrant else {
            throw Refusal(.orderMismatch, "the request names another warrant document")
        }
        try desk.log(
            OrderBody(
                authority: desk.id, attesting: state.request.statement, expires: expires,
                embargo: embargo, time: desk.blunt(time)))
    }
}
