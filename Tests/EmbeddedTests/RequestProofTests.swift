import Bytes
import Disk
import Foundation
import Ledger
import Plates
import Secrets
import TestSupport
import Testing
import Warrants

@testable import Embedded
@testable import Inquiry

/// Whose plate, whose search: a proof that shows one plate of one request, and nothing else.
@Suite struct RequestProofTests {
    /// Two requests in one log; the first names two plates.
    private func proofs(
        _ body: (_ city: Deployment, _ first: Digest, _ second: Digest) throws -> Void
    ) throws {
        let path = try City.copy(.two)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let city = try Deployment.open(at: path)
        let first = try city.file(
            city.application([City.wanted, "ZZ12345"]), as: "investigator")
        let second = try city.file(city.application(["QQ98765"]), as: "investigator")
        try body(city, first, second)
    }

    private func changed(
        _ proof: RequestProof, request: Digest? = nil, place: Int? = nil, plate: Plate? = nil,
        salt: [UInt8]? = nil, entries: [RequestProof.Entry]? = nil, file: ProofFile? = nil
    ) -> RequestProof {
        RequestProof(
            request: request ?? proof.request, place: place ?? proof.place,
            plate: plate ?? proof.plate, salt: salt ?? proof.salt,
            entries: entries ?? proof.entries, proof: file ?? proof.proof)
    }

    @Test func eachPlateByItself() throws {
        try proofs { city, first, _ in
            for (place, text) in [City.wanted, "ZZ12345"].enumerated() {
                let wire = try city.proof(of: first, plate: place, as: "investigator").encode()
                let verified = try RequestProof(wire: wire).verify(
                    plate: text.lowercased(), trusted: city.roster.hash)
                #expect(verified.request.id == first && verified.roster == city.roster.hash)
                let shown = String(decoding: wire, as: UTF8.self)
                let other = place == 0 ? "ZZ12345" : City.wanted
                #expect(shown.contains(text) && !shown.contains(other))
                let secret = try RequestSecret(wire: try city.caseFile(first).secret.bytes)
                for hidden in [secret.plateSalts[1 - place], secret.windowSalt, secret.docketSalt] {
                    #expect(!shown.contains(Hex.encode(hidden)))
                    #expect(!shown.contains(Base64.encode(hidden)))
                }
                #expect(!shown.contains("26-1047"))
            }
            #expect(
                code { _ = try city.proof(of: first, plate: 2, as: "investigator") }
                    == "plate-index")
        }
    }

    @Test func anOfficerThroughTheDocket() throws {
        try proofs { city, first, _ in
            let one = try city.proof(of: first, plate: 0, as: "privacy-office")
            #expect(one == (try city.proof(of: first, plate: 0, as: "investigator")))
            #expect(
                code { _ = try city.proof(of: first, plate: 0, as: "nobody") } == "party-unknown")
        }
    }

    @Test func theFileComesOutAgain() throws {
        try proofs { city, first, _ in
            let proof = try city.proof(of: first, plate: 0, as: "investigator")
            let wire = proof.encode()
            #expect(try RequestProof(wire: wire) == proof)
            #expect(try RequestProof(wire: wire).encode() == wire)
            let text = String(decoding: wire, as: UTF8.self)
            let spoilt: [(String, String)] = [
                ("proof/v1", "proof/v2"), ("plate 0 ", "plate +0 "), ("plate 0 ", "plate 00 "),
                ("plate 0 O0", "plate 0 o0"), ("\(City.wanted)\n", "\(City.wanted.lowercased())\n"),
                ("\(City.wanted)\n", "\(City.wanted) x\n"), ("salt ", "salt 00"),
                ("entry 0 ", "entry 00 "), ("entry 0 ", "entry 9999 "), ("request ", "request  "),
                ("\n\nc2sp", "\n\n\nc2sp"), ("\nsalt", "\r\nsalt"), ("\nindex ", "\nindex 0"),
            ]
            for (old, new) in spoilt {
                let range = try #require(text.range(of: old), "\(old)")
                let bent = Array(text.replacingCharacters(in: range, with: new).utf8)
                let refusal = code { _ = try RequestProof(wire: bent) }
                #expect(refusal?.hasSuffix("proof-form") == true, "\(old) → \(refusal ?? "taken")")
            }
            for count in stride(from: 0, to: wire.count, by: 97) {
                #expect(code { _ = try RequestProof(wire: Array(wire[..<count])) } != nil)
            }
        }
    }

    @Test func whatIsRefused() throws {
        try proofs { city, first, second in
            let proof = try city.proof(of: first, plate: 0, as: "investigator")
            let other = try city.proof(of: second, plate: 0, as: "investigator")
            let roster = city.roster.hash
            func refusal(_ proof: RequestProof, _ plate: String = City.wanted) -> String? {
                code { _ = try proof.verify(plate: plate, trusted: roster) }
            }
            #expect(refusal(proof) == nil)
            #expect(refusal(proof, "ZZ12345") == "plate-other")
            #expect(refusal(proof, "RK*") == "plate-not-exact")
            var salt = proof.salt
            salt[31] ^= 1
            #expect(refusal(changed(proof, salt: salt)) == "request-proof-opening")
            #expect(
                refusal(changed(proof, plate: other.plate), "QQ98765") == "request-proof-opening")
            #expect(refusal(changed(proof, place: 1)) == "request-proof-opening")
            #expect(refusal(changed(proof, place: 5)) == "request-proof-opening")
            // The opening of one request beside another: named, proven or both.
            #expect(refusal(changed(proof, request: second)) == "request-proof-request")
            #expect(refusal(changed(proof, entries: other.entries)) == "request-proof-request")
            #expect(refusal(changed(proof, file: other.proof)) == "request-proof-request")
            let whole = changed(
                proof, request: second, entries: other.entries, file: other.proof)
            #expect(refusal(whole) == "request-proof-opening")
            let file = proof.proof
            var path = file.proof
            path[0] = Digest(of: [1])
            let wrong = ProofFile(index: file.index, proof: path, note: file.note)
            #expect(refusal(changed(proof, file: wrong)) == "proof-wrong")
            let short = ProofFile(
                index: file.index, proof: Array(file.proof.dropLast()), note: file.note)
            #expect(refusal(changed(proof, file: short)) == "proof-length")
            #expect(
                code { _ = try proof.verify(plate: City.wanted, trusted: .zero) }
                    == "request-proof-roster")
            #expect(
                refusal(changed(proof, entries: Array(proof.entries.dropFirst())))
                    == "request-proof-roster")
            // A log that somebody else signs, under the same name.
            let stranger = try NoteSigner(
                name: city.roster.origin, key: try SigningKey(from: SystemRandom()))
            let note = try stranger.sign(file.note.text)
            let forged = ProofFile(index: file.index, proof: file.proof, note: note)
            #expect(refusal(changed(proof, file: forged)) == "checkpoint-unsigned")
            // The request itself, changed.
            var entries = proof.entries
            let last = try #require(proof.entries.last)
            entries.removeLast()
            let text = String(decoding: last.wire, as: UTF8.self)
            let bent = text.replacing("\"purpose\":\"240\"", with: "\"purpose\":\"120\"")
            #expect(bent != text)
            entries.append(RequestProof.Entry(index: last.index, wire: Array(bent.utf8)))
            #expect(refusal(changed(proof, entries: entries)) == "signature-invalid")
        }
    }

    /// Errors are read aloud in courts and kept in logs: no plate stands in one.
    @Test func noErrorNamesAPlate() throws {
        try proofs { city, first, _ in
            let proof = try city.proof(of: first, plate: 0, as: "investigator")
            do {
                _ = try proof.verify(plate: "ZZ12345")
                Issue.record("another plate was taken")
            } catch let error as any CodedError {
                #expect(
                    !error.sentence.contains("ZZ12345") && !error.sentence.contains(City.wanted))
            }
            #expect(!"\(proof)".contains(City.wanted))
        }
    }

    /// The example of Docs/Spec/RequestProof.md is what this code writes.
    @Test func theExampleStandsOnThePage() throws {
        let signer = try NoteSigner(
            name: "example.org/vault.demo",
            key: try SigningKey(seed: try SecretBytes(copying: (0..<32).map { UInt8($0) })))
        let entries = ["roster", "request"].map { Array($0.utf8) }
        let hashes = entries.map { Merkle.leafHash($0) }
        let head = try Checkpoint(
            origin: "example.org/vault.demo", size: 2, root: Merkle.root(of: hashes))
        let plate = try Plate(normalizing: "abc·12О", fold: .letterOAsZero)
        let salt = [UInt8](repeating: 1, count: 32)
        let proof = RequestProof(
            request: Digest(of: entries[1]), place: 0, plate: plate, salt: salt,
            entries: entries.enumerated().map {
                RequestProof.Entry(index: UInt64($0), wire: $1)
            },
            proof: ProofFile(index: 1, proof: [hashes[0]], note: try signer.sign(head.text)))
        let text = String(decoding: proof.encode(), as: UTF8.self)
        let page = try SpecPage("RequestProof")
        #expect(page.shows(text), "\(text)")
        #expect(page.shows(Commitment.plate(plate, salt: salt).hex))
        #expect(try RequestProof(wire: Array(text.utf8)) == proof)
    }
}
