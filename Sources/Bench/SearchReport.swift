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
                id: "search-70-first-\(size)",
                what: "the same for the first time, little of it in the page cache", unit: "ms",
                values: figures.first),
            Measure(
                id: "search-custodians-\(size)",
                what: "of search-warm: three custodians evaluate, log and seal", unit: "ms",
                values: figures.custodians),
            Measure(
                id: "search-vault-\(size)", what: "of search-warm: the vault finds and proves",
                unit: "ms", values: figures.vault),
        ]
    }

    /// From which size on a store must not make a search slower: the target is ten million rows to a
    /// hundred. What smaller ones do is shown beside it.
    private static let large = 10_000_000

    /// Each store beside the next smaller one.
    static func growth(
        _ all: [(rows: Int, figures: SearchBench.Figures)]
    ) -> [Measure] {
        zip(all, all.dropFirst()).flatMap { before, after in
            let size = millions(after.rows)
            let name = "\(millions(before.rows)) to \(size)"
            let target: [Bound] = before.rows >= large ? [.ratioAtMost(1.3)] : []
            return [
                Measure(
                    id: "search-growth-\(size)", what: "a warm search as rows grow from \(name)",
                    unit: "ms", pairs: pairs(after.figures.warm, before.figures.warm),
                    target: target),
                Measure(
                    id: "search-growth-cold-\(size)",
                    what: "a cold one as rows grow from \(name)", unit: "ms",
                    pairs: pairs(after.figures.cold, before.figures.cold), target: target),
            ]
        }
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
