import Bytes
import FoundationEssentials
import Plates
import Rows
import Secrets
public import Warrants

/// A disclosure for readers: text for a court file, JSON for a program, CSV for a table. Each is a
/// function of the disclosure alone, so that whoever verifies a bundle makes the same bytes.
public struct Report {
    private let disclosure: Disclosure
    private let roster: Roster

    /// The report of a disclosure.
    public init(_ disclosure: Disclosure, roster: Roster) {
        self.disclosure = disclosure
        self.roster = roster
    }

    /// The readable report.
    public var text: String {
        let request = disclosure.request.body
        var lines = [
            "PlateVault disclosure", "",
            "request       \(disclosure.request.id.hex)",
            "deployment    \(roster.origin)",
            "agency        \(roster.agency(request.agency)?.name ?? request.agency)",
            "requester     \(request.requester)",
            "purpose       \(request.purpose) \(Purpose(code: request.purpose)?.name ?? "")",
            "process       \(request.process)",
            "warrant       SHA-256 \(request.warrant.hex)",
            "docket        \(Self.line(disclosure.secret.docket))",
            "filed         \(request.time.text)",
            "answered by   \(disclosure.answers.answers.map(\.custodian).joined(separator: ", "))",
            "confirmation  \(disclosure.confirmation)",
        ]
        for (place, plate) in disclosure.secret.plates.enumerated() {
            lines += ["", "plate \(place + 1): \(plate.text)"]
            lines += section(place)
        }
        lines += ["", Self.legend]
        return lines.joined(separator: "\n") + "\n"
    }

    private func section(_ plate: Int) -> [String] {
        var lines: [String] = []
        for cell in disclosure.cells where cell.plate == plate {
            let site = roster.site(cell.cell.site)?.name ?? ""
            lines.append(
                "  \(cell.cell.hour.text)  site \(cell.cell.site) \(site)" + Self.outcome(cell))
            if cell.unfinished > 0 {
                lines.append("    end not seen: \(cell.unfinished) of the site's runs")
            }
            switch cell.outcome {
            case .complete(let reads):
                for read in reads {
                    let fields = read.read.fields
                    lines.append(
                        "    \(read.read.seen.text)  camera \(Self.line(fields.camera))"
                            + "  read as \(Self.line(fields.asRead))")
                    lines += read.photos.map { "      photo \(Self.photo($0))" }
                }
            case .refused(let refusal): lines.append("    \(refusal.code): \(refusal.sentence)")
            case .open, .unknown, .gone: break
            }
        }
        return lines
    }

    private static func photo(_ photo: OpenedPhoto) -> String {
        photo.file ?? "\(photo.digest.hex): \(photo.state.rawValue)"
    }

    /// The outcome, and what is not known of reads that came late.
    private static func outcome(_ cell: CellReport) -> String {
        switch cell.late {
        case .open: ": \(cell.word) so far, late reads can still come"
        case .unknown: ": \(cell.word) in time, late reads were never closed"
        case .closed, nil: ": \(cell.word)"
        }
    }

    private static let legend = """
        complete: every read that the site committed to for this plate and hour is listed
        empty: the site committed to that hour, and it holds no read of this plate
        so far, in time: this is proven of the reads that came before the hour was closed, and nothing is
        of those that came later
        end not seen: the hour was closed by another process of the site than these; what they may have
        read beyond their last batch is not claimed
        open: the hour is not closed, nothing can be said
        unknown: the site never closed the hour, nothing can be said
        gone: the day's keys are destroyed, nothing can be read any more
        refused: the vault's answer does not fit what the site committed to
        photo missing: the site sealed one, and the vault has not handed it out; unreadable: the site
        sealed it wrongly
        confirmed: at least two custodians gave every key share that was used, and the same
        unconfirmed: some key share is one custodian's word alone; had it lied, reads that are there
        were not found, and "empty" would be wrong
        """

    /// One JSON document: request, confirmation, cells and reads.
    public func json() throws -> [UInt8] {
        let document = Document(
            request: disclosure.request.id.hex, origin: roster.origin,
            confirmation: disclosure.confirmation.description,
            subsets: disclosure.answers.confirmations.map {
                Document.Subset(
                    mask: Int($0.mask.bits), agreeing: $0.agreeing, differing: $0.differing)
            },
            cells: disclosure.cells.map { cell in
                var refusal: String?
                if case .refused(let reason) = cell.outcome { refusal = reason.code }
                return Document.Cell(
                    hour: cell.cell.hour.text, site: Int(cell.cell.site.number),
                    plate: disclosure.secret.plates[cell.plate].text, outcome: cell.word,
                    late: cell.late?.rawValue, refusal: refusal,
                    unfinishedRuns: cell.unfinished > 0 ? cell.unfinished : nil)
            }, reads: disclosure.reads.map(row))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return Array(try encoder.encode(document)) + [0x0a]
    }

    /// RFC 4180 with a header line; every field is quoted, and one that a spreadsheet would take
    /// for a formula starts with an apostrophe.
    public var csv: String {
        let header = [
            "seen", "received", "device clock off", "hour", "site", "camera", "plate",
            "read as", "confidence", "region", "latitude", "longitude", "make", "model", "colour",
            "type", "year", "direction", "candidates", "label", "photos",
        ]
        let lines = disclosure.reads.map { fields(row($0)) }
        return ([header] + lines).map { fields in
            fields.map(Self.quoted).joined(separator: ",") + "\r\n"
        }.joined()
    }

    private func fields(_ row: Document.Read) -> [String] {
        var fields = [row.seen, row.received, row.deviceClockOff ? "yes" : "no", row.hour]
        fields += [String(row.site), row.camera, row.plate, row.readAs]
        let optional = [
            row.confidence, row.region, row.latitude, row.longitude, row.make, row.model,
            row.colour, row.type, row.year, row.direction.map { String($0) },
        ]
        fields += optional.map { $0 ?? "" }
        return fields + [
            row.candidates.joined(separator: " "), row.label,
            row.photos.map { $0.file ?? $0.state }.joined(separator: " "),
        ]
    }

    private func row(_ opened: OpenedRead) -> Document.Read {
        let fields = opened.read.fields
        return Document.Read(
            camera: fields.camera, candidates: fields.candidates.map(\.text),
            colour: fields.vehicle.color, confidence: fields.confidence.map(Self.percent),
            deviceClockOff: fields.deviceClockOff, direction: fields.direction.map { Int($0) },
            hour: opened.cell.hour.text, label: opened.label.hex,
            latitude: fields.place.map { Self.degrees($0.latitude) },
            longitude: fields.place.map { Self.degrees($0.longitude) }, make: fields.vehicle.make,
            model: fields.vehicle.model,
            photos: opened.photos.map {
                Document.Photo(digest: $0.digest.hex, file: $0.file, state: $0.state.rawValue)
            }, plate: opened.read.plate.text, readAs: fields.asRead,
            received: fields.receivedTime.text, region: fields.region,
            seen: opened.read.seen.text, site: Int(opened.cell.site.number),
            type: fields.vehicle.type, year: fields.vehicle.year)
    }

    /// Hundredths of a percent as a decimal number.
    private static func percent(_ value: UInt16) -> String { decimal(Int(value), places: 2) }

    /// Ten-millionths of a degree as a decimal number.
    private static func degrees(_ value: Int32) -> String { decimal(Int(value), places: 7) }

    private static func decimal(_ value: Int, places: Int) -> String {
        let digits = String(value.magnitude)
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        return (value < 0 ? "-" : "") + padded.dropLast(places) + "." + padded.suffix(places)
    }

    /// A text of a camera or requester without what could forge a line of the report.
    private static func line(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    let isControl = scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
                    let isFormat = scalar.properties.generalCategory == .format
                    let isBreak = (0x2028...0x2029).contains(scalar.value)
                    return isControl || isFormat || isBreak ? "\u{fffd}" : scalar
                }))
    }

    private static func quoted(_ field: String) -> String {
        let isFormula = field.first.map { "=+-@\t\r".contains($0) } ?? false
        let text = (isFormula ? "'" : "") + field.replacing("\"", with: "\"\"")
        return "\"\(text)\""
    }
}

/// The JSON form of a disclosure.
private struct Document: Encodable {
    struct Subset: Encodable {
        let mask: Int
        let agreeing: [String]
        let differing: [String]
    }

    struct Cell: Encodable {
        let hour: String
        let site: Int
        let plate: String
        let outcome: String
        let late: String?
        let refusal: String?
        let unfinishedRuns: Int?
    }

    struct Photo: Encodable {
        let digest: String
        let file: String?
        let state: String
    }

    struct Read: Encodable {
        let camera: String
        let candidates: [String]
        let colour: String?
        let confidence: String?
        let deviceClockOff: Bool
        let direction: Int?
        let hour: String
        let label: String
        let latitude: String?
        let longitude: String?
        let make: String?
        let model: String?
        let photos: [Photo]
        let plate: String
        let readAs: String
        let received: String
        let region: String?
        let seen: String
        let site: Int
        let type: String?
        let year: String?
    }

    let request: String
    let origin: String
    let confirmation: String
    let subsets: [Subset]
    let cells: [Cell]
    let reads: [Read]
}
