import Bytes
import Ledger
import Plates
import Secrets
import TestSupport
import Testing
import Warrants
import Wire

@testable import Custody

@Suite struct WithholdingTests {
    @Test func afterAnHourTheHeadIsNotCosignedUntilTheStatementIsTaken() throws {
        let asked = try Asked(try Town.running())
        let town = asked.town
        let clerk = try town.custodian("clerk")
        town.vault.refused = [.evaluation]
        #expect(asked.refused(by: "clerk") == "statement-unlogged")

        town.pass(minutes: 59)
        _ = try town.siteKeys("audit")
        try clerk.tick()
        #expect(clerk.mirror.size == town.vault.log.size)
        #expect(!clerk.status.isWithholding)
        #expect(clerk.isCosigned)
        #expect(clerk.status.unpublished == 1)

        town.pass(minutes: 1)
        let told = try town.vault.cosigned(by: clerk).count
        try clerk.tick()
        #expect(clerk.status.isWithholding)
        _ = try town.siteKeys("audit")
        try clerk.tick()
        // The head moves on, without this custodian's name on it.
        #expect(clerk.mirror.size == town.vault.log.size)
        #expect(!clerk.isCosigned)
        #expect(told > 0)
        #expect(try town.vault.cosigned(by: clerk).count == told)
        let shown = try Note(wire: try clerk.resource(TilePath.checkpoint))
        #expect(try shown.cosignatures(by: [clerk.setting.cosigner.verifierKey]).isEmpty)
        #expect(clerk.addEntries([]).status == 503)
        // Nobody else counts it as one who holds the log.
        town.unreachable = ["privacy", "rights"]
        #expect(asked.refused(by: "audit") == "checkpoints-missing")
        town.unreachable = []

        town.vault.refused = []
        let report = try clerk.tick()
        #expect(report.published == 1)
        #expect(!clerk.status.isWithholding)
        #expect(clerk.status.unpublished == 0)
        #expect(clerk.isCosigned)
        #expect(try town.vault.cosigned.last == clerk.resource(TilePath.checkpoint))
        #expect(try asked.state().evaluations.map(\.body.custodian) == ["clerk"])
    }

    @Test func aStartDoesNotForgetHowLongItWaits() throws {
        let town = try Town.running()
        town.vault.refused = [.grant]
        #expect(refusal { _ = try town.siteKeys("clerk") } == "statement-unlogged")
        town.pass(minutes: 59)
        let clerk = try town.reopen("clerk")
        #expect(try !clerk.tickedStatus().isWithholding)
        town.pass(minutes: 1)
        #expect(try clerk.tickedStatus().isWithholding)
    }

    /// One that is refused holds up no other.
    @Test func theOthersGoIntoTheLog() throws {
        let town = try Town.running()
        let clerk = try town.custodian("clerk")
        town.vault.refused = [.grant]
        #expect(refusal { _ = try town.siteKeys("clerk") } == "statement-unlogged")
        town.pass(hours: 12 + 29 * 24)
        try clerk.tick()
        #expect(town.destroyed("clerk") == Town.today)
        #expect(clerk.status.unpublished == 1)
    }

    @Test func underANewRosterTheOutboxIsSignedOnceMore() throws {
        let town = try Town.running()
        let clerk = try town.custodian("clerk")
        town.vault.refused = [.grant]
        #expect(refusal { _ = try town.siteKeys("clerk") } == "statement-unlogged")
        let old = try UnverifiedStatement(wire: try #require(clerk.state.outbox.first).note)
        let since = try #require(clerk.state.outbox.first).since

        var draft = RosterDraft(changing: town.roster)
        draft.change { $0.policy.embargoDays = 60 }
        let next = try draft.roster(origin: Town.origin, previous: town.roster.hash)
        _ = try town.vault.append(
            try next.signed(by: try Town.words.prefix(3).map { try Town.signer($0) }))
        town.pass(minutes: 10)
        try clerk.tick()
        let renewed = try #require(clerk.state.outbox.first)
        let statement = try UnverifiedStatement(wire: renewed.note)
        #expect(statement.rosterHash == next.hash)
        #expect(old.rosterHash == town.roster.hash)
        // How long it has waited is not forgotten over it.
        #expect(renewed.since == since)

        town.vault.refused = []
        try clerk.tick()
        #expect(clerk.state.outbox.isEmpty)
        #expect(town.vault.record.grants.map(\.body.custodian) == ["clerk"])
        #expect(town.vault.record.index(of: statement.id) != nil)
        #expect(town.vault.record.index(of: old.id) == nil)
    }
}

extension Custody.Custodian {
    fileprivate func tickedStatus() throws -> CustodianStatus {
        try tick()
        return status
    }
}

@Suite struct MirrorServiceTests {
    @Test func theCosignatureReachesTheVaultAndIsServed() throws {
        let town = try Town.running()
        let clerk = try town.custodian("clerk")
        try clerk.tick()
        let handed = try #require(try town.vault.cosigned(by: clerk).last)
        #expect(try clerk.resource(TilePath.checkpoint) == handed)
        let note = try Note(wire: handed)
        let time = try #require(
            try note.cosignatures(by: [clerk.setting.cosigner.verifierKey]).first?.time)
        #expect(time == UInt64(town.clock.wall.milliseconds / 1_000))
        #expect(note.isSigned(by: town.roster.logKey))
        #expect(try Checkpoint(text: note.text).size == town.vault.log.size)

        // Nothing new, nothing handed over; after an hour the same head at a new time.
        let count = try town.vault.cosigned(by: clerk).count
        town.pass(minutes: 59)
        try clerk.tick()
        #expect(try town.vault.cosigned(by: clerk).count == count)
        town.pass(minutes: 1)
        try clerk.tick()
        #expect(try town.vault.cosigned(by: clerk).count == count + 1)
        let again = try Note(wire: try #require(try town.vault.cosigned(by: clerk).last))
        #expect(again.text == note.text)
        #expect(
            try again.cosignatures(by: [clerk.setting.cosigner.verifierKey]).map(\.time)
                == [time + 3_600])
    }

    @Test func tilesAreServedAndNothingElse() throws {
        let town = try Town.running()
        let clerk = try town.custodian("clerk")
        try clerk.tick()
        let client = CustodianClient(LoopbackChannel(CustodianService(clerk)))
        let size = town.vault.log.size
        #expect(try client.entries(0..<size) == town.vault.log.entries(0..<size))
        #expect(
            refusal { _ = try client.entries(size..<(size + 1)) } == "tile-missing")
        #expect(refusal { _ = try clerk.resource("../slot") } == "tile-missing")
        #expect(refusal { _ = try clerk.resource("") } == "tile-missing")
    }

    /// What the log pushes is cosigned like what is fetched, while the vault itself is away.
    @Test func whatTheLogPushesIsCosigned() throws {
        let asked = try Asked(try Town.running())
        let town = asked.town
        let clerk = try town.custodian("clerk")
        try #require(clerk.mirror.size < town.vault.log.size)
        town.vault.isDown = true
        let service = CustodianService(clerk)
        func send(_ endpoint: Endpoint) -> ([UInt8]) throws -> TlogReply {
            { body in try Self.reply(try service.handle(endpoint, body)) }
        }
        let lines = try MirrorUpload(town.vault.log).push(
            addCheckpoint: send(.mirrorAddCheckpoint), addEntries: send(.mirrorAddEntries))
        #expect(clerk.mirror.size == town.vault.log.size)
        #expect(clerk.isCosigned)
        let bare = try Note(wire: town.vault.log.checkpoint)
        let cosigned = try bare.adding(lines)
            .cosignatures(by: [clerk.setting.cosigner.verifierKey])
        #expect(cosigned.map(\.time) == [UInt64(town.clock.wall.milliseconds / 1_000)])

        // It is judged like all else as soon as the vault is there.
        #expect(asked.refused(by: "clerk") == "vault-down")
        town.vault.isDown = false
        #expect(asked.refused(by: "clerk") == nil)
    }

    @Test func aPushedForkIsNotTaken() throws {
        let town = try Town.running()
        let clerk = try town.custodian("clerk")
        try clerk.tick()
        let size = town.vault.log.size
        let other = try ForkedMirror(
            town, "audit",
            entries: try town.vault.log.entries(0..<(size - 1)) + [[1], [2], [3]])
        let service = CustodianService(clerk)
        let code = refusal {
            _ = try MirrorUpload(other.log).push(
                addCheckpoint: { try Self.reply(try service.handle(.mirrorAddCheckpoint, $0)) },
                addEntries: { try Self.reply(try service.handle(.mirrorAddEntries, $0)) })
        }
        #expect(code != nil)
        #expect(clerk.mirror.size == size)
        #expect(
            clerk.mirror.head.text
                == (try Checkpoint(
                    text: try Note(wire: town.vault.log.checkpoint).text)).text)
    }

    /// `u16(status) ‖ u16(length) ‖ content type ‖ body`.
    private static func reply(_ bytes: [UInt8]) throws -> TlogReply {
        var reader = ByteReader(bytes)
        let (status, length) = (try reader.u16(), try reader.u16())
        let type = try reader.raw(Int(length))
        let body = try reader.raw(reader.remaining)
        return TlogReply(
            status: Int(status), contentType: String(decoding: type, as: UTF8.self), body: body)
    }
}
