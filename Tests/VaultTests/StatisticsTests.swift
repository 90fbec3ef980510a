import Disk
import Plates
import Rows
import Secrets
import Testing
import Vault

/// Whether a plate seen 169 times can be told from 169 plates seen once, by what is stored.
@Suite("statistics of the stored bytes")
struct StatisticsTests {
    private static let count = 169
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Chi-square of byte counts against a uniform distribution: 255 degrees of freedom, so mean
    /// 255 and standard deviation √510. Random bytes stay within six of them.
    static func chiSquare(_ bytes: some Sequence<UInt8>) -> Double {
        var counts = [Double](repeating: 0, count: 256)
        for byte in bytes { counts[Int(byte)] += 1 }
        let mean = counts.reduce(0, +) / 256
        return counts.reduce(0) { $0 + ($1 - mean) * ($1 - mean) / mean }
    }

    private static func isUniform(_ bytes: some Sequence<UInt8>) -> Bool {
        abs(chiSquare(bytes) - 255) < 6 * 510.0.squareRoot()
    }

    /// Rows as a gateway seals them: a real seal over a real plaintext, one key for each plate.
    /// Short plaintexts of few kinds, as reads are, under a nonce each.
    private func sealed(plates: Int, each: Int) throws -> [SealedRow] {
        let random = SeededRandom("statistics \(plates)")
        let run = try Sample.run("a")
        var rows: [SealedRow] = []
        for _ in 0..<plates {
            let find = try SecretBytes(random: 32, from: random)
            let open = try SecretBytes(random: 32, from: random)
            for counter in 0..<UInt64(each) {
                let context = RowContext(
                    origin: Sample.origin, cell: Sample.cell, run: run, counter: counter)
                let padded = try PaddedRead.pad(Array("ABC123 camera 7".utf8))
                let nonce = random.bytes(24)
                let ciphertext = try XChaCha20Poly1305.seal(
                    padded, key: open, nonce: nonce, aad: context.associatedData)
                rows.append(
                    try SealedRow(
                        label: .derive(find: find, run: run, counter: counter),
                        bytes: nonce + ciphertext))
            }
        }
        return rows
    }

    /// What a store holds of one cell, and the size of its file.
    private func stored(_ rows: [SealedRow], _ name: String) throws -> (
        rows: [SealedRow], size: Int
    ) {
        let path = folder.path + "/" + name
        let store = try SQLiteRowStore.create(at: path, fileSystem: POSIXFileSystem())
        let batch = try Sample.batch(rows)
        _ = try store.keep(batch, admission: Sample.admission)
        _ = try store.close(Sample.closing([batch]))
        let file = path + "/day-\(Sample.day.number).sqlite"
        return (try store.rows(of: Sample.cell), try POSIXFileSystem().read(file).count)
    }

    @Test("one plate seen 169 times looks like 169 plates seen once")
    func alike() throws {
        let one = try stored(sealed(plates: 1, each: Self.count), "one")
        let many = try stored(sealed(plates: Self.count, each: 1), "many")
        #expect(one.size == many.size)
        for kept in [one.rows, many.rows] {
            #expect(kept.count == Self.count)
            #expect(Set(kept.map(\.bytes.count)) == [296])
            #expect(Set(kept.map(\.label)).count == Self.count)
            #expect(Set(kept.map { Array($0.bytes[..<24]) }).count == Self.count)
            // Labels, nonces and ciphertexts are uniform each by themselves.
            #expect(Self.isUniform(kept.flatMap(\.label.bytes)))
            #expect(Self.isUniform(kept.flatMap { $0.bytes[..<24] }))
            #expect(Self.isUniform(kept.flatMap { $0.bytes[24...] }))
            #expect(Self.sharedBytes(kept) < Self.sharedLimit)
            #expect(Self.longestCommon(kept) <= 5)
        }
    }

    @Test("what would tell them apart is found by the same measures")
    func control() throws {
        let random = SeededRandom("control")
        // A label without counter but for its end; one nonce and so one keystream for all rows.
        let prefix = random.bytes(12)
        let stream = random.bytes(296)
        let rows = try (0..<Self.count).map { counter in
            let label = prefix + [0, 0, UInt8(counter >> 8), UInt8(counter & 255)]
            var bytes = stream
            for place in 200..<296 { bytes[place] ^= random.bytes(1)[0] }
            return try SealedRow(label: Label(bytes: label), bytes: bytes)
        }
        #expect(!Self.isUniform(rows.flatMap(\.label.bytes)))
        #expect(!Self.isUniform(rows.flatMap { $0.bytes[..<24] }))
        #expect(Self.sharedBytes(rows) > Self.sharedLimit)
        #expect(Self.longestCommon(rows) > 5)
    }

    /// In how many places two rows next to each other have the same byte, beyond what chance gives,
    /// in standard deviations.
    static func sharedBytes(_ rows: [SealedRow]) -> Double {
        var same = 0.0
        var all = 0.0
        for (left, right) in zip(rows, rows.dropFirst()) {
            for (one, other) in zip(left.bytes, right.bytes) {
                all += 1
                if one == other { same += 1 }
            }
        }
        let expected = all / 256
        return abs(same - expected) / (expected * (1 - 1 / 256)).squareRoot()
    }

    private static let sharedLimit = 6.0

    /// The longest beginning that any two rows' ciphertexts share.
    static func longestCommon(_ rows: [SealedRow]) -> Int {
        let sorted = rows.map { Array($0.bytes[24...]) }.sorted { $0.lexicographicallyPrecedes($1) }
        return zip(sorted, sorted.dropFirst()).map { left, right in
            zip(left, right).prefix { $0 == $1 }.count
        }.max() ?? 0
    }
}
