import Bytes
import Disk
import Foundation
import Ledger
import Plates
import Secrets
import Testing
import Tokens
import Warrants
import Wire

@testable import Embedded
@testable import Inquiry

/// Parties that lie, one at a time.
@Suite struct AttackTests {
    enum Lie: String, CaseIterable {
        case otherPartials, garbage, nothing, refusal, cutShort
    }

    /// A custodian that answers another thing than it logged is named, and the others suffice.
    @Test(arguments: Lie.allCases) func oneCustodianLies(_ lie: Lie) throws {
        let path = try City.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let city = try Deployment.open(at: path)
        let id = try city.granted([0, 1, 2, 3])
        let liar = LyingCustodian(
            try #require(city.services[0]), lie, key: try city.caseFile(id).replyKey,
            origin: city.roster.origin)
        let finding = try city.search(id, asking: [0, 1, 2, 3], with: [0: liar])
        #expect(liar.wasAsked)
        city.expectWhole(finding)
        let problems = finding.replies.filter { $0.problem != nil }
        #expect(problems.map(\.custodian) == ["privacy-office"])
        if lie == .otherPartials {
            #expect(problems.first?.problem?.code == "answer-unlogged")
        }
        // With exactly t there is nobody in its place, and the refusal says whose answer it is.
        do {
            _ = try city.search(id, asking: [0, 1, 2], with: [0: liar])
            Issue.record("a search went through on a lie")
        } catch let error as InquiryError {
            #expect(error.code == "answers-missing")
            #expect(error.sentence.contains("privacy-office"))
        }
    }

    /// Answers of another custodian under its own name are not believed.
    @Test func anAnswerUnderAnotherName() throws {
        let path = try City.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let city = try Deployment.open(at: path)
        let id = try city.granted([0, 1, 2, 3])
        let other = try #require(city.services[1])
        let finding = try city.search(id, asking: [0, 1, 2, 3], with: [0: other])
        city.expectWhole(finding)
        #expect(finding.replies.first?.problem?.code == "answer-other")
    }

    /// A custodian that lies consistently, in the log too: two witnesses outvote it, one makes a
    /// tie, and where it stands alone the result says that it is unconfirmed.
    @Test func aConsistentLie() throws {
        let path = try City.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let id = try Deployment.open(at: path).granted(Array(0..<5))
        let elsewhere = try City.copy(of: path)
        defer { try? FileManager.default.removeItem(atPath: elsewhere) }
        let other = try Deployment.open(at: elsewhere)
        let honest = try withExtendedLifetime(other) { try other.custodianClients[0].evaluate(id) }
        let quiet = try City.copy(of: path)
        defer { try? FileManager.default.removeItem(atPath: quiet) }

        let city = try Deployment.open(at: path, absent: [0])
        let key = try city.caseFile(id).replyKey
        let info = SealInfo.evaluation.text(city.roster.origin)
        let parcel = try PartialParcel(
            wire: try Self.changed(try key.open(honest, info: info)))
        try Self.log(parcel, of: id, as: 0, city)
        let liar = Recording(
            try HybridSeal.seal(try parcel.encode(), to: key.publicKey, info: info))

        let outvoted = try city.search(id, asking: [0, 1, 2, 3, 4], with: [0: liar])
        city.expectWhole(outvoted)
        #expect(outvoted.disclosure.answers.disputed == ["privacy-office"])
        #expect(outvoted.disclosure.confirmation.description == "disputed: privacy-office")
        do {
            _ = try city.search(id, asking: [0, 1, 2, 3], with: [0: liar])
            Issue.record("a tie was decided")
        } catch let error as InquiryError {
            #expect(error.code == "answers-disputed")
            #expect(error.sentence.contains("privacy-office"))
        }
        // What the others logged is held against it where they were not asked this time.
        let later = try city.search(id, asking: [0, 1, 2], with: [0: liar])
        #expect(later.disclosure.confirmation.description.hasPrefix("disputed: "))
        // Where the log has no other witness, nobody can know; it is called by its name.
        let still = try Deployment.open(at: quiet, absent: [0])
        try Self.log(parcel, of: id, as: 0, still)
        let alone = try still.search(id, asking: [0, 1, 2], with: [0: liar])
        #expect(alone.disclosure.confirmation.description == "unconfirmed")
        // Until the holders who were not asked have checked, as each of them does by itself.
        try still.settle()
        let checked = try still.search(id, asking: [0, 1, 2], with: [0: liar])
        #expect(checked.disclosure.confirmation == .disputed(["privacy-office"]))
        #expect(
            try still.record().request(id)?.checks.map(\.body.custodian).sorted() == [
                "civil-rights-commission", "public-auditor",
            ])
    }

    /// The evaluation that fits some partials, signed by the custodian that lies.
    private static func log(
        _ parcel: PartialParcel, of id: Digest, as index: Int, _ city: Deployment
    ) throws {
        let secret = try RequestSecret(wire: try city.caseFile(id).secret.bytes)
        var items: [EvaluationItem] = []
        for day in parcel.days {
            for mask in parcel.masks {
                let e = try EvaluationDigest.e(
                    request: id, mask: mask, salt: secret.plateSalts[0], parcel: parcel, plate: 0,
                    day: day)
                items.append(EvaluationItem(day: day, plate: 0, mask: mask, e: e))
            }
        }
        let name = city.roster.custodians[index].id
        let signer = try NoteSigner(
            name: city.roster.keyName(name),
            key: try city.keyRing.key(city.layout.key(city.layout.custodian(index))))
        _ = try city.vault.append([
            try StatementDraft.sign(
                EvaluationBody(custodian: name, request: id, digests: items, time: city.now),
                under: city.roster, by: signer)
        ])
    }

    /// The same parcel with another last partial.
    static func changed(_ parcel: consuming SecretBytes) throws -> SecretBytes {
        var bytes = parcel.withUnsafeBytes { Array($0) }
        bytes[bytes.count - 1] ^= 1
        return try SecretBytes(wiping: &bytes)
    }

    /// A vault that answers look-ups with less than it has is noticed, and every cell that it told
    /// the truth about stands.
    @Test(arguments: LyingVault.Lie.allCases) func theVaultHidesRows(_ lie: LyingVault.Lie) throws {
        let path = try City.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let city = try Deployment.open(at: path)
        let id = try city.granted()
        let liar = LyingVault(city.vaultHandler, lie)
        let disclosure = try city.search(id, as: "investigator", at: liar).disclosure
        #expect(liar.hasLied && !disclosure.isSound)
        #expect(disclosure.cells.map(\.word) == ["refused", "complete", "complete", "empty"])
        #expect(disclosure.reads.count == 2)
        city.expectWhole(try city.search(id, as: "investigator"))
    }

    /// A day file that is gone before its day is dead cannot pass for an empty or a dead day.
    @Test func theVaultDropsADayBeforeItsTime() throws {
        let path = try City.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let id = try Deployment.open(at: path).granted()
        let rows = Layout(path).rows
        let files = try FileManager.default.contentsOfDirectory(atPath: rows).filter {
            $0.contains("\(City.start.day.number)")
        }
        #expect(!files.isEmpty)
        for name in files { try FileManager.default.removeItem(atPath: rows + "/" + name) }
        var words: [String] = []
        let refusal = code {
            let city = try Deployment.open(at: path)
            words = try city.search(id, as: "investigator").disclosure.cells.map(\.word)
        }
        #expect(refusal != nil || words == Array(repeating: "refused", count: 4), "\(words)")
    }

    /// Whoever has seen a log does not follow an older one.
    @Test func theVaultServesAnOlderLog() throws {
        let path = try City.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let older = try City.copy(of: path)
        defer { try? FileManager.default.removeItem(atPath: older) }
        let city = try Deployment.open(at: path)
        let id = try city.granted()
        let past = try Deployment.open(at: older)
        let refusal = code { _ = try city.search(id, as: "investigator", at: past.vaultHandler) }
        #expect(refusal != nil)
        let officer = try city.desk("clerk-of-court-officer", at: past.vaultHandler)
        #expect(code { try officer.refresh() } == refusal)
        city.expectWhole(try city.search(id, as: "investigator"))
    }

    /// A log that goes on otherwise than the one that was seen is a fork, and nobody follows it.
    @Test func theVaultServesAFork() throws {
        let path = try City.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let other = try City.copy(of: path)
        defer { try? FileManager.default.removeItem(atPath: other) }
        let city = try Deployment.open(at: path)
        let id = try city.granted()
        let fork = try Deployment.open(at: other)
        for _ in 0..<3 { _ = try fork.granted() }
        let (longer, shorter) = (try fork.record().count, try city.record().count)
        #expect(longer > shorter)
        #expect(code { _ = try city.search(id, as: "investigator", at: fork.vaultHandler) } != nil)
        #expect(try city.audit().isClean)
    }

    /// The audit of a log of which one byte was changed anywhere does not come out clean.
    @Test(arguments: [0.02, 0.3, 0.6, 0.98]) func oneByteOfTheLog(_ place: Double) throws {
        let path = try City.copy(.two)
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try Deployment.open(at: path).audit().isClean)
        try Story(root: path, say: { _ in }).flip(Layout(path).log + "/journal", at: place)
        let isClean = (try? Deployment.open(at: path).audit().isClean) ?? false
        #expect(!isClean)
    }
}

/// A custodian's far side that does not give what the custodian gave.
private final class LyingCustodian: Handler {
    private let honest: any Handler
    private let lie: AttackTests.Lie
    private let key: OneTimeKey
    private let info: String
    private(set) var wasAsked = false

    init(_ honest: any Handler, _ lie: AttackTests.Lie, key: OneTimeKey, origin: String) {
        self.honest = honest
        self.lie = lie
        self.key = key
        info = SealInfo.evaluation.text(origin)
    }

    func handle(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
        let answer = try honest.handle(endpoint, body)
        guard endpoint == .evaluate else { return answer }
        wasAsked = true
        switch lie {
        case .garbage: return answer.map { $0 ^ 0x55 }
        case .nothing: return []
        case .cutShort: return Array(answer.dropLast())
        case .refusal: throw WireProblem(code: "no-time", sentence: "come back tomorrow")
        case .otherPartials:
            do {
                let parcel = try AttackTests.changed(try key.open(answer, info: info))
                return try HybridSeal.seal(parcel, to: key.publicKey, info: info)
            } catch {
                throw .malformed("answer")
            }
        }
    }
}

/// A far side that always gives the same.
private final class Recording: Handler {
    private let answer: [UInt8]

    init(_ answer: [UInt8]) { self.answer = answer }

    func handle(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] { answer }
}
