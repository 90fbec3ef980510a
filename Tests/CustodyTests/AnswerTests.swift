import Ledger
import Plates
import Secrets
import TestSupport
import Testing
import Tokens
import Warrants
import Wire

@testable import Custody

@Suite struct GrantTests {
    @Test func threeGrantsMakeASitesKeys() throws {
        let town = try Town.running()
        let keys = SiteKeys(
            generation: 1, site: Town.site, threshold: town.roster.threshold)
        for (place, word) in Town.words.enumerated().prefix(3) {
            let parcel = try town.siteKeys(word, from: -6, to: 48)
            #expect(parcel.hours.count == 55)
            #expect(try keys.take(parcel, from: place).isEmpty)
        }
        #expect(keys.missing(town.clock.wall.hour).isEmpty)
        #expect(town.vault.record.grants.map(\.body.custodian) == ["audit", "clerk", "inspector"])
    }

    @Test func refusesWhatTheWindowDoesNotHold() throws {
        let town = try Town.running()
        let clerk = try town.custodian("clerk")
        let key = try OneTimeKey(from: SeededRandom("gateway"))
        func code(_ note: [UInt8]) -> String? { refusal { _ = try clerk.grant(note) } }

        #expect(code(try town.grantRequest(from: -7, key: key)) == "grant-hours-past")
        #expect(code(try town.grantRequest(to: 49, key: key)) == "grant-hours-future")
        #expect(
            code(try town.grantRequest(signedBy: "site-2", key: key)) == "signature-invalid")
        #expect(
            code(try town.grantRequest(site: SiteNumber(number: 9), key: key)) == "site-unknown")
        let note = try town.grantRequest(key: key)
        #expect(code(note + [0]) == "statement-malformed")
        town.pass(minutes: 11)
        #expect(code(note) == "grant-stale")
        #expect(town.vault.record.grants.isEmpty)
    }

    @Test func givesAnHourSoOftenAndNoOftener() throws {
        let town = try Town.running()
        for _ in 0..<Custodian.grantLimit {
            town.clock.pass(milliseconds: 1)
            _ = try town.siteKeys("clerk")
        }
        town.clock.pass(milliseconds: 1)
        #expect(refusal { _ = try town.siteKeys("clerk") } == "grant-limit")
        // An hour beside it is not used up, and a new start does not forget.
        _ = try town.siteKeys("clerk", from: 1, to: 1)
        try town.reopen("clerk")
        try town.tick(["clerk"])
        #expect(refusal { _ = try town.siteKeys("clerk") } == "grant-limit")
        #expect(refusal { _ = try town.siteKeys("clerk", from: 0, to: 1) } == "grant-limit")
        // It is a pace: a site that asked too often is let in again within ten minutes.
        town.clock.pass(milliseconds: Custodian.grantWindow - 60_000)
        #expect(refusal { _ = try town.siteKeys("clerk") } == "grant-limit")
        town.clock.pass(milliseconds: 60_000)
        _ = try town.siteKeys("clerk", from: 0, to: 1)
    }

    @Test func givesOnlyDaysOfTheGeneration() throws {
        let town = try Town.running()
        town.pass(hours: 20 * 24)
        try town.tick(["clerk"])
        _ = try town.siteKeys("clerk")
        // Noon of the last day: 48 hours ahead lie beyond it, 11 do not.
        #expect(refusal { _ = try town.siteKeys("clerk", to: 48) } == "generation-ended")
        _ = try town.siteKeys("clerk", from: 1, to: 11)
        #expect(refusal { _ = try town.siteKeys("clerk", to: 12) } == "generation-ended")
    }

    @Test func givesNothingBeforeAGenerationIsFinal() throws {
        let town = try Town()
        try town.tick()
        #expect(refusal { _ = try town.siteKeys("clerk") } == "generation-missing")
        try town.custodian("clerk").propose(first: Town.today)
        try town.tick()
        #expect(refusal { _ = try town.siteKeys("clerk") } == "generation-missing")
    }

    @Test func neverAnswersWithoutItsStatementInTheLog() throws {
        let town = try Town.running()
        town.vault.refused = [.grant]
        #expect(refusal { _ = try town.siteKeys("clerk") } == "statement-unlogged")
        town.vault.isDown = true
        #expect(refusal { _ = try town.siteKeys("clerk") } == "vault-down")
    }
}

@Suite struct EvaluationTests {
    /// A filed and attested request for one closed cell.
    private func filed() throws -> (
        town: Town, cell: Cell, key: OneTimeKey, id: Digest, secret: RequestSecret
    ) {
        let town = try Town.running()
        let cell = try town.closedCell()
        try town.tick()
        let key = try OneTimeKey(from: SeededRandom("reply"))
        let (id, secret) = try town.file(cells: [cell], replyKey: key)
        return (town, cell, key, id, secret)
    }

    @Test func threeApprovalsGiveTheKeysThatTheSiteHas() throws {
        let (town, cell, key, id, secret) = try filed()
        try town.approve(id, ["audit", "clerk", "inspector"])
        var parcels: [PartialParcel] = []
        for word in ["audit", "clerk", "inspector"] {
            parcels.append(try town.evaluate(id, word, key))
        }
        let found = try CellKeys.combine(
            parcels, threshold: town.roster.threshold, plate: 0, cell: cell)

        let site = SiteKeys(generation: 1, site: Town.site, threshold: town.roster.threshold)
        for (place, word) in Town.words.enumerated().prefix(3) {
            let hours = Int64(cell.hour.number) - Int64(town.clock.wall.hour.number)
            // The cell is older than late_hours by now: from the chains, as the gateway had it.
            #expect(refusal { _ = try town.siteKeys(word, from: hours, to: hours) } != nil)
            let chains = try town.custodian(word).state.shares[0].open()
            _ = try site.take(
                try chains.siteKeys(site: Town.site, hours: [cell.hour]), from: place)
        }
        let had = try site.cellKeys(for: secret.plates[0], hour: cell.hour)
        #expect(try found.find().isEqual(to: try had.find()))
        #expect(try found.open().isEqual(to: try had.open()))
        let state = try #require(town.vault.record.request(id))
        #expect(state.evaluations.count == 3)
        for parcel in parcels { #expect(parcel.cells == [cell]) }
    }

    @Test func twoApprovalsGiveNothing() throws {
        let (town, _, key, id, _) = try filed()
        try town.approve(id, ["audit", "clerk"])
        for word in Town.words {
            #expect(refusal { _ = try town.evaluate(id, word, key) } == "approvals-missing")
        }
        #expect(town.vault.record.request(id)?.evaluations.isEmpty == true)
        for word in Town.words { #expect(try town.custodian(word).state.evaluations.isEmpty) }
    }

    @Test func aShareMovesOnlyForItsOwnOfficer() throws {
        let (town, _, key, id, _) = try filed()
        try town.approve(id, ["audit", "clerk", "inspector"])
        #expect(refusal { _ = try town.evaluate(id, "rights", key) } == "own-approval-missing")
        try town.approve(id, ["rights"])
        _ = try town.evaluate(id, "rights", key)
    }

    @Test func theSameAnswerComesAgainUnderTheSameStatement() throws {
        let (town, _, key, id, _) = try filed()
        try town.approve(id, ["audit", "clerk", "inspector"])
        let first = try town.evaluate(id, "clerk", key)
        try town.reopen("clerk")
        let second = try town.evaluate(id, "clerk", key)
        #expect(first.differences(from: second).isEmpty)
        #expect(try first.encode().isEqual(to: try second.encode()))
        #expect(town.vault.record.request(id)?.evaluations.count == 1)
    }

    @Test func anUnknownRequestIsRefused() throws {
        let (town, _, key, _, _) = try filed()
        let none = Digest(of: [1])
        #expect(refusal { _ = try town.evaluate(none, "clerk", key) } == "request-unknown")
    }

    @Test func noAnswerWithoutItsStatementInTheLog() throws {
        let (town, _, key, id, _) = try filed()
        try town.approve(id, ["audit", "clerk", "inspector"])
        town.vault.refused = [.evaluation]
        #expect(refusal { _ = try town.evaluate(id, "clerk", key) } == "statement-unlogged")
        #expect(refusal { _ = try town.evaluate(id, "clerk", key) } == "statement-unlogged")
        try town.reopen("clerk")
        town.vault.refused = []
        _ = try town.evaluate(id, "clerk", key)
        #expect(town.vault.record.request(id)?.evaluations.count == 1)
        #expect(try town.custodian("clerk").state.outbox.isEmpty)
    }

    @Test(arguments: CrashMode.allCases)
    func aCrashBetweenLoggingAndAnsweringGivesTheSameAnswer(_ mode: CrashMode) throws {
        let (town, _, key, id, _) = try filed()
        try town.approve(id, ["audit", "clerk", "inspector"])
        let original = try #require(town.disks["clerk"])
        var answers: [PartialParcel] = []
        for operation in stride(from: 0, to: 80, by: 3) {
            let disk = original.copy()
            town.disks["clerk"] = disk
            try town.reopen("clerk")
            disk.crash(at: operation, mode: mode)
            let code = refusal { answers.append(try town.evaluate(id, "clerk", key)) }
            if code == nil { break }
            disk.restart()
            try town.reopen("clerk")
            answers.append(try town.evaluate(id, "clerk", key))
        }
        #expect(answers.count >= 2)
        for answer in answers { #expect(answers[0].differences(from: answer).isEmpty) }
        #expect(town.vault.record.request(id)?.evaluations.count == 1)
    }

    @Test func aLogWithOneByteChangedIsNotBelieved() throws {
        let (town, _, key, id, _) = try filed()
        try town.approve(id, ["audit", "clerk", "inspector"])
        town.vault.onEntries = { entries in
            entries.map { entry in
                var entry = entry
                entry[entry.count / 2] ^= 1
                return entry
            }
        }
        #expect(refusal { _ = try town.evaluate(id, "clerk", key) } == "entries-mismatch")
        town.vault.onEntries = nil
        _ = try town.evaluate(id, "clerk", key)
    }

    @Test func aForkHaltsTheCustodianButNotItsDestruction() throws {
        let (town, _, key, id, _) = try filed()
        try town.approve(id, ["audit", "clerk", "inspector"])
        try town.tick(["clerk"])
        // Another tree of the same size, signed by the same vault.
        let head = try Checkpoint(
            origin: Town.origin, size: town.vault.log.size, root: Digest(of: [9]))
        let signer = try NoteSigner(name: Town.origin, key: try Town.key("log"))
        town.vault.checkpoint = try signer.sign(head.text).encode()
        #expect(refusal { _ = try town.evaluate(id, "clerk", key) } == "log-forked")
        town.vault.checkpoint = nil
        // For good, also after a new start.
        #expect(refusal { _ = try town.evaluate(id, "clerk", key) } == "halted")
        let clerk = try town.reopen("clerk")
        #expect(refusal { _ = try town.siteKeys("clerk") } == "halted")
        #expect(clerk.status.halted == "log-forked")
        town.pass(hours: 40 * 24)
        #expect(try clerk.tick().hasDestroyed)
        #expect(clerk.state.shares[0].oldest > Town.today)
    }

    @Test func aDeadDayGivesNothing() throws {
        let (town, _, key, id, _) = try filed()
        try town.approve(id, ["audit", "clerk", "inspector"])
        town.pass(hours: 31 * 24)
        try town.tick()
        // The prekey is erased before the day is: not even the plates can be read any more.
        #expect(refusal { _ = try town.evaluate(id, "clerk", key) } == "prekey-gone")
        #expect(
            refusal { _ = try town.custodian("clerk").usableShare(for: [Town.today]) }
                == "day-destroyed")
    }

    @Test func aCopyThatIsNotWhatTheRequestCommitsToIsRefused() throws {
        let town = try Town.running()
        let cell = try town.closedCell()
        try town.tick()
        let key = try OneTimeKey(from: SeededRandom("reply"))
        let other = try RequestSecret(
            requester: "doyle", replyKey: key.publicKey, plates: ["ZZZ999"],
            fold: .letterOAsZero, cells: [cell], docket: "24-CR-1",
            random: SeededRandom("other"))
        // The clerk's letter is replaced on the way by one that opens, and by one that does not.
        town.vault.onMail = { letter in
            guard letter.recipient.hasSuffix("/clerk") else { return [letter] }
            let prekey = try #require(
                town.vault.record.prekey(of: "clerk", on: town.clock.wall.day))
            let sealed = try HybridSeal.seal(
                try other.encode(), to: prekey, info: "platevault/request/v1\(Town.origin)")
            return [
                Mail(
                    topic: letter.topic, kind: letter.kind, recipient: letter.recipient,
                    sender: letter.sender, until: letter.until, sealed: sealed)
            ]
        }
        let (id, _) = try town.file(cells: [cell], replyKey: key)
        try town.approve(id, ["audit", "clerk", "inspector"])
        #expect(refusal { _ = try town.evaluate(id, "clerk", key) } == "sealed-copy-missing")
        _ = try town.evaluate(id, "audit", key)
    }
}

@Suite struct DocketTests {
    private func ask(
        _ town: Town, _ id: Digest, _ key: OneTimeKey, by word: String, late: Int64 = 0,
        origin: String = Town.origin
    ) throws -> [UInt8] {
        let ask = DocketAsk(
            origin: origin, request: id, oneTimeKey: key.publicKey,
            time: town.clock.wall.adding(minutes: -late))
        return try Town.signer(word).sign(ask.text).encode()
    }

    @Test func anOfficerSeesWhatTheRequestIsAbout() throws {
        let town = try Town.running()
        let cell = try town.closedCell()
        try town.tick()
        let reply = try OneTimeKey(from: SeededRandom("reply"))
        let (id, secret) = try town.file(cells: [cell], replyKey: reply)
        let key = try OneTimeKey(from: SeededRandom("officer"))
        let client = CustodianClient(LoopbackChannel(CustodianService(try town.custodian("clerk"))))

        let sealed = try client.docket(try ask(town, id, key, by: "clerk-officer"))
        let seen = try RequestSecret(
            wire: try key.open(sealed, info: "platevault/docket/v1\(Town.origin)"))
        #expect(seen.plates == secret.plates)
        #expect(seen.docket == "24-CR-1")

        func code(_ note: [UInt8]) -> String? { refusal { _ = try client.docket(note) } }
        #expect(code(try ask(town, id, key, by: "audit-officer")) == "officer-foreign")
        #expect(code(try ask(town, id, key, by: "doyle")) == "officer-foreign")
        #expect(code(try ask(town, id, key, by: "clerk-officer", late: 11)) == "docket-stale")
        #expect(
            code(try ask(town, Digest(of: [1]), key, by: "clerk-officer")) == "request-unknown")
        #expect(
            code(try ask(town, id, key, by: "clerk-officer", origin: "example.org/other"))
                == "statement-of-other-log")
        #expect(code([1, 2, 3]) == "message-malformed")
    }

    @Test func anEndpointOfSomebodyElseIsRefused() throws {
        let town = try Town()
        let service = CustodianService(try town.custodian("clerk"))
        #expect(refusal { _ = try service.handle(.rowsBatch, []) } == "endpoint-unknown")
        #expect(refusal { _ = try service.handle(.evaluate, [1]) } == "message-malformed")
    }
}
