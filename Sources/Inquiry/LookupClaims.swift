import Plates
import Rows
import Warrants

/// What the vault answered, in its order, for several threads; nothing of it is verified.
struct LookupClaims: Sendable {
    /// How many answers.
    let count: Int
    /// The cells of which it handed out all rows.
    let whole: Set<Cell>
    private let decoded: [LookupAnswer]
    private let wires: [[UInt8]]

    /// Answers that are decoded.
    init(_ found: [LookupAnswer]) {
        count = found.count
        whole = Set(found.map(\.item).filter(\.isWhole).map(\.cell))
        decoded = found
        wires = []
    }

    /// Answers as they came to a query. Each is decoded where it is looked at, and forgotten there; but
    /// those of whole cells are answers for several plates, and decoded here, as are all where there are
    /// more than anybody asks for. Throws `answer-malformed`.
    init(_ wires: [[UInt8]], to query: LookupQuery) throws(RowsError) {
        guard wires.count <= query.items.count, !wires.contains(where: LookupAnswer.isWhole) else {
            self.init(
                try Lanes.map(wires) { (wire) throws(RowsError) in try LookupAnswer(wire: wire) })
            return
        }
        self.init(count: wires.count, whole: [], decoded: [], wires: wires)
    }

    private init(count: Int, whole: Set<Cell>, decoded: [LookupAnswer], wires: [[UInt8]]) {
        self.count = count
        self.whole = whole
        self.decoded = decoded
        self.wires = wires
    }

    /// The answer at a place; nil beyond the last. Throws `answer-malformed`.
    func answer(at place: Int) throws(RowsError) -> LookupAnswer? {
        guard (0..<count).contains(place) else { return nil }
        return wires.isEmpty ? decoded[place] : try LookupAnswer(wire: wires[place])
    }
}
