import Plates

/// The beginnings of the labels of an open tree: whether a label may be there already, in 8 bytes a
/// row and no word from the disk. A hit is a question to the store and no answer: two labels can
/// begin alike.
///
/// Open addressing, at most three quarters full, 11 to 21 bytes a row. Labels are pseudorandom, but
/// a site could choose them: where one stands depends on a number that only this process knows.
struct LabelSet {
    private var slots = [UInt64](repeating: 0, count: 16)
    private(set) var count = 0
    private let multiplier = UInt64.random(in: .min ... .max) | 1

    /// Adds a label's first eight bytes; false where they were there.
    mutating func insert(_ beginning: UInt64) -> Bool {
        // 0 says that a slot is free.
        let word = max(beginning, 1)
        var slot = home(word)
        while slots[slot] != 0 {
            guard slots[slot] != word else { return false }
            slot = next(slot)
        }
        slots[slot] = word
        count += 1
        if count * 4 > slots.count * 3 { grow() }
        return true
    }

    /// Whether these first eight bytes are there.
    func contains(_ beginning: UInt64) -> Bool {
        let word = max(beginning, 1)
        var slot = home(word)
        while slots[slot] != 0 {
            if slots[slot] == word { return true }
            slot = next(slot)
        }
        return false
    }

    /// Takes out what was added; whatever a search would find behind it moves up.
    mutating func remove(_ beginning: UInt64) {
        let word = max(beginning, 1)
        var hole = home(word)
        while slots[hole] != word {
            guard slots[hole] != 0 else { return }
            hole = next(hole)
        }
        count -= 1
        var slot = next(hole)
        while slots[slot] != 0 {
            // How far it stands behind its home: at least as far as behind the hole, or it stays.
            let mask = slots.count - 1
            if (slot - home(slots[slot])) & mask >= (slot - hole) & mask {
                slots[hole] = slots[slot]
                hole = slot
            }
            slot = next(slot)
        }
        slots[hole] = 0
    }

    private func next(_ slot: Int) -> Int { (slot + 1) & (slots.count - 1) }

    private mutating func grow() {
        let words = slots
        slots = [UInt64](repeating: 0, count: words.count * 2)
        for word in words where word != 0 {
            var slot = home(word)
            while slots[slot] != 0 { slot = next(slot) }
            slots[slot] = word
        }
    }

    private func home(_ word: UInt64) -> Int {
        Int((word &* multiplier) >> UInt64(64 - slots.count.trailingZeroBitCount))
    }

    /// The first eight bytes of a label as a number, in the order of labels.
    static func beginning(_ label: Label) -> UInt64 {
        label.withUnsafeBytes { UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)) }
    }

    /// The same of a slice, which has eight bytes or more.
    static func beginning(_ label: ArraySlice<UInt8>) -> UInt64 {
        label.withUnsafeBytes { UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)) }
    }
}
