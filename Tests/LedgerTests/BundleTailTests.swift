import Secrets
import TestSupport
import Testing

@testable import Ledger

/// The newest bundle in memory is the one that the entries give, whatever was added and taken back.
@Suite struct BundleTailTests {
    @Test func isTheBundleOfWhatIsThere() throws {
        var (known, asked) = (0, 0)
        for history in 0..<60 {
            let random = SeededRandom("bundle tail \(history)")
            func draw(_ bound: Int) -> Int {
                random.bytes(4).reduce(0) { $0 << 8 | Int($1) } % bound
            }
            var tail = BundleTail()
            var entries: [[UInt8]] = []
            for _ in 0..<400 {
                if draw(8) == 0 {
                    // Mostly a few entries, now and then hundreds.
                    let size = max(0, entries.count - draw(draw(10) == 0 ? 600 : 4))
                    entries.removeLast(entries.count - size)
                    tail.truncate(to: UInt64(size))
                } else {
                    for _ in 0...draw(4) {
                        let entry = random.bytes(draw(40))
                        tail.append(entry, at: UInt64(entries.count))
                        entries.append(entry)
                    }
                }
                let first = max(0, entries.count - 1) / TilePath.width * TilePath.width
                let range = UInt64(first)..<UInt64(entries.count)
                asked += 1
                guard let bundle = tail.bundle(range) else { continue }
                known += 1
                #expect(try bundle == EntryBundle.encode(Array(entries[first...])))
            }
            // Other ranges are not answered.
            let end = UInt64(entries.count)
            #expect(tail.bundle(0..<(end + 1)) == nil)
            #expect(end < 2 || tail.bundle((end - 1)..<(end + 1)) == nil)
        }
        // Only what was cut across the beginning of the bundle has to be read from the disk.
        #expect(known > asked / 2)
    }

    /// Every step of a log publishes the bundle of its entries, over the edges of bundles and after
    /// reopening in the middle of one.
    @Test func aLogPublishesTheSameWithIt() throws {
        let disk = FaultyFileSystem()
        let random = SeededRandom("bundles of a log")
        let signer = try NoteSigner(name: "a.example/log", key: SigningKey(from: random))
        var log = try Log.create(
            at: "log", origin: "a.example/log", signer: signer, fileSystem: disk)
        var entries: [[UInt8]] = []
        for step in 0..<120 {
            let added = (0..<(step % 7 == 6 ? 23 : 2)).map { _ in random.bytes(9) }
            _ = try log.append(added)
            entries += added
            let first = entries.count / TilePath.width * TilePath.width
            if first < entries.count {
                let path = TilePath.entries(
                    index: UInt64(first / TilePath.width), width: entries.count - first)
                #expect(
                    try disk.read("log/public/" + path)
                        == EntryBundle.encode(Array(entries[first...])))
            }
            if step % 20 == 19 {
                log = try Log.open(
                    at: "log", origin: "a.example/log", signer: signer, fileSystem: disk)
            }
        }
        #expect(entries.count > 2 * TilePath.width)
    }
}
