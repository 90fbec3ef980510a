/// Bars over time or by name as SVG in the page, with a table of the same numbers beneath, which is
/// what screen readers are given. Colours are the style sheet's.
public struct Chart: Part {
    /// One bar.
    public struct Bar: Sendable {
        /// What it stands for.
        public var name: String
        /// How much.
        public var value: Int
        /// Where the entries stand that make it up.
        public var href: String?

        /// A bar of its parts.
        public init(_ name: String, _ value: Int, href: String? = nil) {
            self.name = name
            self.value = value
            self.href = href
        }
    }

    /// What it shows.
    public var title: String
    /// What the names are: `Day`.
    public var names: String
    /// What the values are: `Searches`.
    public var unit: String
    /// The bars.
    public var bars: [Bar]
    /// Whether they lie, one below the other, with their names; else they stand, for a row of days.
    public var isLying: Bool

    /// A chart of its parts.
    public init(_ title: String, names: String, unit: String, bars: [Bar], isLying: Bool = true) {
        self.title = title
        self.names = names
        self.unit = unit
        self.bars = bars
        self.isLying = isLying
    }

    /// For the partial `chart`: the drawing, and the table in a `details` that opens.
    public var values: Values {
        let table = Table(
            title, heads: [names, unit],
            rows: bars.map { [Table.Cell($0.name, href: $0.href), Table.Cell($0.value)] },
            numbers: [1], hidesCaption: true)
        return [
            "title": .text(title), "isEmpty": .flag(bars.isEmpty),
            "svg": .markup(isLying ? lying : standing), "table": .of(table),
        ]
    }

    private var most: Int { max(1, bars.map(\.value).max() ?? 1) }

    /// Names left, bars right of them, values at their ends. Only numbers and escaped text go in.
    private var lying: Markup {
        let (left, width, line) = (195, 440, 28)
        let rows = bars.enumerated().map { place, bar in
            let length = bar.value * (width - left - 60) / most
            let y = place * line
            let name = PlainText.exact(PlainText.harmless(Self.short(bar.name)))
            return """
                <text class="name" x="\(left - 10)" y="\(y + 19)">\(name)</text>\
                <rect class="bar" x="\(left)" y="\(y + 5)" width="\(max(2, length))" height="18" rx="2"/>\
                <text class="value" x="\(left + max(2, length) + 7)" y="\(y + 19)">\
                \(bar.value.parted)</text>
                """
        }
        return Self.svg(width, max(line, bars.count * line), rows, kind: "lying")
    }

    /// A bar for each name in a row, the first, middle and last of them named.
    private var standing: Markup {
        let (width, height, base) = (440, 170, 140)
        let step = Double(width) / Double(max(1, bars.count))
        let named: Set = [0, bars.count / 2, bars.count - 1]
        let columns = bars.enumerated().map { place, bar in
            let tall = bar.value == 0 ? 0 : max(2, bar.value * 110 / most)
            let x = Int(Double(place) * step)
            var text = """
                <rect class="bar" x="\(x + 1)" y="\(base - tall)" width="\(max(2, Int(step) - 2))" \
                height="\(tall)" rx="1"/>
                """
            if named.contains(place) {
                let anchor = place == 0 ? "start" : place == bars.count - 1 ? "end" : "middle"
                let at = place == 0 ? 0 : place == bars.count - 1 ? width : x + Int(step / 2)
                let name = PlainText.exact(PlainText.harmless(bar.name))
                text += "<text x=\"\(at)\" y=\"160\" text-anchor=\"\(anchor)\">\(name)</text>"
            }
            return text
        }
        let frame = """
            <line class="axis" x1="0" y1="\(base)" x2="\(width)" y2="\(base)"/>\
            <text class="value" x="0" y="20">\((bars.map(\.value).max() ?? 0).parted)</text>\
            <line class="grid" x1="0" y1="30" x2="\(width)" y2="30"/>
            """
        return Self.svg(width, height, [frame] + columns, kind: "standing")
    }

    private static func short(_ name: String) -> String {
        name.count <= 25 ? name : name.prefix(24) + "…"
    }

    private static func svg(
        _ width: Int, _ height: Int, _ parts: [String], kind: String
    ) -> Markup {
        Markup(
            own: """
                <svg class="chart \(kind)" viewBox="0 0 \(width) \(height)" aria-hidden="true" \
                focusable="false">\(parts.joined())</svg>
                """)
    }
}
