import Plates

/// The chosen inputs of one generation's vectors; whatever is random is drawn from a stream named
/// after it.
struct Scenario {
    let n: Int
    let t: Int
    let generation: UInt32
    let first: UInt32
    let origin: String
    /// Days after the first, hour of day, site; ascending.
    let cells: [(day: UInt32, hour: UInt8, site: UInt16)]
    /// Which of the cells the evaluation names; they span two days at least.
    let evaluated: [Int]
    /// The plate of the evaluation, as read.
    let asked: String

    /// One scenario for each quorum that exists.
    static let all = [
        Scenario(
            n: 3, t: 2, generation: 1, first: 20_780, origin: "example.org/vault.demo",
            cells: [(0, 0, 0), (0, 23, 1), (1, 0, 1), (6, 12, 65_535)],
            evaluated: [0, 1, 2], asked: "K00L 8"),
        Scenario(
            n: 5, t: 3, generation: 2, first: 20_780, origin: "example.org/vault.demo",
            cells: [(0, 5, 3), (3, 17, 3), (3, 17, 4), (4, 0, 3)],
            evaluated: [1, 2, 3], asked: "abc·12О"),
        Scenario(
            n: 7, t: 4, generation: 70_000, first: 20_799, origin: "vault.example.net",
            cells: [(0, 9, 258), (9, 23, 258), (27, 1, 7)],
            evaluated: [0, 1, 2], asked: "กข 1234"),
    ]

    /// The plates as read: Latin with a Cyrillic look-alike, Thai, O against 0, full-width forms,
    /// the longest. The first cell has all of them, the others three each.
    static let plates = [
        "abc·12О", "กข 1234", "KO0L-8", "K00L 8", "ＡＢ　７", "Z", "MMMMMMMM12345678",
    ]

    /// The plates of the cell at `index`; always with the one that is asked for.
    func plates(at index: Int) -> [String] {
        guard index > 0 else { return Self.plates }
        let few = (0..<2).map { Self.plates[($0 * 2 + index) % Self.plates.count] }
        return few.contains(asked) ? few : [asked] + few
    }

    /// The cell at `index`.
    func cell(_ index: Int) -> Cell {
        let (day, hour, site) = cells[index]
        return Cell(
            hour: Hour(number: (first + day) * 24 + UInt32(hour)),
            site: SiteNumber(number: site))
    }
}
