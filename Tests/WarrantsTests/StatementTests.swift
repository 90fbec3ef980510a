import Bytes
import Ledger
import Plates
import Secrets
import Testing
import Warrants

/// The envelope: one form, one signer, not a byte otherwise.
struct StatementTests {
    /// A statement of every type, each with its signer.
    static func samples(_ world: World) throws -> [(any StatementBody, String)] {
        let roster = world.roster
        let secret = try Filing().secret()
        let request = Filing().body(secret)
        let id = Digest(of: [1])
        let mask = try #require(roster.threshold.subsets.first)
        let commits = try World.commits(of: "clerk", tag: "x", in: roster)
        let day = World.today
        let noon = World.noon
        return [
            (
                GenerationBody.propose(
                    GenerationProposal(
                        custodian: "clerk", generation: 1, first: day, under: roster, time: noon)),
                "clerk"
            ),
            (
                GenerationBody.commit(
                    GenerationCommit(
                        custodian: "clerk", generation: 1, seedCommits: commits,
                        oneTimeKey: World.oneTime, time: noon)), "clerk"
            ),
            (
                GenerationBody.final(
                    GenerationFinal(
                        custodian: "clerk", generation: 1, commits: commits, time: noon)), "clerk"
            ),
            (
                HourClosedBody(
                    cell: Cell(hour: day.hours[1], site: World.siteOne), kind: .prompt,
                    closed: id, time: noon), "site-1"
            ),
            (
                GrantBody(
                    custodian: "clerk", site: World.siteOne, firstHour: noon.hour,
                    lastHour: noon.hour.next, request: id, time: noon), "clerk"
            ),
            (
                GrantRequestBody(
                    site: World.siteTwo, firstHour: noon.hour, lastHour: noon.hour,
                    oneTimeKey: World.oneTime, time: noon), "site-2"
            ),
            (
                TallyBody(
                    party: "vault",
                    days: [TallyBody.Counted(day: day.adding(-1), hours: 48, rows: 1_237)],
                    time: noon), "vault"
            ),
            (request, "doyle"),
            (
                OrderBody(
                    authority: "court", request: id, warrant: id,
                    plateCommitments: request.plateCommitments, windowCommitment: id,
                    expires: noon, time: noon), "court"
            ),
            (ApprovalBody(officer: "clerk-officer", request: id, time: noon), "clerk-officer"),
            (
                DenialBody(officer: "clerk-deputy", request: id, code: .tooBroad, time: noon),
                "clerk-deputy"
            ),
            (WithdrawBody(party: "doyle", request: id, time: noon), "doyle"),
            (
                EvaluationBody(
                    custodian: "clerk", request: id,
                    digests: [EvaluationItem(day: day, plate: 0, mask: mask, e: id)], time: noon),
                "clerk"
            ),
            (
                DisclosureBody(
                    role: .vault, party: "vault", request: id, bundle: id, time: noon), "vault"
            ),
            (
                DisclosureBody(
                    role: .requester, party: "doyle", request: id, bundle: id, time: noon),
                "doyle"
            ),
            (
                DayDestroyedBody(
                    custodian: "clerk", generation: 1, day: day, next: commits, slot: .file,
                    time: noon), "clerk"
            ),
            (
                RolledBackBody(
                    custodian: "clerk", generation: 1, announced: day, found: day, time: noon),
                "clerk"
            ),
            (ShredBody(custodian: "clerk", generation: 1, slot: .tpm, time: noon), "clerk"),
            (ShareLostBody(custodian: "clerk", generation: 1, time: noon), "clerk"),
            (
                PrekeysBody(
                    custodian: "clerk", keys: [.init(day: day, key: World.oneTime)], time: noon),
                "clerk"
            ),
            (
                DifferenceBody(
                    party: "site-1", kind: .siteKey, generation: 1, mask: mask,
                    custodians: ["privacy", "clerk"], subject: id, time: noon), "site-1"
            ),
            (
                CheckBody(
                    custodian: "rights", request: id,
                    digests: [EvaluationItem(day: World.today, plate: 0, mask: mask, e: id)],
                    time: noon), "rights"
            ),
            (
                OpeningBody(
                    custodian: "clerk", request: id,
                    cells: [Cell(hour: World.today.hours[0], site: World.siteOne)],
                    windowSalt: id, docket: "24-CR-1/b", docketSalt: id, time: noon),
                "clerk"
            ),
            (NoticeBody(party: "doyle", request: id, time: noon), "doyle"),
        ]
    }

    private func verified<Body: StatementBody>(
        _ body: Body, _ wire: [UInt8], _ roster: Roster
    ) throws -> Bool {
        let statement = try roster.verify(try UnverifiedStatement(wire: wire), as: Body.self)
        return statement.body == body
    }

    private func verifies<Body: StatementBody>(
        _: Body, _ wire: [UInt8], _ roster: Roster
    ) -> Bool {
        guard let statement = try? UnverifiedStatement(wire: wire) else { return false }
        return (try? roster.verify(statement, as: Body.self)) != nil
    }

    @Test func everyTypeGoesRound() throws {
        let world = try World()
        // Rosters and successors are signed by several: RosterTests, SuccessionTests.
        var types: Set<StatementType> = [.roster, .successor]
        for (body, word) in try Self.samples(world) {
            let wire = try StatementDraft.sign(
                body, under: world.roster, by: try World.signer(word))
            let isSame = try verified(body, wire, world.roster)
            #expect(isSame, "\(type(of: body))")
            let unverified = try UnverifiedStatement(wire: wire)
            #expect(unverified.wire == wire)
            let text = try StatementDraft.text(body, under: world.roster)
            #expect(unverified.id == StatementDraft.id(text))
            #expect(text.hasPrefix("platevault/\(unverified.type.rawValue)/v1\n\(World.origin)\n"))
            types.insert(unverified.type)
        }
        #expect(types == Set(StatementType.allCases))
    }

    @Test func theJSONHasSortedKeysAndWholeNumbersOnly() throws {
        let world = try World()
        for (body, _) in try Self.samples(world) {
            let text = try StatementDraft.text(body, under: world.roster)
            let json = text.split(separator: "\n")[3]
            #expect(!json.contains(" ") && !json.contains("\\") && !json.contains("null"))
            for object in Self.keys(of: String(json)) {
                #expect(object == object.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
            }
        }
    }

    /// The keys of each object in a JSON text without escapes, in their order.
    static func keys(of json: String) -> [[String]] {
        var done: [[String]] = []
        var open: [[String]] = []
        let pieces = json.split(separator: "\"", omittingEmptySubsequences: false)
        for (place, piece) in pieces.enumerated() {
            if place % 2 == 1 {
                if place + 1 < pieces.count, pieces[place + 1].hasPrefix(":") {
                    open[open.count - 1].append(String(piece))
                }
                continue
            }
            for character in piece {
                if character == "{" { open.append([]) }
                if character == "}" { done.append(open.removeLast()) }
            }
        }
        return done
    }

    @Test func everyFlippedBitIsRefused() throws {
        let world = try World()
        let samples = try Self.samples(world).filter { !($0.0 is PrekeysBody) }
        for (body, word) in samples {
            let wire = try StatementDraft.sign(
                body, under: world.roster, by: try World.signer(word))
            // Long keys in Base64 are sampled; everything else is tried byte by byte.
            let step = wire.count > 1_500 ? 41 : 1
            for place in stride(from: 0, to: wire.count, by: step) {
                var spoilt = wire
                spoilt[place] ^= UInt8(1 << (place % 7))
                let passes = verifies(body, spoilt, world.roster)
                #expect(!passes, "\(type(of: body)) byte \(place)")
            }
            for shorter in [0, 1, wire.count / 2, wire.count - 1] {
                let passes = verifies(body, Array(wire.prefix(shorter)), world.roster)
                #expect(!passes)
            }
            let longer = verifies(body, wire + [0x0a], world.roster)
            let doubled = verifies(body, wire + wire, world.roster)
            #expect(!longer && !doubled)
        }
    }

    private func sign(_ text: String, by words: [String]) throws -> [UInt8] {
        var note = try World.signer(words[0]).sign(text)
        for word in words.dropFirst() { note = try World.signer(word).cosign(note) }
        return note.encode()
    }

    @Test func otherJSONOfTheSameMeaningIsRefused() throws {
        let world = try World()
        let hash = world.roster.hash.hex
        let id = Digest(of: [1]).hex
        let head = "platevault/approval/v1\n\(World.origin)\n\(hash)\n"
        let right = #"{"officer":"clerk-officer","request":"\#(id)","time":1000}"#
        #expect(
            verifies(
                Self.approval, try sign(head + right + "\n", by: ["clerk-officer"]), world.roster))
        let others = [
            #"{"request":"\#(id)","officer":"clerk-officer","time":1000}"#,
            #"{"officer": "clerk-officer","request":"\#(id)","time":1000}"#,
            #"{"officer":"clerk-officer","request":"\#(id)","time":1000.0}"#,
            #"{"officer":"clerk-officer","request":"\#(id)","time":1e3}"#,
            #"{"officer":"clerk-officer","request":"\#(id)","time":"1000"}"#,
            #"{"officer":"clerk-officer","request":"\#(id)","time":-1}"#,
            #"{"officer":"clerk-officer","request":"\#(id)","time":99253402300800000}"#,
            #"{"officer":"clerk-officer","request":"\#(id)","time":1000,"why":"because"}"#,
            #"{"officer":"clerk-officer","officer":"clerk-officer","request":"\#(id)","time":1000}"#,
            #"{"officer":"clerk\u002dofficer","request":"\#(id)","time":1000}"#,
            #"{"officer":"clerk-officer","request":"\#(id.uppercased())","time":1000}"#,
            #"{"officer":"clerk-officer","request":"\#(id)"}"#,
            #"[]"#, "", right + " ", right + right,
        ]
        for json in others {
            let wire = try sign(head + json + "\n", by: ["clerk-officer"])
            #expect(!verifies(Self.approval, wire, world.roster), "\(json)")
        }
    }

    static let approval = ApprovalBody(officer: "clerk-officer", request: .zero, time: World.noon)

    @Test func otherEnvelopesAreRefusedWithTheirReason() throws {
        let world = try World()
        let text = try StatementDraft.text(Self.approval, under: world.roster)
        let lines = text.split(separator: "\n").map(String.init)
        func reason(_ lines: [String], by words: [String] = ["clerk-officer"]) throws
            -> RefusalCode?
        {
            let wire = try sign(lines.joined(separator: "\n") + "\n", by: words)
            do throws(Refusal) {
                let statement = try UnverifiedStatement(wire: wire)
                _ = try world.roster.verify(statement, as: ApprovalBody.self)
                return nil
            } catch {
                return error.reason
            }
        }
        func changed(_ place: Int, _ line: String) -> [String] {
            var lines = lines
            lines[place] = line
            return lines
        }
        #expect(try reason(lines) == nil)
        #expect(try reason(changed(0, "platevault/approval/v2")) == .statementTypeUnknown)
        #expect(try reason(changed(0, "platevault/denial/v1")) == .statementMalformed)
        #expect(try reason(changed(1, "example.org/other.test")) == .statementOfOtherLog)
        #expect(try reason(changed(2, Digest.zero.hex)) == .rosterOutdated)
        #expect(try reason(changed(2, lines[2].uppercased())) == .statementMalformed)
        #expect(try reason(lines + ["more"]) == .statementMalformed)
        #expect(try reason(lines, by: ["clerk-officer", "privacy-officer"]) == .signatureInvalid)
        #expect(try reason(lines, by: ["privacy-officer"]) == .signatureInvalid)
        #expect(try reason(lines, by: ["clerk"]) == .signatureInvalid)
    }

    @Test func theFormOfEachBodyIsChecked() throws {
        let world = try World()
        let id = Digest(of: [1])
        let noon = World.noon
        let strangerCommits = try World.commits(of: "privacy", tag: "x", in: world.roster)
        let cases: [(any StatementBody, String, RefusalCode)] = [
            (
                GrantBody(
                    custodian: "clerk", site: World.siteOne, firstHour: noon.hour.next,
                    lastHour: noon.hour, request: id, time: noon), "clerk", .statementMalformed
            ),
            (
                GrantRequestBody(
                    site: World.siteOne, firstHour: noon.hour, lastHour: noon.hour,
                    oneTimeKey: [1], time: noon), "site-1", .statementMalformed
            ),
            (
                GrantRequestBody(
                    site: .init(number: 9), firstHour: noon.hour, lastHour: noon.hour,
                    oneTimeKey: World.oneTime, time: noon), "site-1", .siteUnknown
            ),
            (
                TallyBody(party: "clerk", days: [], time: noon), "clerk", .signerUnknown
            ),
            (  // Of a day that is not over.
                TallyBody(
                    party: "vault",
                    days: [TallyBody.Counted(day: World.today, hours: 1, rows: 1)], time: noon),
                "vault", .statementMalformed
            ),
            (
                HourClosedBody(
                    cell: Cell(hour: noon.hour, site: World.siteOne), kind: .prompt, closed: id,
                    time: noon), "site-1", .closingEarly
            ),
            (
                HourClosedBody(
                    cell: Cell(hour: World.today.hours[6], site: World.siteOne), kind: .late,
                    closed: id, time: noon), "site-1", .closingEarly
            ),
            (
                GenerationBody.commit(
                    GenerationCommit(
                        custodian: "clerk", generation: 1, seedCommits: strangerCommits,
                        oneTimeKey: World.oneTime, time: noon)), "clerk", .subsetForeign
            ),
            (
                GenerationBody.final(
                    GenerationFinal(
                        custodian: "clerk", generation: 1, commits: [], time: noon)), "clerk",
                .subsetForeign
            ),
            (
                PrekeysBody(custodian: "clerk", keys: [], time: noon), "clerk",
                .statementMalformed
            ),
            (
                EvaluationBody(custodian: "clerk", request: id, digests: [], time: noon), "clerk",
                .statementMalformed
            ),
            (
                DifferenceBody(
                    party: "site-1", kind: .siteKey, generation: 1, mask: .init(bits: 7),
                    custodians: ["nobody"], subject: id, time: noon), "site-1",
                .statementMalformed
            ),
            (  // A ceremony is the custodians' own: nobody else can void it.
                DifferenceBody(
                    party: "site-1", kind: .seed, generation: 1, mask: .init(bits: 7),
                    custodians: ["clerk"], subject: id, time: noon), "site-1",
                .signerUnknown
            ),
            (
                DisclosureBody(
                    role: .vault, party: "doyle", request: id, bundle: id, time: noon), "doyle",
                .signerUnknown
            ),
        ]
        for (body, word, code) in cases {
            let reason = try Self.reason(body, by: word, in: world.roster)
            #expect(reason == code, "\(code)")
        }
        var terms = GenerationProposal(
            custodian: "clerk", generation: 1, first: World.today, under: world.roster, time: noon)
        terms.retention = 60
        #expect(
            try Self.reason(GenerationBody.propose(terms), by: "clerk", in: world.roster)
                == .generationTerms)
        var request = Filing().body(try Filing().secret())
        request.purpose = "I just want to know"
        #expect(try Self.reason(request, by: "doyle", in: world.roster) == .statementMalformed)
        request = Filing().body(try Filing().secret())
        request.sealedCopies.reverse()
        #expect(try Self.reason(request, by: "doyle", in: world.roster) == .statementMalformed)
    }

    static func reason<Body: StatementBody>(
        _ body: Body, by word: String, in roster: Roster
    ) throws -> RefusalCode? {
        let wire = try StatementDraft.sign(body, under: roster, by: try World.signer(word))
        let statement = try UnverifiedStatement(wire: wire)
        do throws(Refusal) {
            _ = try roster.verify(statement, as: Body.self)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test func refusalsCompareByCodeAlone() {
        #expect(Refusal(.denied, "one") == Refusal(.denied, "other"))
        #expect(Refusal(.denied, "one") != Refusal(.lapsed, "one"))
        #expect(Refusal(.denied, "one").code == "denied")
        #expect(Set(RefusalCode.allCases.map(\.rawValue)).count == RefusalCode.allCases.count)
    }
}
