import Foundation
import Synchronization
import TestSupport
import Testing

/// The pages in a real browser, Debian's Chromium, driven by the Python scripts beside this file.
/// Screenshots of all pages are kept in `.build/screenshots`.
@Suite(.serialized) struct BrowserTests {
    /// Scripts that need no deployment, or have one of their own.
    static let alone = ["vectors", "hostile", "outcomes"]
    /// Scripts that use the deployment of `platevault demo --serve`, in this order.
    static let served = [
        "log", "public", "attacks", "officer", "authority", "custodian", "investigator", "leaks",
    ]

    @Test(arguments: alone) func byItself(_ name: String) throws {
        try BrowserScript(name).run()
    }

    @Test(arguments: served) func inTheDeployment(_ name: String) throws {
        let demo = try ServedDemo.shared()
        try BrowserScript(name).run(["ADDRESSES": demo.addresses])
        #expect(demo.isRunning, "the deployment has ended")
    }

    /// No script lies beside the others without being run.
    @Test func everyScriptRuns() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: BrowserScript.folder)
            .filter { $0.hasSuffix(".py") }.map { String($0.dropLast(3)) }
        let parts = ["browser", "city", "here", "pages", "recorder", "roles"]
        #expect(names.sorted() == (Self.alone + Self.served + parts).sorted())
    }

    /// What a script says is read for what it is: failures, too few checks, no end.
    @Test func anEndIsNoSuccess() {
        let good = BrowserScript.Outcome("holds a\nholds b: c\ndone 2 checks, 0 failed\n", 0)
        #expect(good.failures.isEmpty && good.held == ["a", "b: c"])
        for (text, status) in [
            ("holds a\nFAILED b: why\ndone 2 checks, 1 failed\n", 1), ("holds a\n", 0), ("", 0),
            ("done 0 checks, 0 failed\n", 0), ("holds a\ndone 1 checks, 0 failed\n", 1),
            ("holds a\ndone 2 checks, 0 failed\n", 0),
            ("holds a\ndone 1 checks, 0 failed\nTraceback\n", 0),
        ] as [(String, Int32)] {
            #expect(!BrowserScript.Outcome(text, status).failures.isEmpty, "\(text)")
        }
    }
}

/// One Python script of the folder.
struct BrowserScript {
    /// What it printed, taken apart.
    struct Outcome {
        var held: [String] = []
        var failures: [String] = []

        init(_ text: String, _ status: Int32) {
            let lines = text.split(separator: "\n").map(String.init)
            held = lines.filter { $0.hasPrefix("holds ") }.map { String($0.dropFirst(6)) }
            failures = lines.filter { $0.hasPrefix("FAILED ") }
            let end = "done \(held.count) checks, 0 failed"
            if failures.isEmpty, held.isEmpty || lines.last != end || status != 0 {
                failures = ["it did not come to its end, status \(status):\n\(text.suffix(3_000))"]
            }
        }
    }

    static let folder = Vectors.path("Tests/BrowserTests/Scripts")
    private static let python = Vectors.path(".build/browser/bin/python")
    let name: String

    init(_ name: String) { self.name = name }

    /// Runs it to its end, each of its checks an expectation.
    func run(_ environment: [String: String] = [:]) throws {
        try #require(
            FileManager.default.isExecutableFile(atPath: Self.python), "run: .ci/setup tests")
        let process = Process()
        process.executableURL = URL(filePath: Self.python)
        process.arguments = ["\(Self.folder)/\(name).py"]
        let own = [
            "PROGRAMS": ServedDemo.programs, "PYTHONDONTWRITEBYTECODE": "1",
            "SCREENSHOTS": Vectors.path(".build/screenshots"),
        ]
        process.environment = ProcessInfo.processInfo.environment
            .merging(own) { $1 }.merging(environment) { $1 }
        let path = FileManager.default.temporaryDirectory.path + "/\(UUID().uuidString).browser"
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let output = FileHandle(forWritingAtPath: path)
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        let outcome = Outcome(text, process.terminationStatus)
        for failure in outcome.failures { Issue.record("\(name): \(failure)") }
    }
}

/// `platevault demo --serve`, started once for all scripts of this process.
final class ServedDemo: Sendable {
    /// The folder of the built programs: the one in which this test bundle was built.
    static var programs: String {
        let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(filePath: path ?? "").deletingLastPathComponent().path
    }

    private static let made = Mutex<ServedDemo?>(nil)

    /// The file with the addresses of everything.
    let addresses: String
    private let process: Mutex<Process>
    /// Held open: the deployment ends when this process does.
    private let input = Pipe()

    /// The deployment; starts it where it does not run yet.
    static func shared() throws -> ServedDemo {
        try made.withLock { made in
            if let made { return made }
            let demo = try ServedDemo()
            made = demo
            return demo
        }
    }

    var isRunning: Bool { process.withLock { $0.isRunning } }

    private init() throws {
        let folder =
            FileManager.default.temporaryDirectory.path
            + "/platevault-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        addresses = folder + "/addresses.json"
        let output = folder + "/output"
        _ = FileManager.default.createFile(atPath: output, contents: nil)
        let process = Process()
        process.executableURL = URL(filePath: Self.programs + "/platevault")
        process.arguments = [
            "demo", "--serve", "--dir", folder + "/city", "--addresses", addresses,
            "--until-input-ends",
        ]
        process.standardInput = input
        let handle = FileHandle(forWritingAtPath: output)
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        self.process = Mutex(process)
        let end = Date().addingTimeInterval(600)
        while !FileManager.default.fileExists(atPath: addresses) {
            guard isRunning, Date() < end else {
                let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
                throw ServedDemoFault(text: text)
            }
            Thread.sleep(forTimeInterval: 0.2)
        }
    }
}

/// The deployment did not come up.
struct ServedDemoFault: Error, CustomStringConvertible {
    var text: String
    var description: String { "platevault demo --serve: \(text.suffix(2_000))" }
}
