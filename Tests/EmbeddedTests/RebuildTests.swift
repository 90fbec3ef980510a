import Custody
import Disk
import Foundation
import Inquiry
import Ledger
import Plates
import Secrets
import Testing
import Warrants
import Wire

@testable import Embedded

/// The vault burns down; the log does not.
struct RebuildTests {
    private func remove(_ path: String) throws {
        try FileManager.default.removeItem(atPath: path)
    }

    /// The log's folder alone is lost: from one mirror it is the same again, to the byte.
    @Test func theLogIsMadeAgainFromOneMirror() throws {
        let path = try City.copy()
        defer { try? remove(path) }
        var city: Deployment? = try Deployment.open(at: path)
        let id = try #require(try city?.granted([0, 1, 2]))
        try city?.settle()
        let layout = Layout(path)
        let head = try #require(city?.files.log.head)
        city = nil
        #expect(code { _ = try Deployment.rebuildLog(at: path) } == "log-exists")
        try remove(layout.log)
        #expect(code { _ = try Deployment.open(at: path) } == "log-missing")
        #expect(
            code { _ = try Deployment.rebuildLog(at: path, newKey: true) } == "log-key-held")
        #expect(
            code { _ = try Deployment.rebuildLog(at: path, from: "nobody") } == "mirror-missing")
        let rebuilt = try Deployment.rebuildLog(at: path, from: "public-auditor")
        #expect(
            rebuilt
                == Rebuilt(
                    custodian: "public-auditor", entries: head.size, isSuccessor: false))
        let again = try Deployment.open(at: path)
        #expect(try again.files.log.head == head)
        again.expectWhole(try again.search(id, as: "investigator"))
        #expect(try again.audit().isClean)
    }

    /// Everything that the vault had is lost, its keys too: t custodians name new ones, and the same
    /// custodians, sites, officers and requesters go on.
    @Test func theLogOutlivesTheVault() throws {
        let path = try City.copy()
        defer { try? remove(path) }
        let layout = Layout(path)
        var city: Deployment? = try Deployment.open(at: path)
        try city?.settle()
        let head = try #require(city?.files.log.head)
        city = nil
        try FileManager.default.copyItem(atPath: layout.rows, toPath: path + "/rows")
        try remove(layout.vault)
        #expect(code { _ = try Deployment.rebuildLog(at: path) } == "log-key-missing")
        let rebuilt = try Deployment.rebuildLog(at: path, newKey: true)
        #expect(rebuilt.entries == head.size && rebuilt.isSuccessor)
        // The rows come from a backup: they are no secret to anybody.
        try remove(layout.rows)
        try FileManager.default.moveItem(atPath: path + "/rows", toPath: layout.rows)

        let again = try Deployment.open(at: path)
        try again.settle()
        let record = try again.record()
        #expect(record.successions.map(\.index) == [head.size])
        #expect(record.logKey != again.roster.logKey)
        #expect(try record.logKey == again.files.log.verifierKey)
        for (_, custodian) in again.custodians {
            #expect(custodian.mirror.logKey == record.logKey)
            #expect(custodian.status.halted == nil)
        }
        // Old rows, a new request, a bundle that a court believes, days that die.
        let id = try again.granted([0, 1, 2])
        let folder = path + "/bundle"
        again.expectWhole(try again.open(id, as: "investigator", bundle: folder))
        let verified = try BundleVerifier.verify(
            try Bundle(at: folder, fileSystem: POSIXFileSystem()), trusted: again.roster.hash)
        #expect(verified.disclosure.confirmation == .confirmed(by: 3, of: 3))
        try again.clocks.pass(milliseconds: 31 * 86_400_000)
        try again.settle()
        let report = try again.audit()
        #expect(report.days.first?.verdict == .dead)
        #expect(report.findings.filter(\.isFault).map(\.code).filter { $0 != "cell-unknown" } == [])
    }

    /// An operator who keeps the old key cannot go on beside the successor.
    @Test func theOldKeyIsNoLongerTheLogs() throws {
        let path = try City.copy(.two)
        defer { try? remove(path) }
        let old = try City.copy(of: path)
        defer { try? remove(old) }
        try remove(Layout(path).vault)
        _ = try Deployment.rebuildLog(at: path, newKey: true)
        try Deployment.open(at: path).settle()
        // The old vault, in front of custodians who have followed the successor.
        try remove(Layout(path).vault)
        try FileManager.default.copyItem(
            atPath: Layout(old).vault, toPath: Layout(path).vault)
        let both = try Deployment.open(at: path)
        let problems = Set(try both.settle().map(\.problem.code))
        #expect(problems.contains("checkpoint-unsigned"))
        #expect(code { _ = try both.granted([0, 1]) } != nil)
    }

    /// A shorter mirror would lose entries that others have cosigned.
    @Test func aMirrorThatIsBehindIsNotTaken() throws {
        let path = try City.copy(.two)
        defer { try? remove(path) }
        let before = try City.copy(of: path)
        defer { try? remove(before) }
        var city: Deployment? = try Deployment.open(at: path)
        _ = try city?.granted([0, 1])
        try city?.settle()
        city = nil
        let layout = Layout(path)
        try remove(layout.custodian(0) + "/mirror")
        try FileManager.default.copyItem(
            atPath: Layout(before).custodian(0) + "/mirror",
            toPath: layout.custodian(0) + "/mirror")
        try remove(layout.log)
        let first = try #require(try Deployment.rosterWords(at: path).first)
        #expect(code { _ = try Deployment.rebuildLog(at: path, from: first) } == "mirror-behind")
        #expect(try Deployment.rebuildLog(at: path).custodian != first)
    }
}

extension Deployment {
    fileprivate static func rosterWords(at path: String) throws -> [String] {
        let wire = try POSIXFileSystem().read(Layout(path).roster)
        return try Roster.first(try UnverifiedStatement(wire: wire)).roster.custodians.map(\.id)
    }
}
