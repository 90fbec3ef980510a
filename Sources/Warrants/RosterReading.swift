import Plates
import Secrets

/// The words that begin lines before the first block.
enum RosterHead {
    static let words = ["origin", "previous", "threshold", "quorum", "retired-site"]
}

/// One block of the file.
struct RosterBlock {
    let word: String
    var fields: RosterFields
}

/// The rows of a block, taken by name.
struct RosterFields {
    let kind: String
    var rows: [(String, String)]

    func all(_ name: String) -> [String] { rows.filter { $0.0 == name }.map(\.1) }

    func one(_ name: String) throws(Refusal) -> String {
        let values = all(name)
        guard let value = values.first, values.count == 1 else {
            throw RosterText.malformed("'\(kind)' needs one '\(name)'")
        }
        return value
    }

    func number(_ name: String) throws(Refusal) -> Int {
        guard let number = Int(try one(name)) else {
            throw RosterText.malformed("'\(name)' is no whole number")
        }
        return number
    }

    func key(_ name: String) throws(Refusal) -> VerifyingKey {
        try Self.key(try one(name))
    }

    static func key(_ text: String) throws(Refusal) -> VerifyingKey {
        guard let key = PartyKey(text: text)?.key else {
            throw RosterText.malformed("a key is not 32 bytes in Base64")
        }
        return key
    }

    func people(_ name: String) throws(Refusal) -> [Signatory] {
        var result: [Signatory] = []
        for value in all(name) {
            let parts = value.split(separator: " ")
            guard parts.count == 2 else {
                throw RosterText.malformed("'\(name)' is a word and a key")
            }
            result.append(Signatory(id: String(parts[0]), key: try Self.key(String(parts[1]))))
        }
        return result
    }
}

/// A roster file, or a piece of one, taken apart: nothing is checked but that each line has a place.
struct RosterBlocks {
    var head: RosterFields
    var blocks: [RosterBlock]

    /// Throws `roster-malformed` for comments and lines that are not `word value`.
    init(_ text: String) throws(Refusal) {
        guard text.utf8.count <= 1 << 20, text.hasSuffix("\n") else {
            throw RosterText.malformed("it is larger than 1 MiB or its last line has no end")
        }
        head = RosterFields(kind: "heading", rows: [])
        blocks = []
        let lines = text.dropLast().split(separator: "\n", omittingEmptySubsequences: false)
        for line in lines.dropFirst() {
            if line.hasPrefix("#") {
                throw RosterText.malformed("it has a comment; comments are not kept")
            }
            let field = line.hasPrefix("  ")
            let parts = line.drop { $0 == " " }.split(separator: " ", maxSplits: 1)
            guard !line.isEmpty else { continue }
            guard parts.count == 2 else { throw RosterText.malformed("a line is not 'word value'") }
            let row = (String(parts[0]), String(parts[1]))
            if field, let last = blocks.indices.last {
                blocks[last].fields.rows.append(row)
            } else if blocks.isEmpty, RosterHead.words.contains(row.0) {
                head.rows.append(row)
            } else {
                blocks.append(
                    RosterBlock(word: row.1, fields: RosterFields(kind: row.0, rows: [])))
            }
        }
    }

    /// Every line with the block that it stands in.
    var lines: [String] {
        head.rows.map { "\($0.0) \($0.1)" }
            + blocks.flatMap { block in
                ["\(block.fields.kind) \(block.word)"]
                    + block.fields.rows.map {
                        "\(block.fields.kind) \(block.word) \($0.0) \($0.1)"
                    }
            }
    }

    func roster() throws(Refusal) -> Roster {
        let threshold = try head.one("threshold").split(separator: " ").first.flatMap { Int($0) }
        guard let threshold, let previous = Digest(hex: try head.one("previous")),
            let vault = blocks.first(where: { $0.fields.kind == "vault" }),
            let rules = blocks.first(where: { $0.fields.kind == "policy" })
        else { throw RosterText.malformed("threshold, previous, vault or policy is missing") }
        var draft = RosterDraft(
            vault: VaultParty(
                id: vault.word, statementKey: try vault.fields.key("statement-key"),
                logKey: try vault.fields.key("log-key")), threshold: threshold,
            policy: try policy(rules.fields))
        let quorum = try head.number("quorum")
        let retired = head.all("retired-site").compactMap { Int($0) }
        draft.change {
            $0.quorum = quorum
            $0.retiredSites = retired
        }
        for block in blocks { try add(block, to: &draft) }
        return try draft.roster(origin: try head.one("origin"), previous: previous)
    }

    private func add(_ block: RosterBlock, to draft: inout RosterDraft) throws(Refusal) {
        let fields = block.fields
        switch fields.kind {
        case "custodian":
            guard let slot = SlotKind(rawValue: try fields.one("slot")) else {
                throw RosterText.malformed("a slot is file or tpm")
            }
            draft.add(
                Custodian(
                    id: block.word, name: try fields.one("name"),
                    institution: try fields.one("institution"), place: try fields.one("place"),
                    administrator: try fields.one("administrator"), slot: slot,
                    statementKey: try fields.key("statement-key"),
                    cosignKey: try fields.key("cosign-key"),
                    officers: try fields.people("officer")))
        case "site":
            guard let number = UInt16(exactly: try fields.number("number")) else {
                throw RosterText.malformed("a site's number is 0 to 65535")
            }
            var keys: [VerifyingKey] = []
            for text in fields.all("key") { keys.append(try RosterFields.key(text)) }
            draft.add(
                Site(
                    id: block.word, name: try fields.one("name"),
                    number: SiteNumber(number: number), keys: keys))
        case "agency":
            guard let ends = Day(text: try fields.one("agreement-ends")) else {
                throw RosterText.malformed("'agreement-ends' is no date such as 2027-12-31")
            }
            draft.add(
                Agency(
                    id: block.word, name: try fields.one("name"),
                    institution: try fields.one("institution"), agreementEnds: ends,
                    budget: try fields.number("budget"),
                    requesters: try fields.people("requester")))
        case "authority":
            draft.add(
                Authority(
                    id: block.word, name: try fields.one("name"), key: try fields.key("key")))
        case "vault", "policy": break
        default: throw RosterText.malformed("'\(fields.kind)' is no kind of block")
        }
    }

    private func policy(_ fields: RosterFields) throws(Refusal) -> Policy {
        var policy = Policy(purposes: fields.all("purpose"))
        policy.prohibited = fields.all("prohibited")
        policy.unattested = fields.all("unattested").compactMap(ProcessKind.init(rawValue:))
        policy.maxPlates = try fields.number("max-plates")
        policy.maxCells = try fields.number("max-cells")
        policy.lateHours = try fields.number("late-hours")
        policy.prefetchHours = try fields.number("prefetch-hours")
        policy.approvalDays = try fields.number("approval-days")
        policy.retentionDays = try fields.number("retention-days")
        guard let fold = Fold(rawValue: try fields.one("fold")) else {
            throw RosterText.malformed("'fold' is none or O0")
        }
        policy.fold = fold
        policy.embargoDays = try fields.number("embargo-days")
        policy.drillsPerDay = try fields.number("drills-per-day")
        policy.indexCandidates = try fields.number("index-candidates")
        guard let times = TimeGrain(rawValue: try fields.one("times")) else {
            throw RosterText.malformed("'times' is hour or exact")
        }
        policy.times = times
        guard let photos = PhotoKeeping(rawValue: try fields.one("photos")) else {
            throw RosterText.malformed("'photos' is none, crop or all")
        }
        policy.photos = photos
        policy.wholeCells = try fields.number("whole-cells")
        return policy
    }
}
