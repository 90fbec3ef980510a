import Bytes
import Disk
import Foundation
import Inquiry
import Ledger
import Plates
import Secrets
import Testing
import Tokens
import Warrants

extension Village {
    /// chain[day] of a subset.
    static func chain(_ mask: SubsetMask, on day: Day) throws -> SecretBytes {
        var chain = try chain(mask)
        for _ in 0..<(day.number - today.number) { chain = try Derivation.nextChain(chain) }
        return chain
    }

    func commit(_ mask: SubsetMask, on day: Day) throws -> Digest {
        try Derivation.commit(try Self.chain(mask, on: day))
    }

    /// A custodian destroys a day on time.
    mutating func destroy(_ day: Day, by word: String) throws {
        let index = try #require(roster.custodianIndex(word))
        let next = try roster.threshold.subsets(heldBy: index).map {
            MaskedDigest(mask: $0, commit: try commit($0, on: day.next))
        }
        let body = DayDestroyedBody(
            custodian: word, generation: 1, day: day, next: next, slot: .file,
            time: day.start.adding(days: 30))
        entries.append(try say(body, by: word))
    }

    /// The evidence file of a chain value.
    static func evidence(_ mask: SubsetMask, on day: Day, generation: Int = 1) throws -> String {
        let hex = try chain(mask, on: day).withUnsafeBytes { Hex.encode(Array($0)) }
        return """
            platevault/chain-evidence/v1
            generation \(generation)
            day \(day.text)
            mask \(mask.bits)
            chain \(hex)

            """
    }
}

/// A published chain value held against what custodians have committed to.
struct EvidenceTests {
    private func finding(
        _ village: Village, _ text: String, at time: Timestamp
    ) throws -> Warrants.Finding {
        let path = try village.publish(as: "log-\(UUID().uuidString)")
        let file = village.folder + "/evidence"
        try village.disk.replace(file, Array(text.utf8))
        let claim = try ChainEvidence.claim(at: file, fileSystem: village.disk)
        let report = try village.audit(path, at: time, claim: claim)
        return try #require(report.findings.first { $0.code.hasPrefix("chain-") })
    }

    @Test func aValueThatFitsADestroyedDayProvesThatItSurvived() throws {
        var village = try Village(hours: 20)
        defer { village.close() }
        let mask = SubsetMask(bits: 3)
        let due = Village.today.start.adding(days: 30)
        let first = try Village.evidence(mask, on: Village.today)
        let alive = try finding(village, first, at: due)
        #expect(alive.code == "chain-alive" && !alive.isFault)
        // Somebody who is not in the subset destroys: still nobody has lied.
        try village.destroy(Village.today, by: "privacy")
        #expect(try finding(village, first, at: due).code == "chain-alive")
        try village.destroy(Village.today, by: "clerk")
        let survived = try finding(village, first, at: due)
        #expect(survived.code == "chain-survives" && survived.isFault)
        #expect(survived.index == UInt64(village.entries.count - 1))
        #expect(survived.sentence.hasSuffix("announced: clerk"))
        #expect(survived.sentence.contains(Village.today.text))
        // The next day's value fits what a destruction has committed to, and is alive.
        let next = try Village.evidence(mask, on: Village.today.next)
        #expect(try finding(village, next, at: due).code == "chain-alive")
        // A value of a later day, to which nobody has committed yet, cannot be held against any.
        let later = try Village.evidence(mask, on: Village.today.adding(2))
        #expect(try finding(village, later, at: due).code == "chain-foreign")
        // A day in the middle is derived forward to the commitments that follow.
        try village.destroy(Village.today.adding(3), by: "clerk")
        #expect(try finding(village, later, at: due).code == "chain-survives")
    }

    @Test func aValueThatFitsNothingShowsNothing() throws {
        var village = try Village(hours: 20)
        defer { village.close() }
        try village.destroy(Village.today, by: "clerk")
        let due = Village.today.start.adding(days: 30)
        let right = try Village.evidence(SubsetMask(bits: 3), on: Village.today)
        let others = [
            right.replacing("mask 3", with: "mask 6"),
            right.replacing("generation 1", with: "generation 2"),
            right.replacing(Village.today.text, with: Village.today.next.text),
            String(right.dropLast(2)) + (right.dropLast().last == "0" ? "1\n" : "0\n"),
        ]
        for text in others {
            let found = try finding(village, text, at: due)
            #expect(found.code == "chain-foreign" && !found.isFault)
        }
    }

    @Test func onlyTheOneFormIsRead() throws {
        let village = try Village(hours: 1)
        defer { village.close() }
        let right = try Village.evidence(SubsetMask(bits: 3), on: Village.today)
        let spoilt = [
            "", String(right.dropLast()), right + "\n", right.replacing("v1", with: "v2"),
            right.replacing("mask 3", with: "mask 03"), right.replacing("mask 3", with: "mask +3"),
            right.replacing("mask 3", with: "mask 70000"), right.replacing("\n", with: "\r\n"),
            right.replacing("generation 1", with: "generation -1"),
            right.replacing("chain ", with: "chain  "), right.replacing("chain ", with: "chain g"),
            right.replacing("generation 1\n", with: ""), right.uppercased(),
        ]
        try village.disk.makeFolder(village.folder)
        for text in spoilt {
            try village.disk.replace(village.folder + "/evidence", Array(text.utf8))
            #expect(
                code {
                    _ = try ChainEvidence.claim(
                        at: village.folder + "/evidence", fileSystem: village.disk)
                } == "evidence-malformed", "\(text)")
        }
    }
}
