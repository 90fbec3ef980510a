import Bytes
import Secrets
import TestSupport
import Testing

@Suite("HMAC and HKDF against published vectors")
struct HMACVectorTests {
    struct MacTest: Decodable {
        let tcId: Int
        let key: String
        let msg: String
        let tag: String
        let result: String
    }

    @Test("wycheproof HMAC-SHA-256: every tag, whole or truncated")
    func wycheproof() throws {
        let cases = try Wycheproof<MacTest>.load("hmac_sha256_test.json")
        #expect(cases.count == 174)
        for (group, test) in cases {
            let key = try SecretBytes(copying: unhex(test.key))
            let size = (group.tagSize ?? 0) / 8
            #expect([16, 32].contains(size))
            let tag = Array(HMACSHA256.open(try unhex(test.msg), key: key).prefix(size))
            #expect((tag == (try unhex(test.tag))) == (test.result == "valid"), "\(test.tcId)")
            let scheduled = try scheduled(unhex(test.msg), key).prefix(size)
            #expect(Array(scheduled) == tag, "\(test.tcId)")
            // Beside other messages under the same key.
            let messages = [[], try unhex(test.msg), [1]]
            var tags = [UInt8](repeating: 0, count: 3 * HMACSHA256.size)
            key.withUnsafeBytes { key in
                tags.withUnsafeMutableBytes {
                    HMACSHA256.compute(each: messages, key: key, into: $0)
                }
            }
            #expect(tags == messages.flatMap { HMACSHA256.open($0, key: key) }, "\(test.tcId)")
        }
    }

    /// The tag by way of the key's schedule.
    private func scheduled(
        _ message: [UInt8], _ key: borrowing SecretBytes
    ) throws -> [UInt8] {
        var schedule = try SecretBytes(zeros: HMACSHA256.scheduleSize)
        var tag = [UInt8](repeating: 0, count: HMACSHA256.size)
        key.withUnsafeBytes { key in
            schedule.withUnsafeMutableBytes { HMACSHA256.schedule(of: key, into: $0) }
        }
        schedule.withUnsafeBytes { schedule in
            message.withUnsafeBytes { message in
                tag.withUnsafeMutableBytes {
                    HMACSHA256.compute(message, schedule: schedule, into: $0)
                }
            }
        }
        return tag
    }

    @Test("messages of every length up to some blocks, by RFC 2104's own words")
    func everyLength() throws {
        let random = SeededRandom("lengths")
        let key = random.bytes(32)
        let secret = try SecretBytes(copying: key)
        func padded(_ byte: UInt8) -> [UInt8] {
            (key + [UInt8](repeating: 0, count: 32)).map { $0 ^ byte }
        }
        for count in 0...260 {
            let message = random.bytes(count)
            let inner = Digest(of: padded(0x36) + message)
            let tag = Digest(of: padded(0x5c) + inner.bytes).bytes
            #expect(HMACSHA256.open(message, key: secret) == tag, "\(count)")
            #expect(try scheduled(message, secret) == tag, "\(count)")
            // What stands behind one byte, short or long, is hashed as all of it at once.
            #expect(Digest(of: 7, message[...]) == Digest(of: [7] + message), "\(count)")
        }
    }

    @Test("RFC 4231, in open, guarded and scheduled form")
    func rfc4231() throws {
        let cases = try Vectors.blocks("rfc/rfc-4231-sha256.txt", first: "Len")
        #expect(cases.count == 6)
        for test in cases {
            let key = try SecretBytes(copying: unhex(test["Key"] ?? "?"))
            let message = try unhex(test["Msg"] ?? "?")
            let expected = try unhex(test["MD"] ?? "?")
            #expect(HMACSHA256.open(message, key: key) == expected)
            let secret = try HMACSHA256.secret(message, key: key)
            #expect(secret.withUnsafeBytes { Array($0) } == expected)
            #expect(try scheduled(message, key) == expected)
        }
    }

    @Test("a tag keyed from within one block lands in the middle of another")
    func blocks() throws {
        let key = (0..<32).map { UInt8($0) }
        let keys = try SecretBytes(copying: [UInt8](repeating: 9, count: 32) + key)
        var target = try SecretBytes(zeros: 96)
        try HMACSHA256.compute([1, 2, 3], key: keys, at: 32, into: &target, at: 64)
        let expected = HMACSHA256.open([1, 2, 3], key: try SecretBytes(copying: key))
        let zeros = [UInt8](repeating: 0, count: 64)
        #expect(target.withUnsafeBytes { Array($0) } == zeros + expected)

        for (start, place) in [(33, 0), (-1, 0), (0, 65), (0, -1)] {
            #expect(throws: SecretsError(code: "key-size", sentence: "")) {
                try HMACSHA256.compute([], key: keys, at: start, into: &target, at: place)
            }
        }
    }

    struct HKDFTest: Decodable {
        let tcId: Int
        let ikm: String
        let salt: String
        let info: String
        let size: Int
        let okm: String
        let result: String
    }

    @Test("wycheproof HKDF-SHA-256: every output, and too long ones refused")
    func hkdf() throws {
        let cases = try Wycheproof<HKDFTest>.load("hkdf_sha256_test.json")
        #expect(cases.count == 86)
        for (_, test) in cases {
            let input = try SecretBytes(copying: unhex(test.ikm))
            let (salt, info) = (try unhex(test.salt), try unhex(test.info))
            if test.result == "valid" {
                let output = try HKDFSHA256.derive(
                    inputKey: input, salt: salt, info: info, count: test.size)
                #expect(output.withUnsafeBytes { Array($0) } == (try unhex(test.okm)))
            } else {
                #expect(throws: SecretsError(code: "key-size", sentence: "")) {
                    _ = try HKDFSHA256.derive(
                        inputKey: input, salt: salt, info: info, count: test.size)
                }
            }
        }
    }

    @Test("RFC 5869, appendix A")
    func rfc5869() throws {
        let cases = try Vectors.blocks("rfc/rfc-5869-HKDF-SHA256.txt", first: "COUNT")
        #expect(cases.count >= 2)
        for test in cases {
            let input = try SecretBytes(copying: unhex(test["IKM"] ?? "?"))
            let output = try HKDFSHA256.derive(
                inputKey: input, salt: unhex(test["salt"] ?? ""), info: unhex(test["info"] ?? ""),
                count: Int(test["L"] ?? "") ?? 0)
            #expect(output.withUnsafeBytes { Array($0) } == (try unhex(test["OKM"] ?? "?")))
        }
    }
}
