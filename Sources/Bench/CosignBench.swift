import Disk
import Foundation
import Ledger
import Secrets
import Synchronization

/// From an append to the checkpoint published with the cosignatures of three of five mirrors, each
/// with its own files on the same disk, all asked at once; beside one bare append.
struct CosignBench {
    let folder: String
    let disk: any FileSystem
    private static let needed = 3

    func run() throws -> Measure {
        let log = try BenchLog.create(at: folder + "/cosign", disk)
        let mirrors = try (0..<5).map { index in
            try Mirror.create(
                at: "\(folder)/mirror-\(index)", origin: log.origin, logKey: log.verifierKey,
                cosigner: Cosigner(
                    name: "mirror\(index).example", key: SigningKey(from: SystemRandom())),
                fileSystem: disk)
        }
        let keys = mirrors.compactMap(\.cosignerKey)
        var pairs: [(value: Double, reference: Double)] = []
        for round in 0..<101 {
            let entry = BenchLog.entries(2, from: 2 * round)
            let bare = try Measure.seconds { _ = try log.append([entry[0]]) }
            let whole = try Measure.seconds {
                _ = try log.append([entry[1]])
                try cosigned(log, mirrors, keys, at: UInt64(round + 1))
            }
            pairs.append((value: whole * 1000, reference: bare * 1000))
        }
        return Measure(
            id: "cosigned-3-of-5",
            what: "append to checkpoint cosigned by three of five; reference: one append",
            unit: "ms", pairs: pairs)
    }

    /// Asks all mirrors at once, and returns when enough cosignatures are published and the late
    /// ones have ended too, whose time does count: they use the same disk and the next round's.
    private func cosigned(
        _ log: Log, _ mirrors: [Mirror], _ keys: [CosignerKey], at time: UInt64
    ) throws {
        let checkpoint = log.checkpoint
        let notes = Mutex<[Note]>([])
        DispatchQueue.concurrentPerform(iterations: mirrors.count) { index in
            do {
                try mirrors[index].advance(to: checkpoint, cosignedAt: time) { try log.entries($0) }
                guard let wire = mirrors[index].checkpoint else { return }
                let note = try Note(wire: wire)
                _ = try note.cosignatures(by: keys)
                let enough: [Note] = notes.withLock {
                    $0.append(note)
                    return $0.count == Self.needed ? $0 : []
                }
                guard let first = enough.first else { return }
                let all = try enough.reduce(first) { try $0.adding($1.signatures) }
                _ = try log.add(cosignatures: all)
            } catch { notes.withLock { $0.removeAll() } }
        }
        let published = try Note(wire: log.checkpoint).cosignatures(by: keys)
        guard published.count == Self.needed else { throw CocoaError(.coderInvalidValue) }
    }
}
