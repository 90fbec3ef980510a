import CSodium
import Synchronization

/// Where random bytes come from; an argument of everything that needs some.
public protocol RandomSource: Sendable {
    /// Fills the buffer with random bytes.
    func fill(_ buffer: UnsafeMutableRawBufferPointer)
}

extension RandomSource {
    /// `count` random bytes that are not secret: nonces, salts, run numbers.
    public func bytes(_ count: Int) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: count)
        result.withUnsafeMutableBytes { fill($0) }
        return result
    }
}

/// The system's generator (getrandom, through libsodium).
public struct SystemRandom: RandomSource {
    /// The system's generator.
    public init() {}

    public func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        guard let start = buffer.baseAddress else { return }
        // Without sodium_init the generator still starts itself: it never gives zeros.
        _ = sodium_init()
        randombytes_buf(start, buffer.count)
    }
}

/// A repeatable stream for known-answer vectors and tests: ChaCha20 of libsodium under a seed, a
/// fresh counter for each call. Whoever knows the seed knows all of it.
public final class SeededRandom: RandomSource {
    private let state: Mutex<(seed: [UInt8], counter: UInt64)>

    /// A stream named by a text; the same text gives the same stream.
    public init(_ name: String) {
        state = Mutex((Digest(of: Array(name.utf8)).bytes, 0))
    }

    public func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        guard let start = buffer.baseAddress else { return }
        let seed = state.withLock { state in
            defer { state.counter += 1 }
            let counter = withUnsafeBytes(of: state.counter.bigEndian) { Array($0) }
            return Digest(of: state.seed + counter).bytes
        }
        randombytes_buf_deterministic(start, buffer.count, seed)
    }
}
