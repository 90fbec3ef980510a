import Bytes
public import Secrets

/// The body of a witness's `add-checkpoint` (tlog-witness v1.0.0), and the rules for it, which
/// witnesses and mirrors share.
///
///     old 20852014
///     PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
///
///     example.com/behind-the-sofa
///     20852163
///     CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
///
///     — example.com/behind-the-sofa …
public struct AddCheckpoint: Sendable, Hashable {
    /// The size of the checkpoint that the client believes to be the latest.
    public let oldSize: UInt64
    /// The consistency proof from there, lowest first; empty from 0.
    public let proof: [Digest]
    /// The new checkpoint.
    public let note: Note

    /// The most lines that a client may send.
    static let maximumHashes = 63

    /// A request from its parts, unverified.
    public init(oldSize: UInt64, proof: [Digest], note: Note) {
        (self.oldSize, self.proof, self.note) = (oldSize, proof, note)
    }

    /// Reads a body. Throws `request-form` unless it is exactly what `encode` gives, and what a note
    /// throws.
    public init(wire: [UInt8]) throws(LedgerError) {
        guard let split = Self.emptyLine(wire),
            let text = String(validating: wire[..<split], as: UTF8.self)
        else { throw Self.malformed }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        guard let first = lines.first, first.hasPrefix("old "),
            let oldSize = UInt64(first.dropFirst(4)), lines.count - 1 <= Self.maximumHashes
        else { throw Self.malformed }
        var proof: [Digest] = []
        for line in lines.dropFirst() {
            guard let hash = Base64.decode(String(line)).flatMap(Digest.init(wire:)) else {
                throw Self.malformed
            }
            proof.append(hash)
        }
        self.init(oldSize: oldSize, proof: proof, note: try Note(wire: Array(wire[(split + 1)...])))
        guard encode() == wire else { throw Self.malformed }
    }

    /// The body's bytes.
    public func encode() -> [UInt8] {
        let hashes = proof.map { Base64.encode($0.bytes) + "\n" }.joined()
        return Array("old \(oldSize)\n\(hashes)\n".utf8) + note.encode()
    }

    /// What becomes of a request: the checkpoint that the caller may now keep and sign, with the
    /// log's line alone, or the answer that refuses it.
    enum Ruling {
        case accepted(SignedHead)
        case refused(TlogReply)
    }

    /// The rules of section "add-checkpoint" in their order, for one log whose latest checkpoint is
    /// given (nil before the first). Changes nothing: whoever calls holds a lock from before reading
    /// the latest until the new one is persisted.
    static func judge(
        _ body: [UInt8], origin: String, key: NoteVerifierKey, latest: Checkpoint?
    ) -> Ruling {
        guard let request = try? AddCheckpoint(wire: body) else {
            return .refused(.refused(400, "the body is no add-checkpoint request"))
        }
        let note = request.note
        guard note.text.utf8.prefix(while: { $0 != 0x0a }).elementsEqual(origin.utf8) else {
            return .refused(.refused(404, "the checkpoint is of a log that is not known here"))
        }
        guard let line = note.signatures.first(where: { $0.isSameKey(as: key.name, key.keyID) }),
            note.isSigned(by: key)
        else {
            return .refused(.refused(403, "the checkpoint bears no valid signature of its log"))
        }
        guard let head = try? Checkpoint(text: note.text) else {
            return .refused(.refused(400, "a checkpoint has three lines, and no extensions here"))
        }
        guard request.oldSize <= head.size else {
            return .refused(.refused(400, "the old size is above the checkpoint's"))
        }
        let oldSize = latest?.size ?? 0
        guard request.oldSize == oldSize else { return .refused(.conflict(size: oldSize)) }
        guard head.size > 0 || head.root == Merkle.emptyRoot else {
            return .refused(.refused(422, "an empty log has another root"))
        }
        guard isConsistent(request.proof, from: latest, to: head),
            let kept = try? Note(text: note.text, signatures: [line])
        else { return .refused(.refused(422, "the proof does not lead to the checkpoint")) }
        return .accepted(SignedHead(head: head, note: kept, key: key))
    }

    private static func isConsistent(
        _ proof: [Digest], from latest: Checkpoint?, to head: Checkpoint
    ) -> Bool {
        // From nothing, anything follows, and nothing proves it.
        guard let latest, latest.size > 0 else { return proof.isEmpty }
        do {
            try Merkle.verifyConsistency(
                oldSize: latest.size, oldRoot: latest.root, size: head.size, root: head.root,
                proof: proof)
            return true
        } catch { return false }
    }

    /// Where the first empty line stands: a note's text may have more of them.
    private static func emptyLine(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 2 else { return nil }
        return (1..<bytes.count).first { bytes[$0] == 0x0a && bytes[$0 - 1] == 0x0a }
    }

    private static var malformed: LedgerError {
        LedgerError(
            code: "request-form", sentence: "this is no request as c2sp.org/tlog-witness has it")
    }
}
