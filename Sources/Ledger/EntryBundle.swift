import Bytes

/// Entries as tlog-tiles serves them, up to 256 in one file: u16(length) ‖ entry, one after the
/// other.
public enum EntryBundle {
    /// The bundle of these entries. Throws `entry-size` above 65,535 bytes.
    public static func encode(_ entries: [[UInt8]]) throws(LedgerError) -> [UInt8] {
        var bundle = ByteWriter(capacity: entries.reduce(0) { $0 + 2 + $1.count })
        for entry in entries {
            guard let length = UInt16(exactly: entry.count) else { throw Journal.tooLarge }
            bundle.u16(length)
            bundle.raw(entry)
        }
        return bundle.bytes
    }

    /// The `count` entries of a bundle. Throws `tile-form` where it holds fewer or more, or ends
    /// within one.
    public static func decode(_ bundle: [UInt8], count: Int) throws(LedgerError) -> [[UInt8]] {
        var entries: [[UInt8]] = []
        entries.reserveCapacity(count)
        var place = 0
        for _ in 0..<count {
            guard place + 2 <= bundle.count else { throw malformed }
            let start = place + 2
            place = start + (Int(bundle[place]) << 8 | Int(bundle[place + 1]))
            guard place <= bundle.count else { throw malformed }
            entries.append(Array(bundle[start..<place]))
        }
        guard place == bundle.count else { throw malformed }
        return entries
    }

    /// The first `count` entries of a longer bundle, as they stand there. Throws `tile-form`.
    static func prefix(_ bundle: [UInt8], count: Int) throws(LedgerError) -> [UInt8] {
        var place = 0
        for _ in 0..<count {
            guard place + 2 <= bundle.count else { throw malformed }
            place += 2 + (Int(bundle[place]) << 8 | Int(bundle[place + 1]))
        }
        guard place <= bundle.count else { throw malformed }
        return Array(bundle[..<place])
    }

    private static var malformed: LedgerError {
        LedgerError(code: "tile-form", sentence: "an entry bundle is too short or too long")
    }
}
