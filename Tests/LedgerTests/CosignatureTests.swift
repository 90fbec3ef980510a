import Bytes
import Ledger
import Secrets
import TestSupport
import Testing

/// A cosigner with a key that belongs to its name.
func cosigner(_ name: String) throws -> Cosigner {
    try Cosigner(name: name, key: SigningKey(from: SeededRandom("cosigner " + name)))
}

/// tlog-cosignature v1.0.1, Ed25519.
@Suite struct CosignatureTests {
    private func checkpoint(_ size: Int = 3) throws -> (head: Checkpoint, note: Note) {
        let note = try Note(wire: signedHead(entries(0..<size)))
        return (try Checkpoint(text: note.text), note)
    }

    @Test func itSignsWhatTheSpecificationSays() throws {
        let (head, _) = try checkpoint()
        let witness = try cosigner("witness.example/w1")
        let line = try witness.cosign(head, at: 1_679_315_147)
        let key = witness.verifierKey
        let named = Array("witness.example/w1\n".utf8) + [4] + key.key.bytes
        #expect(line.keyID == Array(Digest(of: named).bytes[..<4]))
        #expect(Array(line.signature[..<8]) == [0, 0, 0, 0, 0x64, 0x18, 0x50, 0xcb])
        let message = "cosignature/v1\ntime 1679315147\n" + head.text
        #expect(key.key.isValid(Array(line.signature[8...]), for: Array(message.utf8)))
    }

    @Test func keysAreReadAsTheyAreWritten() throws {
        let key = try cosigner("witness.example/w1").verifierKey
        #expect(try CosignerKey(text: key.text) == key)
        let plain = try NoteVerifierKey(name: key.name, key: key.key)
        #expect(plain.keyID != key.keyID, "the type of signature is in the id")
        for wrong in [plain.text, key.text + " ", "x" + key.text, key.text.uppercased(), ""] {
            #expect(code { _ = try CosignerKey(text: wrong) } == "key-form", "\(wrong)")
        }
        #expect(code { _ = try NoteVerifierKey(text: key.text) } == "key-form")
        #expect(code { _ = try CosignerKey(name: "a b", key: key.key) } == "key-name")
    }

    @Test func timesHaveTheirBounds() throws {
        let (head, note) = try checkpoint()
        let witness = try cosigner("w")
        for wrong in [0, 1 << 63, UInt64.max] as [UInt64] {
            #expect(code { _ = try witness.cosign(head, at: wrong) } == "cosignature-time")
        }
        for time in [1, 1 << 63 - 1] as [UInt64] {
            let all = try note.adding([witness.cosign(head, at: time)])
            #expect(try all.cosignatures(by: [witness.verifierKey]).map(\.time) == [time])
        }
        // A time of 0 that the key itself has signed is no cosignature.
        let key = try SigningKey(from: SeededRandom("cosigner w"))
        let zero = key.sign(Array(("cosignature/v1\ntime 0\n" + head.text).utf8))
        let line = try NoteSignature(
            name: "w", keyID: witness.verifierKey.keyID,
            signature: [UInt8](repeating: 0, count: 8) + zero)
        let forged = try note.adding([line])
        #expect(
            code { _ = try forged.cosignatures(by: [witness.verifierKey]) }
                == "note-signature-wrong")
    }

    @Test func unknownKeysAreIgnoredAndWrongLinesRefused() throws {
        let (head, note) = try checkpoint()
        let (one, two, three) = (try cosigner("one"), try cosigner("two"), try cosigner("three"))
        let all = try note.adding([one.cosign(head, at: 5), two.cosign(head, at: 7)])
        let keys = [two, three, one].map(\.verifierKey)
        let found = try all.cosignatures(by: keys)
        #expect(found.map(\.key) == [two.verifierKey, one.verifierKey])
        #expect(found.map(\.time) == [7, 5])
        #expect(try all.cosignatures(by: [three.verifierKey]).isEmpty)
        #expect(try Note(wire: all.encode()) == all)
        let good = try two.cosign(head, at: 7)
        for index in good.signature.indices {
            var bytes = good.signature
            bytes[index] ^= 1
            let line = try NoteSignature(name: "two", keyID: good.keyID, signature: bytes)
            let forged = try all.adding([line])
            #expect(code { _ = try forged.cosignatures(by: keys) } == "note-signature-wrong")
            #expect(try forged.cosignatures(by: [one.verifierKey]).count == 1)
        }
        for bytes in [Array(good.signature.dropLast()), good.signature + [0], [1]] {
            let line = try NoteSignature(name: "two", keyID: good.keyID, signature: bytes)
            let forged = try all.adding([line])
            #expect(code { _ = try forged.cosignatures(by: keys) } == "note-signature-wrong")
        }
        // A cosignature of one checkpoint is none of another.
        let (other, _) = try checkpoint(4)
        let moved = try note.adding([two.cosign(other, at: 7)])
        #expect(code { _ = try moved.cosignatures(by: keys) } == "note-signature-wrong")
    }

    @Test func aNewerLineTakesTheOldOnesPlace() throws {
        let (head, note) = try checkpoint()
        let (one, two) = (try cosigner("one"), try cosigner("two"))
        let first = try note.adding([one.cosign(head, at: 5), two.cosign(head, at: 5)])
        let second = try first.adding([one.cosign(head, at: 9)])
        #expect(second.signatures.map(\.name) == [logOrigin, "one", "two"])
        #expect(
            try second.cosignatures(by: [one, two].map(\.verifierKey)).map(\.time) == [9, 5])
        #expect(second.isSigned(by: try signer(logOrigin).verifierKey))
    }

    @Test func theLogPublishesThem() throws {
        let disk = FaultyFileSystem()
        let log = try created(disk)
        _ = try log.append(entries(0..<3))
        let alone = try Note(wire: log.checkpoint)
        let witness = try cosigner("one")
        let line = try witness.cosign(log.head, at: 5)
        // A stranger's line under the log's own name and key does not replace the log's.
        let false0 = try NoteSignature(
            name: logOrigin, keyID: signer(logOrigin).verifierKey.keyID, signature: [1])
        #expect(
            try log.add(cosignatures: Note(text: alone.text, signatures: [false0, line])))
        let published = try Note(wire: log.checkpoint)
        #expect(published.signatures == alone.signatures + [line])
        let before = disk.operations
        #expect(try log.add(cosignatures: published))
        #expect(disk.operations == before, "nothing new costs nothing")
        #expect(try opened(disk).checkpoint == log.checkpoint, "and they survive")
        _ = try log.append([[1]])
        #expect(try !log.add(cosignatures: published), "the head has moved on")
        #expect(try Note(wire: log.checkpoint).signatures.count == 1)
        disk.fail(at: 2)
        let next = try Note(
            text: log.head.text, signatures: [witness.cosign(log.head, at: 6)])
        #expect(code { _ = try log.add(cosignatures: next) } == "disk-failed")
        #expect(code { _ = try log.add(cosignatures: next) } == "log-stopped")
        #expect(try opened(disk).size == 4)
    }
}
