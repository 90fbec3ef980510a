import Plates
import Portal

/// Where the reads were, drawn to scale without any map beneath: an equirectangular projection, true
/// along the middle parallel. Numbers and coordinates only go into the drawing, no text of a camera's.
struct InvestigatorMap {
    /// One spot where reads were.
    struct Spot: Equatable {
        /// Its number in the drawing, in the order in which the plate was first seen there.
        let number: Int
        /// Where.
        let place: Plates.Place
        /// The site.
        let site: String
        /// The cameras that stand there.
        let cameras: [String]
        /// How many reads.
        let count: Int
        /// The first and the last of them.
        let first: Timestamp
        let last: Timestamp
    }

    /// The spots, in the order in which the plate was first seen there.
    let spots: [Spot]
    /// How many reads say no place.
    let placeless: Int

    static let width = 640.0
    static let height = 400.0
    fileprivate static let margin = 44.0

    /// Of the reads that were opened.
    init(_ sights: [InvestigatorOpened.Sight]) {
        placeless = sights.count { $0.place == nil }
        var order: [Plates.Place] = []
        var found: [Plates.Place: [InvestigatorOpened.Sight]] = [:]
        for sight in sights {
            guard let place = sight.place else { continue }
            if found[place] == nil { order.append(place) }
            found[place, default: []].append(sight)
        }
        spots = order.enumerated().map { number, place in
            let here = found[place] ?? []
            return Spot(
                number: number + 1, place: place, site: here.first?.site ?? "",
                cameras: Set(here.map(\.camera)).sorted(), count: here.count,
                first: here.map(\.seen).min() ?? Timestamp(milliseconds: 0),
                last: here.map(\.seen).max() ?? Timestamp(milliseconds: 0))
        }
    }

    /// Degrees as text with five places, a metre or so.
    static func degrees(_ value: Int32) -> String {
        let rounded = (Int64(value.magnitude) + 50) / 100
        let digits = String(rounded)
        let padded = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
        return (value < 0 && rounded > 0 ? "-" : "") + padded.dropLast(5) + "." + padded.suffix(5)
    }

    /// The drawing with its table, for the template `investigator-map`; nil where there is no place.
    var values: Values? {
        guard !spots.isEmpty else { return nil }
        let frame = Frame(spots.map(\.place))
        let most = Double(spots.map(\.count).max() ?? 1)
        let drawn: [Values] = spots.map { spot in
            let (x, y) = frame.point(spot.place)
            return [
                "number": .text(String(spot.number)), "x": .text(Self.text(x)),
                "y": .text(Self.text(y)), "base": .text(Self.text(y + 4.5)),
                "radius": .text(
                    Self.text(9 + 9 * (Double(spot.count) / most).squareRoot())),
            ]
        }
        let own: Values = [
            "count": .number(spots.count), "spots": .list(drawn),
            "placeless": .maybe(placeless == 0 ? nil : placeless.parted), "table": .of(table),
            "width": .text(String(Int(Self.width))), "height": .text(String(Int(Self.height))),
            "innerWidth": .text(String(Int(Self.width) - 1)),
            "innerHeight": .text(String(Int(Self.height) - 1)),
        ]
        return own.with(frame.values)
    }

    private var table: Table {
        Table(
            "The same as a table",
            heads: ["", "Site", "Cameras", "Latitude", "Longitude", "Reads", "First", "Last"],
            rows: spots.map { spot in
                [
                    Table.Cell(spot.number), Table.Cell(spot.site),
                    Table.Cell(spot.cameras.joined(separator: ", ")),
                    Table.Cell(Self.degrees(spot.place.latitude)),
                    Table.Cell(Self.degrees(spot.place.longitude)), Table.Cell(spot.count),
                    Table.Cell(TimeText(spot.first)), Table.Cell(TimeText(spot.last)),
                ]
            }, numbers: [0, 3, 4, 5], hidesCaption: true)
    }

    fileprivate static func text(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(abs(tenths % 10))"
    }

    /// Degrees to points of the drawing.
    private struct Frame {
        /// Metres of a degree of latitude.
        private static let metres = 111_320.0

        private let west: Double
        private let north: Double
        private let shrink: Double
        /// Points for a metre.
        private let rate: Double
        private let left: Double
        private let top: Double

        init(_ places: [Plates.Place]) {
            let latitudes = places.map { Double($0.latitude) / 1e7 }
            let longitudes = places.map { Double($0.longitude) / 1e7 }
            let (south, north) = (latitudes.min() ?? 0, latitudes.max() ?? 0)
            let (west, east) = (longitudes.min() ?? 0, longitudes.max() ?? 0)
            shrink = max(0.01, Self.cosine((north + south) / 2))
            // A single place still has something around it.
            let wide = max((east - west) * shrink * Self.metres, 200)
            let high = max((north - south) * Self.metres, 200)
            let room = (
                InvestigatorMap.width - 2 * InvestigatorMap.margin,
                InvestigatorMap.height - 2 * InvestigatorMap.margin
            )
            rate = min(room.0 / wide, room.1 / high)
            self.west = west
            self.north = north
            left = (InvestigatorMap.width - (east - west) * shrink * Self.metres * rate) / 2
            top = (InvestigatorMap.height - (north - south) * Self.metres * rate) / 2
        }

        func point(_ place: Plates.Place) -> (x: Double, y: Double) {
            let (latitude, longitude) = (
                Double(place.latitude) / 1e7, Double(place.longitude) / 1e7
            )
            let east: Double = (longitude - west) * shrink * Self.metres
            let south: Double = (north - latitude) * Self.metres
            return (left + east * rate, top + south * rate)
        }

        /// Lines a round number of metres apart, how long that is, and where north is.
        var values: Values {
            let step = round * rate
            func lines(to end: Double) -> Value {
                .list(stride(from: step, to: end, by: step).map { ["at": .text(text($0))] })
            }
            let foot: Double = InvestigatorMap.height - 16
            return [
                "columns": lines(to: InvestigatorMap.width),
                "lines": lines(to: InvestigatorMap.height),
                "scale": .text(
                    round >= 1_000 ? "\(Int(round / 1_000)) km" : "\(Int(round)) m"),
                "scaleTop": .text(text(foot - 5)), "scaleFoot": .text(text(foot)),
                "scaleEnd": .text(text(16 + step)), "scaleWords": .text(text(foot - 7)),
                "northX": .text(text(InvestigatorMap.width - 20)),
            ]
        }

        private func text(_ value: Double) -> String { InvestigatorMap.text(value) }

        /// A round number of metres that is a fifth or so of the drawing's width.
        private var round: Double {
            let wish = InvestigatorMap.width / rate / 5
            var unit = 1.0
            while unit * 10 <= wish { unit *= 10 }
            return [5.0, 2.0, 1.0].map { $0 * unit }.first { $0 <= wish } ?? unit
        }

        /// The cosine of degrees by its series: no more than the drawing needs.
        private static func cosine(_ degrees: Double) -> Double {
            let square = (degrees * .pi / 180) * (degrees * .pi / 180)
            return 1 - square / 2 * (1 - square / 12 * (1 - square / 30 * (1 - square / 56)))
        }
    }
}
