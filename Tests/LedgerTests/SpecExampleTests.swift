import Bytes
import Foundation
import Ledger
import Secrets
import TestSupport
import Testing

/// The examples of Docs/Spec/Ledger.md are what this code writes.
@Suite struct LedgerSpecExampleTests {
    private static let origin = "example.org/vault.demo"
    private static let entries = ["first", "second", "third"].map { Array($0.utf8) }

    private static func signer() throws -> NoteSigner {
        let seed = try SecretBytes(copying: (0..<32).map { UInt8($0) })
        return try NoteSigner(name: origin, key: try SigningKey(seed: seed))
    }

    @Test func theCheckpointStandsOnThePage() throws {
        let page = try SpecPage("Ledger")
        let signer = try Self.signer()
        #expect(page.shows(signer.verifierKey.text))
        let root = Merkle.root(of: Self.entries.map { Merkle.leafHash($0) })
        let checkpoint = try Checkpoint(origin: Self.origin, size: 3, root: root)
        let note = try signer.sign(checkpoint.text)
        #expect(page.shows(String(decoding: note.encode(), as: UTF8.self)))
        #expect(page.shows("note id = \(note.id.hex)"))
        #expect(try Note(wire: note.encode()).isSigned(by: signer.verifierKey))
    }

    /// The log of the page on a disk, and the cosigner's line over its head.
    private static func cosigned() throws -> (
        log: Log, disk: FaultyFileSystem, key: CosignerKey, note: Note
    ) {
        let disk = FaultyFileSystem()
        let log = try Log.create(at: "/log", origin: origin, signer: signer(), fileSystem: disk)
        _ = try log.append(Array(entries[..<1]))
        _ = try log.append(Array(entries[1...]))
        let seed = try SecretBytes(copying: (0x20..<0x40).map { UInt8($0) })
        let cosigner = try Cosigner(name: "clerk.example.org/mirror", key: SigningKey(seed: seed))
        let line = try cosigner.cosign(log.head, at: 1_767_225_600)
        let note = try Note(wire: log.checkpoint).adding([line])
        #expect(try log.add(cosignatures: note))
        return (log, disk, cosigner.verifierKey, note)
    }

    @Test func theCosignatureStandsOnThePage() throws {
        let page = try SpecPage("Ledger")
        let (log, _, key, note) = try Self.cosigned()
        #expect(page.shows("cosigner key = \(key.text)"))
        #expect(page.shows(String(decoding: log.checkpoint, as: UTF8.self)))
        #expect(try note.cosignatures(by: [key]).map(\.time) == [1_767_225_600])
    }

    @Test func tilesAndBundlesStandOnThePage() throws {
        let page = try SpecPage("Ledger")
        let (_, disk, _, _) = try Self.cosigned()
        let files = MemoryTiles(disk, "/log/public").files
        #expect(
            files.keys.sorted() == [
                "checkpoint", "tile/0/000.p/1", "tile/0/000.p/3", "tile/entries/000.p/1",
                "tile/entries/000.p/3",
            ])
        for name in files.keys { #expect(page.shows(name), "\(name)") }
        #expect(page.shows(Hex.encode(try #require(files["tile/0/000.p/3"]))))
        #expect(page.shows(Hex.encode(try #require(files["tile/entries/000.p/3"]))))
        #expect(page.shows(TilePath.hashes(level: 0, index: 1_234_067, width: 12)))
    }

    @Test func theProofFileAndThePolicyStandOnThePage() throws {
        let page = try SpecPage("Ledger")
        let (log, _, key, note) = try Self.cosigned()
        let file = ProofFile(index: 1, proof: try log.inclusionProof(of: 1), note: note)
        #expect(page.shows(String(decoding: file.encode(), as: UTF8.self)))
        let policy = """
            log \(log.verifierKey)
            witness clerk \(key)
            group custodians 1 clerk
            quorum custodians

            """
        #expect(page.shows(policy))
        try file.verify(
            leafHash: Merkle.leafHash(Self.entries[1]), policy: TlogPolicy(wire: Array(policy.utf8))
        )
    }

    @Test func theRequestsStandOnThePage() throws {
        let page = try SpecPage("Ledger")
        let (log, _, _, note) = try Self.cosigned()
        let plain = try Note(text: note.text, signatures: Array(note.signatures.prefix(1)))
        let proof = try log.consistencyProof(from: 1)
        let request = AddCheckpoint(oldSize: 1, proof: proof, note: plain).encode()
        #expect(page.shows(String(decoding: request, as: UTF8.self)))
        #expect(page.shows(Hex.encode(try MirrorUpload(log).entriesBody(from: 1, to: 3))))
    }

    @Test func everyCodeStandsOnThePage() throws {
        let page = try SpecPage("Ledger")
        let folder = Vectors.root.appending(path: "Sources/Ledger")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        var codes: Set<String> = []
        for name in names {
            let text = try Vectors.text("Sources/Ledger/\(name)")
            for match in text.matches(of: /code: "([a-z-]+)"/) { codes.insert(String(match.1)) }
            for match in text.matches(of: /refusal\(\s*"([a-z]+)"/) {
                codes.insert("policy-\(match.1)")
            }
        }
        #expect(codes.count > 40)
        for code in codes { #expect(page.shows("`\(code)`"), "\(code)") }
    }

    @Test func thePathStandsOnThePage() throws {
        let page = try SpecPage("Ledger")
        let hashes = Self.entries.map { Merkle.leafHash($0) }
        let path = try Merkle.inclusionProof(1, in: hashes)
        for hash in path { #expect(page.shows(hash.hex)) }
        #expect(path.count == 2)
    }
}
