import Secrets
import Testing

@Suite("memory that forgets")
struct GuardedMemoryTests {
    let source = SeededRandom("guarded memory")

    @Test("equality is of all bytes and of the size")
    func equality() throws {
        let bytes = source.bytes(40)
        let block = try SecretBytes(copying: bytes)
        let same = try SecretBytes(copying: bytes)
        #expect(block.isEqual(to: same) == true)
        for index in bytes.indices {
            let other = try SecretBytes(copying: flipped(bytes, index))
            #expect(block.isEqual(to: other) == false)
        }
        let shorter = try SecretBytes(copying: bytes.dropLast())
        #expect(block.isEqual(to: shorter) == false)
        let empty = try SecretBytes(zeros: 0)
        let nothing = try SecretBytes(zeros: 0)
        #expect(empty.isEqual(to: nothing) == true)
        #expect(empty.isEqual(to: block) == false)
    }

    @Test("wiping leaves zeros, and the array that was taken over is gone")
    func wiping() throws {
        var bytes = source.bytes(64)
        let original = bytes
        var block = try SecretBytes(wiping: &bytes)
        #expect(bytes.isEmpty)
        #expect(block.withUnsafeBytes { Array($0) } == original)
        block.wipe()
        #expect(block.withUnsafeBytes { $0.allSatisfy { $0 == 0 } })
        #expect(block.count == 64)
    }

    @Test("copies are of the range asked for, and no other range is lent")
    func copies() throws {
        let block = try SecretBytes(copying: [1, 2, 3, 4, 5])
        let part = try block.copy(1..<3)
        let whole = try block.copy()
        #expect(part.withUnsafeBytes { Array($0) } == [2, 3])
        #expect(whole.withUnsafeBytes { Array($0) } == [1, 2, 3, 4, 5])
        #expect(try block.openBytes(3..<5) == [4, 5])
        for range in [-1..<2, 3..<6, 6..<7] {
            #expect(throws: SecretsError(code: "key-size", sentence: "")) {
                _ = try block.copy(range)
            }
            #expect(throws: SecretsError(code: "key-size", sentence: "")) {
                _ = try block.openBytes(range)
            }
        }
        let joined = try SecretBytes(header: [9, 8], body: block)
        #expect(joined.withUnsafeBytes { Array($0) } == [9, 8, 1, 2, 3, 4, 5])
    }

    @Test("no description, interpolation or dump shows a byte")
    func silence() throws {
        let seed = [UInt8](repeating: 0xab, count: 32)
        let values: [Any] = [
            SecretBox(try SecretBytes(copying: seed)),
            try SigningKey(seed: SecretBytes(copying: seed)),
            try OneTimeKey(seed: SecretBytes(copying: seed)),
        ]
        for value in values {
            var dumped = ""
            dump(value, to: &dumped)
            let texts = [
                "\(value)", String(describing: value), String(reflecting: value), dumped,
            ]
            for text in texts {
                #expect(!text.lowercased().contains("abab"))
                #expect(!text.contains("171"))
            }
            #expect(Mirror(reflecting: value).children.isEmpty)
        }
    }

    @Test("errors compare by their code alone")
    func errors() {
        #expect(
            SecretsError(code: "a", sentence: "one") == SecretsError(code: "a", sentence: "two"))
        #expect(SecretsError(code: "a", sentence: "") != SecretsError(code: "b", sentence: ""))
    }

    @Test("a pool hands out slots of zeros, never the same to two, and wipes what comes back")
    func pool() throws {
        let pool = SecretPool(slotSize: 96)
        var kept: [Slot] = []
        for round in 0..<300 {
            var slot = try pool.slot()
            #expect(slot.withUnsafeBytes { $0.count == 96 && $0.allSatisfy { $0 == 0 } })
            slot.withUnsafeMutableBytes { $0.copyBytes(from: [UInt8](repeating: 7, count: 96)) }
            // Every third one is given back at once, some of the older ones later.
            if round % 3 != 0 { kept.append(Slot(slot, mark: UInt8(round % 251))) }
            if round % 50 == 49 { kept.removeFirst(20) }
        }
        for slot in kept { #expect(slot.isWhole) }
        kept = []
        for _ in 0..<100 {
            let slot = try pool.slot()
            #expect(slot.withUnsafeBytes { $0.allSatisfy { $0 == 0 } })
        }
    }

    /// A slot that knows what was written into it.
    private final class Slot {
        private let slot: SecretSlot
        private let mark: UInt8

        init(_ slot: consuming SecretSlot, mark: UInt8) {
            slot.withUnsafeMutableBytes { $0.copyBytes(from: [UInt8](repeating: mark, count: 96)) }
            self.slot = slot
            self.mark = mark
        }

        var isWhole: Bool { slot.withUnsafeBytes { $0.allSatisfy { $0 == mark } } }
    }

    @Test("a hash over open and secret parts is that of their concatenation")
    func hasher() throws {
        let (open, secret) = (source.bytes(70), source.bytes(130))
        var hasher = SecretHasher()
        hasher.update(open)
        try SecretBytes(copying: secret).withUnsafeBytes { hasher.update($0) }
        hasher.update([])
        #expect(hasher.finish() == Digest(of: open + secret))
        #expect(SecretHasher().finish() == Digest(of: []))
    }

    @Test("a seeded stream repeats, differs by name and call; the system's does not repeat")
    func random() {
        let (one, two) = (SeededRandom("x"), SeededRandom("x"))
        let first = one.bytes(40)
        #expect(first == two.bytes(40))
        #expect(one.bytes(40) != first)
        #expect(SeededRandom("y").bytes(40) != first)
        #expect(SystemRandom().bytes(32) != SystemRandom().bytes(32))
    }

    @Test("a table keeps every secret apart from its neighbours, over many blocks")
    func table() throws {
        for size in [1, 64, 96, 4_080] {
            var table = SecretTable(slotSize: size)
            let count = size == 4_080 ? 40 : 2_500
            for number in 0..<count {
                #expect(try table.append() == number)
                let isFresh = table.withSecret(number) {
                    $0.count == size && $0.allSatisfy { $0 == 0 }
                }
                #expect(isFresh)
                table.withMutableSecret(number) {
                    $0.copyBytes(from: [UInt8](repeating: UInt8(number % 251), count: size))
                }
            }
            for number in 0..<count {
                let isWhole = table.withSecret(number) { secret in
                    secret.allSatisfy { $0 == UInt8(number % 251) }
                }
                #expect(isWhole)
            }
            for number in [-1, count] { #expect(table.withSecret(number) { $0.isEmpty }) }
            #expect(table.count == count)
        }
    }

    @Test("nonces come from the source in its order, each once")
    func nonces() {
        let nonces = NonceSource(from: SeededRandom("nonces"))
        let drawn = (0..<200).map { _ in nonces.next() }
        #expect(Set(drawn).count == 200)
        #expect(drawn.allSatisfy { $0.count == XChaCha20Poly1305.nonceSize })
        let again = NonceSource(from: SeededRandom("nonces"))
        #expect((0..<200).map { _ in again.next() } == drawn)
    }

    @Test("digests of parts are those of their concatenation, and are ordered byte by byte")
    func digestParts() {
        for size in [0, 1, 31, 55, 56, 63, 64, 65, 300] {
            let bytes = source.bytes(size)
            #expect(Digest(of: 7, bytes[...]) == Digest(of: [7] + bytes))
            #expect(bytes.withUnsafeBytes { Digest(of: $0) } == Digest(of: bytes))
        }
        let all = (0..<50).map { Digest(of: [$0]) }
        for (left, right) in zip(all, all.dropFirst()) {
            #expect(Digest(of: 1, left, right) == Digest(of: [1] + left.bytes + right.bytes))
            #expect((left < right) == left.bytes.lexicographicallyPrecedes(right.bytes))
            #expect(!(left < left))
        }
    }

    @Test("digests are read from 64 lower-case digits and 32 bytes, and from nothing else")
    func digests() {
        let digest = Digest(of: Array("abc".utf8))
        #expect(
            digest.hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(Digest(hex: digest.hex) == digest)
        #expect(Digest(hex: digest.hex.uppercased()) == nil)
        #expect(Digest(hex: String(digest.hex.dropLast(2))) == nil)
        #expect(Digest(wire: digest.bytes) == digest)
        #expect(Digest(wire: digest.bytes + [0]) == nil)
        #expect(Digest.zero < digest)
    }
}
