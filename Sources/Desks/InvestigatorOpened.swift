import Bytes
import Inquiry
import Plates
import Secrets
import Warrants

/// What was opened of a request, as a page shows it: made from a bundle that was verified, so that
/// the desk believes nothing that a court would not.
struct InvestigatorOpened: Sendable {
    /// One read.
    struct Sight: Sendable, Equatable {
        /// Its place in the list, from 1.
        let number: Int
        /// When the plate was seen.
        let seen: Timestamp
        /// The site's number and name.
        let site: String
        /// The camera's name, as the camera has it.
        let camera: String
        /// The plate in normal form.
        let plate: String
        /// The plate as read.
        let asRead: String
        /// Such as `93.50 %`; empty where the reader gives none.
        let confidence: String
        /// What the engine says of the vehicle.
        let vehicle: String
        /// Where the camera stood; nil where it does not say.
        let place: Plates.Place?
        /// Degrees from the direction in which the camera looks; empty where it gives none.
        let direction: String
        /// Whether the camera's clock was far off.
        let isClockOff: Bool
        /// The photos: digest, and what came of each.
        let photos: [(digest: String, state: String)]

        static func == (left: Sight, right: Sight) -> Bool {
            left.number == right.number && left.seen == right.seen && left.camera == right.camera
        }
    }

    /// One hour at one site, for one plate.
    struct CellLine: Sendable, Equatable {
        /// The hour.
        let hour: Hour
        /// The site.
        let site: SiteNumber
        /// `complete`, `empty`, `open`, `unknown`, `gone` or `refused`.
        let word: String
        /// How many reads.
        let count: Int
        /// Whether late reads can come, or are not known; empty otherwise.
        let late: String
        /// Why an answer is not believed; empty otherwise.
        let refusal: String
    }

    /// A photo that was opened.
    struct Picture: Sendable {
        /// `image/jpeg` or `image/png`.
        let type: String
        /// As the camera sent it.
        let bytes: [UInt8]
    }

    /// The folder that the bundle is in.
    let folder: String
    /// The request.
    let request: Digest
    /// The plates in normal form.
    let plates: [String]
    /// The docket.
    let docket: String
    /// The reads, by time.
    let sights: [Sight]
    /// The cells of each plate, in the order of the plates.
    let cells: [[CellLine]]
    /// The photos that were opened, by their digests.
    let pictures: [String: Picture]
    /// How far the custodians agree: the word, and in full.
    let confirmation: (word: String, text: String)
    /// Who answered.
    let custodians: [String]
    /// The size of the log that the proofs lead to.
    let logSize: UInt64
    /// The first roster's hash, on which everything rests.
    let roster: Digest
    /// The digest of the bundle's manifest.
    let digest: Digest

    /// From a bundle. Throws what does not hold in it, as `platevault verify` does; `trusted` is the
    /// first roster's hash.
    init(_ bundle: Bundle, folder: String, trusted: Digest, names: Roster) throws {
        let verified = try BundleVerifier.verify(bundle, trusted: trusted)
        let disclosure = verified.disclosure
        self.folder = folder
        request = disclosure.request.id
        plates = disclosure.secret.plates.map(\.text)
        docket = disclosure.secret.docket
        let reads = disclosure.reads
        sights = reads.enumerated().map { Sight($1, number: $0 + 1, names) }
        cells = disclosure.secret.plates.indices.map { place in
            disclosure.cells.filter { $0.plate == place }.map(CellLine.init)
        }
        var pictures: [String: Picture] = [:]
        for photo in reads.flatMap(\.photos) {
            guard let bytes = photo.bytes else { continue }
            let isPNG = bytes.starts(with: [0x89, 0x50])
            pictures[photo.digest.hex] = Picture(
                type: isPNG ? "image/png" : "image/jpeg", bytes: bytes)
        }
        self.pictures = pictures
        confirmation = (disclosure.confirmation.word, verified.confirmation)
        custodians = verified.custodians
        logSize = verified.logSize
        roster = verified.roster
        digest = bundle.digest
    }

    /// How many cells there are of each outcome, in the order in which they are explained.
    var counts: [(word: String, count: Int)] {
        let words = Dictionary(grouping: cells.joined(), by: \.word).mapValues(\.count)
        return Self.meaning.map(\.word).compactMap { word in words[word].map { (word, $0) } }
    }

    /// What the outcomes mean.
    static let meaning: [(word: String, text: String)] = [
        ("complete", "every read that the site committed to for this plate and hour is listed"),
        (
            "empty",
            "the site committed to that hour, and it is proven to hold no read of this plate"
        ),
        ("open", "the hour is not closed: nothing can be said"),
        ("unknown", "the site never closed the hour: nothing can be said, and it is not empty"),
        ("gone", "the day's keys are destroyed: nothing can be read any more"),
        ("refused", "the vault's answer does not fit what the site committed to"),
    ]

    /// What the confirmation means.
    static func meaning(ofConfirmation word: String) -> String {
        switch word {
        case "confirmed":
            "At least two custodians gave every key share that was used, and the same."
        case "unconfirmed":
            "Some key share is one custodian's word alone. Had it lied, reads that are there were not "
                + "found, and an empty hour would be wrong. Open it again when the others have checked."
        case "disputed":
            "Custodians differ on what was evaluated. Those who are named are outvoted, or nobody is: "
                + "somebody has erred or lied, and a court must be told."
        default: "Nobody has evaluated it."
        }
    }
}

extension InvestigatorOpened.Sight {
    init(_ opened: OpenedRead, number: Int, _ roster: Roster) {
        let fields = opened.read.fields
        self.number = number
        seen = opened.read.seen
        site = "\(opened.cell.site) \(roster.site(opened.cell.site)?.name ?? "")"
        camera = fields.camera
        plate = opened.read.plate.text
        asRead = fields.asRead
        confidence =
            fields.confidence.map { value in
                let hundredths = value % 100
                return "\(value / 100).\(hundredths < 10 ? "0" : "")\(hundredths) %"
            } ?? ""
        let car = fields.vehicle
        vehicle = [car.color, car.year, car.make, car.model, car.type].compactMap { $0 }
            .joined(separator: ", ")
        place = fields.place
        direction = fields.direction.map { "\($0)°" } ?? ""
        isClockOff = fields.deviceClockOff
        photos = opened.photos.map { ($0.digest.hex, $0.state.rawValue) }
    }
}

extension InvestigatorOpened.CellLine {
    init(_ report: CellReport) {
        hour = report.cell.hour
        site = report.cell.site
        word = report.word
        if case .complete(let reads) = report.outcome { count = reads.count } else { count = 0 }
        if case .refused(let reason) = report.outcome {
            let problem: any CodedError = reason
            refusal = "\(problem.sentence) [\(problem.code)]"
        } else {
            refusal = ""
        }
        late =
            switch report.late {
            case .open: "late reads can still come"
            case .unknown: "late reads were never closed"
            case .closed, nil: ""
            }
    }
}
