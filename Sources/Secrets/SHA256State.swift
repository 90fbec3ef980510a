import COpenSSL
import CSodium

/// One SHA-256 (FIPS 180-4) under way, by OpenSSL, which uses the processor's own instructions for
/// it; a plain value of 112 bytes, nothing before `begin`. Whoever feeds it a secret lets it stay
/// where it is, and calls `wipe` at the end.
struct SHA256State {
    /// 64: the bytes of one block.
    static let blockSize = 64
    /// 32: the bytes of a digest, and of the chaining value after some whole blocks.
    static let size = 32

    private var context = SHA256_CTX()

    /// A hash of nothing yet.
    mutating func begin() { SHA256_Init(&context) }

    /// Goes on after one block, whose chaining value was saved by `saveMidstate`.
    mutating func resume(afterOneBlock midstate: UnsafeRawBufferPointer) {
        context.Nl = UInt32(8 * Self.blockSize)
        context.Nh = 0
        context.num = 0
        context.md_len = UInt32(Self.size)
        withUnsafeMutableBytes(of: &context.h) { $0.copyMemory(from: midstate) }
    }

    /// Takes bytes.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        SHA256_Update(&context, bytes.baseAddress, bytes.count)
    }

    /// Writes the 32 bytes of the digest.
    mutating func finish(into target: UnsafeMutableRawBufferPointer) {
        SHA256_Final(target.pointer, &context)
    }

    /// Writes the chaining value, 32 bytes, after whole blocks.
    mutating func saveMidstate(into target: UnsafeMutableRawBufferPointer) {
        withUnsafeBytes(of: &context.h) { target.copyMemory(from: $0) }
    }

    /// Forgets everything: what is inside may be as good as a key.
    mutating func wipe() { sodium_memzero(&context, MemoryLayout<SHA256_CTX>.size) }
}
