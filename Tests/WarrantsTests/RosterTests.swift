import Foundation
import Ledger
import Plates
import Secrets
import Testing
import Warrants

/// Rosters: what is refused when one is loaded, its two forms, and its succession.
struct RosterTests {
    private func reason(_ edit: (inout RosterBody) throws -> Void) throws -> RefusalCode? {
        var body = try World.draft().body
        try edit(&body)
        do throws(Refusal) {
            _ = try RosterDraft(body: body).roster(origin: World.origin)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test(arguments: [(3, 2), (5, 3), (7, 4)])
    func acceptsTheThreeThresholds(_ n: Int, _ t: Int) throws {
        let words = (0..<n).map { "custodian-\($0)" }
        let roster = try World.draft(custodians: words, threshold: t).roster(origin: World.origin)
        #expect(roster.threshold.n == n && roster.threshold.t == t && roster.quorum == t)
        #expect(words.map { roster.custodianIndex($0) } == Array(0..<n))
    }

    @Test func refusesAnyOtherThresholdAndQuorum() throws {
        for t in [-1, 0, 1, 2, 4, 5, 6] {
            #expect(try reason { $0.threshold = t } == .rosterThreshold)
        }
        #expect(try reason { $0.custodians.removeLast() } == .rosterThreshold)
        #expect(try reason { $0.custodians = [] } == .rosterThreshold)
        for q in [-3, 0, 1, 2, 5, 6, 100] {
            #expect(try reason { $0.quorum = q } == .rosterQuorum)
        }
        #expect(try reason { $0.quorum = 4 } == nil)
    }

    @Test func refusesPoliciesThatAllowNothingOrTooMuch() throws {
        #expect(try reason { $0.policy.purposes = [] } == .rosterPolicy)
        #expect(try reason { $0.policy.purposes = ["90Z"] } == .rosterPolicy)
        #expect(try reason { $0.policy.purposes = ["240", "09A"] } == .rosterPolicy)
        #expect(try reason { $0.policy.purposes = ["30A"] } == .prohibitedImmigration)
        #expect(try reason { $0.policy.purposes = ["protest"] } == .prohibitedProtest)
        #expect(try reason { $0.policy.prohibited = ["240"] } == .rosterPolicy)
        #expect(try reason { $0.policy.prohibited = ["no such, word"] } == .rosterParty)
        #expect(try reason { $0.policy.unattested = [.searchWarrant] } == .rosterPolicy)
        for limit in [
            \Policy.maxPlates, \.maxCells, \.lateHours, \.prefetchHours, \.approvalDays,
            \.retentionDays,
        ] {
            #expect(try reason { $0.policy[keyPath: limit] = 0 } == .rosterPolicy)
            #expect(try reason { $0.policy[keyPath: limit] = 1_000_000 } == .rosterPolicy)
        }
        #expect(try reason { $0.policy.maxPlates = 9 } == .rosterPolicy)
        for count in [-1, 9] {
            #expect(try reason { $0.policy.indexCandidates = count } == .rosterPolicy)
        }
        #expect(try reason { $0.policy.indexCandidates = 8 } == nil)
        for count in [-1, 4_097] {
            #expect(try reason { $0.policy.wholeCells = count } == .rosterPolicy)
        }
        #expect(try reason { $0.policy.wholeCells = 0 } == nil)
    }

    @Test func refusesPartiesThatAreNotTold() throws {
        #expect(try reason { $0.sites[1].id = "site-1" } == .rosterParty)
        #expect(try reason { $0.vault.id = "clerk" } == .rosterParty)
        #expect(try reason { $0.authorities[0].id = "Court" } == .rosterParty)
        #expect(try reason { $0.authorities[0].id = "" } == .rosterParty)
        #expect(try reason { $0.authorities[0].name = "" } == .rosterParty)
        #expect(try reason { $0.sites[0].name = "two\nlines" } == .rosterParty)
        #expect(try reason { $0.sites[0].name = "a \"quote\"" } == .rosterParty)
        #expect(try reason { $0.sites[0].name = "bi\u{202e}di" } == .rosterParty)
        #expect(try reason { $0.sites[0].number = World.siteTwo } == .rosterParty)
        #expect(try reason { $0.sites.reverse() } == .rosterParty)
        #expect(try reason { $0.sites[0].keys = [] } == .rosterParty)
        #expect(try reason { $0.retiredSites = [1] } == .rosterParty)
        #expect(try reason { $0.agencies.reverse() } == .rosterParty)
        #expect(try reason { $0.custodians[0].officers.swapAt(0, 1) } == .rosterParty)
        // One key for two parties, or for statements and cosignatures.
        #expect(
            try reason { $0.custodians[0].cosignKey = $0.custodians[0].statementKey }
                == .rosterParty)
        #expect(
            try reason { $0.agencies[0].requesters[0].key = $0.custodians[0].officers[0].key }
                == .rosterParty)
        // Fewer institutions than approvals can never approve anything.
        #expect(
            try reason {
                for place in $0.custodians.indices { $0.custodians[place].institution = "One" }
            } == .rosterParty)
        for origin in ["", "Example.org", "a b", "example.org/", "ex\nample"] {
            #expect(throws: Refusal(.rosterMalformed, "")) {
                try World.draft().roster(origin: origin)
            }
        }
    }

    @Test func theFileGoesRound() throws {
        var draft = try World.draft()
        draft.retire(World.siteTwo)
        draft.change {
            $0.quorum = 4
            $0.policy.fold = .none
            $0.sites[0].name = "Hauptstraße 東"
            $0.policy.unattested = []
        }
        for draft in [try World.draft(), draft] {
            let roster = try draft.roster(origin: World.origin, previous: Digest(of: [1]))
            let text = RosterText.print(roster)
            let again = try RosterText.parse(text)
            #expect(again.hash == roster.hash)
            #expect(again.body == roster.body)
            #expect(RosterText.print(again) == text)
            #expect(Digest(of: Array(roster.text.utf8)) == roster.hash)
        }
    }

    @Test func theFileIsStrict() throws {
        let whole = try World.draft().roster(origin: World.origin)
        let text = RosterText.print(whole)
        func refuses(_ changed: String, _ what: String) {
            #expect(changed != text)
            #expect(throws: Refusal.self, "\(what)") { try RosterText.parse(changed) }
        }
        refuses("# ours\n" + text, "comment above")
        refuses(text.replacing("\nsite ", with: "\n# a comment\nsite "), "comment")
        refuses(text + "\n", "trailing line")
        refuses(String(text.dropLast()), "no end")
        refuses(text.replacing("\n", with: "\r\n"), "line ends")
        refuses(text.replacing("quorum 3", with: "quorum 03"), "leading zero")
        refuses(text.replacing("quorum 3", with: "quorum 0"), "zero quorum")
        refuses(text.replacing("quorum 3\n", with: ""), "no quorum")
        refuses(text.replacing("quorum 3", with: "quorum "), "empty quorum")
        refuses(text.replacing("3 of 5", with: "3 of 4"), "n")
        refuses(text.replacing("3 of 5", with: "2 of 5"), "t")
        refuses(text.replacing("  slot file\n", with: ""), "no slot")
        refuses(text.replacing("  slot file", with: "   slot file"), "indent")
        refuses(text.replacing("  slot file", with: "  slot cloud"), "slot")
        refuses(text.replacing("site site-2", with: "depot site-2"), "kind")
        refuses(text.replacing("unattested exigent", with: "unattested whatever"), "process")
        refuses(text.replacing("agreement-ends 20", with: "agreement-ends 19-"), "date")
        refuses(text.replacing("v1\norigin", with: "v2\norigin"), "version")
        refuses(text.replacing("max-plates 8", with: "max-plates 8\n  max-plates 8"), "twice")
        refuses("", "nothing")
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for place in lines.indices.dropLast() {
            var fewer = lines
            fewer.remove(at: place)
            // Where a list may be shorter it is another roster, never the same one.
            let other = try? RosterText.parse(fewer.joined(separator: "\n"))
            #expect(other?.hash != whole.hash, "without line \(place)")
        }
    }

    @Test func aSuccessorNeedsThreeOfTheOld() throws {
        let world = try World()
        var draft = RosterDraft(changing: world.roster)
        draft.add(
            Site(id: "site-3", name: "New", number: .init(number: 3), keys: [try World.open("s3")]))
        let next = try draft.roster(origin: World.origin, previous: world.roster.hash)
        func reason(_ roster: Roster, _ words: [String]) throws -> RefusalCode? {
            let wire = try roster.signed(by: words.map { try World.signer($0) })
            do throws(Refusal) {
                _ = try world.roster.successor(try UnverifiedStatement(wire: wire))
                return nil
            } catch {
                return error.reason
            }
        }
        #expect(try reason(next, ["audit", "clerk", "rights"]) == nil)
        #expect(try reason(next, World.custodianWords) == nil)
        #expect(try reason(next, ["audit", "clerk"]) == .rosterSignatures)
        #expect(try reason(next, ["audit", "clerk", "vault"]) == .rosterSignatures)
        #expect(try reason(next, ["audit", "clerk", "rights", "vault"]) == .rosterSignatures)
        #expect(
            try reason(next, ["audit-officer", "clerk-officer", "rights-officer"])
                == .rosterSignatures)
        let orphan = try draft.roster(origin: World.origin, previous: .zero)
        #expect(try reason(orphan, World.custodianWords) == .rosterSuccession)
        let foreign = try draft.roster(origin: "example.org/b.test", previous: world.roster.hash)
        #expect(try reason(foreign, World.custodianWords) == .statementOfOtherLog)
    }

    @Test func newCustodiansCannotPutThemselvesIntoForce() throws {
        let world = try World()
        var draft = RosterDraft(changing: world.roster)
        draft.change { $0.custodians = [] }
        let words = (0..<5).map { "intruder-\($0)" }
        for word in words { draft.add(try World.custodian(word)) }
        let next = try draft.roster(origin: World.origin, previous: world.roster.hash)
        let wire = try next.signed(by: words.map { try World.signer($0) })
        #expect(throws: Refusal(.rosterSignatures, "")) {
            try world.roster.successor(try UnverifiedStatement(wire: wire))
        }
    }

    @Test func siteNumbersAreNeverGivenAway() throws {
        let world = try World()
        func reason(_ old: Roster, _ edit: (inout RosterDraft) throws -> Void) throws
            -> RefusalCode?
        {
            var draft = RosterDraft(changing: old)
            try edit(&draft)
            do throws(Refusal) {
                let next = try draft.roster(origin: World.origin, previous: old.hash)
                let signers = World.custodianWords.map { try? World.signer($0) }
                let wire = try next.signed(by: signers.compactMap { $0 })
                _ = try old.successor(try UnverifiedStatement(wire: wire))
                return nil
            } catch {
                return error.reason
            }
        }
        #expect(try reason(world.roster) { $0.retire(World.siteTwo) } == nil)
        #expect(
            try reason(world.roster) { $0.change { $0.sites.removeLast() } } == .rosterSuccession)
        #expect(
            try reason(world.roster) { $0.change { $0.sites[0].id = "depot" } }
                == .rosterSuccession)
        var draft = RosterDraft(changing: world.roster)
        draft.retire(World.siteTwo)
        let retired = try draft.roster(origin: World.origin, previous: world.roster.hash)
        #expect(
            try reason(retired) { $0.change { $0.retiredSites = [] } } == .rosterSuccession)
        #expect(
            try reason(retired) {
                $0.add(
                    Site(
                        id: "site-2", name: "Back", number: World.siteTwo,
                        keys: [try World.open("site-2")]))
            } == .rosterParty)
    }

    @Test func theFirstRosterIsSignedByItsOwn() throws {
        let roster = try World.draft().roster(origin: World.origin)
        let two = try roster.signed(by: [try World.signer("audit"), try World.signer("clerk")])
        #expect(throws: Refusal(.rosterSignatures, "")) {
            try Roster.first(try UnverifiedStatement(wire: two))
        }
        #expect(throws: Refusal(.rosterSignatures, "")) { try roster.signed(by: []) }
        let later = try World.draft().roster(origin: World.origin, previous: Digest(of: [1]))
        let wire = try later.signed(by: World.custodianWords.map { try World.signer($0) })
        #expect(throws: Refusal(.rosterSuccession, "")) {
            try Roster.first(try UnverifiedStatement(wire: wire))
        }
    }

    /// The package's folder.
    static let package = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    @Test func theSampleRosterLoads() throws {
        let url = Self.package.appending(path: "Keys/sample-roster.txt")
        let text = try String(contentsOf: url, encoding: .utf8)
        let roster = try RosterText.parse(text)
        #expect(roster.threshold.n == 5 && roster.threshold.t == 3)
        #expect(roster.custodians.count == 5 && roster.sites.count == 2)
        #expect(roster.previous == .zero)
    }

    @Test func keysHoldsNothingPrivateButVectors() throws {
        let keys = Self.package.appending(path: "Keys")
        let files = try #require(
            FileManager.default.enumerator(at: keys, includingPropertiesForKeys: nil))
        var seen = 0
        for case let file as URL in files where !file.hasDirectoryPath {
            let path = file.path(percentEncoded: false)
            if path.contains("/Keys/vectors/") { continue }
            seen += 1
            #expect(
                ["txt", "md", "tsv", "py"].contains(file.pathExtension), "\(file.lastPathComponent)"
            )
            let text = try String(contentsOf: file, encoding: .utf8)
            for word in ["PRIVATE KEY", "AGE-SECRET-KEY", "secret-key", "seed =", "passphrase:"] {
                #expect(!text.contains(word), "\(file.lastPathComponent) holds '\(word)'")
            }
            // Every 32-byte value in a roster is a public key: no seed whose key is beside it.
            let words = text.split { $0 == " " || $0 == "\n" }.map(String.init)
            let values = Set(words.compactMap { PartyKey(text: $0) })
            for value in values {
                let made = try SigningKey(seed: SecretBytes(copying: value.key.bytes))
                #expect(!values.contains(PartyKey(made.verifyingKey)), "a private key")
            }
        }
        #expect(seen >= 1)
    }
}
