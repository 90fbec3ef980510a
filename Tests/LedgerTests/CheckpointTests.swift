import Bytes
import Ledger
import Secrets
import Testing

@Suite struct CheckpointTests {
    static let published =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

    @Test func thePublishedExampleRoundTrips() throws {
        let checkpoint = try Checkpoint(text: Self.published)
        #expect(checkpoint.origin == "example.com/behind-the-sofa")
        #expect(checkpoint.size == 20_852_163)
        #expect(checkpoint.text == Self.published)
        let line =
            "\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4U"
            + "RYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
        let note = try Note(wire: Array((Self.published + line).utf8))
        #expect(note.text == Self.published)
    }

    @Test func otherSpellingsAreRefused() {
        let good = Self.published
        let cases = [
            "", "\n", "\n\n\n", String(good.dropLast()), good + "\n", good + "extension\n",
            "\n" + good, good.replacing("20852163", with: "020852163"),
            good.replacing("20852163", with: "+20852163"), good.replacing("20852163", with: "-1"),
            good.replacing("20852163", with: ""), good.replacing("20852163", with: "0x10"),
            good.replacing("20852163", with: "18446744073709551616"),
            good.replacing("20852163", with: "２"),
            good.replacing("q2I=", with: "q2J="), good.replacing("q2I=", with: "q2I"),
            good.replacing("CsUY", with: ""), good.replacing("=", with: "=\r"),
        ]
        for text in cases {
            #expect(code { _ = try Checkpoint(text: text) } == "checkpoint-form", "\(text)")
        }
        for origin in ["", "a b", "a+b"] {
            let text = good.replacing("example.com/behind-the-sofa", with: origin)
            #expect(code { _ = try Checkpoint(text: text) } == "checkpoint-origin")
        }
    }

    @Test func sizesUpToTheLastAreRead() throws {
        for size in [0, 1, UInt64.max] {
            let checkpoint = try Checkpoint(origin: "o", size: size, root: .zero)
            #expect(try Checkpoint(text: checkpoint.text) == checkpoint)
        }
    }

    @Test func verifiedMeansKeyAndOrigin() throws {
        let (log, stranger) = (try signer("log.example"), try signer("stranger.example"))
        let text = try Checkpoint(origin: "log.example", size: 3, root: .zero).text
        let wire = try log.sign(text).encode()
        let verified = try Checkpoint.verified(wire, origin: "log.example", key: log.verifierKey)
        #expect(verified.checkpoint.size == 3)
        #expect(verified.note.encode() == wire)
        func refusal(_ wire: [UInt8], _ origin: String, _ key: NoteVerifierKey) -> String? {
            code { _ = try Checkpoint.verified(wire, origin: origin, key: key) }
        }
        #expect(refusal(wire, "other.example", log.verifierKey) == "checkpoint-origin")
        #expect(refusal(wire, "log.example", stranger.verifierKey) == "checkpoint-unsigned")
        let byStranger = try stranger.sign(text).encode()
        #expect(refusal(byStranger, "log.example", log.verifierKey) == "checkpoint-unsigned")
        let noCheckpoint = try log.sign("log.example\n3\n").encode()
        #expect(refusal(noCheckpoint, "log.example", log.verifierKey) == "checkpoint-form")
    }
}

/// The published log of Tests/Vectors/tlog-tiles: 16 checkpoints, and a bundle for each size.
@Suite struct PublishedLogTests {
    static let key =
        "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"

    @Test func everyCheckpointVerifiesAndItsRootIsThatOfItsBundle() throws {
        let key = try NoteVerifierKey(text: Self.key)
        var tree = MerkleTree()
        var roots: [Digest] = []
        for size in 0...15 {
            let wire = try vector("tlog-tiles/checkpoint.\(size)")
            let (checkpoint, note) = try Checkpoint.verified(
                wire, origin: "example.com/log/testdata", key: key)
            #expect(note.encode() == wire)
            #expect(checkpoint.size == UInt64(size))
            let entries = size == 0 ? [] : try Self.bundle(size)
            #expect(entries.count == size)
            if let last = entries.last { tree.append(Merkle.leafHash(last)) }
            #expect(tree.root == checkpoint.root)
            #expect(naiveRoot(entries[...]) == checkpoint.root)
            #expect(Merkle.root(of: entries.map(Merkle.leafHash)) == checkpoint.root)
            roots.append(checkpoint.root)
        }
        for old in 1...15 {
            for new in old...15 {
                try Merkle.verifyConsistency(
                    oldSize: UInt64(old), oldRoot: roots[old], size: UInt64(new), root: roots[new],
                    proof: tree.consistencyProof(from: UInt64(old), to: UInt64(new)))
            }
        }
        #expect(try vector("tlog-tiles/checkpoint") == vector("tlog-tiles/checkpoint.15"))
    }

    /// Entry bundles of tlog-tiles: u16(length) ‖ entry, one after the other.
    private static func bundle(_ size: Int) throws -> [[UInt8]] {
        var reader = ByteReader(try vector("tlog-tiles/tile/entries/000.p/\(size)"))
        var entries: [[UInt8]] = []
        while reader.remaining > 0 { entries.append(try reader.raw(Int(reader.u16()))) }
        return entries
    }
}
