import Foundation
import Intake
import Plates

/// The sample data that the project ships.
enum Samples {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Sources/Embedded/Samples")

    static func lines(_ name: String) throws -> [[UInt8]] {
        try Array(Data(contentsOf: folder.appending(path: name)))
            .split(separator: 0x0a).map { Array($0) }
    }

    static func stream() throws -> [[UInt8]] { try lines("openalpr-agent-stream.jsonl") }
    static func recorded() throws -> [[UInt8]] { try lines("openalpr-reads-with-truth.jsonl") }
}

/// Everything that comes out of a reception for some messages, and the summary.
func received(
    _ messages: [[UInt8]], fold: Fold = .letterOAsZero, at time: (Int) -> Timestamp = { _ in start }
) -> (reads: [Read], summary: Summary) {
    var reception = Reception(fold: fold)
    var reads: [Read] = []
    for (index, message) in messages.enumerated() {
        reads += (try? reception.take(message, at: time(index))) ?? []
        reads += reception.due(at: time(index))
    }
    reads += reception.finish(at: time(messages.count))
    return (reads, reception.summary)
}

/// An instant inside the recorded stream.
let start = Timestamp(milliseconds: 1_767_225_605_835)

/// A message out of a text in which ' stands for ".
func message(_ text: String) -> [UInt8] { Array(text.replacing("'", with: "\"").utf8) }

/// The code with which something was refused; nil where it was not.
func refusal(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch let refusal as IntakeRefusal {
        return refusal.code
    } catch {
        return "another error"
    }
}
