import Inquiry
import Plates
import Warrants

/// An audit's report as lines.
enum AuditTable {
    static func print(_ report: AuditReport) {
        Voice.say("log         \(report.entries) entries of \(report.origin)")
        Voice.say("roster      \(report.roster)")
        if let log = report.log { print(log) }
        let pending = report.unverifiable > 0 ? "; \(report.unverifiable) not yet verifiable" : ""
        Voice.say(
            "acts        \(report.requests) requests, \(report.evaluations) evaluations, "
                + "\(report.disclosures) disclosures\(pending)")
        for counter in report.counters { print(counter) }
        let drills = report.drills.reduce((0, 0)) { ($0.0 + $1.filed, $0.1 + $1.evaluated) }
        if drills.0 > 0 { Voice.say("drills      \(drills.0) filed, \(drills.1) evaluated") }
        for site in report.sites {
            let number = "site \(site.site)"
            let space = String(repeating: " ", count: max(1, 12 - number.count))
            let late = site.lateUnknown > 0 ? ", \(site.lateUnknown) late trees unknown" : ""
            Voice.say(
                "\(number)\(space)\(site.closed) hours closed, \(site.unknown) unknown\(late)")
        }
        for day in report.days {
            let since = day.deadSince.map {
                " since \(Timestamp(milliseconds: $0).text), by the word of "
                    + day.erasedBy.joined(separator: ", ") + "; \(day.independent) independent"
            }
            let late = day.late.isEmpty ? "" : "; late: " + day.late.joined(separator: ", ")
            Voice.say("\(day.day.text)  \(day.verdict.rawValue)\(since ?? "")\(late)")
        }
        for finding in report.findings {
            let place = finding.index.map { "entry \($0): " } ?? ""
            let word = finding.isFault ? "fault" : "note"
            Voice.say("\(word)  \(place)\(finding.sentence) [\(finding.code)]")
        }
        for (code, count) in report.omitted.sorted(by: { $0.key < $1.key }) {
            Voice.say("note  \(count) more of the same are left out [\(code)]")
        }
        Voice.say(report.isClean ? "clean" : "not clean")
    }

    private static func print(_ log: AuditLog) {
        let names = log.cosignatures.map(\.custodian).joined(separator: ", ")
        Voice.say(
            "cosigned    \(log.cosigned) of \(log.size) entries by \(log.quorum) custodians"
                + (names.isEmpty ? "" : "; signers: \(names)"))
        for mirror in log.mirrors {
            let size = mirror.size.map { ", \($0) entries" } ?? ""
            Voice.say("mirror      \(mirror.name): \(mirror.verdict)\(size)")
        }
    }

    private static func print(_ counter: AuditCounter) {
        let outcomes = [
            ("waiting", counter.waiting), ("lapsed", counter.lapsed), ("denied", counter.denied),
            ("withdrawn", counter.withdrawn), ("evaluated", counter.evaluated),
            ("disclosed", counter.disclosed), ("confirmed", counter.confirmed),
            ("unconfirmed", counter.unconfirmed), ("disputed", counter.disputed),
        ].filter { $0.1 > 0 }.map { "\($0.1) \($0.0)" }.joined(separator: ", ")
        Voice.say(
            "searches    \(counter.agency) \(counter.purpose) \(counter.process): "
                + "\(counter.filed) filed, \(outcomes); \(counter.cells) cells, "
                + "\(counter.plates) plates")
    }

    /// How fast it went, where somebody watches or it took its time.
    static func note(_ speeds: LogAudit.Speeds, _ entries: UInt64) {
        guard Voice.isWatched || entries >= 10_000 else { return }
        Voice.note(
            "speed: \(Int(speeds.structure)) entries/s read, hashed and parsed; "
                + "\(Int(speeds.signatures)) entries/s verified; \(Int(speeds.law)) entries/s judged"
        )
    }
}
