import Foundation

/// A line chart as SVG, made without any other program.
struct Chart {
    struct Line {
        let name: String
        let points: [(x: Double, y: Double)]

        init(name: String, points: [(Double, Double)]) {
            self.name = name
            self.points = points.map { (x: $0.0, y: $0.1) }
        }
    }

    let title: String
    let x: String
    let y: String
    let lines: [Line]
    /// Whether the x axis goes by powers of ten.
    var isLogarithmic = false

    private static let colours = ["#1b5e8c", "#c0562b", "#5b8c2a", "#8a5aa5"]
    private static let (width, height) = (720.0, 400.0)
    private static let (left, right, top, bottom) = (70.0, 20.0, 40.0, 110.0)

    /// The picture's text.
    var svg: String {
        var parts = [
            """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(Self.width)) \
            \(Int(Self.height))" font-family="sans-serif" font-size="13">
            <rect width="100%" height="100%" fill="white"/>
            """,
            text(Self.width / 2, 22, title, "middle", " font-size=\"15\" font-weight=\"bold\""),
            text(Self.width / 2, Self.height - Self.bottom + 38, x, "middle"),
            "<g transform=\"rotate(-90)\">"
                + text(-(Self.top + Self.height - Self.bottom) / 2, 18, y, "middle") + "</g>",
        ]
        for value in ticks(to: most) {
            let place = Self.round(height(of: value))
            parts.append(
                "<path d=\"M\(Int(Self.left)) \(place)H\(Int(Self.width - Self.right))\" "
                    + "stroke=\"#ddd\"/>"
                    + text(Self.left - 6, height(of: value) + 4, Measure.number(value), "end"))
        }
        for value in Set(lines.flatMap { $0.points.map(\.x) }).sorted() {
            parts.append(
                text(
                    place(of: value), Self.height - Self.bottom + 18, Measure.number(value),
                    "middle"))
        }
        for (index, line) in lines.enumerated() { parts += drawn(line, index) }
        return (parts + ["</svg>\n"]).joined(separator: "\n")
    }

    private func drawn(_ line: Line, _ index: Int) -> [String] {
        let colour = Self.colours[index % Self.colours.count]
        let points = line.points.map {
            "\(Self.round(place(of: $0.x))),\(Self.round(height(of: $0.y)))"
        }
        let legend = (
            x: Self.left + Double(index % 2) * 320, y: Self.height - 44 + Double(index / 2) * 22
        )
        return [
            "<polyline points=\"\(points.joined(separator: " "))\" fill=\"none\" "
                + "stroke=\"\(colour)\" stroke-width=\"2\"/>"
        ]
            + line.points.map {
                "<circle cx=\"\(Self.round(place(of: $0.x)))\" "
                    + "cy=\"\(Self.round(height(of: $0.y)))\" r=\"3.5\" fill=\"\(colour)\"/>"
            } + [
                "<path d=\"M\(Self.round(legend.x)) \(Self.round(legend.y - 4))h24\" "
                    + "stroke=\"\(colour)\" stroke-width=\"2\"/>"
                    + text(legend.x + 30, legend.y, line.name, "start")
            ]
    }

    private var most: Double { lines.flatMap { $0.points.map(\.y) }.max() ?? 1 }

    /// About five round numbers from 0.
    private func ticks(to most: Double) -> [Double] {
        let raw = max(most, 1e-9) / 5
        let power = pow(10, floor(log10(raw)))
        let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= raw } ?? raw
        return Array(stride(from: 0, through: most + step, by: step))
    }

    private func height(of value: Double) -> Double {
        let top = ticks(to: most).last ?? 1
        return Self.height - Self.bottom
            - value / top * (Self.height - Self.bottom - Self.top)
    }

    private func place(of value: Double) -> Double {
        let all = lines.flatMap { $0.points.map(\.x) }.map(scaled)
        let (first, last) = (all.min() ?? 0, all.max() ?? 1)
        let part = last > first ? (scaled(value) - first) / (last - first) : 0.5
        return Self.left + 20 + part * (Self.width - Self.left - Self.right - 40)
    }

    private func scaled(_ value: Double) -> Double { isLogarithmic ? log10(value) : value }

    private func text(
        _ x: Double, _ y: Double, _ words: String, _ anchor: String, _ more: String = ""
    ) -> String {
        "<text x=\"\(Self.round(x))\" y=\"\(Self.round(y))\" text-anchor=\"\(anchor)\"\(more)>"
            + "\(words)</text>"
    }

    private static func round(_ value: Double) -> String { String(format: "%.1f", value) }
}
