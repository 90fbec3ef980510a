import Disk
import Synchronization

/// The blocks of one day's closed trees, tree after tree: `closed-<number>.blocks`
/// (Docs/Spec/Store.md). The day's file says where each tree's stand; what it does not name is zeros,
/// or is overwritten by the next opening.
///
/// One thread at a time writes, while any number read: what stands of a closed tree never changes.
final class BlockFile: Sendable {
    private struct State {
        /// Where the next tree begins.
        var end: UInt64 = 0
        // Whether something may stand behind the end that counts for nothing.
        var hasTail = false
        var reader: (any FileReader)?
        var isClosed = false
    }

    // 1 MiB: how much is written at once.
    private static let bytesAtOnce = 1 << 20

    private let path: String
    private let fileSystem: any FileSystem
    private let state: Mutex<State>

    /// The file at a path, which need not be there: it is made with the first tree. Nothing is done
    /// before `settle`.
    init(_ path: String, _ fileSystem: any FileSystem) {
        self.path = path
        self.fileSystem = fileSystem
        state = Mutex(State())
    }

    /// Throws `store-failed` where the file does not reach as far as these places.
    func check(_ places: [Range<UInt64>]) throws(StoreError) {
        let end = places.map(\.upperBound).max() ?? 0
        try SQLiteFile.disk { () throws(DiskError) in
            guard try fileSystem.size(path) ?? 0 >= end else { throw Self.cut }
        }
    }

    /// Goes on with what a crash has left, where these are the places of the day's trees: what is
    /// between them and behind them is overwritten or cut off.
    func settle(_ places: [Range<UInt64>]) throws(StoreError) {
        let end = places.map(\.upperBound).max() ?? 0
        state.withLock { $0.end = end }
        try SQLiteFile.disk { () throws(DiskError) in
            guard let size = try fileSystem.size(path) else { return }
            let gaps = Self.gaps(places, below: min(end, size))
            if !gaps.isEmpty { try fileSystem.zeroDurably(path, gaps) }
            if size > end {
                try fileSystem.truncate(path, to: end)
                try fileSystem.synchronize(path)
            }
        }
    }

    /// What none of these places covers.
    private static func gaps(_ places: [Range<UInt64>], below limit: UInt64) -> [Range<UInt64>] {
        var gaps: [Range<UInt64>] = []
        var end: UInt64 = 0
        for place in places.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if place.lowerBound > end, end < limit {
                gaps.append(end..<min(place.lowerBound, limit))
            }
            end = max(end, place.upperBound)
        }
        return gaps
    }

    /// Writes a tree's blocks behind the others, durable when this returns, and gives where they
    /// stand. They count for nothing, and are overwritten by the next ones, before `keep`.
    func append(_ next: () -> [UInt8]?) throws(StoreError) -> Range<UInt64> {
        let start = try begin()
        var end = start
        var isMore = true
        do throws(DiskError) {
            try fileSystem.writeDurably(path) { () throws(DiskError) in
                var bytes: [UInt8] = []
                bytes.reserveCapacity(Self.bytesAtOnce + 64 << 10)
                while isMore, bytes.count < Self.bytesAtOnce {
                    if let block = next() { bytes += block } else { isMore = false }
                }
                guard !bytes.isEmpty else { return nil }
                defer { end += UInt64(bytes.count) }
                return DiskPiece(offset: end, bytes: bytes)
            }
        } catch {
            // On a full disk others need the room now.
            try? fileSystem.truncate(path, to: start)
            throw SQLiteFile.refusal(error)
        }
        return start..<end
    }

    /// Where the next tree begins, with nothing behind it.
    private func begin() throws(StoreError) -> UInt64 {
        let (start, hasTail) = try state.withLock { state throws(StoreError) in
            // A file that is made after the day's were removed would stay.
            guard !state.isClosed else { throw StoreRules.removing }
            try SQLiteFile.disk { () throws(DiskError) in
                if try fileSystem.size(path) == nil { try fileSystem.create(path, []) }
            }
            defer { state.hasTail = true }
            return (state.end, state.hasTail)
        }
        try SQLiteFile.disk { () throws(DiskError) in
            if hasTail { try fileSystem.truncate(path, to: start) }
            // Its name too is durable before anything in it counts.
            if start == 0 { try fileSystem.synchronize(fileSystem.folder(of: path)) }
        }
        return start
    }

    /// What was appended last is the day's.
    func keep(_ place: Range<UInt64>) {
        state.withLock { state in
            state.end = place.upperBound
            state.hasTail = false
        }
    }

    /// Overwrites the blocks of a tree that is not closed, durably.
    func erase(_ place: Range<UInt64>) throws(StoreError) {
        guard !place.isEmpty else { return }
        try SQLiteFile.disk { () throws(DiskError) in
            try fileSystem.zeroDurably(path, [place])
        }
    }

    /// A place that no table names any more is free, where nothing stands behind it.
    func release(_ place: Range<UInt64>) {
        state.withLock { state in
            guard state.end == place.upperBound else { return }
            state.end = place.lowerBound
            state.hasTail = true
        }
    }

    /// So many bytes of a tree. Throws `store-failed` also where the file has no more.
    func read(at start: UInt64, count: Int) throws(StoreError) -> [UInt8] {
        let reader = try opened()
        return try SQLiteFile.disk { () throws(DiskError) in
            let bytes = try reader.read(at: start, count: count)
            guard bytes.count == count else { throw Self.cut }
            return bytes
        }
    }

    private func opened() throws(StoreError) -> any FileReader {
        try state.withLock { state throws(StoreError) in
            if let reader = state.reader { return reader }
            guard !state.isClosed else { throw StoreRules.removing }
            let reader = try SQLiteFile.disk { () throws(DiskError) in
                try fileSystem.reader(path)
            }
            state.reader = reader
            return reader
        }
    }

    /// Nothing is read from here on; the file is the store's to remove.
    func close() {
        state.withLock { state in
            state.reader = nil
            state.isClosed = true
        }
    }

    private static var cut: DiskError {
        DiskError(code: "disk-failed", sentence: "the store lacks blocks of rows")
    }

    // MARK: Names

    /// The name of a day's file.
    static func name(_ day: UInt32) -> String { "closed-\(day).blocks" }

    /// Whether a file of the store has a day's blocks; its day's number.
    static func number(of name: String) -> UInt32? {
        let parts = name.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, parts[0].hasPrefix("closed-"), parts[1] == "blocks" else {
            return nil
        }
        return UInt32(parts[0].dropFirst("closed-".count))
    }
}

extension FileSystem {
    /// Overwrites places of a file with zeros, durable when this returns.
    func zeroDurably(_ path: String, _ places: [Range<UInt64>]) throws(DiskError) {
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        var rest = places[...]
        try writeDurably(path) { () throws(DiskError) in
            while let place = rest.first {
                guard !place.isEmpty else {
                    rest.removeFirst()
                    continue
                }
                let count = Int(min(place.upperBound - place.lowerBound, UInt64(zeros.count)))
                rest[rest.startIndex] = (place.lowerBound + UInt64(count))..<place.upperBound
                return DiskPiece(
                    offset: place.lowerBound,
                    bytes: count == zeros.count ? zeros : Array(zeros[..<count]))
            }
            return nil
        }
    }
}
