import Bytes
public import Ledger
public import Plates
public import Secrets
public import Warrants

/// What shows whoever holds it, without a network, that one entry of the log is a search for one
/// plate (Docs/Spec/RequestProof.md): the request as logged, its place in the log, and the opening of
/// one plate's commitment. Of the request's other plates, window and docket it has the commitments
/// that everybody sees, and nothing else.
///
/// **It names the plate**: it is for the plate's owner and the court.
public struct RequestProof: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    /// A statement of the log and its place there.
    public struct Entry: Sendable, Hashable {
        /// The index in the log.
        public let index: UInt64
        /// The signed statement.
        public let wire: [UInt8]
    }

    /// The request's id.
    public let request: Digest
    /// Which of the request's plates is opened, from 0.
    public let place: Int
    /// The plate.
    public let plate: Plate
    /// The salt of its commitment, 32 bytes.
    public let salt: [UInt8]
    /// The log's rosters and successions, from the first roster on, and the request; ascending.
    public let entries: [Entry]
    /// The inclusion proof of the request, with the checkpoint.
    public let proof: ProofFile

    static let header = "platevault/request-proof/v1"

    /// The proof of one plate of a request, from somebody's own copy of the log and the request's
    /// secret. Throws `plate-index` where the request has no such plate, `secret-mismatch`.
    public init(
        of secret: RequestSecret, place: Int, request: Digest, record: Record, mirror: Mirror
    ) throws {
        guard let state = record.request(request), let checkpoint = mirror.checkpoint else {
            throw Refusal(.requestUnknown, "the log has no request \(request)")
        }
        try secret.check(against: state.body)
        guard secret.plates.indices.contains(place) else {
            throw InquiryError(
                code: "plate-index",
                sentence: "the request names \(secret.plates.count) plates, counted from 0")
        }
        let index = state.request.index
        let indices = record.rosters.map(\.index) + record.successions.map(\.index) + [index]
        entries = try Set(indices).filter { $0 < mirror.size }.sorted().map {
            Entry(index: $0, wire: try mirror.entry(at: $0))
        }
        self.request = request
        self.place = place
        plate = secret.plates[place]
        salt = secret.plateSalts[place]
        proof = ProofFile(
            index: index, proof: try mirror.inclusionProof(of: index),
            note: try Note(wire: checkpoint))
    }

    /// A proof of its parts, unverified.
    init(
        request: Digest, place: Int, plate: Plate, salt: [UInt8], entries: [Entry],
        proof: ProofFile
    ) {
        self.request = request
        self.place = place
        self.plate = plate
        self.salt = salt
        self.entries = entries
        self.proof = proof
    }

    /// The file's bytes.
    public func encode() -> [UInt8] {
        var text = "\(Self.header)\nrequest \(request.hex)\n"
        text += "plate \(place) \(plate.fold.rawValue) \(plate.text)\nsalt \(Hex.encode(salt))\n"
        for entry in entries {
            text += "entry \(entry.index) \(Base64.encode(entry.wire))\n"
        }
        return Array((text + "\n").utf8) + proof.encode()
    }

    /// Reads a file. Throws `request-proof-form` unless it is exactly what `encode` gives, and what
    /// a proof file throws. Nothing in it is verified.
    public init(wire: [UInt8]) throws {
        var rest = wire[...]
        func words(_ count: Int) throws -> [Substring] {
            guard let end = rest.firstIndex(of: 0x0a),
                let line = String(validating: rest[..<end], as: UTF8.self)
            else { throw Self.malformed }
            rest = rest[(end + 1)...]
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            guard words.count == count || line.isEmpty else { throw Self.malformed }
            return line.isEmpty ? [] : words
        }
        guard try words(1) == [Substring(Self.header)] else { throw Self.malformed }
        let named = try words(2)
        let plate = try words(4)
        let salt = try words(2)
        guard named.first == "request", let request = Digest(hex: String(named[1])),
            plate.first == "plate", let place = Int(plate[1]), place >= 0,
            let fold = Fold(rawValue: String(plate[2])),
            let opened = try? Plate(kept: String(plate[3]), fold: fold),
            salt.first == "salt", let bytes = Hex.decode(String(salt[1])), bytes.count == 32
        else { throw Self.malformed }
        var entries: [Entry] = []
        while true {
            let entry = try words(3)
            if entry.isEmpty { break }
            guard entry[0] == "entry", let index = UInt64(entry[1]),
                entries.last.map({ $0.index < index }) ?? true,
                let wire = Base64.decode(String(entry[2]))
            else { throw Self.malformed }
            entries.append(Entry(index: index, wire: wire))
        }
        self.request = request
        self.place = place
        self.plate = opened
        self.salt = bytes
        self.entries = entries
        proof = try ProofFile(wire: Array(rest))
        // Numbers with a sign or zeros before them end here.
        guard encode() == wire else { throw Self.malformed }
    }

    /// Nothing of it.
    public var description: String { "request proof" }
    /// No children: a dump shows nothing.
    public var customMirror: Swift.Mirror { Swift.Mirror(self, children: [:]) }

    private static var malformed: InquiryError {
        InquiryError(code: "request-proof-form", sentence: "this is no request proof in its form")
    }
}

/// A request proof that was checked.
public struct VerifiedRequestProof: Sendable {
    /// The request as it stands in the log.
    public let request: Logged<RequestBody>
    /// The first roster, on whose word everything rests. Compare it with one from a source of trust.
    public let roster: Digest
    /// The size of the log that the proof leads to.
    public let logSize: UInt64
    /// The custodians that cosigned the checkpoint.
    public let cosigners: [String]
    /// How many the roster demands before others act on a checkpoint.
    public let quorum: Int
}

extension RequestProof {
    /// Checks everything: the rosters from the first on, the request under the roster in force, its
    /// inclusion, and that the commitment opens to `asked`. `trusted` is the hash of the first roster
    /// from a source of trust; nil takes the file's own.
    ///
    /// Throws `request-proof-roster` for another first roster, `request-proof-request` where the
    /// entry is another request than named, `request-proof-opening` where salt and plate do not fit
    /// the commitment, `plate-other` where they do and it is not the plate that was asked about;
    /// `checkpoint-unsigned`, `checkpoint-origin`, `proof-…`, or a statement's refusal.
    public func verify(plate asked: String, trusted: Digest? = nil) throws -> VerifiedRequestProof {
        guard let first = entries.first, first.index == 0 else {
            throw Self.other("roster", "the proof does not begin with the log's first roster")
        }
        let (roster, _) = try Roster.first(try UnverifiedStatement(wire: first.wire))
        guard trusted == nil || trusted == roster.hash else {
            throw Self.other(
                "roster", "the proof rests on another first roster than the trusted one")
        }
        var record = Record(trusting: roster)
        var found: RequestState?
        for entry in entries {
            guard record.skip(to: entry.index) else { throw Self.malformed }
            if let refusal = record.append(entry.wire) { throw refusal }
            // A record forgets old requests when newer statements come.
            found = record.request(request) ?? found
        }
        guard let state = found, state.request.index == proof.index else {
            throw Self.other("request", "the proof's entry is not the request that it names")
        }
        let head = try Checkpoint.verified(
            proof.note.encode(), origin: record.origin, key: record.logKey
        ).checkpoint
        try Merkle.verifyInclusion(
            leafHash: Merkle.leafHash(state.request.statement.wire), index: proof.index,
            size: head.size, proof: proof.proof, root: head.root)
        let cosigners = try record.roster.custodians.filter { custodian in
            let key = try CosignerKey(
                name: record.roster.keyName(custodian.id), key: custodian.cosignKey.key)
            return try !proof.note.cosignatures(by: [key]).isEmpty
        }
        try checkOpening(of: state.body, asked)
        return VerifiedRequestProof(
            request: state.request, roster: roster.hash, logSize: head.size,
            cosigners: cosigners.map(\.id), quorum: record.roster.quorum)
    }

    private func checkOpening(of body: RequestBody, _ asked: String) throws {
        guard body.plateCommitments.indices.contains(place),
            Commitment.plate(plate, salt: salt) == body.plateCommitments[place]
        else {
            throw Self.other("opening", "plate and salt are not what the request commits to")
        }
        guard try RequestSecret.exactPlate(asked, fold: plate.fold) == plate else {
            throw InquiryError(
                code: "plate-other",
                sentence: "the log's entry is a search, but not for the plate that was asked about")
        }
    }

    private static func other(_ what: String, _ sentence: String) -> InquiryError {
        InquiryError(code: "request-proof-\(what)", sentence: sentence)
    }
}
