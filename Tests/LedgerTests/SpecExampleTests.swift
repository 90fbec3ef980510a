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

    @Test func thePathStandsOnThePage() throws {
        let page = try SpecPage("Ledger")
        let hashes = Self.entries.map { Merkle.leafHash($0) }
        let path = try Merkle.inclusionProof(1, in: hashes)
        for hash in path { #expect(page.shows(hash.hex)) }
        #expect(path.count == 2)
    }
}
