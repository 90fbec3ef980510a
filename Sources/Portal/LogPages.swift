import Plates
import Warrants

// `/log/` and below: the entries in lists, by kind, agency and day.

/// A list of entries of the log.
struct EntryList: Sendable {
    /// Its path below the site's root.
    let path: String
    let title: String
    let purpose: String
    /// The entries, ascending; nil for the whole log.
    let entries: [UInt64]?
}

extension PageMaker {
    /// 40: how many days the filter offers, the newest.
    private static let offeredDays = 40

    static func wholeLog() -> EntryList {
        EntryList(
            path: "log/", title: "The log",
            purpose:
                "Every act of every party stands in this log, for good and in order; here it can be "
                + "read entry by entry.", entries: nil)
    }

    func list(ofKind kind: StatementType) -> EntryList {
        EntryList(
            path: "log/kind/\(kind.rawValue)/", title: "The log: \(kind.title)",
            purpose: kind.meaning, entries: snapshot.entries(of: kind))
    }

    func list(ofAgency word: String) -> EntryList {
        EntryList(
            path: "log/agency/\(word)/", title: "The log: \(agency(word))",
            purpose: "Everything that the log says about this agency's requests.",
            entries: snapshot.entries(ofAgency: word))
    }

    func list(on day: Day) -> EntryList {
        EntryList(
            path: "log/day/\(day.text)/", title: "The log: \(day.text)",
            purpose: "What was signed on this day, by its authors' clocks.",
            entries: snapshot.entries(on: day))
    }

    var refusedList: EntryList {
        EntryList(
            path: "log/kind/refused/", title: "The log: entries that do not count",
            purpose:
                "Entries that did not verify, or came where they must not: they keep their place, "
                + "and count for nothing.", entries: snapshot.refused)
    }

    /// Every list there is.
    var lists: [EntryList] {
        [Self.wholeLog()] + snapshot.kinds.map(list(ofKind:))
            + (snapshot.refused.isEmpty ? [] : [refusedList])
            + snapshot.agencies.map(list(ofAgency:)) + snapshot.days.map(list(on:))
    }

    /// A page of a list, from 1, the newest entries first; nil where there is none.
    func log(_ list: EntryList, page number: Int) throws(PortalError) -> Page? {
        let count = list.entries?.count ?? snapshot.count
        guard count > 0 || list.entries == nil,
            let paging = Paging(count: count, page: number)
        else { return nil }
        let rows = paging.range.map { place in
            let back = count - 1 - place
            return row(snapshot.line(list.entries.map { Int($0[back]) } ?? back))
        }
        let root = root
        var page = try page(
            list.title, list.purpose, "log",
            [
                "filters": .list(filters(here: list.path)),
                "table": .of(
                    Table(
                        "Entries, newest first",
                        heads: ["Entry", "Signed", "What", "By", "About"], rows: rows,
                        numbers: [0], hidesCaption: true)),
                "pager": .of(
                    Pager(
                        page: number, pages: paging.pages,
                        about: Words.count(count, "entry", "entries")
                    ) {
                        root + list.path
                            + ($0 == 1 ? "" : list.entries == nil ? "page/\($0)/" : "\($0)/")
                    }
                ),
            ])
        page.place = "log/"
        if list.entries != nil { page.crumbs = [Place("Log", "log/")] }
        return page
    }

    private func row(_ line: EntryLine) -> [Table.Cell] {
        let kind = line.type?.title ?? "No statement"
        let isBluntly = line.request != nil
        let time = line.time.map {
            Table.Cell(isBluntly ? self.time($0.milliseconds) : TimeText($0))
        }
        let about: Table.Cell =
            if let request = line.request {
                request == line.index
                    ? Table.Cell(line.agency.map(agency) ?? "")
                    : Table.Cell(
                        "request \(request.parted)"
                            + (line.agency.map { ", " + agency($0) } ?? ""),
                        href: to("log/\(request)/"))
            } else {
                Table.Cell("")
            }
        return [
            entry(line.index), time ?? Table.Cell("–"),
            line.refusal == nil
                ? Table.Cell(kind) : Table.Cell("\(kind), does not count", badge: .bad),
            Table.Cell(line.authors.joined(separator: ", ")), about,
        ]
    }

    private func filters(here: String) -> [Values] {
        func link(_ name: String, _ path: String, _ count: Int) -> Values {
            [
                "name": .text(name), "href": .text(to(path)), "count": .number(count),
                "isHere": .flag(path == here),
            ]
        }
        var kinds = [link("everything", "log/", snapshot.count)]
        kinds += snapshot.kinds.sorted { $0.title < $1.title }.map {
            link($0.title, "log/kind/\($0.rawValue)/", snapshot.entries(of: $0).count)
        }
        if !snapshot.refused.isEmpty {
            kinds.append(
                link("entries that do not count", "log/kind/refused/", snapshot.refused.count))
        }
        let agencies = snapshot.agencies.map {
            link(agency($0), "log/agency/\($0)/", snapshot.entries(ofAgency: $0).count)
        }
        let days = snapshot.days.suffix(Self.offeredDays).reversed().map {
            link($0.text, "log/day/\($0.text)/", snapshot.entries(on: $0).count)
        }
        return [("Kind", kinds, true), ("Agency", agencies, false), ("Day", days, false)]
            .filter { !$0.1.isEmpty }.map {
                [
                    "title": .text($0.0), "links": .list($0.1),
                    "isOpen": .flag($0.2 || here.hasPrefix("log/\($0.0.lowercased())/")),
                ]
            }
    }
}
