import Disk
import Foundation
import Ledger
import Plates
import Rows
import Secrets
import Testing
import Tokens
import Warrants
import Wire

@testable import Embedded
@testable import Inquiry

/// The whole path, from sealed rows to a verified bundle and a dead day.
@Suite struct PathTests {
    @Test(arguments: City.Size.allCases) func fromRequestToDeath(_ size: City.Size) throws {
        let path = try City.copy(size)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let city = try Deployment.open(at: path)
        let t = city.roster.threshold.t
        let id = try city.granted(Array(0..<(t - 1)))
        #expect(code { _ = try city.search(id, as: "investigator") } == "answers-missing")
        try city.officer(city.roster.custodians[t - 1].id).approve(id, at: city.now)
        let folder = path + "/bundle"
        let finding = try city.open(id, as: "investigator", bundle: folder)
        city.expectWhole(finding)
        #expect(finding.replies.count == t)
        // t answered; the holders who were not asked have checked.
        let holders = city.roster.threshold.subsetSize
        #expect(finding.disclosure.confirmation == .confirmed(by: holders, of: holders))
        let verified = try BundleVerifier.verify(
            try Bundle(at: folder, fileSystem: POSIXFileSystem()), trusted: city.roster.hash)
        #expect(verified.disclosure.reads == finding.disclosure.reads)
        #expect(verified.custodians == city.roster.custodians.prefix(t).map(\.id))
        #expect(try city.audit().isClean)

        try city.clocks.pass(milliseconds: 31 * 86_400_000)
        try city.settle()
        #expect(try city.audit().days.first?.verdict == .dead)
        #expect(code { _ = try city.search(id, as: "investigator") } == "answers-missing")
        let names = try FileManager.default.contentsOfDirectory(atPath: city.layout.rows)
        #expect(!names.contains { $0.contains("\(City.start.day.number)") })
        // What was opened in time stays provable.
        _ = try BundleVerifier.verify(
            try Bundle(at: folder, fileSystem: POSIXFileSystem()), trusted: city.roster.hash)
    }

    /// Where all answer, each share has n−t+1 witnesses.
    @Test func allFiveConfirm() throws {
        let path = try City.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let city = try Deployment.open(at: path)
        let finding = try city.search(try city.granted(Array(0..<5)), as: "investigator")
        city.expectWhole(finding)
        #expect(finding.disclosure.confirmation.description == "confirmed by 3 of 3")
    }

    /// Any three of five are enough, whichever two machines are down; two never are.
    @Test(arguments: [[0, 1], [3, 4], [1, 3], [0, 4]]) func anyThreeSuffice(_ absent: [Int]) throws
    {
        let path = try City.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let here = (0..<5).filter { !absent.contains($0) }
        let city = try Deployment.open(at: path, absent: Set(absent))
        let id = try city.granted(here)
        city.expectWhole(try city.search(id, as: "investigator"))
        for down in here {
            let two = here.filter { $0 != down }
            #expect(code { _ = try city.search(id, asking: two) } == "answers-missing")
        }
    }

    @Test func whoIsDownIsNamed() throws {
        let path = try City.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let city = try Deployment.open(at: path, absent: [0])
        let id = try city.granted([1, 2, 3])
        try city.officer(city.roster.custodians[0].id + "-officer").approve(id, at: city.now)
        let finding = try city.search(id, as: "investigator")
        city.expectWhole(finding)
        let problems = finding.replies.filter { $0.problem != nil }
        #expect(problems.map(\.custodian) == ["privacy-office"])
        #expect(problems.first?.problem?.code == "custodian-down")
    }

    /// The same search twice asks the same, and is answered the same.
    @Test func twiceIsTheSame() throws {
        let path = try City.copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let city = try Deployment.open(at: path)
        let id = try city.granted()
        let first = try city.search(id, as: "investigator")
        let entries = try city.record().count
        let second = try city.search(id, as: "investigator")
        #expect(first.answers == second.answers)
        #expect(first.disclosure.cells == second.disclosure.cells)
        #expect(try city.record().count == entries, "a second answer is no second evaluation")
        let reopened = try Deployment.open(at: path)
        #expect(try reopened.search(id, as: "investigator").answers == first.answers)
    }

    /// Every step by a process of its own: nothing lives in memory only.
    @Test func reopenedAfterEachStep() throws {
        let path = try City.copy(.two)
        defer { try? FileManager.default.removeItem(atPath: path) }
        func city() throws -> Deployment { try Deployment.open(at: path) }
        let id = try city().file(try city().application(), as: "investigator")
        #expect(try city().request(String(id.hex.prefix(8))) == id)
        try city().attest(
            id, warrant: Digest(of: Deployment.warrant), expires: try city().now.adding(days: 1))
        for name in ["privacy-office", "clerk-of-court"] {
            let docket = try city().officer(name).docket(of: id, at: try city().now)
            #expect(docket.plates.map(\.text) == [City.wanted])
            try city().officer(name).approve(id, at: try city().now)
        }
        try city().expectWhole(try city().search(id, as: "investigator"))
        try city().expectWhole(
            try city().open(id, as: "investigator", bundle: path + "/bundle"))
        for _ in 0..<31 {
            let city = try city()
            try city.clocks.pass(milliseconds: 86_400_000)
            try city.settle()
        }
        let report = try city().audit()
        #expect(report.isClean)
        #expect(report.days.first?.verdict == .dead)
    }

    /// The warrant of an evaluated request does not carry a second one by itself.
    @Test func aWarrantIsUsedOnce() throws {
        let path = try City.copy(.two)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let city = try Deployment.open(at: path)
        let first = try city.granted()
        _ = try city.search(first, as: "investigator")
        let second = try city.file(city.application(), as: "investigator")
        #expect(second != first)
        for name in ["privacy-office", "clerk-of-court"] {
            try city.officer(name).approve(second, at: city.now)
        }
        for client in city.custodianClients.prefix(2) {
            #expect(code { _ = try client.evaluate(second) } == "order-used")
        }
        try city.attest(
            second, warrant: Digest(of: Deployment.warrant), expires: city.now.adding(days: 1))
        city.expectWhole(try city.search(second, as: "investigator"))
        #expect(try city.audit().isClean)
    }

    /// The vault takes the request and the answer is lost: the case is on disk, so it can be opened.
    @Test func theCaseIsKeptBeforeTheRequestIsFiled() throws {
        let path = try City.copy(.two)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let city = try Deployment.open(at: path)
        let names = {
            try FileManager.default.contentsOfDirectory(atPath: city.layout.agency + "/cases")
        }
        // What the own tool refuses leaves no case behind.
        let refused = code {
            _ = try city.file(
                city.application(purpose: "immigration-enforcement"), as: "investigator")
        }
        #expect(refused == "prohibited-immigration-enforcement")
        let cut = CutOff(city.vaultHandler, at: .logAppend)
        let asker = Requester(desk: try city.desk("investigator", at: cut), random: SystemRandom())
        let prepared = try asker.prepare(city.application(), at: city.now)
        try city.fileSystem.makeFolder(city.layout.agency + "/cases")
        try city.fileSystem.replace(
            "\(city.layout.agency)/cases/\(prepared.id.hex).case",
            try prepared.file.seal(
                id: prepared.id, key: try city.keyRing.key(city.layout.key(city.layout.agency)),
                random: SystemRandom()))
        #expect(code { try asker.file(prepared, at: city.now) } == "cut-off")
        #expect(try names() == ["\(prepared.id.hex).case"])
        let later = try Deployment.open(at: path)
        #expect(try later.request(prepared.id.hex) == prepared.id)
        try later.attest(
            prepared.id, warrant: Digest(of: Deployment.warrant), expires: later.now.adding(days: 1)
        )
        for name in ["privacy-office", "clerk-of-court"] {
            try later.officer(name).approve(prepared.id, at: later.now)
        }
        later.expectWhole(try later.search(prepared.id, as: "investigator"))
    }

    /// A backup without the slots is worth nothing, the day after least of all.
    @Test func aBackupWithoutSlotsOpensNothing() throws {
        let path = try City.copy(.two)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let backup = try City.copy(of: path)
        defer { try? FileManager.default.removeItem(atPath: backup) }
        let city = try Deployment.open(at: path)
        try city.clocks.pass(milliseconds: 31 * 86_400_000)
        try city.settle()
        for index in 0..<3 {
            let slot = Layout(backup).custodian(index) + "/slot"
            try FileManager.default.removeItem(atPath: slot)
        }
        #expect(code { _ = try Deployment.open(at: backup) } != nil)
        for index in 0..<3 {
            try FileManager.default.copyItem(
                atPath: Layout(path).custodian(index) + "/slot",
                toPath: Layout(backup).custodian(index) + "/slot")
        }
        #expect(code { _ = try Deployment.open(at: backup) } == "share-lost")
        #expect(code { _ = try Deployment.open(at: path) } == nil)
    }

    /// Two targets that may not know each other derive the same labels and commitments.
    @Test func tokensAndRowsAgree() throws {
        let random = SeededRandom("labels of Tokens and Rows")
        for number in 0..<20 {
            let keys = try CellKeys(combined: try SecretBytes(copying: random.bytes(32)))
            let run = try RunID(bytes: random.bytes(8))
            for counter in [0, 1, 168, UInt64.max] {
                let derived = try Label.derive(find: try keys.find(), run: run, counter: counter)
                #expect(try keys.label(run: run, counter: counter) == derived)
            }
            let plate = try Plate(normalizing: "AB\(number)", fold: .letterOAsZero)
            let salt = random.bytes(32)
            let commitment = try PlateCommitment.commit(salt: salt, plate: plate)
            #expect(commitment == Commitment.plate(plate, salt: salt))
        }
    }
}

/// A channel that breaks after the far side has done what it was asked.
final class CutOff: Handler {
    private let honest: any Handler
    private let endpoint: Endpoint

    init(_ honest: any Handler, at endpoint: Endpoint) {
        self.honest = honest
        self.endpoint = endpoint
    }

    func handle(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
        let answer = try honest.handle(endpoint, body)
        if endpoint == self.endpoint {
            throw WireProblem(code: "cut-off", sentence: "the line broke")
        }
        return answer
    }
}
