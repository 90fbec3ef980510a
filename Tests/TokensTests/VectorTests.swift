import Foundation
import TestSupport
import Testing

@testable import TokenVectors

@Suite("the tokens' known answers")
struct VectorTests {
    static let path = "Keys/vectors/tokens.json"

    @Test("the program writes the checked-in file again, byte for byte")
    func regenerated() throws {
        #expect(try VectorFile.text() == Vectors.text(Self.path))
    }

    @Test("the independent recomputation agrees with every value")
    func recomputed() throws {
        let result = try recompute(Vectors.path(Self.path))
        #expect(result.status == 0, "\(result.output)")
    }

    @Test("the independent recomputation notices one flipped digit, wherever it is")
    func flipped() throws {
        let text = try Vectors.text(Self.path)
        let names = [
            "0", "2", "chain", "commit", "dayKey", "siteKey", "partial", "K", "find",
            "open", "photo", "run", "label", "nonce", "aad", "padded", "row", "request", "salt",
            "e", "roster",
        ]
        for name in names {
            let changed = try #require(Self.flip(text, member: name), "\(name)")
            let path = FileManager.default.temporaryDirectory.appending(
                path: "tokens-\(UUID().uuidString).json")
            defer { try? FileManager.default.removeItem(at: path) }
            try Data(changed.utf8).write(to: path)
            #expect(try recompute(path.path).status == 1, "\(name)")
        }
    }

    @Test("a missing member, an unknown one and a broken file are noticed too")
    func shape() throws {
        let text = try Vectors.text(Self.path)
        let changes = [
            text.replacingOccurrences(of: "\"version\": 1", with: "\"version\": 2"),
            text.replacingOccurrences(of: "\"photo\"", with: "\"foto\""),
            text.replacingOccurrences(of: "\"t\": 3", with: "\"t\": 2"),
            String(text.dropLast(10)),
        ]
        for changed in changes {
            #expect(changed != text)
            let path = FileManager.default.temporaryDirectory.appending(
                path: "tokens-\(UUID().uuidString).json")
            defer { try? FileManager.default.removeItem(at: path) }
            try Data(changed.utf8).write(to: path)
            #expect(try recompute(path.path).status == 1)
        }
    }

    /// The text with the last digit of the last value of that name turned.
    private static func flip(_ text: String, member: String) -> String? {
        let start = text.range(of: "\"\(member)\": \"", options: .backwards)
        guard let start, let end = text[start.upperBound...].firstIndex(of: "\"") else {
            return nil
        }
        let place = text.index(before: end)
        return text.replacingCharacters(in: place..<end, with: text[place] == "0" ? "1" : "0")
    }

    private func recompute(_ path: String) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", Vectors.path("Tests/Independent/tokens.py"), path]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }
}
