import Bytes
import Ledger
import Plates
import Rows
import Secrets
import Testing

@Suite("closed hours")
struct HourTests {
    private func code(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "accepted"
        } catch let error as RowsError {
            return error.code
        } catch {
            return "\(error)"
        }
    }

    private func row(_ label: [UInt8], _ fill: UInt8 = 0) throws -> SealedRow {
        try SealedRow(label: Label(bytes: label), bytes: [UInt8](repeating: fill, count: 296))
    }

    @Test("a tree is RFC 6962 over the sorted leaves between the sentinels")
    func definition() throws {
        let sample = try SampleCell()
        let tree = try sample.tree()
        let leaves = sample.allRows.sorted { $0.label < $1.label }.map {
            $0.label.bytes + Digest(of: $0.bytes).bytes
        }
        let low = [UInt8](repeating: 0, count: 48)
        let high = [UInt8](repeating: 0xff, count: 48)
        let hashes = ([low] + leaves + [high]).map { Merkle.leafHash($0) }
        #expect(tree.size == UInt64(hashes.count))
        #expect(tree.root == HourRoot(size: tree.size, root: Merkle.root(of: hashes)))
        #expect(try HourTree(sample.allRows.reversed()).root == tree.root)
    }

    @Test("in trees of every size up to 40, every row is present and everything else absent")
    func everySize() throws {
        let random = SeededRandom("sizes")
        for count in 0...40 {
            let rows = try (0..<count).map { _ in try row(random.bytes(16)) }
            let tree = try HourTree(rows)
            for row in rows {
                let proof = try #require(tree.presence(of: row.label))
                #expect(tree.root.holds(RowLeaf(row), proof))
                #expect(tree.absence(of: row.label) == nil)
            }
            for _ in 0..<8 {
                let label = try Label(bytes: random.bytes(16))
                #expect(tree.presence(of: label) == nil)
                let proof = try #require(tree.absence(of: label))
                #expect(tree.root.lacks(label, proof))
            }
        }
    }

    @Test("absence is also proven below the first and above the last row, and in a quiet hour")
    func edges() throws {
        let rows = [try row([UInt8](repeating: 0x10, count: 16))]
        for tree in [try HourTree(rows), try HourTree([SealedRow]())] {
            for byte: UInt8 in [0x01, 0xfe] {
                let label = try Label(bytes: [UInt8](repeating: byte, count: 16))
                let proof = try #require(tree.absence(of: label))
                #expect(tree.root.lacks(label, proof))
            }
        }
        // The sentinels' own labels can be nobody's.
        for byte: UInt8 in [0x00, 0xff] {
            let label = [UInt8](repeating: byte, count: 16)
            #expect(code { _ = try HourTree([try row(label)]) } == "hour-repeats")
        }
        let twice = [try row([UInt8](repeating: 5, count: 16), 1)]
        #expect(
            code { _ = try HourTree(twice + [try row([UInt8](repeating: 5, count: 16), 2)]) }
                == "hour-repeats")
    }

    @Test("a proof holds for its leaf, place, size and root alone")
    func presenceForged() throws {
        let sample = try SampleCell()
        let tree = try sample.tree()
        let all = sample.allRows
        let proof = try #require(tree.presence(of: all[0].label))
        #expect(tree.root.holds(RowLeaf(all[0]), proof))
        #expect(!tree.root.holds(RowLeaf(all[1]), proof))
        let near = LeafProof(index: proof.index ^ 1, path: proof.path)
        #expect(!tree.root.holds(RowLeaf(all[0]), near))
        let short = LeafProof(index: proof.index, path: Array(proof.path.dropLast()))
        #expect(!tree.root.holds(RowLeaf(all[0]), short))
        let long = LeafProof(index: proof.index, path: proof.path + [.zero])
        #expect(!tree.root.holds(RowLeaf(all[0]), long))
        let grown = HourRoot(size: tree.size * 2, root: tree.root.root)
        #expect(!grown.holds(RowLeaf(all[0]), proof))
        let changed = try SealedRow(label: all[0].label, bytes: all[1].bytes)
        #expect(!tree.root.holds(RowLeaf(changed), proof))
    }

    @Test("absence needs two true neighbours with the label between them")
    func absenceForged() throws {
        let random = SeededRandom("absence")
        let rows = try (0..<21).map { _ in try row(random.bytes(16)) }
            .sorted { $0.label < $1.label }
        let tree = try HourTree(rows)
        // The rows at 4, 5 and 6 stand at the leaves 5, 6 and 7 of the tree.
        let hidden = rows[5].label
        let left = try #require(tree.presence(of: rows[4].label))
        let right = try #require(tree.presence(of: rows[6].label))
        let around = AbsenceProof(
            left: RowLeaf(rows[4]), leftProof: left, right: RowLeaf(rows[6]),
            rightPath: right.path)
        #expect(!tree.root.lacks(hidden, around))
        // The true neighbours of another label do not enclose this one.
        let label = try Label(bytes: random.bytes(16))
        let honest = try #require(tree.absence(of: label))
        #expect(tree.root.lacks(label, honest))
        #expect(!tree.root.lacks(rows[0].label, honest))
        #expect(!tree.root.lacks(try Label(bytes: Array(honest.left.label)), honest))
        #expect(!tree.root.lacks(try Label(bytes: Array(honest.right.label)), honest))
        for changed in [
            honest.with(left: .first), honest.with(right: .last),
            honest.with(rightPath: []),
            honest.with(leftProof: LeafProof(index: .max, path: honest.leftProof.path)),
            honest.with(leftProof: LeafProof(index: honest.leftProof.index, path: [])),
        ] {
            #expect(!tree.root.lacks(label, changed))
        }
    }

    @Test("the commitment is the formula of DESIGN section 5, byte for byte")
    func commitment() throws {
        let run = try RunID(bytes: [1, 2, 3, 4, 5, 6, 7, 8])
        let ended = try RunID(bytes: [0, 2, 3, 4, 5, 6, 7, 8])
        let root = Digest(of: [9])
        let opening = try HourOpening(
            cell: SampleCell.cell, kind: .late,
            runs: [
                .init(id: run, lastBatch: 258, isUnfinished: false),
                .init(id: ended, lastBatch: 1, isUnfinished: true),
            ], tree: HourRoot(size: 12, root: root), salt: [UInt8](repeating: 0xaa, count: 32))
        let body =
            "00079c79" + "0003" + "01" + "0002" + "0002030405060708" + "8000000000000001"
            + "0102030405060708" + "0000000000000102" + "000000000000000c" + root.hex
            + String(repeating: "aa", count: 32)
        #expect(Hex.encode(opening.encode()) == body)
        let bytes = Array("platevault/hour/v1".utf8) + (try #require(Hex.decode(body)))
        #expect(opening.commitment == Digest(of: bytes))
        #expect(opening.runs.map(\.isUnfinished) == [true, false])
    }

    @Test("an opening comes back, encodes the same, and no byte of it is free")
    func openingRoundTrip() throws {
        for sample in [
            try SampleCell(), try SampleCell("one", unfinished: [1]),
            try SampleCell("quiet", counts: [[0, 0]]),
        ] {
            let wire = sample.opening.encode()
            #expect(try HourOpening(wire: wire) == sample.opening)
            for offset in wire.indices {
                var changed = wire
                changed[offset] ^= 0x21
                let commitment = (try? HourOpening(wire: changed))?.commitment
                #expect(commitment != sample.opening.commitment)
            }
            for count in wire.indices {
                #expect(
                    code { _ = try HourOpening(wire: Array(wire[..<count])) } == "hour-malformed")
            }
            #expect(code { _ = try HourOpening(wire: wire + [0]) } == "hour-malformed")
        }
    }

    @Test("runs out of order, named twice, or without rows are no opening")
    func openingStrict() throws {
        let sample = try SampleCell()
        let wire = sample.opening.encode()
        #expect(sample.opening.runs.count == 2)
        let swapped = wire[..<9] + wire[25..<41] + wire[9..<25] + wire[41...]
        #expect(code { _ = try HourOpening(wire: Array(swapped)) } == "hour-malformed")
        let same = wire[..<9] + wire[9..<25] + wire[9..<25] + wire[41...]
        #expect(code { _ = try HourOpening(wire: Array(same)) } == "hour-malformed")
        let tree = HourRoot(size: 2, root: .zero)
        let salt = [UInt8](repeating: 0, count: 32)
        func make(_ runs: [HourOpening.Run], _ size: UInt64, _ salt: [UInt8]) -> String {
            code {
                _ = try HourOpening(
                    cell: sample.cell, kind: .prompt, runs: runs,
                    tree: HourRoot(size: size, root: tree.root), salt: salt)
            }
        }
        #expect(make([], 2, salt) == "accepted")
        #expect(make([], 3, salt) == "hour-malformed")
        #expect(make([], 1, salt) == "hour-malformed")
        #expect(make(sample.opening.runs, 2, salt) == "hour-malformed")
        #expect(make(sample.opening.runs, 3, salt) == "accepted")
        #expect(make([], 2, Array(salt.dropLast())) == "hour-malformed")
    }

    @Test("an hour is closed over all batches of every run, or not at all")
    func closing() throws {
        let sample = try SampleCell(size: 3)
        func close(_ batches: [Batch]) -> String {
            code {
                _ = try HourOpening(
                    closing: sample.cell, kind: .prompt, batches: batches, unfinished: [],
                    salt: [UInt8](repeating: 1, count: 32))
            }
        }
        let opening = sample.opening
        #expect(opening.tree == (try sample.tree()).root)
        #expect(opening.runs.map(\.id) == sample.runs.sorted())
        for run in opening.runs {
            let numbers = sample.batches.filter { $0.run == run.id }.map(\.number)
            #expect(run.lastBatch == numbers.max())
        }
        #expect(close(sample.batches.reversed()) == "accepted")
        #expect(close(sample.batches.filter { $0.number != 0 }) == "hour-gap")
        #expect(close(sample.batches + [sample.batches[0]]) == "hour-gap")
        let elsewhere = try SampleCell(
            cell: Cell(hour: sample.cell.hour.next, site: sample.cell.site))
        #expect(close(sample.batches + elsewhere.batches) == "hour-cell")
        // The same label with other bytes, in a further batch of the run.
        let first = sample.batches[0]
        let next = UInt64(sample.batches.filter { $0.run == first.run }.count)
        let changed = try SealedRow(
            label: first.rows[0].label, bytes: [UInt8](repeating: 0, count: 296))
        func further(_ row: SealedRow) throws -> Batch {
            try Batch(
                cell: sample.cell, run: first.run, number: next, rows: [row],
                origin: SampleCell.origin, key: sample.key)
        }
        #expect(close(sample.batches + [try further(changed)]) == "hour-repeats")
        #expect(close(sample.batches + [try further(first.rows[0])]) == "accepted")
    }
}
