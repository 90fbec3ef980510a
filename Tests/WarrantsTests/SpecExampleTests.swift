import Ledger
import Plates
import Secrets
import TestSupport
import Testing
import Warrants

/// The examples of Docs/Spec/Statements.md and Request.md are what this code writes.
@Suite struct WarrantsSpecExampleTests {
    @Test func theStatementStandsOnThePage() throws {
        let page = try SpecPage("Statements")
        let request = try #require(
            Digest(hex: "4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a"))
        let roster = try #require(
            Digest(hex: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"))
        let body = ApprovalBody(
            officer: "lopez", request: request,
            time: Timestamp(milliseconds: 1_795_397_301_244))
        let text = try StatementDraft.text(
            body, origin: "example.org/vault.demo", rosterHash: roster)
        let seed = try SecretBytes(copying: (0..<32).map { UInt8($0) })
        let signer = try NoteSigner(
            name: "example.org/vault.demo/lopez", key: try SigningKey(seed: seed))
        let note = try signer.sign(text)
        #expect(page.shows(String(decoding: note.encode(), as: UTF8.self)))
        #expect(page.shows(signer.verifierKey.text))
        #expect(page.shows("id = \(note.id.hex)"))
    }

    @Test func theCommitmentsStandOnThePage() throws {
        let page = try SpecPage("Request")
        func salt(_ byte: UInt8) -> [UInt8] { [UInt8](repeating: byte, count: 32) }
        let cells = [(498_809, 3), (498_810, 1)].map {
            Cell(hour: Hour(number: $0), site: SiteNumber(number: $1))
        }
        let secret = try RequestSecret(
            requester: "doyle", replyKey: Digest(of: [UInt8](repeating: 9, count: 1_216)),
            plates: [Plate(normalizing: "abc·12О", fold: .letterOAsZero)],
            plateSalts: [salt(1)], cells: cells, windowSalt: salt(2), docket: "26-1047",
            docketSalt: salt(3))
        #expect(page.shows("plate = \(secret.plateCommitments[0].hex)"))
        #expect(page.shows("window = \(secret.windowCommitment.hex)"))
        #expect(page.shows("docket = \(secret.docketCommitment.hex)"))
        let wire = try secret.encode().withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        #expect(page.shows(wire))
    }
}
