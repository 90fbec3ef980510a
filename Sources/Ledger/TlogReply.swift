/// What a witness or mirror answers over HTTP: ready for any server, knowing none.
public struct TlogReply: Sendable, Hashable {
    /// The HTTP status.
    public let status: Int
    /// The value of `Content-Type`.
    public let contentType: String
    /// The body.
    public let body: [UInt8]

    /// A reply from its parts.
    public init(status: Int, contentType: String = Self.plain, body: [UInt8]) {
        (self.status, self.contentType, self.body) = (status, contentType, body)
    }

    /// `text/plain; charset=utf-8`, also of checkpoints.
    public static let plain = "text/plain; charset=utf-8"
    /// Of tiles and bundles.
    public static let binary = "application/octet-stream"
    /// Of a witness's 409: the size that the old one should have been.
    public static let size = "text/x.tlog.size"
    /// Of a mirror's 202 and 409: where to go on.
    public static let mirrorInfo = "text/x.tlog.mirror-info"

    /// A refusal for people to read; machines have the status.
    static func refused(_ status: Int, _ sentence: String) -> TlogReply {
        TlogReply(status: status, body: Array((sentence + "\n").utf8))
    }

    /// The latest size, for a client whose old size was another.
    static func conflict(size: UInt64) -> TlogReply {
        TlogReply(status: 409, contentType: Self.size, body: Array("\(size)\n".utf8))
    }

    /// Signature lines.
    static func signed(_ lines: [NoteSignature]) -> TlogReply {
        TlogReply(status: 200, body: Array(lines.map(\.line).joined().utf8))
    }

    /// What stopped here was no fault of the request.
    static func failed(_ error: LedgerError) -> TlogReply {
        refused(error.code.hasSuffix("-stopped") ? 503 : 500, error.sentence)
    }

}
