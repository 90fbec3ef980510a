import Bytes
import Plates
import Rows
import Secrets
import TestSupport
import Testing

/// The examples of Docs/Spec/Batch.md and Hour.md are what this code writes.
@Suite struct RowsSpecExampleTests {
    private static let cell = Cell(hour: Hour(number: 498_809), site: SiteNumber(number: 3))

    /// A batch of two rows, given in the wrong order.
    private static func batch() throws -> Batch {
        let seed = try SecretBytes(copying: (0..<32).map { UInt8($0) })
        let rows = try [0x22, 0x11].map { byte in
            try SealedRow(
                label: Label(bytes: [UInt8](repeating: byte, count: 16)),
                bytes: [UInt8](repeating: byte, count: 296))
        }
        return try Batch(
            cell: cell, run: try RunID(bytes: (1...8).map { UInt8($0) }), number: 0, rows: rows,
            origin: "example.org/vault.demo", key: try SigningKey(seed: seed))
    }

    @Test func theBatchStandsOnThePage() throws {
        let page = try SpecPage("Batch")
        let wire = try Self.batch().encode()
        #expect(wire.count == 122 + 2 * 314)
        #expect(page.shows(Hex.encode(Array(wire[..<122]))))
        #expect(page.shows("SHA-256 of all \(wire.count) bytes = \(Digest(of: wire).hex)"))
    }

    @Test func theClosedHourStandsOnThePage() throws {
        let page = try SpecPage("Hour")
        let salt = [UInt8](repeating: 0x55, count: 32)
        let closed = try HourOpening(
            closing: Self.cell, kind: .prompt, batches: [Self.batch()], unfinished: [],
            salt: salt)
        let quiet = try HourOpening(
            closing: Self.cell, kind: .prompt, batches: [], unfinished: [], salt: salt)
        for opening in [closed, quiet] {
            #expect(page.shows(Hex.encode(opening.encode())))
            #expect(page.shows("closed = \(opening.commitment.hex)"))
        }
    }
}
