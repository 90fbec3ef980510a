import Foundation
import TestSupport
import Testing

/// The program as a program: what it prints and how it ends.
@Suite(.serialized) struct ScriptTests {
    static let folder = "Tests/ProgramTests/Scripts/"
    static var names: [String] {
        let path = Vectors.path(folder)
        return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }

    @Test func allScriptsAreHere() {
        #expect(Self.names.contains("session.txt") && Self.names.contains("errors.txt"))
        #expect(FileManager.default.isExecutableFile(atPath: Shell.programs + "/platevault"))
    }

    @Test(arguments: names) func script(_ name: String) throws {
        let script = try Script(try Vectors.text(Self.folder + name))
        #expect(!script.steps.isEmpty)
        let shell = try Shell()
        defer { shell.close() }
        for fault in try shell.run(script) { Issue.record("\(name) \(fault)") }
    }

    /// Whoever follows README.md types what the script runs, in the same order, and nothing else
    /// of the program.
    @Test func theSessionOfTheReadmeIsTheScript() throws {
        let script = try Script(try Vectors.text(Self.folder + "session.txt"))
        var rest = script.steps.map(\.command)[...]
        let session = try Self.session(of: try Vectors.text("README.md")).filter {
            // Where the programs are is the runner's business.
            !$0.hasPrefix("export PATH=")
        }
        #expect(session.count > 10)
        for command in session {
            let place = rest.firstIndex(of: command)
            #expect(place != nil, "the script does not run, in its order: \(command)")
            if let place { rest = rest[(place + 1)...] }
        }
    }

    /// The commands of README.md below `## A session`: indented lines, joined where they end in a
    /// backslash, without the comments behind them.
    static func session(of text: String) throws -> [String] {
        guard let start = text.range(of: "## A session\n") else {
            throw ScriptError(text: "README.md has no session")
        }
        let section = text[start.upperBound...]
        var commands: [String] = []
        var isOpen = false
        for line in section.split(separator: "\n") {
            if line.hasPrefix("## ") { break }
            guard line.hasPrefix("    ") else { continue }
            var words = line.components(separatedBy: " # ")[0].split(separator: " ")
                .joined(separator: " ")
            let goesOn = words.hasSuffix(" \\")
            if goesOn { words.removeLast(2) }
            if isOpen, let last = commands.popLast() {
                commands.append(last + " " + words)
            } else {
                commands.append(words)
            }
            isOpen = goesOn
        }
        return commands
    }

    /// The scripts' own rules: a runner that lets everything pass would prove nothing.
    @Test func theRunnerCanFail() throws {
        #expect(Script.matches(line: "request 12ab", "request …"))
        #expect(Script.matches(line: "a b c", "a … c"))
        #expect(!Script.matches(line: "a b c", "a …d"))
        #expect(!Script.matches(line: "request", "request …"))
        #expect(Script.matches(["a", "b", "c"], ["…", "c"]))
        #expect(!Script.matches(["a", "b", "c"], ["a", "c"]))
        #expect(!Script.matches(["a"], []))
        let shell = try Shell()
        defer { shell.close() }
        let wrong = [
            "$ echo one\ntwo", "$ echo one", "$ true\none", "$ false", "$ true\n? 1",
            "never ONE\n$ echo one; false\none\n? 1",
        ]
        for text in wrong {
            #expect(try shell.run(try Script(text)).count == 1, "\(text)")
        }
        let right = ["$ echo one\none", "$ false\n? 1", "export A=b\n$ echo $A\nb", "$ echo\n…"]
        for text in right { #expect(try shell.run(try Script(text)).isEmpty, "\(text)") }
    }
}
