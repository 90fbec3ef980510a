// Known-answer vectors of the tokens, for other implementations: Keys/vectors/tokens.json.
//
// Docs/Spec/Tokens.md says what each member is. Everything is made through the calls that the
// parties use, and the steps between through `Derivation`; nothing here is a key of anybody.

import Bytes
import Plates
import Secrets
import Tokens

enum VectorFile {
    /// The text of the file; the same on every machine.
    static func text() throws -> String {
        let generations = try Scenario.all.map { try VectorGeneration($0).json() }
        return JSONText.object([
            ("version", .number(1)), ("generations", .list(generations)),
        ]).text
    }
}

/// Lower-case hex of bytes, and of a block of test keys.
func hex(_ bytes: [UInt8]) -> JSONText { .string(Hex.encode(bytes)) }

func hex(_ secret: borrowing SecretBytes) -> JSONText {
    .string(secret.withUnsafeBytes { Hex.encode($0) })
}

/// One generation: its seeds and chains, and everything that follows from them.
struct VectorGeneration {
    let scenario: Scenario
    let threshold: Threshold
    let random: SeededRandom
    let roster: Digest
    let parcels: [SeedParcel]
    let custodians: [ChainSet]

    init(_ scenario: Scenario) throws {
        self.scenario = scenario
        let threshold = try Threshold(t: scenario.t, of: scenario.n)
        let random = SeededRandom("platevault vectors, \(scenario.t) of \(scenario.n)")
        let roster = Digest(of: Array("roster of \(scenario.origin)\n".utf8))
        let parcels = try (0..<scenario.n).map { member in
            try SeedParcel.draw(
                generation: scenario.generation, threshold: threshold, member: member,
                from: random)
        }
        self.threshold = threshold
        self.random = random
        self.roster = roster
        self.parcels = parcels
        custodians = try (0..<scenario.n).map { custodian in
            try ChainSet(
                generation: scenario.generation, first: Day(number: scenario.first),
                threshold: threshold, custodian: custodian, roster: roster, parcels: parcels)
        }
    }

    func json() throws -> JSONText {
        .object([
            ("n", .number(scenario.n)), ("t", .number(scenario.t)),
            ("generation", .number(scenario.generation)), ("first", .number(scenario.first)),
            ("roster", .string(roster.hex)), ("origin", .string(scenario.origin)),
            ("seeds", .list(try threshold.subsets.map { try seed($0) })),
            ("cells", .list(try scenario.cells.indices.map { try cell($0) })),
            ("evaluation", try evaluation()),
        ])
    }

    /// chain[first] of a subset.
    func firstChain(_ mask: SubsetMask) throws -> SecretBytes {
        var joined: [UInt8] = []
        for member in mask.members {
            parcels[member].withContribution(mask) { joined.append(contentsOf: $0) }
        }
        return try Derivation.firstChain(
            contributions: SecretBytes(copying: joined), roster: roster,
            generation: scenario.generation, first: Day(number: scenario.first), mask: mask)
    }

    /// chain[d] of a subset.
    func chain(_ mask: SubsetMask, _ day: Day) throws -> SecretBytes {
        var chain = try firstChain(mask)
        for _ in scenario.first..<day.number { chain = try Derivation.nextChain(chain) }
        return chain
    }

    private func seed(_ mask: SubsetMask) throws -> JSONText {
        let contributions = mask.members.map { member in
            ("\(member)", parcels[member].withContribution(mask) { hex(Array($0)) })
        }
        let commits = mask.members.map { member in
            let commit = parcels[member].withContribution(mask) {
                SeedCommit.commit(
                    generation: scenario.generation, mask: mask, member: member, contribution: $0)
            }
            return ("\(member)", JSONText.string(commit.hex))
        }
        return .object([
            ("mask", .number(mask.bits)), ("contributions", .object(contributions)),
            ("seedCommits", .object(commits)), ("chain", hex(try firstChain(mask))),
        ])
    }

    private func evaluation() throws -> JSONText {
        let plate = try Plate(normalizing: scenario.asked, fold: .letterOAsZero)
        let cells = scenario.evaluated.map { scenario.cell($0) }
        let request = Digest(of: random.bytes(32))
        let salt = random.bytes(32)
        let answers = try custodians.map { try $0.evaluate(plates: [plate], cells: cells) }
        var digests: [JSONText] = []
        for day in answers[0].days {
            for mask in threshold.subsets {
                let e = try EvaluationDigest.e(
                    request: request, mask: mask, salt: salt, parcel: answers[mask.members[0]],
                    plate: 0, day: day)
                digests.append(
                    .object([
                        ("day", .number(day.number)), ("mask", .number(mask.bits)),
                        ("e", .string(e.hex)),
                    ]))
            }
        }
        let places = cells.map { cell in
            JSONText.list([.number(cell.hour.number), .number(cell.site.number)])
        }
        return .object([
            ("request", .string(request.hex)), ("salt", hex(salt)),
            ("plate", .string(plate.text)), ("cells", .list(places)),
            ("digests", .list(digests)),
        ])
    }
}
