import Plates
import Secrets

/// A body with a list of e_S, which can have hundreds.
protocol ItemizedBody: StatementBody {
    /// e_S for each day, plate and subset.
    var digests: [EvaluationItem] { get set }
}

extension EvaluationBody: ItemizedBody {}
extension CheckBody: ItemizedBody {}

/// The list of e_S in the JSON of a body, read and written by hand: `,"digests":[{"day":…,"e":"…",
/// "mask":…,"plate":…},…]`. Whatever is read so, the general reader reads alike.
enum ItemText {
    /// No string of the object can hold this: a quotation mark in one is escaped.
    private static let head = Array(#","digests":["#.utf8)

    /// The JSON of a body whose list has been taken out of it.
    static func encode(_ items: [EvaluationItem], in json: [UInt8]) -> [UInt8]? {
        guard let start = start(in: json) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(json.count + items.count * 112)
        bytes += json[..<start]
        for (place, item) in items.enumerated() {
            if place > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += #"{"day":"#.utf8
            bytes += String(item.day.number).utf8
            bytes += #","e":""#.utf8
            bytes += item.e.hex.utf8
            bytes += #"","mask":"#.utf8
            bytes += String(item.mask.bits).utf8
            bytes += #","plate":"#.utf8
            bytes += String(item.plate).utf8
            bytes.append(UInt8(ascii: "}"))
        }
        bytes += json[start...]
        return bytes
    }

    /// The list in the JSON of a body, and the JSON without it; nil where either is another than
    /// `encode` writes.
    static func decode(_ json: [UInt8]) -> (items: [EvaluationItem], rest: [UInt8])? {
        guard let start = start(in: json) else { return nil }
        var reader = PlainReader(json, at: start)
        var items: [EvaluationItem] = []
        if !reader.take("]") {
            repeat {
                guard let item = item(&reader) else { return nil }
                items.append(item)
            } while reader.take(",")
            guard reader.take("]") else { return nil }
        }
        return (items, Array(json[..<start]) + json[(reader.place - 1)...])
    }

    private static let day = Array(#"{"day":"#.utf8)
    private static let digest = Array(#","e":""#.utf8)
    private static let mask = Array(#"","mask":"#.utf8)
    private static let plate = Array(#","plate":"#.utf8)

    private static func item(_ reader: inout PlainReader) -> EvaluationItem? {
        guard reader.take(Self.day), let number = reader.number(),
            let day = Day(plainNumber: Int64(number)), reader.take(Self.digest),
            let hex = reader.read(2 * Digest.size), let e = Digest(hex: hex),
            reader.take(Self.mask), let bits = reader.number(),
            let mask = SubsetMask(plainNumber: Int64(bits)), reader.take(Self.plate),
            let plate = reader.number(), reader.take("}")
        else { return nil }
        return EvaluationItem(day: day, plate: Int(plate), mask: mask, e: e)
    }

    /// Where the list's first item stands, or the bracket that ends it.
    private static func start(in json: [UInt8]) -> Int? {
        guard json.count >= head.count else { return nil }
        for place in 0...(json.count - head.count)
        where json[place] == head[0] && json[place..<(place + head.count)].elementsEqual(head) {
            return place + head.count
        }
        return nil
    }
}
