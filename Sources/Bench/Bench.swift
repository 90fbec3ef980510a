// How fast the log is: `make bench` prints a table and writes .bench/results.json.
//
// Every figure stands beside a reference taken in the same run on the same disk, since machines
// differ and are shared: what is worth comparing is the ratio.

import Disk
import Foundation

@main
enum Bench {
    static func main() throws {
        let folder = FileManager.default.currentDirectoryPath + "/.bench"
        let work = folder + "/work"
        let disk = POSIXFileSystem()
        let words = Array(CommandLine.arguments.dropFirst())
        if try AuditBench.command(words, disk) { return }
        try? FileManager.default.removeItem(atPath: work)
        try disk.makeFolder(work)
        defer { try? FileManager.default.removeItem(atPath: work) }
        var results: [Measure] = []
        for count in [1, 100, 1000] {
            results.append(try AppendBench(folder: work, disk: disk).run(batch: count))
        }
        results.append(try CosignBench(folder: work, disk: disk).run())
        results.append(try ReadBench(folder: work, disk: disk).run())
        results += try AuditBench(folder: work, disk: disk).run()
        for line in Measure.table(results) { print(line) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(results).write(to: URL(filePath: folder + "/results.json"))
    }
}
