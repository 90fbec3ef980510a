import Bytes
import Plates
import Secrets
import Testing
import Tokens

@Suite("parcels: what is written, and nothing else, is read")
struct ParcelTests {
    /// One of each format, with a reader that writes it again.
    private func formats() throws -> [(String, [UInt8], ([UInt8]) throws -> [UInt8])] {
        let deployment = try Deployment(3, of: 5)
        let set = deployment.custodians[3]
        try set.advance(to: Deployment.first.adding(2))
        let cells = [cell(2, 1), cell(2, 1, 8), cell(3, 0)]
        let grant = try set.siteKeys(
            site: SiteNumber(number: 8), hours: [cell(2, 1).hour, cell(4, 7).hour])
        let answer = try set.evaluate(plates: [try plate("A1"), try plate("B2")], cells: cells)
        func plain(_ secret: borrowing SecretBytes) -> [UInt8] {
            secret.withUnsafeBytes { Array($0) }
        }
        return [
            (
                "chains", plain(try set.encode()),
                { plain(try ChainSet(wire: SecretBytes(copying: $0)).encode()) }
            ),
            (
                "seeds", plain(try deployment.seeds[2].parcel(for: 3).encode()),
                { plain(try SeedParcel(wire: SecretBytes(copying: $0)).encode()) }
            ),
            (
                "site keys", plain(try grant.encode()),
                { plain(try SiteKeyParcel(wire: SecretBytes(copying: $0)).encode()) }
            ),
            (
                "partials", plain(try answer.encode()),
                { plain(try PartialParcel(wire: SecretBytes(copying: $0)).encode()) }
            ),
        ]
    }

    @Test("whatever is accepted is written again as the same bytes")
    func roundTrip() throws {
        for (name, bytes, reread) in try formats() {
            #expect(try reread(bytes) == bytes, "\(name)")
            // Any byte changed: either refused, or a different parcel of the same form.
            for index in bytes.indices {
                for change: UInt8 in [1, 0x80, 0xff] {
                    var changed = bytes
                    changed[index] ^= change
                    do {
                        #expect(try reread(changed) == changed, "\(name) at \(index)")
                    } catch let error as TokensError {
                        #expect(error == refusal("parcel-malformed"), "\(name) at \(index)")
                    }
                }
            }
        }
    }

    @Test("cut short or made longer at any place, nothing is accepted")
    func sizes() throws {
        for (name, bytes, reread) in try formats() {
            for size in 0..<bytes.count {
                #expect(throws: refusal("parcel-malformed"), "\(name) of \(size)") {
                    _ = try reread(Array(bytes[..<size]))
                }
            }
            #expect(throws: refusal("parcel-malformed")) { _ = try reread(bytes + [0]) }
            let key = [UInt8](repeating: 0, count: 32)
            #expect(throws: refusal("parcel-malformed")) { _ = try reread(bytes + key) }
        }
    }

    @Test("the state file's chains answer as before")
    func state() throws {
        let set = try Deployment(3, of: 5).custodians[3]
        try set.advance(to: Deployment.first.adding(4))
        let again = try ChainSet(wire: set.encode())
        #expect(again.oldestDay == set.oldestDay)
        #expect(again.first == set.first)
        #expect(again.masks == set.masks)
        let asked = try plate("A1")
        let (left, right) = (
            try set.evaluate(plates: [asked], cells: [cell(4, 4)]),
            try again.evaluate(plates: [asked], cells: [cell(4, 4)])
        )
        #expect(left.differences(from: right).isEmpty)
        #expect(throws: refusal("day-destroyed")) {
            _ = try again.commits(at: Deployment.first.adding(3))
        }
    }

    @Test("an advanced state holds no byte run of the values before")
    func forgotten() throws {
        let set = try Deployment(4, of: 7).custodians[0]
        let before = try set.encode().withUnsafeBytes { Array($0) }
        try set.advance(to: Deployment.first.next)
        let after = try set.encode().withUnsafeBytes { Array($0) }
        #expect(after.count == before.count)
        let keys = before.count - set.masks.count * 32
        for start in stride(from: keys, to: before.count, by: 8) {
            let run = Array(before[start..<(start + 8)])
            #expect(!after.indices.dropLast(7).contains { Array(after[$0..<($0 + 8)]) == run })
        }
    }

    @Test("nothing that holds keys shows any")
    func silence() throws {
        let deployment = try Deployment(2, of: 3)
        let set = deployment.custodians[0]
        let answers = try deployment.custodians.map {
            try $0.evaluate(plates: [try plate("A1")], cells: [cell(0, 0)])
        }
        let grant = try set.siteKeys(site: SiteNumber(number: 3), hours: [cell(0, 0).hour])
        let keys = try CellKeys.combine(
            answers, threshold: deployment.threshold, plate: 0, cell: cell(0, 0))
        let site = SiteKeys(
            generation: 1, site: SiteNumber(number: 3), threshold: deployment.threshold)
        let values: [Any] = [deployment.seeds[0], set, grant, answers[0], keys, site]
        for value in values {
            #expect(Mirror(reflecting: value).children.isEmpty)
            var dumped = ""
            dump(value, to: &dumped)
            #expect(dumped.count < 60)
            #expect("\(value)".count < 40)
        }
    }
}
