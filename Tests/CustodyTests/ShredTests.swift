import Disk
import Ledger
import Plates
import Secrets
import TestSupport
import Testing
import Tokens
import Warrants
import Wire

@testable import Custody

/// Emergency erasure, with the vault and without it.
@Suite struct ShredTests {
    @Test func shredLeavesNothingAndIsTold() throws {
        let town = try Town.running()
        let report = try town.custodian("clerk").shred()
        #expect(report.problem == nil && report.notes.count == 1)
        #expect(town.vault.record.shreds.map(\.body.custodian) == ["clerk"])
        #expect(try openStates(try #require(town.disks["clerk"])).isEmpty)
        #expect(refusal { try town.reopen("clerk") } == "custody-shredded")
        #expect(refusal { _ = try town.siteKeys("clerk") } == "custody-shredded")
        #expect(refusal { _ = try town.custodian("clerk").tick() } == "custody-shredded")
        #expect(refusal { _ = try town.custodian("clerk").poll() } == "custody-shredded")
    }

    /// Two of five leave all days alive; the third takes them all.
    @Test func asManyAsASubsetHasKillEveryDay() throws {
        let town = try Town.running()
        let now = town.clock.wall
        for (word, verdict) in [
            ("clerk", DayReport.Verdict.dying), ("audit", .dying), ("rights", .dead),
        ] {
            try town.custodian(word).shred()
            let audit = try town.custodian("privacy")
            try audit.poll()
            let report = try #require(audit.log.record.report(on: Town.today, at: now))
            #expect(report.verdict == verdict)
        }
    }

    /// Nobody can be reached: the notes in the folders, carried by hand, show it on any mirror.
    @Test func withoutTheVaultTheNotesAreCarried() throws {
        let town = try Town.running()
        let now = town.clock.wall
        town.vault.isDown = true
        var record = try town.custodian("privacy").log.record
        for (count, word) in ["clerk", "audit", "rights"].enumerated() {
            let report = try town.custodian(word).shred()
            #expect(report.problem?.code == "shred-unlogged")
            let disk = try #require(town.disks[word])
            #expect(try openStates(disk).isEmpty)
            let note = try disk.read("/custodian/shred-1.note")
            #expect(report.notes == [note])
            #expect(record.append(note) == nil)
            let verdict = try #require(record.report(on: Town.today, at: now)).verdict
            #expect(verdict == (count == 2 ? .dead : .dying))
        }
        // When the log is there again, each folder tells it.
        #expect(town.vault.record.shreds.isEmpty)
        town.vault.isDown = false
        for word in ["clerk", "audit", "rights"] {
            #expect(try Custodian.shred(try town.setting(word)).problem == nil)
            #expect(try Custodian.shred(try town.setting(word)).problem == nil)
        }
        #expect(town.vault.record.shreds.count == 3)
    }

    /// Without its program and its passphrase, while the program still runs: it writes nothing more.
    @Test func aFolderIsShreddedUnderItsProgram() throws {
        let town = try Town.running()
        let clerk = try town.custodian("clerk")
        let disk = try #require(town.disks["clerk"])
        let report = try Custodian.shred(try town.setting("clerk"))
        #expect(report.notes.count == 1)
        town.pass(hours: 12 + 29 * 24)
        #expect(refusal { _ = try clerk.tick() } == "custody-shredded")
        #expect(refusal { try clerk.keep(clerk.state) } == "custody-shredded")
        #expect(clerk.state.shares.isEmpty)
        #expect(try openStates(disk).isEmpty)
        #expect(town.vault.record.shreds.map(\.body.custodian) == ["clerk"])
    }

    /// What the program was writing while another one erased its folder does not stay.
    @Test func whatIsWrittenWhileItIsShreddedIsErasedOnceMore() throws {
        let town = try Town.running()
        let clerk = try town.custodian("clerk")
        let disk = try #require(town.disks["clerk"])
        let names = ["slot", "state-a", "state-b"].map { "/custodian/" + $0 }
        let before = try names.map { try disk.size($0) == nil ? nil : disk.read($0) }
        #expect(try !openStates(disk).isEmpty)
        _ = try Custodian.shred(try town.setting("clerk"))
        for (name, bytes) in zip(names, before) {
            if let bytes { try disk.replace(name, bytes) }
        }
        #expect(try !openStates(disk).isEmpty, "the erased files are back")
        #expect(refusal { _ = try clerk.tick() } == "custody-shredded")
        #expect(try openStates(disk).isEmpty)
        #expect(try disk.read("/custodian/slot").allSatisfy { $0 == 0 })
    }

    /// A crash anywhere: whole and unannounced before the mark, gone after the next start.
    @Test(arguments: CrashMode.allCases) func aCrashIsFinished(_ mode: CrashMode) throws {
        let town = try Town.running()
        let original = try #require(town.disks["clerk"])
        var crashes = 0
        for operation in 0..<100 {
            let disk = original.copy()
            town.disks["clerk"] = disk
            let clerk = try town.reopen("clerk")
            town.vault.isDown = true
            disk.crash(at: operation, mode: mode)
            let outcome = refusal { _ = try clerk.shred() }
            guard disk.isDown else {
                #expect(outcome == nil)
                break
            }
            crashes += 1
            disk.restart()
            let isMarked = try disk.size("/custodian/shred") != nil
            let note = try disk.size("/custodian/shred-1.note")
            // Nothing says that it happened before it has.
            if note != nil { #expect(try openStates(disk).isEmpty) }
            let code = refusal { try town.reopen("clerk") }
            #expect(code == (isMarked ? "custody-shredded" : nil))
            guard isMarked else { continue }
            #expect(try openStates(disk).isEmpty)
            #expect(try Custodian.shred(try town.setting("clerk")).notes.count == 1)
        }
        #expect(crashes > 4)
    }
}
