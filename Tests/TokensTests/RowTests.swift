import Bytes
import Plates
import Secrets
import Testing
import Tokens

@Suite("rows: sealed under one plate, one cell, one run, one counter")
struct RowTests {
    let run = [UInt8](repeating: 5, count: 8)
    let place = cell(0, 12)

    private func keys(_ text: String, _ seed: UInt8 = 1) throws -> CellKeys {
        try CellKeys(
            combined: SecretBytes(
                copying: Digest(of: Array(text.utf8) + [seed]).bytes))
    }

    private func read(_ text: String) throws -> Read {
        let seen = place.hour.start.adding(seconds: 5)
        return try Read(
            Read.Fields(
                asRead: text, plate: plate(text), camera: "gate", deviceTime: seen,
                receivedTime: seen))
    }

    private func context(
        _ place: Cell, counter: UInt64 = 0, run: [UInt8]? = nil, origin: String? = nil
    ) throws -> RowContext {
        RowContext(
            origin: origin ?? Deployment.origin, cell: place,
            run: try RunID(bytes: run ?? self.run), counter: counter)
    }

    @Test("a row opens in its own context, to the same read")
    func roundTrip() throws {
        let (keys, read) = (try keys("A"), try read("abc 123"))
        for counter: UInt64 in [0, 1, 1 << 32, .max] {
            let context = try context(place, counter: counter)
            let nonce = SystemRandom().bytes(24)
            let row = try keys.sealRow(read, context: context, nonce: nonce)
            #expect(row.bytes.count == 296)
            #expect(Array(row.bytes.prefix(24)) == nonce)
            #expect(row.label == (try keys.label(run: context.run, counter: counter)))
            #expect(try keys.openRow(row, context: context) == read)
        }
    }

    @Test("another plate, cell, run, counter, origin or any changed byte: refused")
    func bound() throws {
        let (keys, read) = (try keys("A"), try read("abc 123"))
        let context = try context(place)
        let row = try keys.sealRow(read, context: context, nonce: SystemRandom().bytes(24))
        let other = try self.keys("B")
        #expect(throws: refusal("label-other")) { _ = try other.openRow(row, context: context) }
        for changed in [
            try self.context(place, counter: 1),
            try self.context(place, run: [UInt8](repeating: 6, count: 8)),
        ] {
            #expect(throws: refusal("label-other")) {
                _ = try keys.openRow(row, context: changed)
            }
        }
        for changed in [
            try self.context(cell(0, 13)), try self.context(cell(0, 12, 4)),
            try self.context(place, origin: "example.org/other"),
        ] {
            #expect(throws: refusal("not-authentic")) {
                _ = try keys.openRow(row, context: changed)
            }
        }
        for index in row.bytes.indices {
            var bytes = row.bytes
            bytes[index] ^= 1
            let changed = try SealedRow(label: row.label, bytes: bytes)
            #expect(throws: refusal("not-authentic")) {
                _ = try keys.openRow(changed, context: context)
            }
        }
        // A row moved under another label of the same plate.
        let next = try self.context(place, counter: 1)
        let moved = try SealedRow(
            label: keys.label(run: next.run, counter: 1), bytes: row.bytes)
        #expect(throws: refusal("not-authentic")) { _ = try keys.openRow(moved, context: next) }
    }

    @Test("a nonce of another size is refused")
    func nonces() throws {
        let (keys, read) = (try keys("A"), try read("abc 123"))
        for size in [0, 12, 23, 25] {
            #expect(throws: refusal("key-size")) {
                _ = try keys.sealRow(
                    read, context: context(place), nonce: [UInt8](repeating: 0, count: size))
            }
        }
    }

    @Test("no two rows of one plate share a label or an aligned byte run")
    func unlinkable() throws {
        let (keys, read) = (try keys("A"), try read("abc 123"))
        var labels: Set<Label> = []
        var runs: Set<[UInt8]> = []
        let source = SeededRandom("nonces")
        for counter in 0..<200 {
            let row = try keys.sealRow(
                read, context: context(place, counter: UInt64(counter)), nonce: source.bytes(24))
            labels.insert(row.label)
            for start in stride(from: 0, to: row.bytes.count, by: 8) {
                runs.insert(Array(row.bytes[start..<(start + 8)]))
            }
        }
        #expect(labels.count == 200)
        #expect(runs.count == 200 * 296 / 8)
    }

    @Test("K of another size makes no keys")
    func sizes() throws {
        for size in [0, 16, 31, 33] {
            #expect(throws: refusal("key-size")) {
                _ = try CellKeys(combined: SecretBytes(zeros: size))
            }
        }
    }
}

@Suite("what an evaluation says about itself")
struct EvaluationTests {
    @Test("every holder of a subset computes the same e_S, and each input changes it")
    func digest() throws {
        let deployment = try Deployment(3, of: 5)
        let cells = [cell(0, 3), cell(0, 3, 9), cell(1, 0)]
        let plates = [try plate("A1"), try plate("B2")]
        let answers = try deployment.custodians.map {
            try $0.evaluate(plates: plates, cells: cells)
        }
        func e(
            _ answer: PartialParcel, _ mask: SubsetMask, plate: Int = 0, day: Int64 = 0,
            request: Digest? = nil, salt: [UInt8]? = nil
        ) throws -> Digest {
            try EvaluationDigest.e(
                request: request ?? Digest(of: [1]),
                mask: mask, salt: salt ?? [UInt8](repeating: 1, count: 32), parcel: answer,
                plate: plate, day: Deployment.first.adding(day))
        }
        var seen: Set<Digest> = []
        for mask in deployment.threshold.subsets {
            let values = try mask.members.map { try e(answers[$0], mask) }
            #expect(Set(values).count == 1)
            seen.formUnion(values)
        }
        #expect(seen.count == 10)
        let mask = SubsetMask(bits: 7)
        seen = [
            try e(answers[0], mask), try e(answers[0], mask, plate: 1),
            try e(answers[0], mask, day: 1), try e(answers[0], mask, request: Digest(of: [2])),
            try e(answers[0], mask, salt: [UInt8](repeating: 2, count: 32)),
        ]
        #expect(seen.count == 5)
        #expect(throws: refusal("subset-missing")) { _ = try e(answers[4], mask) }
        #expect(throws: refusal("cells-missing")) { _ = try e(answers[0], mask, day: 2) }
        #expect(throws: refusal("cells-missing")) { _ = try e(answers[0], mask, plate: 2) }
        #expect(throws: refusal("salt-size")) { _ = try e(answers[0], mask, salt: [1]) }
    }

    @Test("a plate's commitment is the formula, and needs a whole salt")
    func commitment() throws {
        let salt = [UInt8](repeating: 3, count: 32)
        let commit = try PlateCommitment.commit(salt: salt, plate: plate("o1"))
        let expected = Array("platevault/plate-commit/v1".utf8) + salt + Array("01".utf8)
        #expect(commit == Digest(of: expected))
        #expect(throws: refusal("salt-size")) {
            _ = try PlateCommitment.commit(salt: [], plate: plate("o1"))
        }
    }
}
