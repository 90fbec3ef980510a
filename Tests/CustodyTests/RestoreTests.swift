import Disk
import Ledger
import Plates
import Secrets
import TestSupport
import Testing
import Warrants

@testable import Custody

/// A copy of a custodian's whole disk is put back, its slot included, and the vault shows the log
/// of that time: each looks well beside the other.
@Suite struct RestoreTests {
    /// The clerk's disk of today and the log's checkpoint of today, in a town some days after the
    /// clerk has destroyed today; all other custodians know it.
    private func later() throws -> (asked: Asked, image: FaultyFileSystem, old: [UInt8]) {
        let asked = try Asked(try Town.running())
        let town = asked.town
        try town.tick()
        let image = try #require(town.disks["clerk"]).copy()
        let old = town.vault.log.checkpoint
        town.pass(hours: 31 * 24)
        try town.tick()
        try town.tick()
        #expect(try #require(town.destroyed("clerk")) > Town.today)
        return (asked, image, old)
    }

    @Test func beforeOthersMirrorsAreSeenNoKeyIsUsed() throws {
        let (asked, image, old) = try later()
        let town = asked.town
        town.clock.reboot(after: 0)
        town.disks["clerk"] = image
        town.vault.checkpoint = old
        // One other mirror is less than the t − 1 that are needed.
        for unreachable in [
            ["audit", "inspector", "privacy", "rights"], ["audit", "privacy", "rights"],
        ] {
            town.unreachable = Set(unreachable)
            if unreachable.count == 3 {
                // Even one that is as old as the disk.
                town.disguise["inspector"] = ShownCheckpoint(town, "inspector") { _ in
                    try Self.cosigned(old, town, "inspector")
                }
            }
            let clerk = try town.reopen("clerk")
            #expect(clerk.state.shares.first?.oldest == Town.today)
            let report = try clerk.tick()
            #expect(report.hasFollowed)
            #expect(report.problems.map(\.code) == ["mirrors-unseen"])
            #expect(!clerk.status.isConfirmed)
            #expect(asked.refused(by: "clerk") == "mirrors-unseen")
            #expect(refusal { _ = try town.siteKeys("clerk") } == "mirrors-unseen")
            #expect(clerk.state.evaluations.isEmpty)
            #expect(clerk.state.outbox.isEmpty)
        }
    }

    private static func cosigned(
        _ checkpoint: [UInt8], _ town: Town, _ word: String
    ) throws -> [UInt8] {
        let note = try Note(wire: checkpoint)
        return try note.adding([
            try town.setting(word).cosigner.cosign(
                try Checkpoint(text: note.text),
                at: UInt64(town.clock.wall.milliseconds / 1_000))
        ]).encode()
    }

    /// Its clock went on meanwhile: what is due is gone before it asks anybody.
    @Test func whatIsDueIsDestroyedAllTheSame() throws {
        let (asked, image, old) = try later()
        let town = asked.town
        town.disks["clerk"] = image
        town.vault.checkpoint = old
        town.unreachable = ["audit", "inspector", "privacy", "rights"]
        let clerk = try town.reopen("clerk")
        #expect(clerk.state.shares.first?.oldest == Town.today)
        let report = try clerk.tick()
        #expect(report.hasDestroyed)
        #expect(report.problems.map(\.code).contains("mirrors-unseen"))
        #expect(try #require(clerk.state.shares.first?.oldest) > Town.today)
        #expect(
            try openStates(image).allSatisfy { try #require($0.shares.first).oldest > Town.today })
        #expect(refusal { _ = try town.siteKeys("clerk") } == "mirrors-unseen")
    }

    @Test func othersMirrorsTellItAndItErasesForward() throws {
        let (asked, image, old) = try later()
        let town = asked.town
        let announced = try #require(town.destroyed("clerk"))
        town.clock.reboot(after: 0)
        town.disks["clerk"] = image
        town.vault.checkpoint = old
        town.unreachable = ["privacy", "rights"]
        let clerk = try town.reopen("clerk")
        #expect(clerk.state.shares.first?.oldest == Town.today)
        let report = try clerk.tick()
        #expect(report.hasDestroyed)
        #expect(clerk.status.isConfirmed)
        #expect(
            clerk.mirror.size == town.vault.log.size - UInt64(town.vault.record.rollbacks.count))
        #expect(clerk.state.shares.first?.oldest == announced.next)
        #expect(
            try openStates(image).allSatisfy { $0.shares.first?.oldest == announced.next })

        town.vault.checkpoint = nil
        try clerk.tick()
        let told = try #require(town.vault.record.rollbacks.first?.body)
        #expect(told.custodian == "clerk")
        #expect(told.found == Town.today && told.announced == announced)
        #expect(town.vault.record.rollbacks.count == 1)
        // By its own clock, which stood still, the request is young; the keys are gone.
        #expect(asked.refused(by: "clerk") != nil)
        #expect(refusal { _ = try clerk.usableShare(for: [Town.today]) } == "day-destroyed")
        #expect(refusal { _ = try clerk.usableShare(for: [announced]) } == "day-destroyed")
        #expect(try clerk.usableShare(for: [announced.next]).generation == 1)
        #expect(try asked.state().evaluations.isEmpty)
        // Told once.
        try town.reopen("clerk").tick()
        #expect(town.vault.record.rollbacks.count == 1)
    }
}
