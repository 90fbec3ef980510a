import Foundation
import Plates
import Secrets
import Warrants

/// The figures as files for spreadsheets and programs: each column with its definition
/// (Docs/Spec/Figures.md). Nothing stands in them that the log does not say.
public enum Statistics {
    /// A column of a table.
    public struct Column: Codable, Hashable, Sendable {
        /// Its name in CSV's first line and in JSON.
        public let name: String
        /// What it says, with its unit.
        public let meaning: String

        init(_ name: String, _ meaning: String) {
            self.name = name
            self.meaning = meaning
        }
    }

    /// The columns of `searches.csv`: one line for each request of the last 30 days, drills left out.
    public static let searchColumns = [
        Column("entry", "the request's entry in the log"),
        Column("id", "the request's id: SHA-256 of its statement, hex"),
        Column("agency", "the agency's word in the roster"),
        Column("requester", "the requester's word in the roster"),
        Column("purpose", "the offence's NIBRS code, or missing-person"),
        Column("class", "what the offence is against: persons, property, society; missing, other"),
        Column("process", "the kind of legal process"),
        Column("cells", "hours at sites that it names"),
        Column("plates", "plates that it names"),
        Column(
            "filed",
            "when it was filed, UTC, by the requester's word; to the hour unless the policy says exact"
        ),
        Column(
            "decided",
            "when enough institutions had approved it or too many denied it, UTC; empty before"),
        Column(
            "outcome",
            "waiting, lapsed, denied, withdrawn, evaluated, or disclosed: rows were handed over"),
        Column("confirmation", "how far custodians agree: none, unconfirmed, confirmed, disputed"),
        Column(
            "denials", "why institutions say no, of each the last word, parted by spaces"),
        Column("entries", "all entries of the log about it, parted by spaces"),
    ]

    /// The columns of `days.csv`: one line for each day that has had keys.
    public static let dayColumns = [
        Column("day", "the day, UTC"),
        Column("generation", "the generation whose keys it uses"),
        Column("verdict", "alive, dying, dead, overdue"),
        Column("due", "when its keys were to be destroyed, UTC"),
        Column(
            "dead_since",
            "when enough custodians had destroyed theirs, UTC, by their word; empty before"),
        Column("holders", "custodians that hold its keys"),
        Column(
            "erased_by", "custodians that say that they have destroyed theirs, parted by spaces"),
        Column("late", "custodians that should have, and have not said so"),
        Column("independent", "how many of those who have are independent of each other"),
        Column(
            "reads",
            "reads of the day that the vault says it holds, rounded down to tens; empty where it says "
                + "nothing of it"),
        Column("counted_hours", "hours at sites that the vault counted for it; empty as reads"),
        Column("closed_hours", "hours at sites of the day that the log has closed; empty as reads"),
    ]

    /// `searches.csv` (RFC 4180, UTF-8, CR LF).
    public static func searches(_ snapshot: PublicSnapshot) -> [UInt8] {
        csv(
            searchColumns,
            snapshot.figures.searches.map { one in
                [
                    "\(one.entry)", one.id, one.agency, one.requester, one.purpose,
                    one.offence.rawValue, one.process, "\(one.cells)", "\(one.plates)",
                    text(one.filed), one.decided.map(text) ?? "", one.outcome.rawValue,
                    one.confirmation, one.denials.map(\.code).joined(separator: " "),
                    one.all.map { "\($0)" }.joined(separator: " "),
                ]
            })
    }

    /// `days.csv` (RFC 4180, UTF-8, CR LF).
    public static func days(_ snapshot: PublicSnapshot) -> [UInt8] {
        csv(
            dayColumns,
            snapshot.report.days.map { day in
                let counted = snapshot.tally?.counted(day.day)
                return [
                    day.day.text, "\(day.generation)", day.verdict.rawValue, text(day.due),
                    day.deadSince.map(text) ?? "", "\(day.holders.count)",
                    day.erasedBy.joined(separator: " "), day.late.joined(separator: " "),
                    "\(day.independent)", counted.map { "\($0.reads)" } ?? "",
                    counted.map { "\($0.hours)" } ?? "", counted.map { "\($0.closed)" } ?? "",
                ]
            })
    }

    private struct Whole: Encodable {
        let origin: String
        let roster: String
        let log: AuditLog
        let figures: Figures
        let days: [DayReport]
        let reads: [Tally.Counted]?
        let columns: [String: [Column]]
    }

    /// `figures.json`: the figures, the days, the log's head, and what the columns mean; sorted keys.
    public static func json(_ snapshot: PublicSnapshot) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(
            try encoder.encode(
                Whole(
                    origin: snapshot.roster.origin, roster: snapshot.firstRoster.hex,
                    log: snapshot.head, figures: snapshot.figures, days: snapshot.report.days,
                    reads: snapshot.tally?.days,
                    columns: ["searches": searchColumns, "days": dayColumns])))
    }

    private static func text(_ milliseconds: Int64) -> String {
        Timestamp(milliseconds: milliseconds).text
    }

    private static func csv(_ columns: [Column], _ rows: [[String]]) -> [UInt8] {
        let lines = [columns.map(\.name)] + rows
        return Array(
            lines.map { $0.map(field).joined(separator: ",") + "\r\n" }.joined().utf8)
    }

    /// A field, in quotes where it must be; one that a spreadsheet could take for a formula is text.
    /// By scalars: a sign with a mark on it is one character of Swift's, and still the sign to others.
    static func field(_ text: String) -> String {
        var text = text
        if let first = text.unicodeScalars.first, "=+-@\t\r".unicodeScalars.contains(first) {
            text = "'" + text
        }
        let special = ",\"\r\n".unicodeScalars
        guard text.unicodeScalars.contains(where: special.contains) else { return text }
        var quoted = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar == "\"" { quoted.append(scalar) }
            quoted.append(scalar)
        }
        return "\"" + String(quoted) + "\""
    }
}
