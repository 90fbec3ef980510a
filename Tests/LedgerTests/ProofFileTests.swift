import Bytes
import Ledger
import Secrets
import TestSupport
import Testing

/// tlog-proof.
@Suite struct ProofFileTests {
    private let all = entries(0..<9)

    private func proof(
        _ index: UInt64, cosigners: [String] = ["a", "b", "c"], extra: [UInt8]? = nil
    ) throws -> ProofFile {
        let note = try Note(wire: signedHead(all))
        let head = try Checkpoint(text: note.text)
        let lines = try cosigners.map { try cosigner($0).cosign(head, at: 7) }
        return ProofFile(
            extra: extra, index: index,
            proof: try Merkle.inclusionProof(Int(index), in: all.map(Merkle.leafHash)),
            note: try note.adding(lines))
    }

    private func keys(_ names: String...) throws -> [CosignerKey] {
        try names.map { try cosigner($0).verifierKey }
    }

    @Test func itIsReadAsItIsWritten() throws {
        for extra in [nil, [], [1, 2, 3]] as [[UInt8]?] {
            for index in 0..<9 as Range<UInt64> {
                let file = try proof(index, extra: extra)
                let read = try ProofFile(wire: file.encode())
                #expect(read == file)
                #expect(read.encode() == file.encode())
            }
        }
        let text = String(decoding: try proof(3, extra: [1]).encode(), as: UTF8.self)
        #expect(text.hasPrefix("c2sp.org/tlog-proof@v1\nextra AQ==\nindex 3\n"))
        #expect(text.contains("=\n\n\(logOrigin)\n9\n"))
        // One leaf has an empty proof.
        let alone = ProofFile(index: 0, proof: [], note: try Note(wire: signedHead(all[..<1])))
        #expect(try ProofFile(wire: alone.encode()) == alone)
    }

    @Test func otherFormsAreRefused() throws {
        let good = String(decoding: try proof(3, extra: [1]).encode(), as: UTF8.self)
        let hash = try proof(3).proof[0].bytes
        let changes: [(String, String)] = [
            ("@v1", "@v2"), ("@v1\n", "@v1 \n"), ("extra AQ==", "extra AR=="),
            ("extra AQ==", "extra AQ"), ("extra AQ==", "extra"), ("extra AQ==", "Extra AQ=="),
            ("extra AQ==\n", "extra AQ==\nextra AQ==\n"), ("index 3", "index 03"),
            ("index 3", "index +3"), ("index 3", "index -3"), ("index 3", "index"),
            ("index 3", "index 3 "), ("index 3", "index 18446744073709551616"),
            ("index 3\n", ""), ("index 3\n", "index 3\nindex 3\n"), ("index 3\n", "index 3\n\n"),
            (Base64.encode(hash), Base64.encode(hash.dropLast())),
            (Base64.encode(hash), Base64.encode(hash) + "\r"),
            ("=\n\n\(logOrigin)", "=\n\(logOrigin)"),
            ("index 3\n", "index 3\n" + String(repeating: Base64.encode(hash) + "\n", count: 64)),
        ]
        for (old, new) in changes {
            let wrong = good.replacing(old, with: new, maxReplacements: 1)
            #expect(wrong != good)
            let refusal = code { _ = try ProofFile(wire: Array(wrong.utf8)) }
            let isExpected = refusal == (new.hasSuffix("3\n\n") ? "checkpoint-form" : "proof-form")
            #expect(isExpected, "\(old) → \(new): \(refusal ?? "accepted")")
        }
        #expect(code { _ = try ProofFile(wire: []) } == "proof-form")
        #expect(code { _ = try ProofFile(wire: Array(good.utf8.dropLast())) } == "note-form")
    }

    @Test func itVerifiesUnderAQuorum() throws {
        let key = try signer(logOrigin).verifierKey
        for index in 0..<9 as Range<UInt64> {
            let found = try proof(index).verify(
                entry: all[Int(index)], origin: logOrigin, logKey: key,
                cosigners: keys("c", "x", "a"), quorum: 2)
            #expect(found.head.size == 9)
            #expect(found.cosignatures.map(\.key.name) == ["c", "a"])
        }
        let file = try proof(3)
        func refusal(
            _ file: ProofFile, _ entry: [UInt8], _ cosigners: [CosignerKey], _ quorum: Int,
            _ origin: String = logOrigin
        ) -> String? {
            code {
                try file.verify(
                    entry: entry, origin: origin, logKey: key, cosigners: cosigners,
                    quorum: quorum)
            }
        }
        let three = try keys("a", "b", "c")
        #expect(refusal(file, all[3], three, 3) == nil)
        #expect(refusal(file, all[3], three, 0) == "quorum-missing")
        #expect(refusal(file, all[3], [], 0) == "quorum-missing")
        #expect(refusal(file, all[3], try keys("a", "a"), 2) == "quorum-missing")
        // One cosigner under two names is one.
        let other = try Cosigner(name: "z", key: SigningKey(from: SeededRandom("cosigner a")))
        let doubled = ProofFile(
            index: 3, proof: file.proof,
            note: try file.note.adding([
                other.cosign(Checkpoint(text: file.note.text), at: 7)
            ]))
        #expect(
            refusal(doubled, all[3], try keys("a") + [other.verifierKey], 2) == "quorum-missing")
        #expect(refusal(file, all[3], try keys("a", "x"), 2) == "quorum-missing")
        #expect(refusal(file, all[4], three, 3) == "proof-wrong")
        #expect(refusal(file, all[3], three, 3, "other.example") == "checkpoint-origin")
        let moved = ProofFile(index: 4, proof: file.proof, note: file.note)
        #expect(refusal(moved, all[3], three, 3) == "proof-wrong")
        let beyond = ProofFile(index: 9, proof: file.proof, note: file.note)
        #expect(refusal(beyond, all[3], three, 3) == "proof-range")
        let long = ProofFile(index: 3, proof: file.proof + [.zero], note: file.note)
        #expect(refusal(long, all[3], three, 3) == "proof-length")
    }

    @Test func aPolicyDecidesToo() throws {
        let policy = try TlogPolicy(
            wire: Array(
                """
                log \(signer(logOrigin).verifierKey)
                witness A \(cosigner("a").verifierKey)
                witness X \(cosigner("x").verifierKey)
                group any any A X
                quorum any

                """.utf8))
        let found = try proof(3).verify(leafHash: Merkle.leafHash(all[3]), policy: policy)
        #expect(found.cosignatures.map(\.key.name) == ["a"])
        #expect(
            code {
                try proof(3, cosigners: ["b"]).verify(
                    leafHash: Merkle.leafHash(all[3]), policy: policy)
            } == "quorum-missing")
    }
}
