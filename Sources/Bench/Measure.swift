import Foundation

/// What a figure has to reach.
enum Bound {
    case ratioAtLeast(Double)
    case ratioAtMost(Double)
    case valueAtLeast(Double)
    case valueAtMost(Double)

    /// Whether a figure with this ratio reaches it; a ratio that there is none of reaches nothing.
    func holds(_ value: Double, _ ratio: Double?) -> Bool {
        switch self {
        case .ratioAtLeast(let least): ratio.map { $0 >= least } ?? false
        case .ratioAtMost(let most): ratio.map { $0 <= most } ?? false
        case .valueAtLeast(let least): value >= least
        case .valueAtMost(let most): value <= most
        }
    }

    /// Such as `ratio ≥ 0.6`.
    func text(_ unit: String) -> String {
        switch self {
        case .ratioAtLeast(let least): "ratio ≥ \(Measure.number(least))"
        case .ratioAtMost(let most): "ratio ≤ \(Measure.number(most))"
        case .valueAtLeast(let least): "≥ \(Measure.number(least)) \(unit)"
        case .valueAtMost(let most): "≤ \(Measure.number(most)) \(unit)"
        }
    }
}

/// One figure: the median of its runs beside the reference's, the median of the ratios, and what
/// they have to reach.
struct Measure: Encodable {
    /// One run: the figure, and the reference that was taken beside it, where there is one.
    struct Run: Encodable {
        let value: Double
        let reference: Double?

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(Measure.finite(value), forKey: .value)
            try container.encode(reference.map(Measure.finite), forKey: .reference)
        }
    }

    enum Key: String, CodingKey {
        case id, what, unit, value, minimum, maximum, reference, ratio, target, holds, runs
    }

    let id: String
    let what: String
    let unit: String
    let runs: [Run]
    let bounds: [Bound]

    /// From pairs of a figure and the reference that was taken beside it.
    init(
        id: String, what: String, unit: String, pairs: [(value: Double, reference: Double)],
        target: [Bound] = []
    ) {
        self.init(
            id: id, what: what, unit: unit,
            runs: pairs.map { Run(value: $0.value, reference: $0.reference) }, bounds: target)
    }

    /// From figures that stand by themselves.
    init(id: String, what: String, unit: String, values: [Double], target: [Bound] = []) {
        self.init(
            id: id, what: what, unit: unit,
            runs: values.map { Run(value: $0, reference: nil) }, bounds: target)
    }

    private init(id: String, what: String, unit: String, runs: [Run], bounds: [Bound]) {
        self.id = id
        self.what = what
        self.unit = unit
        self.runs = runs
        self.bounds = bounds
    }

    /// The median of the runs.
    var value: Double { Self.median(runs.map(\.value)) }
    /// The median of the references.
    var reference: Double? {
        let references = runs.compactMap(\.reference)
        return references.isEmpty ? nil : Self.median(references)
    }
    /// The median of the runs' own ratios: what a shared machine disturbs least.
    var ratio: Double? {
        let ratios = runs.compactMap { run in run.reference.map { run.value / $0 } }
        return ratios.isEmpty ? nil : Self.median(ratios)
    }
    /// What has to be reached; nil where nothing has.
    var target: String? {
        bounds.isEmpty ? nil : bounds.map { $0.text(unit) }.joined(separator: ", ")
    }
    /// Whether it is; nil where nothing has to be.
    var holds: Bool? { bounds.isEmpty ? nil : bounds.allSatisfy { $0.holds(value, ratio) } }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(id, forKey: .id)
        try container.encode(what, forKey: .what)
        try container.encode(unit, forKey: .unit)
        try container.encode(Self.finite(value), forKey: .value)
        try container.encode(Self.finite(runs.map(\.value).min() ?? 0), forKey: .minimum)
        try container.encode(Self.finite(runs.map(\.value).max() ?? 0), forKey: .maximum)
        try container.encode(reference.map(Self.finite), forKey: .reference)
        try container.encode(ratio.map(Self.finite), forKey: .ratio)
        try container.encode(target, forKey: .target)
        try container.encode(holds, forKey: .holds)
        try container.encode(runs, forKey: .runs)
    }

    /// JSON has no infinity.
    private static func finite(_ value: Double) -> Double { value.isFinite ? value : -1 }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2)
            ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    /// The value below which such a part of the others lies, 0 to 1.
    static func quantile(_ part: Double, of values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        return sorted[min(sorted.count - 1, Int(part * Double(sorted.count)))]
    }

    /// Seconds that something took.
    static func seconds(_ body: () throws -> Void) rethrows -> Double {
        let span = try ContinuousClock().measure(body)
        return seconds(span)
    }

    /// A span in seconds.
    static func seconds(_ span: Duration) -> Double {
        Double(span.components.seconds) + Double(span.components.attoseconds) * 1e-18
    }

    /// The lines of a table for people.
    static func table(_ results: [Measure]) -> [String] {
        let rows =
            [["id", "what", "unit", "median", "least", "reference", "ratio", "target", "holds"]]
            + results.map {
                [
                    $0.id, $0.what, $0.unit, number($0.value),
                    number($0.runs.map(\.value).min() ?? 0), $0.reference.map(number) ?? "",
                    $0.ratio.map { String(format: "%.3f", $0) } ?? "", $0.target ?? "",
                    $0.holds.map { $0 ? "yes" : "NO" } ?? "",
                ]
            }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - row[column].count)
                return (3...6).contains(column) ? space + row[column] : row[column] + space
            }.joined(separator: "  ")
        }
    }

    static func number(_ value: Double) -> String {
        value.magnitude < 100 && value != value.rounded()
            ? String(format: "%.2f", value) : String(format: "%.0f", value)
    }
}
