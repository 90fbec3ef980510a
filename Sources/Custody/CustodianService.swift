import Bytes
public import Ledger
import Plates
import Secrets
import Synchronization
public import Wire

/// A custodian as the far side of a channel, for several threads: encoded requests in, encoded
/// answers out. What it refuses goes out as code and sentence.
///
/// Files of the mirror are served at once, without a lock: a custodian that waits for another's
/// mirror must not make others wait for its own. Everything else goes one after the other, and
/// above `crowd` waiting callers `custodian-busy` is answered. Whoever comes first destroys what is
/// due before anything else, and no act goes on talking to others once something is due
/// (`destruction-due`), so that keys outlive their time by one exchange at most.
///
/// Unchecked, because the custodian is used under `turn` alone; whoever hands it over keeps from
/// calling it elsewhere at the same time.
public final class CustodianService: Handler, @unchecked Sendable {
    /// 32: how many callers may wait for their turn.
    public static let crowd = 32

    private let custodian: Custodian
    private let turn = Mutex<Void>(())
    private let waiting = Mutex(0)
    /// The custodian's verified copy of the log, which needs no turn.
    public let mirror: Ledger.Mirror
    private let followsFirst: Bool

    /// The service of one custodian. `followsFirst`: before it shows its checkpoint it follows the
    /// log, which is for parties in one process and one thread, who have no ticks in between.
    public init(_ custodian: Custodian, followsFirst: Bool = false) {
        self.custodian = custodian
        self.followsFirst = followsFirst
        mirror = custodian.mirror
    }

    /// What the custodian does by itself; every few minutes. As `Custodian.tick`.
    @discardableResult
    public func tick() throws(CustodyError) -> TickReport {
        try inTurn { custodian throws(CustodyError) in try custodian.tick() }
    }

    /// What cannot wait until then; every few seconds. As `Custodian.poll`.
    @discardableResult
    public func poll() throws(CustodyError) -> TickReport {
        try inTurn { custodian throws(CustodyError) in try custodian.poll() }
    }

    /// How the custodian is, once it has a moment.
    public var status: CustodianStatus { turn.withLock { _ in custodian.status } }

    /// Any other act, in turn: no other thread calls the custodian meanwhile.
    public func inTurn<Result: Sendable>(
        _ act: (Custodian) throws(CustodyError) -> Result
    ) throws(CustodyError) -> Result {
        try turn.withLock { _ throws(CustodyError) in try act(custodian) }
    }

    public func handle(
        _ endpoint: Endpoint, _ body: [UInt8]
    ) throws(WireProblem) -> [UInt8] {
        do throws(CustodyError) {
            guard endpoint != .mirrorResource else { return try resource(body) }
            return try inCrowd { custodian throws(CustodyError) in
                try Self.answer(endpoint, body, custodian)
            }
        } catch {
            throw WireProblem(code: error.code, sentence: error.sentence)
        }
    }

    private func resource(_ body: [UInt8]) throws(CustodyError) -> [UInt8] {
        guard let path = String(validating: body, as: UTF8.self) else {
            throw CustodyError(code: "message-malformed", sentence: "the message is no path")
        }
        if followsFirst, path == TilePath.checkpoint {
            try inTurn { custodian throws(CustodyError) in custodian.followIfPossible() }
        }
        return try mirror.publicFile(path)
    }

    /// In turn, unless too many wait already.
    private func inCrowd(
        _ act: (Custodian) throws(CustodyError) -> [UInt8]
    ) throws(CustodyError) -> [UInt8] {
        let isLet = waiting.withLock { waiting in
            guard waiting < Self.crowd else { return false }
            waiting += 1
            return true
        }
        guard isLet else {
            throw CustodyError(
                code: "custodian-busy", sentence: "the custodian has too much to do; ask again")
        }
        defer { waiting.withLock { $0 -= 1 } }
        return try inTurn(act)
    }

    private static func answer(
        _ endpoint: Endpoint, _ body: [UInt8], _ custodian: Custodian
    ) throws(CustodyError) -> [UInt8] {
        switch endpoint {
        case .grant: return try custodian.grant(body)
        case .docket: return try custodian.docket(body)
        case .mirrorAddCheckpoint: return encode(custodian.addCheckpoint(body))
        case .mirrorAddEntries: return encode(custodian.addEntries(body))
        case .evaluate:
            guard let request = Digest(wire: body) else {
                throw CustodyError(
                    code: "message-malformed",
                    sentence: "the message is no request id of 32 bytes")
            }
            return try custodian.evaluate(request)
        default:
            throw CustodyError(
                code: "endpoint-unknown",
                sentence: "a custodian does not answer \(endpoint.rawValue)")
        }
    }

    /// `u16(status) ‖ u16(length) ‖ content type ‖ body`, as HTTP would carry it.
    private static func encode(_ reply: TlogReply) -> [UInt8] {
        var writer = ByteWriter()
        writer.u16(UInt16(clamping: reply.status))
        writer.u16(UInt16(clamping: reply.contentType.utf8.count))
        writer.text(reply.contentType)
        writer.raw(reply.body)
        return writer.bytes
    }
}
