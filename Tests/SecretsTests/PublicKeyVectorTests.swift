import Bytes
import Crypto
import FoundationEssentials
import Secrets
import TestSupport
import Testing

@Suite("Ed25519 and X25519 against published vectors")
struct PublicKeyVectorTests {
    struct SignatureTest: Decodable {
        let tcId: Int
        let flags: [String]
        let msg: String
        let sig: String
        let result: String
    }

    @Test("wycheproof Ed25519: no signature more and none less than the vectors say")
    func wycheproof() throws {
        let cases = try Wycheproof<SignatureTest>.load("ed25519_test.json")
        #expect(cases.count == 151)
        for (group, test) in cases {
            let key = try #require(VerifyingKey(wire: unhex(group.publicKey?.pk ?? "?")))
            let isValid = key.isValid(try unhex(test.sig), for: try unhex(test.msg))
            #expect(isValid == (test.result == "valid"), "\(test.tcId) \(test.flags)")
        }
    }

    struct RFC8032: Decodable {
        struct Vector: Decodable {
            let name: String
            let scheme: String
            let sk: String
            let pk: String
            let sig: String
            let msg: String
        }
        let vectors: [Vector]
    }

    @Test("RFC 8032: pure Ed25519 signs and verifies; the other schemes are not ours")
    func rfc8032() throws {
        let vectors = try Vectors.json("rfc/rfc8032_ed25519.json", as: RFC8032.self).vectors
        #expect(vectors.count == 10)
        #expect(vectors.filter { $0.scheme == "Ed25519Pure" }.count == 5)
        for vector in vectors {
            let (message, signature) = (try unhex(vector.msg), try unhex(vector.sig))
            let key = try SigningKey(
                seed: SecretBytes(copying: unhex(vector.sk).prefix(32)))
            #expect(key.verifyingKey.bytes == (try unhex(vector.pk)))
            // A signature of Ed25519ph or ctx must not pass as a pure one.
            let isPure = vector.scheme == "Ed25519Pure"
            #expect((key.sign(message) == signature) == isPure, "\(vector.name)")
            #expect(key.verifyingKey.isValid(signature, for: message) == isPure)
        }
    }

    @Test("points of small order verify nothing")
    func smallOrder() {
        // The identity as key and as R with S = 0 satisfies the bare equation for every message.
        var identity = [UInt8](repeating: 0, count: 32)
        identity[0] = 1
        let zero = [UInt8](repeating: 0, count: 32)
        for key in [identity, zero] {
            for point in [identity, zero] {
                let isValid = VerifyingKey(wire: key)?.isValid(point + zero, for: [1, 2, 3])
                #expect(isValid == false)
            }
        }
    }

    struct AgreementTest: Decodable {
        let tcId: Int
        let flags: [String]
        let `public`: String
        let `private`: String
        let shared: String
        let result: String
    }

    @Test("wycheproof X25519 of swift-crypto, half of what is beneath HPKE")
    func x25519() throws {
        let cases = try Wycheproof<AgreementTest>.load("x25519_test.json")
        #expect(cases.count == 518)
        for (_, test) in cases {
            let key = try Curve25519.KeyAgreement.PrivateKey(
                rawRepresentation: unhex(test.private))
            let other = try Curve25519.KeyAgreement.PublicKey(
                rawRepresentation: unhex(test.public))
            let shared = try key.sharedSecretFromKeyAgreement(with: other)
            #expect(
                shared.withUnsafeBytes { Array($0) } == (try unhex(test.shared)), "\(test.tcId)")
            // The vectors leave it open whether an agreement on zero is refused. swift-crypto does
            // not; X-Wing hashes ML-KEM's share in with it, so that no key is ever known from this.
            let isZero = (try unhex(test.shared)).allSatisfy { $0 == 0 }
            #expect(isZero == test.flags.contains("ZeroSharedSecret"))
        }
    }

    @Test("RFC 7748, section 5.2")
    func rfc7748() throws {
        let cases = try Vectors.blocks("rfc/rfc7748.txt", first: "COUNT")
        #expect(cases.count == 3)
        for test in cases {
            let key = try Curve25519.KeyAgreement.PrivateKey(
                rawRepresentation: unhex(test["INPUT_SCALAR"] ?? "?"))
            let other = try Curve25519.KeyAgreement.PublicKey(
                rawRepresentation: unhex(test["INPUT_U"] ?? "?"))
            let shared = try key.sharedSecretFromKeyAgreement(with: other)
            #expect(shared.withUnsafeBytes { Array($0) } == (try unhex(test["OUTPUT_U"] ?? "?")))
        }
    }
}
