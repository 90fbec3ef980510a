import Plates
import Secrets

/// What a new roster changes, line by line in plain words, for whoever is asked to sign it.
///
/// Complete by construction: it compares the two rosters' texts, and every line that only one of them
/// has gives a line here. What could change without a line could be slipped under a signature.
public struct RosterDifference: Hashable, Sendable {
    /// The changes; none where both say the same.
    public let lines: [String]

    /// What `new` changes of `old`.
    public init(from old: Roster, to new: Roster) throws(Refusal) {
        let before = try RosterBlocks(RosterText.print(old))
        let after = try RosterBlocks(RosterText.print(new))
        lines =
            Self.heads(before.head, after.head) + Self.replacements(old, new)
            + Self.blocks(before.blocks, after.blocks)
    }

    private static func heads(_ old: RosterFields, _ new: RosterFields) -> [String] {
        var lines: [String] = []
        for name in ["origin", "threshold", "quorum"] {
            let values = (old.all(name).joined(), new.all(name).joined())
            if values.0 != values.1 { lines.append("\(name) \(values.0) becomes \(values.1)") }
        }
        let retired = (old.all("retired-site"), new.all("retired-site"))
        lines += retired.1.filter { !retired.0.contains($0) }.map {
            "site number \($0) is retired for good"
        }
        lines += retired.0.filter { !retired.1.contains($0) }.map {
            "site number \($0) is no longer retired"
        }
        return lines
    }

    /// Who stands at another bit than before. Subset masks of generations to come go by it.
    private static func replacements(_ old: Roster, _ new: Roster) -> [String] {
        var lines: [String] = []
        for (place, custodian) in new.custodians.enumerated() {
            let before = old.custodians.indices.contains(place) ? old.custodians[place].id : nil
            guard let before, before != custodian.id else { continue }
            lines.append("custodian \(custodian.id) takes bit \(place) from \(before)")
        }
        return lines
    }

    private static func blocks(_ old: [RosterBlock], _ new: [RosterBlock]) -> [String] {
        func name(_ block: RosterBlock) -> String {
            block.fields.kind == "policy" ? "policy" : "\(block.fields.kind) \(block.word)"
        }
        let before = Dictionary(old.map { (name($0), $0.fields) }, uniquingKeysWith: { $1 })
        var lines: [String] = []
        for block in old where !new.contains(where: { name($0) == name(block) }) {
            lines.append("\(name(block)) is gone; its keys count for nothing from then on")
            lines += block.fields.rows.map { "  without \($0.0) \($0.1)" }
        }
        for block in new {
            if let fields = before[name(block)] {
                lines += changes(name(block), fields, block.fields)
            } else {
                lines.append("\(name(block)) is new")
                lines += block.fields.rows.map { "  with \($0.0) \($0.1)" }
            }
        }
        return lines
    }

    private static func changes(
        _ name: String, _ old: RosterFields, _ new: RosterFields
    ) -> [String] {
        func isIn(_ rows: [(String, String)], _ row: (String, String)) -> Bool {
            rows.contains { $0.0 == row.0 && $0.1 == row.1 }
        }
        var gone = old.rows.filter { !isIn(new.rows, $0) }
        var lines: [String] = []
        for row in new.rows where !isIn(old.rows, row) {
            let counterpart = gone.firstIndex { $0.0 == row.0 && isSame(row, $0) }
            guard let counterpart else {
                lines.append("\(name): \(row.0) \(row.1) is new")
                continue
            }
            let before = gone.remove(at: counterpart)
            lines.append("\(name): \(row.0) \(before.1) becomes \(row.1)")
        }
        return lines + gone.map { "\(name): \($0.0) \($0.1) is gone" }
    }

    /// Whether two rows say something about the same thing: of people the word tells, a gateway's key
    /// or a purpose is a thing of its own, and everything else stands once.
    private static func isSame(_ row: (String, String), _ other: (String, String)) -> Bool {
        switch row.0 {
        case "officer", "requester":
            row.1.split(separator: " ").first == other.1.split(separator: " ").first
        case "key", "purpose", "prohibited", "unattested": false
        default: true
        }
    }
}
