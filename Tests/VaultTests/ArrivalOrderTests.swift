import Disk
import Foundation
import GRDB
import Ledger
import Plates
import Rows
import Secrets
import Testing
import Vault

/// Whether a thief of the files can tell in which order the rows of a batch arrived.
@Suite("the order of arrival")
struct ArrivalOrderTests {
    private let folder: TemporaryFolder
    private static let count = 2_000

    init() throws { folder = try TemporaryFolder() }

    /// Spearman's rank correlation of two orders of the same things: 1 for equal, −1 for opposite
    /// ones, and for independent ones with a standard deviation of 1/√(n−1).
    static func correlation(_ left: [Int], _ right: [Int]) -> Double {
        func ranks(_ values: [Int]) -> [Double] {
            var result = [Double](repeating: 0, count: values.count)
            let order = values.indices.sorted { values[$0] < values[$1] }
            for (rank, index) in order.enumerated() { result[index] = Double(rank) }
            return result
        }
        let mean = Double(left.count - 1) / 2
        let pairs = zip(ranks(left), ranks(right))
        let above = pairs.reduce(0) { $0 + ($1.0 - mean) * ($1.1 - mean) }
        let below = ranks(left).reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return above / below
    }

    /// Kendall's tau of the rows within one page, on average over all pages: SQLite fills a page
    /// from its end, so that a page which grew row by row tells their order even where its key does
    /// not. For independent orders and n rows a page its variance is 2(2n+5)/9n(n−1) a page.
    static func withinPages(_ arrival: [Int], _ offset: [Int]) -> (mean: Double, limit: Double) {
        let pages = Dictionary(grouping: zip(arrival, offset), by: { $0.1 / 8_192 }).values
            .filter { $0.count >= 5 }
        var sum = 0.0
        var variance = 0.0
        for page in pages {
            let rows = page.sorted { $0.1 < $1.1 }.map(\.0)
            let count = Double(rows.count)
            var agreeing = 0.0
            for left in rows.indices {
                for right in (left + 1)..<max(rows.count, left + 1) {
                    agreeing += rows[left] < rows[right] ? 1 : -1
                }
            }
            sum += agreeing / (count * (count - 1) / 2)
            variance += 2 * (2 * count + 5) / (9 * count * (count - 1))
        }
        return (sum / Double(pages.count), 5 * variance.squareRoot() / Double(pages.count))
    }

    /// The limit of five standard deviations, which independent orders pass once in two million.
    private static func limit(_ count: Int) -> Double { 5 / Double(count - 1).squareRoot() }
    /// How many labels name blocks: the first of 32 leaves each, but the sentinel's.
    private static let named = (count + 2) / 32

    private func files(_ folder: String) throws -> [(String, Data)] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map {
            ($0, try Data(contentsOf: URL(fileURLWithPath: folder + "/" + $0)))
        }
    }

    /// Each place at which a label stands in a file: pairs of its order of arrival and the offset.
    private func places(_ labels: [[UInt8]], in data: Data) -> (arrival: [Int], offset: [Int]) {
        // One pass: the last eight bytes read are looked up as a number, then compared in full.
        func word(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        var known: [UInt64: Int] = [:]
        for (index, label) in labels.enumerated() { known[word(label[..<8])] = index }
        let bytes = [UInt8](data)
        var arrival: [Int] = []
        var offsets: [Int] = []
        var last: UInt64 = 0
        for (offset, byte) in bytes.enumerated() {
            last = last << 8 | UInt64(byte)
            let start = offset - 7
            guard start >= 0, start + 16 <= bytes.count, let index = known[last],
                bytes[start..<(start + 16)].elementsEqual(labels[index])
            else { continue }
            arrival.append(index)
            offsets.append(start)
        }
        return (arrival, offsets)
    }

    private func arrived() throws -> [SealedRow] {
        // Four cars that pass by turns, so that neither plate nor counter gives the order.
        let cars = try (0..<4).map { try Car("\($0)") }
        let run = try Sample.run("a")
        return try (0..<Self.count).map {
            try cars[$0 % 4].rows(run, UInt64($0 / 4)..<UInt64($0 / 4 + 1))[0]
        }
    }

    @Test("a table that counts arrivals is caught by this test")
    func control() throws {
        let rows = try arrived()
        let queue = try DatabaseQueue(path: folder.path + "/naive.sqlite")
        try queue.write { database in
            try database.execute(sql: "PRAGMA page_size = 8192")
            try database.execute(sql: "CREATE TABLE rows (label BLOB, row BLOB)")
            for row in rows {
                try database.execute(
                    sql: "INSERT INTO rows VALUES (?, ?)",
                    arguments: [Data(row.label.bytes), Data(row.bytes)])
            }
        }
        let data = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/naive.sqlite"))
        let found = places(rows.map(\.label.bytes), in: data)
        #expect(found.arrival.count >= Self.count)
        #expect(abs(Self.correlation(found.arrival, found.offset)) > 0.9)
    }

    @Test("neither database nor journal tells it, before or after the hour is closed")
    func batch() throws {
        let rows = try arrived()
        let store = try SQLiteRowStore.create(
            at: folder.path + "/rows", fileSystem: POSIXFileSystem())
        let batch = try Sample.batch(rows)
        _ = try store.keep(batch, admission: Sample.admission)
        var seen = 0
        for step in 0..<2 {
            if step == 1 { _ = try store.close(Sample.closing([batch])) }
            for (name, data) in try files(folder.path + "/rows") {
                let found = places(rows.map(\.label.bytes), in: data)
                guard !found.arrival.isEmpty else { continue }
                seen += 1
                // Of a closed tree the day's file names the first label of each block, and its journal
                // may too.
                let isIndex = name.hasPrefix("day-")
                let labels = Set(found.arrival).count
                #expect(labels == (isIndex ? Self.named : Self.count), "\(name)")
                let correlation = Self.correlation(found.arrival, found.offset)
                #expect(abs(correlation) < Self.limit(labels), "\(name), step \(step)")
                let pages = Self.withinPages(found.arrival, found.offset)
                #expect(abs(pages.mean) < pages.limit, "\(name), step \(step)")
            }
        }
        // What arrives before the closing; after it the blocks, and where they are.
        #expect(seen >= 3)
    }

    @Test("after the closing the files do not tell either which batch a row came in")
    func batches() throws {
        let rows = try arrived()
        let store = try SQLiteRowStore.create(
            at: folder.path + "/rows", fileSystem: POSIXFileSystem())
        let batches = try stride(from: 0, to: Self.count, by: 100).enumerated().map {
            try Sample.batch(
                Array(rows[$0.element..<($0.element + 100)]), number: UInt64($0.offset))
        }
        for batch in batches { _ = try store.keep(batch, admission: Sample.admission) }
        // Before it they do (Docs/Spec/Store.md), and these measures see it.
        let open = try files(folder.path + "/rows").filter { $0.0.hasPrefix("open-") }
        let told = open.map { _, data in
            let found = places(rows.map(\.label.bytes), in: data)
            return found.arrival.isEmpty ? 0 : Self.correlation(found.arrival, found.offset)
        }
        #expect(told.contains { abs($0) > Self.limit(Self.count) })
        _ = try store.close(Sample.closing(batches))
        var seen = 0
        for (name, data) in try files(folder.path + "/rows") {
            let found = places(rows.map(\.label.bytes), in: data)
            guard !found.arrival.isEmpty else { continue }
            seen += 1
            // Each label stands once among the blocks, and the first of each block once more where it
            // says where the block is: no list of a batch's members is left.
            let isIndex = name.hasPrefix("day-")
            let labels = isIndex ? Self.named : Self.count
            #expect(Set(found.arrival).count == labels, "\(name)")
            #expect(found.arrival.count == labels, "\(name)")
            let correlation = Self.correlation(found.arrival, found.offset)
            #expect(abs(correlation) < Self.limit(labels), "\(name)")
            let pages = Self.withinPages(found.arrival, found.offset)
            #expect(abs(pages.mean) < pages.limit, "\(name)")
        }
        #expect(seen == 2)
    }

    @Test("after the closing no root and no signature is left from which a batch could be computed")
    func computed() throws {
        let rows = Array(try arrived().prefix(60))
        let path = folder.path + "/rows"
        let store = try SQLiteRowStore.create(at: path, fileSystem: POSIXFileSystem())
        var batches = try (0..<40).map { try Sample.batch([rows[$0]], number: UInt64($0)) }
        for number in 40..<50 {
            let start = 40 + 2 * (number - 40)
            batches.append(
                try Sample.batch(Array(rows[start..<(start + 2)]), number: UInt64(number)))
        }
        // Another site's tree stays open, and with it the file in which all of this arrived.
        let other = try Sample.batch(
            Car("other").rows(Sample.run("b"), 0..<3),
            cell: Cell(hour: Sample.cell.hour, site: SiteNumber(number: 2)), run: "b")
        for batch in batches + [other] { _ = try store.keep(batch, admission: Sample.admission) }
        // What a thief can compute: the root of each row alone, and of each pair.
        let leaves = rows.sorted { $0.label < $1.label }.map { RowLeaf($0).hash.bytes }
        var computed = leaves
        for (place, left) in leaves.enumerated() {
            for right in leaves[(place + 1)...] {
                computed.append(Merkle.root(ofHashes: left + right).bytes)
            }
        }
        #expect(batches.allSatisfy { computed.contains($0.root.bytes) })
        // A signature tells as much: the site's public key says which root it is over.
        var telling = computed
        for batch in batches {
            telling += [Array(batch.signature[..<32]), Array(batch.signature[32...])]
        }
        func told() throws -> Int {
            let patterns = telling.map { Array($0[..<16]) }
            return try files(path).map { places(patterns, in: $0.1).arrival.count }.reduce(0, +)
        }
        #expect(try told() >= 3 * batches.count)
        _ = try store.close(Sample.closing(batches))
        #expect(try files(path).contains { $0.0.hasPrefix("open-") })
        #expect(try told() == 0)
        #expect(try store.batches(of: other.cell) == [other])
        // What comes again is known all the same, by its rows.
        for batch in batches {
            #expect(try store.keep(batch, admission: Sample.admission) == .again)
        }
    }

    @Test("a page that rows entered one by one lies in label order once the hour is closed")
    func page() throws {
        let rows = Array(try arrived().prefix(12))
        let store = try SQLiteRowStore.create(
            at: folder.path + "/rows", fileSystem: POSIXFileSystem())
        let batches = try rows.enumerated().map {
            try Sample.batch([$0.element], number: UInt64($0.offset))
        }
        for batch in batches { _ = try store.keep(batch, admission: Sample.admission) }
        func stored(in data: Data) -> [[UInt8]] {
            let found = places(rows.map(\.label.bytes), in: data)
            return zip(found.arrival, found.offset).sorted { $0.1 < $1.1 }
                .map { rows[$0.0].label.bytes }
        }
        /// The labels in the order in which the file of what arrives has them.
        func arriving() throws -> [[UInt8]] {
            try files(folder.path + "/rows").filter { $0.0.hasPrefix("open-") }
                .flatMap { stored(in: $0.1) }
        }
        /// The labels in the order in which the closed trees' file has them.
        func closed() throws -> [[UInt8]] {
            try files(folder.path + "/rows").filter { $0.0.hasPrefix("closed-") }
                .flatMap { stored(in: $0.1) }
        }
        // A file is filled with one batch after the other; a block is written at once.
        let arrivals = rows.map(\.label.bytes)
        #expect(try arriving() == arrivals)
        _ = try store.close(Sample.closing(batches))
        let sorted = arrivals.sorted { $0.lexicographicallyPrecedes($1) }
        #expect(sorted != arrivals)
        #expect(try closed() == sorted && arriving() == [])
    }

    @Test("a batch of ten is one transaction: all of it or nothing is in the files")
    func transaction() throws {
        let store = try SQLiteRowStore.create(
            at: folder.path + "/rows", fileSystem: POSIXFileSystem())
        let rows = Array(try arrived().prefix(10)).sorted { $0.label < $1.label }
        let forged = try SealedRow(label: rows[9].label, bytes: [UInt8](repeating: 3, count: 296))
        _ = try store.keep(Sample.batch([forged], run: "b"), admission: Sample.admission)
        // The last row of the batch is the one that does not fit.
        #expect(
            code { _ = try store.keep(Sample.batch(rows), admission: Sample.admission) }
                == "label-differs")
        for (name, data) in try files(folder.path + "/rows") {
            for row in rows.dropLast() {
                #expect(data.range(of: Data(row.label.bytes)) == nil, "\(name)")
            }
        }
    }
}
