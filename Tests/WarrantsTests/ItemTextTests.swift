import Foundation
import Plates
import Secrets
import Testing

@testable import Warrants

/// Long lists are read and written by hand: the same bytes as by the general writer, and nothing that
/// the general reader would not take.
@Suite struct ItemTextTests {
    private static let items = (0..<40).map { place in
        EvaluationItem(
            day: Day(number: UInt32(place == 0 ? 0 : 20_780 + place / 6)), plate: place % 2,
            mask: SubsetMask(bits: UInt16(1 << (place % 10)) | 0x0401),
            e: Digest(of: [UInt8(place)]))
    }

    private static func body(_ items: [EvaluationItem], by custodian: String = "audit")
        -> EvaluationBody
    {
        EvaluationBody(
            custodian: custodian, request: Digest(of: [7]), digests: items,
            time: Timestamp(milliseconds: 1_795_397_301_244))
    }

    private static func general(_ body: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(body))
    }

    @Test(arguments: [0, 1, 2, 40]) func theSameBytes(_ count: Int) throws {
        let body = Self.body(Array(Self.items.prefix(count)))
        let bytes = try CanonicalJSON.encode(body)
        #expect(try bytes == Self.general(body))
        #expect(try CanonicalJSON.decode(EvaluationBody.self, from: bytes) == body)
        let check = CheckBody(
            custodian: "audit", request: body.request, digests: body.digests, time: body.time)
        #expect(try CanonicalJSON.encode(check) == Self.general(check))
        #expect(
            try CanonicalJSON.decode(CheckBody.self, from: CanonicalJSON.encode(check)) == check)
    }

    /// A name that looks like the list's beginning is a name.
    @Test func aNameThatLooksLikeTheList() throws {
        for name in [#"","digests":[{"day":1"#, #","digests":[]"#, "\"", "\\\",\"digests\":["] {
            let body = Self.body(Self.items, by: name)
            let bytes = try CanonicalJSON.encode(body)
            #expect(try bytes == Self.general(body))
            #expect(try CanonicalJSON.decode(EvaluationBody.self, from: bytes) == body)
        }
    }

    /// What the general reader takes and the hand does not, is taken all the same: it is not for
    /// the reader to judge.
    @Test func whatOnlyTheGeneralReaderTakes() throws {
        var body = Self.body([])
        body.digests = [
            EvaluationItem(
                day: Day(number: 1), plate: -1, mask: SubsetMask(bits: 3), e: Digest(of: [1]))
        ]
        let bytes = try CanonicalJSON.encode(body)
        #expect(try bytes == Self.general(body))
        #expect(ItemText.decode(bytes) == nil)
        #expect(try CanonicalJSON.decode(EvaluationBody.self, from: bytes) == body)
    }

    @Test(arguments: [
        (#""day":20780"#, #""day":020780"#), (#""day":20780"#, #""day":+20780"#),
        (#""day":20780"#, #""day":20780.0"#), (#""day":20780"#, #""day":2078e1"#),
        (#""day":20780"#, #""day":-20780"#), (#""day":20780"#, #""day":9999999"#),
        (#""day":20780"#, #""day":"20780""#), (#""day":20780"#, #""day": 20780"#),
        (#""mask":"#, #""mask":9"#), (#""mask":"#, #""plate":"#),
        (#""plate":0}"#, #""plate":0,"more":1}"#), (#""plate":0}"#, #""plate":00}"#),
        (#""plate":0}"#, #""plate":0}}"#), (#"},{"#, #"} ,{"#), (#"},{"#, #"},,{"#),
        (#"},{"#, #"}{"#), (#"}],"#, #"},],"#), (#"}],"#, #"}]],"#), (#"}],"#, #"}],"more":[],"#),
        (#"}],"#, #"}],"digests":[],"#), (#""digests":["#, #""digests":[],"digests":["#),
        (#""e":""#, #""e":"A"#), (#""e":""#, #""e":"0"#),
    ]) func nothingElseIsTaken(_ change: (String, String)) throws {
        let text = String(
            decoding: try CanonicalJSON.encode(Self.body(Self.items)), as: UTF8.self)
        let place = try #require(text.range(of: change.0))
        let other = text.replacingCharacters(in: place, with: change.1)
        #expect(throws: Refusal.self) {
            try CanonicalJSON.decode(EvaluationBody.self, from: Array(other.utf8))
        }
    }

    /// The cells of a request's secret, likewise.
    @Test(arguments: [
        ("[[", "[ ["), ("[[", "[[0"), ("[[", "[[+"), ("[[", "[[-"), ("],[", "],,["), ("],[", "]["),
        ("],[", ",1],["), ("]],", "],],"), ("]],", "]]],"), ("]],", "]],,"),
        (#"{"cells""#, #"{ "cells""#),
        (#"]],"docket""#, #"]],"cells":[],"docket""#), (",3],", ",65536],"), (",3],", ",3.0],"),
        (",3],", "],"), ("[500000,", "[4294967296,"),
    ]) func cells(_ change: (String, String)) throws {
        let cells = [3, 4, 65_535].map {
            Cell(hour: Hour(number: 500_000), site: SiteNumber(number: $0))
        }
        let secret = try RequestSecret(
            requester: "doyle", replyKey: Digest(of: [1]),
            plates: [try Plate(normalizing: "AB123", fold: .letterOAsZero)],
            plateSalts: [[UInt8](repeating: 1, count: 32)], cells: cells,
            windowSalt: [UInt8](repeating: 2, count: 32), docket: "a]],[[b",
            docketSalt: [UInt8](repeating: 3, count: 32))
        let bytes = try secret.encode().withUnsafeBytes { Array($0) }
        #expect(try RequestSecret(wire: try secret.encode()).cells == cells)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.hasPrefix(#"{"cells":[[500000,3],[500000,4],[500000,65535]],"docket":"#))
        let place = try #require(text.range(of: change.0))
        let other = text.replacingCharacters(in: place, with: change.1)
        #expect(throws: Refusal.self) {
            try RequestSecret(wire: SecretBytes(copying: Array(other.utf8)))
        }
    }
}
