import Bytes
import Foundation
import Testing

// Every parser that faces the network, under mutations with a fixed seed. PLATEVAULT_FUZZ_ROUNDS
// says how many inputs each gets; 400 where it is not set.
@Suite("mutated input: refused with a code, or read and written again as the same bytes")
struct FuzzTests {
    private static let rounds =
        ProcessInfo.processInfo.environment["PLATEVAULT_FUZZ_ROUNDS"].flatMap { Int($0) } ?? 400

    @Test("the seeds themselves are accepted", arguments: try FuzzTargets.all())
    func seeds(target: FuzzTarget) throws {
        #expect(!target.seeds.isEmpty)
        // A statement is more than a note, and our own lines come in no parts.
        let isOther = [
            "statement", "frigate, multipart", "openalpr, multipart",
            "ndjson, multipart", "csv, multipart",
        ].contains(target.name)
        for seed in target.seeds where !isOther {
            if target.name == "frame", seed[0] == 1 { continue }
            if let again = try target.parse(seed) { #expect(again == seed) }
        }
    }

    @Test("mutations", arguments: try FuzzTargets.all())
    func mutations(target: FuzzTarget) {
        let mutator = Mutator(target.name)
        var accepted = 0
        for round in 0..<Self.rounds {
            let input = mutator.next(target.seeds)
            do {
                if let again = try target.parse(input), again != input {
                    Issue.record("\(target.name), round \(round): read, and written otherwise")
                }
                accepted += 1
            } catch let error as any CodedError {
                // A code and one sentence: short, whatever the input was.
                if error.code.isEmpty || error.sentence.utf8.count > 300 {
                    // A problem that came in a frame is the other side's sentence.
                    guard target.name == "frame" else {
                        Issue.record("\(target.name), round \(round): an error without bounds")
                        continue
                    }
                }
            } catch {
                Issue.record("\(target.name), round \(round): an error without a code")
            }
        }
        // Mutations that are never accepted would test the first check only.
        #expect(accepted < Self.rounds)
    }
}
