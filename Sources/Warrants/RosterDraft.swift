public import Ledger
public import Plates
public import Secrets

/// Makes a roster in a program, with everything in its order; the way for tools and tests.
///
///     var draft = RosterDraft(
///         vault: VaultParty(id: "vault", statementKey: a, logKey: b), threshold: 3,
///         policy: Policy(purposes: ["09A", "240"]))
///     draft.add(custodian)                       // in the order of their bits
///     draft.add(Site(id: "site-1", name: "Main Street", number: SiteNumber(number: 1), keys: [c]))
///     let roster = try draft.roster(origin: "example.org/vault.demo")
///     let note = try roster.signed(by: custodianSigners)
public struct RosterDraft: Sendable {
    /// What the roster will say.
    public private(set) var body: RosterBody

    /// A draft without custodians, sites, agencies and authorities; the quorum is t.
    public init(vault: VaultParty, threshold: Int, policy: Policy) {
        body = RosterBody(
            custodians: [], threshold: threshold, quorum: threshold, vault: vault, sites: [],
            retiredSites: [], agencies: [], authorities: [], policy: policy)
    }

    /// A draft that starts from what a roster says, for its successor.
    public init(changing roster: Roster) { body = roster.body }

    /// A draft from what a roster file says.
    public init(body: RosterBody) { self.body = body }

    /// Adds a custodian; it takes the next bit.
    public mutating func add(_ custodian: Custodian) {
        var custodian = custodian
        custodian.officers.sort { $0.id < $1.id }
        body.custodians.append(custodian)
    }

    /// Adds a site.
    public mutating func add(_ site: Site) {
        body.sites.append(site)
        body.sites.sort { $0.number < $1.number }
    }

    /// Removes a site and retires its number for good.
    public mutating func retire(_ number: SiteNumber) {
        body.sites.removeAll { $0.number == number }
        body.retiredSites.append(Int(number.number))
        body.retiredSites.sort()
    }

    /// Adds an agency.
    public mutating func add(_ agency: Agency) {
        var agency = agency
        agency.requesters.sort { $0.id < $1.id }
        body.agencies.append(agency)
        body.agencies.sort { $0.id < $1.id }
    }

    /// Adds an authority.
    public mutating func add(_ authority: Authority) {
        body.authorities.append(authority)
        body.authorities.sort { $0.id < $1.id }
    }

    /// Changes anything else.
    public mutating func change(_ edit: (inout RosterBody) -> Void) { edit(&body) }

    /// The roster, checked; `previous` is zero for the first. Throws what `Roster.init` throws.
    public func roster(origin: String, previous: Digest = .zero) throws(Refusal) -> Roster {
        try Roster(origin: origin, previous: previous, body: body)
    }
}

extension Roster {
    /// The roster's statement in its wire form, signed by some custodians.
    /// Throws `statement-malformed` where the note cannot be made, for instance with no signer.
    public func signed(by signers: [NoteSigner]) throws(Refusal) -> [UInt8] {
        do {
            guard let first = signers.first else {
                throw Refusal(.rosterSignatures, "a roster needs signatures")
            }
            var note = try first.sign(text)
            for signer in signers.dropFirst() { note = try signer.cosign(note) }
            return note.encode()
        } catch {
            throw Refusal(.rosterSignatures, "the roster cannot be signed as a note")
        }
    }

    /// The first roster of a log from its statement: signed by t of its own custodians. Whether it
    /// is the right one, only its hash from a trusted source can tell.
    public static func first(
        _ statement: UnverifiedStatement
    ) throws(Refusal) -> (roster: Roster, statement: Statement<RosterBody>) {
        guard statement.rosterHash == .zero else {
            throw Refusal(.rosterSuccession, "the first roster names no roster before it")
        }
        let body = try statement.unverifiedBody(RosterBody.self)
        let roster = try Roster(origin: statement.origin, body: body)
        let signers = try roster.signers(of: statement)
        return (
            roster,
            Statement(id: statement.id, body: body, signers: signers, wire: statement.wire)
        )
    }

    /// The roster that follows this one: it names this one's hash and is signed by t of this one's
    /// custodians, whatever the new one says. Throws `roster-succession`, `roster-signatures`, or
    /// what is wrong with the new roster by itself.
    public func successor(
        _ statement: UnverifiedStatement
    ) throws(Refusal) -> (roster: Roster, statement: Statement<RosterBody>) {
        guard statement.origin == origin else {
            throw Refusal(.statementOfOtherLog, "the roster is for another log")
        }
        let body = try statement.unverifiedBody(RosterBody.self)
        let next = try Roster(origin: origin, previous: statement.rosterHash, body: body)
        try RosterCheck.succession(from: self, to: next)
        let signers = try signers(of: statement)
        return (
            next, Statement(id: statement.id, body: body, signers: signers, wire: statement.wire)
        )
    }

    /// The custodians who signed a roster statement: at least t, and nobody else.
    private func signers(of statement: UnverifiedStatement) throws(Refusal) -> [String] {
        let valid = custodians.filter { custodian in
            statementKeys(of: custodian.id).contains { statement.note.isSigned(by: $0) }
        }
        guard valid.count >= threshold.t, valid.count == statement.note.signatures.count else {
            throw Refusal(
                .rosterSignatures,
                "the roster has \(valid.count) signatures of custodians in force, of "
                    + "\(statement.note.signatures.count); \(threshold.t) are needed and no others")
        }
        return valid.map(\.id)
    }
}
