import Bytes
import Plates
import Secrets

/// The readable form of a roster, `roster.txt` (Docs/Spec/Roster.md): blocks parted by one blank
/// line, each a line `kind word` and indented lines `field value` in a fixed order.
///
///     platevault roster v1
///     origin example.org/vault.demo
///     previous 0000000000000000000000000000000000000000000000000000000000000000
///     threshold 3 of 5
///     quorum 3
///
///     vault vault
///       statement-key 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
///       …
///
/// There are no comments: the parser accepts only what the printer writes, so that two people who
/// compare files compare rosters, and nothing that looks like a rule is none.
public enum RosterText {
    /// The first line.
    public static let heading = "platevault roster v1"

    /// A roster as text.
    public static func print(_ roster: Roster) -> String {
        let body = roster.body
        let policy = body.policy
        var text = """
            \(heading)
            origin \(roster.origin)
            previous \(roster.previous.hex)
            threshold \(body.threshold) of \(body.custodians.count)
            quorum \(body.quorum)

            """
        for number in body.retiredSites { text += "retired-site \(number)\n" }
        text += block(
            "vault", body.vault.id,
            [
                ("statement-key", body.vault.statementKey.text),
                ("log-key", body.vault.logKey.text),
            ])
        for custodian in body.custodians { text += print(custodian) }
        for site in body.sites {
            text += block(
                "site", site.id,
                [("number", String(site.number.number)), ("name", site.name)]
                    + site.keys.map { ("key", $0.text) })
        }
        for agency in body.agencies {
            text += block(
                "agency", agency.id,
                [
                    ("name", agency.name), ("institution", agency.institution),
                    ("agreement-ends", agency.agreementEnds.text),
                    ("budget", String(agency.budget)),
                ] + agency.requesters.map { ("requester", "\($0.id) \($0.key.text)") })
        }
        for authority in body.authorities {
            text += block(
                "authority", authority.id,
                [("name", authority.name), ("key", authority.key.text)])
        }
        return text + print(policy)
    }

    private static func print(_ custodian: Custodian) -> String {
        block(
            "custodian", custodian.id,
            [
                ("name", custodian.name), ("institution", custodian.institution),
                ("place", custodian.place), ("administrator", custodian.administrator),
                ("slot", custodian.slot.rawValue),
                ("statement-key", custodian.statementKey.text),
                ("cosign-key", custodian.cosignKey.text),
            ] + custodian.officers.map { ("officer", "\($0.id) \($0.key.text)") })
    }

    private static func print(_ policy: Policy) -> String {
        block(
            "policy", "v1",
            policy.purposes.map { ("purpose", $0) }
                + policy.prohibited.map { ("prohibited", $0) }
                + policy.unattested.map { ("unattested", $0.rawValue) } + [
                    ("max-plates", String(policy.maxPlates)),
                    ("max-cells", String(policy.maxCells)),
                    ("late-hours", String(policy.lateHours)),
                    ("prefetch-hours", String(policy.prefetchHours)),
                    ("approval-days", String(policy.approvalDays)),
                    ("retention-days", String(policy.retentionDays)),
                    ("fold", policy.fold.rawValue),
                    ("embargo-days", String(policy.embargoDays)),
                    ("drills-per-day", String(policy.drillsPerDay)),
                    ("index-candidates", String(policy.indexCandidates)),
                    ("times", policy.times.rawValue),
                    ("photos", policy.photos.rawValue),
                    ("whole-cells", String(policy.wholeCells)),
                ])
    }

    private static func block(
        _ kind: String, _ word: String, _ fields: [(String, String)]
    ) -> String {
        "\n\(kind) \(word)\n" + fields.map { "  \($0) \($1)\n" }.joined()
    }

    /// The roster of a text, checked as every roster is. Throws `roster-malformed` for anything that
    /// `print` would not have written, and what `Roster.init` throws.
    public static func parse(_ text: String) throws(Refusal) -> Roster {
        guard text.utf8.count <= 1 << 20, text.hasSuffix("\n") else {
            throw malformed("it is larger than 1 MiB or its last line has no end")
        }
        var blocks: [Block] = []
        var head = Fields(kind: "heading", rows: [])
        let lines = text.dropLast().split(separator: "\n", omittingEmptySubsequences: false)
        for line in lines.dropFirst() {
            if line.hasPrefix("#") { throw malformed("it has a comment; comments are not kept") }
            let field = line.hasPrefix("  ")
            let parts = line.drop { $0 == " " }.split(separator: " ", maxSplits: 1)
            guard !line.isEmpty else { continue }
            guard parts.count == 2 else { throw malformed("a line is not 'word value'") }
            let row = (String(parts[0]), String(parts[1]))
            if field, let last = blocks.indices.last {
                blocks[last].fields.rows.append(row)
            } else if blocks.isEmpty, Head.words.contains(row.0) {
                head.rows.append(row)
            } else {
                blocks.append(Block(word: row.1, fields: Fields(kind: row.0, rows: [])))
            }
        }
        let roster = try Reader(head: head, blocks: blocks).roster()
        // Order, spacing and everything else: one comparison.
        guard print(roster) == text, Array(print(roster).utf8) == Array(text.utf8) else {
            throw malformed("it is not written as `print` writes it; order or spacing differ")
        }
        return roster
    }

    static func malformed(_ why: String) -> Refusal {
        Refusal(.rosterMalformed, "the roster file cannot be read: \(why)")
    }
}

private enum Head {
    static let words = ["origin", "previous", "threshold", "quorum", "retired-site"]
}

/// One block of the file.
private struct Block {
    let word: String
    var fields: Fields
}

/// The rows of a block, taken by name.
private struct Fields {
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

/// Puts the blocks together.
private struct Reader {
    let head: Fields
    let blocks: [Block]

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

    private func add(_ block: Block, to draft: inout RosterDraft) throws(Refusal) {
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
            for text in fields.all("key") { keys.append(try Fields.key(text)) }
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

    private func policy(_ fields: Fields) throws(Refusal) -> Policy {
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
