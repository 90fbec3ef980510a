import Foundation
import Ledger
import Plates
import Secrets
import Warrants

/// A city whose log is written day by day, as long as one likes: five custodians, twenty sites that
/// close every hour, and four searches a day from request to notice. About 1,190 entries a day.
struct BenchCity {
    static let origin = "bench.example/log.demo"
    static let first = Day(number: 20_780)
    private static let words = ["audit", "clerk", "inspector", "privacy", "rights"]
    private static let sites = 20

    let roster: Roster
    private let signers: [String: NoteSigner]
    private var open: [(id: Digest, secret: RequestSecret)] = []

    static func signer(_ word: String) throws -> NoteSigner {
        try NoteSigner(
            name: word == "log" ? origin : "\(origin)/\(word)",
            key: SigningKey(from: SeededRandom("bench " + word)))
    }

    private static func key(_ word: String) throws -> VerifyingKey {
        try signer(word).verifierKey.key
    }

    init() throws {
        var policy = Policy(purposes: ["09A", "240"])
        policy.drillsPerDay = 24
        var draft = RosterDraft(
            vault: VaultParty(
                id: "vault", statementKey: try Self.key("vault"), logKey: try Self.key("log")),
            threshold: 3, policy: policy)
        for word in Self.words {
            draft.add(
                Custodian(
                    id: word, name: word, institution: "Institution \(word)", place: "Room \(word)",
                    administrator: "Admin \(word)", slot: .file, statementKey: try Self.key(word),
                    cosignKey: try Self.key(word + "-cosign"),
                    officers: [
                        Signatory(id: word + "-officer", key: try Self.key(word + "-officer"))
                    ]
                ))
        }
        for number in 1...Self.sites {
            draft.add(
                Site(
                    id: "site-\(number)", name: "Site \(number)",
                    number: SiteNumber(number: UInt16(number)),
                    keys: [try Self.key("site-\(number)")]))
        }
        draft.add(
            Agency(
                id: "police", name: "City Police", institution: "City Police",
                agreementEnds: Day(number: 40_000), budget: 10_000_000,
                requesters: [Signatory(id: "doyle", key: try Self.key("doyle"))]))
        draft.add(Authority(id: "court", name: "Court", key: try Self.key("court")))
        roster = try draft.roster(origin: Self.origin)
        let officers = Self.words.map { $0 + "-officer" }
        let all =
            Self.words + officers + ["vault", "doyle", "court"]
            + (1...Self.sites).map { "site-\($0)" }
        var signers: [String: NoteSigner] = [:]
        for word in all { signers[word] = try Self.signer(word) }
        self.signers = signers
    }

    /// The log's first entry.
    func beginning() throws -> [UInt8] {
        try roster.signed(by: Self.words.compactMap { signers[$0] })
    }

    private func say(_ body: some StatementBody, _ word: String) throws -> [UInt8] {
        guard let signer = signers[word] else { throw CocoaError(.coderInvalidValue) }
        return try StatementDraft.sign(body, under: roster, by: signer)
    }

    private func commits(_ index: Int, _ tag: String) -> [MaskedDigest] {
        roster.threshold.subsets(heldBy: index).map {
            MaskedDigest(mask: $0, commit: Digest(of: Array("\(tag) \($0.bits)".utf8)))
        }
    }

    /// The entries of a day, counted from 0.
    mutating func entries(of offset: Int) throws -> [[UInt8]] {
        let day = Self.first.adding(Int64(offset))
        var entries: [[UInt8]] = []
        if offset == 0 { entries += try generation(1, first: day, at: day.start) }
        if offset % 7 == 3 {
            let number = UInt32(offset / 7 + 2)
            entries += try generation(number, first: day.adding(4), at: day.start)
        }
        for (index, word) in Self.words.enumerated() {
            let key = PrekeysBody.Prekey(day: day, key: oneTime("prekey \(word) \(offset)"))
            entries.append(
                try say(PrekeysBody(custodian: word, keys: [key], time: day.start), word))
            if offset >= 30 {
                let gone = day.adding(-30)
                entries.append(
                    try say(
                        DayDestroyedBody(
                            custodian: word, generation: UInt32((offset - 30) / 7 + 1), day: gone,
                            next: commits(index, "chain \(gone.number)"), slot: .file,
                            time: day.start.adding(seconds: Int64(index))), word))
            }
            for site in 1...Self.sites {
                entries.append(
                    try say(
                        GrantBody(
                            custodian: word, site: SiteNumber(number: UInt16(site)),
                            firstHour: day.hours[0], lastHour: day.hours[23], request: .zero,
                            time: day.start.adding(seconds: Int64(site))), word))
            }
        }
        entries += try endings(at: day.start.adding(hours: 1))
        for hour in day.hours {
            for kind in HourClosedBody.Kind.allCases {
                for site in 1...Self.sites {
                    let cell = Cell(hour: hour, site: SiteNumber(number: UInt16(site)))
                    entries.append(
                        try say(
                            HourClosedBody(
                                cell: cell, kind: kind,
                                closed: Digest(of: Array("\(cell) \(kind)".utf8)),
                                time: hour.end.adding(hours: kind == .late ? 6 : 0)
                                    .adding(minutes: 5)), "site-\(site)"))
                }
            }
        }
        for number in 0..<4 where offset > 0 {
            entries += try search("\(offset) \(number)", on: day, at: day.start.adding(hours: 20))
        }
        return entries
    }

    private func oneTime(_ name: String) -> [UInt8] {
        SeededRandom(name).bytes(HybridSeal.publicKeySize)
    }

    private func generation(
        _ number: UInt32, first: Day, at time: Timestamp
    ) throws -> [[UInt8]] {
        var entries = [
            try say(
                GenerationBody.propose(
                    GenerationProposal(
                        custodian: "clerk", generation: number, first: first, under: roster,
                        time: time)), "clerk")
        ]
        for (index, word) in Self.words.enumerated() {
            entries.append(
                try say(
                    GenerationBody.commit(
                        GenerationCommit(
                            custodian: word, generation: number,
                            seedCommits: commits(index, "seed \(word) \(number)"),
                            oneTimeKey: oneTime("seed \(word) \(number)"), time: time)), word))
        }
        for (index, word) in Self.words.enumerated() {
            entries.append(
                try say(
                    GenerationBody.final(
                        GenerationFinal(
                            custodian: word, generation: number,
                            commits: commits(index, "first \(number)"), time: time)), word))
        }
        return entries
    }

    /// A search of yesterday's hours, from request to disclosure.
    private mutating func search(
        _ name: String, on day: Day, at time: Timestamp
    ) throws -> [[UInt8]] {
        let random = SeededRandom("search " + name)
        let replyKey = random.bytes(HybridSeal.publicKeySize)
        let yesterday = day.adding(-1)
        let secret = try RequestSecret(
            requester: "doyle", replyKey: replyKey, plates: ["ABC123"], fold: .letterOAsZero,
            cells: yesterday.hours.prefix(6).map { Cell(hour: $0, site: SiteNumber(number: 1)) },
            docket: name, random: random)
        let body = secret.request(
            agency: "police", purpose: "09A", process: .searchWarrant,
            warrant: Digest(of: Array(name.utf8)), embargo: day.next, replyKey: replyKey,
            sealedCopies: Self.words.map {
                SealedCopy(custodian: $0, digest: Digest(of: Array($0.utf8)), prekeyDay: day)
            }, time: time)
        let request = try say(body, "doyle")
        let id = try UnverifiedStatement(wire: request).id
        open.append((id, secret))
        var entries = [
            request,
            try say(
                OrderBody(
                    authority: "court", request: id, warrant: body.warrant,
                    plateCommitments: body.plateCommitments,
                    windowCommitment: body.windowCommitment, expires: time.adding(days: 3),
                    time: time), "court"),
        ]
        for word in Self.words.prefix(3) {
            let officer = word + "-officer"
            entries.append(
                try say(ApprovalBody(officer: officer, request: id, time: time), officer))
        }
        for (index, word) in Self.words.enumerated() {
            let items = roster.threshold.subsets(heldBy: index).map {
                EvaluationItem(
                    day: yesterday, plate: 0, mask: $0,
                    e: Digest(of: Array("\(name) \($0.bits)".utf8)))
            }
            entries.append(
                index < 3
                    ? try say(
                        EvaluationBody(custodian: word, request: id, digests: items, time: time),
                        word)
                    : try say(
                        CheckBody(custodian: word, request: id, digests: items, time: time), word))
        }
        for (role, word) in [(DisclosureBody.Role.vault, "vault"), (.requester, "doyle")] {
            entries.append(
                try say(
                    DisclosureBody(
                        role: role, party: word, request: id, bundle: .zero, time: time), word))
        }
        return entries
    }

    /// What is said of the day before's searches, now that their embargo is over.
    private mutating func endings(at time: Timestamp) throws -> [[UInt8]] {
        defer { open = [] }
        return try open.flatMap { id, secret in
            [
                try say(
                    OpeningBody(
                        custodian: "clerk", request: id, cells: secret.cells,
                        windowSalt: Digest(wire: secret.windowSalt) ?? .zero,
                        docket: secret.docket,
                        docketSalt: Digest(wire: secret.docketSalt) ?? .zero, time: time), "clerk"),
                try say(NoticeBody(party: "doyle", request: id, time: time), "doyle"),
            ]
        }
    }
}
