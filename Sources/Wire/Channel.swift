// What crosses from one party to another: endpoints, problems, and typed clients.
//
// Entry points: `Channel` (one exchange of bytes), `Handler` (the far side of it), `VaultClient`,
// `CustodianClient`. Only encoded messages pass, also where both sides live in one process, so
// that HTTP can take the place of `LoopbackChannel` without another line changing. No endpoint
// carries a chain or day value, and none carries a plate that is not sealed to its reader.

public import Bytes

/// The things that can be asked of another party, by path.
public enum Endpoint: String, CaseIterable, Sendable {
    /// Vault: the newest checkpoint of the log. Empty request.
    case logCheckpoint = "log/checkpoint"
    /// Vault: a range of log entries.
    case logEntries = "log/entries"
    /// Vault: a checkpoint with cosignatures of custodians, for the log to publish.
    case logCosign = "log/cosign"
    /// Vault: append statements; an entry that stands in the log already keeps its index.
    case logAppend = "log/append"
    /// Vault: keep one batch of sealed rows.
    case rowsBatch = "rows/batch"
    /// Vault: all batches of one cell, for the site that closes it.
    case rowsBatches = "rows/batches"
    /// Vault: close one hour of one site.
    case hoursClose = "hours/close"
    /// Vault: rows for look-up keys, with proofs.
    case rowsLookup = "rows/lookup"
    /// Vault: which cells of a request are small enough to be handed out whole.
    case rowsMeasure = "rows/measure"
    /// Vault: keep sealed photos.
    case photosPut = "photos/put"
    /// Vault: the photos of the rows that a countersigned look-up found.
    case photosGet = "photos/get"
    /// Vault: carry a sealed message.
    case mailPut = "mail/put"
    /// Vault: the sealed messages for one recipient under one topic.
    case mailGet = "mail/get"
    /// Custodian: site keys for a gateway.
    case grant = "custodian/grant"
    /// Custodian: the partials of one request.
    case evaluate = "custodian/evaluate"
    /// Custodian: what a request is about, for an officer of its own institution.
    case docket = "custodian/docket"
    /// Custodian: a public file of its mirror, by its path below the monitoring prefix.
    case mirrorResource = "mirror/resource"
    /// Custodian: a log's new checkpoint (tlog-mirror's `add-checkpoint`).
    case mirrorAddCheckpoint = "mirror/add-checkpoint"
    /// Custodian: the entries up to one (tlog-mirror's `add-entries`).
    case mirrorAddEntries = "mirror/add-entries"
}

/// Why the far side did not answer with what was asked for.
public struct WireProblem: CodedError {
    /// A stable word for machines, such as `cell-closed` or `approvals-missing`.
    public let code: String
    /// One sentence for people; never a plate or a key.
    public let sentence: String

    /// A problem with its code and sentence.
    public init(code: String, sentence: String) {
        self.code = code
        self.sentence = sentence
    }

    /// What came over the wire does not have the shape of its endpoint.
    public static func malformed(_ what: String) -> WireProblem {
        WireProblem(code: "message-malformed", sentence: "the message is no well-formed \(what)")
    }
}

/// The way to one party; an exchange blocks until the answer or a problem is there.
public protocol Channel {
    /// Sends a request body to an endpoint and returns the answer's body.
    func exchange(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8]
}

/// The far side of a channel.
public protocol Handler: AnyObject {
    /// Answers one encoded request with an encoded reply.
    func handle(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8]
}

/// A channel to a handler in the same process. Requests and replies pass as frames of bytes, just
/// as they would over a socket: `u8(0) ‖ body`, or `u8(1) ‖ u16(length) ‖ code ‖ sentence`.
public struct LoopbackChannel: Channel {
    private let handler: any Handler

    /// A channel that ends at `handler`.
    public init(_ handler: any Handler) { self.handler = handler }

    public func exchange(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
        try Frame.decode(Frame.answer(handler, endpoint, body))
    }
}

/// A channel whose user may have to do something more urgent before each exchange.
struct GatedChannel: Channel {
    let channel: any Channel
    let gate: () throws(WireProblem) -> Void

    func exchange(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
        try gate()
        return try channel.exchange(endpoint, body)
    }
}

/// The encoding of answers and problems.
public enum Frame {
    /// The handler's answer, or its problem, as bytes.
    public static func answer(
        _ handler: any Handler, _ endpoint: Endpoint, _ body: [UInt8]
    ) -> [UInt8] {
        var writer = ByteWriter()
        do {
            let answer = try handler.handle(endpoint, body)
            writer.u8(0)
            writer.raw(answer)
        } catch {
            writer.u8(1)
            writer.u16(UInt16(clamping: error.code.utf8.count))
            writer.text(error.code)
            writer.text(error.sentence)
        }
        return writer.bytes
    }

    /// The answer's body. Throws the problem it holds, or `message-malformed`.
    public static func decode(_ frame: [UInt8]) throws(WireProblem) -> [UInt8] {
        var reader = ByteReader(frame)
        let problem: WireProblem
        do throws(BytesError) {
            switch try reader.u8() {
            case 0: return try reader.raw(reader.remaining)
            case 1:
                let code = try reader.text(Int(try reader.u16()))
                problem = WireProblem(code: code, sentence: try reader.text(reader.remaining))
            default: problem = .malformed("frame")
            }
        } catch {
            throw .malformed("frame")
        }
        throw problem
    }
}
