import Plates

/// The plates of one cell, numbered from 0 in the order of their first sight, each with a counter:
/// 24 bytes, and 5 to 11 more to find them by. In ordinary memory, as every read is.
struct PlateIndex {
    /// How many plates of one chunk; chunks are not moved when the index grows.
    private static let chunk = 1_024

    /// A plate of at most 15 bytes, as nearly all are, in place: no reference, no copy elsewhere.
    private struct Name: Equatable {
        private var low: UInt64 = 0
        private var high: UInt64 = 0

        /// Of no plate.
        init() {}

        init?(_ plate: Plate) {
            let bytes = plate.utf8Bytes
            guard (1...15).contains(bytes.count) else { return nil }
            withUnsafeMutableBytes(of: &self) { name in
                name[0] = UInt8(bytes.count) | (plate.fold == .none ? 0x80 : 0)
                bytes.withUnsafeBytes {
                    UnsafeMutableRawBufferPointer(rebasing: name[1...]).copyMemory(from: $0)
                }
            }
        }

        /// Multilinear multiply-shift (Dietzfelbinger): of two names, whoever chose them, 64 bits begin
        /// alike as rarely as if they were drawn, as long as nobody knows the factors.
        func hash(_ factors: (UInt128, UInt128)) -> UInt64 {
            let sum = UInt128(low) &* factors.0 &+ UInt128(high) &* factors.1
            return UInt64(truncatingIfNeeded: sum >> 64)
        }
    }

    private struct Entry {
        let name: Name
        var counter: UInt64 = 0
    }

    private var chunks: [[Entry]] = []
    /// Open addressing: a plate's number and one, 0 where nothing is. Its size is a power of two.
    private var table = [UInt32](repeating: 0, count: 16)
    private let factors = (
        UInt128.random(in: .min ... .max), UInt128.random(in: .min ... .max)
    )
    /// The numbers of longer plates.
    private var long: [Plate: Int] = [:]

    /// How many plates there are.
    private(set) var count = 0

    /// A plate's number; nil where it was never seen.
    func number(of plate: Plate) -> Int? {
        guard let name = Name(plate) else { return long[plate] }
        let found = table[place(of: name)]
        return found == 0 ? nil : Int(found) - 1
    }

    /// The number of a plate that has none yet; its counter is 0.
    mutating func add(_ plate: Plate) -> Int {
        let name = Name(plate)
        if count % Self.chunk == 0 {
            var entries: [Entry] = []
            entries.reserveCapacity(count == 0 ? 16 : Self.chunk)
            chunks.append(entries)
        }
        chunks[count / Self.chunk].append(Entry(name: name ?? Name()))
        count += 1
        if let name {
            if 4 * count > 3 * table.count { grow() }
            table[place(of: name)] = UInt32(count)
        } else {
            long[plate] = count - 1
        }
        return count - 1
    }

    /// The next counter of a plate by its number.
    subscript(counter number: Int) -> UInt64 {
        get { chunks[number / Self.chunk][number % Self.chunk].counter }
        set { chunks[number / Self.chunk][number % Self.chunk].counter = newValue }
    }

    /// Where a name stands in the table, or would.
    private func place(of name: Name) -> Int {
        let bits = UInt64(table.count.trailingZeroBitCount)
        var place = Int(truncatingIfNeeded: name.hash(factors) >> (64 - bits))
        while table[place] != 0 {
            let number = Int(table[place]) - 1
            if chunks[number / Self.chunk][number % Self.chunk].name == name { break }
            place = (place + 1) & (table.count - 1)
        }
        return place
    }

    private mutating func grow() {
        table = [UInt32](repeating: 0, count: 2 * table.count)
        // The newest one is not in the table yet: `add` puts it there.
        for number in 0..<(count - 1) {
            let name = chunks[number / Self.chunk][number % Self.chunk].name
            if name != Name() { table[place(of: name)] = UInt32(number + 1) }
        }
    }
}
