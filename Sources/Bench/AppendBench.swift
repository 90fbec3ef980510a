import Disk
import Foundation
import Ledger
import Secrets

/// A log to measure, with a key that belongs to nobody.
struct BenchLog {
    static let origin = "bench.example/log.demo"

    static func signer() throws -> NoteSigner {
        try NoteSigner(name: origin, key: SigningKey(from: SystemRandom()))
    }

    static func create(at path: String, _ disk: any FileSystem) throws -> Log {
        try Log.create(at: path, origin: origin, signer: signer(), fileSystem: disk)
    }

    /// Entries of about the size that statements have, from 560 to 639 bytes.
    static func entries(_ count: Int, from first: Int = 0) -> [[UInt8]] {
        (first..<(first + count)).map { index in
            let start = Array("entry \(index) ".utf8)
            return start
                + (0..<(560 + index % 80 - start.count)).map { UInt8(truncatingIfNeeded: $0) }
        }
    }
}

/// Entries appended durably, beside the same bytes written to a plain file with fdatasync.
struct AppendBench {
    let folder: String
    let disk: any FileSystem

    func run(batch count: Int) throws -> Measure {
        let rounds = max(10, 200 / count)
        let batches = (0..<rounds).map { BenchLog.entries(count, from: $0 * count) }
        let pairs = try (0..<7).map { run in
            let log = try BenchLog.create(at: "\(folder)/append-\(count)-\(run)", disk)
            let mine = try Measure.seconds { for batch in batches { _ = try log.append(batch) } }
            let plain = try PlainFile("\(folder)/plain-\(count)-\(run)")
            let bare = try Measure.seconds { for batch in batches { try plain.append(batch) } }
            let all = Double(rounds * count)
            return (value: all / mine, reference: all / bare)
        }
        return Measure(
            id: "append-\(count)",
            what: "durable append, \(count) an append; reference: plain file and fdatasync",
            unit: "entries/s", pairs: pairs)
    }
}

/// The least that durability costs: the bytes, at the end of a file, and fdatasync.
private final class PlainFile {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    deinit { close(descriptor) }

    func append(_ entries: [[UInt8]]) throws {
        let bytes = Array(entries.joined())
        guard write(descriptor, bytes, bytes.count) == bytes.count, fdatasync(descriptor) == 0
        else { throw CocoaError(.fileWriteUnknown) }
    }
}
