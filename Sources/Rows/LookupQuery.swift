import Bytes
public import Plates
public import Secrets

/// One place to look: a cell, and which of the request's plates.
public struct LookupItem: Hashable, Comparable, Sendable {
    /// The cell.
    public let cell: Cell
    /// The plate's place in the request, 0 to 7; the vault learns no more of it.
    public let plate: UInt8

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
/// (Docs/Spec/Lookup.md). The vault learns which rows these keys name, and forgets the keys.
///
/// Wire form: `request(32) ‖ u32(items)`, each item as `u32(hour) ‖ u16(site) ‖ u8(plate)`, strictly
/// ascending, and then the find keys in the same order, 32 bytes each.
public final class LookupQuery: Sendable, CustomStringConvertible, CustomReflectable {
    /// 32,768: items of one query, one MiB of find keys.
    public static let maximumItems = 32_768
    /// 8: plates of one request.
    public static let maximumPlates: UInt8 = 8

    /// The request's id.
    public let request: Digest
    /// Where to look, strictly ascending.
    public let items: [LookupItem]
    private let finds: SecretBytes

    /// A query whose block holds the find key of each item in turn. Throws `query-malformed` unless
    /// the items strictly ascend, are 1 to 32,768 with plates below 8, and the block fits them.
    public init(
        request: Digest, items: [LookupItem], finds: consuming SecretBytes
    ) throws(RowsError) {
        guard (1...Self.maximumItems).contains(items.count), finds.count == items.count * 32,
            items.allSatisfy({ $0.plate < Self.maximumPlates }),
            zip(items, items.dropFirst()).allSatisfy({ $0 < $1 })
        else { throw Self.malformed }
        self.request = request
        self.items = items
        self.finds = finds
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
        let start: Int
        let header: (Digest, [LookupItem])
        let finds: SecretBytes
        do {
            guard wire.count >= 36 else { throw Self.malformed }
            var counter = ByteReader(try wire.openBytes(32..<36))
            let count = Int(try counter.u32())
            guard count <= Self.maximumItems, wire.count == 36 + count * 39 else {
                throw Self.malformed
            }
            start = 36 + count * 7
            header = try Self.header(try wire.openBytes(0..<start), count)
            finds = try wire.copy(start..<wire.count)
        } catch {
            throw Self.malformed
        }
        try self.init(request: header.0, items: header.1, finds: finds)
    }

    private static func header(_ bytes: [UInt8], _ count: Int) throws -> (Digest, [LookupItem]) {
        var reader = ByteReader(bytes)
        let request = try reader.digest()
        _ = try reader.u32()
        var items: [LookupItem] = []
        for _ in 0..<count {
            items.append(LookupItem(cell: try Cell(from: &reader), plate: try reader.u8()))
        }
        return (request, items)
    }

    /// The wire form, with the find keys in ordinary memory, as they go to the vault.
    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: 36 + items.count * 39)
        writer.raw(request.bytes)
        writer.u32(UInt32(items.count))
        for item in items {
            writer.raw(item.cell.encode())
            writer.u8(item.plate)
        }
        finds.withUnsafeBytes { writer.raw($0) }
        return writer.bytes
    }

    /// The label of the row with this counter, for the item at `index`. Throws `query-malformed`
    /// for an index that there is not.
    public func label(_ index: Int, run: RunID, counter: UInt64) throws(RowsError) -> Label {
        guard items.indices.contains(index) else { throw Self.malformed }
        do throws(PlatesError) {
            return try finds.withUnsafeBytes { (finds) throws(PlatesError) in
                let find = finds[(index * 32)..<(index * 32 + 32)]
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

    private static var malformed: RowsError {
        RowsError(code: "query-malformed", sentence: "this is no well-formed look-up")
    }
}
