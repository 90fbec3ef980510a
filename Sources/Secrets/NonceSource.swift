import Synchronization

/// Fresh nonces of 24 bytes, drawn from a source many at once: a call of the system's generator
/// costs two thirds of what sealing a read does. Each is given out once.
public final class NonceSource: Sendable {
    private static let drawn = 64

    private struct State {
        var bytes: [UInt8]
        var next = NonceSource.drawn
    }

    private let source: any RandomSource
    private let state: Mutex<State>

    /// Nonces of a source; none is drawn before one is asked for.
    public init(from source: any RandomSource) {
        self.source = source
        state = Mutex(
            State(bytes: [UInt8](repeating: 0, count: Self.drawn * XChaCha20Poly1305.nonceSize)))
    }

    /// Writes the next nonce into 24 bytes.
    public func next(into target: UnsafeMutableRawBufferPointer) {
        let size = XChaCha20Poly1305.nonceSize
        state.withLock { state in
            if state.next == Self.drawn {
                state.bytes.withUnsafeMutableBytes { source.fill($0) }
                state.next = 0
            }
            let start = state.next * size
            state.bytes.withUnsafeBytes {
                target.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: $0[start..<(start + size)]))
            }
            state.next += 1
        }
    }

    /// The next nonce.
    public func next() -> [UInt8] {
        var result = [UInt8](repeating: 0, count: XChaCha20Poly1305.nonceSize)
        result.withUnsafeMutableBytes { next(into: $0) }
        return result
    }
}
