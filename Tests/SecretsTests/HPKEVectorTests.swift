import Bytes
import Crypto
import FoundationEssentials
import TestSupport
import Testing

@Suite("HPKE of swift-crypto against RFC 9180")
struct HPKEVectorTests {
    struct Vector: Decodable {
        let mode: Int
        let kem: Int
        let kdf: Int
        let aead: Int
        let info: String
        let skRm: String
        let enc: String
        let psk: String?
        let pskID: String?
        let pkSm: String?
        let encryptions: [Encryption]
        let exports: [Export]

        enum CodingKeys: String, CodingKey {
            case mode, info, skRm, enc, psk, pkSm, encryptions, exports
            case kem = "kem_id"
            case kdf = "kdf_id"
            case aead = "aead_id"
            case pskID = "psk_id"
        }
    }
    struct Encryption: Decodable {
        let aad: String
        let ct: String
        let pt: String
    }
    struct Export: Decodable {
        let context: String
        let size: Int
        let value: String

        enum CodingKeys: String, CodingKey {
            case context = "exporter_context"
            case size = "L"
            case value = "exported_value"
        }
    }

    @Test("X25519 and P-256, all modes, four ciphers: opened, tampered with, exported")
    func vectors() throws {
        let vectors = try Vectors.json("hpke/rfc9180_x25519_p256_sha256.json", as: [Vector].self)
        #expect(vectors.count == 32)
        for vector in vectors {
            #expect(vector.kdf == 1)
            let key = try unhex(vector.skRm)
            if vector.kem == 0x20 {
                try run(
                    vector, .Curve25519_HKDF_SHA256,
                    Curve25519.KeyAgreement.PrivateKey(rawRepresentation: key),
                    vector.pkSm.map {
                        try Curve25519.KeyAgreement.PublicKey(rawRepresentation: unhex($0))
                    })
            } else {
                #expect(vector.kem == 0x10)
                try run(
                    vector, .P256_HKDF_SHA256,
                    P256.KeyAgreement.PrivateKey(rawRepresentation: key),
                    vector.pkSm.map {
                        try P256.KeyAgreement.PublicKey(x963Representation: unhex($0))
                    })
            }
        }
    }

    private func run<Key: HPKEDiffieHellmanPrivateKey>(
        _ vector: Vector, _ kem: HPKE.KEM, _ key: Key, _ sender: Key.PublicKey?
    ) throws {
        let ciphers: [Int: HPKE.AEAD] = [
            1: .AES_GCM_128, 2: .AES_GCM_256, 3: .chaChaPoly, 0xffff: .exportOnly,
        ]
        let suite = HPKE.Ciphersuite(
            kem: kem, kdf: .HKDF_SHA256, aead: try #require(ciphers[vector.aead]))
        var recipient = try open(vector, suite, key, sender)
        #expect(vector.encryptions.count == (vector.aead == 0xffff ? 0 : 6))
        for encryption in vector.encryptions {
            let (sealed, aad) = (try unhex(encryption.ct), try unhex(encryption.aad))
            // A message that does not open does not count, and the true one still opens after it.
            for index in [0, sealed.count - 1] {
                #expect(throws: (any Error).self) {
                    _ = try recipient.open(flipped(sealed, index), authenticating: aad)
                }
            }
            #expect(throws: (any Error).self) {
                _ = try recipient.open(sealed, authenticating: aad + [0])
            }
            let opened = try recipient.open(sealed, authenticating: aad)
            #expect(Array(opened) == (try unhex(encryption.pt)))
        }
        #expect(vector.exports.count == 3)
        for export in vector.exports {
            let value = try recipient.exportSecret(
                context: unhex(export.context), outputByteCount: export.size)
            #expect(value.withUnsafeBytes { Array($0) } == (try unhex(export.value)))
        }
    }

    private func open<Key: HPKEDiffieHellmanPrivateKey>(
        _ vector: Vector, _ suite: HPKE.Ciphersuite, _ key: Key, _ sender: Key.PublicKey?
    ) throws -> HPKE.Recipient {
        let (info, enc) = (Data(try unhex(vector.info)), Data(try unhex(vector.enc)))
        let psk = SymmetricKey(data: try unhex(vector.psk ?? ""))
        let pskID = Data(try unhex(vector.pskID ?? ""))
        switch vector.mode {
        case 0:
            return try HPKE.Recipient(
                privateKey: key, ciphersuite: suite, info: info, encapsulatedKey: enc)
        case 1:
            return try HPKE.Recipient(
                privateKey: key, ciphersuite: suite, info: info, encapsulatedKey: enc,
                presharedKey: psk, presharedKeyIdentifier: pskID)
        case 2:
            return try HPKE.Recipient(
                privateKey: key, ciphersuite: suite, info: info, encapsulatedKey: enc,
                authenticatedBy: #require(sender))
        default:
            #expect(vector.mode == 3)
            return try HPKE.Recipient(
                privateKey: key, ciphersuite: suite, info: info, encapsulatedKey: enc,
                authenticatedBy: #require(sender), presharedKey: psk,
                presharedKeyIdentifier: pskID)
        }
    }
}
