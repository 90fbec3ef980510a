import Plates
import Portal
import Secrets
import Warrants

/// What was opened, as the page and the print page show it.
struct InvestigatorOpenedPage {
    /// 100: reads on one page.
    static let length = 100

    let opened: InvestigatorOpened
    let state: RequestState
    let roster: Roster
    let page: Int

    private var id: String { opened.request.hex }
    private var map: InvestigatorMap { InvestigatorMap(opened.sights) }

    /// For the template `investigator-opened`.
    func values() throws -> Values {
        let pages = max(1, (opened.sights.count + Self.length - 1) / Self.length)
        let here = min(max(page, 1), pages)
        let shown = opened.sights.dropFirst((here - 1) * Self.length).prefix(Self.length)
        let own: Values = [
            "figures": .of(figures), "kind": .text(kind),
            "empty": .of(
                EmptyState(
                    "No read was found.",
                    hint: "What that means for each hour and site stands below: empty is proven, "
                        + "unknown is not.")),
            "sights": .list(shown.map(values(of:))),
            "pager": .of(
                Pager(
                    page: here, pages: pages,
                    about: "\(opened.sights.count.parted) "
                        + (opened.sights.count == 1 ? "read" : "reads")
                ) {
                    "/requests/\(id)/opened?page=\($0)"
                }),
            "folderField": .of(
                Field(
                    "folder", "Write it as a folder",
                    hint: "A path on this machine that is not there yet.", isNeeded: true)),
        ]
        return try common().with(own)
    }

    /// For the template `investigator-print`.
    func printed() throws -> Values {
        let photos = opened.sights.flatMap { sight in
            sight.photos.filter { $0.state == "opened" }.map { (sight.number, $0.digest) }
        }
        let own: Values = [
            "request": .of(request), "answer": .of(answer), "reads": .of(reads),
            "hasPhotos": .flag(!photos.isEmpty),
            "photos": .list(
                photos.map {
                    [
                        "number": .text(String($0)), "digest": .text($1),
                        "href": .text("/requests/\(id)/photos/\($1)"),
                    ]
                }),
        ]
        return try common().with(own)
    }

    private func common() throws -> Values {
        let drawing = try map.values.map { try InvestigatorTemplates.part("investigator_map", $0) }
        return [
            "id": .text(id), "noReads": .flag(opened.sights.isEmpty),
            "confirmation": .text(Self.sentence(opened.confirmation.text)),
            "confirmationMeaning": .text(
                InvestigatorOpened.meaning(ofConfirmation: opened.confirmation.word)),
            "map": drawing.map { .values(["drawing": .markup($0)]) } ?? false,
            "cells": .markup(try InvestigatorTemplates.part("investigator_cells", cells)),
            "bundle": .of(bundle),
        ]
    }

    private static func sentence(_ text: String) -> String {
        text.prefix(1).uppercased() + text.dropFirst() + "."
    }

    private var kind: String {
        switch opened.confirmation.word {
        case "confirmed": "good"
        case "disputed": "bad"
        default: "warn"
        }
    }

    private var figures: Facts {
        Facts(
            [
                Facts.Fact("Reads", Table.Cell(opened.sights.count)),
                Facts.Fact("Photos", Table.Cell(opened.pictures.count)),
            ]
                + opened.counts.map {
                    Facts.Fact("Hours at sites: \($0.word)", Table.Cell($0.count))
                },
            isLarge: true)
    }

    private func values(of sight: InvestigatorOpened.Sight) -> Values {
        let absent = sight.photos.filter { $0.state != "opened" }.map { photo in
            photo.state == "missing"
                ? "A photo was sealed; the vault has not handed it out."
                : "A photo was sealed wrongly by its site, and cannot be opened."
        }
        let detail = [
            sight.confidence.isEmpty ? "" : "confidence \(sight.confidence)", sight.vehicle,
            sight.direction.isEmpty ? "" : "direction \(sight.direction)",
            sight.place.map {
                "at \(InvestigatorMap.degrees($0.latitude)), "
                    + InvestigatorMap.degrees($0.longitude)
            } ?? "",
        ].filter { !$0.isEmpty }
        return [
            "number": .text(String(sight.number)), "seen": .of(TimeText(sight.seen)),
            "asRead": .text(sight.asRead), "plate": .text(sight.plate),
            "isOther": .flag(sight.asRead != sight.plate), "site": .text(sight.site),
            "camera": .text(sight.camera), "isClockOff": .flag(sight.isClockOff),
            "detail": .text(detail.joined(separator: " · ")),
            "photos": sight.photos.isEmpty
                ? false
                : .values([
                    "shown": .list(
                        sight.photos.enumerated().filter { $1.state == "opened" }.map {
                            [
                                "href": .text("/requests/\(id)/photos/\($1.digest)"),
                                "place": .text(String($0 + 1)),
                                "number": .text(String(sight.number)),
                            ]
                        }), "absent": .sentences(absent),
                ]),
        ]
    }

    private var bundle: Facts {
        Facts([
            Facts.Fact("Folder", Table.Cell(opened.folder), note: "kept here, on this machine"),
            Facts.Fact(
                "Manifest", Table.Cell(opened.digest.hex),
                note: "SHA-256, which stands for every file"),
            Facts.Fact(
                "First roster", Table.Cell(opened.roster.hex), note: "on which everything rests"),
            Facts.Fact(
                "Log", Table.Cell(opened.logSize), note: "entries, to which the proofs lead"),
            Facts.Fact("Answered by", Table.Cell(opened.custodians.joined(separator: ", "))),
        ])
    }

    private var request: Facts {
        let body = state.body
        let window = InvestigatorWindow.lines(
            opened.cells.first?.map { Cell(hour: $0.hour, site: $0.site) } ?? [], roster)
        return Facts(
            [
                Facts.Fact("Request", Table.Cell(id)),
                Facts.Fact("Deployment", Table.Cell(roster.origin)),
                Facts.Fact(
                    "Agency", Table.Cell(roster.agency(body.agency)?.name ?? body.agency)),
                Facts.Fact("Requester", Table.Cell(body.requester)),
                Facts.Fact(
                    "Purpose",
                    Table.Cell("\(body.purpose) \(Purpose(code: body.purpose)?.name ?? "")")),
                Facts.Fact("Process", Table.Cell(body.process)),
                Facts.Fact("Warrant", Table.Cell(body.warrant.hex)),
                Facts.Fact("Docket", Table.Cell(opened.docket)),
                Facts.Fact("Filed", Table.Cell(TimeText(body.time))),
            ] + opened.plates.map { Facts.Fact("Plate", Table.Cell($0)) }
                + window.map { Facts.Fact("Hours and sites", Table.Cell($0)) })
    }

    private var answer: Facts {
        Facts(
            [
                Facts.Fact("Reads", Table.Cell(opened.sights.count)),
                Facts.Fact("Answered by", Table.Cell(opened.custodians.joined(separator: ", "))),
            ] + opened.counts.map { Facts.Fact("Hours at sites: \($0.word)", Table.Cell($0.count)) }
        )
    }

    private var reads: Table {
        Table(
            "Reads, by time seen",
            heads: ["", "Seen", "Site", "Camera", "Plate", "Read as", "Confidence", "Vehicle"],
            rows: opened.sights.map { sight in
                [
                    Table.Cell(sight.number), Table.Cell(TimeText(sight.seen)),
                    Table.Cell(sight.site), Table.Cell(sight.camera), Table.Cell(sight.plate),
                    Table.Cell(sight.asRead), Table.Cell(sight.confidence),
                    Table.Cell(sight.vehicle),
                ]
            }, numbers: [0, 6], hidesCaption: true)
    }
}
