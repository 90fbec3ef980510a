import Bytes

/// A log's side of witnesses and mirrors: builds the bodies of their requests for one head of the
/// log, and follows their answers until the cosignature is there. How a body gets to the other side
/// is the caller's.
///
///     let upload = try MirrorUpload(log)
///     let lines = try upload.push(
///         addCheckpoint: { try post("add-checkpoint", $0) },
///         addEntries: { try post("add-entries", $0) })
///     _ = try log.add(cosignatures: upload.note.adding(lines))     once they are verified
public struct MirrorUpload: Sendable {
    private let log: Log
    /// The head that is pushed: the log's at the beginning.
    public let note: Note
    /// What it says.
    public let head: Checkpoint

    /// An upload of the log's present head. Throws `note-form` and the like, where it is none.
    public init(_ log: Log) throws(LedgerError) {
        self.log = log
        note = try Note(wire: log.checkpoint)
        head = try Checkpoint(text: note.text)
    }

    /// The body of `add-checkpoint` from an older size on. Throws `proof-range` above the head.
    public func checkpointBody(from oldSize: UInt64) throws(LedgerError) -> [UInt8] {
        guard oldSize <= head.size else { throw Merkle.outOfRange }
        let proof = oldSize == 0 ? [] : try log.consistencyProof(from: oldSize, to: head.size)
        return AddCheckpoint(oldSize: oldSize, proof: proof, note: note).encode()
    }

    /// The body of `add-entries` for the entries from `start` on, at most 32 packages of them, each
    /// proven to be in the tree of `end` entries. Throws `proof-range` above the head.
    public func entriesBody(
        from start: UInt64, to end: UInt64, ticket: [UInt8] = []
    ) throws(LedgerError) -> [UInt8] {
        guard start <= end, end <= head.size else { throw Merkle.outOfRange }
        let upload = EntryUpload(origin: log.origin, start: start, end: end, ticket: ticket)
        var body = try upload.encodeHead()
        for range in upload.ranges.prefix(EntryUpload.maximumPackages) {
            let subtree = (range.lowerBound & ~255)..<range.upperBound
            let package = EntryUpload.Package(
                range: range, entries: try log.entries(range),
                proof: try log.subtreeProof(of: subtree, size: end))
            try EntryUpload.encode(package, into: &body)
        }
        return body.bytes
    }

    /// Brings a witness to the head: `addCheckpoint` sends a body and gives the answer. Returns the
    /// witness's lines, unverified. Throws `mirror-ahead` where it has seen a larger tree than this,
    /// `mirror-refused` for any other answer, and what sending throws.
    public func push(
        addCheckpoint: ([UInt8]) throws -> TlogReply
    ) throws -> [NoteSignature] {
        var oldSize: UInt64 = 0
        for _ in 0..<Self.patience {
            let reply = try addCheckpoint(checkpointBody(from: oldSize))
            switch reply.status {
            case 200: return try lines(reply)
            case 409:
                guard let size = Self.numbers(reply, 1)?[0], size != oldSize else {
                    throw Self.refused(reply)
                }
                oldSize = try bounded(size)
            default: throw Self.refused(reply)
            }
        }
        throw LedgerError(code: "mirror-refused", sentence: "the other side changes all the time")
    }

    /// Brings a mirror to the head: first its pending checkpoint, then the entries that it lacks.
    /// Returns the mirror's lines, unverified. Throws as above.
    public func push(
        addCheckpoint: ([UInt8]) throws -> TlogReply, addEntries: ([UInt8]) throws -> TlogReply
    ) throws -> [NoteSignature] {
        _ = try push(addCheckpoint: addCheckpoint)
        // To ask for nothing is to ask where to go on.
        var (start, ticket, rounds) = (head.size, [] as [UInt8], 0)
        while rounds < Self.patience {
            let reply = try addEntries(entriesBody(from: start, to: head.size, ticket: ticket))
            switch reply.status {
            case 200: return try lines(reply)
            case 202, 409:
                guard let numbers = Self.numbers(reply, 3),
                    let opaque = Base64.decode(Self.texts(reply)[2])
                else { throw Self.refused(reply) }
                // More entries or a newer checkpoint than this head has: another client was
                // faster, and there is nothing left to push.
                _ = try bounded(numbers[0])
                let next = try bounded(numbers[1])
                // Only where nothing was gained, patience is lost.
                rounds = reply.status == 202 && next > start ? 0 : rounds + 1
                (start, ticket) = (next, opaque)
            default: throw Self.refused(reply)
            }
        }
        throw LedgerError(code: "mirror-refused", sentence: "the other side changes all the time")
    }

    private static let patience = 16

    private func bounded(_ size: UInt64) throws(LedgerError) -> UInt64 {
        guard size <= head.size else {
            throw LedgerError(
                code: "mirror-ahead",
                sentence: "the other side has seen \(size) entries, this head has \(head.size)")
        }
        return size
    }

    /// The signature lines of an answer, read as those of the checkpoint.
    private func lines(_ reply: TlogReply) throws(LedgerError) -> [NoteSignature] {
        guard !reply.body.isEmpty else { return [] }
        return try Note(wire: Array((note.text + "\n").utf8) + reply.body).signatures
    }

    private static func texts(_ reply: TlogReply) -> [String] {
        String(decoding: reply.body, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false
        ).map(String.init)
    }

    /// The one or two numbers of an answer of so many lines.
    private static func numbers(_ reply: TlogReply, _ count: Int) -> [UInt64]? {
        let texts = texts(reply)
        guard texts.count == count + 1, texts[count].isEmpty else { return nil }
        let numbers = texts.prefix(min(count, 2)).compactMap { UInt64($0) }
        return numbers.count == min(count, 2) ? numbers : nil
    }

    private static func refused(_ reply: TlogReply) -> LedgerError {
        LedgerError(code: "mirror-refused", sentence: "the other side answered \(reply.status)")
    }
}
