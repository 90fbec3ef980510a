import Bytes
import Secrets
import Testing

@Suite("key files")
struct KeyFileTests {
    let source = SeededRandom("key files")
    let cost = Argon2id.Cost(passes: 1, kibibytes: 8)
    static let argon = "fc33b78139231d34b71626bd6245c1d72efa190ad605c3d8166a72adcedfa2c2"

    private func passphrase(_ text: String = "correct horse") throws -> SecretBytes {
        try SecretBytes(copying: Array(text.utf8))
    }

    private func sealed() throws -> (key: SigningKey, text: String) {
        let key = try SigningKey(from: source)
        let text = try KeyFile.seal(key, passphrase: passphrase(), cost: cost, from: source)
        return (key, text)
    }

    @Test("the key comes out again, and its file shows nothing of it")
    func roundTrip() throws {
        let (key, text) = try sealed()
        let again = try KeyFile.open(text, passphrase: passphrase())
        #expect(again.verifyingKey == key.verifyingKey)
        #expect(again.sign([1, 2]) == key.sign([1, 2]))
        #expect(text.hasPrefix("platevault key 1\nargon2id 1 8 "))
        let seed = try key.seed().withUnsafeBytes { Array($0) }
        #expect(!text.contains(Base64.encode(seed)))
        #expect(!text.contains(Hex.encode(seed)))
        // The same key sealed twice has another salt, nonce and seal.
        let second = try KeyFile.seal(key, passphrase: passphrase(), cost: cost, from: source)
        let shared = Set(text.split(separator: "\n")).intersection(second.split(separator: "\n"))
        #expect(shared == ["platevault key 1"])
    }

    @Test("another passphrase is not authentic; none at all seals nothing")
    func passphrases() throws {
        let (key, text) = try sealed()
        for other in ["Correct horse", "correct horse ", "", "correct hors"] {
            #expect(throws: SecretsError(code: "not-authentic", sentence: "")) {
                _ = try KeyFile.open(text, passphrase: passphrase(other))
            }
        }
        #expect(throws: SecretsError(code: "passphrase-empty", sentence: "")) {
            _ = try KeyFile.seal(key, passphrase: passphrase(""), cost: cost, from: source)
        }
    }

    @Test("every changed or missing character is refused")
    func tampered() throws {
        let (_, text) = try sealed()
        let bytes = Array(text.utf8)
        let codes = ["key-file-malformed", "key-file-cost", "not-authentic"]
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            let file = String(decoding: changed, as: UTF8.self)
            let error = #expect(throws: SecretsError.self) {
                _ = try KeyFile.open(file, passphrase: passphrase())
            }
            #expect(codes.contains(error?.code ?? ""), "at \(index)")
        }
        for size in 0..<bytes.count {
            let file = String(decoding: bytes[..<size], as: UTF8.self)
            #expect(throws: SecretsError(code: "key-file-malformed", sentence: "")) {
                _ = try KeyFile.open(file, passphrase: passphrase())
            }
        }
    }

    @Test("other spellings of the same file are refused")
    func spellings() throws {
        let (_, text) = try sealed()
        let spellings = [
            text + "\n", " " + text, text.replacing("\n", with: "\r\n"),
            text.replacing("argon2id 1 8 ", with: "argon2id 01 8 "),
            text.replacing("argon2id 1 8 ", with: "argon2id +1 8 "),
            text.replacing("argon2id 1 8 ", with: "argon2id  1 8 "),
            text.replacing("key 1", with: "key 2"), text.replacing("nonce ", with: "Nonce "),
            text.replacing("=", with: ""), "",
        ]
        for spelling in spellings {
            #expect(spelling != text)
            #expect(throws: SecretsError(code: "key-file-malformed", sentence: "")) {
                _ = try KeyFile.open(spelling, passphrase: passphrase())
            }
        }
    }

    @Test("a file cannot ask for endless work, and a lowered cost does not open")
    func costs() throws {
        let (key, text) = try sealed()
        for cost in ["17 8", "1 1048577", "0 8", "1 7", "4294967295 4194304"] {
            let file = text.replacing("argon2id 1 8 ", with: "argon2id \(cost) ")
            #expect(throws: SecretsError(code: "key-file-cost", sentence: "")) {
                _ = try KeyFile.open(file, passphrase: passphrase())
            }
        }
        #expect(throws: SecretsError(code: "key-file-cost", sentence: "")) {
            _ = try KeyFile.seal(
                key, passphrase: passphrase(), cost: .init(passes: 17, kibibytes: 8), from: source)
        }
        let other = text.replacing("argon2id 1 8 ", with: "argon2id 2 8 ")
        #expect(throws: SecretsError(code: "not-authentic", sentence: "")) {
            _ = try KeyFile.open(other, passphrase: passphrase())
        }
    }

    @Test("Argon2id gives what the reference implementation gives")
    func argon2id() throws {
        // The reference `argon2` program: 16 bytes of salt, -id -t 2 -k 65536 -p 1 -l 32.
        let key = try Argon2id.derive(
            passphrase: passphrase("password"), salt: Array("somesaltsomesalt".utf8),
            cost: .init(passes: 2, kibibytes: 65_536))
        #expect(key.withUnsafeBytes { Hex.encode($0) } == Self.argon)
        #expect(throws: SecretsError(code: "key-size", sentence: "")) {
            _ = try Argon2id.derive(
                passphrase: passphrase(), salt: [1], cost: .init(passes: 1, kibibytes: 8))
        }
    }
}

@Suite("hardening")
struct HardeningTests {
    @Test("dumps are refused and memory can be locked")
    func applied() throws {
        try ProcessHardening.apply(lockable: 65_536)
        #expect(ProcessHardening.refusesDumps)
    }

    @Test("where the memory cannot be locked, the program is told so")
    func refused() {
        // More than any address space: no system can lock it.
        let error = #expect(throws: SecretsError.self) {
            try ProcessHardening.apply(lockable: 1 << 50)
        }
        #expect(error?.code == "memory-not-lockable")
        #expect(error?.sentence.contains("ulimit -l") == true)
    }
}
