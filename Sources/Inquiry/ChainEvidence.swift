import Bytes
public import Disk
import Foundation
import Plates
import Secrets
import Tokens
public import Warrants

/// A published chain value in a file (Docs/Spec/Audit.md), five lines:
///
///     platevault/chain-evidence/v1
///     generation 1
///     day 2026-03-05
///     mask 7
///     chain 5f0e…64 hex digits
public enum ChainEvidence {
    /// The file's first line.
    public static let heading = "platevault/chain-evidence/v1"

    /// Reads a file and derives from its value what custodians must have committed to. The value is
    /// public by now; it is handled like a key all the same. Throws `evidence-malformed`, and the
    /// disk's errors.
    public static func claim(
        at path: String, fileSystem: any FileSystem
    ) throws -> ChainClaim {
        var bytes = try fileSystem.read(path)
        defer {
            bytes.withUnsafeMutableBytes { _ = $0.initializeMemory(as: UInt8.self, repeating: 0) }
        }
        return try claim(bytes)
    }

    static func claim(_ bytes: [UInt8]) throws -> ChainClaim {
        let lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
        guard lines.count == 6, lines[5].isEmpty,
            String(decoding: lines[0], as: UTF8.self) == heading,
            let generation = value("generation ", lines[1]).flatMap({ UInt32($0) }),
            let day = value("day ", lines[2]).flatMap({ Day(text: $0) }),
            let mask = value("mask ", lines[3]).flatMap({ UInt16($0) }),
            lines[1].last != 0x0d, lines[4].starts(with: Array("chain ".utf8))
        else { throw malformed }
        // A generation has 21 days, and its last destruction commits to the day after.
        return ChainClaim(
            generation: generation, day: day, mask: SubsetMask(bits: mask),
            commits: try commits(from: day, count: 22, chain(lines[4].dropFirst(6))))
    }

    private static func value(_ word: String, _ line: ArraySlice<UInt8>) -> String? {
        let text = String(decoding: line, as: UTF8.self)
        guard text.hasPrefix(word) else { return nil }
        let value = String(text.dropFirst(word.count))
        // One spelling of each number.
        if let number = UInt64(value), String(number) != value { return nil }
        return value
    }

    /// 64 lower-case hex digits, straight into guarded memory.
    private static func chain(_ digits: ArraySlice<UInt8>) throws -> SecretBytes {
        guard digits.count == 64 else { throw malformed }
        var chain = try SecretBytes(zeros: 32)
        var isHex = true
        chain.withUnsafeMutableBytes { buffer in
            for (place, digit) in digits.enumerated() {
                let value: UInt8
                switch digit {
                case 0x30...0x39: value = digit - 0x30
                case 0x61...0x66: value = digit - 0x61 + 10
                default:
                    isHex = false
                    return
                }
                buffer[place / 2] = buffer[place / 2] << 4 | value
            }
        }
        guard isHex else { throw malformed }
        return chain
    }

    private static func commits(
        from day: Day, count: Int64, _ chain: consuming SecretBytes
    ) throws -> [Day: Digest] {
        var commits: [Day: Digest] = [:]
        var current = chain
        for step in 0..<count {
            commits[day.adding(step)] = try Derivation.commit(current)
            current = try Derivation.nextChain(current)
        }
        return commits
    }

    private static var malformed: InquiryError {
        InquiryError(
            code: "evidence-malformed",
            sentence: "the file is no chain evidence of five lines, as Docs/Spec/Audit.md has it")
    }
}
