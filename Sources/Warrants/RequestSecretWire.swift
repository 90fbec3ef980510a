import Bytes
import Plates
public import Secrets

// The wire form of a request's secret, in one file with nothing else.

extension RequestSecret {
    /// The JSON object but for its first member, `cells`; byte strings in hex.
    private struct Wire: Codable {
        var docket: String
        var docketSalt: String
        var fold: Fold
        var plates: [Item]
        var replyKey: Digest
        var requester: String
        var windowSalt: String

        struct Item: Codable {
            var plate: String
            var salt: String
        }
    }

    /// The wire form, in guarded memory. Throws `secret-malformed` where there is no memory.
    public func encode() throws(Refusal) -> SecretBytes {
        var rest = try CanonicalJSON.encode(
            Wire(
                docket: docket, docketSalt: Hex.encode(docketSalt),
                fold: plates.first?.fold ?? .letterOAsZero,
                plates: zip(plates, plateSalts).map {
                    Wire.Item(plate: $0.text, salt: Hex.encode($1))
                }, replyKey: replyKey, requester: requester, windowSalt: Hex.encode(windowSalt)))
        defer { for index in rest.indices { rest[index] = 0 } }
        var bytes = CellText.encode(cells, before: rest)
        // Where there is no locked memory, nobody else wipes it.
        defer { for index in bytes.indices { bytes[index] = 0 } }
        do {
            return try SecretBytes(wiping: &bytes)
        } catch {
            throw Refusal(.secretMalformed, "no locked memory for the request's secret")
        }
    }

    /// A secret from its wire form. Throws `secret-malformed` for anything `encode` would not have
    /// written, `plate-not-exact` for a plate that is not in normal form.
    public convenience init(wire: borrowing SecretBytes) throws(Refusal) {
        var bytes = wire.withUnsafeBytes { Array($0) }
        defer { for index in bytes.indices { bytes[index] = 0 } }
        guard let (cells, start) = CellText.decode(bytes) else { throw Self.otherForm }
        var rest = [UInt8(ascii: "{")] + bytes[start...]
        defer { for index in rest.indices { rest[index] = 0 } }
        let parts: Wire
        do {
            parts = try CanonicalJSON.decode(Wire.self, from: rest)
        } catch {
            throw Self.otherForm
        }
        var plates: [Plate] = []
        for (place, item) in parts.plates.enumerated() {
            guard let plate = try? Plate(kept: item.plate, fold: parts.fold) else {
                throw Refusal(.plateNotExact, "plate \(place + 1) is not in normal form")
            }
            plates.append(plate)
        }
        let salts = parts.plates.compactMap { Hex.decode($0.salt) }
        guard RosterCheck.isAscending(cells), let windowSalt = Hex.decode(parts.windowSalt),
            let docketSalt = Hex.decode(parts.docketSalt)
        else { throw Refusal(.secretMalformed, "the request's secret has a bad salt or cell") }
        try self.init(
            requester: parts.requester, replyKey: parts.replyKey, plates: plates,
            plateSalts: salts, cells: cells, windowSalt: windowSalt, docket: parts.docket,
            docketSalt: docketSalt)
    }

    private static var otherForm: Refusal {
        Refusal(.secretMalformed, "the request's secret is not in its one JSON form")
    }
}

/// The first member of the JSON object, `{"cells":[[hour,site],…],`, read and written by hand: a
/// request has thousands of cells, and a general reader makes a box for every number.
private enum CellText {
    private static let head = Array(#"{"cells":["#.utf8)

    /// The whole object; `rest` is one with all other members.
    static func encode(_ cells: [Cell], before rest: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        // No number is longer, so that nothing is copied and left behind on the way.
        bytes.reserveCapacity(head.count + cells.count * 20 + rest.count + 2)
        bytes += head
        for (place, cell) in cells.enumerated() {
            if place > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(UInt8(ascii: "["))
            append(cell.hour.number, to: &bytes)
            bytes.append(UInt8(ascii: ","))
            append(UInt32(cell.site.number), to: &bytes)
            bytes.append(UInt8(ascii: "]"))
        }
        bytes.append(UInt8(ascii: "]"))
        bytes.append(UInt8(ascii: ","))
        bytes += rest.dropFirst()
        return bytes
    }

    private static func append(_ number: UInt32, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: String(number).utf8)
    }

    /// The cells, and where the next member begins; nil for anything that `encode` does not write.
    static func decode(_ bytes: [UInt8]) -> (cells: [Cell], rest: Int)? {
        guard bytes.starts(with: head) else { return nil }
        var reader = PlainReader(bytes, at: head.count)
        var cells: [Cell] = []
        if !reader.take("]") {
            repeat {
                guard reader.take("["), let hour = reader.number(), reader.take(","),
                    let number = reader.number(), let site = UInt16(exactly: number),
                    reader.take("]")
                else { return nil }
                cells.append(Cell(hour: Hour(number: hour), site: SiteNumber(number: site)))
            } while reader.take(",")
            guard reader.take("]") else { return nil }
        }
        return reader.take(",") ? (cells, reader.place) : nil
    }
}
