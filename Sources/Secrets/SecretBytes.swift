// Memory that forgets, and the few operations allowed on it.
//
// Entry points: `SecretBytes` (guarded memory), `HMACSHA256`, `HKDFSHA256`, `XChaCha20Poly1305`,
// `SigningKey` (Ed25519), `OneTimeKey` (HPKE with X-Wing), `Argon2id`. Every symmetric key goes
// through libsodium or OpenSSL's SHA-256, from guarded memory, and through nothing else: swift-crypto's symmetric keys
// leave copies on the heap when they are freed. This target never reads or writes files.

public import Bytes
import CSodium

/// What went wrong with a secret: a code for machines and a sentence without any of its bytes.
public struct SecretsError: CodedError {
    /// A stable word: `memory-locked-out`, `key-size`, `not-authentic`, `key-invalid`, …
    public let code: String
    /// One sentence for people.
    public let sentence: String

    /// An error with its machine code and its sentence.
    public init(code: String, sentence: String) {
        self.code = code
        self.sentence = sentence
    }
}

/// A block of guarded memory: locked into RAM, fenced by guard pages, left out of core dumps, and
/// wiped when it goes out of scope.
///
/// It cannot be copied, printed, put into an `Any` or compared with `==`. One block costs about
/// 25 µs and a locked page, so that many keys belong into one block, not into one each.
public struct SecretBytes: ~Copyable, @unchecked Sendable {
    // Unchecked: the block has one owner; only `mutating` calls write to it.
    private let base: UnsafeMutableRawPointer
    /// The size in bytes; not secret.
    public let count: Int

    /// A block of zeros. Throws `memory-locked-out` where the system gives no locked memory.
    public init(zeros count: Int) throws(SecretsError) {
        guard sodium_init() >= 0, count >= 0, let block = lockedMemory(max(count, 1)) else {
            throw SecretsError(
                code: "memory-locked-out",
                sentence: "no locked memory for \(count) bytes; raise the memlock limit")
        }
        base = block
        self.count = count
        sodium_memzero(block, max(count, 1))
    }

    /// A block that takes over `bytes`; the caller's array is wiped where nobody else holds it.
    /// Throws `memory-locked-out`.
    public init(wiping bytes: inout [UInt8]) throws(SecretsError) {
        try self.init(zeros: bytes.count)
        let target = base
        bytes.withUnsafeMutableBytes { source in
            guard let start = source.baseAddress else { return }
            target.copyMemory(from: start, byteCount: source.count)
            sodium_memzero(start, source.count)
        }
        bytes = []
    }

    /// A block with a copy of bytes that are not secret by themselves, such as test vectors.
    /// Throws `memory-locked-out`.
    public init(copying bytes: some Collection<UInt8>) throws(SecretsError) {
        try self.init(zeros: bytes.count)
        UnsafeMutableRawBufferPointer(start: base, count: count).copyBytes(from: bytes)
    }

    /// A block of `count` fresh random bytes. Throws `memory-locked-out`.
    public init(random count: Int, from source: any RandomSource) throws(SecretsError) {
        try self.init(zeros: count)
        source.fill(UnsafeMutableRawBufferPointer(start: base, count: count))
    }

    /// A second block with the bytes of `range`. Throws `memory-locked-out` or `key-size`.
    public borrowing func copy(_ range: Range<Int>? = nil) throws(SecretsError) -> SecretBytes {
        let range = range ?? 0..<count
        guard range.lowerBound >= 0, range.upperBound <= count else {
            throw SecretsError(code: "key-size", sentence: "a range outside of \(count) bytes")
        }
        let result = try SecretBytes(zeros: range.count)
        result.base.copyMemory(from: base + range.lowerBound, byteCount: range.count)
        return result
    }

    /// A block of an open header followed by a secret body, as it crosses a wire or goes into a
    /// sealed file. Throws `memory-locked-out`.
    public init(
        header: [UInt8], body: borrowing SecretBytes
    ) throws(SecretsError) {
        try self.init(zeros: header.count + body.count)
        UnsafeMutableRawBufferPointer(start: base, count: header.count).copyBytes(from: header)
        (base + header.count).copyMemory(from: body.base, byteCount: body.count)
    }

    /// Bytes of `range` in ordinary memory: for headers and counts, never for what is secret.
    /// Throws `key-size` for a range outside of the block.
    public borrowing func openBytes(_ range: Range<Int>) throws(SecretsError) -> [UInt8] {
        guard range.lowerBound >= 0, range.upperBound <= count else {
            throw SecretsError(code: "key-size", sentence: "a range outside of \(count) bytes")
        }
        return Array(UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count))
    }

    /// Lends the bytes for reading; they must not be kept.
    public borrowing func withUnsafeBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// Lends the bytes for writing; they must not be kept.
    public mutating func withUnsafeMutableBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeMutableRawBufferPointer(start: base, count: count))
    }

    /// Whether both blocks hold the same bytes, in time that depends on the sizes only.
    public borrowing func isEqual(to other: borrowing SecretBytes) -> Bool {
        count == other.count && sodium_memcmp(base, other.base, count) == 0
    }

    /// Overwrites the bytes with zeros at once; the block stays usable.
    public mutating func wipe() { sodium_memzero(base, count) }

    deinit { sodium_free(base) }
}

/// Guarded memory that is locked, or nil. libsodium ignores it when the lock of a block fails, so
/// the lock is asked for again: once more on locked pages costs nothing and tells the truth.
func lockedMemory(_ count: Int) -> UnsafeMutableRawPointer? {
    guard let block = sodium_malloc(count) else { return nil }
    guard sodium_mlock(block, count) == 0 else {
        sodium_free(block)
        return nil
    }
    return block
}

/// A box around one guarded block, for collections and shared holders; as silent as the block.
public final class SecretBox: Sendable, CustomReflectable, CustomStringConvertible {
    /// The block.
    public let bytes: SecretBytes

    /// A box that takes over a block.
    public init(_ bytes: consuming SecretBytes) { self.bytes = bytes }

    /// No part of the content.
    public var description: String { "secret" }
    /// No children: a dump shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
