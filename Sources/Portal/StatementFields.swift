import Foundation
import Plates
import Warrants

/// What a statement's JSON says, field by field, for people; the note itself stands beneath.
struct StatementFields {
    private let maker: PageMaker
    private let line: EntryLine
    /// The fields, by their names.
    private(set) var facts: [Facts.Fact] = []

    /// 40: how many fields are shown.
    private static let most = 40
    private static let instants: Set = ["time", "expires"]
    private static let days: Set = [
        "day", "embargo", "first", "announced", "found", "agreementEnds", "firstDay", "prekeyDay",
    ]
    private static let hours: Set = ["hour", "firstHour", "lastHour"]
    private static let names = [
        "agency": "Agency", "authority": "Authority", "bundle": "Digest of what was handed over",
        "cellCount": "Hours at sites", "cells": "Hours and sites",
        "closed": "Commitment to the rows",
        "code": "Code", "custodian": "Custodian", "day": "Day", "digests": "Commitments to answers",
        "docketCommitment": "Commitment to the docket", "embargo": "Embargo until",
        "expires": "Expires", "firstHour": "First hour", "lastHour": "Last hour",
        "generation": "Generation", "hour": "Hour", "kind": "Kind",
        "next": "Commitments to the next day",
        "officer": "Officer", "party": "Party", "plateCommitments": "Commitments to plates",
        "process": "Process", "purpose": "Purpose", "replyKey": "Key for the answers",
        "request": "Request", "requester": "Requester", "role": "In the role of",
        "sealedCopies": "Sealed copies", "site": "Site", "slot": "Kind of slot",
        "time": "Signed at",
        "warrant": "SHA-256 of the warrant", "windowCommitment": "Commitment to hours and sites",
    ]

    /// The fields of an entry's statement; none where it has no JSON object.
    init(_ wire: [UInt8], on maker: PageMaker, _ line: EntryLine) {
        self.maker = maker
        self.line = line
        let parts = wire.split(separator: 0x0A, maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count == 5,
            let object = (try? JSONSerialization.jsonObject(with: Data(parts[3])))
                as? [String: Any]
        else { return }
        add(object, below: "", depth: 0)
    }

    private mutating func add(_ object: [String: Any], below: String, depth: Int) {
        for (key, value) in object.sorted(by: { $0.key < $1.key }) where facts.count < Self.most {
            if let inner = value as? [String: Any], depth < 2 {
                add(inner, below: below + name(of: key) + " · ", depth: depth + 1)
            } else {
                facts.append(.init(below + name(of: key), cell(key, value)))
            }
        }
    }

    private func name(of key: String) -> String { Self.names[key] ?? Self.short(key, most: 24) }

    private func cell(_ key: String, _ value: Any) -> Table.Cell {
        if let list = value as? [Any] { return Table.Cell(Self.summary(list)) }
        if let number = value as? Int { return cell(key, number: Int64(number)) }
        guard let text = value as? String else { return Table.Cell(Self.short("\(value)")) }
        guard text.utf8.count <= Self.shortest else { return Table.Cell(Self.short(text)) }
        switch key {
        case "purpose": return Table.Cell(Words.purpose(text))
        case "process": return Table.Cell(Words.process(text) + " (\(text))")
        case "code" where line.type == .denial:
            return Table.Cell(Words.denial(text) + " (\(text))")
        case "agency": return Table.Cell(maker.agency(text) + " (\(text))")
        case "request":
            let href = line.request.map { maker.to("log/\($0)/") }
            return Table.Cell(Self.short(text), href: href)
        default: return Table.Cell(Self.short(text))
        }
    }

    private func cell(_ key: String, number: Int64) -> Table.Cell {
        if Self.instants.contains(key), let time = Timestamp(plainNumber: number) {
            return Table.Cell(
                line.request == nil ? TimeText(time) : maker.time(time.milliseconds))
        }
        if Self.days.contains(key), let day = Day(plainNumber: number) {
            return Table.Cell(day.text)
        }
        if Self.hours.contains(key), let hour = UInt32(exactly: number) {
            return Table.Cell(Hour(number: hour).text)
        }
        if key == "site",
            let site = maker.snapshot.roster.sites.first(where: {
                "\($0.number)" == "\(number)"
            })
        {
            return Table.Cell("\(number), \(site.name)")
        }
        return Table.Cell(number)
    }

    private static func summary(_ list: [Any]) -> String {
        let words = list.compactMap { $0 as? String }
        if words.count == list.count, list.count <= 4, words.allSatisfy({ $0.utf8.count <= 64 }) {
            return words.joined(separator: ", ")
        }
        return Words.count(list.count, "item", "items") + "; see the note"
    }

    /// 80: what has no more bytes is shown as it is.
    private static let shortest = 80

    /// By scalars: a character of Swift's can have as many of them as it likes.
    private static func short(_ text: String, most: Int = 40) -> String {
        let scalars = text.unicodeScalars
        guard text.utf8.count > 2 * most else { return text }
        return String(String.UnicodeScalarView(scalars.prefix(most)))
            + "… (\(text.utf8.count.parted) bytes)"
    }
}
