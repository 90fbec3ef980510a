import Bytes
import Crypto
import FoundationEssentials
import Secrets
import TestSupport
import Testing

@Suite("authenticated encryption against published vectors")
struct AEADVectorTests {
    struct SealTest: Decodable {
        let tcId: Int
        let flags: [String]
        let key: String
        let iv: String
        let aad: String
        let msg: String
        let ct: String
        let tag: String
        let result: String
    }

    @Test("wycheproof XChaCha20-Poly1305: sealed and opened, open and secret plaintexts")
    func xchacha() throws {
        let cases = try Wycheproof<SealTest>.load("xchacha20_poly1305_test.json")
        #expect(cases.count == 315)
        for (_, test) in cases {
            let key = try SecretBytes(copying: unhex(test.key))
            let (nonce, aad) = (try unhex(test.iv), try unhex(test.aad))
            let sealed = try unhex(test.ct) + unhex(test.tag)
            let message = try unhex(test.msg)
            if test.result == "valid" {
                #expect(
                    try XChaCha20Poly1305.open(sealed, key: key, nonce: nonce, aad: aad) == message,
                    "\(test.tcId)")
                #expect(
                    try XChaCha20Poly1305.seal(message, key: key, nonce: nonce, aad: aad) == sealed)
                let secret = try SecretBytes(copying: message)
                #expect(
                    try XChaCha20Poly1305.seal(secret: secret, key: key, nonce: nonce, aad: aad)
                        == sealed)
                let opened = try XChaCha20Poly1305.openSecret(
                    sealed, key: key, nonce: nonce, aad: aad)
                #expect(opened.isEqual(to: secret) == true)
            } else {
                // A nonce of another size is refused before anything is computed.
                let code = test.flags.contains("InvalidNonceSize") ? "key-size" : "not-authentic"
                #expect(throws: SecretsError(code: code, sentence: ""), "\(test.tcId)") {
                    _ = try XChaCha20Poly1305.open(sealed, key: key, nonce: nonce, aad: aad)
                }
                #expect(throws: SecretsError(code: code, sentence: "")) {
                    _ = try XChaCha20Poly1305.openSecret(
                        sealed, key: key, nonce: nonce, aad: aad)
                }
            }
        }
    }

    @Test("each byte of nonce, aad and sealed text counts, and so does the length")
    func everyByte() throws {
        let source = SeededRandom("every byte")
        let key = try SecretBytes(random: 32, from: source)
        let (nonce, aad, message) = (source.bytes(24), source.bytes(5), source.bytes(20))
        let sealed = try XChaCha20Poly1305.seal(message, key: key, nonce: nonce, aad: aad)
        func opens(_ sealed: [UInt8], _ nonce: [UInt8], _ aad: [UInt8]) -> Bool {
            (try? XChaCha20Poly1305.open(sealed, key: key, nonce: nonce, aad: aad)) != nil
        }
        #expect(opens(sealed, nonce, aad))
        for index in sealed.indices { #expect(!opens(flipped(sealed, index), nonce, aad)) }
        for index in nonce.indices { #expect(!opens(sealed, flipped(nonce, index), aad)) }
        for index in aad.indices { #expect(!opens(sealed, nonce, flipped(aad, index))) }
        for size in 0..<sealed.count { #expect(!opens(Array(sealed[..<size]), nonce, aad)) }
        #expect(!opens(sealed + [0], nonce, aad))
        #expect(!opens(sealed, nonce, aad + [0]))
    }

    @Test("wycheproof AES-GCM of swift-crypto, the cipher beneath HPKE")
    func aesGCM() throws {
        let cases = try Wycheproof<SealTest>.load("aes_gcm_test.json")
        #expect(cases.count == 316)
        for (_, test) in cases {
            let key = SymmetricKey(data: try unhex(test.key))
            let opened = try? AES.GCM.open(
                AES.GCM.SealedBox(
                    nonce: AES.GCM.Nonce(data: unhex(test.iv)), ciphertext: unhex(test.ct),
                    tag: unhex(test.tag)),
                using: key, authenticating: unhex(test.aad))
            // swift-crypto takes no nonce shorter than 12 bytes; HPKE only ever uses 12.
            if test.result == "valid", try unhex(test.iv).count >= 12 {
                #expect(opened.map { Array($0) } == (try unhex(test.msg)), "\(test.tcId)")
            } else {
                #expect(opened == nil, "\(test.tcId)")
            }
        }
    }
}

/// The bytes with one bit of one byte turned.
func flipped(_ bytes: [UInt8], _ index: Int) -> [UInt8] {
    var bytes = bytes
    bytes[index] ^= 1 << UInt8(index % 8)
    return bytes
}
