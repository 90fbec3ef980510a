import Plates
import Secrets

/// A piece of a roster file that a party hands out about itself, with its public keys.
///
///     platevault party v1
///
///     custodian privacy-office
///       name Privacy Office
///       …
///       officer lopez 22555efTQHBtnCwMzl13QyaVYCIizfONUHqRni2VOzM=
///
/// One block or more as in `roster.txt`, each with some of its fields: an officer's card holds its
/// custodian's block with nothing but the officer's line. Cards say nothing that a roster does not;
/// whoever puts them together decides, and t custodians sign what came of it.
public struct RosterCard: Sendable {
    /// The first line.
    public static let heading = "platevault party v1"

    let blocks: [RosterBlock]

    /// A card from its text. Throws `roster-malformed`.
    public init(_ text: String) throws(Refusal) {
        guard text.hasPrefix(Self.heading + "\n") else {
            throw RosterText.malformed("a card begins with '\(Self.heading)'")
        }
        let read = try RosterBlocks(text)
        guard read.head.rows.isEmpty, !read.blocks.isEmpty,
            read.blocks.allSatisfy({ Self.kinds.contains($0.fields.kind) })
        else {
            throw RosterText.malformed(
                "a card holds blocks of \(Self.kinds.joined(separator: ", ")) and nothing else")
        }
        blocks = read.blocks
    }

    /// A card's text: one block with its fields.
    public static func text(
        _ kind: String, _ word: String, _ fields: [(String, String)]
    ) -> String {
        "\(heading)\n\n\(kind) \(word)\n" + fields.map { "  \($0) \($1)\n" }.joined()
    }

    static let kinds = ["vault", "custodian", "site", "agency", "authority"]
}

/// What is to become of a roster's text: cards put in, lines taken out.
public struct RosterEdit: Sendable {
    /// Cards, in their order; where a field can stand once, the last word counts.
    public var cards: [RosterCard] = []
    /// A custodian whose place, bit and all, the only custodian of the cards takes.
    public var replaced: String?
    /// Words of parties, or keys in Base64, that are to be gone.
    public var removed: [String] = []
    /// Numbers of sites that are gone for good.
    public var retired: [Int] = []
    /// Another quorum.
    public var quorum: Int?

    /// Nothing is to change.
    public init() {}

    /// The successor's text of a roster in force. Throws `roster-malformed` where a part of the edit
    /// meets nothing, and what `Roster.init` throws.
    public func applied(to roster: Roster) throws(Refusal) -> String {
        try applied(to: roster, following: roster)
    }

    /// The same, where a draft was edited already: the roster in force is the one that it follows.
    public func applied(
        to draft: Roster, following inForce: Roster
    ) throws(Refusal) -> String {
        var text = try RosterBlocks(RosterText.print(draft))
        text.head.set("previous", inForce.hash.hex)
        return try applied(to: text)
    }

    /// The words of the custodians on the cards.
    public var custodians: [String] {
        cards.flatMap(\.blocks).filter { $0.fields.kind == "custodian" }.map(\.word)
    }

    /// The text of a first roster: what the cards say under these rules. Throws `roster-malformed`
    /// where two cards contradict each other, and what `Roster.init` throws.
    public func founding(
        origin: String, threshold: Int, policy: Policy
    ) throws(Refusal) -> String {
        var text = try RosterBlocks(RosterText.heading + "\n" + RosterText.print(policy))
        for card in cards {
            for block in card.blocks { try text.refuseContradiction(block) }
            for block in card.blocks { try text.put(block) }
        }
        let custodians = text.blocks.filter { $0.fields.kind == "custodian" }.count
        text.head.rows = [
            ("origin", origin), ("previous", Digest.zero.hex),
            ("threshold", "\(threshold) of \(custodians)"), ("quorum", String(quorum ?? threshold)),
        ]
        return RosterText.print(try text.roster())
    }

    private func applied(to before: RosterBlocks) throws(Refusal) -> String {
        var text = before
        if let replaced { try replace(replaced, in: &text) }
        for block in cards.flatMap(\.blocks) { try text.put(block) }
        for word in removed {
            guard text.remove(word) else {
                throw RosterText.malformed("it has no party and no key '\(word)' to be removed")
            }
        }
        for number in retired {
            let place = text.blocks.firstIndex { block in
                block.fields.kind == "site" && block.fields.all("number") == [String(number)]
            }
            guard let place else { throw RosterText.malformed("it has no site \(number)") }
            text.blocks.remove(at: place)
            text.head.rows.append(("retired-site", String(number)))
        }
        if let quorum { text.head.set("quorum", String(quorum)) }
        let numbers = text.head.all("retired-site").compactMap { Int($0) }.sorted()
        text.head.rows.removeAll { $0.0 == "retired-site" }
        text.head.rows += numbers.map { ("retired-site", String($0)) }
        return RosterText.print(try text.roster())
    }

    /// The old custodian's block gives way to an empty one of the new word, which a card fills.
    private func replace(_ old: String, in text: inout RosterBlocks) throws(Refusal) {
        let new = Set(custodians)
        let place = text.blocks.firstIndex { $0.fields.kind == "custodian" && $0.word == old }
        guard let place, let word = new.first, new.count == 1 else {
            throw RosterText.malformed(
                "to replace '\(old)' takes a custodian of that word, and cards of one new one")
        }
        text.blocks[place] = RosterBlock(
            word: word, fields: RosterFields(kind: "custodian", rows: []))
    }
}

extension RosterFields {
    /// Fields that can stand more than once; of those with a word in front, the word tells them apart.
    private static let repeated = ["officer", "requester", "key"]

    mutating func set(_ name: String, _ value: String) {
        if let place = rows.firstIndex(where: { $0.0 == name }) {
            rows[place].1 = value
        } else {
            rows.append((name, value))
        }
    }

    /// Takes a row of a card in.
    mutating func put(_ row: (String, String)) {
        // An authority has one key; a site has as many as it has gateways.
        guard Self.repeated.contains(row.0), kind != "authority" else { return set(row.0, row.1) }
        let word = row.1.split(separator: " ").first
        if let place = rows.firstIndex(where: {
            $0.0 == row.0 && $0.1.split(separator: " ").first == word
        }) {
            rows[place] = row
        } else {
            rows.append(row)
        }
    }
}

extension RosterBlocks {
    /// Takes a card's block in: new, or into the block of the same word.
    mutating func put(_ card: RosterBlock) throws(Refusal) {
        let kind = card.fields.kind
        // There is one vault, whatever it is called.
        let place = blocks.firstIndex {
            $0.fields.kind == kind && ($0.word == card.word || kind == "vault")
        }
        guard let place else { return blocks.append(card) }
        if blocks[place].word != card.word {
            blocks[place] = RosterBlock(word: card.word, fields: blocks[place].fields)
        }
        for row in card.fields.rows { blocks[place].fields.put(row) }
    }

    /// At the founding nothing replaces anything.
    func refuseContradiction(_ card: RosterBlock) throws(Refusal) {
        for block in blocks where block.fields.kind == card.fields.kind {
            guard block.word == card.word else {
                if card.fields.kind == "vault" { throw Self.contradiction("vault") }
                continue
            }
            var merged = block.fields
            for row in card.fields.rows { merged.put(row) }
            let isKept = block.fields.rows.allSatisfy { old in
                merged.rows.contains { $0.0 == old.0 && $0.1 == old.1 }
            }
            guard isKept else { throw Self.contradiction(card.word) }
        }
    }

    /// Takes out a party, or a line with a key.
    mutating func remove(_ word: String) -> Bool {
        let isThere = lines.count
        blocks.removeAll { $0.word == word && $0.fields.kind != "policy" }
        for place in blocks.indices {
            blocks[place].fields.rows.removeAll { row in
                let parts = row.1.split(separator: " ")
                switch row.0 {
                case "officer", "requester": return parts.contains { $0 == word }
                case "key": return row.1 == word
                default: return false
                }
            }
        }
        return lines.count < isThere
    }

    private static func contradiction(_ word: String) -> Refusal {
        RosterText.malformed("two cards say different things about '\(word)'")
    }
}
