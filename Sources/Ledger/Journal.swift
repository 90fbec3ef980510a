import Bytes
import Disk
import Secrets

/// The entries of a log on disk, and the tree over them: one file that only grows, under `Log` and
/// `Mirror` alike (Docs/Spec/Ledger.md, "The journal").
///
///     "platevault/journal/v1\n"  then frames:
///     0x01 ‖ u16(length) ‖ entry                 one entry
///     0x02 ‖ u64(size) ‖ root32                  a seal: so many entries, and their root
///
/// Entries count only under a seal. A seal is its own checksum: it holds only if every entry
/// before it is there, byte for byte, since the root over them is recomputed at every opening.
struct Journal: Sendable {
    static let header = Array("platevault/journal/v1\n".utf8)
    static let maximumEntry = 65_535
    private static let entryTag: UInt8 = 1
    private static let sealTag: UInt8 = 2
    static let sealSize = 1 + 8 + 32

    let path: String
    let fileSystem: any FileSystem
    /// All entries, also those under no seal yet.
    private(set) var tree = MerkleTree()
    /// offsets[i] is where the bytes of entry i begin; their length is the u16 before.
    private var offsets: [UInt64] = []
    private var lengths: [UInt16] = []
    /// Where the last seal ends, and how many entries each covers, in order: the sizes at which
    /// checkpoints were published or accepted.
    private(set) var sealedEnd: UInt64 = 0
    private(set) var seals: [UInt64] = []
    /// How many entries the last seal covers.
    var sealedSize: UInt64 { seals.last ?? 0 }
    /// Where the next frame goes.
    private var end: UInt64 = 0
    /// The last bundle, as far as there are entries for it: each append publishes it anew.
    private var tail = BundleTail()

    /// How many entries there are, sealed or not.
    var size: UInt64 { tree.size }

    private init(path: String, fileSystem: any FileSystem) {
        self.path = path
        self.fileSystem = fileSystem
    }

    /// Makes an empty journal, durably, over one that has no sealed entries, if there is one: what
    /// a creation that crashed left behind. Throws `journal-exists` over one that has any.
    static func create(_ path: String, _ fileSystem: any FileSystem) throws(LedgerError) {
        if try onDisk({ () throws(DiskError) in try fileSystem.size(path) }) != nil {
            let old = try? Journal.replayed(path, fileSystem)
            guard let old, old.sealedSize == 0 else {
                throw LedgerError(
                    code: "journal-exists", sentence: "\(path) holds entries already")
            }
        }
        let seal = Self.seal(size: 0, root: Merkle.emptyRoot)
        try onDisk { () throws(DiskError) in try fileSystem.replace(path, header + seal) }
    }

    /// Reads a journal up to the last seal that holds; changes nothing. Throws `journal-missing`,
    /// `journal-damaged` where not even the first one does.
    static func replayed(
        _ path: String, _ fileSystem: any FileSystem
    ) throws(LedgerError) -> Journal {
        var journal = Journal(path: path, fileSystem: fileSystem)
        guard let size = try onDisk({ () throws(DiskError) in try fileSystem.size(path) }) else {
            throw LedgerError(code: "journal-missing", sentence: "there is no journal \(path)")
        }
        try journal.replay(size)
        guard journal.sealedEnd > 0 else {
            throw LedgerError(
                code: "journal-damaged", sentence: "\(path) does not begin as a journal does")
        }
        journal.tree.truncate(to: journal.sealedSize)
        journal.forgetUnsealed()
        return journal
    }

    /// Cuts off what stands after the last seal, and makes what is kept durable, whether or not
    /// anything was cut: what a program finds in a file after a crash may be in memory only.
    mutating func settle() throws(LedgerError) {
        try onDisk { () throws(DiskError) in
            if try fileSystem.size(path) != sealedEnd {
                try fileSystem.truncate(path, to: sealedEnd)
            }
            try fileSystem.synchronize(path)
        }
        end = sealedEnd
    }

    /// Writes entries after the last frame; they are neither durable nor sealed. Throws
    /// `entry-size` above 65,535 bytes (nothing is written then), `journal-changed` where the file
    /// is not as this journal left it.
    mutating func add(_ entries: [[UInt8]], sealed: Bool) throws(LedgerError) {
        guard entries.allSatisfy({ $0.count <= Self.maximumEntry }) else { throw Self.tooLarge }
        guard try onDisk({ () throws(DiskError) in try fileSystem.size(path) }) == end else {
            throw LedgerError(
                code: "journal-changed", sentence: "somebody else has written to \(path)")
        }
        let start = end
        var frames = ByteWriter()
        for entry in entries {
            frames.u8(Self.entryTag)
            frames.u16(UInt16(entry.count))
            note(entry, at: start + UInt64(frames.bytes.count))
            frames.raw(entry)
        }
        if sealed { frames.raw(Self.seal(size: size, root: tree.root)) }
        try onDisk { () throws(DiskError) in
            try fileSystem.write(path, at: start, frames.bytes)
        }
        end = start + UInt64(frames.bytes.count)
    }

    /// Makes a written seal durable; from here on the entries under it stay.
    mutating func commit() throws(LedgerError) {
        try onDisk { () throws(DiskError) in try fileSystem.synchronize(path) }
        sealedEnd = end
        if seals.last != size { seals.append(size) }
    }

    /// Takes back what was added since the last commit; it is no fault if a crash brings some of it
    /// back, since no seal stands over it.
    mutating func takeBack() throws(LedgerError) {
        tree.truncate(to: sealedSize)
        forgetUnsealed()
        try onDisk { () throws(DiskError) in try fileSystem.truncate(path, to: sealedEnd) }
        end = sealedEnd
    }

    /// Takes back unsealed entries from `size` on.
    mutating func cut(to size: UInt64) throws(LedgerError) {
        guard size >= sealedSize, size < self.size else { return }
        let place = size == sealedSize ? sealedEnd : frameEnd(size - 1)
        tree.truncate(to: size)
        forget(from: size)
        try onDisk { () throws(DiskError) in try fileSystem.truncate(path, to: place) }
        end = place
    }

    /// Goes back to the seal over exactly `size` entries, in memory; `settle` makes it so on disk.
    /// Throws `journal-damaged` where there is none.
    mutating func rewind(to size: UInt64) throws(LedgerError) {
        guard size <= sealedSize else { throw Self.noSeal(path, size) }
        guard size < sealedSize else { return }
        let begin = size == 0 ? UInt64(Self.header.count) : frameEnd(size - 1)
        let frame = try onDisk { () throws(DiskError) in
            try fileSystem.read(path, at: begin, count: Self.sealSize)
        }
        guard frame == Self.seal(size: size, root: try tree.root(at: size)) else {
            throw Self.noSeal(path, size)
        }
        sealedEnd = begin + UInt64(Self.sealSize)
        seals.removeAll { $0 > size }
        tree.truncate(to: size)
        forgetUnsealed()
    }

    /// An entry, checked against the tree. Throws `entry-missing`, `entry-damaged`.
    func entry(_ index: UInt64) throws(LedgerError) -> [UInt8] {
        try entries(index..<(index + 1))[0]
    }

    /// Entries in order, read at once and checked against the tree. Throws as `entry`.
    func entries(_ range: Range<UInt64>) throws(LedgerError) -> [[UInt8]] {
        guard let last = range.last else { return [] }
        guard last < sealedSize else {
            throw LedgerError(code: "entry-missing", sentence: "there is no entry \(last)")
        }
        let start = offsets[Int(range.lowerBound)]
        let count = Int(frameEnd(last) - start)
        let bytes = try onDisk { () throws(DiskError) in
            try fileSystem.read(path, at: start, count: count)
        }
        var entries: [[UInt8]] = []
        for index in range {
            let (from, length) = (Int(offsets[Int(index)] - start), Int(lengths[Int(index)]))
            guard from + length <= bytes.count else { throw Self.damaged(index) }
            let entry = Array(bytes[from..<(from + length)])
            guard Merkle.leafHash(entry) == (try tree.leafHash(index)) else {
                throw Self.damaged(index)
            }
            entries.append(entry)
        }
        return entries
    }

    /// Entries as one bundle has them. Throws as `entry`.
    func bundle(_ range: Range<UInt64>) throws(LedgerError) -> [UInt8] {
        if range.upperBound <= sealedSize, let bytes = tail.bundle(range) { return bytes }
        return try EntryBundle.encode(entries(range))
    }

    static var tooLarge: LedgerError {
        LedgerError(
            code: "entry-size", sentence: "an entry has at most \(maximumEntry) bytes")
    }

    private static func damaged(_ index: UInt64) -> LedgerError {
        LedgerError(
            code: "entry-damaged",
            sentence: "entry \(index) is not what it was when the log was opened")
    }

    private static func seal(size: UInt64, root: Digest) -> [UInt8] {
        var seal = ByteWriter(capacity: sealSize)
        seal.u8(sealTag)
        seal.u64(size)
        seal.raw(root.bytes)
        return seal.bytes
    }

    private static func noSeal(_ path: String, _ size: UInt64) -> LedgerError {
        LedgerError(
            code: "journal-damaged", sentence: "\(path) has no seal over \(size) entries")
    }

    private func frameEnd(_ index: UInt64) -> UInt64 {
        offsets[Int(index)] + UInt64(lengths[Int(index)])
    }

    private mutating func note(_ entry: [UInt8], at offset: UInt64) {
        tail.append(entry, at: size)
        tree.append(Merkle.leafHash(entry))
        offsets.append(offset)
        lengths.append(UInt16(entry.count))
    }

    private mutating func forgetUnsealed() { forget(from: sealedSize) }

    private mutating func forget(from size: UInt64) {
        offsets.removeLast(offsets.count - Int(size))
        lengths.removeLast(lengths.count - Int(size))
        tail.truncate(to: size)
    }

    /// Goes through the frames and stops, without an error, at the first that is not one or a seal
    /// that does not hold: only what lies under the last good seal is taken.
    private mutating func replay(_ fileSize: UInt64) throws(LedgerError) {
        var reader = FrameReader(path: path, fileSystem: fileSystem, fileSize: fileSize)
        guard try reader.next(Self.header.count) == Self.header else { return }
        while let tag = try reader.next(1) {
            switch tag[0] {
            case Self.entryTag:
                guard let length = try reader.next(2) else { return }
                let count = Int(length[0]) << 8 | Int(length[1])
                let start = reader.position
                guard let entry = try reader.next(count) else { return }
                note(entry, at: start)
            case Self.sealTag:
                guard let rest = try reader.next(Self.sealSize - 1),
                    tag + rest == Self.seal(size: size, root: tree.root)
                else { return }
                sealedEnd = reader.position
                if seals.last != size { seals.append(size) }
            default: return
            }
        }
    }
}

/// Reads a file from its beginning in pieces of a megabyte.
private struct FrameReader {
    let path: String
    let fileSystem: any FileSystem
    let fileSize: UInt64
    /// The offset of the next byte that `next` gives.
    private(set) var position: UInt64 = 0
    private var buffer: [UInt8] = []
    private var used = 0

    init(path: String, fileSystem: any FileSystem, fileSize: UInt64) {
        self.path = path
        self.fileSystem = fileSystem
        self.fileSize = fileSize
    }

    /// The next `count` bytes, or nil where the file ends before.
    mutating func next(_ count: Int) throws(LedgerError) -> [UInt8]? {
        guard UInt64(count) <= fileSize - position else { return nil }
        if buffer.count - used < count {
            let held = Array(buffer[used...])
            let from = position + UInt64(held.count)
            let more = try onDisk { () throws(DiskError) in
                try fileSystem.read(path, at: from, count: 1 << 20)
            }
            (buffer, used) = (held + more, 0)
            guard buffer.count >= count else { return nil }
        }
        defer {
            used += count
            position += UInt64(count)
        }
        return Array(buffer[used..<(used + count)])
    }
}
