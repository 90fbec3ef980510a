import Ledger
import Plates
import Secrets
import TestSupport
import Testing
import Tokens
import Warrants
import Wire

@testable import Custody

@Suite struct CeremonyTests {
    @Test func fiveCustodiansMakeAGenerationAndKeepNothingOfItsMaking() throws {
        let town = try Town.running()
        let generation = try #require(town.vault.record.generations[1])
        #expect(generation.isFinal)
        for word in Town.words {
            let custodian = try town.custodian(word)
            #expect(custodian.state.ceremony == nil)
            #expect(custodian.status.generations.map(\.isFinal) == [true])
            #expect(custodian.status.generations.first?.oldest == Town.today)
            #expect(custodian.status.unpublished == 0)
        }
        #expect(town.vault.record.findings.isEmpty)
    }

    @Test func noEarlierFileWithContributionsOpensAfterwards() throws {
        let town = try Town.running()
        for word in Town.words {
            let found = try openStates(try #require(town.disks[word]))
            #expect(!found.isEmpty)
            #expect(found.allSatisfy { $0.ceremony == nil })
        }
    }

    @Test func aMemberThatSendsOtherSeedsThanItCommittedToIsNamedAndVoidsAll() throws {
        let town = try Town()
        try town.tick()
        town.vault.onMail = { letter in
            guard letter.sender.hasSuffix("/audit"), letter.recipient.hasSuffix("/clerk") else {
                return [letter]
            }
            return [try forged(letter, town, signer: "audit")]
        }
        try town.custodian("rights").propose(first: Town.today)
        var problems: [String] = []
        for _ in 0..<6 { problems += try town.tick().flatMap(\.problems).map(\.code) }
        #expect(problems.contains("seed-differs"))
        let told = try #require(town.vault.record.differences.first?.body)
        #expect(told.custodians == ["audit"])
        #expect(told.party == "clerk")
        let report = try Auditor.report(
            on: town.vault.log.entries(0..<town.vault.log.size), at: town.clock.wall)
        let shown = try #require(report.findings.first { $0.isFault })
        #expect(shown.code == "seed-cheated" && shown.sentence.hasPrefix("audit sent clerk"))
        #expect(town.vault.record.generations[1]?.isFinal == false)
        for word in Town.words {
            let custodian = try town.custodian(word)
            #expect(custodian.state.ceremony == nil)
            #expect(custodian.state.shares.isEmpty)
        }
    }

    @Test func whoAccusesFalselyIsNamedByTheLetterThatItShows() throws {
        let town = try Town()
        try town.tick()
        var letters: [Mail] = []
        town.vault.onMail = { letter in
            letters.append(letter)
            // Nothing arrives: nobody says final.
            return []
        }
        try town.custodian("rights").propose(first: Town.today)
        for _ in 0..<3 { try town.tick() }
        let generation = try #require(town.vault.record.generations[1])
        let clerk = try town.custodian("clerk")
        let key = try OneTimeKey(
            seed: try #require(clerk.state.ceremony?.oneTimeKey).bytes.copy())
        func opened(_ sender: String, to receiver: String = "clerk") throws -> [UInt8] {
            let letter = try #require(
                letters.first {
                    $0.sender.hasSuffix("/" + sender) && $0.recipient.hasSuffix("/" + receiver)
                })
            let bytes = try key.open(letter.sealed, info: "platevault/seeds/v1\(Town.origin)")
            return try bytes.openBytes(0..<bytes.count)
        }
        let honest = try opened("audit")
        var changed = honest
        changed[honest.count - 1] ^= 1
        let cut = Array(honest.dropLast())
        // What audit really sent; what it never signed; another's letter; nothing at all.
        let shown: [[UInt8]?] = [honest, changed, cut, try opened("privacy"), [1], nil]
        var world = town.vault.record
        var auditor = Auditor(trusting: town.roster)
        for entry in try town.vault.log.entries(0..<town.vault.log.size) {
            auditor.take(Examined(entry, under: auditor.roster))
        }
        for (place, letter) in shown.enumerated() {
            let body = DifferenceBody(
                party: "clerk", kind: .seed, generation: 1, mask: .init(bits: 7),
                custodians: ["audit"], subject: generation.id, letter: letter,
                time: town.clock.wall.adding(milliseconds: Int64(place)))
            let note = try StatementDraft.sign(
                body, under: town.roster, by: try Town.signer("clerk"))
            #expect(world.append(note) == nil)
            auditor.take(Examined(note, under: auditor.roster))
        }
        // An accusation that shows nothing stops nothing.
        #expect(world.generations[1]?.isVoid == false)
        let faults = auditor.report(at: town.clock.wall).findings.filter(\.isFault)
        #expect(
            faults.map(\.code)
                == Array(repeating: "seed-accusation-false", count: 5) + ["difference-told"])
        #expect(faults.dropLast().allSatisfy { $0.sentence.hasPrefix("clerk accuses audit") })
    }

    @Test func whoWithholdsItsLetterIsNamedWhenTheCeremonyIsGivenUp() throws {
        let town = try Town()
        try town.tick()
        town.vault.onMail = { letter in
            letter.sender.hasSuffix("/audit") && letter.recipient.hasSuffix("/clerk")
                ? [] : [letter]
        }
        try town.custodian("rights").propose(first: Town.today)
        for _ in 0..<25 { try town.tick() }
        let ceremony = try #require(try town.custodian("clerk").status.ceremony)
        #expect(ceremony.missing == ["clerk"] && ceremony.lettersMissing == ["audit"])
        #expect(town.vault.record.differences.isEmpty)
        town.pass(hours: 14)
        try town.tick()
        let told = town.vault.record.differences.map(\.body)
        #expect(told.map(\.kind) == [.seedMissing])
        #expect(told.first?.party == "clerk" && told.first?.custodians == ["audit"])
        // The next one starts by itself.
        town.vault.onMail = nil
        for _ in 0..<5 { try town.tick() }
        #expect(town.vault.record.generations[2]?.isUsable == true)
        #expect(try town.custodian("clerk").status.ceremony == nil)
    }

    /// A clock that leaps over a ceremony, or a program that starts again and again, has not looked.
    @Test func aClockThatLeapsAccusesNobody() throws {
        let town = try Town()
        try town.tick()
        town.vault.onMail = { letter in
            letter.sender.hasSuffix("/audit") && letter.recipient.hasSuffix("/clerk")
                ? [] : [letter]
        }
        try town.custodian("rights").propose(first: Town.today)
        for _ in 0..<5 { try town.tick() }
        #expect(try town.custodian("clerk").status.ceremony?.lettersMissing == ["audit"])
        town.pass(hours: 14)
        try town.tick()
        #expect(town.vault.record.differences.isEmpty)
    }

    /// It is told before the deadline, at which a destruction may start the program anew.
    @Test func whoWithholdsItsLetterIsNamedBeforeTheDeadline() throws {
        let town = try Town()
        try town.tick()
        town.vault.onMail = { letter in
            letter.sender.hasSuffix("/audit") && letter.recipient.hasSuffix("/clerk")
                ? [] : [letter]
        }
        try town.custodian("rights").propose(first: Town.today)
        for _ in 0..<25 { try town.tick() }
        #expect(town.vault.record.differences.isEmpty)
        let deadline = try #require(town.vault.record.generations[1]).deadline
        let early = deadline.adding(hours: -1).milliseconds(since: town.clock.wall)
        town.pass(hours: early / 3_600_000)
        for _ in 0..<3 { try town.tick() }
        #expect(town.clock.wall < deadline)
        let told = town.vault.record.differences.map(\.body)
        #expect(told.map(\.kind) == [.seedMissing])
        #expect(told.first?.party == "clerk" && told.first?.custodians == ["audit"])
    }

    @Test func aForgedLetterIsHeldAgainstNobodyAndStopsNothing() throws {
        let town = try Town()
        try town.tick()
        town.vault.onMail = { letter in
            // In front of each letter of audit's, one that the vault made up.
            guard letter.sender.hasSuffix("/audit") else { return [letter] }
            return [try forged(letter, town, signer: "rights"), letter]
        }
        try town.custodian("rights").propose(first: Town.today)
        for _ in 0..<5 { try town.tick() }
        #expect(town.vault.record.differences.isEmpty)
        #expect(town.vault.record.generations[1]?.isFinal == true)
    }

    @Test func aLetterThatIsHeldBackIsWaitedFor() throws {
        let town = try Town()
        try town.tick()
        var kept: [Mail] = []
        town.vault.onMail = { letter in
            guard letter.sender.hasSuffix("/privacy") else { return [letter] }
            kept.append(letter)
            return []
        }
        try town.custodian("clerk").propose(first: Town.today)
        for _ in 0..<5 { try town.tick() }
        #expect(town.vault.record.generations[1]?.isFinal == false)
        town.vault.onMail = { _ in kept }
        let client = VaultClient(LoopbackChannel(town.vault))
        try client.put(try #require(kept.first))
        for _ in 0..<3 { try town.tick() }
        #expect(town.vault.record.generations[1]?.isFinal == true)
    }

    @Test func aCustodianThatStartsAnewInEveryStepGoesOn() throws {
        let town = try Town()
        try town.tick()
        try town.custodian("clerk").propose(first: Town.today)
        for _ in 0..<5 {
            for word in Town.words {
                try town.reopen(word)
                try town.tick([word])
            }
        }
        #expect(town.vault.record.generations[1]?.isFinal == true)
        #expect(town.vault.record.findings.isEmpty)
    }

    @Test func noGenerationBeginsOnADayThatIsGone() throws {
        let town = try Town()
        try town.tick()
        #expect(
            refusal { try town.custodian("clerk").propose(first: Town.today.adding(-1)) }
                == "generation-past")
        // Whoever proposes one all the same finds nobody to commit to it.
        try town.say(
            GenerationBody.propose(
                GenerationProposal(
                    custodian: "clerk", generation: 1, first: Town.today.adding(-1),
                    under: town.roster, time: town.clock.wall)), by: "clerk")
        for _ in 0..<3 { try town.tick() }
        #expect(town.vault.record.generations[1]?.commits.isEmpty == true)
    }
}

/// A letter with fresh seeds that audit never committed to, sealed to the receiver's one-time key
/// and signed by whom it says.
private func forged(_ letter: Mail, _ town: Town, signer: String) throws -> Mail {
    let generation = try #require(town.vault.record.generations[1])
    let receiver = String(letter.recipient.dropFirst(Town.origin.count + 1))
    let place = try #require(town.roster.custodianIndex(receiver))
    let seeds = try SeedParcel.draw(
        generation: 1, threshold: town.roster.threshold, member: 0, from: SeededRandom("other"))
    let parcel = try seeds.parcel(for: place).encode()
    let text = SeedLetter.text(
        origin: Town.origin, proposal: generation.id, receiver: receiver, parcel: parcel)
    let note = try Town.signer(signer).sign(text).encode()
    let key = try #require(generation.commit(of: receiver)?.oneTimeKey)
    return Mail(
        topic: letter.topic, kind: letter.kind, recipient: letter.recipient,
        sender: letter.sender, until: letter.until,
        sealed: try HybridSeal.seal(
            try SeedLetter.encode(note, parcel), to: key,
            info: "platevault/seeds/v1\(Town.origin)"))
}

/// What every state file that ever was on a disk, at any time up to `operation`, opens to with the
/// keys that its slot holds now.
func openStates(
    _ disk: FaultyFileSystem, until operation: Int = .max
) throws -> [CustodianState] {
    let slot = Slot(path: "/custodian/slot", disk: disk)
    var states: [CustodianState] = []
    for cell in try slot.cells() {
        for version in disk.history
        where version.path.contains("/state-") && version.operation <= operation {
            let opened = try? StateFile.open(
                version.bytes, root: cell.key.bytes, sequence: cell.sequence, lock: .none)
            if let opened { states.append(try CustodianState(wire: opened.content)) }
        }
    }
    return states
}
