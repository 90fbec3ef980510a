import Foundation
import Glibc
import Synchronization

/// A small HTTP server on this machine that keeps what it is sent and answers as it is told.
public final class RawReceiver: Sendable {
    private struct State {
        var bodies: [String] = []
        var status = 200
    }

    /// Where it listens.
    public let port: Int
    private let state = Mutex(State())

    /// Listens until the process ends. Nil where the system has no port.
    public init?() {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { general in
                bind(descriptor, general, size) == 0 && getsockname(descriptor, general, &size) == 0
            }
        }
        guard isBound, listen(descriptor, 16) == 0 else { return nil }
        port = Int(UInt16(bigEndian: address.sin_port))
        let thread = Thread { [weak self] in
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0, let self else { return }
                self.answer(connection)
            }
        }
        thread.start()
    }

    /// The bodies that came, in order, whatever was answered.
    public var bodies: [String] { state.withLock { $0.bodies } }

    /// Answers with a status from now on.
    public func answer(with status: Int) { state.withLock { $0.status = status } }

    private func answer(_ connection: Int32) {
        defer { close(connection) }
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            text += String(decoding: buffer.prefix(count), as: UTF8.self)
            guard let end = text.range(of: "\r\n\r\n") else { continue }
            let length =
                text[..<end.lowerBound].lowercased().components(separatedBy: "\r\n")
                .first { $0.hasPrefix("content-length:") }
                .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) } ?? 0
            guard text[end.upperBound...].utf8.count >= length else { continue }
            let status = state.withLock { state in
                state.bodies.append(String(text[end.upperBound...]))
                return state.status
            }
            let answer = Array(
                "HTTP/1.1 \(status) x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8)
            _ = answer.withUnsafeBytes {
                Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            return
        }
    }
}
