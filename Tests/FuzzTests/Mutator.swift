import Secrets

/// Mutations of byte strings that follow from a name: the same run finds the same inputs.
struct Mutator {
    /// Bytes that parsers are apt to stumble over.
    private static let words: [[UInt8]] = [
        [], [0], [0xff], [0x0a], [0x0d, 0x0a], [0x22], [0x5c], [0x7b], [0x5d], [0x3c], [0x3e],
        [0x26], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xef, 0xbb, 0xbf], [0xff, 0xff, 0xff, 0xff],
        [0, 0, 0, 0], [0x7f, 0xff, 0xff, 0xff], [0x80, 0, 0, 0, 0, 0, 0, 0],
        Array("99999999999999999999".utf8), Array("-1".utf8), Array("1e999".utf8),
        Array("\r\n--b".utf8), Array("\r\n--b--".utf8), Array("<!DOCTYPE".utf8),
        Array("<![CDATA[".utf8), Array("&#x41;".utf8), Array("null".utf8), Array("\n\n".utf8),
    ]
    /// The longest input that mutations make of a seed.
    static let longest = 1 << 16

    private let random: SeededRandom

    init(_ name: String) { random = SeededRandom(name) }

    func draw(below limit: Int) -> Int {
        guard limit > 0 else { return 0 }
        let value = random.bytes(4).reduce(0) { $0 << 8 | Int($1) }
        return value % limit
    }

    /// One to eight changes to one of the seeds.
    func next(_ seeds: [[UInt8]]) -> [UInt8] {
        var bytes = seeds[draw(below: seeds.count)]
        for _ in 0...draw(below: 8) { change(&bytes, seeds) }
        return Array(bytes.prefix(Self.longest))
    }

    private func change(_ bytes: inout [UInt8], _ seeds: [[UInt8]]) {
        let place = draw(below: bytes.count + 1)
        let end = min(bytes.count, place + draw(below: 1 + draw(below: 64)))
        switch draw(below: 7) {
        case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8(draw(below: 8))
        case 1 where place < bytes.count: bytes[place] = UInt8(draw(below: 256))
        case 2: bytes.removeSubrange(place..<end)
        case 3: bytes.insert(contentsOf: bytes[place..<end], at: draw(below: bytes.count + 1))
        case 4: bytes.replaceSubrange(place..<end, with: Self.words[draw(below: Self.words.count)])
        case 5: bytes.removeSubrange(place...)
        default:
            // The end of another seed, or of the same.
            let other = seeds[draw(below: seeds.count)]
            bytes.replaceSubrange(place..., with: other[draw(below: other.count + 1)...])
        }
    }
}
