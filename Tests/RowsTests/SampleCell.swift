import Ledger
import Plates
import Rows
import Secrets

/// A made-up cell: some plates' find keys, two runs, rows, batches, the site's closing, and an
/// honest vault's answers. Everything follows from the seed.
extension LookupQuery {
    /// A query of a request that names just the cells that are asked for.
    convenience init(
        request: Digest, items: [LookupItem], finds: consuming SecretBytes
    ) throws(RowsError) {
        let cells = Set(items.map(\.cell)).sorted()
        try self.init(
            request: request,
            window: LookupWindow(cells: cells, salt: [UInt8](repeating: 7, count: 32)),
            items: items, finds: finds)
    }
}

struct SampleCell {
    static let origin = "example.org/vault.demo"
    static let cell = Cell(hour: Hour(number: 498_809), site: SiteNumber(number: 3))

    let cell: Cell
    let key: SigningKey
    let finds: [SecretBox]
    let runs: [RunID]
    /// rows[plate][run] in the order of their counters.
    let rows: [[[SealedRow]]]
    let batches: [Batch]
    let opening: HourOpening
    let statement: Digest
    private let random: SeededRandom

    /// `counts[plate][run]` rows each, in batches of at most `size`.
    init(
        _ seed: String = "sample", counts: [[Int]] = [[3, 2], [1, 0], [0, 0], [0, 4]],
        cell: Cell = SampleCell.cell, size: Int = 4, unfinished: Set<Int> = []
    ) throws {
        let random = SeededRandom(seed)
        self.random = random
        self.cell = cell
        key = try SigningKey(from: random)
        let runs = try (0..<(counts.first?.count ?? 0)).map { _ in
            try RunID(bytes: random.bytes(8))
        }
        var finds: [SecretBox] = []
        var rows: [[[SealedRow]]] = []
        for ofPlate in counts {
            let find = try SecretBytes(random: 32, from: random)
            var ofRuns: [[SealedRow]] = []
            for (run, count) in zip(runs, ofPlate) {
                var ofRun: [SealedRow] = []
                for counter in 0..<count {
                    let label = try Label.derive(find: find, run: run, counter: UInt64(counter))
                    ofRun.append(try SealedRow(label: label, bytes: random.bytes(296)))
                }
                ofRuns.append(ofRun)
            }
            rows.append(ofRuns)
            finds.append(SecretBox(find))
        }
        var batches: [Batch] = []
        for (index, run) in runs.enumerated() {
            let all = rows.flatMap { $0[index] }
            for (number, start) in stride(from: 0, to: all.count, by: size).enumerated() {
                batches.append(
                    try Batch(
                        cell: cell, run: run, number: UInt64(number),
                        rows: Array(all[start..<min(start + size, all.count)]),
                        origin: Self.origin, key: key))
            }
        }
        opening = try HourOpening(
            closing: cell, kind: .prompt, batches: batches,
            unfinished: Set(unfinished.map { runs[$0] }), salt: random.bytes(32))
        self.runs = runs
        self.finds = finds
        self.rows = rows
        self.batches = batches
        statement = Digest(of: Array("statement of \(seed)".utf8))
    }

    var allRows: [SealedRow] { rows.flatMap { $0.flatMap { $0 } } }
    var logged: LoggedClosing {
        LoggedClosing(statement: statement, commitment: opening.commitment)
    }
    func tree() throws -> HourTree { try HourTree(allRows) }

    /// A query for some plates of this cell.
    func query(_ plates: [Int]) throws -> LookupQuery {
        var block = try SecretBytes(zeros: plates.count * 32)
        for (place, plate) in plates.enumerated() {
            finds[plate].bytes.withUnsafeBytes { find in
                block.withUnsafeMutableBytes { block in
                    for index in 0..<32 { block[place * 32 + index] = find[index] }
                }
            }
        }
        return try LookupQuery(
            request: Digest(of: [1]),
            items: plates.indices.map { LookupItem(cell: cell, plate: UInt8($0)) }, finds: block)
    }

    /// What an honest vault answers for the item at `index`, out of any tree.
    func answer(_ query: LookupQuery, _ index: Int, tree: HourTree? = nil) throws -> LookupAnswer {
        let tree = try tree ?? self.tree()
        let byLabel = Dictionary(uniqueKeysWithValues: allRows.map { ($0.label, $0) })
        var found: [LookupAnswer.FoundRun] = []
        for run in opening.runs {
            var rows: [LookupAnswer.FoundRow] = []
            var label = try query.label(index, run: run.id, counter: 0)
            while let proof = tree.presence(of: label), let row = byLabel[label] {
                rows.append(LookupAnswer.FoundRow(row: row, proof: proof))
                label = try query.label(index, run: run.id, counter: UInt64(rows.count))
            }
            guard let absence = tree.absence(of: label) else { throw SampleError.noAbsence }
            found.append(LookupAnswer.FoundRun(run: run.id, rows: rows, absence: absence))
        }
        return LookupAnswer(
            item: query.items[index],
            outcome: .closed(prompt(opening: opening, statement: statement, runs: found)))
    }

    func answers(_ query: LookupQuery) throws -> [LookupAnswer] {
        try query.items.indices.map { try answer(query, $0) }
    }

    func verifier(dead: Set<Day> = []) -> LookupVerifier {
        LookupVerifier(closings: [cell: logged], late: [:], deadDays: dead)
    }
}

/// A closed cell of which nothing late is known yet.
func prompt(
    opening: HourOpening, statement: Digest, runs: [LookupAnswer.FoundRun]
) -> LookupAnswer.Closed {
    .init(prompt: .init(opening: opening, statement: statement, runs: runs), late: .open)
}

enum SampleError: Error { case noAbsence, notClosed }

extension LookupAnswer {
    /// The closed part.
    func closed() throws -> Tree {
        guard case .closed(let closed) = outcome else { throw SampleError.notClosed }
        return closed.prompt
    }

    /// The same answer with another list of runs.
    func with(runs: [FoundRun]) throws -> LookupAnswer {
        let closed = try closed()
        return LookupAnswer(
            item: item,
            outcome: .closed(
                prompt(opening: closed.opening, statement: closed.statement, runs: runs)))
    }
}

extension AbsenceProof {
    /// The same proof with some parts replaced.
    func with(
        left: RowLeaf? = nil, leftProof: LeafProof? = nil, right: RowLeaf? = nil,
        rightPath: [Digest]? = nil
    ) -> AbsenceProof {
        AbsenceProof(
            left: left ?? self.left, leftProof: leftProof ?? self.leftProof,
            right: right ?? self.right, rightPath: rightPath ?? self.rightPath)
    }
}
