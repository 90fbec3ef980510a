import Plates

/// Repeatable numbers, fast (splitmix64): for workloads, never for keys.
struct Splitmix: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }
}

/// The reads of one day: which plate passes when.
struct Workload {
    /// Who drives.
    enum Kind: String, CaseIterable {
        /// As a real city's week of reads: 94 % of a day's plates once, 5 % twice, and 1 % so often
        /// that they are 11 % of all reads.
        case realistic
        /// Every plate once.
        case distinct
        /// One plate only.
        case single
    }

    /// The part of a day's mean that each hour has: uneven, with a peak of three times the mean.
    static let hours: [Double] = [
        0.2, 0.1, 0.1, 0.1, 0.2, 0.5, 1.0, 1.8, 1.6, 1.1, 0.9, 0.9, 1.0, 1.0, 1.2, 1.6, 2.2, 3.0,
        1.9, 1.2, 0.9, 0.7, 0.5, 0.3,
    ]

    /// The plates in the order in which they pass.
    let plates: [UInt32]

    /// A day of so many reads; the same seed gives the same day.
    init(_ kind: Kind, reads: Int, seed: UInt64) {
        var random = Splitmix(seed)
        switch kind {
        case .single: plates = [UInt32](repeating: 1, count: reads)
        case .distinct:
            let first = UInt32(truncatingIfNeeded: random.next() >> 34)
            plates = (0..<reads).map { first &+ UInt32($0) }
        case .realistic:
            var drawn = Self.realistic(reads, from: UInt32(truncatingIfNeeded: random.next() >> 34))
            drawn.shuffle(using: &random)
            plates = drawn
        }
    }

    /// Each plate as often as it passes: 0.94 p + 0.05 p × 2 + 0.11 r = r reads of p plates.
    private static func realistic(_ reads: Int, from first: UInt32) -> [UInt32] {
        let count = Double(reads) * 0.89 / 1.04
        let (twice, often) = (Int(count * 0.05), max(1, Int(count * 0.01)))
        let busy = Int(Double(reads) * 0.11)
        let once = max(0, reads - busy - 2 * twice)
        var result: [UInt32] = []
        result.reserveCapacity(reads)
        var next = first
        for _ in 0..<once {
            result.append(next)
            next &+= 1
        }
        for _ in 0..<twice {
            result += [next, next]
            next &+= 1
        }
        for place in 0..<max(0, reads - result.count) {
            result.append(next &+ UInt32(place % often))
        }
        return result
    }

    /// The reads of each hour of the day, as places in `plates`.
    var hours: [Range<Int>] {
        var ranges: [Range<Int>] = []
        var sum = 0.0
        var start = 0
        for part in Self.hours {
            sum += part
            let end = ranges.count == 23 ? plates.count : Int(Double(plates.count) * sum / 24)
            ranges.append(start..<max(start, end))
            start = max(start, end)
        }
        return ranges
    }

    private static let letters = Array("ABCDEFGHIJKLMNPQRSTUVWXYZ".utf8)

    /// The plate of a number, such as `KLM4711`: another one for each number below 156,250,000. No O,
    /// which is filed as 0.
    static func text(of number: UInt32) -> String {
        String(decoding: bytes(of: number), as: UTF8.self)
    }

    /// The seven bytes of that text.
    static func bytes(of number: UInt32) -> [UInt8] {
        // A step that is prime to their number goes through all of them in no order to be seen.
        var rest = UInt64(number) % 156_250_000 * 66_666_667 % 156_250_000
        return [UInt8](unsafeUninitializedCapacity: 7) { bytes, count in
            for place in 0..<3 {
                bytes[place] = letters[Int(rest % 25)]
                rest /= 25
            }
            for place in (3..<7).reversed() {
                bytes[place] = 0x30 + UInt8(rest % 10)
                rest /= 10
            }
            count = 7
        }
    }

    /// A passage as an engine tells of it, with what it saw of the vehicle.
    static func read(
        _ text: String, seen: Timestamp, camera: Int, fold: Fold
    ) throws -> Read {
        var fields = Read.Fields(
            asRead: text, plate: try Plate(normalizing: text, fold: fold),
            camera: "camera-\(camera)", deviceTime: seen,
            receivedTime: seen.adding(milliseconds: 300))
        fields.confidence = 9_126
        fields.candidates = [
            Candidate(text: String(text.dropLast()) + "8", confidence: 8_210),
            Candidate(text: "8" + text.dropFirst(), confidence: 7_933),
        ]
        fields.place = Place(latitude: 407_128_000, longitude: -740_060_000)
        fields.vehicle = Vehicle(
            make: "toyota", model: "toyota_prius", color: "silver-gray", type: "sedan-standard")
        fields.region = "us-ny"
        fields.direction = 270
        return try Read(fields)
    }
}
