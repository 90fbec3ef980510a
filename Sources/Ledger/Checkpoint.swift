import Bytes
public import Secrets

/// The head of a log at one size: the text of a C2SP checkpoint (tlog-checkpoint v1.0.0) without
/// extension lines, which nobody could audit.
///
///     example.com/log42
///     20852163
///     CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
public struct Checkpoint: Sendable, Hashable {
    /// Which log: its name in every checkpoint.
    public let origin: String
    /// How many entries.
    public let size: UInt64
    /// The RFC 6962 root over them.
    public let root: Digest

    /// A head from its parts. Throws `checkpoint-origin` for an origin that could not be the name
    /// of a key.
    public init(origin: String, size: UInt64, root: Digest) throws(LedgerError) {
        guard NoteSyntax.isName(origin) else {
            throw LedgerError(
                code: "checkpoint-origin",
                sentence: "a log's origin is not empty and has neither spaces nor a plus")
        }
        self.origin = origin
        self.size = size
        self.root = root
    }

    /// Reads a checkpoint's text. Throws `checkpoint-form` unless it is exactly what `text` gives.
    public init(text: String) throws(LedgerError) {
        let lines = text.utf8.split(separator: 0x0a, omittingEmptySubsequences: false)
        guard lines.count == 4, let size = UInt64(Substring(lines[1])),
            let root = Base64.decode(String(Substring(lines[2]))).flatMap(Digest.init(wire:))
        else { throw Self.malformed }
        try self.init(origin: String(Substring(lines[0])), size: size, root: root)
        guard self.text.utf8.elementsEqual(text.utf8) else { throw Self.malformed }
    }

    /// Reads a signed checkpoint and verifies that `key` signed it for `origin`. Throws
    /// `checkpoint-unsigned`, `checkpoint-origin`, and what parsing throws.
    public static func verified(
        _ wire: [UInt8], origin: String, key: NoteVerifierKey
    ) throws(LedgerError) -> (checkpoint: Checkpoint, note: Note) {
        let note = try Note(wire: wire)
        guard note.isSigned(by: key) else {
            throw LedgerError(
                code: "checkpoint-unsigned",
                sentence: "the checkpoint bears no valid signature of \(key.name)",
                evidence: [note])
        }
        let checkpoint = try Checkpoint(text: note.text)
        guard checkpoint.origin.utf8.elementsEqual(origin.utf8) else {
            throw LedgerError(
                code: "checkpoint-origin",
                sentence: "the checkpoint is of another log than \(origin)", evidence: [note])
        }
        return (checkpoint, note)
    }

    /// Three lines: origin, size in decimal, root in Base64; each with its line feed.
    public var text: String { "\(origin)\n\(size)\n\(Base64.encode(root.bytes))\n" }

    private static var malformed: LedgerError {
        LedgerError(
            code: "checkpoint-form",
            sentence: "this is no checkpoint of three lines as c2sp.org/tlog-checkpoint has it")
    }
}
