public import Secrets

/// A log as anybody reads it from its public files (tlog-tiles v0.1.0): nothing is believed but the
/// checkpoint that it was opened with, to whose root every hash and entry is verified before anybody
/// sees it. Memory does not grow with the log.
///
///     let source = FolderTiles("log/public", fileSystem: disk)
///     let (log, note) = try TiledLog.open(source, origin: origin, logKey: key)
///     try log.entries(from: 0, to: log.size) { entries in … }
public struct TiledLog: Sendable {
    /// The head that everything is verified to.
    public let head: Checkpoint
    /// How many entries.
    public var size: UInt64 { head.size }
    private let source: any TileSource
    /// The partial tile of each level, without those that are not there: what of the tree no full
    /// tile holds. Together they give the root.
    private let edge: [[UInt8]]

    /// The log under a checkpoint that the caller trusts. Throws `tile-wrong` where the tiles at the
    /// tree's edge do not give its root, `tile-missing`, `tile-form`, and what the source throws.
    public init(_ source: any TileSource, head: Checkpoint) throws(LedgerError) {
        self.source = source
        self.head = head
        var edge: [[UInt8]] = []
        for level in 0..<8 where head.size >> UInt64(8 * level) > 0 {
            let count = head.size >> UInt64(8 * level)
            edge.append(
                try Self.tile(source, level, index: count >> 8, width: Int(count & 255)))
        }
        var frontier = MerkleFrontier()
        for (level, tile) in edge.enumerated().reversed() {
            for place in 0..<(tile.count / 32) {
                frontier.append(Self.hash(tile, place), level: 8 * level)
            }
        }
        guard frontier.root == head.root else { throw Self.wrong(TilePath.checkpoint) }
        self.edge = edge
    }

    /// Reads and verifies the checkpoint that the source has, and opens the log under it. Throws
    /// `checkpoint-unsigned`, `checkpoint-origin`, and as `init(_:head:)`.
    public static func open(
        _ source: any TileSource, origin: String, logKey: NoteVerifierKey
    ) throws(LedgerError) -> (log: TiledLog, note: Note) {
        let wire = try source.read(TilePath.checkpoint)
        let (head, note) = try Checkpoint.verified(wire, origin: origin, key: logKey)
        return (try TiledLog(source, head: head), note)
    }

    /// Gives the entries from `start` up to, and not including, `end` in order, at most a bundle of
    /// 256 at a time, each verified to the root before it is given. Throws `proof-range` beyond the
    /// head, `entry-damaged` for one that is not what its leaf hash says, `tile-wrong` for a tile
    /// that is not in the tree, `tile-missing`, `tile-form`, and what source and body throw.
    public func entries(
        from start: UInt64 = 0, to end: UInt64, _ body: ([[UInt8]]) throws -> Void
    ) throws {
        guard start <= end, end <= size else { throw Merkle.outOfRange }
        var walk = Walk(self)
        var next = start
        while next < end {
            let first = next & ~255
            let last = min(first + 256, end)
            let entries = try bundle(next >> 8, &walk)
            try body(Array(entries[Int(next - first)..<Int(last - first)]))
            next = last
        }
    }

    /// One entry. Throws as `entries`.
    public func entry(at index: UInt64) throws(LedgerError) -> [UInt8] {
        guard index < size else { throw Merkle.outOfRange }
        var walk = Walk(self)
        return try bundle(index >> 8, &walk)[Int(index & 255)]
    }

    /// The hash of one entry. Throws `proof-range`, and as `entries`.
    public func leafHash(at index: UInt64) throws(LedgerError) -> Digest {
        guard index < size else { throw Merkle.outOfRange }
        var walk = Walk(self)
        return try walk.node(MerkleRanges.Node(level: 0, index: index))
    }

    /// The root that the log had at an earlier size. Throws as `leafHash`.
    public func root(at size: UInt64) throws(LedgerError) -> Digest {
        guard size <= self.size else { throw Merkle.outOfRange }
        return size == 0 ? Merkle.emptyRoot : try hashes([0..<size])[0]
    }

    /// The proof that an entry is in the log of `size` entries, all if nil, from tiles alone.
    /// Throws as `leafHash`.
    public func inclusionProof(
        of index: UInt64, size: UInt64? = nil
    ) throws(LedgerError) -> [Digest] {
        let size = size ?? self.size
        guard index < size, size <= self.size else { throw Merkle.outOfRange }
        return try hashes(MerkleRanges.inclusion(index, size: size))
    }

    /// The proof that the log of `size` entries, all if nil, extends the one of `oldSize`, from
    /// tiles alone. Throws as `leafHash`.
    public func consistencyProof(
        from oldSize: UInt64, to size: UInt64? = nil
    ) throws(LedgerError) -> [Digest] {
        let size = size ?? self.size
        guard oldSize <= size, size <= self.size, oldSize > 0 || size == 0 else {
            throw Merkle.outOfRange
        }
        return size == 0 ? [] : try hashes(MerkleRanges.consistency(of: 0..<oldSize, size: size))
    }

    private func hashes(_ ranges: [Range<UInt64>]) throws(LedgerError) -> [Digest] {
        var walk = Walk(self)
        var hashes: [Digest] = []
        for range in ranges {
            hashes.append(
                try MerkleRanges.hash(range) { node throws(LedgerError) in try walk.node(node) })
        }
        return hashes
    }

    /// A bundle whose every entry is what the verified tile over it says.
    private func bundle(
        _ index: UInt64, _ walk: inout Walk
    ) throws(LedgerError) -> [[UInt8]] {
        let tile = try walk.tile(level: 0, index: index)
        let width = tile.count / 32
        let path = TilePath.entries(index: index, width: width)
        let bytes: [UInt8]
        do {
            bytes = try source.read(path)
        } catch {
            guard error.code == "tile-missing", width < TilePath.width else { throw error }
            bytes = try EntryBundle.prefix(source.read(TilePath.full(path)), count: width)
        }
        let entries = try EntryBundle.decode(bytes, count: width)
        for (place, entry) in entries.enumerated()
        where Merkle.leafHash(entry) != Self.hash(tile, place) {
            throw LedgerError(
                code: "entry-damaged",
                sentence: "entry \(index << 8 | UInt64(place)) is not the one that was logged")
        }
        return entries
    }

    /// A tile as it is served; where a partial one is gone, the beginning of the full one that has
    /// taken its place (section "Partial Tiles").
    private static func tile(
        _ source: any TileSource, _ level: Int, index: UInt64, width: Int
    ) throws(LedgerError) -> [UInt8] {
        guard width > 0 else { return [] }
        let path = TilePath.hashes(level: level, index: index, width: width)
        let bytes: [UInt8]
        var expected = width
        do {
            bytes = try source.read(path)
        } catch {
            guard error.code == "tile-missing", width < TilePath.width else { throw error }
            bytes = try source.read(TilePath.full(path))
            expected = TilePath.width
        }
        guard bytes.count == 32 * expected else {
            throw LedgerError(
                code: "tile-form", sentence: "\(path) does not hold \(expected) hashes")
        }
        return Array(bytes[..<(32 * width)])
    }

    private static func hash(_ tile: [UInt8], _ place: Int) -> Digest {
        Digest(wire: Array(tile[32 * place..<32 * (place + 1)])) ?? .zero
    }

    private static func wrong(_ path: String) -> LedgerError {
        LedgerError(
            code: "tile-wrong",
            sentence: "what is served at \(path) and above it is not one tree")
    }

    /// A way through the tree that keeps one verified tile of each level.
    private struct Walk {
        private let log: TiledLog
        private var held: [(index: UInt64, bytes: [UInt8])?] = Array(repeating: nil, count: 8)

        init(_ log: TiledLog) { self.log = log }

        /// The hashes of a tile, verified to the root: those at the edge were so from the start, a
        /// full one by its hash in the tile above.
        mutating func tile(level: Int, index: UInt64) throws(LedgerError) -> [UInt8] {
            if let tile = held[level], tile.index == index { return tile.bytes }
            guard index < log.size >> UInt64(8 * level + 8) else { return log.edge[level] }
            let above = try tile(level: level + 1, index: index >> 8)
            let bytes = try TiledLog.tile(log.source, level, index: index, width: TilePath.width)
            guard Merkle.root(ofHashes: bytes) == TiledLog.hash(above, Int(index & 255)) else {
                throw TiledLog.wrong(TilePath.hashes(level: level, index: index))
            }
            held[level] = (index, bytes)
            return bytes
        }

        /// The hash of a complete subtree of the tree.
        mutating func node(_ node: MerkleRanges.Node) throws(LedgerError) -> Digest {
            let first = node.index << UInt64(node.level % 8)
            let bytes = try tile(level: node.level / 8, index: first >> 8)
            let start = 32 * Int(first & 255)
            let count = 32 << (node.level % 8)
            return Merkle.root(ofHashes: Array(bytes[start..<(start + count)]))
        }
    }
}
