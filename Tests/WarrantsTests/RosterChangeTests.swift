import Foundation
import Ledger
import Plates
import Secrets
import Testing
import Warrants

/// Changes of a roster: what a draft can be made of, what a signer is shown, whose signatures count,
/// and what becomes of keys and of statements that were under way.
struct RosterChangeTests {
    /// One change of every kind that a roster can go through.
    static let changes: [(name: String, edit: @Sendable (inout RosterDraft) throws -> Void)] = [
        ("quorum", { $0.change { $0.quorum = 4 } }),
        (
            "officer",
            { draft in
                let key = PartyKey(try World.open("new"))
                draft.change { $0.custodians[1].officers[0].key = key }
            }
        ),
        ("officer gone", { $0.change { $0.custodians[1].officers.removeLast() } }),
        (
            "requester",
            { draft in
                let key = PartyKey(try World.open("new"))
                draft.change { $0.agencies[0].requesters[0].key = key }
            }
        ),
        (
            "authority",
            { draft in
                let key = PartyKey(try World.open("new"))
                draft.change { $0.authorities[0].key = key }
            }
        ),
        (
            "gateway",
            { draft in
                let key = PartyKey(try World.open("new"))
                draft.change { $0.sites[0].keys = [key] }
            }
        ),
        (
            "second gateway",
            { draft in
                let key = PartyKey(try World.open("new"))
                draft.change { $0.sites[0].keys.append(key) }
            }
        ),
        (
            "vault",
            { draft in
                let key = PartyKey(try World.open("new"))
                draft.change { $0.vault.statementKey = key }
            }
        ),
        (
            "mirror",
            { draft in
                let key = PartyKey(try World.open("new"))
                draft.change { $0.custodians[2].cosignKey = key }
            }
        ),
        (
            "custodian",
            { draft in
                let new = try World.newcomer()
                draft.change { $0.custodians[3] = new }
            }
        ),
        ("bits", { $0.change { $0.custodians.swapAt(0, 4) } }),
        (
            "site",
            { draft in
                draft.add(
                    Site(
                        id: "dock", name: "Dock", number: SiteNumber(number: 7),
                        keys: [try World.open("dock")]))
            }
        ),
        ("retired", { $0.retire(World.siteTwo) }),
        ("agency ended", { $0.change { $0.agencies[0].agreementEnds = World.today } }),
        ("agency gone", { $0.change { $0.agencies.removeLast() } }),
        ("purpose", { $0.change { $0.policy.purposes.removeFirst() } }),
        ("limit", { $0.change { $0.policy.maxPlates = 1 } }),
        ("unattested", { $0.change { $0.policy.unattested = [] } }),
    ]

    static func next(
        _ old: Roster, _ edit: (inout RosterDraft) throws -> Void
    ) throws -> Roster {
        var draft = RosterDraft(changing: old)
        try edit(&draft)
        return try draft.roster(origin: old.origin, previous: old.hash)
    }

    // MARK: What a signer is shown

    @Test(arguments: changes.indices) func everyChangeIsShown(_ place: Int) throws {
        let old = try World().roster
        let new = try Self.next(old, Self.changes[place].edit)
        let lines = try RosterDifference(from: old, to: new).lines
        #expect(!lines.isEmpty, "\(Self.changes[place].name)")
        // Every line that one of the texts has and the other has not can be read in the difference.
        func values(_ roster: Roster) -> Set<Substring> {
            Set(
                RosterText.print(roster).split(separator: "\n").filter { !$0.hasPrefix("previous") }
            )
        }
        let shown = lines.joined(separator: "\n")
        for line in values(new).symmetricDifference(values(old)) {
            let value = line.drop { $0 == " " }.split(separator: " ", maxSplits: 1)[1]
            #expect(shown.contains(value), "\(Self.changes[place].name): \(line)")
        }
        #expect(try RosterDifference(from: new, to: new).lines.isEmpty)
    }

    /// Bits tell which keys somebody holds: who changes places is named although no line of the text
    /// differs.
    @Test func changedPlacesAreShown() throws {
        let old = try World().roster
        let new = try Self.next(old) { $0.change { $0.custodians.swapAt(0, 4) } }
        let lines = try RosterDifference(from: old, to: new).lines
        #expect(
            lines == [
                "custodian rights takes bit 0 from audit",
                "custodian audit takes bit 4 from rights",
            ])
    }

    // MARK: Drafts

    private func card(_ kind: String, _ word: String, _ fields: [(String, String)]) throws
        -> RosterCard
    { try RosterCard(RosterCard.text(kind, word, fields)) }

    @Test func cardsMakeTheFirstRoster() throws {
        let wanted = try World.draft().roster(origin: World.origin)
        let text = RosterText.print(wanted)
        let blocks = text.components(separatedBy: "\n\n").dropFirst().dropLast()
        var edit = RosterEdit()
        // Custodians in their order; everybody else in any.
        edit.cards = try blocks.map { try RosterCard("\(RosterCard.heading)\n\n\($0)\n") }
        let again = try edit.founding(
            origin: World.origin, threshold: 3, policy: wanted.policy)
        #expect(again == text)
        edit.cards.append(contentsOf: edit.cards)
        #expect(
            try edit.founding(origin: World.origin, threshold: 3, policy: wanted.policy) == text,
            "a card that comes twice says nothing new")
    }

    @Test func contradictingCardsMakeNoFirstRoster() throws {
        let key = PartyKey(try World.open("court")).text
        let other = PartyKey(try World.open("other")).text
        var edit = RosterEdit()
        edit.cards = [
            try card("authority", "court", [("name", "Court"), ("key", key)]),
            try card("authority", "court", [("key", other)]),
        ]
        #expect(throws: Refusal(.rosterMalformed, "")) {
            try edit.founding(
                origin: World.origin, threshold: 3, policy: Policy(purposes: ["09A"]))
        }
    }

    @Test func cardsChangeWhatTheyName() throws {
        let old = try World().roster
        let new = PartyKey(try World.open("new")).text
        var edit = RosterEdit()
        edit.cards = [
            try card("custodian", "clerk", [("officer", "clerk-officer \(new)")]),
            try card(
                "custodian", "clerk",
                [("officer", "clerk-third \(PartyKey(try World.open("third")).text)")]),
        ]
        edit.removed = ["clerk-deputy", "doyle"]
        edit.quorum = 4
        let text = try edit.applied(to: old)
        let roster = try RosterText.parse(text)
        #expect(roster.previous == old.hash && roster.quorum == 4)
        let officers = try #require(roster.custodian("clerk")).officers
        #expect(officers.map(\.id) == ["clerk-officer", "clerk-third"])
        #expect(officers[0].key.text == new)
        #expect(roster.agency("police")?.requesters.isEmpty == true)
        #expect(roster.custodians.map(\.id) == old.custodians.map(\.id))
        edit.removed = ["nobody"]
        #expect(throws: Refusal(.rosterMalformed, "")) { try edit.applied(to: old) }
        edit.removed = []
        edit.retired = [9]
        #expect(throws: Refusal(.rosterMalformed, "")) { try edit.applied(to: old) }
    }

    @Test func aNewCustodianTakesAPlace() throws {
        let old = try World().roster
        let wanted = try Self.next(old) { draft in
            let new = try World.newcomer()
            draft.change { $0.custodians[3] = new }
        }
        let block = try #require(
            RosterText.print(wanted).components(separatedBy: "\n\n").first {
                $0.hasPrefix("custodian ombudsman")
            })
        var edit = RosterEdit()
        edit.cards = [try RosterCard("\(RosterCard.heading)\n\n\(block)\n")]
        edit.replaced = "privacy"
        #expect(try edit.applied(to: old) == RosterText.print(wanted))
        edit.replaced = "nobody"
        #expect(throws: Refusal(.rosterMalformed, "")) { try edit.applied(to: old) }
    }

    /// Hand-written files are put in order; a line that would be lost on the way is refused.
    @Test func arrangingLosesNothing() throws {
        let text = RosterText.print(try World().roster)
        var blocks = text.components(separatedBy: "\n\n")
        blocks.swapAt(7, 8)
        let swapped = blocks.joined(separator: "\n\n")
        #expect(throws: Refusal(.rosterMalformed, "")) { try RosterText.parse(swapped) }
        #expect(try RosterText.arrange(swapped) == text)
        for line in ["  note nothing", "  key", "# nothing", "  max-plates 9"] {
            let more = text.replacing("  max-plates 8\n", with: "  max-plates 8\n\(line)\n")
            #expect(throws: Refusal(.rosterMalformed, ""), "\(line)") {
                try RosterText.arrange(more)
            }
        }
        #expect(throws: Refusal(.rosterMalformed, "")) {
            try RosterText.arrange(text.replacing("roster v1", with: "roster v2"))
        }
    }

    // MARK: Signatures

    @Test func signaturesAreGatheredOnCopies() throws {
        let old = try World().roster
        let new = try Self.next(old) { $0.change { $0.quorum = 4 } }
        let copies = try ["rights", "audit", "clerk"].map {
            try RosterProposal(new, signedBy: try World.signer($0))
        }
        let two = try copies[0].joined(with: copies[1], inForce: old)
        #expect(try two.signers(inForce: old) == ["audit", "rights"])
        #expect(throws: Refusal(.rosterSignatures, "")) {
            try old.successor(try UnverifiedStatement(wire: two.note.encode()))
        }
        let three = try two.joined(with: copies[2], inForce: old)
        let wire = three.note.encode()
        #expect(try old.successor(try UnverifiedStatement(wire: wire)).roster == new)
        #expect(try RosterProposal(wire: wire) == three)
        // The same in one hand after the other.
        let chained = try copies[0].signed(by: try World.signer("audit"), inForce: old)
            .signed(by: try World.signer("clerk"), inForce: old)
        #expect(try chained.signers(inForce: old) == ["audit", "clerk", "rights"])
    }

    /// Who has no say is turned away, or falls out where copies are put together: a note with a
    /// stranger's signature would never come into force.
    @Test func onlyCustodiansInForceSign() throws {
        let old = try World().roster
        let new = try Self.next(old) { draft in
            let ombudsman = try World.newcomer()
            draft.change { $0.custodians[3] = ombudsman }
        }
        let good = try RosterProposal(new, signedBy: try World.signer("audit"))
        for word in ["ombudsman", "vault", "audit-officer"] {
            #expect(throws: Refusal(.signerUnknown, ""), "\(word)") {
                try good.signed(by: try World.signer(word), inForce: old)
            }
            let bad = try RosterProposal(new, signedBy: try World.signer(word))
            #expect(try bad.signers(inForce: old).isEmpty)
            #expect(
                try good.joined(with: bad, inForce: old).signers(inForce: old) == ["audit"])
        }
        let other = try Self.next(old) { $0.change { $0.quorum = 4 } }
        let otherNote = try RosterProposal(other, signedBy: try World.signer("clerk"))
        #expect(throws: Refusal(.rosterMalformed, "")) {
            try good.joined(with: otherNote, inForce: old)
        }
        // Nor does it count under the roster that it is to replace only later.
        #expect(throws: Refusal(.rosterSuccession, "")) { try good.signers(inForce: other) }
        #expect(throws: Refusal(.rosterSuccession, "")) { try good.signers(inForce: nil) }
    }

    // MARK: The file of rosters

    @Test func theFileOfRostersIsVerified() throws {
        let world = try World()
        let signers = try World.custodianWords.map { try World.signer($0) }
        let second = try Self.next(world.roster) { $0.change { $0.quorum = 4 } }
        let third = try Self.next(second) { $0.retire(World.siteTwo) }
        let notes = [
            world.entries[0], try second.signed(by: signers), try third.signed(by: signers),
        ]
        let chain = try RosterChain(notes: notes)
        #expect(chain.first == world.roster && chain.newest == third)
        #expect(try RosterChain(wire: chain.encode()) == chain)
        #expect(try RosterChain(wire: world.entries[0]).newest == world.roster)
        #expect(try RosterChain(notes: Array(notes[..<2])).extended(with: notes) == chain)
        #expect(throws: Refusal(.rosterSuccession, "")) {
            try chain.extended(with: Array(notes[..<2]))
        }
        #expect(throws: Refusal(.rosterSuccession, "")) {
            try RosterChain(notes: [notes[0], notes[2]])
        }
        let fork = try Self.next(world.roster) { $0.change { $0.policy.maxPlates = 1 } }
        #expect(throws: Refusal(.rosterSuccession, "")) {
            try RosterChain(notes: Array(notes[..<2])).extended(
                with: [notes[0], try fork.signed(by: signers)])
        }
        let few = try second.signed(by: Array(signers[..<2]))
        #expect(throws: Refusal(.rosterSignatures, "")) {
            try RosterChain(notes: [notes[0], few])
        }
        for bytes in [[], Array("x\n".utf8) + notes[0], Array(notes[0].dropLast())] {
            #expect(throws: Refusal.self) { try RosterChain(wire: bytes) }
        }
    }
}

extension World {
    /// A custodian that the first roster does not name.
    static func newcomer() throws -> Custodian {
        var custodian = try custodian("ombudsman")
        custodian.officers.sort { $0.id < $1.id }
        return custodian
    }

    /// A roster that three custodians sign, at the log's end; later statements are made under it.
    mutating func change(_ edit: (inout RosterDraft) throws -> Void) throws {
        let next = try RosterChangeTests.next(roster, edit)
        let signers = try ["audit", "clerk", "rights"].map { try Self.signer($0) }
        #expect(append(try next.signed(by: signers)) == nil)
        roster = next
    }
}

/// What a change of the roster does to requests that are under way.
struct RosterRevocationTests {
    private func refused(
        _ edit: (inout RosterDraft) throws -> Void
    ) throws -> RefusalCode? {
        var world = try World.running()
        let filed = try world.granted()
        #expect(world.verdict(filed) == .granted)
        try world.change(edit)
        return world.verdict(filed).refusal?.reason
    }

    @Test func whatChangesNothingAboutARequestLeavesItGranted() throws {
        #expect(try refused { $0.change { $0.quorum = 4 } } == nil)
        #expect(
            try refused { draft in
                let key = PartyKey(try World.open("new"))
                draft.change { $0.custodians[0].officers[0].key = key }
            } == nil, "an officer that did not vote")
    }

    /// A key that was revoked speaks for nobody from then on, also by what it said before: it may
    /// have been a thief who said it. Who still means it says it again.
    @Test func aRevokedKeyIsHeardNoMore() throws {
        let key = PartyKey(try World.open("new"))
        #expect(
            try refused { $0.change { $0.authorities[0].key = key } } == .authorityUnknown)
        #expect(
            try refused { $0.change { $0.agencies[1].requesters[0].key = key } }
                == .requesterUnknown)
        for place in [1, 3, 4] {
            #expect(
                try refused { draft in
                    draft.change { body in
                        let officers = body.custodians[place].officers.indices
                        for officer in officers
                        where body.custodians[place].officers[officer].id.hasSuffix("-officer") {
                            body.custodians[place].officers[officer].key = key
                        }
                    }
                } == .approvalsMissing, "\(place)")
        }
        #expect(
            try refused { $0.change { $0.custodians[1].officers.removeAll() } }
                == .approvalsMissing)
        #expect(try refused { $0.change { $0.agencies.removeLast() } } == .requesterUnknown)
        #expect(
            try refused { $0.change { $0.agencies[1].agreementEnds = World.today } }
                == .agreementEnded)
        #expect(try refused { $0.change { $0.policy.maxPlates = 1 } } == .platesOverLimit)
        #expect(
            try refused { $0.change { $0.policy.purposes = ["240"] } } == .purposeNotAllowed)
    }

    @Test func whoStillMeansItSaysItAgain() throws {
        var world = try World.running()
        let filed = try world.granted()
        try world.change { $0.change { $0.custodians[1].officers.removeAll() } }
        #expect(world.verdict(filed).refusal?.reason == .approvalsMissing)
        try world.approve(filed.id, ["inspector"])
        #expect(world.verdict(filed) == .granted)
    }

    /// Nobody signs under a roster that is no longer in force, and what was logged under it stays.
    @Test func statementsOfTheOldRosterKeepTheirPlace() throws {
        var world = try World.running()
        let filed = try world.granted()
        #expect(try world.evaluate(filed.id, by: "clerk") == nil)
        let old = world.roster
        try world.change { $0.change { $0.authorities.removeAll() } }
        let late = try StatementDraft.sign(
            ApprovalBody(officer: "audit-officer", request: filed.id, time: World.noon),
            under: old, by: try World.signer("audit-officer"))
        #expect(world.append(late)?.reason == .rosterOutdated)
        let state = try #require(world.record.request(filed.id))
        #expect(state.evaluations.count == 1 && state.approvals.count == 3)
        let again = try Record(entries: world.entries, trusted: world.record.rosters[0].roster.hash)
        #expect(again.request(filed.id)?.evaluations.count == 1)
        #expect(again.roster == world.roster)
    }

    /// What a site signed before its key was replaced still belongs to the hours' trees, and nothing
    /// that an old key signs for later hours does.
    @Test func formerKeysCloseTheHoursBefore() throws {
        var world = try World()
        let old = world.roster.site(World.siteOne)?.keys
        #expect(world.record.formerKeys(of: World.siteOne, at: World.noon).isEmpty)
        let key = PartyKey(try World.open("new"))
        try world.change { $0.change { $0.sites[0].keys = [key] } }
        let waiting = world.record.formerKeys(of: World.siteOne, at: World.noon)
        #expect(waiting.map(\.keys) == [old] && waiting.map(\.last) == [World.noon.hour])
        #expect(world.record.formerKeys(of: World.siteTwo, at: World.noon).isEmpty)
        try world.change { $0.change { $0.quorum = 4 } }
        let later = world.record.formerKeys(of: World.siteOne, at: World.noon)
        #expect(later.map(\.keys) == [old])
        // A key that came back is no former one.
        let again = try #require(old)
        try world.change { $0.change { $0.sites[0].keys = again } }
        #expect(
            world.record.formerKeys(of: World.siteOne, at: World.noon).map(\.keys) == [
                [key], [key],
            ])
    }

    /// Of two rosters that follow the same one the first in the log counts, and the other never does.
    @Test func theFirstOfTwoSuccessorsCounts() throws {
        var world = try World()
        let old = world.roster
        let signers = try ["audit", "clerk", "rights"].map { try World.signer($0) }
        let two = try [3, 5].map { count in
            try RosterChangeTests.next(old) { $0.change { $0.policy.maxPlates = count } }
        }
        #expect(world.append(try two[0].signed(by: signers)) == nil)
        #expect(world.append(try two[1].signed(by: signers))?.reason == .rosterSuccession)
        #expect(world.append(world.entries[0]) != nil)
        #expect(world.record.roster == two[0])
    }
}
