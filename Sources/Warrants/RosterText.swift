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

    static func print(_ policy: Policy) -> String {
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
        let roster = try RosterBlocks(text).roster()
        // Order, spacing and everything else: one comparison.
        let right = print(roster)
        guard Array(right.utf8) == Array(text.utf8) else {
            let lines = zip(
                right.split(separator: "\n", omittingEmptySubsequences: false),
                text.split(separator: "\n", omittingEmptySubsequences: false))
            let same = lines.prefix { $0.utf8.elementsEqual($1.utf8) }.count
            throw malformed(
                "it is not written as `print` writes it; order or spacing differ from line "
                    + "\(same + 1) on")
        }
        return roster
    }

    /// A text that people have edited, as `print` writes it: blocks and fields in their order. Throws
    /// `roster-malformed` where a line would be lost by that, and what `parse` throws else.
    public static func arrange(_ text: String) throws(Refusal) -> String {
        guard text.hasPrefix(heading + "\n") else {
            throw malformed("it does not begin with '\(heading)'")
        }
        let blocks = try RosterBlocks(text)
        let right = print(try blocks.roster())
        guard try RosterBlocks(right).lines.sorted() == blocks.lines.sorted() else {
            throw malformed("it has a line that means nothing in its place, or stands there twice")
        }
        return right
    }

    static func malformed(_ why: String) -> Refusal {
        Refusal(.rosterMalformed, "the roster file cannot be read: \(why)")
    }
}
