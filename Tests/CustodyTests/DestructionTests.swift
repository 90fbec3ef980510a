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

@Suite struct DestructionTests {
    /// 31 days, one custodian and the whole town: the days die one after another, on time.
    @Test func daysDieOneAfterAnother() throws {
        let town = try Town.running()
        // The last tick before day `today` becomes 30 days old.
        town.pass(hours: 12 + 29 * 24 - 1)
        try town.tick()
        for word in Town.words {
            #expect(town.destroyed(word) == nil)
            #expect(try town.custodian(word).status.isPrepared)
        }
        town.pass(minutes: 59)
        try town.tick()
        for word in Town.words { #expect(town.destroyed(word) == nil) }
        for day in 0..<3 {
            town.pass(minutes: day == 0 ? 1 : 24 * 60)
            try town.tick()
            for word in Town.words {
                #expect(town.destroyed(word) == Town.today.adding(Int64(day)))
                let status = try town.custodian(word).status
                #expect(status.generations.first?.oldest == Town.today.adding(Int64(day) + 1))
                #expect(status.lastDestroyed == Town.today.adding(Int64(day)))
            }
        }
        #expect(town.vault.record.findings.isEmpty)
    }

    @Test func thirtyOneDaysPassDayByDay() throws {
        let town = try Town.running()
        for _ in 0..<31 {
            town.pass(hours: 24)
            try town.tick(["clerk"])
        }
        #expect(town.destroyed("clerk") == Town.today.adding(1))
        // Prekeys came and went with the days: 8 ahead, and those that are not yet erased.
        let state = try town.custodian("clerk").state
        #expect(state.prekeys.count == 8 + 5)
        #expect(state.outbox.isEmpty)
        #expect(town.vault.record.findings.isEmpty)
    }

    @Test func afterAnAnnouncedDestructionNoEarlierFileOpens() throws {
        let town = try Town.running()
        let disk = try #require(town.disks["clerk"])
        town.pass(hours: 12 + 29 * 24 - 1)
        try town.tick(["clerk"])
        // Small changes between the preparation and the commit.
        try town.tick(["audit", "rights"])
        town.pass(minutes: 30)
        try town.tick(["clerk"])
        let before = disk.operations
        #expect(try openStates(disk).contains { $0.shares.first?.oldest == Town.today })
        town.pass(minutes: 31)
        try town.tick(["clerk"])
        #expect(town.destroyed("clerk") == Town.today)
        #expect(try openStates(disk, until: before).isEmpty)
        let now = try openStates(disk)
        #expect(!now.isEmpty)
        #expect(now.allSatisfy { $0.shares.first?.oldest == Town.today.next })
    }

    @Test func aCopyOfAllFilesFromTheDayBeforeDoesNotHelp() throws {
        let town = try Town.running()
        let disk = try #require(town.disks["clerk"])
        town.pass(hours: 12 + 29 * 24 - 24)
        try town.tick(["clerk"])
        let copy = disk.image
        town.pass(hours: 24)
        try town.tick(["clerk"])
        #expect(town.destroyed("clerk") == Town.today)
        for (path, bytes) in copy where path != "/custodian/slot" {
            disk.tamper(path) { $0 = bytes }
        }
        #expect(refusal { try town.reopen("clerk") } == "share-lost")
    }

    /// With its slot, a copied folder is the custodian of yesterday: what it had announced since
    /// stands in the log, and it erases forward before it uses any key.
    @Test func aRestoredImageErasesForwardAndSaysSo() throws {
        let town = try Town.running()
        let disk = try #require(town.disks["clerk"])
        let image = disk.copy()
        town.pass(hours: 12 + 29 * 24)
        try town.tick(["clerk"])
        #expect(town.destroyed("clerk") == Town.today)
        // Its clock is that of the image, too: it thinks that the day is alive.
        town.clock.reboot(after: 0)
        town.disks["clerk"] = image
        let old = try town.reopen("clerk")
        #expect(old.state.shares.first?.oldest == Town.today)
        let report = try old.tick()
        #expect(report.hasDestroyed)
        #expect(old.state.shares.first?.oldest == Town.today.next)
        let told = try #require(town.vault.record.rollbacks.first?.body)
        #expect(told.announced == Town.today)
        #expect(told.found == Town.today)
        #expect(try openStates(image).allSatisfy { $0.shares.first?.oldest == Town.today.next })
    }

    /// Only the own mirror proves a fork; a vault that merely says the word stops nobody for good.
    @Test func aVaultsWordHaltsNobody() throws {
        let town = try Town.running()
        let clerk = try town.custodian("clerk")
        town.vault.isDown = true
        town.vault.downCode = "log-forked"
        let report = try clerk.tick()
        #expect(!report.hasFollowed)
        #expect(clerk.status.halted == nil)
        town.vault.isDown = false
        #expect(try clerk.tick().hasFollowed)
        #expect(throws: Never.self) { try town.siteKeys("clerk") }
    }

    @Test func destructionWaitsForNoLog() throws {
        let town = try Town.running()
        let clerk = try town.custodian("clerk")
        town.vault.isDown = true
        town.pass(hours: 12 + 29 * 24)
        let report = try clerk.tick()
        #expect(report.hasDestroyed)
        #expect(!report.hasFollowed)
        #expect(report.problems.map(\.code).contains("vault-down"))
        let state = try town.custodian("clerk").state
        #expect(state.shares.first?.oldest == Town.today.next)
        #expect(state.outbox.count == 1)
        #expect(town.destroyed("clerk") == nil)
        // The statement waits through a new start, too.
        try town.reopen("clerk")
        town.vault.isDown = false
        try town.tick(["clerk"])
        #expect(town.destroyed("clerk") == Town.today)
        #expect(try town.custodian("clerk").state.outbox.isEmpty)
    }

    @Test func severalDaysDieAtOnceAfterAPowerOff() throws {
        let town = try Town.running()
        town.clock.reboot(after: 33 * 86_400_000)
        let clerk = try town.reopen("clerk")
        try clerk.tick()
        // Nobody has told it the time yet: it goes on where it was.
        #expect(town.destroyed("clerk") == nil)
        try clerk.stepClockForward(to: town.clock.wall)
        try clerk.tick()
        #expect(town.destroyed("clerk") == Town.today.adding(3))
        #expect(clerk.status.generations.first?.oldest == Town.today.adding(4))
        #expect(town.vault.record.destructions.count == 1)
    }

    /// A custodian that was held, and learns the time from others before it has read its own clocks:
    /// counted twice, what passed meanwhile would take days before their time.
    @Test func aStepAfterAWhileKillsNothingBeforeItsTime() throws {
        let town = try Town.running()
        town.clock.reboot(after: 31 * 86_400_000)
        let clerk = try town.reopen("clerk")
        try clerk.tick()
        #expect(clerk.status.time < town.clock.wall)
        town.pass(hours: 20)
        try clerk.stepClockForward(to: town.clock.wall)
        try clerk.tick()
        #expect(clerk.status.time == town.clock.wall)
        #expect(town.destroyed("clerk") == Town.today.adding(2))
    }

    @Test func theLastDayTakesTheWholeGenerationAlong() throws {
        let town = try Town.running()
        town.pass(hours: 12 + (19 + 29) * 24)
        try town.tick(["clerk"])
        #expect(town.destroyed("clerk") == Town.today.adding(19))
        #expect(try town.custodian("clerk").status.generations.first?.oldest != nil)
        town.pass(hours: 24)
        try town.tick(["clerk"])
        #expect(town.destroyed("clerk") == Town.today.adding(20))
        #expect(try town.custodian("clerk").status.generations.first?.oldest == nil)
        town.pass(hours: 48)
        try town.tick(["clerk"])
        #expect(town.destroyed("clerk") == Town.today.adding(20))
    }

    @Test func theProgramMayStartAnewBeforeItAnnounces() throws {
        let town = try Town.running()
        var setting = try town.setting("clerk")
        var starts = 0
        setting.startAnew = { starts += 1 }
        town.custodians["clerk"] = try Custodian.open(setting)
        town.pass(hours: 12 + 29 * 24)
        try town.tick(["clerk"])
        #expect(starts == 1)
        #expect(town.destroyed("clerk") == Town.today)
    }
}

/// A crash at every operation of the tick in which a day dies.
@Suite struct DestructionCrashTests {
    /// A town an hour before `today` becomes due, with the destruction prepared at the clerk's.
    private func due() throws -> Town {
        let town = try Town.running()
        town.pass(hours: 12 + 29 * 24 - 1)
        try town.tick(["clerk"])
        town.pass(minutes: 61)
        return town
    }

    @Test(arguments: CrashMode.allCases)
    func aCrashNeverAnnouncesWhatHasNotHappened(_ mode: CrashMode) throws {
        let town = try due()
        let original = try #require(town.disks["clerk"])
        // Out of reach, so that every run meets the same log: destruction does not wait for it.
        town.vault.isDown = true
        var crashes = 0
        for operation in 0..<200 {
            let disk = original.copy()
            town.disks["clerk"] = disk
            let clerk = try town.reopen("clerk")
            disk.crash(at: operation, mode: mode)
            let outcome = refusal { _ = try clerk.tick() }
            guard disk.isDown else {
                #expect(outcome == nil)
                break
            }
            crashes += 1
            disk.restart()
            let again = try town.reopen("clerk")
            let oldest = try #require(again.state.shares.first?.oldest)
            // Old or new; and a statement only where the old key is gone.
            #expect([Town.today, Town.today.next].contains(oldest))
            let told = again.state.outbox.map(\.note).contains { note in
                (try? UnverifiedStatement(wire: note).type) == .dayDestroyed
            }
            if told { #expect(oldest == Town.today.next) }
            if oldest > Town.today {
                #expect(try openStates(disk).allSatisfy { $0.shares[0].oldest > Town.today })
            }
            // And in the end it is destroyed, and nothing of before opens.
            let before = disk.operations
            try again.tick()
            #expect(again.state.shares.first?.oldest == Town.today.next)
            #expect(
                try openStates(disk, until: before).allSatisfy { $0.shares[0].oldest > Town.today })
        }
        #expect(crashes >= 10)
    }

    @Test(arguments: CrashMode.allCases)
    func aCrashAroundTheAnnouncementTellsItOnce(_ mode: CrashMode) throws {
        for operation in stride(from: 2, to: 60, by: 19) {
            let town = try due()
            let disk = try #require(town.disks["clerk"])
            let clerk = try town.reopen("clerk")
            disk.crash(at: operation, mode: mode)
            _ = refusal { _ = try clerk.tick() }
            if town.destroyed("clerk") != nil, disk.isDown {
                disk.restart()
                #expect(try town.reopen("clerk").state.shares[0].oldest > Town.today)
            }
            disk.restart()
            try town.reopen("clerk")
            try town.tick(["clerk"])
            try town.tick(["clerk"])
            #expect(town.destroyed("clerk") == Town.today)
            #expect(town.vault.record.destructions.count == 1)
            #expect(try town.custodian("clerk").state.outbox.isEmpty)
        }
    }
}

/// A disk that says it has synchronized some files and has not.
private final class LyingDisk: FileSystem {
    let disk: FaultyFileSystem
    let lies: @Sendable (String) -> Bool

    init(_ disk: FaultyFileSystem, lies: @escaping @Sendable (String) -> Bool) {
        self.disk = disk
        self.lies = lies
    }

    func synchronize(_ path: String) throws(DiskError) {
        if !lies(path) { try disk.synchronize(path) }
    }
    func read(_ path: String) throws(DiskError) -> [UInt8] { try disk.read(path) }
    func read(_ path: String, at offset: UInt64, count: Int) throws(DiskError) -> [UInt8] {
        try disk.read(path, at: offset, count: count)
    }
    func size(_ path: String) throws(DiskError) -> UInt64? { try disk.size(path) }
    func create(_ path: String, _ bytes: [UInt8]) throws(DiskError) {
        try disk.create(path, bytes)
    }
    func createPublic(_ path: String, _ bytes: [UInt8]) throws(DiskError) {
        try disk.createPublic(path, bytes)
    }
    func makePublicFolder(_ path: String) throws(DiskError) {
        try disk.makePublicFolder(path)
    }
    func write(_ path: String, at offset: UInt64, _ bytes: [UInt8]) throws(DiskError) {
        try disk.write(path, at: offset, bytes)
    }
    func truncate(_ path: String, to size: UInt64) throws(DiskError) {
        try disk.truncate(path, to: size)
    }
    func rename(_ path: String, to target: String) throws(DiskError) {
        try disk.rename(path, to: target)
    }
    func remove(_ path: String) throws(DiskError) { try disk.remove(path) }
    func makeFolder(_ path: String) throws(DiskError) { try disk.makeFolder(path) }
    func list(_ path: String) throws(DiskError) -> [String] { try disk.list(path) }
    func kind(_ path: String) throws(DiskError) -> String { try disk.kind(path) }
}

@Suite struct LyingDiskTests {
    /// The state files never reached the disk, the slot did: the share is lost, with a clear word.
    @Test func aStateFileThatWasNeverWrittenCostsTheShare() throws {
        let town = try Town.running()
        let disk = try #require(town.disks["clerk"])
        town.pass(hours: 12 + 29 * 24)
        let lying = LyingDisk(disk) { $0.contains("/state-") || $0 == "/custodian" }
        let clerk = try Custodian.open(try town.setting("clerk", disk: lying))
        try clerk.tick()
        #expect(town.destroyed("clerk") == Town.today)
        disk.restart()
        #expect(refusal { try town.reopen("clerk") } == "share-lost")
    }

    /// The slot's erasure never reached the disk: the old state is back, but before it uses any key
    /// it erases forward to what it had announced.
    @Test func anErasureThatNeverReachedTheDiskIsDoneAgainBeforeAnyKeyIsUsed() throws {
        let town = try Town.running()
        let disk = try #require(town.disks["clerk"])
        town.pass(hours: 12 + 29 * 24)
        // Nothing at all reaches the disk from here on, but for the mirror.
        let lying = LyingDisk(disk) { !$0.contains("/mirror") }
        let clerk = try Custodian.open(try town.setting("clerk", disk: lying))
        try clerk.tick()
        #expect(town.destroyed("clerk") == Town.today)
        disk.restart()
        town.clock.reboot(after: 0)
        let code = refusal {
            let again = try town.reopen("clerk")
            #expect(again.state.shares.first?.oldest == Town.today)
            _ = try again.tick()
            #expect(again.state.shares.first?.oldest == Town.today.next)
        }
        #expect(code == nil)
        #expect(town.vault.record.rollbacks.count == 1)
    }
}
