import Bytes
public import Plates

/// The cells that a request names, with the salt that opens its commitment: so the vault sees that a
/// look-up asks for nothing else (Docs/Spec/Lookup.md). The vault answers in all of these cells, and
/// learns no more by it.
///
/// Wire form: `salt(32) ‖ u32(cells)`, each cell as `u32(hour) ‖ u16(site)`, strictly ascending.
public struct LookupWindow: Hashable, Sendable {
    /// 65,535: cells of one request.
    public static let maximumCells = 65_535

    /// The cells, strictly ascending.
    public let cells: [Cell]
    /// 32 bytes.
    public let salt: [UInt8]

    /// A window. Throws `query-malformed` unless 1 to 65,535 cells strictly ascend and the salt has
    /// 32 bytes.
    public init(cells: [Cell], salt: [UInt8]) throws(RowsError) {
        guard (1...Self.maximumCells).contains(cells.count), salt.count == 32,
            zip(cells, cells.dropFirst()).allSatisfy({ $0 < $1 })
        else { throw LookupQuery.malformed }
        self.cells = cells
        self.salt = salt
    }

    /// Whether all of some ascending cells are among these.
    func holds(_ asked: some Sequence<Cell>) -> Bool {
        var rest = cells[...]
        return asked.allSatisfy { cell in
            rest = rest.drop { $0 < cell }
            return rest.first == cell
        }
    }

    /// How many bytes the wire form has.
    var wireSize: Int { 36 + cells.count * Self.cellSize }
    static let cellSize = 6
}

extension ByteWriter {
    mutating func window(_ window: LookupWindow) {
        raw(window.salt)
        u32(UInt32(window.cells.count))
        for cell in window.cells { raw(cell.encode()) }
    }
}

extension ByteReader {
    mutating func window() throws -> LookupWindow {
        let salt = try raw(32)
        let count = Int(try u32())
        guard count <= LookupWindow.maximumCells else { throw LookupQuery.malformed }
        var cells: [Cell] = []
        for _ in 0..<count { cells.append(try Cell(from: &self)) }
        return try LookupWindow(cells: cells, salt: Array(salt))
    }
}
