public import Ledger
import Plates
import Secrets

extension Roster {
    /// The roster's statement in its wire form, signed by some custodians.
    /// Throws `statement-malformed` where the note cannot be made, for instance with no signer.
    public func signed(by signers: [NoteSigner]) throws(Refusal) -> [UInt8] {
        try Self.note(text, signers)
    }

    /// A statement that custodians sign together, such as a successor, in its wire form. Throws
    /// `statement-malformed` where the note cannot be made.
    public func signed(
        _ body: some StatementBody, together signers: [NoteSigner]
    ) throws(Refusal) -> [UInt8] {
        try Self.note(try StatementDraft.text(body, under: self), signers)
    }

    private static func note(
        _ text: String, _ signers: [NoteSigner]
    ) throws(Refusal) -> [UInt8] {
        do {
            guard let first = signers.first else {
                throw Refusal(.rosterSignatures, "custodians sign together: there is none")
            }
            var note = try first.sign(text)
            for signer in signers.dropFirst() { note = try signer.cosign(note) }
            return note.encode()
        } catch {
            throw Refusal(.rosterSignatures, "the statement cannot be signed as a note")
        }
    }

    /// The first roster of a log from its statement: signed by t of its own custodians. Whether it
    /// is the right one, only its hash from a trusted source can tell.
    public static func first(
        _ statement: UnverifiedStatement
    ) throws(Refusal) -> (roster: Roster, statement: Statement<RosterBody>) {
        guard statement.rosterHash == .zero else {
            throw Refusal(.rosterSuccession, "the first roster names no roster before it")
        }
        let body = try statement.unverifiedBody(RosterBody.self)
        let roster = try Roster(origin: statement.origin, body: body)
        let signers = try roster.signers(of: statement)
        return (
            roster,
            Statement(id: statement.id, body: body, signers: signers, wire: statement.wire)
        )
    }

    /// The roster that follows this one: it names this one's hash and is signed by t of this one's
    /// custodians, whatever the new one says. Throws `roster-succession`, `roster-signatures`, or
    /// what is wrong with the new roster by itself.
    public func successor(
        _ statement: UnverifiedStatement
    ) throws(Refusal) -> (roster: Roster, statement: Statement<RosterBody>) {
        guard statement.origin == origin else {
            throw Refusal(.statementOfOtherLog, "the roster is for another log")
        }
        let body = try statement.unverifiedBody(RosterBody.self)
        let next = try Roster(origin: origin, previous: statement.rosterHash, body: body)
        try RosterCheck.succession(from: self, to: next)
        let signers = try signers(of: statement)
        return (
            next, Statement(id: statement.id, body: body, signers: signers, wire: statement.wire)
        )
    }

    /// Whether this roster can follow one, whoever signs it. Throws `roster-succession`.
    public func checkFollows(_ old: Roster) throws(Refusal) {
        try RosterCheck.succession(from: old, to: self)
    }

    /// A succession of the log, verified: signed by t custodians in force and nobody else, and
    /// standing at the index that it names. Throws `successor-signatures`, `successor-place`.
    public func succession(
        _ statement: UnverifiedStatement, at index: UInt64
    ) throws(Refusal) -> Statement<SuccessorBody> {
        let statement = try succession(statement)
        guard statement.body.size == index else {
            throw Refusal(
                .successorPlace,
                "the successor follows \(statement.body.size) entries, not \(index)")
        }
        return statement
    }

    /// The same but for the index, which only the log's reader knows.
    func succession(
        _ statement: UnverifiedStatement
    ) throws(Refusal) -> Statement<SuccessorBody> {
        guard statement.origin == origin else {
            throw Refusal(.statementOfOtherLog, "the successor is of another log")
        }
        guard statement.rosterHash == hash else {
            throw Refusal(.rosterOutdated, "the successor was signed under another roster")
        }
        let body = try statement.unverifiedBody(SuccessorBody.self)
        let signers: [String]
        do {
            signers = try self.signers(of: statement)
        } catch {
            throw Refusal(.successorSignatures, error.sentence)
        }
        return Statement(
            id: statement.id, body: body, signers: signers, wire: statement.wire)
    }

    /// The custodians who signed a statement together: at least t, and nobody else.
    private func signers(of statement: UnverifiedStatement) throws(Refusal) -> [String] {
        let valid = custodians.filter { custodian in
            statementKeys(of: custodian.id).contains { statement.note.isSigned(by: $0) }
        }
        guard valid.count >= threshold.t, valid.count == statement.note.signatures.count else {
            throw Refusal(
                .rosterSignatures,
                "the statement has \(valid.count) signatures of custodians in force, of "
                    + "\(statement.note.signatures.count); \(threshold.t) are needed and no others")
        }
        return valid.map(\.id)
    }
}
