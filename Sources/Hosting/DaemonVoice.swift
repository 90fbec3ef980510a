import Bytes
import Foundation
import Glibc
import NIOCore
import Secrets

/// How a program of a party starts and ends: hardened, and with one line that says why.
public enum DaemonVoice {
    /// What every program with secrets does first: no backtraces, dumps or swapped keys. Throws what
    /// the system refuses.
    public static func harden() throws {
        closeInheritedSockets()
        ProcessHardening.withoutBacktraces()
        try ProcessHardening.apply()
    }

    /// A program that started itself anew may have been listening already: a place that it no longer
    /// knows of would be taken for ever.
    private static func closeInheritedSockets() {
        let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        for descriptor in (names ?? []).compactMap({ Int32($0) }) where descriptor > 2 {
            var kind: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            if getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 { close(descriptor) }
        }
    }

    /// Ends the program with `error: sentence [code]` on standard error and status 1.
    public static func end(with error: any Error) -> Never {
        let coded = error as? any CodedError
        let sentence = coded?.sentence ?? "the program could not go on"
        let code = coded?.code ?? describe(error)
        say("error: \(sentence) [\(code)]", to: STDERR_FILENO)
        exit(1)
    }

    /// An error of a library by its type and the system's number: its text could hold anything.
    private static func describe(_ error: any Error) -> String {
        if let error = error as? IOError { return "system-error-\(error.errnoCode)" }
        return "\(type(of: error))"
    }

    /// One line of result.
    public static func say(_ line: String, to descriptor: Int32 = 1) {
        put(line + "\n", to: descriptor)
    }

    /// A text, whole, however often the system takes but a part of it.
    public static func put(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let done = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if done < 0 && errno == EINTR { continue }
            guard done > 0 else { return }
            rest = rest.dropFirst(done)
        }
    }
}
