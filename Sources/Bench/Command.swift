import Foundation
import Glibc

/// Another program that is run or started here.
enum Command {
    /// Runs a program to its end, and gives its output. Throws where it cannot start or says that it
    /// failed.
    @discardableResult
    static func run(_ program: String, _ words: [String], input: String? = nil) throws -> String {
        let output = "/tmp/platevault-bench-\(getpid()).out"
        let errors = "/tmp/platevault-bench-\(getpid()).errors"
        defer { for file in [output, errors] { unlink(file) } }
        let id = try start(program, words, input: input, output: output, errors: errors)
        guard wait(id) == 0 else {
            let why = (try? String(contentsOfFile: errors, encoding: .utf8)) ?? ""
            throw BenchError("\(program) failed: \(why.suffix(300))")
        }
        return (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
    }

    /// Starts a program; its process. What it leaves behind, such as a server, is waited for by
    /// nobody: its output goes to files.
    static func start(
        _ program: String, _ words: [String], input: String? = nil, output: String = "/dev/null",
        errors: String = "/dev/null"
    ) throws -> pid_t {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, 0, input ?? "/dev/null", O_RDONLY, 0)
        let flags = O_WRONLY | O_CREAT | O_TRUNC
        posix_spawn_file_actions_addopen(&files, 1, output, flags, 0o600)
        posix_spawn_file_actions_addopen(&files, 2, errors, flags, 0o600)
        var arguments = ([program] + words).map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var id: pid_t = 0
        guard posix_spawn(&id, program, &files, nil, &arguments, environ) == 0 else {
            throw BenchError("\(program) cannot be started")
        }
        return id
    }

    /// The status with which a process ended; 0 for success.
    @discardableResult
    static func wait(_ id: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0 && errno == EINTR {}
        return status
    }
}

/// A port of this machine that nobody listens at.
enum FreePort {
    static func take() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw BenchError("there is no port") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard isBound else { throw BenchError("there is no port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
