import Ledger
import Plates
import Secrets
import TestSupport
import Testing
import Warrants
import Wire

@testable import Custody

@Suite struct MirrorCountTests {
    @Test func twoOthersOfFiveAreEnoughAndOneIsNot() throws {
        let asked = try Asked(try Town.running())
        let town = asked.town
        town.unreachable = ["inspector", "privacy", "rights"]
        #expect(asked.refused(by: "clerk") == "checkpoints-missing")
        #expect(try asked.state().evaluations.isEmpty)
        #expect(try town.custodian("clerk").state.evaluations.isEmpty)
        town.unreachable = ["privacy", "rights"]
        #expect(asked.refused(by: "clerk") == nil)
        #expect(try asked.state().evaluations.map(\.body.custodian) == ["clerk"])
    }

    @Test func aForkFreeQuorumNeedsAThird() throws {
        let asked = try Asked(try Town.forkFree())
        let town = asked.town
        #expect(town.roster.quorum == 4)
        town.unreachable = ["inspector", "privacy", "rights"]
        #expect(asked.refused(by: "clerk") == "checkpoints-missing")
        town.unreachable = ["privacy", "rights"]
        #expect(asked.refused(by: "clerk") == "cosignatures-missing")
        #expect(try asked.state().evaluations.isEmpty)
        #expect(try town.custodian("clerk").state.evaluations.isEmpty)
        town.unreachable = ["rights"]
        #expect(asked.refused(by: "clerk") == nil)
        #expect(try asked.state().evaluations.map(\.body.custodian) == ["clerk"])
    }

    /// A cosignature that the vault publishes makes up for a mirror beyond the t−1 that are asked.
    @Test func cosignaturesThatTheVaultPublishesCountForTheQuorumOnly() throws {
        let asked = try Asked(try Town.forkFree())
        let town = asked.town
        town.vault.isPublishing = true
        try town.tick()
        try town.tick()
        town.unreachable = ["inspector", "privacy", "rights"]
        #expect(asked.refused(by: "clerk") == "checkpoints-missing")
        town.unreachable = ["privacy", "rights"]
        #expect(asked.refused(by: "clerk") == nil)
    }

    /// What two of five others show where it should not count, so that only one is left.
    private func expectUncounted(
        _ change: @escaping (Town, String, [UInt8]) throws -> [UInt8]
    ) throws {
        let asked = try Asked(try Town.running())
        let town = asked.town
        town.unreachable = ["rights"]
        for word in ["inspector", "privacy"] {
            town.disguise[word] = ShownCheckpoint(town, word) { try change(town, word, $0) }
        }
        #expect(asked.refused(by: "clerk") == "checkpoints-missing")
        #expect(try asked.state().evaluations.isEmpty)
        #expect(try town.custodian("clerk").status.halted == nil)
        // One of them as it is: the two others suffice.
        town.disguise["privacy"] = nil
        #expect(asked.refused(by: "clerk") == nil)
    }

    @Test func aCheckpointWithoutCosignatureDoesNotCount() throws {
        try expectUncounted { _, _, wire in try Self.bare(wire).encode() }
    }

    @Test func aStrangersCosignatureDoesNotCount() throws {
        try expectUncounted { town, word, wire in
            let note = try Self.bare(wire)
            // Under the custodian's name, by another key than the roster's.
            let stranger = try Cosigner(
                name: "\(Town.origin)/\(word)", key: try Town.key("stranger"))
            let time = UInt64(town.clock.wall.milliseconds / 1_000)
            return try note.adding([
                stranger.cosign(try Checkpoint(text: note.text), at: time)
            ]).encode()
        }
    }

    @Test func anothersCosignatureDoesNotCount() throws {
        try expectUncounted { town, _, _ in
            try town.custodian("audit").resource(TilePath.checkpoint)
        }
    }

    @Test func aCosignatureAloneDoesNotCount() throws {
        try expectUncounted { _, _, wire in
            let note = try Note(wire: wire)
            return try Note(
                text: note.text, signatures: note.signatures.filter { $0.name != Town.origin }
            ).encode()
        }
    }

    @Test func nonsenseDoesNotCount() throws {
        try expectUncounted { _, _, wire in Array(wire.dropLast(9)) }
    }

    /// The checkpoint with the log's own signature only.
    private static func bare(_ wire: [UInt8]) throws -> Note {
        let note = try Note(wire: wire)
        return try Note(
            text: note.text, signatures: note.signatures.filter { $0.name == Town.origin })
    }

    /// Honest, but without the approvals yet.
    @Test func aMirrorThatIsBehindDoesNotCount() throws {
        let asked = try Asked(try Town.running(), approving: [])
        let town = asked.town
        for word in ["inspector", "privacy", "rights"] {
            let old = try town.custodian(word).resource(TilePath.checkpoint)
            town.disguise[word] = ShownCheckpoint(town, word) { _ in old }
        }
        try town.approve(asked.id, ["audit", "clerk", "inspector"])
        #expect(asked.refused(by: "clerk") == "checkpoints-missing")
        #expect(try asked.state().evaluations.isEmpty)
        town.disguise["rights"] = nil
        #expect(asked.refused(by: "clerk") == nil)
    }

    /// The vault keeps from one what another's mirror has: it is followed, and what it tells counts.
    @Test func aMirrorThatIsAheadIsFollowedBeforeAnythingIsAnswered() throws {
        let asked = try Asked(try Town.running())
        let town = asked.town
        let clerk = try town.custodian("clerk")
        try town.tick()
        let (shown, size) = (town.vault.log.checkpoint, clerk.mirror.size)
        #expect(size == town.vault.log.size)
        try town.say(
            WithdrawBody(party: "doyle", request: asked.id, time: town.clock.wall), by: "doyle")
        // It asks nobody: in this town whoever is asked follows first.
        try town.custodian("audit").poll()
        town.vault.checkpoint = shown
        #expect(asked.refused(by: "clerk") == "withdrawn")
        #expect(clerk.mirror.size > size)
        #expect(try asked.state().evaluations.isEmpty)
        #expect(clerk.state.evaluations.isEmpty)
    }
}

@Suite struct RolledBackLogTests {
    @Test func aVaultThatGoesBackIsRefused() throws {
        let asked = try Asked(try Town.running())
        let town = asked.town
        let old = town.vault.log.checkpoint
        _ = try town.siteKeys("audit")
        try town.tick()
        town.vault.checkpoint = old
        #expect(asked.refused(by: "clerk") == "checkpoint-older")
        #expect(refusal { _ = try town.siteKeys("clerk") } == "checkpoint-older")
        #expect(try asked.state().evaluations.isEmpty)
        #expect(try town.custodian("clerk").status.halted == nil)
        town.vault.checkpoint = nil
        #expect(asked.refused(by: "clerk") == nil)
    }

    /// Who was away gets from the others what the vault does not show it.
    @Test func othersMirrorsMakeUpForIt() throws {
        let town = try Town.running()
        try town.tick()
        let disk = try #require(town.disks["rights"])
        let old = town.vault.log.checkpoint
        let kept = disk.copy()
        _ = try town.siteKeys("audit")
        try town.tick(["audit", "clerk"])
        let size = town.vault.log.size
        town.vault.checkpoint = old
        town.disks["rights"] = kept
        let rights = try town.reopen("rights")
        #expect(rights.mirror.size < size)
        try rights.tick()
        #expect(rights.mirror.size == size)
        #expect(rights.status.isConfirmed)
        // The vault's own word is behind that by now.
        #expect(refusal { _ = try town.siteKeys("rights") } == "checkpoint-older")
    }
}
