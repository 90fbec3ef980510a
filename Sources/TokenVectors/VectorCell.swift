import Bytes
import Plates
import Secrets
import Tokens

// One cell of the vectors: its keys, its plates, their rows.

extension VectorGeneration {
    func cell(_ index: Int) throws -> JSONText {
        let cell = scenario.cell(index)
        let day = cell.hour.day
        let grants = try custodians.map { try $0.siteKeys(site: cell.site, hours: [cell.hour]) }
        let subsets = try threshold.subsets.map { mask in
            let chain = try chain(mask, day)
            let siteKey = grants[mask.members[0]].withKey(mask: mask, hour: cell.hour) {
                hex(Array($0))
            }
            return JSONText.object([
                ("mask", .number(mask.bits)), ("chain", hex(chain)),
                ("commit", .string(try Derivation.commit(chain).hex)),
                ("dayKey", hex(try Derivation.dayKey(chain))), ("siteKey", siteKey),
            ])
        }
        let plates = try scenario.plates(at: index).enumerated().map { place, text in
            try plate(text, cell, isFirst: index == 0 && place == 0)
        }
        return .object([
            ("day", .number(day.number)), ("hourOfDay", .number(cell.hour.hourOfDay)),
            ("hour", .number(cell.hour.number)), ("site", .number(cell.site.number)),
            ("subsets", .list(subsets)), ("plates", .list(plates)),
        ])
    }

    private func plate(_ text: String, _ cell: Cell, isFirst: Bool) throws -> JSONText {
        let plate = try Plate(normalizing: text, fold: .letterOAsZero)
        let answers = try custodians.map { try $0.evaluate(plates: [plate], cells: [cell]) }
        let combined = try CellKeys.combination(
            answers, threshold: threshold, plate: 0, cell: cell)
        let keys = try CellKeys(combined: combined)
        let partials = threshold.subsets.map { mask in
            let partial = answers[mask.members[0]].withPartial(
                plate: 0, cell: cell, mask: mask
            ) { hex(Array($0)) }
            return JSONText.object([("mask", .number(mask.bits)), ("partial", partial)])
        }
        let (run, later) = (random.bytes(8), random.bytes(8))
        var rows: [(run: [UInt8], counter: UInt64)] = [(run, 0), (run, 1), (later, 0)]
        if isFirst { rows += [(later, 1 << 32), (later, (1 << 53) - 1)] }
        let sealed = try rows.enumerated().map { place, row in
            try self.row(
                keys, Fields(asRead: text, plate: plate, cell: cell), run: RunID(bytes: row.run),
                counter: row.counter, isLong: isFirst && place == 1)
        }
        return .object([
            ("asRead", .string(text)), ("plate", .string(plate.text)),
            ("partials", .list(partials)), ("K", hex(combined)),
            ("find", hex(try keys.find())), ("open", hex(try keys.open())),
            ("photo", hex(try keys.photo())), ("rows", .list(sealed)),
        ])
    }

    /// What a row's read is made of.
    private struct Fields {
        let asRead: String
        let plate: Plate
        let cell: Cell

        func read(isLong: Bool, counter: UInt64) throws -> Read {
            let seen = cell.hour.start.adding(milliseconds: Int64(counter % 3_000) * 1_000 + 250)
            var fields = Read.Fields(
                asRead: asRead, plate: plate, camera: "camera-\(cell.site.number)",
                deviceTime: seen, receivedTime: seen.adding(milliseconds: 640))
            fields.confidence = 9_312
            fields.region = "us-ca"
            if isLong {
                // Enough other readings for the row's second size.
                fields.candidates = (0..<24).map { index in
                    Candidate(text: "ABC\(1_000 + index)", confidence: UInt16(9_000 - index))
                }
            }
            return try Read(fields)
        }
    }

    private func row(
        _ keys: CellKeys, _ fields: Fields, run: RunID, counter: UInt64, isLong: Bool
    ) throws -> JSONText {
        let context = RowContext(
            origin: scenario.origin, cell: fields.cell, run: run, counter: counter)
        let read = try fields.read(isLong: isLong, counter: counter)
        let nonce = random.bytes(XChaCha20Poly1305.nonceSize)
        let row = try keys.sealRow(read, context: context, nonce: nonce)
        return .object([
            ("run", .string(run.hex)), ("counter", .number(counter)),
            ("label", .string(row.label.hex)), ("nonce", hex(nonce)),
            ("aad", hex(context.associatedData)),
            ("padded", hex(try PaddedRead.pad(read.encode()))), ("row", hex(row.bytes)),
        ])
    }
}
