import Foundation

/// One figure: the median of its runs, beside the reference's, and the median of their ratios.
struct Measure: Codable {
    let id: String
    let what: String
    let unit: String
    let value: Double
    let reference: Double
    let ratio: Double
    let runs: Int

    /// From pairs of a figure and the reference that was taken beside it.
    init(id: String, what: String, unit: String, pairs: [(value: Double, reference: Double)]) {
        self.id = id
        self.what = what
        self.unit = unit
        value = Self.median(pairs.map(\.value))
        reference = Self.median(pairs.map(\.reference))
        ratio = Self.median(pairs.map { $0.value / $0.reference })
        runs = pairs.count
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2)
            ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    /// Seconds that something took.
    static func seconds(_ body: () throws -> Void) rethrows -> Double {
        let span = try ContinuousClock().measure(body)
        return Double(span.components.seconds) + Double(span.components.attoseconds) * 1e-18
    }

    /// The lines of a table for people.
    static func table(_ results: [Measure]) -> [String] {
        let rows =
            [["what", "unit", "median", "reference", "ratio", "runs"]]
            + results.map {
                [
                    $0.what, $0.unit, number($0.value), number($0.reference),
                    String(format: "%.3f", $0.ratio), "\($0.runs)",
                ]
            }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - row[column].count)
                return column < 2 ? row[column] + space : space + row[column]
            }.joined(separator: "  ")
        }
    }

    private static func number(_ value: Double) -> String {
        value < 100 ? String(format: "%.2f", value) : String(format: "%.0f", value)
    }
}
