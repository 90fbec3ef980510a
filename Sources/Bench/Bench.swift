// How fast everything is: `make bench` prints a table and writes .bench/results.json; with `--full`
// it also measures ten times and a hundred times as many rows (Docs/Performance.md).
//
// Every figure stands beside a reference taken in the same run on the same disk, since machines
// differ and are shared: what is worth comparing is the ratio.

import Bytes
import Disk
import Foundation

@main
enum Bench {
    static func main() async {
        do {
            try await run()
        } catch {
            FileHandle.standardError.write(
                Data("error: \((error as? any CodedError)?.sentence ?? "\(error)")\n".utf8))
            exit(1)
        }
    }

    private static func run() async throws {
        let disk = POSIXFileSystem()
        let words = Array(CommandLine.arguments.dropFirst())
        if try AuditBench.command(words, disk) { return }
        if try PagesBench.command(words, disk) { return }
        switch words.first {
        case "serve-pages" where words.count == 3:
            try await PagesServer.run(words[1], at: words[2], disk)
        case "serve-parsing": try await ParsingServer.run(at: words.last ?? "")
        case "simulate": try Simulation.run(Array(words.dropFirst()))
        case "plate-memory": try PlateMemory.run(in: words.last ?? "")
        default: try Suite(Options(words), disk).run()
        }
    }
}

/// What is asked for on the command line: `--full`, `--only WORD` once or more, `--rows N`, and
/// `--scale PART` to try whether all of it runs.
struct Options {
    /// Whether it may take an hour.
    var isFull = false
    /// The parts to run; none for all.
    var only: [String] = []
    /// Rows of the largest store that is searched.
    var rows: Int?
    /// The part of all sizes that is measured, 1 for the figures.
    var scale = 1.0

    init(_ words: [String]) throws {
        var rest = words[...]
        while let word = rest.popFirst() {
            switch word {
            case "--full": isFull = true
            case "--only": only.append(rest.popFirst() ?? "")
            case "--rows": rows = rest.popFirst().flatMap { Int($0) }
            case "--scale": scale = rest.popFirst().flatMap { Double($0) } ?? 1
            default:
                throw BenchError(
                    "\(word) is no option; there are --full, --only PART, --rows N, --scale X")
            }
        }
    }

    /// So many, scaled.
    func scaled(_ count: Int) -> Int { max(1_000, Int(Double(count) * scale)) }

    func wants(_ part: String) -> Bool { only.isEmpty || only.contains(part) }
}

/// What went wrong, for people.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
