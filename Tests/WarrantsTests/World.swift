import Ledger
import Plates
import Secrets
import Testing
import Warrants

/// A small town: five custodians, two sites, two agencies, an authority, a vault, and a log that is
/// written by the test. Every key comes from its party's word.
struct World {
    static let origin = "example.org/vault.test"
    /// The day on which everything happens, at noon.
    static let today = Day(number: 20_780)
    static let noon = today.start.adding(hours: 12)
    static let oneTime = [UInt8](repeating: 7, count: HybridSeal.publicKeySize)
    static let custodianWords = ["audit", "clerk", "inspector", "privacy", "rights"]
    static let siteOne = SiteNumber(number: 1)
    static let siteTwo = SiteNumber(number: 2)

    var roster: Roster
    var record: Record
    var entries: [[UInt8]] = []

    static func key(_ word: String) throws -> SigningKey {
        try SigningKey(
            seed: SecretBytes(copying: Digest(of: Array("test key \(word)".utf8)).bytes))
    }

    static func open(_ word: String) throws -> VerifyingKey { try key(word).verifyingKey }

    static func signer(_ word: String) throws -> NoteSigner {
        try NoteSigner(name: "\(origin)/\(word)", key: try key(word))
    }

    static func custodian(_ word: String) throws -> Custodian {
        Custodian(
            id: word, name: "Office \(word)", institution: "Institution \(word)",
            place: "Room \(word)", administrator: "Admin \(word)", slot: .file,
            statementKey: try open(word), cosignKey: try open(word + "-cosign"),
            officers: [
                Signatory(id: word + "-officer", key: try open(word + "-officer")),
                Signatory(id: word + "-deputy", key: try open(word + "-deputy")),
            ])
    }

    static func draft(custodians: [String] = custodianWords, threshold: Int = 3) throws
        -> RosterDraft
    {
        var policy = Policy(purposes: ["09A", "240", "missing-person"])
        policy.prohibited = ["parking-fees"]
        policy.times = .exact
        var draft = RosterDraft(
            vault: VaultParty(
                id: "vault", statementKey: try open("vault"), logKey: try open("log")),
            threshold: threshold, policy: policy)
        for word in custodians { draft.add(try custodian(word)) }
        draft.add(
            Site(id: "site-2", name: "River Road", number: siteTwo, keys: [try open("site-2")]))
        draft.add(
            Site(id: "site-1", name: "Main Street", number: siteOne, keys: [try open("site-1")]))
        draft.add(
            Agency(
                id: "police", name: "City Police", institution: "City Police",
                agreementEnds: today.adding(100),
                requesters: [Signatory(id: "doyle", key: try open("doyle"))]))
        draft.add(
            Agency(
                id: "auditors", name: "Auditors", institution: "Institution audit",
                agreementEnds: today.adding(100),
                requesters: [Signatory(id: "own", key: try open("own"))]))
        draft.add(
            Authority(id: "court", name: "Clerk of the District Court", key: try open("court")))
        return draft
    }

    /// An empty log but for its roster.
    init(draft: RosterDraft? = nil) throws {
        let draft = try draft ?? Self.draft()
        roster = try draft.roster(origin: Self.origin)
        record = Record(trusting: roster)
        let signers = try roster.custodians.map { try Self.signer($0.id) }
        let entry = try roster.signed(by: signers)
        #expect(record.append(entry) == nil)
        entries.append(entry)
    }

    /// A log with generation 1 since ten days, prekeys for today, and the closed hours 0 to 4 of
    /// today at both sites: noon is more than late_hours after them.
    static func running(
        _ draft: RosterDraft? = nil, closing sites: [SiteNumber] = [siteOne, siteTwo]
    ) throws -> World {
        var world = try World(draft: draft)
        try world.makeGeneration(1, first: today.adding(-10), at: today.adding(-10).start)
        for word in custodianWords { try world.publishPrekeys(word, days: [today]) }
        for hour in today.hours.prefix(5) {
            for site in sites { try world.close(Cell(hour: hour, site: site)) }
        }
        return world
    }

    /// Signs, appends and returns the id; the refusal that the record met it with.
    @discardableResult
    mutating func say(
        _ body: some StatementBody, by word: String
    ) throws -> (id: Digest, refusal: Refusal?) {
        let entry = try StatementDraft.sign(body, under: roster, by: try Self.signer(word))
        return (try UnverifiedStatement(wire: entry).id, append(entry))
    }

    mutating func append(_ entry: [UInt8]) -> Refusal? {
        let before = record.refusal(of: entry)
        let refusal = record.append(entry)
        #expect(before == refusal, "what may not be appended is what counts for nothing")
        entries.append(entry)
        return refusal
    }

    static func commits(
        of word: String, tag: String, in roster: Roster
    ) throws -> [MaskedDigest] {
        let index = try #require(roster.custodianIndex(word))
        return roster.threshold.subsets(heldBy: index).map {
            MaskedDigest(mask: $0, commit: Digest(of: Array("\(tag) \($0.bits)".utf8)))
        }
    }

    mutating func propose(_ number: UInt32, first: Day, at time: Timestamp) throws -> Refusal? {
        try say(
            GenerationBody.propose(
                GenerationProposal(
                    custodian: "clerk", generation: number, first: first, under: roster,
                    time: time)), by: "clerk"
        ).refusal
    }

    mutating func commit(_ number: UInt32, by word: String, at time: Timestamp) throws -> Refusal? {
        try say(
            GenerationBody.commit(
                GenerationCommit(
                    custodian: word, generation: number,
                    seedCommits: try Self.commits(of: word, tag: "seed \(word)", in: roster),
                    oneTimeKey: Self.oneTime, time: time)), by: word
        ).refusal
    }

    mutating func finish(
        _ number: UInt32, by word: String, tag: String = "first", at time: Timestamp
    ) throws -> Refusal? {
        try say(
            GenerationBody.final(
                GenerationFinal(
                    custodian: word, generation: number,
                    commits: try Self.commits(of: word, tag: tag, in: roster), time: time)),
            by: word
        ).refusal
    }

    mutating func makeGeneration(_ number: UInt32, first: Day, at time: Timestamp) throws {
        #expect(try propose(number, first: first, at: time) == nil)
        for word in roster.custodians.map(\.id) {
            #expect(try commit(number, by: word, at: time) == nil)
        }
        for word in roster.custodians.map(\.id) {
            #expect(try finish(number, by: word, at: time) == nil)
        }
    }

    mutating func publishPrekeys(_ word: String, days: [Day]) throws {
        let keys = days.map { PrekeysBody.Prekey(day: $0, key: Self.oneTime) }
        let body = PrekeysBody(custodian: word, keys: keys, time: Self.today.start)
        #expect(try say(body, by: word).refusal == nil)
    }

    mutating func close(_ cell: Cell, kind: HourClosedBody.Kind = .prompt) throws {
        let body = HourClosedBody(
            cell: cell, kind: kind, closed: Digest(of: Array(cell.description.utf8)),
            time: cell.hour.end.adding(hours: 7))
        #expect(try say(body, by: "site-\(cell.site.number)").refusal == nil)
    }

    mutating func destroy(
        _ day: Day, by word: String, generation: UInt32 = 1, tag: String = "next",
        at time: Timestamp
    ) throws -> Refusal? {
        try say(
            DayDestroyedBody(
                custodian: word, generation: generation, day: day,
                next: try Self.commits(of: word, tag: "\(tag) \(day.number)", in: roster),
                slot: .file, time: time), by: word
        ).refusal
    }
}

/// A request that is fine, to be spoilt in one place by a test.
struct Filing {
    var agency = "police"
    var requester = "doyle"
    var purpose = "09A"
    var process = "search-warrant"
    var warrant = Digest(of: Array("warrant".utf8))
    var plates = ["ABC 123", "XYZ 9"]
    var cells: [Cell] = World.today.hours.prefix(3).flatMap {
        [Cell(hour: $0, site: World.siteOne), Cell(hour: $0, site: World.siteTwo)]
    }
    var docket = "24-CR-00172"
    var replyKey = [UInt8](repeating: 9, count: HybridSeal.publicKeySize)
    var copies: [String] = World.custodianWords
    var prekeyDay = World.today
    var time = World.noon
    var seed = "filing"

    func secret() throws -> RequestSecret {
        try RequestSecret(
            requester: requester, replyKey: replyKey, plates: plates, fold: .letterOAsZero,
            cells: cells, docket: docket, random: SeededRandom(seed))
    }

    func body(_ secret: RequestSecret) -> RequestBody {
        var body = secret.request(
            agency: agency, purpose: purpose, process: .searchWarrant, warrant: warrant,
            replyKey: replyKey,
            sealedCopies: copies.map {
                SealedCopy(
                    custodian: $0, digest: Digest(of: Array($0.utf8)), prekeyDay: prekeyDay)
            }, time: time)
        body.process = process
        return body
    }
}

extension World {
    /// Files a request; expects it to stand.
    mutating func file(_ filing: Filing) throws -> (id: Digest, secret: RequestSecret) {
        let secret = try filing.secret()
        let (id, refusal) = try say(filing.body(secret), by: filing.requester)
        #expect(refusal == nil)
        return (id, secret)
    }

    @discardableResult
    mutating func attest(
        _ id: Digest, expires: Timestamp = noon.adding(days: 2),
        _ spoil: (inout OrderBody) -> Void = { _ in }
    ) throws -> Refusal? {
        let body = try #require(record.request(id)).body
        var order = OrderBody(
            authority: "court", request: id, warrant: body.warrant,
            plateCommitments: body.plateCommitments, windowCommitment: body.windowCommitment,
            expires: expires, time: Self.noon)
        spoil(&order)
        return try say(order, by: order.authority).refusal
    }

    @discardableResult
    mutating func approve(
        _ id: Digest, _ words: [String], role: String = "officer"
    ) throws -> [Refusal?] {
        try words.map {
            try say(
                ApprovalBody(officer: "\($0)-\(role)", request: id, time: Self.noon),
                by: "\($0)-\(role)"
            ).refusal
        }
    }

    @discardableResult
    mutating func deny(_ id: Digest, _ words: [String]) throws -> [Refusal?] {
        try words.map {
            try say(
                DenialBody(
                    officer: "\($0)-officer", request: id, code: .tooBroad, time: Self.noon),
                by: "\($0)-officer"
            ).refusal
        }
    }

    mutating func evaluate(
        _ id: Digest, by word: String, tag: String = "e", at time: Timestamp = noon
    ) throws -> Refusal? {
        let plates = try #require(record.request(id)).body.plateCommitments.indices
        let index = try #require(roster.custodianIndex(word))
        let items = roster.threshold.subsets(heldBy: index).flatMap { mask in
            plates.map {
                EvaluationItem(
                    day: Self.today, plate: $0, mask: mask,
                    e: Digest(of: Array("\(tag) \($0) \(mask.bits)".utf8)))
            }
        }
        return try say(
            EvaluationBody(custodian: word, request: id, digests: items, time: time), by: word
        ).refusal
    }

    /// A request with attestation and three approvals.
    mutating func granted(_ filing: Filing = Filing()) throws -> (id: Digest, secret: RequestSecret)
    {
        let filed = try file(filing)
        #expect(try attest(filed.id) == nil)
        try approve(filed.id, ["clerk", "privacy", "rights"])
        return filed
    }

    func verdict(
        _ filed: (id: Digest, secret: RequestSecret), at time: Timestamp = noon
    ) -> Verdict {
        Judge.verdict(on: filed.id, secret: filed.secret, in: record, at: time)
    }
}
