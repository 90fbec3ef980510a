import Bytes
import Ledger
import Plates
import Secrets
import Warrants

// `/log/N/`: one entry, what it says, and the proof that it stands in the log.

extension PageMaker {
    /// 32 KiB: how much of an entry's markup its page shows, so that no page is too long to be read.
    private static let shownBytes = 32 * 1_024

    /// The page of an entry; nil where the log has none of that index. Throws what the log's files
    /// throw, and as `Templates`.
    func entryPage(_ index: UInt64) throws -> Page? {
        guard index < snapshot.count else { return nil }
        let wire = try snapshot.entry(at: index)
        let line = snapshot.line(Int(index))
        let text = String(validating: wire, as: UTF8.self)
        let whole = text ?? Hex.encode(wire)
        let beginning = PlainText.beginning(whole, bytes: Self.shownBytes)
        let said = line.type == nil ? [] : StatementFields(wire, on: self, line).facts
        let kind = line.type?.title ?? "No statement"
        var page = try page(
            "Entry \(index.parted): \(kind)",
            line.type?.meaning ?? "What stands here is no statement of any party.",
            help: "Spec/Statements.md", "entry",
            [
                "refusal": .maybe(line.refusal), "facts": .of(facts(line, wire)),
                "said": .of(Facts(said)), "saysSomething": .flag(!said.isEmpty),
                "about": .maybe(about(line)),
                "index": .text("\(index)"),
                "rosters": .text(snapshot.rosterPlaces.map { "\($0)" }.joined(separator: ",")),
                "note": .markup(Markup(own: PlainText.exact(beginning ?? whole))),
                "isText": .flag(text != nil), "isWhole": .flag(beginning == nil),
                // What the reader's browser compares with the log.
                "isExact": .flag(text != nil && beginning == nil),
                "length": .text(Words.count(wire.count, "byte", "bytes")),
                "bundle": .text(to(bundle(of: index))),
                "turns": .flag(text.map { PlainText.harmless($0).contains("\u{FFFD}") } ?? false),
                "proof": .list(
                    try snapshot.proof(of: index).map { ["hash": .text($0.hex)] }),
                "size": .number(snapshot.head.size), "head": .of(headFacts),
                "checkpoint": .markup(
                    Markup(
                        own: PlainText.exact(
                            String(decoding: snapshot.note.encode(), as: UTF8.self)))),
                "previous": .maybe(index > 0 ? to("log/\(index - 1)/") : nil),
                "next": .maybe(
                    index + 1 < snapshot.count ? to("log/\(index + 1)/") : nil),
            ])
        page.place = "log/"
        page.crumbs = [Place("Log", "log/")]
        if let type = line.type, line.refusal == nil {
            page.crumbs.append(Place(type.title, "log/kind/\(type.rawValue)/"))
        }
        page.modules.append("verify.js")
        return page
    }

    /// The file of the log in which an entry stands with its neighbours.
    private func bundle(of index: UInt64) -> String {
        let (size, first) = (snapshot.head.size, index & ~255)
        return TilePath.entries(index: index >> 8, width: Int(min(256, size - first)))
    }

    private func facts(_ line: EntryLine, _ wire: [UInt8]) throws -> Facts {
        var facts = [
            Facts.Fact(
                "Signed by",
                .init(line.authors.isEmpty ? "–" : line.authors.joined(separator: ", ")))
        ]
        if let time = line.time {
            facts.append(
                .init(
                    "Signed at",
                    .init(line.request == nil ? TimeText(time) : self.time(time.milliseconds)),
                    note: "by its author's clock"))
        }
        if let request = line.request, request != line.index {
            facts.append(
                .init("About", .init("request \(request.parted)", href: to("log/\(request)/"))))
        }
        if let statement = try? UnverifiedStatement(wire: wire) {
            facts.append(.init("Id", .init(statement.id.hex)))
            facts.append(.init("Under the roster", .init(statement.rosterHash.hex)))
        }
        facts.append(.init("Leaf hash", .init(try snapshot.leafHash(at: line.index).hex)))
        return Facts(facts)
    }

    /// Everything that the log says of the request that the entry is about.
    private func about(_ line: EntryLine) -> Table? {
        guard let request = line.request else { return nil }
        let rows = snapshot.entries(about: request).prefix(Self.length).map { index in
            let other = snapshot.line(Int(index))
            return [
                entry(index), Table.Cell(other.type?.title ?? ""),
                Table.Cell(other.authors.joined(separator: ", ")),
                other.time.map { Table.Cell(time($0.milliseconds)) } ?? Table.Cell("–"),
            ]
        }
        return Table(
            "Everything that the log says of this request",
            heads: ["Entry", "What", "By", "Signed"], rows: Array(rows), numbers: [0])
    }
}
