public import Ledger
import Secrets

/// A roster on its way into force: what it says, and who has signed so far. It travels as a note;
/// signatures are gathered on copies of it and put together.
public struct RosterProposal: Hashable, Sendable {
    /// What it says.
    public let roster: Roster
    /// The note with the signatures so far.
    public let note: Note

    /// A proposal from a note. Throws `roster-malformed` for anything but a roster's note, and what
    /// `Roster.init` throws.
    public init(wire: [UInt8]) throws(Refusal) {
        let statement = try UnverifiedStatement(wire: wire)
        let body = try statement.unverifiedBody(RosterBody.self)
        roster = try Roster(
            origin: statement.origin, previous: statement.rosterHash, body: body)
        guard roster.text == statement.note.text else {
            throw RosterText.malformed("the note is not written as its roster is")
        }
        note = statement.note
    }

    /// A roster with its first signature.
    public init(_ roster: Roster, signedBy signer: NoteSigner) throws(Refusal) {
        try self.init(wire: try roster.signed(by: [signer]))
    }

    /// Whose signatures count: custodians of the roster in force, or for a first roster its own. The
    /// same as `Roster.first` and `Roster.successor` ask for. Throws `roster-succession` where it
    /// follows another roster than the one in force.
    public func judges(inForce: Roster?) throws(Refusal) -> Roster {
        guard let inForce else {
            guard roster.previous == .zero else {
                throw Refusal(
                    .rosterSuccession, "the roster follows another; name the one in force")
            }
            return roster
        }
        try RosterCheck.succession(from: inForce, to: roster)
        return inForce
    }

    /// The custodians whose signatures count so far.
    public func signers(inForce: Roster?) throws(Refusal) -> [String] {
        let judges = try judges(inForce: inForce)
        return judges.custodians.map(\.id).filter { id in
            judges.statementKeys(of: id).contains { note.isSigned(by: $0) }
        }
    }

    /// With one more custodian's signature. Throws `signer-unknown` for anybody whose signature would
    /// not count: a note with it could never come into force.
    public func signed(
        by signer: NoteSigner, inForce: Roster?
    ) throws(Refusal) -> RosterProposal {
        let judges = try judges(inForce: inForce)
        guard
            judges.custodians.contains(where: {
                judges.statementKeys(of: $0.id).contains(signer.verifierKey)
            })
        else {
            throw Refusal(
                .signerUnknown, "\(signer.name) is no custodian of the roster that decides on this")
        }
        do {
            return try RosterProposal(wire: try signer.cosign(note).encode())
        } catch {
            throw Refusal(.rosterSignatures, "the roster cannot be signed as a note")
        }
    }

    /// The signatures of both, of those that count. Throws `roster-malformed` for another roster.
    public func joined(
        with other: RosterProposal, inForce: Roster?
    ) throws(Refusal) -> RosterProposal {
        guard other.roster == roster else {
            throw RosterText.malformed("the notes are of different rosters")
        }
        let judges = try judges(inForce: inForce)
        let keys = judges.custodians.flatMap { judges.statementKeys(of: $0.id) }
        var signatures: [NoteSignature] = []
        for key in keys {
            let found = [note, other.note].first { $0.isSigned(by: key) }?.signatures.first {
                $0.name == key.name && $0.keyID == key.keyID
            }
            if let found { signatures.append(found) }
        }
        do {
            let note = try Note(text: note.text, signatures: signatures)
            return try RosterProposal(wire: note.encode())
        } catch {
            throw Refusal(.rosterSignatures, "no signature on the roster counts")
        }
    }
}

/// The rosters of a log as a party keeps them in one file: the first, which it trusts, and those that
/// followed, each verified by the one before. With it alone a party knows whom to connect to and who
/// may sign, however long it was away.
///
/// The file holds the notes one after another, each beginning with the type's line.
public struct RosterChain: Hashable, Sendable {
    /// The rosters in their order; at least one.
    public let rosters: [Roster]
    /// Their notes.
    public let notes: [[UInt8]]

    /// The roster that everything is checked against.
    public let first: Roster
    /// The newest one that is known here.
    public let newest: Roster

    /// A chain from a file. Throws what `Roster.first` and `Roster.successor` throw.
    public init(wire: [UInt8]) throws(Refusal) {
        try self.init(notes: Self.split(wire))
        guard encode() == wire else {
            throw RosterText.malformed("something stands before the first note")
        }
    }

    /// A chain of its notes. Throws what `Roster.first` and `Roster.successor` throw.
    public init(notes: [[UInt8]]) throws(Refusal) {
        guard let root = notes.first else {
            throw Refusal(.rosterMissing, "there is no roster")
        }
        first = try Roster.first(try UnverifiedStatement(wire: root)).roster
        var rosters = [first]
        var last = first
        for note in notes.dropFirst() {
            last = try last.successor(try UnverifiedStatement(wire: note)).roster
            rosters.append(last)
        }
        newest = last
        self.rosters = rosters
        self.notes = notes
    }

    /// The file's bytes.
    public func encode() -> [UInt8] { Array(notes.joined()) }

    /// The chain with the rosters of a log that are newer. Throws `roster-succession` where the log
    /// does not go on from this chain.
    public func extended(with notes: [[UInt8]]) throws(Refusal) -> RosterChain {
        guard self.notes.count <= notes.count,
            zip(self.rosters, notes).allSatisfy({ known, note in
                (try? UnverifiedStatement(wire: note))?.id == known.hash
            })
        else {
            throw Refusal(.rosterSuccession, "the log's rosters are not those that are kept here")
        }
        return try RosterChain(notes: self.notes + notes.dropFirst(self.notes.count))
    }

    /// A note's text has four lines and no line of JSON begins like this, so the type's line is where
    /// a note begins.
    private static func split(_ wire: [UInt8]) -> [[UInt8]] {
        var notes: [[UInt8]] = []
        for line in wire.split(separator: 0x0a, omittingEmptySubsequences: false) {
            if line.elementsEqual(StatementType.roster.line.utf8) { notes.append([]) }
            guard let last = notes.indices.last else { continue }
            notes[last] += line + [0x0a]
        }
        // The last line feed ends the last line, and begins none.
        if let last = notes.indices.last, wire.last == 0x0a { notes[last].removeLast() }
        return notes
    }
}
