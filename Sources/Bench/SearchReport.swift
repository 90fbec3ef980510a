/// What searches of growing stores come to.
enum SearchReport {
    private static func millions(_ rows: Int) -> String {
        Measure.number(Double(rows) / 1_000_000) + "m"
    }

    static func measures(_ rows: Int, _ figures: SearchBench.Figures) -> [Measure] {
        let size = millions(rows)
        return [
            Measure(
                id: "search-warm-\(size)",
                what: "one plate, 30 days, one site of a store of \(size) rows; reference: one "
                    + "SQLite look-up for each cell and run", unit: "ms", pairs: figures.warm,
                target: [.ratioAtMost(3), .valueAtMost(300)]),
            Measure(
                id: "search-cold-\(size)", what: "the same, nothing in the page cache", unit: "ms",
                pairs: figures.cold, target: [.ratioAtMost(3)]),
            Measure(
                id: "search-70-\(size)", what: "the same at all 70 sites, in 18 requests",
                unit: "ms", pairs: figures.all, target: [.ratioAtMost(3), .valueAtMost(5_000)]),
            Measure(
                id: "search-custodians-\(size)",
                what: "of search-warm: three custodians evaluate, log and seal", unit: "ms",
                values: figures.custodians),
            Measure(
                id: "search-vault-\(size)", what: "of search-warm: the vault finds and proves",
                unit: "ms", values: figures.vault),
        ]
    }

    /// The largest store beside the one a tenth of its size.
    static func growth(
        _ all: [(rows: Int, figures: SearchBench.Figures)]
    ) -> [Measure] {
        guard let last = all.last, let before = all.dropLast().last else { return [] }
        let name = "\(millions(before.rows)) to \(millions(last.rows))"
        return [
            Measure(
                id: "search-growth", what: "a warm search as rows grow from \(name)", unit: "ms",
                pairs: pairs(last.figures.warm, before.figures.warm), target: [.ratioAtMost(1.3)]),
            Measure(
                id: "search-growth-cold", what: "a cold one as rows grow from \(name)", unit: "ms",
                pairs: pairs(last.figures.cold, before.figures.cold), target: [.ratioAtMost(1.3)]),
        ]
    }

    private static func pairs(
        _ late: [(value: Double, reference: Double)], _ early: [(value: Double, reference: Double)]
    ) -> [(value: Double, reference: Double)] {
        zip(late.map(\.value).sorted(), early.map(\.value).sorted()).map {
            (value: $0, reference: $1)
        }
    }

    static func chart(_ all: [(rows: Int, figures: SearchBench.Figures)]) -> Chart {
        func line(
            _ name: String, _ runs: (SearchBench.Figures) -> [Double]
        ) -> Chart.Line {
            Chart.Line(
                name: name,
                points: all.map { (Double($0.rows) / 1_000_000, Measure.median(runs($0.figures))) })
        }
        return Chart(
            title: "One plate over 30 days at one site", x: "million rows in the store",
            y: "milliseconds",
            lines: [
                line("nothing in memory") { $0.cold.map(\.value) },
                line("720 SQLite look-ups, nothing in memory") { $0.cold.map(\.reference) },
                line("warm") { $0.warm.map(\.value) },
                line("720 SQLite look-ups, warm") { $0.warm.map(\.reference) },
            ], isLogarithmic: true)
    }
}
