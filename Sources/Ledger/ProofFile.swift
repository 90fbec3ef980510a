import Bytes
public import Secrets

/// A proof that an entry is in a log, for a file that is checked offline (tlog-proof,
/// `c2sp.org/tlog-proof@v1`).
///
///     c2sp.org/tlog-proof@v1
///     index 1
///     oa8DAjHKL9IOzzDFKUuvj2kyHQm7FqxTiFzNF6OFKA0=
///     ZW0+j1RCOM324y1kD1G6CRSVmxTt16UtC4uZq0yKxsY=
///
///     example.com/log42
///     3
///     w2UeVBcUxT1kjsx7rsp/4sNu9PplvM4ksdcShkN95WY=
///
///     — example.com/log42 …
public struct ProofFile: Sendable, Hashable {
    /// Bytes for the application, which nothing authenticates; nil where the line is not there.
    public let extra: [UInt8]?
    /// The number of the entry in the log.
    public let index: UInt64
    /// The inclusion proof in the checkpoint's tree, lowest sibling first.
    public let proof: [Digest]
    /// The checkpoint, with the signatures of log and cosigners.
    public let note: Note

    private static let header = "c2sp.org/tlog-proof@v1"
    /// More hashes than any proof has in a tree of fewer than 2^63 entries.
    private static let maximumHashes = 63

    /// A proof from its parts, unverified.
    public init(extra: [UInt8]? = nil, index: UInt64, proof: [Digest], note: Note) {
        (self.extra, self.index, self.proof, self.note) = (extra, index, proof, note)
    }

    /// Reads a proof file. Throws `proof-form` unless it is exactly what `encode` gives, and what a
    /// note and a checkpoint throw.
    public init(wire: [UInt8]) throws(LedgerError) {
        var lines = wire[...]
        func next() throws(LedgerError) -> String {
            guard let end = lines.firstIndex(of: 0x0a),
                let line = String(validating: lines[..<end], as: UTF8.self)
            else { throw Self.malformed }
            lines = lines[(end + 1)...]
            return line
        }
        guard try next() == Self.header else { throw Self.malformed }
        var line = try next()
        var extra: [UInt8]?
        if line.hasPrefix("extra ") {
            extra = Base64.decode(String(line.dropFirst(6)))
            line = try next()
        }
        guard line.hasPrefix("index "), let index = UInt64(line.dropFirst(6)) else {
            throw Self.malformed
        }
        var proof: [Digest] = []
        while true {
            line = try next()
            guard !line.isEmpty else { break }
            guard let hash = Base64.decode(line).flatMap(Digest.init(wire:)),
                proof.count < Self.maximumHashes
            else { throw Self.malformed }
            proof.append(hash)
        }
        self.init(extra: extra, index: index, proof: proof, note: try Note(wire: Array(lines)))
        _ = try Checkpoint(text: note.text)
        // A number with a sign or zeros before it, or a line that was not decoded, ends here.
        guard encode() == wire else { throw Self.malformed }
    }

    /// The file's bytes.
    public func encode() -> [UInt8] {
        var text = Self.header + "\n"
        if let extra { text += "extra \(Base64.encode(extra))\n" }
        text += "index \(index)\n"
        for hash in proof { text += Base64.encode(hash.bytes) + "\n" }
        return Array((text + "\n").utf8) + note.encode()
    }

    /// Checks that the leaf stands at `index` in the log of this origin and key, under a checkpoint
    /// that at least `quorum` of the cosigners have cosigned; returns what was proven. Throws
    /// `quorum-missing` for a quorum below 1 or with too few cosignatures, `note-signature-wrong`,
    /// `checkpoint-unsigned`, `checkpoint-origin`, `proof-range`, `proof-length`, `proof-wrong`.
    @discardableResult
    public func verify(
        leafHash: Digest, origin: String, logKey: NoteVerifierKey, cosigners: [CosignerKey],
        quorum: Int
    ) throws(LedgerError) -> (head: Checkpoint, cosignatures: [Cosignature]) {
        let head = try Checkpoint.verified(note.encode(), origin: origin, key: logKey).checkpoint
        let distinct = Set(cosigners.map(\.key)).count == cosigners.count
        let cosignatures = try note.cosignatures(by: cosigners)
        guard quorum > 0, distinct, cosignatures.count >= quorum else {
            throw LedgerError(
                code: "quorum-missing",
                sentence: "\(cosignatures.count) of \(cosigners.count) cosigners have cosigned, "
                    + "at least \(max(quorum, 1)) different ones must",
                evidence: [note])
        }
        try verifyInclusion(leafHash, head)
        return (head, cosignatures)
    }

    /// As above, for an entry.
    @discardableResult
    public func verify(
        entry: [UInt8], origin: String, logKey: NoteVerifierKey, cosigners: [CosignerKey],
        quorum: Int
    ) throws(LedgerError) -> (head: Checkpoint, cosignatures: [Cosignature]) {
        try verify(
            leafHash: Merkle.leafHash(entry), origin: origin, logKey: logKey,
            cosigners: cosigners, quorum: quorum)
    }

    /// Checks that the leaf stands at `index` in one of the policy's logs, under a checkpoint that
    /// the policy accepts. Throws as `TlogPolicy.check`, and `proof-…`.
    @discardableResult
    public func verify(
        leafHash: Digest, policy: TlogPolicy
    ) throws(LedgerError) -> (head: Checkpoint, cosignatures: [Cosignature]) {
        let (head, cosignatures) = try policy.check(note)
        try verifyInclusion(leafHash, head)
        return (head, cosignatures)
    }

    private func verifyInclusion(_ leafHash: Digest, _ head: Checkpoint) throws(LedgerError) {
        try Merkle.verifyInclusion(
            leafHash: leafHash, index: index, size: head.size, proof: proof, root: head.root)
    }

    private static var malformed: LedgerError {
        LedgerError(
            code: "proof-form", sentence: "this is no proof file as c2sp.org/tlog-proof has it")
    }
}
