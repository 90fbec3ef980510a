import Bytes
import Ledger
import Secrets
import TestSupport
import Testing

func createdMirror(_ disk: FaultyFileSystem) throws -> Mirror {
    try Mirror.create(
        at: "/mirror", origin: logOrigin, logKey: signer(logOrigin).verifierKey, fileSystem: disk)
}

func openedMirror(_ disk: FaultyFileSystem) throws -> Mirror {
    try Mirror.open(
        at: "/mirror", origin: logOrigin, logKey: signer(logOrigin).verifierKey, fileSystem: disk)
}

/// The signed checkpoints of a log of some entries, without a log.
func signedHead(_ entries: some Collection<[UInt8]>) throws -> [UInt8] {
    let root = naiveRoot(Array(entries)[...])
    let head = try Checkpoint(origin: logOrigin, size: UInt64(entries.count), root: root)
    return try signer(logOrigin).sign(head.text).encode()
}

/// Entries as a log would serve them.
func serving(_ entries: [[UInt8]]) -> (Range<UInt64>) -> [[UInt8]] {
    { Array(entries.dropFirst(Int($0.lowerBound)).prefix($0.count)) }
}

@Suite struct MirrorTests {
    private let all = entries(0..<600)

    private func refusal(_ mirror: Mirror, _ wire: [UInt8], _ entries: [[UInt8]]) -> LedgerError? {
        do {
            try mirror.advance(to: wire, fetch: serving(entries))
            return nil
        } catch { return error as? LedgerError }
    }

    @Test func itFollowsALog() throws {
        let (logDisk, disk) = (FaultyFileSystem(), FaultyFileSystem())
        let log = try created(logDisk)
        let mirror = try createdMirror(disk)
        #expect(mirror.checkpoint == nil)
        #expect(mirror.head.root == Merkle.emptyRoot)
        for range in [0..<0, 0..<1, 1..<256, 256..<257, 257..<600] {
            _ = try log.append(Array(all[range]))
            try mirror.advance(to: log.checkpoint) { try log.entries($0) }
            #expect(mirror.checkpoint == log.checkpoint)
            #expect(mirror.head == log.head)
            #expect(try mirror.entries(0..<mirror.size) == Array(all[..<range.upperBound]))
        }
        let again = try openedMirror(disk)
        #expect(again.checkpoint == log.checkpoint)
        #expect(try again.entry(at: 300) == all[300])
        #expect(try again.inclusionProof(of: 300) == log.inclusionProof(of: 300))
        #expect(try again.consistencyProof(from: 257) == log.consistencyProof(from: 257))
        #expect(code { _ = try again.entry(at: 600) } == "entry-missing")
        #expect(code { _ = try again.inclusionProof(of: 1, size: 601) } == "proof-range")
    }

    @Test func entriesAreAskedForBundleByBundle() throws {
        let mirror = try createdMirror(FaultyFileSystem())
        try mirror.advance(to: signedHead(all[..<100]), fetch: serving(all))
        var asked: [Range<UInt64>] = []
        try mirror.advance(to: signedHead(all)) { range in
            asked.append(range)
            return serving(all)(range)
        }
        #expect(asked == [100..<256, 256..<512, 512..<600])
    }

    @Test func theSameCheckpointAgainAsksForNothing() throws {
        let disk = FaultyFileSystem()
        let mirror = try createdMirror(disk)
        try mirror.advance(to: signedHead(all[..<5]), fetch: serving(all))
        let before = disk.operations
        try mirror.advance(to: signedHead(all[..<5])) { _ in
            Issue.record("nothing is missing")
            return []
        }
        #expect(disk.operations == before)
    }

    @Test func smallerForkedAndStrangeCheckpointsAreRefused() throws {
        let disk = FaultyFileSystem()
        let mirror = try createdMirror(disk)
        let held = try signedHead(all[..<300])
        try mirror.advance(to: held, fetch: serving(all))
        var other = all
        other[7] = [0xff]
        let image = disk.image
        let older = try #require(refusal(mirror, signedHead(all[..<299]), all))
        #expect(older.code == "checkpoint-older")
        #expect(refusal(mirror, try signedHead([]), all)?.code == "checkpoint-older")
        // Forks of the same size, smaller, and larger with the entries that show it.
        for size in [300, 299, 8, 301, 600] {
            let wire = try signedHead(other[..<size])
            let fork = try #require(refusal(mirror, wire, other))
            #expect(fork.code == "log-forked", "\(size)")
            #expect(fork.evidence.map { $0.encode() } == [held, wire])
            let key = try signer(logOrigin).verifierKey
            #expect(fork.evidence.allSatisfy { $0.isSigned(by: key) })
        }
        // A smaller one that agrees so far is only old.
        #expect(refusal(mirror, try signedHead(other[..<7]), all)?.code == "checkpoint-older")
        #expect(mirror.checkpoint == held)
        #expect(disk.image == image, "what was refused left nothing behind")
        try mirror.advance(to: signedHead(all), fetch: serving(all))
        #expect(mirror.size == 600)
    }

    @Test func entriesThatDoNotFitAreTakenBack() throws {
        let disk = FaultyFileSystem()
        let mirror = try createdMirror(disk)
        let held = try signedHead(all[..<10])
        try mirror.advance(to: held, fetch: serving(all))
        let image = disk.image
        let wire = try signedHead(all)
        var changed = all
        changed[400][0] ^= 1
        var swapped = all
        swapped.swapAt(20, 21)
        for wrong in [changed, swapped, all[..<599] + [all[598]]] {
            let error = try #require(refusal(mirror, wire, wrong))
            #expect(error.code == "entries-mismatch")
            #expect(error.evidence.map { $0.encode() } == [held, wire])
            #expect(disk.image == image)
        }
        #expect(refusal(mirror, wire, Array(all[..<599]))?.code == "entries-count")
        #expect(refusal(mirror, wire, [])?.code == "entries-count")
        var long = all
        long[500] = [UInt8](repeating: 1, count: 65_536)
        #expect(refusal(mirror, wire, long)?.code == "entry-size")
        struct Away: Error {}
        #expect(throws: Away.self) {
            try mirror.advance(to: wire) { range in
                guard range.lowerBound < 512 else { throw Away() }
                return serving(all)(range)
            }
        }
        #expect(disk.image == image)
        try mirror.advance(to: wire, fetch: serving(all))
        #expect(try openedMirror(disk).entries(0..<600) == all)
    }

    @Test func otherKeysAndOriginsAreRefused() throws {
        let mirror = try createdMirror(FaultyFileSystem())
        let text = try Checkpoint(origin: logOrigin, size: 0, root: Merkle.emptyRoot).text
        let stranger = try signer("stranger.example").sign(text).encode()
        #expect(refusal(mirror, stranger, [])?.code == "checkpoint-unsigned")
        let other = try Checkpoint(origin: "other.example", size: 0, root: Merkle.emptyRoot)
        let wire = try signer(logOrigin).sign(other.text).encode()
        #expect(refusal(mirror, wire, [])?.code == "checkpoint-origin")
        // Another key under the log's own name.
        let namesake = try NoteSigner(name: logOrigin, key: SigningKey(from: SeededRandom("x")))
        #expect(
            refusal(mirror, try namesake.sign(text).encode(), [])?.code == "checkpoint-unsigned")
        #expect(refusal(mirror, Array("nonsense".utf8), [])?.code == "note-form")
        let empty = try Checkpoint(origin: logOrigin, size: 0, root: .zero)
        let wrong = try signer(logOrigin).sign(empty.text).encode()
        #expect(refusal(mirror, wrong, [])?.code == "log-forked", "no tree of size 0 has this root")
    }

    @Test func cosignaturesOfOthersDoNotDisturb() throws {
        let disk = FaultyFileSystem()
        let mirror = try createdMirror(disk)
        let note = try signer("witness.example").cosign(Note(wire: signedHead(all[..<3])))
        try mirror.advance(to: note.encode(), fetch: serving(all))
        #expect(mirror.checkpoint == note.encode())
        #expect(try openedMirror(disk).checkpoint == note.encode())
    }

    @Test func creatingAndOpeningAreTwoThings() throws {
        let disk = FaultyFileSystem()
        #expect(code { _ = try openedMirror(disk) } == "journal-missing")
        _ = try createdMirror(disk)
        #expect(code { _ = try createdMirror(disk) } == "mirror-exists")
        #expect(try openedMirror(disk).checkpoint == nil)
    }

    @Test func aChangedByteAnywhereIsDamage() throws {
        let disk = FaultyFileSystem()
        let mirror = try createdMirror(disk)
        try mirror.advance(to: signedHead(all[..<3]), fetch: serving(all))
        try mirror.advance(to: signedHead(all[..<9]), fetch: serving(all))
        let size = try disk.read("/mirror/journal").count
        for index in 0..<size {
            let copy = disk.copy()
            copy.tamper("/mirror/journal") { $0[index] ^= 0x20 }
            #expect(code { _ = try openedMirror(copy) } == "journal-damaged", "byte \(index)")
        }
        for index in try disk.read(mirrorPublic + "/checkpoint").indices {
            let copy = disk.copy()
            copy.tamper(mirrorPublic + "/checkpoint") { $0[index] ^= 1 }
            #expect(code { _ = try openedMirror(copy) } != nil, "checkpoint byte \(index)")
        }
        // A checkpoint of a fork, put in its place by whoever has the log's key and this disk.
        let copy = disk.copy()
        let forged = try signedHead(entries(0..<9, tag: "other"))
        copy.tamper(mirrorPublic + "/checkpoint") { $0 = forged }
        #expect(code { _ = try openedMirror(copy) } == "mirror-damaged")
    }
}
