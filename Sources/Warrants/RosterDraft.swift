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
