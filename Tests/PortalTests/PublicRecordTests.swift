import Disk
import Foundation
import FoundationXML
import Ledger
import Plates
import Portal
import Secrets
import Synchronization
import Testing
import Warrants

@testable import Embedded

/// A log followed for its public pages: read once, verified, and never believed against what was
/// read before.
@Suite(.serialized)
struct PublicRecordTests {
    @Test func aLogIsReadAsItGrows() throws {
        let town = try SmallTown()
        defer { town.remove() }
        let record = PublicRecord(try town.source, trusting: town.deployment.roster.hash)
        #expect(record.snapshot == nil)
        try record.follow(at: town.deployment.now)
        let before = try #require(record.snapshot)
        #expect(before.report.isClean && before.isSigned)
        #expect(before.count == Int(before.head.size) && before.count > 0)
        #expect(before.rosterPlaces == [0] && before.line(0).type == .roster)
        try expectVerified(before)
        try town.pass(hours: 3)
        try record.follow(at: town.deployment.now)
        let after = try #require(record.snapshot)
        #expect(after.count > before.count && before.count == Int(before.head.size))
        #expect((0..<before.count).allSatisfy { before.line($0) == after.line($0) })
        #expect(record.progress == (UInt64(after.count), UInt64(after.count)))
        try expectVerified(after)
        // Each entry stands in the list of its kind, and in no other.
        let kinds = after.kinds.map { ($0, after.entries(of: $0)) }
        #expect(kinds.reduce(0) { $0 + $1.1.count } == after.count && after.refused.isEmpty)
        for (kind, entries) in kinds {
            #expect(entries == entries.sorted())
            for entry in entries {
                #expect(try UnverifiedStatement(wire: after.entry(at: entry)).type == kind)
            }
        }
    }

    private func expectVerified(_ snapshot: PublicSnapshot) throws {
        let root = try #require(Digest(hex: snapshot.head.root))
        for index in 0..<UInt64(snapshot.count) where index % 7 == 0 {
            try Merkle.verifyInclusion(
                leafHash: Merkle.leafHash(try snapshot.entry(at: index)), index: index,
                size: snapshot.head.size, proof: try snapshot.proof(of: index), root: root)
        }
    }

    @Test func anotherHistoryIsNotTaken() throws {
        let town = try SmallTown()
        defer { town.remove() }
        let twin = try town.twin()
        defer { twin.remove() }
        let source = Turning(try town.source)
        let record = PublicRecord(source, trusting: town.deployment.roster.hash)
        try town.pass(hours: 2)
        try record.follow(at: town.deployment.now)
        let shown = try #require(record.snapshot)
        // The same beginning, and then other entries, more of them.
        try twin.deployment.clocks.pass(milliseconds: 86_400_000)
        try twin.deployment.settle()
        try twin.pass(hours: 30)
        source.turn(to: try twin.source)
        let error = #expect(throws: LedgerError.self) {
            try record.follow(at: twin.deployment.now)
        }
        #expect(error?.code == "log-forked")
        #expect(record.snapshot?.head.root == shown.head.root)
        source.turn(to: try town.source)
        try record.follow(at: town.deployment.now)
        #expect(record.snapshot?.head.root == shown.head.root)
    }

    @Test func anotherFirstRosterIsRefused() throws {
        let town = try SmallTown()
        defer { town.remove() }
        let record = PublicRecord(try town.source, trusting: Digest(of: [1]))
        let refusal = #expect(throws: Refusal.self) {
            try record.follow(at: town.deployment.now)
        }
        #expect(refusal?.code == "roster-missing" && record.snapshot == nil)
    }

    @Test func aDamagedFileIsRefused() throws {
        let town = try SmallTown()
        defer { town.remove() }
        for part in ["tile/entries/", "tile/0/", "checkpoint"] {
            let source = Turning(try town.source)
            source.damage(part)
            let record = PublicRecord(source, trusting: town.deployment.roster.hash)
            try? record.follow(at: town.deployment.now)
            #expect(record.snapshot.map(\.isSigned) != true, "\(part)")
        }
    }

    @Test func feedsAreWellFormed() throws {
        let town = try SmallTown()
        defer { town.remove() }
        let record = PublicRecord(try town.source, trusting: nil)
        try record.follow(at: town.deployment.now)
        let snapshot = try #require(record.snapshot)
        for feed in [try Feeds.requests(snapshot), try Feeds.destructions(snapshot)] {
            let parser = XMLParser(data: Data(feed))
            #expect(parser.parse(), "\(String(describing: parser.parserError))")
        }
    }

    @Test func figuresSayWhatTheirColumnsMean() throws {
        let town = try SmallTown()
        defer { town.remove() }
        let record = PublicRecord(try town.source, trusting: nil)
        try record.follow(at: town.deployment.now)
        let snapshot = try #require(record.snapshot)
        let tables = [
            (
                Statistics.searches(snapshot), Statistics.searchColumns,
                snapshot.figures.searches.count
            ),
            (Statistics.days(snapshot), Statistics.dayColumns, snapshot.report.days.count),
        ]
        for (bytes, columns, count) in tables {
            let lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n")
            #expect(lines[0] == columns.map(\.name).joined(separator: ","))
            #expect(lines.count == count + 2 && lines.last == "")
            #expect(columns.allSatisfy { !$0.meaning.isEmpty })
        }
        let json = try JSONSerialization.jsonObject(with: Data(try Statistics.json(snapshot)))
        #expect((json as? [String: Any])?["origin"] as? String == "example.org/vault.demo")
    }
}

/// A source that can be turned to another, and damaged.
private final class Turning: TileSource {
    private let state: Mutex<(source: any TileSource, damaged: String?)>

    init(_ source: any TileSource) { state = Mutex((source, nil)) }

    func turn(to source: any TileSource) { state.withLock { $0.source = source } }

    func damage(_ part: String) { state.withLock { $0.damaged = part } }

    func read(_ path: String) throws(LedgerError) -> [UInt8] {
        let (source, damaged) = state.withLock { $0 }
        var bytes = try source.read(path)
        if let damaged, path.hasPrefix(damaged), !bytes.isEmpty { bytes[bytes.count / 2] ^= 1 }
        return bytes
    }
}

/// A town of 2 of 3 custodians in a folder of its own, without reads: its log is what matters.
struct SmallTown {
    static let start = Timestamp(seconds: 1_772_431_200)  // 2026-03-02T06:00:00Z
    let path: String
    let deployment: Deployment

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "pages-\(UUID())").path
        var plan = Plan(origin: "example.org/vault.demo", start: Self.start)
        (plan.threshold, plan.custodians) = (2, 3)
        deployment = try Deployment.create(at: path, plan: plan)
        try pass(hours: 3)
    }

    private init(copying other: SmallTown) throws {
        path = other.path + "-twin"
        try FileManager.default.copyItem(atPath: other.path, toPath: path)
        deployment = try Deployment.open(at: path)
    }

    var source: any TileSource {
        get throws { try deployment.logPlaces().log }
    }

    func twin() throws -> SmallTown { try SmallTown(copying: self) }

    func pass(hours: Int64) throws {
        try deployment.clocks.pass(milliseconds: hours * 3_600_000)
        try deployment.settle()
        #expect(try deployment.closeHours().problems.isEmpty)
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
