import Bytes
import Ledger
import Secrets
import Testing

/// Published notes and keys: C2SP signed-note v1.0.0, and the tests of Go's sumdb/note.
private enum Published {
    static let fooKey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    static let foo =
        "This is an example message.\n\n"
        + "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYj"
        + "OBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
    static let peterKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    static let peter =
        "If you think cryptography is the answer to your problem,\n"
        + "then you don't know what your problem is.\n\n"
        + "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqf"
        + "qdngotpRZb6KE6RyyBwJnAM=\n"
    static let enochKey = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
    static let enochLine =
        "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTG"
        + "wnWLox33WWd1RvMc+QQ=\n"
    static let quasimodo =
        "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\n"
        + "ed è subito sera.\n\n"
        + "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJK"
        + "ONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
}

@Suite struct NoteTests {
    @Test(arguments: [(Published.foo, Published.fooKey), (Published.peter, Published.peterKey)])
    func publishedNotesVerify(wire: String, key: String) throws {
        let note = try Note(wire: Array(wire.utf8))
        let key = try NoteVerifierKey(text: key)
        #expect(note.isSigned(by: key))
        #expect(note.encode() == Array(wire.utf8))
        #expect(try note.signers(among: [key]) == [key])
    }

    @Test func aSecondSignatureOfAnotherKeyCountsToo() throws {
        let wire = Array((Published.peter + Published.enochLine).utf8)
        let note = try Note(wire: wire)
        let peter = try NoteVerifierKey(text: Published.peterKey)
        let enoch = try NoteVerifierKey(text: Published.enochKey)
        #expect(try note.signers(among: [enoch, peter]) == [enoch, peter])
        #expect(try note.id == Note(wire: Array(Published.peter.utf8)).id)
        #expect(note.encode() == wire)
    }

    @Test func aTextMayHaveEmptyLines() throws {
        let note = try Note(wire: Array(Published.quasimodo.utf8))
        #expect(note.text.hasSuffix("sole:\n\ned è subito sera.\n"))
        #expect(note.signatures[0].name == "quasimodo.example/salvatore")
        #expect(note.encode() == Array(Published.quasimodo.utf8))
    }

    @Test func everyChangedByteIsNoticed() throws {
        let key = try NoteVerifierKey(text: Published.fooKey)
        let wire = Array(Published.foo.utf8)
        for index in wire.indices {
            for bit in [1, 4, 7] {
                var changed = wire
                changed[index] ^= 1 << UInt8(bit)
                let note = try? Note(wire: changed)
                #expect(note?.isSigned(by: key) != true, "byte \(index), bit \(bit)")
            }
        }
    }

    @Test func malformedNotesAreRefused() {
        let line = "— example.com/foo Uw2QOkn8srV1yJGh2VYR\n"
        let cases: [(String, String)] = [
            ("", "note-form"), ("\n", "note-form"), ("text\n", "note-form"),
            ("text\n" + line, "note-form"),
            ("text\n\n", "note-signature-form"),
            ("text\n\n" + line.dropLast(), "note-form"),
            ("text\n\n" + line + "\n", "note-signature-form"),
            ("text\n\n" + line + "tail\n", "note-signature-form"),
            ("te\u{1}xt\n\n" + line, "note-text"), ("te\txt\n\n" + line, "note-text"),
            ("te\r\n\n" + line, "note-text"),
            ("\n" + line, "note-form"),
            ("text\n\n" + line.replacing("— ", with: "- "), "note-signature-form"),
            ("text\n\n" + line.replacing("/foo", with: "+foo"), "note-signature-form"),
            ("text\n\n" + line.replacing("/foo", with: "\u{a0}foo"), "note-signature-form"),
            ("text\n\n" + line.replacing("/foo", with: "\u{2003}"), "note-signature-form"),
            ("text\n\n" + line.replacing("example.com/foo", with: ""), "note-signature-form"),
            ("text\n\n" + line.replacing("VYR\n", with: "VZ=\n"), "note-signature-form"),
            ("text\n\n" + line.replacing("VYR\n", with: "VYR \n"), "note-signature-form"),
            ("text\n\n— example.com/foo Uw2QOg==\n", "note-signature-form"),
            ("text\n\n" + line + line, "note-signatures"),
        ]
        for (wire, expected) in cases {
            #expect(
                code { _ = try Note(wire: Array(wire.utf8)) } == expected,
                "\(wire.debugDescription)")
        }
        let invalid = Array("te".utf8) + [0xff, 0x0a, 0x0a] + Array(line.utf8)
        #expect(code { _ = try Note(wire: invalid) } == "note-form")
        // The name is UTF-8 too, and an em dash cut short is none.
        let name = Array("text\n\n— ".utf8) + [0xc3] + Array(" Uw2QOkn8srV1yJGh2VYR\n".utf8)
        #expect(code { _ = try Note(wire: name) } == "note-signature-form")
    }

    @Test func sizesAreBounded() throws {
        let one = try signer("a")
        let text = String(repeating: "x", count: Note.maximumSize) + "\n"
        #expect(code { _ = try one.sign(text) } == "note-size")
        #expect(code { _ = try Note(wire: Array(text.utf8)) } == "note-size")
        var note = try one.sign("text\n")
        for index in 1..<Note.maximumSignatures { note = try signer("n\(index)").cosign(note) }
        #expect(try Note(wire: note.encode()) == note)
        #expect(code { _ = try signer("one more").cosign(note) } == "key-name")
        #expect(code { _ = try signer("one-more").cosign(note) } == "note-signatures")
        let wire = note.encode() + Array("— x Uw2QOkn8srV1yJGh2VYR\n".utf8)
        #expect(code { _ = try Note(wire: wire) } != nil)
    }

    @Test func signingAndCosigning() throws {
        let (one, two) = (try signer("one.example"), try signer("two.example/ü"))
        let note = try one.sign("first line\n\nlast line\n")
        #expect(note.isSigned(by: one.verifierKey))
        #expect(!note.isSigned(by: two.verifierKey))
        #expect(try one.sign(note.text) == note, "Ed25519 gives the same bytes")
        let both = try two.cosign(note)
        #expect(try both.signers(among: [two.verifierKey, one.verifierKey]).count == 2)
        #expect(try one.cosign(both) == both, "no second line of one key")
        #expect(both.id == note.id)
        #expect(try Note(wire: both.encode()) == both)
        #expect(code { _ = try one.sign("no line feed") } == "note-text")
        #expect(code { _ = try one.sign("") } == "note-text")
    }

    @Test func aWrongSignatureOfAKnownKeyRefusesTheNote() throws {
        let (one, two) = (try signer("one"), try signer("two"))
        let other = try one.sign("other\n").signatures[0]
        let note = try two.cosign(Note(text: "text\n", signatures: [other]))
        #expect(!note.isSigned(by: one.verifierKey))
        #expect(try note.signers(among: [two.verifierKey]) == [two.verifierKey])
        let keys = [two.verifierKey, one.verifierKey]
        #expect(code { _ = try note.signers(among: keys) } == "note-signature-wrong")
        #expect(code { _ = try one.cosign(note) } == "note-signature-wrong")
    }

    @Test func namesAreComparedByTheirBytes() throws {
        // The same text in two normal forms: equal as Swift strings, different keys.
        let key = try SigningKey(from: SeededRandom("k"))
        let composed = try NoteSigner(name: "caf\u{e9}", key: key)
        let decomposed = try NoteSigner(name: "cafe\u{301}", key: key)
        #expect(composed.name == decomposed.name)
        #expect(composed.verifierKey != decomposed.verifierKey)
        #expect(try !composed.sign("text\n").isSigned(by: decomposed.verifierKey))
        let both = try decomposed.cosign(composed.sign("caf\u{e9}\n"))
        #expect(both.signatures.count == 2)
        #expect(try composed.sign("caf\u{e9}\n") != composed.sign("cafe\u{301}\n"))
    }
}

@Suite struct NoteKeyTests {
    @Test func publishedKeysRoundTrip() throws {
        for text in [Published.fooKey, Published.peterKey, Published.enochKey] {
            let key = try NoteVerifierKey(text: text)
            #expect(key.text == text)
            #expect(try NoteVerifierKey(name: key.name, key: key.key) == key)
        }
    }

    @Test func malformedKeysAreRefused() {
        let good = Published.fooKey
        let cases = [
            "", "+", "example.com/foo", "example.com/foo+530d903a",
            good + "=", good + "\n", good.replacing("530d", with: "530D"),
            good.replacing("530d", with: "530e"), good.replacing("/foo", with: "/fop"),
            // ECDSA and cosignature keys are other algorithms; a key of 31 bytes is none.
            good.replacing("+Aeky", with: "+Beky"), good.replacing("+Aeky", with: "+AQky"),
            String(good.dropLast(4)),
        ]
        for text in cases {
            #expect(code { _ = try NoteVerifierKey(text: text) } == "key-form", "\(text)")
        }
        for text in [" " + good, "++", "+" + good.split(separator: "+", maxSplits: 1)[1]] {
            #expect(code { _ = try NoteVerifierKey(text: String(text)) }?.prefix(4) == "key-")
        }
        for name in ["", "a b", "a+b", "a\u{2028}b", "a\nb"] {
            #expect(code { _ = try signer(name) } == "key-name", "\(name.debugDescription)")
        }
    }
}
