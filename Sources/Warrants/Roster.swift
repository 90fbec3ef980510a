import Bytes
public import Ledger
public import Plates
public import Secrets

/// What a roster says: every party with its public keys, and the policy. Its statement's JSON and
/// the text file `roster.txt` (`RosterText`) are two forms of the same.
public struct RosterBody: StatementBody {
    /// The type line's word.
    public static let type = StatementType.roster

    /// The custodians in the order of their bits.
    public var custodians: [Custodian]
    /// How many custodians an evaluation needs.
    public var threshold: Int
    /// How many cosignatures make a checkpoint count: t or ⌈(n+t)/2⌉.
    public var quorum: Int
    /// The store and its log.
    public var vault: VaultParty
    /// The sites, ascending by number.
    public var sites: [Site]
    /// Numbers of sites that are gone, ascending; never used again.
    public var retiredSites: [Int]
    /// Who may ask, ascending by id.
    public var agencies: [Agency]
    /// Who may attest, ascending by id.
    public var authorities: [Authority]
    /// What may be asked.
    public var policy: Policy

    /// A roster stands where it is put.
    public var signed: Timestamp? { nil }

    /// Never one alone: rosters are verified by `Roster.successor`.
    public func author(in roster: Roster) throws(Refusal) -> String {
        throw Refusal(.signerUnknown, "a roster is signed by custodians together")
    }
}

/// A roster with its place in the log: what it says, the log's origin and the roster before it.
/// Whoever holds one from a source it trusts can verify everything that follows.
///
/// `hash` is the id of its statement, the third line of every statement made under it and the salt
/// of the chains made under it.
public struct Roster: Hashable, Sendable {
    /// The log's origin, such as `example.org/vault.demo`.
    public let origin: String
    /// The hash of the roster before; zero for the first.
    public let previous: Digest
    /// What it says.
    public let body: RosterBody
    /// SHA-256 of its statement's text.
    public let hash: Digest
    /// n and t, checked.
    public let threshold: Threshold
    private let index: PartyIndex

    /// A roster of its parts. Throws `roster-threshold`, `roster-quorum`, `roster-policy`,
    /// `roster-party` or `roster-malformed` for anything that must not be loaded.
    public init(
        origin: String, previous: Digest = .zero, body: RosterBody
    ) throws(Refusal) {
        threshold = try RosterCheck.threshold(body)
        try RosterCheck.origin(origin)
        try RosterCheck.policy(body.policy)
        try RosterCheck.parties(body)
        self.origin = origin
        self.previous = previous
        self.body = body
        hash = StatementDraft.id(
            try StatementDraft.text(body, origin: origin, rosterHash: previous))
        do {
            logKey = try NoteVerifierKey(name: origin, key: body.vault.logKey.key)
            index = try PartyIndex(body, origin: origin)
        } catch {
            throw Refusal(.rosterParty, "a party's name or key cannot stand in a note")
        }
    }

    /// The text that custodians sign to put this roster into force.
    public var text: String {
        // The initialiser has encoded the same value already.
        (try? StatementDraft.text(body, origin: origin, rosterHash: previous)) ?? ""
    }

    /// What may be asked.
    public var policy: Policy { body.policy }
    /// The custodians in the order of their bits.
    public var custodians: [Custodian] { body.custodians }
    /// The sites, ascending by number.
    public var sites: [Site] { body.sites }
    /// How many cosignatures make a checkpoint count.
    public var quorum: Int { body.quorum }

    /// The note key name of a party: origin, slash, word.
    public func keyName(_ id: String) -> String { "\(origin)/\(id)" }
    /// A custodian's bit; nil for a stranger.
    public func custodianIndex(_ id: String) -> Int? { index.custodians[id] }
    /// The custodian of that word.
    public func custodian(_ id: String) -> Custodian? {
        index.custodians[id].map { body.custodians[$0] }
    }
    /// The site of a number.
    public func site(_ number: SiteNumber) -> Site? {
        index.sites[number].map { body.sites[$0] }
    }
    /// The agency of that word.
    public func agency(_ id: String) -> Agency? { body.agencies.first { $0.id == id } }
    /// The agency to which a requester belongs.
    public func agency(ofRequester id: String) -> Agency? {
        body.agencies.first { $0.requesters.contains { $0.id == id } }
    }
    /// The authority of that word.
    public func authority(_ id: String) -> Authority? {
        body.authorities.first { $0.id == id }
    }
    /// The custodian whose officer has that word.
    public func custodian(ofOfficer id: String) -> Custodian? {
        index.officers[id].map { body.custodians[$0] }
    }

    /// The key that verifies the log's checkpoints; its name is the origin.
    public let logKey: NoteVerifierKey
    /// The key with which a custodian cosigns the log's checkpoints, named as its statements' keys
    /// are; nil for a stranger.
    public func cosignerKey(of id: String) -> CosignerKey? { index.cosigners[id] }
    /// The keys with which custodians cosign, in roster order.
    public var cosignerKeys: [CosignerKey] { custodians.compactMap { cosignerKey(of: $0.id) } }
    /// The custodians by their words, each with the key under which it cosigns.
    public var cosigners: [(id: String, key: CosignerKey)] {
        custodians.compactMap { party in cosignerKey(of: party.id).map { (party.id, $0) } }
    }
    /// The keys of which any signs statements for a party, named `origin/word`; none for a word
    /// that signs nothing, such as an agency's.
    public func statementKeys(of id: String) -> [NoteVerifierKey] { index.keys[id] ?? [] }

    /// Only the hash compares: it covers everything else.
    public static func == (left: Self, right: Self) -> Bool { left.hash == right.hash }
    /// Only the hash is hashed.
    public func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

/// Words and numbers to places in the roster's lists, and to keys.
struct PartyIndex: Sendable {
    var custodians: [String: Int] = [:]
    var officers: [String: Int] = [:]
    var sites: [SiteNumber: Int] = [:]
    var keys: [String: [NoteVerifierKey]] = [:]
    var cosigners: [String: CosignerKey] = [:]

    init(_ body: RosterBody, origin: String) throws(LedgerError) {
        func named(_ id: String, _ keys: [PartyKey]) throws(LedgerError) -> [NoteVerifierKey] {
            var result: [NoteVerifierKey] = []
            for key in keys {
                result.append(try NoteVerifierKey(name: "\(origin)/\(id)", key: key.key))
            }
            return result
        }
        keys[body.vault.id] = try named(body.vault.id, [body.vault.statementKey])
        for (place, custodian) in body.custodians.enumerated() {
            custodians[custodian.id] = place
            keys[custodian.id] = try named(custodian.id, [custodian.statementKey])
            cosigners[custodian.id] = try CosignerKey(
                name: "\(origin)/\(custodian.id)", key: custodian.cosignKey.key)
            for officer in custodian.officers {
                officers[officer.id] = place
                keys[officer.id] = try named(officer.id, [officer.key])
            }
        }
        for (place, site) in body.sites.enumerated() {
            sites[site.number] = place
            keys[site.id] = try named(site.id, site.keys)
        }
        for requester in body.agencies.flatMap(\.requesters) {
            keys[requester.id] = try named(requester.id, [requester.key])
        }
        for authority in body.authorities {
            keys[authority.id] = try named(authority.id, [authority.key])
        }
    }
}
