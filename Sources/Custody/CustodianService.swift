import Bytes
import Ledger
import Secrets
public import Wire

/// A custodian as the far side of a channel: encoded requests in, encoded answers out. What it
/// refuses goes out as code and sentence.
public final class CustodianService: Handler {
    private let custodian: Custodian

    /// The service of one custodian.
    public init(_ custodian: Custodian) { self.custodian = custodian }

    /// `u16(status) ‖ u16(length) ‖ content type ‖ body`, as HTTP would carry it.
    private static func encode(_ reply: TlogReply) -> [UInt8] {
        var writer = ByteWriter()
        writer.u16(UInt16(clamping: reply.status))
        writer.u16(UInt16(clamping: reply.contentType.utf8.count))
        writer.text(reply.contentType)
        writer.raw(reply.body)
        return writer.bytes
    }

    public func handle(
        _ endpoint: Endpoint, _ body: [UInt8]
    ) throws(WireProblem) -> [UInt8] {
        do throws(CustodyError) {
            switch endpoint {
            case .grant: return try custodian.grant(body)
            case .docket: return try custodian.docket(body)
            case .mirrorResource:
                guard let path = String(validating: body, as: UTF8.self) else {
                    throw CustodyError(
                        code: "message-malformed", sentence: "the message is no path")
                }
                return try custodian.resource(path)
            case .mirrorAddCheckpoint: return Self.encode(custodian.addCheckpoint(body))
            case .mirrorAddEntries: return Self.encode(custodian.addEntries(body))
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
        } catch {
            throw WireProblem(code: error.code, sentence: error.sentence)
        }
    }
}
