import Disk
import Foundation
import Ledger
import Plates
import Rows
import Secrets
import Testing
import Vault
import Warrants

@testable import Embedded

/// One plate seen 169 times and 169 plates seen once look alike to whoever has the vault's disk.
@Suite struct LeakTests {
    private static let count = 169

    private struct Loot {
        var rows: [SealedRow]
        var sizes: [String: UInt64]
        var entries: [Int]
        var batches: [Int]
    }

    /// What the vault's disk holds after one hour.
    private static func loot(_ plate: (Int) -> String) throws -> Loot {
        let path = try City.copy(.two)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let city = try Deployment.open(at: path)
        let before = try city.record().count
        let gateways = Gateways(city)
        let hour = city.now.hour
        for number in 0..<count {
            let read = try City.read(
                plate(number), at: city.now.adding(milliseconds: Int64(number)), now: city.now)
            try gateways.take(read, site: SiteNumber(number: 1))
        }
        #expect(gateways.flush().isEmpty)
        let cell = Cell(hour: hour, site: SiteNumber(number: 1))
        let batches = try city.files.store.batches(of: CellTreeID(cell: cell, kind: .prompt)).map(
            \.rows.count)
        try city.clocks.pass(milliseconds: 2 * 3_600_000)
        try city.settle()
        #expect(try city.closeHours().problems.isEmpty)
        var sizes: [String: UInt64] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: city.layout.rows)
        where name.hasSuffix(".sqlite") {
            sizes[name] = try city.fileSystem.size(city.layout.rows + "/" + name)
        }
        let log = try city.files.log.entries(before..<city.files.log.size)
        return Loot(
            rows: try city.files.store.rows(of: CellTreeID(cell: cell, kind: .prompt)),
            sizes: sizes, entries: log.map(\.count),
            batches: batches)
    }

    @Test func onePlateOftenLooksLikeManyOnce() throws {
        let one = try Self.loot { _ in City.wanted }
        let many = try Self.loot { "AB\(1_000 + $0)" }
        #expect(one.rows.count == Self.count && many.rows.count == Self.count)
        #expect(one.sizes == many.sizes)
        #expect(one.entries == many.entries)
        #expect(one.batches == many.batches)
        #expect(one.rows.map(\.bytes.count).sorted() == many.rows.map(\.bytes.count).sorted())
        for loot in [one, many] {
            #expect(Set(loot.rows.map(\.bytes.count)) == [296])
            #expect(Set(loot.rows.map(\.label)).count == Self.count)
            let labels = loot.rows.flatMap(\.label.bytes)
            let bodies = loot.rows.flatMap(\.bytes)
            #expect((150...390).contains(Self.chiSquare(labels)))
            #expect((150...390).contains(Self.chiSquare(bodies)))
            #expect(!Self.shares(six: loot.rows.map { $0.label.bytes + $0.bytes }))
            // Rows of one plate are no closer to one another than chance: 148 bytes of 296 differ
            // in half of their bits, give or take.
            let closest = Self.closest(loot.rows.map(\.bytes))
            #expect((1_000...1_150).contains(closest), "\(closest) bits")
        }
    }

    /// The measures themselves see what they should: a row sealed twice, a plate in clear, a nonce
    /// used again.
    @Test func theMeasuresSeeALeak() throws {
        let random = SeededRandom("rows of the leak test")
        var rows = (0..<Self.count).map { _ in random.bytes(296) }
        #expect(!Self.shares(six: rows))
        #expect((1_000...1_150).contains(Self.closest(rows)))
        var leaky = rows
        for place in leaky.indices { leaky[place][20...25] = Array("RK161A".utf8)[...] }
        #expect(Self.shares(six: leaky))
        #expect(Self.chiSquare(leaky.flatMap { $0 }) > 390)
        rows[7] = rows[100].map { $0 ^ 0x01 }
        #expect(Self.closest(rows) < 1_000)
    }

    /// How far the bytes are from uniform: 255 by chance, give or take 23.
    private static func chiSquare(_ bytes: [UInt8]) -> Double {
        var counts = [Double](repeating: 0, count: 256)
        for byte in bytes { counts[Int(byte)] += 1 }
        let expected = Double(bytes.count) / 256
        return counts.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected }
    }

    /// Whether any six bytes in a row stand twice.
    private static func shares(six rows: [[UInt8]]) -> Bool {
        var seen: Set<UInt64> = []
        for row in rows {
            for start in 0...(row.count - 6) {
                let word = row[start..<(start + 6)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                if !seen.insert(word).inserted { return true }
            }
        }
        return false
    }

    /// The fewest bits in which two rows differ.
    private static func closest(_ rows: [[UInt8]]) -> Int {
        let words = rows.map { row in
            stride(from: 0, to: row.count, by: 8).map { start in
                row[start..<(start + 8)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            }
        }
        var fewest = Int.max
        for one in words.indices {
            for other in words.indices where other > one {
                var bits = 0
                for place in words[one].indices {
                    bits += (words[one][place] ^ words[other][place]).nonzeroBitCount
                }
                fewest = min(fewest, bits)
            }
        }
        return fewest
    }
}
