/// Reads the canonical JSON of long lists by hand, mark by mark and number by number: a general reader
/// makes a box for everything in them. It takes only what `CanonicalJSON` writes.
struct PlainReader {
    private let bytes: [UInt8]
    /// Where the next byte stands.
    private(set) var place: Int

    init(_ bytes: [UInt8], at place: Int) {
        self.bytes = bytes
        self.place = place
    }

    /// Whether a mark stands here; it is passed then.
    mutating func take(_ mark: Unicode.Scalar) -> Bool {
        guard place < bytes.count, bytes[place] == UInt8(ascii: mark) else { return false }
        place += 1
        return true
    }

    /// Whether some bytes stand here; they are passed then.
    mutating func take(_ text: [UInt8]) -> Bool {
        guard let part = next(text.count), part.elementsEqual(text) else { return false }
        place += text.count
        return true
    }

    /// So many bytes, which are passed; nil where there are fewer.
    mutating func read(_ count: Int) -> ArraySlice<UInt8>? {
        guard let part = next(count) else { return nil }
        place += count
        return part
    }

    /// A number below 2^32: no sign, no zero in front, no fraction.
    mutating func number() -> UInt32? {
        let start = place
        var number: UInt64 = 0
        while place < bytes.count, place - start < 11,
            case let digit = bytes[place] &- UInt8(ascii: "0"), digit < 10
        {
            number = number * 10 + UInt64(digit)
            place += 1
        }
        guard place > start, place - start == 1 || bytes[start] != UInt8(ascii: "0") else {
            return nil
        }
        return UInt32(exactly: number)
    }

    private func next(_ count: Int) -> ArraySlice<UInt8>? {
        count <= bytes.count - place ? bytes[place..<(place + count)] : nil
    }
}
