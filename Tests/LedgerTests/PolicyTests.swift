import Ledger
import Secrets
import TestSupport
import Testing

/// tlog-policy.
@Suite struct PolicyTests {
    private func policy(_ text: String) throws -> TlogPolicy {
        try TlogPolicy(wire: Array(text.utf8))
    }

    private func log(_ name: String = logOrigin) throws -> String {
        try signer(name).verifierKey.text
    }

    private func witness(_ name: String) throws -> String { try cosigner(name).verifierKey.text }

    /// A checkpoint's note with these cosignatures.
    private func note(_ names: String...) throws -> Note {
        let note = try Note(wire: signedHead(entries(0..<3)))
        let head = try Checkpoint(text: note.text)
        return try note.adding(try names.map { try cosigner($0).cosign(head, at: 9) })
    }

    /// The specification's own example.
    private func example() throws -> TlogPolicy {
        try policy(
            """
            log \(log())

            witness X1 \(witness("x1"))
            witness X2 \(witness("x2"))
            witness X3 \(witness("x3")) https://x3.example/
            group X-witnesses 2 X1 X2 X3

            witness Y1 \(witness("y1"))
            witness Y2 \(witness("y2"))
            witness Y3 \(witness("y3"))
            group Y-witnesses any Y1 Y2 Y3

              # two organisations
            \tgroup  X-and-Y all\tX-witnesses Y-witnesses\u{20}
            quorum X-and-Y

            """)
    }

    @Test func theSpecificationsExample() throws {
        let policy = try example()
        #expect(policy.logs.count == 1)
        #expect(policy.witnesses.count == 6)
        #expect(policy.witnesses[2].url == Array("https://x3.example/".utf8))
        let good = try [
            note("x1", "x2", "y1"), note("x3", "y2", "x1", "y3"), note("x2", "x3", "y3"),
        ]
        for note in good { #expect(try policy.check(note).head.size == 3) }
        let bad = try [
            note(), note("x1", "y1"), note("x1", "x2", "x3"), note("y1", "y2", "y3", "x1"),
        ]
        for note in bad { #expect(code { _ = try policy.check(note) } == "quorum-missing") }
        let unknown = try policy.check(note("x1", "x2", "y1", "stranger"))
        #expect(unknown.cosignatures.count == 3)
    }

    @Test func aWrongLineOfAKnownKeyRefusesTheNote() throws {
        let policy = try example()
        let good = try note("x1", "x2", "y1")
        let key = try cosigner("x3").verifierKey
        let line = try NoteSignature(name: key.name, keyID: key.keyID, signature: [1])
        #expect(code { _ = try policy.check(good.adding([line])) } == "note-signature-wrong")
        let unsigned = try Note(text: good.text, signatures: Array(good.signatures.dropFirst()))
        #expect(code { _ = try policy.check(unsigned) } == "checkpoint-unsigned")
        // Another log's key, listed, signs a checkpoint that says it is this log's.
        let both = try self.policy("log \(log())\nlog \(log("other.example"))\nquorum none\n")
        let other = try signer("other.example").sign(good.text)
        #expect(code { _ = try both.check(other) } == "checkpoint-origin")
    }

    @Test func aQuorumIsSaid() throws {
        let nobody = try policy("log \(log())\nquorum none\n")
        #expect(try nobody.check(note()).cosignatures.isEmpty)
        let one = try policy("log \(log())\nwitness w \(witness("x1"))\nquorum w\n")
        #expect(code { _ = try one.check(note()) } == "quorum-missing")
        #expect(try one.check(note("x1")).cosignatures.count == 1)
        for missing in [
            "", "\n", "# quorum none\n", "log \(try log())\n", "quorum\n", "quorum none none\n",
            "quorum none\nquorum none\n", "quorum w\nwitness w \(try witness("x1"))\n",
            "quorum w\n",
        ] {
            #expect(code { _ = try policy(missing) } == "policy-quorum", "\(missing)")
        }
    }

    @Test func otherFilesAreRefused() throws {
        let (w, v) = ("witness w \(try witness("w"))\n", "witness v \(try witness("v"))\n")
        let cases: [(String, String)] = [
            ("quorum none", "policy-form"), ("quorum none\r\n", "policy-form"),
            ("quorum none\u{7f}\n", "policy-form"), ("quorum none\n\u{0}\n", "policy-form"),
            ("quorum none\nlog\n", "policy-form"), ("quorum none\nvote w\n", "policy-form"),
            ("Quorum none\n", "policy-form"), ("\(w)group g 1\nquorum w\n", "policy-form"),
            ("\(w)group g 0 w\nquorum g\n", "policy-form"),
            ("\(w)group g 2 w\nquorum g\n", "policy-form"),
            ("\(w)group g 01 w\nquorum g\n", "policy-form"),
            ("\(w)group g +1 w\nquorum g\n", "policy-form"),
            ("\(w)group g most w\nquorum g\n", "policy-form"),
            ("log \(try log()) u v\nquorum none\n", "policy-form"),
            ("log \(try witness("w"))\nquorum none\n", "policy-key"),
            ("log nonsense\nquorum none\n", "policy-key"),
            ("witness w \(try log())\nquorum w\n", "policy-key"),
            ("\(w)witness u \(try witness("w"))\nquorum w\n", "policy-key"),
            ("log \(try log())\nlog \(try log())\nquorum none\n", "policy-key"),
            ("\(w)witness w \(try witness("v"))\nquorum w\n", "policy-name"),
            ("witness none \(try witness("w"))\nquorum none\n", "policy-name"),
            ("\(w)group w any w\nquorum w\n", "policy-name"),
            ("\(w)group g any g\nquorum g\n", "policy-name"),
            ("\(w)group g any v\n\(v)quorum g\n", "policy-name"),
            ("\(w)group g any none\nquorum g\n", "policy-name"),
            ("\(w)group g all w w\nquorum g\n", "policy-name"),
            ("\(w)\(v)group g any w\ngroup h all g w v\nquorum h\n", "policy-name"),
        ]
        for (text, expected) in cases {
            #expect(code { _ = try policy(text) } == expected, "\(text)")
        }
        // One key under two names is one witness.
        let namesake = try CosignerKey(name: "other", key: cosigner("w").verifierKey.key)
        #expect(code { _ = try policy("\(w)witness u \(namesake)\nquorum w\n") } == "policy-key")
    }

    /// Names are bytes: what Unicode holds for one, they hold for two, and bytes that are no text
    /// are names as well.
    @Test func namesAreBytes() throws {
        var wire: [UInt8] = Array("witness K \(try witness("w"))\nwitness \u{212a} ".utf8)
        wire += Array("\(try witness("v"))\nwitness ".utf8) + [0xff, 0xfe]
        wire += Array(" \(try witness("u"))\nquorum \u{212a}\n".utf8)
        let policy = try TlogPolicy(wire: Array("log \(try log())\n".utf8) + wire)
        #expect(policy.witnesses[2].name == [0xff, 0xfe])
        #expect(try policy.check(note("v")).cosignatures.count == 1)
        #expect(code { _ = try policy.check(note("w", "u")) } == "quorum-missing")
    }

    /// The specification asks for 32 of each; nested as deep as that too.
    @Test func largePoliciesAreRead() throws {
        var text = ""
        for index in 0..<40 { text += "log \(try log("log\(index).example"))\n" }
        for index in 0..<40 { text += "witness w\(index) \(try witness("x\(index)"))\n" }
        for index in 0..<40 {
            text += "group g\(index) all w\(index)" + (index > 0 ? " g\(index - 1)" : "") + "\n"
        }
        let policy = try policy(text + "log \(log())\nquorum g39\n")
        let note = try Note(wire: signedHead(entries(0..<3)))
        let head = try Checkpoint(text: note.text)
        let lines = try (0..<40).map { try cosigner("x\($0)").cosign(head, at: 1) }
        #expect(try policy.check(note.adding(lines)).cosignatures.count == 40)
        for index in [0, 17, 39] {
            var some = lines
            some.remove(at: index)
            #expect(code { _ = try policy.check(note.adding(some)) } == "quorum-missing")
        }
    }
}
