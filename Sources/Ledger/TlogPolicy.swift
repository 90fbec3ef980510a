import Secrets

/// Which checkpoints are believed (tlog-policy): those of one of these logs that a quorum of these
/// witnesses has cosigned. Keys are Ed25519; a policy with others is refused, not read in part.
///
///     log example.com/log42+30d7bb5a+AQOhB7/z…
///     witness clerk clerk.example/m+…
///     witness auditor auditor.example/m+…
///     witness privacy privacy.example/m+…
///     group custodians 2 clerk auditor privacy
///     quorum custodians
public struct TlogPolicy: Sendable {
    /// A log whose checkpoints are believed, and where it is, if the policy says.
    public struct KnownLog: Sendable, Hashable {
        /// The log's key; its name is the log's origin.
        public let key: NoteVerifierKey
        /// Opaque to the policy.
        public let url: [UInt8]?
    }

    /// A witness, under the name that the policy has for it.
    public struct Witness: Sendable, Hashable {
        /// A name within the policy: bytes, as they stand there.
        public let name: [UInt8]
        /// The key of its cosignatures.
        public let key: CosignerKey
        /// Opaque to the policy.
        public let url: [UInt8]?
    }

    /// The logs in the order of their lines.
    public let logs: [KnownLog]
    /// The witnesses in the order of their lines.
    public let witnesses: [Witness]
    private let groups: [[UInt8]: Group]
    /// A witness or group, or nil for `none`, which must be said.
    private let quorum: [UInt8]?

    /// Members that come before it in the file, and how many of them are needed.
    struct Group: Sendable {
        let needed: Int
        let members: [[UInt8]]
    }

    /// The most bytes of a policy that are read.
    public static let maximumSize = 1 << 20

    /// Reads a policy. Throws `policy-form` for bytes and lines that it cannot have, `policy-name`
    /// for a name that is taken, unknown or used twice, `policy-key` for a key of another type or
    /// one that stands there twice, `policy-quorum` where the quorum is missing, empty or doubled.
    public init(wire: [UInt8]) throws(LedgerError) {
        let parts = try PolicyParser.parse(wire)
        (logs, witnesses, groups) = (parts.logs, parts.witnesses, parts.groups)
        switch parts.quorum {
        case nil: throw PolicyParser.refusal("quorum", "a policy has one quorum line")
        case .nobody?: quorum = nil
        case .named(let name)?: quorum = name
        }
    }

    /// Whether these cosignatures are a quorum. Each must be by one of the policy's witnesses.
    public func isQuorum(_ cosignatures: [Cosignature]) -> Bool {
        guard let quorum else { return true }
        let keys = Set(cosignatures.map(\.key))
        return hasWitnessed(quorum, Set(witnesses.filter { keys.contains($0.key) }.map(\.name)))
    }

    /// Checks a checkpoint's note: signed by a log of the policy whose name is its origin, no known
    /// signature wrong, cosigned by the quorum. Throws `checkpoint-unsigned`, `checkpoint-origin`,
    /// `checkpoint-form`, `note-signature-wrong`, `quorum-missing`.
    public func check(
        _ note: Note
    ) throws(LedgerError) -> (head: Checkpoint, cosignatures: [Cosignature]) {
        guard let key = try note.signers(among: logs.map(\.key)).first else {
            throw LedgerError(
                code: "checkpoint-unsigned",
                sentence: "the checkpoint bears no signature of a log of the policy",
                evidence: [note])
        }
        let head = try Checkpoint.verified(note.encode(), origin: key.name, key: key).checkpoint
        let cosignatures = try note.cosignatures(by: witnesses.map(\.key))
        guard isQuorum(cosignatures) else {
            throw LedgerError(
                code: "quorum-missing",
                sentence: "the checkpoint has \(cosignatures.count) cosignatures of the policy's "
                    + "\(witnesses.count) witnesses, and they are no quorum",
                evidence: [note])
        }
        return (head, cosignatures)
    }

    private func hasWitnessed(_ name: [UInt8], _ present: Set<[UInt8]>) -> Bool {
        guard let group = groups[name] else { return present.contains(name) }
        return group.members.count { hasWitnessed($0, present) } >= group.needed
    }
}
