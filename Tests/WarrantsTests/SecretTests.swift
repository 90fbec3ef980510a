import Bytes
import Plates
import Secrets
import Testing
import Warrants

/// The sealed part of a request and its commitments.
struct SecretTests {
    @Test func goesRoundAndPrintsNothing() throws {
        let secret = try Filing().secret()
        let wire = try secret.encode()
        let again = try RequestSecret(wire: wire)
        #expect(again.plates == secret.plates)
        #expect(again.cells == secret.cells)
        #expect(again.plateCommitments == secret.plateCommitments)
        #expect(again.windowCommitment == secret.windowCommitment)
        #expect(again.docketCommitment == secret.docketCommitment)
        #expect(try again.encode().isEqual(to: wire))
        var dumped = ""
        dump(secret, to: &dumped)
        for shown in ["\(secret)", String(reflecting: secret), dumped] {
            #expect(!shown.contains("ABC") && !shown.contains("24-CR"))
        }
    }

    @Test func commitmentsAreTheDocumentedFormulas() throws {
        let salt = [UInt8](repeating: 5, count: 32)
        let plate = try Plate(normalizing: "ab-12o", fold: .letterOAsZero)
        #expect(
            Commitment.plate(plate, salt: salt)
                == Digest(of: Array("platevault/plate-commit/v1".utf8) + salt + Array("AB120".utf8))
        )
        let cells = [
            Cell(hour: Hour(number: 498_809), site: .init(number: 3)),
            Cell(hour: Hour(number: 498_810), site: .init(number: 1)),
        ]
        let bytes: [UInt8] = [0, 0, 0, 2, 0, 7, 0x9c, 0x79, 0, 3, 0, 7, 0x9c, 0x7a, 0, 1]
        #expect(
            Commitment.window(cells, salt: salt)
                == Digest(of: Array("platevault/window-commit/v1".utf8) + salt + bytes))
        #expect(
            Commitment.docket("24-CR", salt: salt)
                == Digest(
                    of: Array("platevault/docket-commit/v1".utf8) + salt + Array("24-CR".utf8)))
    }

    @Test func saltsHideEqualPlates() throws {
        var other = Filing()
        other.seed = "other"
        let (one, two) = (try Filing().secret(), try other.secret())
        #expect(one.plates == two.plates)
        #expect(Set(one.plateCommitments + two.plateCommitments).count == 4)
        #expect(one.windowCommitment != two.windowCommitment)
        #expect(one.docketCommitment != two.docketCommitment)
    }

    @Test func refusesEveryOtherSpelling() throws {
        let wire = try Filing().secret().encode()
        let text = wire.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        let spoilt: [(String, String)] = [
            ("ABC123", "abc123"), ("ABC123", "ABC 123"), ("ABC123", "ABC*23"),
            ("ABC123", "XYZ9"), ("\"O0\"", "\"none\",\"x\":1"), ("\"O0\"", "\"O1\""),
            ("\"docket\":", " \"docket\":"), ("24-CR-00172", "24\\tCR"),
            ("\"cells\":[[", "\"cells\":[[1,1,1],["), ("\"cells\":[[", "\"cells\":[[1,70000],["),
            ("\"cells\":[[", "\"cells\":[[4000000000,1],["),
            ("\"windowSalt\":\"", "\"windowSalt\":\"00"),
        ]
        for (old, new) in spoilt {
            let range = try #require(text.firstRange(of: old))
            var changed = text
            changed.replaceSubrange(range, with: new)
            #expect(throws: Refusal.self, "\(old) → \(new)") {
                try RequestSecret(wire: SecretBytes(copying: Array(changed.utf8)))
            }
        }
        #expect(throws: Refusal(.secretMalformed, "")) {
            try RequestSecret(wire: SecretBytes(copying: []))
        }
    }

    @Test func refusesBadParts() throws {
        let plate = try Plate(normalizing: "ABC", fold: .letterOAsZero)
        let other = try Plate(normalizing: "XYZ", fold: .none)
        let salt = [UInt8](repeating: 1, count: 32)
        let cell = Cell(hour: Hour(number: 1), site: .init(number: 1))
        func make(
            _ plates: [Plate], _ salts: [[UInt8]], _ cells: [Cell], docket: String = "",
            windowSalt: [UInt8] = [UInt8](repeating: 1, count: 32)
        ) throws {
            _ = try RequestSecret(
                requester: "doyle", replyKey: .zero, plates: plates, plateSalts: salts,
                cells: cells, windowSalt: windowSalt, docket: docket, docketSalt: salt)
        }
        try make([plate], [salt], [cell])
        let bad = Refusal(.secretMalformed, "")
        #expect(throws: bad) { try make([plate], [], [cell]) }
        #expect(throws: bad) { try make([plate], [[1]], [cell]) }
        #expect(throws: bad) { try make([plate], [salt], [cell, cell]) }
        #expect(throws: bad) { try make([plate, other], [salt, salt], [cell]) }
        #expect(throws: bad) { try make([plate], [salt], [cell], docket: "a\nb") }
        #expect(throws: bad) { try make([plate], [salt], [cell], windowSalt: []) }
        #expect(throws: bad) {
            try make([plate], [salt], [cell], docket: String(repeating: "x", count: 2_049))
        }
    }
}
