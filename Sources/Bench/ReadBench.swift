import Disk
import Foundation
import Ledger
import Secrets

/// A log of 200,000 entries read from its public files, every hash of it verified to the
/// checkpoint; beside the plain SHA-256 of the same bundles.
struct ReadBench {
    let folder: String
    let disk: any FileSystem
    private static let count = 200_000

    func run() throws -> Measure {
        let log = try BenchLog.create(at: folder + "/read", disk)
        for start in stride(from: 0, to: Self.count, by: 2000) {
            _ = try log.append(BenchLog.entries(2000, from: start))
        }
        let source = FolderTiles(folder + "/read/public", fileSystem: disk)
        let pairs = try (0..<5).map { _ in
            var (seen, bytes) = (0, 0)
            let mine = try Measure.seconds {
                let (tiled, _) = try TiledLog.open(
                    source, origin: log.origin, logKey: log.verifierKey)
                try tiled.entries(to: tiled.size) { entries in
                    seen += entries.count
                    for entry in entries { bytes += entry.count }
                }
            }
            guard seen == Self.count else { throw CocoaError(.coderInvalidValue) }
            var hashed = 0
            let bare = try Measure.seconds {
                for index in 0...(Self.count / 256) {
                    let width = min(256, Self.count - 256 * index)
                    let bundle = try source.read(
                        TilePath.entries(index: UInt64(index), width: width))
                    if Digest(of: bundle) != .zero { hashed += bundle.count }
                }
            }
            guard hashed == bytes + 2 * Self.count else { throw CocoaError(.coderInvalidValue) }
            return (value: Double(seen) / mine, reference: Double(seen) / bare)
        }
        return Measure(
            id: "read-200000",
            what: "tiled log read and verified; reference: plain SHA-256 of the same bytes",
            unit: "entries/s", pairs: pairs)
    }
}
