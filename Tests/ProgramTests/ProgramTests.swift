import Foundation
import Testing

/// What holds for the program whatever the command.
@Suite(.serialized) struct ProgramTests {
    private static func commands(_ shell: Shell) throws -> [String] {
        let help = try shell.run("platevault --help").lines
        guard let start = help.firstIndex(of: "SUBCOMMANDS:") else { return [] }
        return help[(start + 1)...].compactMap { line in
            guard line.hasPrefix("  "), !line.hasPrefix("   ") else { return nil }
            return line.split(separator: " ").first.map(String.init)
        }.filter { $0 != "See" }
    }

    @Test func everyCommandHelpsWithAnExample() throws {
        let shell = try Shell()
        defer { shell.close() }
        let commands = try Self.commands(shell)
        let expected = [
            "approve", "attest", "audit", "clock", "demo", "deny", "desk", "destroy", "inbox",
            "ingest", "init", "join", "key", "log", "open", "request", "requests", "roster",
            "serve", "site", "status", "verify",
        ]
        #expect(commands.sorted() == expected)
        for command in commands {
            let help = try shell.run("platevault \(command) --help")
            #expect(help.status == 0)
            let text = help.lines.map { $0.trimmingCharacters(in: .whitespaces) }
            #expect(
                text.contains { $0.hasPrefix("example: platevault \(command)") }, "\(command)")
            #expect(text.contains { $0.hasPrefix("USAGE: platevault \(command)") }, "\(command)")
        }
    }

    /// The examples of the help texts are understood: none ends as a usage error.
    @Test func theExamplesParse() throws {
        let shell = try Shell()
        defer { shell.close() }
        // These three would start whole deployments.
        for command in try Self.commands(shell) where !["demo", "init", "serve"].contains(command) {
            let help = try shell.run("platevault \(command) --help").output
            guard let start = help.range(of: "example: ") else { continue }
            // It may be broken by a backslash, and by the width of the help.
            let example = help[start.upperBound...].components(separatedBy: "\n\n")[0]
                .replacing("\\", with: " ").split(whereSeparator: \.isWhitespace)
                .joined(separator: " ")
            let outcome = try shell.run(example)
            #expect(outcome.status == 1, "\(example)\n\(outcome.output)")
            #expect(outcome.output.hasPrefix("error: "), "\(example)\n\(outcome.output)")
        }
    }

    @Test func resultsGoToStandardOutputAndNothingElse() throws {
        let shell = try Shell()
        defer { shell.close() }
        let outcome = try shell.run("platevault status 2>/dev/null")
        #expect(outcome.output.isEmpty && outcome.status == 1)
        try shell.run("platevault init city --origin example.org/vault.demo --threshold 2/3")
        for command in ["audit", "requests", "destroy"] {
            let json = try shell.run("platevault \(command) --dir city --json 2>/dev/null")
            #expect(json.status == 0)
            #expect(throws: Never.self) {
                _ = try JSONSerialization.jsonObject(with: Data(json.output.utf8))
            }
        }
    }

    /// While it holds secrets the program refuses core dumps, although the shell allows them, and
    /// keeps its keys out of the swap; a crash prints neither registers nor memory.
    @Test func theProgramLeavesNothingBehindWhenItCrashes() throws {
        let shell = try Shell()
        defer { shell.close() }
        try shell.run("platevault init city --origin example.org/vault.demo --threshold 2/3")
        let outcome = try shell.run(
            """
            ulimit -c unlimited 2>/dev/null
            mkfifo input
            sh -c 'echo $$ > id; exec platevault ingest --dir city -' < input > words 2>&1 &
            exec 3> input
            wait_for() { n=0; while [ $n -lt 6000 ] && ! "$@"; do n=$((n+1)); sleep 0.01; done; "$@"; }
            wait_for test -s id
            locks() { [ "0$(sed -n 's/^VmLck:[^0-9]*//p' /proc/$(cat id)/status 2>/dev/null | cut -d' ' -f1)" -ge 64 ]; }
            wait_for locks && echo locked
            grep -c '^Max core file size *0 *0 ' /proc/$(cat id)/limits
            kill -ABRT $(cat id); wait $! 2>/dev/null; echo $?
            cat words; ls | grep core; true
            """)
        // The shell may say that its child was aborted; nobody else says anything.
        let lines = outcome.lines.filter { !$0.isEmpty && !$0.contains("Aborted") }
        #expect(lines == ["locked", "1", "134"], "\(outcome.output)")
    }

    /// A desk that another program started ends with it, however that ends: its keys stay in no
    /// process that nobody sees.
    @Test func aDeskEndsWithWhoeverStartedIt() throws {
        let shell = try Shell()
        defer { shell.close() }
        try shell.run("platevault init city --origin example.org/vault.demo --threshold 2/3")
        let outcome = try shell.run(
            """
            mkfifo input
            platevault desk --as court --dir city --no-browser --until-input-ends \
                < input > words 2>&1 &
            desk=$!
            exec 3> input
            n=0; while [ $n -lt 6000 ] && ! grep -q http words; do n=$((n+1)); sleep 0.01; done
            grep -c '^http://127.0.0.1:' words
            kill -0 $desk && echo there
            exec 3>&-
            wait $desk; echo $?
            """)
        #expect(outcome.lines == ["1", "there", "0"], "\(outcome.output)")
    }

    /// The whole story in one process; `make demo` tells the served one.
    @Test func theDemoHolds() throws {
        let shell = try Shell()
        defer { shell.close() }
        let outcome = try shell.run("platevault demo --in-process --dir story --keep")
        #expect(outcome.status == 0, "\(outcome.output)")
        let claims = outcome.lines.filter { $0.hasPrefix("  holds ") || $0.hasPrefix("  FAILED") }
        #expect(claims.count >= 30)
        #expect(!claims.contains { $0.hasPrefix("  FAILED") })
        #expect(outcome.lines.contains("\(claims.count) claims checked, 0 failed"))
        let parties = try FileManager.default.contentsOfDirectory(
            atPath: shell.folder.path + "/story")
        for party in ["vault", "gateway-1", "gateway-2", "custodian-0", "custodian-4", "agency"] {
            #expect(parties.contains(party))
        }
        #expect(try shell.run("platevault audit --dir story | tail -1").output == "clean\n")
    }
}
