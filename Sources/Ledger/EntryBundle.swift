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

/// The newest bundle of a log that grows, as it stands in its file, at most 16 MiB.
struct BundleTail: Sendable {
    /// The bundle's first entry; nil where its beginning was not seen.
    private var first: UInt64?
    /// The entry after the last.
    private var end: UInt64 = 0
    private var bytes: [UInt8] = []

    /// One more entry, of at most 65,535 bytes, at an index.
    mutating func append(_ entry: [UInt8], at index: UInt64) {
        if index.isMultiple(of: UInt64(TilePath.width)) {
            first = index
            bytes.removeAll(keepingCapacity: true)
        } else if index != end {
            first = nil
        }
        guard first != nil else { return }
        bytes.append(UInt8(entry.count >> 8))
        bytes.append(UInt8(entry.count & 255))
        bytes += entry
        end = index + 1
    }

    /// Entries from a size on are no more.
    mutating func truncate(to size: UInt64) {
        guard let first, size < end else { return }
        guard size > first,
            let kept = try? EntryBundle.prefix(bytes, count: Int(size - first))
        else {
            self.first = nil
            bytes = []
            return
        }
        bytes = kept
        end = size
    }

    /// The bundle of exactly these entries; nil where others are here.
    func bundle(_ range: Range<UInt64>) -> [UInt8]? {
        range.lowerBound == first && range.upperBound == end ? bytes : nil
    }
}
