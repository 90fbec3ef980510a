public import Plates
public import Secrets

extension Label {
    /// The first of so many places, by halving, whose label is not below this one; `count` where all
    /// are. `label` gives the 16 bytes at a place, strictly ascending.
    public func lowerBound(
        among count: Int, _ label: (Int) -> ArraySlice<UInt8>
    ) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if label(middle).lexicographicallyPrecedes(bytes) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// The label of a row (DESIGN section 5): the first 16 bytes of HMAC(find, run ‖ u64(counter)).
    ///
    /// Whoever has `find` can name every row of one plate in one cell; nobody else can tell a label
    /// from random bytes. Throws `label-size` for a find key that is not 32 bytes.
    public static func derive(
        find: borrowing SecretBytes, run: RunID, counter: UInt64
    ) throws(PlatesError) -> Label {
        try find.withUnsafeBytes { (find) throws(PlatesError) in
            try derive(find: find, run: run, counter: counter)
        }
    }

    /// The same with a find key that lies in a block of many. Throws as the other.
    public static func derive(
        find: UnsafeRawBufferPointer, run: RunID, counter: UInt64
    ) throws(PlatesError) -> Label {
        guard find.count == HMACSHA256.size else {
            throw PlatesError(
                code: "label-size", sentence: "a find key is 32 bytes, not \(find.count)")
        }
        let message = (run.number.bigEndian, counter.bigEndian)
        var tag = SIMD32<UInt8>(repeating: 0)
        Swift.withUnsafeBytes(of: message) { message in
            Swift.withUnsafeMutableBytes(of: &tag) {
                HMACSHA256.compute(message, key: find, into: $0)
            }
        }
        return try Swift.withUnsafeBytes(of: tag) { (tag) throws(PlatesError) in
            try Label(opening: tag)
        }
    }
}
