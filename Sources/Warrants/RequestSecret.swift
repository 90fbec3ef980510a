import Bytes
public import Plates
public import Secrets

/// The commitments of a request (Docs/Spec/Request.md), each SHA-256 over a domain word, 32 random
/// bytes and the value.
public enum Commitment {
    /// SHA-256("platevault/plate-commit/v1" ‖ salt32 ‖ plate).
    public static func plate(_ plate: Plate, salt: [UInt8]) -> Digest {
        Digest(of: Array("platevault/plate-commit/v1".utf8) + salt + plate.utf8Bytes)
    }

    /// SHA-256("platevault/window-commit/v1" ‖ salt32 ‖ u32(count) ‖ cells, each u32(hour) ‖
    /// u16(site), ascending).
    public static func window(_ cells: [Cell], salt: [UInt8]) -> Digest {
        var writer = ByteWriter()
        writer.text("platevault/window-commit/v1")
        writer.raw(salt)
        writer.u32(UInt32(clamping: cells.count))
        for cell in cells {
            writer.u32(cell.hour.number)
            writer.u16(cell.site.number)
        }
        return Digest(of: writer.bytes)
    }

    /// SHA-256("platevault/docket-commit/v1" ‖ salt32 ‖ docket).
    public static func docket(_ docket: String, salt: [UInt8]) -> Digest {
        Digest(of: Array("platevault/docket-commit/v1".utf8) + salt + Array(docket.utf8))
    }
}

/// What a request is about: sealed to each custodian, never in the log, and impossible to print.
///
/// Its wire form is JSON with sorted keys in guarded memory; a plate in it is in normal form. It
/// names the requester and the digest of the reply key, so that nobody can file a copy of somebody
/// else's sealed request with a reply key of his own. While it is written and read, the plates
/// stand for a moment in ordinary memory, as they do in `Plate` itself; the salts too.
public final class RequestSecret: Sendable, CustomStringConvertible, CustomReflectable {
    /// The most bytes of a docket, UTF-8.
    public static let docketLimit = 2_048

    /// The requester's word.
    public let requester: String
    /// SHA-256 of the request's reply key.
    public let replyKey: Digest
    /// The plates, in normal form, each once.
    public let plates: [Plate]
    /// 32 bytes for each plate.
    public let plateSalts: [[UInt8]]
    /// The cells, ascending, each once.
    public let cells: [Cell]
    /// 32 bytes.
    public let windowSalt: [UInt8]
    /// The court's number and the like, one line.
    public let docket: String
    /// 32 bytes.
    public let docketSalt: [UInt8]

    /// A secret of its parts; cells are sorted. Throws `plate-repeated`, `plates-missing`,
    /// `cells-missing` or `secret-malformed`.
    public init(
        requester: String, replyKey: Digest, plates: [Plate], plateSalts: [[UInt8]],
        cells: [Cell], windowSalt: [UInt8], docket: String, docketSalt: [UInt8]
    ) throws(Refusal) {
        guard !plates.isEmpty else {
            throw Refusal(.platesMissing, "a request names at least one plate")
        }
        guard Set(plates.map(\.utf8Bytes)).count == plates.count else {
            throw Refusal(.plateRepeated, "the same plate is named twice")
        }
        guard !cells.isEmpty else {
            throw Refusal(.cellsMissing, "a request names at least one hour at one site")
        }
        let cells = cells.sorted()
        let printable = docket.unicodeScalars.allSatisfy {
            $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value)
        }
        guard plates.count == plateSalts.count, plates.count <= 64, cells.count <= 65_535,
            RosterCheck.isAscending(cells), Set(plates.map(\.fold)).count == 1,
            (plateSalts + [windowSalt, docketSalt]).allSatisfy({ $0.count == 32 }),
            docket.utf8.count <= Self.docketLimit, printable
        else {
            throw Refusal(
                .secretMalformed,
                "a request's secret has a 32-byte salt for each part, each cell once, one line of docket"
            )
        }
        self.requester = requester
        self.replyKey = replyKey
        self.plates = plates
        self.plateSalts = plateSalts
        self.cells = cells
        self.windowSalt = windowSalt
        self.docket = docket
        self.docketSalt = docketSalt
    }

    /// A secret from what an investigator typed, with fresh salts. Throws `plate-not-exact` for
    /// anything that is not one whole plate, a wildcard above all, `docket-names-plate`, and what the
    /// other throws.
    public convenience init(
        requester: String, replyKey: [UInt8], plates texts: [String], fold: Fold, cells: [Cell],
        docket: String, random: any RandomSource
    ) throws(Refusal) {
        var plates: [Plate] = []
        for (place, text) in texts.enumerated() {
            plates.append(try Self.exactPlate(text, fold: fold, place: place))
        }
        guard !Self.names(docket, any: plates, fold: fold) else {
            throw Refusal(
                .docketNamesPlate,
                "the docket names the plate, and the log opens it to everybody after the embargo; "
                    + "write the court's number alone")
        }
        try self.init(
            requester: requester, replyKey: Digest(of: replyKey), plates: plates,
            plateSalts: plates.map { _ in random.bytes(32) }, cells: cells,
            windowSalt: random.bytes(32), docket: docket, docketSalt: random.bytes(32))
    }

    /// 5: a plate of so many characters is looked for wherever it stands, across spaces and hyphens too;
    /// a shorter one is part of many a court's number, and looked for as a word alone.
    private static let longPlate = 5

    /// Whether a docket, which the log opens one day, says one of the plates.
    private static func names(_ docket: String, any plates: [Plate], fold: Fold) -> Bool {
        func normal(_ text: some StringProtocol) -> [[UInt8]] {
            text.map { (try? Plate(normalizing: String($0), fold: fold))?.utf8Bytes ?? [] }
        }
        let whole = normal(docket).flatMap(\.self)
        let words = docket.split(whereSeparator: \.isWhitespace).map { normal($0).flatMap(\.self) }
        return plates.contains { plate in
            words.contains(plate.utf8Bytes)
                || plate.text.count >= longPlate && whole.contains(plate.utf8Bytes)
        }
    }

    /// The secret of a drill, with fresh salts: the reserved plate, some cells, no docket. Nothing
    /// that anybody types comes this way. Throws `cells-missing` or `secret-malformed`.
    public convenience init(
        drillBy requester: String, replyKey: [UInt8], fold: Fold, cells: [Cell],
        random: any RandomSource
    ) throws(Refusal) {
        try self.init(
            requester: requester, replyKey: Digest(of: replyKey), plates: [.canary(fold: fold)],
            plateSalts: [random.bytes(32)], cells: cells, windowSalt: random.bytes(32),
            docket: "", docketSalt: random.bytes(32))
    }

    /// The plate that a text names. Throws `plate-not-exact`; the sentence tells why, never what.
    public static func exactPlate(
        _ text: String, fold: Fold, place: Int = 0
    ) throws(Refusal) -> Plate {
        do throws(PlateRefusal) {
            return try Plate(normalizing: text, fold: fold)
        } catch {
            throw Refusal(
                .plateNotExact,
                "plate \(place + 1) is not one exact plate (\(error.code)); "
                    + "wildcards and parts cannot be searched")
        }
    }

    /// The commitment to each plate.
    public var plateCommitments: [Digest] {
        zip(plates, plateSalts).map { Commitment.plate($0, salt: $1) }
    }
    /// The commitment to the cells.
    public var windowCommitment: Digest { Commitment.window(cells, salt: windowSalt) }
    /// The commitment to the docket.
    public var docketCommitment: Digest { Commitment.docket(docket, salt: docketSalt) }
    /// The days of the cells, ascending.
    public var days: [Day] { Set(cells.map(\.hour.day)).sorted() }

    /// The request that goes with it, ready to be signed by the requester; without an embargo it
    /// is opened as soon as its day is over.
    public func request(
        agency: String, purpose: String, process: ProcessKind, warrant: Digest,
        embargo: Day? = nil, replyKey: [UInt8], sealedCopies: [SealedCopy], time: Timestamp
    ) -> RequestBody {
        RequestBody(
            agency: agency, requester: requester, purpose: purpose, process: process.rawValue,
            warrant: warrant, plateCommitments: plateCommitments,
            windowCommitment: windowCommitment, cellCount: cells.count,
            docketCommitment: docketCommitment, embargo: embargo ?? time.day, replyKey: replyKey,
            sealedCopies: sealedCopies.sorted { $0.custodian < $1.custodian }, time: time)
    }

    /// What a custodian will open of it: window and docket, no plate; the time is still to be set.
    public func opening(
        of request: Digest, by custodian: String
    ) throws(Refusal) -> OpeningBody {
        guard let windowSalt = Digest(wire: windowSalt), let docketSalt = Digest(wire: docketSalt)
        else { throw Refusal(.secretMalformed, "a salt of the request has not 32 bytes") }
        return OpeningBody(
            custodian: custodian, request: request, cells: cells, windowSalt: windowSalt,
            docket: docket, docketSalt: docketSalt, time: Timestamp(milliseconds: 0))
    }

    /// Whether it is what a request commits to. Throws `secret-mismatch`, naming the part.
    public func check(against body: RequestBody) throws(Refusal) {
        func same(_ what: String, _ isSame: Bool) throws(Refusal) {
            guard isSame else {
                throw Refusal(
                    .secretMismatch, "the \(what) is not the one that the request commits to")
            }
        }
        try same("requester", requester == body.requester)
        try same("reply key", replyKey == Digest(of: body.replyKey))
        try same("list of plates", plateCommitments == body.plateCommitments)
        try same(
            "window",
            windowCommitment == body.windowCommitment && cells.count == body.cellCount)
        try same("docket", docketCommitment == body.docketCommitment)
    }

    /// Nothing of it.
    public var description: String { "request secret" }
    /// No children: a dump shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
