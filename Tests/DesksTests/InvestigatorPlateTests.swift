import Foundation
import Plates
import Portal
import TestSupport
import Testing
import Warrants

@testable import Desks

/// What the form says of a plate, an offence and a window, before anything is asked of anybody.
@Suite struct InvestigatorPlateTests {
    private func plate(_ text: String) -> InvestigatorPlate {
        InvestigatorPlate(text, fold: .letterOAsZero)
    }

    @Test func `a plate is shown as it is searched`() {
        #expect(plate("rk-161 ag").normal == "RK161AG")
        #expect(plate("co 0o").normal == "C000")
        #expect(plate("  ").normal.isEmpty && plate("  ").problem.isEmpty)
    }

    @Test(arguments: ["AB*", "AB?12", "%", "A\u{200B}B", "A\u{301}", "--", "AB_C\u{1F600}"])
    func `what is no plate is told apart, and never repeated`(_ text: String) {
        let plate = plate(text)
        #expect(plate.normal.isEmpty && plate.twins.isEmpty)
        #expect(plate.problem.hasSuffix(".") && !plate.problem.contains(text))
    }

    @Test func `a wildcard, a long text and a letter nobody knows have words of their own`() {
        let problems = ["AB*", String(repeating: "A", count: 17), "AB\u{1F600}", "A\u{301}B"]
            .map { plate($0).problem }
        #expect(Set(problems).count == 4)
        #expect(problems[0].contains("wildcards"))
        #expect(problems[1].contains("16"))
    }

    @Test func `twins say what is read for what`() {
        let twins = plate("B1").twins
        #expect(twins.map(\.text) == ["81", "BI"])
        #expect(twins.map(\.reading) == ["8 for B, character 1", "I for 1, character 2"])
        #expect(plate("XYW").twins.isEmpty)
    }

    @Test func `offences are found by the beginnings of their words`() {
        var policy = Policy(purposes: Purpose.all.map(\.code))
        let all = InvestigatorOffences(policy)
        #expect(all.suggestions(for: "vehicle theft").map(\.code) == ["23F", "23G", "240"])
        #expect(all.suggestions(for: "24").map(\.code) == ["240"])
        #expect(all.suggestions(for: "240").isEmpty)
        #expect(all.suggestions(for: "").isEmpty && all.suggestions(for: "ehicle").isEmpty)
        policy.purposes = ["09A"]
        #expect(InvestigatorOffences(policy).suggestions(for: "theft").isEmpty)
    }

    @Test func `titles of days`() {
        #expect(InvestigatorCalendar.title(Day(number: 0)) == "Thursday 1 January 1970")
        #expect(InvestigatorCalendar.title(Town.start.day) == "Monday 2 March 2026")
    }
}

/// The drawing is to scale, and says nothing but numbers.
@Suite struct InvestigatorMapTests {
    private func sight(
        _ number: Int, _ latitude: Int32?, _ longitude: Int32, camera: String = "cam"
    ) -> InvestigatorOpened.Sight {
        InvestigatorOpened.Sight(
            number: number, seen: Town.start.adding(minutes: Int64(number)), site: "1 North",
            camera: camera, plate: "AB1", asRead: "AB1", confidence: "", vehicle: "",
            place: latitude.map { Plates.Place(latitude: $0, longitude: longitude) }, direction: "",
            isClockOff: false, photos: [])
    }

    @Test func `spots are numbered by the first read, and counted`() {
        let map = InvestigatorMap([
            sight(1, 10, 10), sight(2, 20, 10), sight(3, 10, 10, camera: "b"), sight(4, nil, 0),
        ])
        #expect(map.spots.map(\.number) == [1, 2] && map.spots.map(\.count) == [2, 1])
        #expect(map.spots[0].cameras == ["b", "cam"] && map.placeless == 1)
        #expect(map.spots[0].last == Town.start.adding(minutes: 3))
        #expect(InvestigatorMap([sight(1, nil, 0)]).values == nil)
    }

    /// A kilometre north is as long as a kilometre east, wherever the places are.
    @Test(arguments: [0, 40, -33, 64]) func `a length is one length`(_ degrees: Int) throws {
        // Cosines from a table, not from the code that is tested.
        let cosines: [Int: Double] = [0: 1, 40: 0.766044, -33: 0.838671, 64: 0.438371]
        let cosine = try #require(cosines[degrees])
        let base = Int32(degrees) * 10_000_000
        let east = Int32(100_000 / cosine)
        let map = InvestigatorMap([
            sight(1, base, 0), sight(2, base + 100_000, 0), sight(3, base, east),
        ])
        let points = try map.points()
        let north = points[0].y - points[1].y
        let wide = points[2].x - points[0].x
        #expect(north > 50 && abs(north / wide - 1) < 0.01, "\(points)")
        #expect(points.allSatisfy { (0...640).contains($0.x) && (0...400).contains($0.y) })
    }

    @Test func `one place alone, and places far apart, stay within the drawing`() throws {
        for other in [0, 1, 50_000, 30_000_000] {
            let map = InvestigatorMap([
                sight(1, 400_000_000, 0), sight(2, 400_000_000 + Int32(other), Int32(other)),
            ])
            for point in try map.points() {
                #expect((20...620).contains(point.x) && (20...380).contains(point.y))
            }
        }
    }

    @Test func `degrees have five places`() {
        #expect(InvestigatorMap.degrees(407_500_000) == "40.75000")
        #expect(InvestigatorMap.degrees(-739_900_049) == "-73.99000")
        #expect(InvestigatorMap.degrees(-739_900_050) == "-73.99001")
        #expect(
            InvestigatorMap.degrees(12) == "0.00000" && InvestigatorMap.degrees(-12) == "0.00000")
    }
}

/// Where markup goes into the investigator's pages unescaped: drawings and tables of our own templates.
@Suite struct InvestigatorTemplateTests {
    @Test func `markup of our own, and nothing else, goes in as it is`() throws {
        var places: [String: [String]] = [:]
        for (name, bytes) in InvestigatorTemplates.texts {
            let found = String(decoding: bytes, as: UTF8.self).split(separator: "{{{").dropFirst()
                .map { String($0.prefix { $0 != "}" }) }
            if !found.isEmpty { places[name] = found }
        }
        let wanted = ["drawing", "cells"]
        #expect(places == ["investigator_opened": wanted, "investigator_print": wanted])
    }

    /// Every template of the folder is in the program, and every one is used.
    @Test func `no template lies beside the others`() throws {
        let folder = Vectors.path("Sources/Desks/Templates")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasPrefix("investigator") }.map { $0.replacing(".mustache", with: "") }
        #expect(names.sorted() == InvestigatorTemplates.texts.keys.sorted())
    }
}

extension InvestigatorMap {
    /// Where the spots are drawn, read from what the template shows.
    func points() throws -> [(x: Double, y: Double)] {
        let html = try InvestigatorTemplates.part("investigator_map", try #require(values)).html
        return html.split(separator: "<circle").dropFirst().compactMap { piece in
            let numbers = piece.split(separator: "\"").compactMap { Double($0) }
            return numbers.count >= 2 ? (numbers[0], numbers[1]) : nil
        }
    }
}
