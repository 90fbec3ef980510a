import Bytes
import Plates
import Rows
import Secrets
import Testing

@Suite("batches")
struct BatchTests {
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

    @Test("a label is the beginning of HMAC(find, run ‖ counter)")
    func label() throws {
        // RFC 2104 under a key of 32 bytes 0x0b, computed with another implementation.
        let find = try SecretBytes(copying: [UInt8](repeating: 0x0b, count: 32))
        let run = try RunID(bytes: [1, 2, 3, 4, 5, 6, 7, 8])
        let label = try Label.derive(find: find, run: run, counter: 258)
        #expect(label.hex == "2be2c1a66079bc10f1f6ca5de9252320")
        #expect(try Label.derive(find: find, run: run, counter: 259) != label)
        let short = try SecretBytes(zeros: 31)
        #expect(throws: PlatesError(code: "label-size", sentence: "")) {
            try Label.derive(find: short, run: run, counter: 0)
        }
    }

    @Test("rows leave sorted by label, whatever their order was")
    func sorted() throws {
        let sample = try SampleCell()
        let rows = Array(sample.allRows.prefix(6))
        let made = try [rows, rows.reversed()].map {
            try Batch(
                cell: sample.cell, run: sample.runs[0], number: 0, rows: $0,
                origin: SampleCell.origin, key: sample.key
            ).encode()
        }
        #expect(made[0] == made[1])
        let labels = try Batch(wire: made[0]).rows.map(\.label)
        #expect(labels == labels.sorted())
    }

    @Test("what is encoded comes back, encodes the same, and is the site's")
    func roundTrip() throws {
        let sample = try SampleCell(size: 3)
        #expect(sample.batches.count == 4)
        for batch in sample.batches {
            let wire = batch.encode()
            let read = try Batch(wire: wire)
            #expect(read == batch)
            #expect(read.encode() == wire)
            try read.verify(origin: SampleCell.origin, key: sample.key.verifyingKey)
        }
    }

    @Test("without its rows a batch is a sixth as long, and as much the site's")
    func withoutRows() throws {
        let sample = try SampleCell(size: 3)
        let whole = try HourOpening(
            closing: sample.cell, kind: .prompt, batches: sample.batches, unfinished: [],
            salt: [UInt8](repeating: 1, count: 32))
        let read = try sample.batches.map { try BatchLeaves(wire: BatchLeaves($0).encode()) }
        #expect(read == sample.batches.map { BatchLeaves($0) })
        let again = try HourOpening(
            closing: sample.cell, kind: .prompt, leaves: read, unfinished: [],
            salt: [UInt8](repeating: 1, count: 32))
        #expect(again == whole)
        let leaves = read[0]
        let wire = leaves.encode()
        #expect(wire.count == 122 + 48 * leaves.count)
        try leaves.verify(origin: SampleCell.origin, key: sample.key.verifyingKey)
        let other = try SigningKey(from: SeededRandom("other"))
        #expect(
            code { try leaves.verify(origin: SampleCell.origin, key: other.verifyingKey) }
                == "batch-signature")
        // A leaf that is another one, or at another place, and a root that is none.
        for (offset, expected) in [
            (122 + 47, "batch-root"), (26, "batch-root"), (122, "batch-repeats"),
        ] {
            var changed = wire
            changed[offset] = offset == 122 ? 0xff : changed[offset] ^ 1
            #expect(code { _ = try BatchLeaves(wire: changed) } == expected)
        }
        for count in 0..<wire.count {
            let refusal = code { _ = try BatchLeaves(wire: Array(wire[..<count])) }
            #expect(refusal == "batch-malformed")
        }
        #expect(code { _ = try BatchLeaves(wire: wire + [0]) } == "batch-malformed")
    }

    @Test("a batch is no other site's, log's, cell's, run's or number's")
    func binding() throws {
        let sample = try SampleCell()
        let batch = sample.batches[0]
        let other = try SigningKey(from: SeededRandom("other"))
        #expect(
            code { try batch.verify(origin: SampleCell.origin, key: other.verifyingKey) }
                == "batch-signature")
        #expect(
            code { try batch.verify(origin: "example.org/other", key: sample.key.verifyingKey) }
                == "batch-signature")
        // Hour, site, run and number are bytes 0 to 21 of the wire form.
        for offset in 0..<22 where offset != 14 {
            var wire = batch.encode()
            wire[offset] ^= 1
            let changed = try Batch(wire: wire)
            #expect(
                code {
                    try changed.verify(origin: SampleCell.origin, key: sample.key.verifyingKey)
                } == "batch-signature")
        }
    }

    @Test("no byte can change without a refusal")
    func everyByte() throws {
        let sample = try SampleCell()
        let wire = sample.batches[0].encode()
        for offset in wire.indices {
            var changed = wire
            changed[offset] ^= 0x40
            let verdict = code {
                try Batch(wire: changed).verify(
                    origin: SampleCell.origin, key: sample.key.verifyingKey)
            }
            #expect(verdict != "accepted", "offset \(offset)")
        }
        for count in stride(from: 0, to: wire.count, by: 7) {
            #expect(code { _ = try Batch(wire: Array(wire[..<count])) } == "batch-malformed")
        }
        #expect(code { _ = try Batch(wire: wire + [0]) } == "batch-malformed")
    }

    @Test("each refusal by its code")
    func refusals() throws {
        let sample = try SampleCell()
        let rows = sample.allRows
        func make(_ rows: [SealedRow], _ number: UInt64 = 0) -> String {
            code {
                _ = try Batch(
                    cell: sample.cell, run: sample.runs[0], number: number, rows: rows,
                    origin: SampleCell.origin, key: sample.key)
            }
        }
        #expect(make([]) == "batch-size")
        #expect(make([rows[0], rows[0]]) == "batch-repeats")
        #expect(make(rows, 1 << 63) == "batch-number")
        let random = SeededRandom("many")
        let many = try (0...Batch.maximumRows).map { _ in
            try SealedRow(label: Label(bytes: random.bytes(16)), bytes: random.bytes(296))
        }
        #expect(make(many) == "batch-size")
        #expect(make(Array(many.dropLast())) == "accepted")
        // Two rows changed places: the root still fits neither order but the ascending one.
        let wire = sample.batches[0].encode()
        let row = 16 + 2 + 296
        let start = 126
        let swapped =
            wire[..<start] + wire[(start + row)..<(start + 2 * row)]
            + wire[start..<(start + row)] + wire[(start + 2 * row)...]
        #expect(code { _ = try Batch(wire: Array(swapped)) } == "batch-repeats")
        var changed = wire
        changed[wire.count - 1] ^= 1
        #expect(code { _ = try Batch(wire: changed) } == "batch-root")
    }
}
