import Bytes
public import Ledger
public import Plates
public import Secrets

/// The kinds of statements; the first line of a statement is `platevault/<type>/v1`.
public enum StatementType: String, CaseIterable, Codable, Sendable {
    case roster, generation, grant, request, order, approval, denial, withdraw, evaluation
    case disclosure, shred, prekeys, difference, check, opening, notice, successor
    case hourClosed = "hour-closed"
    case dayDestroyed = "day-destroyed"
    case rolledBack = "rolled-back"
    case shareLost = "share-lost"
    case grantRequest = "grant-request"
    case tally

    /// The first line of its statements, without the line's end.
    public var line: String { "platevault/\(rawValue)/v1" }
    /// Whether it belongs into the log; a site's grant request goes to a custodian only, and a vault's
    /// tally follows from nothing in the log.
    public var isLogged: Bool { self != .grantRequest && self != .tally }

    private static let byLine = Dictionary(uniqueKeysWithValues: allCases.map { ($0.line, $0) })

    init?(line: String) {
        guard let type = Self.byLine[line] else { return nil }
        self = type
    }
}

/// What a statement says: a strict JSON object of one type.
public protocol StatementBody: Codable, Hashable, Sendable {
    /// The type of statements with this body.
    static var type: StatementType { get }
    /// The word of the party that signs it under a roster. Throws `signer-unknown` or `site-unknown`
    /// where the roster has no such party in the role that may sign it.
    func author(in roster: Roster) throws(Refusal) -> String
    /// Checks everything that can be told from the body and the roster alone.
    func checkForm(in roster: Roster) throws(Refusal)
    /// When its author says that it was signed; nil for a roster, which stands where it is put.
    var signed: Timestamp? { get }
}

/// A body that says when its author signed it: all but a roster's.
public protocol DatedBody: StatementBody {
    /// When it was signed, by its author's clock.
    var time: Timestamp { get }
}

extension DatedBody {
    /// The time that it names.
    public var signed: Timestamp? { time }
}

extension StatementBody {
    /// Nothing beyond the shape.
    public func checkForm(in roster: Roster) throws(Refusal) {}
}

/// The text of a statement that a party is about to sign.
///
///     platevault/approval/v1
///     example.org/vault.demo
///     9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
///     {"officer":"clerk-lopez","request":"…64 hex…","time":1795397301244}
public enum StatementDraft {
    /// The four lines, each with its end. Throws `statement-malformed` for what has no JSON.
    public static func text(
        _ body: some StatementBody, origin: String, rosterHash: Digest
    ) throws(Refusal) -> String {
        let json = try CanonicalJSON.encode(body)
        return "\(type(of: body).type.line)\n\(origin)\n\(rosterHash.hex)\n"
            + String(decoding: json, as: UTF8.self) + "\n"
    }

    /// The text of a statement under a roster.
    public static func text(
        _ body: some StatementBody, under roster: Roster
    ) throws(Refusal) -> String {
        try text(body, origin: roster.origin, rosterHash: roster.hash)
    }

    /// The signed statement in its wire form, by one signer.
    public static func sign(
        _ body: some StatementBody, under roster: Roster, by signer: NoteSigner
    ) throws(Refusal) -> [UInt8] {
        let text = try text(body, under: roster)
        do {
            return try signer.sign(text).encode()
        } catch {
            throw Refusal(.statementMalformed, "the statement cannot be signed as a note")
        }
    }

    /// A statement of one author, signed once more under the roster in force, which is another than
    /// the one it was made under; nil where it is the same. Throws `statement-malformed`.
    public static func renewed(
        _ wire: [UInt8], under roster: Roster, by signer: NoteSigner
    ) throws(Refusal) -> [UInt8]? {
        let old = try UnverifiedStatement(wire: wire)
        guard old.rosterHash != roster.hash else { return nil }
        let text =
            "\(old.type.line)\n\(roster.origin)\n\(roster.hash.hex)\n"
            + String(decoding: old.json, as: UTF8.self) + "\n"
        do {
            return try signer.sign(text).encode()
        } catch {
            throw Refusal(.statementMalformed, "the statement cannot be signed as a note")
        }
    }

    /// A statement's id: SHA-256 of its text.
    public static func id(_ text: String) -> Digest { Digest(of: Array(text.utf8)) }
}

/// A statement as it came: its shape is right, its signatures are not yet checked.
public struct UnverifiedStatement: Hashable, Sendable {
    /// The most bytes of a statement, signatures included; also the most of a log entry.
    public static let sizeLimit = 65_535

    /// The kind it says it is.
    public let type: StatementType
    /// The log it says it is for.
    public let origin: String
    /// The roster it says it was made under.
    public let rosterHash: Digest
    /// SHA-256 of its text.
    public let id: Digest
    /// The bytes as they came.
    public let wire: [UInt8]
    let note: Note
    let json: [UInt8]

    /// A statement from its wire form. Throws `statement-malformed` or `statement-type-unknown`.
    public init(wire: [UInt8]) throws(Refusal) {
        // `Note(wire:)` accepts only what it would have written: the wire form is the one there is.
        guard wire.count <= Self.sizeLimit, let note = try? Note(wire: wire) else {
            throw Refusal(.statementMalformed, "the statement is no signed note")
        }
        let text = wire[..<note.text.utf8.count]
        let ends = text.indices.filter { text[$0] == 0x0a }
        guard ends.count == 4, let rosterHash = Digest(hex: text[(ends[1] + 1)..<ends[2]]) else {
            throw Refusal(
                .statementMalformed, "a statement has four lines: type, origin, roster hash, JSON")
        }
        guard let type = StatementType(line: String(decoding: text[..<ends[0]], as: UTF8.self))
        else {
            throw Refusal(.statementTypeUnknown, "the statement's type is not known here")
        }
        self.type = type
        origin = String(decoding: text[(ends[0] + 1)..<ends[1]], as: UTF8.self)
        self.rosterHash = rosterHash
        json = Array(text[(ends[2] + 1)..<ends[3]])
        id = Digest(of: Array(text))
        self.note = note
        self.wire = wire
    }

    /// What it says, as a body of its type, strictly decoded. Throws `statement-malformed`.
    /// Nobody vouches for it yet.
    public func unverifiedBody<Body: StatementBody>(_: Body.Type) throws(Refusal) -> Body {
        guard Body.type == type else {
            throw Refusal(.statementMalformed, "a \(type.rawValue) is no \(Body.type.rawValue)")
        }
        return try CanonicalJSON.decode(Body.self, from: json)
    }
}

/// A statement whose shape, place and signature have been verified under a roster. Nothing but
/// `Roster.verify`, `Roster.successor` and `Record` can make one.
public struct Statement<Body: StatementBody>: Hashable, Sendable {
    /// SHA-256 of its text.
    public let id: Digest
    /// What it says.
    public let body: Body
    /// The word of the party that signed it; for a roster, the custodians' words.
    public let signers: [String]
    /// The bytes as they came.
    public let wire: [UInt8]
    /// The id of the key that signed it; 0 where custodians signed together.
    private let keyID: UInt32

    init(id: Digest, body: Body, signers: [String], wire: [UInt8], key: NoteVerifierKey? = nil) {
        self.id = id
        self.body = body
        self.signers = signers
        self.wire = wire
        keyID = key?.number ?? 0
    }

    /// Whether the key that signed it is its author's under a roster. A key that was revoked speaks
    /// for nobody from then on, in statements that wait to be acted on neither.
    func isCurrent(in roster: Roster) -> Bool {
        signers.allSatisfy { id in
            roster.statementKeys(of: id).contains { $0.number == keyID }
        }
    }
}

extension NoteVerifierKey {
    fileprivate var number: UInt32 { keyID.reduce(0) { $0 << 8 | UInt32($1) } }
}

extension Roster {
    /// Verifies a statement of one author under this roster: type, origin, roster, strict JSON,
    /// form, and exactly one signature, by the party that the body names.
    public func verify<Body: StatementBody>(
        _ statement: UnverifiedStatement, as type: Body.Type = Body.self
    ) throws(Refusal) -> Statement<Body> {
        try verify(statement, as: type, madeUnder: hash)
    }

    /// The same for a statement made under another roster, the one in force.
    func verify<Body: StatementBody>(
        _ statement: UnverifiedStatement, as _: Body.Type = Body.self, madeUnder inForce: Digest
    ) throws(Refusal) -> Statement<Body> {
        guard statement.origin == origin else {
            throw Refusal(.statementOfOtherLog, "the statement is for another log")
        }
        guard statement.rosterHash == inForce else {
            throw Refusal(.rosterOutdated, "the statement was made under another roster")
        }
        let body = try statement.unverifiedBody(Body.self)
        let author = try body.author(in: self)
        let key = statementKeys(of: author).first { statement.note.isSigned(by: $0) }
        guard statement.note.signatures.count == 1, let key else {
            throw Refusal(
                .signatureInvalid, "the statement is not signed by \(author), and by it alone")
        }
        try body.checkForm(in: self)
        return Statement(
            id: statement.id, body: body, signers: [author], wire: statement.wire, key: key)
    }
}
