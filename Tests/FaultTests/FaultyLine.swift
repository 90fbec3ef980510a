import Foundation
import Glibc
import Synchronization

/// A network between two programs, as a TCP proxy on loopback that can be slow, cut connections in
/// the middle of a message, or swallow everything and never answer.
final class FaultyLine: Sendable {
    /// How the line is at the moment; it may change while connections stand.
    enum Mode: Sendable, Equatable {
        /// Everything passes.
        case open
        /// Every piece of a message comes so much later.
        case slow(milliseconds: Int)
        /// A connection is reset once so many bytes, or somewhat more, have passed.
        case cutting(bytes: Int)
        /// Connections are taken, and nothing passes: half-open lines, a partition. What was sent
        /// comes through when it is over.
        case silent
    }

    private struct State {
        var mode = Mode.open
        var isClosed = false
        var cuts = 0
    }

    /// Where it listens.
    let port: Int
    private let target: Int
    private let listener: Int32
    private let state = Mutex(State())

    /// A line to a port of this machine. Throws where there is no port.
    init(to target: Int) throws {
        self.target = target
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { general in
                bind(descriptor, general, size) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, general, &size) == 0
            }
        }
        guard isBound else { throw TownFault("no line: \(errno)") }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [self] in accept() }
    }

    /// How it is.
    var mode: Mode {
        get { state.withLock { $0.mode } }
        set { state.withLock { $0.mode = newValue } }
    }

    /// How many connections it has cut.
    var cuts: Int { state.withLock { $0.cuts } }

    /// Ends it with all its connections.
    func close() {
        state.withLock { $0.isClosed = true }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private var isClosed: Bool { state.withLock { $0.isClosed } }

    private func accept() {
        while !isClosed {
            let near = Glibc.accept(listener, nil, nil)
            guard near >= 0 else { break }
            let far = connected()
            guard far >= 0 else {
                Glibc.close(near)
                continue
            }
            let pair = Pair(near: near, far: far)
            Thread.detachNewThread { [self] in pump(near, far, pair) }
            Thread.detachNewThread { [self] in pump(far, near, pair) }
        }
        Glibc.close(listener)
    }

    private func connected() -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(target)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            Glibc.close(descriptor)
            return -1
        }
        return descriptor
    }

    /// Carries bytes one way until either end is done.
    private func pump(_ from: Int32, _ to: Int32, _ pair: Pair) {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            var ready = pollfd(fd: from, events: Int16(POLLIN), revents: 0)
            let found = poll(&ready, 1, 200)
            if isClosed || found < 0 { break }
            // What the far side has sent waits in the socket, as it would in a network.
            if found == 0 || mode == .silent {
                if mode == .silent { Thread.sleep(forTimeInterval: 0.05) }
                continue
            }
            let count = read(from, &buffer, buffer.count)
            guard count > 0 else { break }
            if case .slow(let milliseconds) = mode {
                Thread.sleep(forTimeInterval: Double(milliseconds) / 1_000)
            }
            var keep = count
            if case .cutting(let limit) = mode, pair.passed(count) > limit { keep = count / 2 }
            guard Self.put(buffer[..<keep], to) else { break }
            if keep < count {
                state.withLock { $0.cuts += 1 }
                pair.reset()
                break
            }
        }
        pair.end()
    }

    private static func put(_ bytes: ArraySlice<UInt8>, _ to: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let done = rest.withUnsafeBytes {
                send(to, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard done > 0 else { return false }
            rest = rest.dropFirst(done)
        }
        return true
    }

    private static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    /// One connection's two sockets, closed once both directions are done.
    private final class Pair: Sendable {
        private let near: Int32
        private let far: Int32
        private let state = Mutex((passed: 0, ended: 0))

        init(near: Int32, far: Int32) {
            self.near = near
            self.far = far
        }

        /// Counts bytes; how many have passed so far, both ways.
        func passed(_ count: Int) -> Int {
            state.withLock { state in
                state.passed += count
                return state.passed
            }
        }

        /// A reset instead of an orderly end, for both sides.
        func reset() {
            var linger = linger(l_onoff: 1, l_linger: 0)
            for socket in [near, far] {
                setsockopt(
                    socket, SOL_SOCKET, SO_LINGER, &linger,
                    socklen_t(MemoryLayout.size(ofValue: linger)))
            }
        }

        func end() {
            shutdown(near, Int32(SHUT_RDWR))
            shutdown(far, Int32(SHUT_RDWR))
            let isLast = state.withLock { state in
                state.ended += 1
                return state.ended == 2
            }
            if isLast {
                Glibc.close(near)
                Glibc.close(far)
            }
        }
    }
}
