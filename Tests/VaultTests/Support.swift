import Disk
import Foundation
import Plates
import Rows
import Secrets
import Synchronization
import Testing
import Vault

/// A folder of its own on the real disk, removed at the end.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "platevault-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)))
    }
}

/// The two backends of the one contract.
enum Backend: CaseIterable, CustomTestStringConvertible {
    case memory
    case sqlite

    var testDescription: String { "\(self)" }

    func store(in folder: TemporaryFolder) throws -> any RowStore {
        switch self {
        case .memory: MemoryRowStore()
        case .sqlite:
            try SQLiteRowStore.create(
                at: folder.path + "/rows", fileSystem: POSIXFileSystem())
        }
    }
}

/// A clock that only the test moves.
final class TestClock: Sendable {
    private let time: Mutex<Timestamp>
    init(_ time: Timestamp) { self.time = Mutex(time) }
    var now: Timestamp { time.withLock { $0 } }
    func set(_ time: Timestamp) { self.time.withLock { $0 = time } }
}

/// What a vault left for after its answers, which only the test does.
final class HeldBack: Later {
    private let works = Mutex<[@Sendable () throws(StoreError) -> Void]>([])

    func add(_ work: @escaping @Sendable () throws(StoreError) -> Void) {
        works.withLock { $0.append(work) }
    }

    /// Pieces of work that nobody has done.
    var count: Int { works.withLock { $0.count } }

    /// Does all of it, in order, and gives the code of each, `accepted` where it was done.
    func work() -> [String] {
        let taken = works.withLock { works in
            defer { works = [] }
            return works
        }
        return taken.map { work in code { try work() } }
    }
}

/// One plate's rows in one cell and run, as a gateway makes them; the bytes are as random as sealed
/// ones.
struct Car {
    let find: SecretBox
    let random: SeededRandom

    init(_ name: String) throws {
        random = SeededRandom("car \(name)")
        find = SecretBox(try SecretBytes(random: 32, from: random))
    }

    func rows(_ run: RunID, _ counters: Range<UInt64>, size: Int = 296) throws -> [SealedRow] {
        try counters.map { counter in
            let label = try Label.derive(find: find.bytes, run: run, counter: counter)
            return try SealedRow(label: label, bytes: random.bytes(size))
        }
    }
}

enum Sample {
    static let origin = "example.org/vault.test"
    static let day = Day(number: 20_780)
    static let cell = Cell(hour: Hour(number: 20_780 * 24 + 3), site: SiteNumber(number: 1))

    static func run(_ name: String) throws -> RunID {
        try RunID(bytes: SeededRandom("run \(name)").bytes(8))
    }

    static func key(_ word: String) throws -> SigningKey {
        try SigningKey(from: SeededRandom("key \(word)"))
    }

    static func batch(
        _ rows: [SealedRow], cell: Cell = cell, kind: HourOpening.Kind = .prompt,
        run: String = "a", number: UInt64 = 0
    ) throws -> Batch {
        try Batch(
            cell: cell, kind: kind, run: try Self.run(run), number: number, rows: rows,
            origin: origin,
            key: try key("site-\(cell.site.number)"))
    }

    /// Everything of the sample day and its neighbours, of sites 1 and 2.
    static let admission = Admission(
        sites: [SiteNumber(number: 1), SiteNumber(number: 2)],
        hours: day.adding(-1).hours[0]...day.next.hours[23])

    static func closing(
        _ batches: [Batch], cell: Cell = cell, kind: HourOpening.Kind = .prompt,
        name: String = "one"
    ) throws -> StoredClosing {
        let opening = try HourOpening(
            closing: cell, kind: kind, batches: batches, unfinished: [],
            salt: SeededRandom("salt \(name)").bytes(32))
        let wire = Array("statement \(name)".utf8)
        return StoredClosing(opening: opening, statement: Digest(of: wire), wire: wire)
    }
}

/// The code with which something was refused, or `accepted`.
func code(_ body: () throws -> Void) -> String {
    do {
        try body()
        return "accepted"
    } catch let error as StoreError {
        return error.code
    } catch {
        return "\(error)"
    }
}

extension [UInt8] {
    /// Where a pattern first stands.
    func offset(of pattern: [UInt8]) -> Int? {
        guard let range = Data(self).range(of: Data(pattern)) else { return nil }
        return range.lowerBound
    }
}

/// The lower nine bits of a file's mode.
func permissions(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
}

extension TemporaryFolder {
    /// The content of every file under a folder.
    static func allBytes(under path: String) -> [[UInt8]] {
        let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        return names.compactMap { name in
            (try? Data(contentsOf: URL(fileURLWithPath: path + "/" + name))).map { Array($0) }
        }
    }
}

extension RowStore {
    /// What a cell has in its prompt tree.
    func rows(of cell: Cell) throws -> [SealedRow] {
        try rows(of: CellTreeID(cell: cell, kind: .prompt))
    }

    func batches(of cell: Cell) throws -> [Batch] {
        try batches(of: CellTreeID(cell: cell, kind: .prompt))
    }

    func closing(of cell: Cell) throws -> StoredClosing? {
        try closing(of: CellTreeID(cell: cell, kind: .prompt))
    }
}
