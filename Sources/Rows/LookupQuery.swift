import Bytes
public import Plates
public import Secrets

/// One place to look: a cell, and which of the request's plates; or a whole cell.
public struct LookupItem: Hashable, Comparable, Sendable {
    /// What stands in a plate's place for all rows of a cell.
    static let whole: UInt8 = 0xff

    /// The cell.
    public let cell: Cell
    /// The plate's place in the request, 0 to 7; the vault learns no more of it.
    public let plate: UInt8

    /// Whether all rows of the cell are asked for, by no key.
    public var isWhole: Bool { plate == Self.whole }

    /// A whole cell.
    public init(whole cell: Cell) { self.init(cell: cell, plate: Self.whole) }

    /// An item.
    public init(cell: Cell, plate: UInt8) {
        self.cell = cell
        self.plate = plate
    }

    /// By cell, then plate.
    public static func < (left: Self, right: Self) -> Bool {
        left.cell == right.cell ? left.plate < right.plate : left.cell < right.cell
    }
}

/// What a requester asks of the vault: for each cell and plate the find key, in one guarded block
/// (Docs/Spec/Lookup.md). The vault learns which rows these keys name, and forgets the keys. Of a
/// cell that is asked for whole it learns no row.
///
/// Wire form: `request(32) ‖ window ‖ u32(items)`, each item as `u32(hour) ‖ u16(site) ‖ u8(plate)`,
/// strictly ascending and of the window's cells, and then the find keys in the same order, 32 bytes
/// each. A whole cell has the plate 0xff, no find key, and no other item.
public final class LookupQuery: Sendable, CustomStringConvertible, CustomReflectable {
    /// 32,768: items of one query, one MiB of find keys.
    public static let maximumItems = 32_768
    /// 8: plates of one request.
    public static let maximumPlates: UInt8 = 8

    /// The request's id.
    public let request: Digest
    /// All cells of the request, whether they are asked for or not.
    public let window: LookupWindow
    /// Where to look, strictly ascending.
    public let items: [LookupItem]
    private let finds: SecretBytes
    /// Where each item's find key stands; nil for whole cells.
    private let places: [Int?]

    /// A query whose block holds the find key of each item in turn, save those of whole cells. Throws
    /// `query-malformed` unless the items strictly ascend, are 1 to 32,768 of the window's cells with
    /// plates below 8, a whole cell is no other item's, and the block fits them.
    public init(
        request: Digest, window: LookupWindow, items: [LookupItem], finds: consuming SecretBytes
    ) throws(RowsError) {
        let keyed = items.count { !$0.isWhole }
        guard (1...Self.maximumItems).contains(items.count), finds.count == keyed * 32,
            items.allSatisfy({ $0.plate < Self.maximumPlates || $0.isWhole }),
            zip(items, items.dropFirst()).allSatisfy({
                $0 < $1 && !($1.isWhole && $0.cell == $1.cell)
            }), window.holds(items.lazy.map(\.cell))
        else { throw Self.malformed }
        self.request = request
        self.window = window
        self.items = items
        self.finds = finds
        var next = 0
        places = items.map { item in
            guard !item.isWhole else { return nil }
            defer { next += 1 }
            return next
        }
    }

    /// A query of whole cells, strictly ascending, without a key. Throws as the other.
    public convenience init(
        request: Digest, window: LookupWindow, whole cells: [Cell]
    ) throws(RowsError) {
        let none: SecretBytes
        do throws(SecretsError) {
            none = try SecretBytes(zeros: 0)
        } catch {
            throw RowsError(code: error.code, sentence: error.sentence)
        }
        try self.init(
            request: request, window: window, items: cells.map { LookupItem(whole: $0) },
            finds: none)
    }

    /// A query from its wire form, which is overwritten with zeros where nobody else holds it.
    /// Throws `query-malformed` and `memory-locked-out`.
    public convenience init(wiping bytes: inout [UInt8]) throws(RowsError) {
        let wire: SecretBytes
        do throws(SecretsError) {
            wire = try SecretBytes(wiping: &bytes)
        } catch {
            throw RowsError(code: error.code, sentence: error.sentence)
        }
        let header: (request: Digest, window: LookupWindow, items: [LookupItem])
        let finds: SecretBytes
        do {
            // Only what is no key is copied out.
            let cells = try Self.number(at: 64, in: wire)
            guard cells <= LookupWindow.maximumCells else { throw Self.malformed }
            let place = 68 + cells * LookupWindow.cellSize
            let count = try Self.number(at: place, in: wire)
            let start = place + 4 + count * 7
            guard count <= Self.maximumItems, start <= wire.count else { throw Self.malformed }
            header = try Self.header(try wire.openBytes(0..<start))
            finds = try wire.copy(start..<wire.count)
        } catch {
            throw Self.malformed
        }
        try self.init(
            request: header.request, window: header.window, items: header.items, finds: finds)
    }

    private static func number(at place: Int, in wire: borrowing SecretBytes) throws -> Int {
        guard place + 4 <= wire.count else { throw malformed }
        var reader = ByteReader(try wire.openBytes(place..<(place + 4)))
        return Int(try reader.u32())
    }

    private static func header(
        _ bytes: [UInt8]
    ) throws -> (request: Digest, window: LookupWindow, items: [LookupItem]) {
        var reader = ByteReader(bytes)
        let request = try reader.digest()
        let window = try reader.window()
        let count = try reader.u32()
        var items: [LookupItem] = []
        for _ in 0..<count {
            items.append(LookupItem(cell: try Cell(from: &reader), plate: try reader.u8()))
        }
        return (request, window, items)
    }

    /// The wire form, with the find keys in ordinary memory, as they go to the vault.
    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: 36 + window.wireSize + items.count * 39)
        writer.raw(request.bytes)
        writer.window(window)
        writer.u32(UInt32(items.count))
        for item in items {
            writer.raw(item.cell.encode())
            writer.u8(item.plate)
        }
        finds.withUnsafeBytes { writer.raw($0) }
        return writer.bytes
    }

    /// The label of the row with this counter, for the item at `index`. Throws `query-malformed`
    /// for an index that there is not, or of a whole cell.
    public func label(_ index: Int, run: RunID, counter: UInt64) throws(RowsError) -> Label {
        guard places.indices.contains(index), let place = places[index] else {
            throw Self.malformed
        }
        do throws(PlatesError) {
            return try finds.withUnsafeBytes { (finds) throws(PlatesError) in
                let find = finds[(place * 32)..<(place * 32 + 32)]
                return try Label.derive(
                    find: UnsafeRawBufferPointer(rebasing: find), run: run, counter: counter)
            }
        } catch {
            throw Self.malformed
        }
    }

    /// How much is asked for, and nothing of the keys.
    public var description: String { "look-up of \(items.count) items" }
    /// No children: a dump shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }

    static var malformed: RowsError {
        RowsError(code: "query-malformed", sentence: "this is no well-formed look-up")
    }
}
