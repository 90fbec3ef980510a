import Disk
import Secrets

/// The files that anybody may fetch, as tlog-tiles lays them out: `checkpoint`, `tile/…`.
///
/// Tiles and bundles follow from the journal, so they are never synchronized: they are written
/// after the journal is durable and before the checkpoint over them is published, and `restore`
/// compares all of them when the log is opened and writes what is missing or different. Only
/// between a power cut and that opening may a file be missing that a published checkpoint needs.
struct PublicFolder: Sendable {
    let path: String
    let fileSystem: any FileSystem

    /// The checkpoint's file.
    var checkpoint: String { path + "/" + TilePath.checkpoint }

    /// One tile or bundle.
    private struct Shape: Hashable {
        /// nil is the bundle of entries.
        let level: Int?
        let index: UInt64
        let width: Int

        var path: String {
            guard let level else { return TilePath.entries(index: index, width: width) }
            return TilePath.hashes(level: level, index: index, width: width)
        }
    }

    /// Makes the folder, durably. Its parent is there and durable.
    func create() throws(LedgerError) {
        try onDisk { () throws(DiskError) in
            try fileSystem.makePublicFolder(path)
            try fileSystem.synchronize(fileSystem.folder(of: path))
        }
    }

    /// Publishes a checkpoint, durably.
    func publish(_ note: Note) throws(LedgerError) {
        try onDisk { () throws(DiskError) in
            try fileSystem.replace(checkpoint, note.encode(), isPublic: true)
        }
    }

    /// Writes what the tree of all entries has and that of the first `old` has not.
    func write(_ journal: Journal, from old: UInt64) throws(LedgerError) {
        for shape in Self.shapes(from: old, to: journal.size, at: [journal.size]) {
            try put(shape, journal)
        }
    }

    /// Takes away the partial tiles that full ones of this step have made needless.
    func tidy(from old: UInt64, to size: UInt64) throws(LedgerError) {
        for shape in Self.shapes(from: old, to: size, at: []) {
            let folder = path + "/" + shape.path + ".p"
            try onDisk { () throws(DiskError) in
                let names: [String]
                do throws(DiskError) { names = try fileSystem.list(folder) } catch {
                    guard error.code == "file-missing" else { throw error }
                    return
                }
                for name in names { try fileSystem.remove(folder + "/" + name) }
            }
        }
    }

    /// Compares every file that any sealed size needs with the journal, and writes what is missing
    /// or different.
    func restore(_ journal: Journal) throws(LedgerError) {
        for shape in Self.shapes(from: 0, to: journal.size, at: journal.seals) {
            try put(shape, journal)
        }
        try tidy(from: 0, to: journal.size)
    }

    /// The full tiles of the tree of `size` entries that the one of `old` had not, bundles before
    /// hashes, and the partial ones of `sizes`, unless a full one stands in their place.
    private static func shapes(
        from old: UInt64, to size: UInt64, at sizes: [UInt64]
    ) -> [Shape] {
        var shapes: [Shape] = []
        for level in 0..<8 where size >> UInt64(8 * level) > 0 {
            let full = (old >> UInt64(8 * level + 8))..<(size >> UInt64(8 * level + 8))
            var found = full.map { Shape(level: level, index: $0, width: TilePath.width) }
            let counts = Set(sizes.map { $0 >> UInt64(8 * level) })
            for count in counts.sorted() where count >> 8 >= full.upperBound {
                // What stands there since an earlier size is as good now.
                guard count & 255 > 0, count > old >> UInt64(8 * level) else { continue }
                found.append(Shape(level: level, index: count >> 8, width: Int(count & 255)))
            }
            if level == 0 {
                shapes += found.map { Shape(level: nil, index: $0.index, width: $0.width) }
            }
            shapes += found
        }
        return shapes
    }

    private func put(_ shape: Shape, _ journal: Journal) throws(LedgerError) {
        let start = shape.index * UInt64(TilePath.width)
        let range = start..<(start + UInt64(shape.width))
        let bytes: [UInt8]
        if let level = shape.level {
            bytes = try journal.tree.hashes(level: 8 * level, range)
        } else {
            bytes = try journal.bundle(range)
        }
        let file = path + "/" + shape.path
        try onDisk { () throws(DiskError) in
            if try fileSystem.size(file) != nil {
                guard try fileSystem.read(file) != bytes else { return }
                try fileSystem.remove(file)
            }
            do throws(DiskError) {
                try fileSystem.createPublic(file, bytes)
            } catch {
                guard error.code == "file-missing" else { throw error }
                try fileSystem.makePublicFolder(fileSystem.folder(of: file))
                try fileSystem.createPublic(file, bytes)
            }
        }
    }
}
