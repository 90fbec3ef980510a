import Foundation

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
// front of PATH; the lines below it are what it writes, standard output and error together. `…`
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
        environment = ["PATH": Self.programs + ":/usr/bin:/bin", "HOME": folder.path]
    }

    /// Removes the directory.
    func close() { try? FileManager.default.removeItem(at: folder) }

    /// A process that is ready to run a command here.
    func process(_ command: String) -> Process {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", request.map { command.replacing("5f0c", with: $0) } ?? command]
        process.currentDirectoryURL = folder
        process.environment = environment
        return process
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
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        defer { try? FileManager.default.removeItem(atPath: path) }
        guard let output = FileHandle(forWritingAtPath: path) else {
            throw ScriptError(text: "cannot write \(path)")
        }
        let process = process(command)
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try output.close()
        let bytes = FileManager.default.contents(atPath: path) ?? Data()
        let text = String(decoding: bytes, as: UTF8.self)
        for line in text.split(separator: "\n") where line.hasPrefix("request ") {
            let word = line.dropFirst("request ".count).drop { $0 == " " }
            if word.count == 64, word.allSatisfy(\.isHexDigit) { request = String(word.prefix(12)) }
        }
        let status = process.terminationStatus
        return Outcome(
            output: text, status: process.terminationReason == .exit ? status : 128 + status)
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
