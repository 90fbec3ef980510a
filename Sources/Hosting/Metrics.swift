import Bytes

/// A page of Prometheus' text format (version 0.0.4), made anew for each question.
///
///     # HELP platevault_rows_kept_total rows that are durable
///     # TYPE platevault_rows_kept_total counter
///     platevault_rows_kept_total 415
public struct MetricsPage: Sendable {
    /// What a number does over time.
    public enum Kind: String, Sendable {
        /// It only grows, and starts anew with the program.
        case counter
        /// It goes up and down.
        case gauge
    }

    /// The page's text so far.
    public private(set) var text = ""

    /// An empty page.
    public init() {}

    /// Adds one number.
    public mutating func add(
        _ name: StaticString, _ kind: Kind, _ help: StaticString, _ value: some BinaryInteger
    ) {
        head(name, kind, help)
        text += "platevault_\(name) \(value)\n"
    }

    /// Adds one number for each word of a label. Words are the program's or the roster's: what does
    /// not look like one is left out.
    public mutating func add(
        _ name: StaticString, _ kind: Kind, _ help: StaticString, by label: StaticString,
        _ values: [String: some BinaryInteger]
    ) {
        head(name, kind, help)
        for (word, value) in values.sorted(by: { $0.key < $1.key }) where word.isWord(most: 64) {
            text += "platevault_\(name){\(label)=\"\(word)\"} \(value)\n"
        }
    }

    private mutating func head(_ name: StaticString, _ kind: Kind, _ help: StaticString) {
        text += "# HELP platevault_\(name) \(help)\n# TYPE platevault_\(name) \(kind.rawValue)\n"
    }
}
