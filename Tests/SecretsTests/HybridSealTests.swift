import Secrets
import Testing

@Suite("messages sealed to one-time keys")
struct HybridSealTests {
    let source = SeededRandom("one-time keys")
    let info = "platevault/seeds/v1example.org/vault.demo"
    let refused = SecretsError(code: "not-authentic", sentence: "")

    @Test("what is sealed opens for the holder of the key, at every size")
    func roundTrip() throws {
        let key = try OneTimeKey(from: source)
        #expect(key.publicKey.count == HybridSeal.publicKeySize)
        for size in [0, 1, 31, 32, 4_096, 100_000] {
            let secret = try SecretBytes(random: size, from: source)
            let message = try HybridSeal.seal(secret, to: key.publicKey, info: info)
            #expect(message.count == HybridSeal.encapsulationSize + size + 16)
            let opened = try key.open(message, info: info)
            #expect(opened.isEqual(to: secret) == true)
        }
    }

    @Test("the same secret sealed twice is two different messages")
    func fresh() throws {
        let key = try OneTimeKey(from: source)
        let secret = try SecretBytes(random: 32, from: source)
        let first = try HybridSeal.seal(secret, to: key.publicKey, info: info)
        let second = try HybridSeal.seal(secret, to: key.publicKey, info: info)
        #expect(first != second)
    }

    @Test("another key, another info, any flipped byte, any missing byte: refused")
    func tampered() throws {
        let key = try OneTimeKey(from: source)
        let other = try OneTimeKey(from: source)
        let secret = try SecretBytes(random: 40, from: source)
        let message = try HybridSeal.seal(secret, to: key.publicKey, info: info)
        func refuses(_ message: [UInt8], by key: OneTimeKey, _ info: String) {
            #expect(throws: refused) { _ = try key.open(message, info: info) }
        }
        refuses(message, by: other, info)
        refuses(message, by: key, info + "x")
        refuses(message, by: key, "")
        for index in stride(from: 0, to: message.count, by: 13) {
            refuses(flipped(message, index), by: key, info)
        }
        for size in [0, 1, 1_119, 1_120, 1_135, message.count - 1] {
            refuses(Array(message[..<size]), by: key, info)
        }
        refuses(message + [0], by: key, info)
    }

    @Test("a public key of the wrong size is refused")
    func publicKeys() throws {
        let secret = try SecretBytes(random: 32, from: source)
        for size in [0, 32, 1_215, 1_217] {
            #expect(throws: SecretsError(code: "key-invalid", sentence: "")) {
                _ = try HybridSeal.seal(secret, to: source.bytes(size), info: info)
            }
        }
    }

    @Test("a key from its stored seed opens what the first one opened")
    func seeds() throws {
        let key = try OneTimeKey(from: source)
        let again = try OneTimeKey(seed: key.seed())
        #expect(again.publicKey == key.publicKey)
        let secret = try SecretBytes(random: 32, from: source)
        let message = try HybridSeal.seal(secret, to: key.publicKey, info: info)
        let opened = try again.open(message, info: info)
        #expect(opened.isEqual(to: secret) == true)
        #expect(throws: SecretsError(code: "key-size", sentence: "")) {
            _ = try OneTimeKey(seed: SecretBytes(zeros: 31))
        }
    }
}
