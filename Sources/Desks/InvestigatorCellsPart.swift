import Plates
import Portal
import Warrants

// What is certain of each hour at each site: a table for each plate and day, sites down, hours across.
extension InvestigatorOpenedPage {
    /// For the template `investigator-cells`.
    var cells: Values {
        let words = Set(opened.cells.joined().map(\.word))
        let notes = zip(opened.plates, opened.cells).flatMap { plate, lines in
            lines.compactMap { note($0, of: plate) }
        }
        return [
            "plates": .list(
                zip(opened.plates, opened.cells).map { plate, lines in
                    let days = Dictionary(grouping: lines, by: \.hour.day)
                    return [
                        "plate": .text(plate),
                        "days": .list(
                            days.keys.sorted().map { values(of: days[$0] ?? [], on: $0, plate) }),
                    ]
                }),
            "legend": .list(
                InvestigatorOpened.meaning.filter { words.contains($0.word) }.map {
                    [
                        "word": .text($0.word), "text": .text($0.text),
                        "mark": .text(Self.mark($0.word, "n")),
                    ]
                }), "hasNotes": .flag(!notes.isEmpty), "notes": .sentences(notes),
        ]
    }

    /// What stands in a cell, so that colour need not say it.
    private static func mark(_ word: String, _ count: String) -> String {
        switch word {
        case "complete": count
        case "empty": "0"
        case "open": "…"
        case "unknown": "?"
        case "gone": "×"
        default: "!"
        }
    }

    private func note(_ line: InvestigatorOpened.CellLine, of plate: String) -> String? {
        let said = [line.late, line.refusal].filter { !$0.isEmpty }
        guard !said.isEmpty else { return nil }
        let site = roster.site(line.site)?.name ?? ""
        let name = opened.plates.count > 1 ? "\(plate), " : ""
        return "\(name)\(line.hour.text) at \(line.site) \(site), \(line.word): "
            + said.joined(separator: "; ")
    }

    private func values(
        of lines: [InvestigatorOpened.CellLine], on day: Day, _ plate: String
    ) -> Values {
        let hours = Set(lines.map(\.hour)).sorted()
        let rows = Dictionary(grouping: lines, by: \.site)
        return [
            "plate": .text(plate), "date": .text(day.text),
            "hours": .list(
                hours.map { ["hour": .text(String($0.text.dropFirst(11).dropLast()))] }),
            "rows": .list(
                rows.keys.sorted().map { site in
                    let own = Dictionary(
                        (rows[site] ?? []).map { ($0.hour, $0) }, uniquingKeysWith: { $1 })
                    return [
                        "site": .text("\(site) \(roster.site(site)?.name ?? "")"),
                        "cells": .list(hours.map { values(of: own[$0]) }),
                    ]
                }),
        ]
    }

    private func values(of line: InvestigatorOpened.CellLine?) -> Values {
        guard let line else { return ["word": false, "mark": "", "said": ""] }
        let reads = line.count == 1 ? "1 read" : "\(line.count) reads"
        return [
            "word": .text(line.word), "mark": .text(Self.mark(line.word, String(line.count))),
            "said": .text(line.word == "complete" ? reads : line.word),
        ]
    }
}
