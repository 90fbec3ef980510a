import Disk
import Ledger
import Plates
import Secrets
import TestSupport
import Testing
import Warrants
import Wire

@testable import Custody

/// Three custodians, two of which are needed, over months: machines stop and start, rosters change.
final class Trio {
    static let origin = "example.org/trio.demo"
    static let today = Day(number: 20_780)
    static let founders = ["clerk", "inspector", "privacy"]

    /// The roster that everybody trusts.
    let first: Roster
    let vault: TestVault
    let clock: SimulatedClockSource
    var disks: [String: FaultyFileSystem] = [:]
    var custodians: [String: Custody.Custodian] = [:]
    /// Machines that are off: they do nothing, and nobody reaches their mirrors.
    var down: Set<String> = []
    private var starts = 0

    /// The roster in force by the vault's log.
    var roster: Roster { vault.record.roster }
    /// Whoever is a custodian now, in the order of the bits.
    var words: [String] { roster.custodians.map(\.id) }

    static func key(_ word: String) throws -> SigningKey {
        try SigningKey(
            seed: SecretBytes(copying: Digest(of: Array("trio key \(word)".utf8)).bytes))
    }

    static func signer(_ word: String) throws -> NoteSigner {
        try NoteSigner(name: "\(origin)/\(word)", key: try key(word))
    }

    /// A custodian as a roster has it.
    static func party(_ word: String, institution: String? = nil) throws -> Warrants.Custodian {
        Warrants.Custodian(
            id: word, name: word, institution: institution ?? "Institution \(word)",
            place: "Room \(word)", administrator: "Admin \(word)", slot: .file,
            statementKey: try key(word).verifyingKey,
            cosignKey: try key(word + "-cosign").verifyingKey,
            officers: [
                Signatory(id: word + "-officer", key: try key(word + "-officer").verifyingKey)
            ])
    }

    /// Noon of `today`: three custodians that hold nothing yet.
    init() throws {
        let start = Self.today.start.adding(hours: 12)
        var draft = RosterDraft(
            vault: VaultParty(
                id: "vault", statementKey: try Self.key("vault").verifyingKey,
                logKey: try Self.key("log").verifyingKey),
            threshold: 2, policy: Policy(purposes: ["09A"]))
        for word in Self.founders { draft.add(try Self.party(word)) }
        draft.add(
            Site(
                id: "site-1", name: "Street", number: SiteNumber(number: 1),
                keys: [try Self.key("site-1").verifyingKey]))
        first = try draft.roster(origin: Self.origin)
        vault = try TestVault(
            first, try first.signed(by: try Self.founders.map { try Self.signer($0) }),
            try NoteSigner(name: Self.origin, key: try Self.key("log")))
        clock = try SimulatedClockSource(origin: Self.origin, wall: start, boot: 1_000)
        for word in Self.founders { try create(word) }
    }

    /// Three custodians with their first generation, from today on.
    static func running() throws -> Trio {
        let trio = try Trio()
        try trio.settle()
        try trio.custodian("clerk").propose(first: today)
        try trio.settle()
        return trio
    }

    func setting(_ word: String) throws -> CustodianSetting {
        starts += 1
        return CustodianSetting(
            folder: "/custodian", roster: first, custodian: word, signer: try Self.signer(word),
            cosigner: try Cosigner(
                name: "\(Self.origin)/\(word)", key: try Self.key(word + "-cosign")),
            clock: clock, vault: VaultClient(LoopbackChannel(vault)),
            mirrors: { [weak self] in self?.mirrors ?? [] },
            disk: disks[word] ?? FaultyFileSystem(), random: SeededRandom("\(starts) \(word)"))
    }

    /// A custodian on a fresh disk, as its administrator makes it.
    @discardableResult
    func create(_ word: String) throws -> Custody.Custodian {
        disks[word] = FaultyFileSystem(seed: "\(word) \(starts)")
        let made = try Custodian.create(try setting(word), confirmed: clock.wall)
        custodians[word] = made
        return made
    }

    /// A start of its program.
    @discardableResult
    func reopen(_ word: String) throws -> Custody.Custodian {
        let again = try Custodian.open(try setting(word))
        custodians[word] = again
        return again
    }

    func custodian(_ word: String) throws -> Custody.Custodian { try #require(custodians[word]) }

    private var mirrors: [(id: String, client: CustodianClient)] {
        custodians.keys.sorted().filter { !down.contains($0) }.compactMap { word in
            custodians[word].map { custodian in
                let service = CustodianService(custodian, followsFirst: true)
                return (id: word, client: CustodianClient(LoopbackChannel(service)))
            }
        }
    }

    /// Everybody who is up does all there is to do; what went wrong, by word.
    @discardableResult
    func settle(rounds: Int = 6) throws -> [String: [String]] {
        var problems: [String: [String]] = [:]
        for _ in 0..<rounds {
            let size = vault.log.size
            problems = [:]
            for (word, custodian) in custodians.sorted(by: { $0.key < $1.key })
            where !down.contains(word) {
                let codes = try custodian.tick().problems.map(\.code)
                if !codes.isEmpty { problems[word] = codes }
            }
            if vault.log.size == size { break }
        }
        return problems
    }

    func pass(hours: Int64) { clock.pass(milliseconds: hours * 3_600_000) }

    /// Some days, with all that is to do every twelve hours.
    @discardableResult
    func pass(days: Int64) throws -> [String: [String]] {
        var problems: [String: [String]] = [:]
        for _ in 0..<(2 * days) {
            pass(hours: 12)
            problems = try settle()
        }
        return problems
    }

    /// A new roster that changes the one in force, signed by some of its custodians.
    func succeed(
        by signers: [String]? = nil, change: (inout RosterBody) throws -> Void
    ) throws -> Roster {
        let old = roster
        var body = old.body
        try change(&body)
        let next = try RosterDraft(body: body).roster(origin: Self.origin, previous: old.hash)
        let by = signers ?? Array(words.prefix(2))
        _ = try vault.append(try next.signed(by: try by.map { try Self.signer($0) }))
        return next
    }

    /// A party's statement under the roster in force, put into the log.
    @discardableResult
    func say(_ body: some StatementBody, by word: String) throws -> Digest {
        let note = try StatementDraft.sign(body, under: roster, by: try Self.signer(word))
        _ = try vault.append(note)
        return try UnverifiedStatement(wire: note).id
    }

    /// What an auditor says of the whole log now.
    func audit() throws -> AuditReport {
        try Auditor.report(on: try vault.log.entries(0..<vault.log.size), at: clock.wall)
    }

    func generation(of day: Day) -> UInt32? {
        vault.record.generation(for: day).flatMap { day <= $0.last ? $0.number : nil }
    }
}
