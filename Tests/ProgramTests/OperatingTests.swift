import Foundation
import TestSupport
import Testing

/// What the pages for administrators say can be typed: every command and option is there, and the
/// units load.
@Suite(.serialized) struct OperatingTests {
    static let pages = [
        "Docs/Operating.md", "Docs/Operating/Founding.md", "Docs/Operating/Rosters.md",
        "Docs/Operating/Running.md",
    ]
    private static let programs = ["platevault", "vaultd", "custodiand", "gatewayd"]

    /// The commands of a page: lines of its indented blocks, broken ones put together, and what stands
    /// between backticks, from a program's name on.
    static func commands(of page: String) -> [[String]] {
        let text = page.replacing("\\\n", with: " ")
        var pieces = text.split(separator: "\n").filter { $0.hasPrefix("    ") }.map(String.init)
        for line in text.split(separator: "\n") {
            let parts = line.components(separatedBy: "`")
            pieces += parts.indices.filter { $0 % 2 == 1 }.map { parts[$0] }
        }
        return pieces.compactMap { piece in
            // What is explained behind a command stands apart from it.
            let command = piece.trimmingCharacters(in: .whitespaces).components(separatedBy: "   ")
            let words = command[0].split(separator: " ").map(String.init)
            return words.first.map(programs.contains) == true && words.count > 1 ? words : nil
        }
    }

    @Test(arguments: pages) func everyCommandOfThePageIsThere(_ name: String) throws {
        let shell = try Shell()
        defer { shell.close() }
        let commands = Self.commands(of: try Vectors.text(name))
        var help: [String: String] = [:]
        for words in commands {
            // Subcommands are the words in front that are known by their help.
            var path = [words[0]]
            for word in words.dropFirst() {
                let next = path + [word]
                guard word.allSatisfy({ $0.isLowercase || $0 == "-" }), !word.hasPrefix("-"),
                    try shell.run(
                        "\(next.joined(separator: " ")) --help | grep -q 'USAGE: .*\(word)'"
                    ).status == 0
                else { break }
                path = next
            }
            #expect(path.count > 1, "\(name): \(words.joined(separator: " "))")
            let command = path.joined(separator: " ")
            let text = try help[command] ?? shell.run("\(command) --help").output
            help[command] = text
            for option in words where option.hasPrefix("--") {
                let word = option.split(separator: "=")[0]
                #expect(text.contains("\(word)"), "\(name): \(words.joined(separator: " "))")
            }
        }
    }

    @Test func thePagesNameCommands() throws {
        for page in Self.pages {
            #expect(!Self.commands(of: try Vectors.text(page)).isEmpty, "\(page)")
        }
        #expect(
            Self.commands(of: "`platevault audit --frob`") == [["platevault", "audit", "--frob"]])
        let shell = try Shell()
        defer { shell.close() }
        #expect(try !shell.run("platevault audit --help").output.contains("--frob"))
    }

    /// The units are read by systemd without a complaint, and leave the programs little.
    @Test(arguments: ["vaultd", "custodiand", "gatewayd"])
    func theUnitsLoad(_ program: String) throws {
        let unit = try Vectors.text("Docs/Operating/units/\(program).service")
        #expect(unit.contains("ExecStart=/usr/local/bin/\(program) run --config "))
        for line in ["NoNewPrivileges=yes", "LimitCORE=0", "MemorySwapMax=0", "UMask=0077"] {
            #expect(unit.contains("\n\(line)\n"), "\(line)")
        }
        let shell = try Shell()
        defer { shell.close() }
        guard try shell.run("command -v systemd-analyze").status == 0 else { return }
        // The programs are not installed where this runs.
        let local = unit.replacing("/usr/local/bin/\(program)", with: "/bin/true")
        try Data(local.utf8).write(to: shell.folder.appending(path: "\(program).service"))
        let outcome = try shell.run("systemd-analyze verify ./\(program).service 2>&1")
        #expect(outcome.status == 0 && outcome.output.isEmpty, "\(outcome.output)")
        let wrong = local.replacing("Type=exec", with: "Typ=exec")
        try Data(wrong.utf8).write(to: shell.folder.appending(path: "\(program).service"))
        #expect(
            try !shell.run("systemd-analyze verify ./\(program).service 2>&1").output.isEmpty)
    }
}
