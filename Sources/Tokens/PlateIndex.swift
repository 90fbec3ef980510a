import Plates

/// The plates of one cell, numbered from 0 in the order of their first sight, each with a counter:
/// 24 bytes, 24 KiB at least, and 11 to 21 bytes each to find them by. In ordinary memory, as every
/// read is.
///
/// Whoever stands before a camera chooses the names, and not where they stand here: that is drawn anew
/// for each index, which lives for an hour. A step too many costs a hundredth of sealing a row.
struct PlateIndex: ~Copyable, @unchecked Sendable {
    // Unchecked: the chunks have one owner, and only `mutating` calls write to them.
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
            for byte in bytes.prefix(8) { low = low << 8 | UInt64(byte) }
            for byte in bytes.dropFirst(8) { high = high << 8 | UInt64(byte) }
            high |= UInt64(bytes.count) << 56 | (plate.fold == .none ? 1 << 63 : 0)
        }

        /// Multilinear multiply-shift (Dietzfelbinger): of two names, whoever chose them, the first bits
        /// are alike as rarely as if they were drawn, as long as nobody knows the factors.
        func hash(_ factors: (UInt128, UInt128)) -> UInt32 {
            let sum = UInt128(low) &* factors.0 &+ UInt128(high) &* factors.1
            return UInt32(truncatingIfNeeded: sum >> 96)
        }
    }

    private struct Entry {
        let name: Name
        var counter: UInt64 = 0
    }

    /// Where a plate is found: its name's hash and its number and one; of number 0 where nothing is.
    private struct Slot {
        var hash: UInt32 = 0
        var number: UInt32 = 0
    }

    private let factors = (
        UInt128.random(in: .min ... .max), UInt128.random(in: .min ... .max)
    )
    private var chunks: [UnsafeMutablePointer<Entry>] = []
    /// Open addressing. Its size is a power of two, and a hash's place its first bits.
    private var table = [Slot](repeating: Slot(), count: 16)
    private var shift = UInt32(32 - 4)
    /// The numbers of longer plates.
    private var long: [Plate: Int] = [:]

    /// How many plates there are.
    private(set) var count = 0

    /// No plate.
    init() {}

    /// A plate's number; nil where it was never seen.
    borrowing func number(of plate: Plate) -> Int? {
        guard let name = Name(plate) else { return long[plate] }
        let found = table[place(of: name, name.hash(factors))].number
        return found == 0 ? nil : Int(found) - 1
    }

    /// The number of a plate that has none yet; its counter is 0.
    mutating func add(_ plate: Plate) -> Int {
        let name = Name(plate)
        if count % Self.chunk == 0 {
            chunks.append(UnsafeMutablePointer<Entry>.allocate(capacity: Self.chunk))
        }
        (chunks[count / Self.chunk] + count % Self.chunk)
            .initialize(to: Entry(name: name ?? Name()))
        count += 1
        if let name {
            if 4 * count > 3 * table.count { grow() }
            let hash = name.hash(factors)
            table[place(of: name, hash)] = Slot(hash: hash, number: UInt32(count))
        } else {
            long[plate] = count - 1
        }
        return count - 1
    }

    /// The next counter of a plate by its number.
    subscript(counter number: Int) -> UInt64 {
        get { entry(number).pointee.counter }
        set { entry(number).pointee.counter = newValue }
    }

    private func entry(_ number: Int) -> UnsafeMutablePointer<Entry> {
        precondition((0..<count).contains(number), "a plate that nobody has seen")
        return chunks[number / Self.chunk] + number % Self.chunk
    }

    /// Where a name stands in the table, or would.
    private borrowing func place(of name: Name, _ hash: UInt32) -> Int {
        var place = Int(hash >> shift)
        while true {
            let slot = table[place]
            if slot.number == 0 { return place }
            if slot.hash == hash, entry(Int(slot.number) - 1).pointee.name == name { return place }
            place = (place + 1) & (table.count - 1)
        }
    }

    /// Names are all different, so that nothing but their hashes is needed.
    private mutating func grow() {
        var larger = [Slot](repeating: Slot(), count: 2 * table.count)
        shift -= 1
        for slot in table where slot.number != 0 {
            var place = Int(slot.hash >> shift)
            while larger[place].number != 0 { place = (place + 1) & (larger.count - 1) }
            larger[place] = slot
        }
        table = larger
    }

    deinit { for chunk in chunks { chunk.deallocate() } }
}
