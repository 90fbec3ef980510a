import Foundation
import Glibc
import TestSupport

// Text scripts that run programs of the project, and what must come of them.
//
//     # a comment
//     export PLATEVAULT_DIR=city
//     $ platevault clock --advance 8h
//     2026-03-02T14:…Z
//     $ platevault audit --frob
//     …
//     ? 64
//     never RK161AG
//
// A `$` line goes to `sh`, in an empty directory of the script's own, with the built programs in
// front of PATH and the folder Tools as TOOLS; the lines below it are what it writes, standard output and error together. `…`
// stands for anything within a line, and alone on a line for any lines at all. `? CODE` is the exit
// status, 0 where left out. `5f0c` in a command is the newest id that a command gave as
// `request ID`. `never WORD` forbids a word in the output of every command that fails.

/// A script as it stands in its file.
struct Script {
    /// One command and what is expected of it.
    struct Step: Equatable {
        var line: Int
        var command: String
        var expected: [String] = []
        var status: Int32 = 0
    }

    var steps: [Step] = []
    var forbidden: [String] = []

    /// Throws `ScriptError` for a line before the first command that is neither comment nor word.
    init(_ text: String) throws {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (place, line) in lines.enumerated() {
            if line.hasPrefix("#") || line.isEmpty { continue }
            if line.hasPrefix("$ ") || line.hasPrefix("export ") {
                let command = line.hasPrefix("$ ") ? line.dropFirst(2) : line
                steps.append(Step(line: place + 1, command: String(command)))
            } else if line.hasPrefix("never ") {
                forbidden.append(String(line.dropFirst("never ".count)))
            } else if steps.isEmpty {
                throw ScriptError(text: "line \(place + 1) belongs to no command")
            } else if line.hasPrefix("? ") {
                guard let status = Int32(line.dropFirst(2)) else {
                    throw ScriptError(text: "line \(place + 1) has no exit status")
                }
                steps[steps.count - 1].status = status
            } else {
                steps[steps.count - 1].expected.append(String(line))
            }
        }
    }

    /// Whether lines are what a pattern of lines expects.
    static func matches(_ lines: ArraySlice<String>, _ pattern: ArraySlice<String>) -> Bool {
        guard let first = pattern.first else { return lines.isEmpty }
        if first == "…" {
            return (lines.startIndex...lines.endIndex).contains {
                matches(lines[$0...], pattern.dropFirst())
            }
        }
        guard let line = lines.first, matches(line: line, first) else { return false }
        return matches(lines.dropFirst(), pattern.dropFirst())
    }

    /// Whether one line is what a pattern with `…` expects.
    static func matches(line: String, _ pattern: String) -> Bool {
        let parts = pattern.components(separatedBy: "…")
        guard parts.count > 1, let first = parts.first, let last = parts.last else {
            return line == pattern
        }
        guard line.hasPrefix(first) else { return false }
        var rest = line.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let range = rest.range(of: part) else { return false }
            rest = rest[range.upperBound...]
        }
        return rest.hasSuffix(last)
    }
}

/// A script that cannot be run.
struct ScriptError: Error, CustomStringConvertible {
    var text: String
    var description: String { text }
}

/// A directory in which commands run one after another.
final class Shell {
    /// What a command gave.
    struct Outcome {
        var output: String
        var status: Int32
        var lines: [String] {
            var lines = output.components(separatedBy: "\n")
            if lines.last == "" { lines.removeLast() }
            return lines
        }
    }

    /// Where the commands run.
    let folder: URL
    private var environment: [String: String]
    private var request: String?

    /// The folder of the built programs: the one in which this test bundle was built.
    static var programs: String {
        let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(filePath: path ?? "").deletingLastPathComponent().path
    }

    /// A shell in a new empty directory.
    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(
            path: "platevault-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        environment = [
            "PATH": Self.programs + ":/usr/bin:/bin", "HOME": folder.path,
            "TOOLS": Vectors.path("Tests/ProgramTests/Tools"),
        ]
    }

    /// Removes the directory.
    func close() { try? FileManager.default.removeItem(at: folder) }

    /// Starts a command here, its output in a file, and returns its process. What it leaves running
    /// holds nothing open that anybody waits for.
    private func start(_ command: String, output path: String) throws -> pid_t {
        var files = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&files)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&files)
            posix_spawnattr_destroy(&attributes)
        }
        // A test's thread may hold signals back; a command that inherits that could not be ended.
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(
            &files, STDOUT_FILENO, path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO)
        let text = request.map { command.replacing("5f0c", with: $0) } ?? command
        let arguments: [String] = ["/bin/sh", "-c", "cd \"$0\" && eval \"$1\"", folder.path, text]
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var names: [UnsafeMutablePointer<CChar>?] =
            environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for word in words + names { free(word) } }
        var id: pid_t = 0
        guard posix_spawn(&id, "/bin/sh", &files, &attributes, &words, &names) == 0 else {
            throw ScriptError(text: "cannot start /bin/sh")
        }
        return id
    }

    /// Runs a command to its end. A file takes the output, so that no pipe can fill up.
    @discardableResult
    func run(_ command: String) throws -> Outcome {
        if command.hasPrefix("export "), let equals = command.firstIndex(of: "=") {
            let name = command.dropFirst("export ".count).prefix { $0 != "=" }
            environment[String(name)] = String(command[command.index(after: equals)...])
            return Outcome(output: "", status: 0)
        }
        let path = folder.path + ".output"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let id = try start(command, output: path)
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0 && errno == EINTR {}
        let bytes = FileManager.default.contents(atPath: path) ?? Data()
        let text = String(decoding: bytes, as: UTF8.self)
        for line in text.split(separator: "\n") where line.hasPrefix("request ") {
            let word = line.dropFirst("request ".count).drop { $0 == " " }
            if word.count == 64, word.allSatisfy(\.isHexDigit) { request = String(word.prefix(12)) }
        }
        let signal = status & 0x7f
        return Outcome(
            output: text, status: signal == 0 ? (status >> 8) & 0xff : 128 + signal)
    }

    /// Runs a script's steps; returns what did not come out as expected, one text for each.
    func run(_ script: Script) throws -> [String] {
        var faults: [String] = []
        for step in script.steps {
            let outcome = try run(step.command)
            if outcome.status != step.status
                || !Script.matches(outcome.lines[...], step.expected[...])
            {
                faults.append(
                    """
                    line \(step.line): $ \(step.command)
                    gave:
                    \(outcome.output)? \(outcome.status)
                    expected:
                    \(step.expected.joined(separator: "\n"))
                    ? \(step.status)
                    """)
            }
            let upper = outcome.output.uppercased()
            for word in script.forbidden where outcome.status != 0 && upper.contains(word) {
                faults.append("line \(step.line): $ \(step.command)\nprints what it must not")
            }
        }
        return faults
    }
}
