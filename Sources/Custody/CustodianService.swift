import Secrets
public import Wire

/// A custodian as the far side of a channel: encoded requests in, encoded answers out. What it
/// refuses goes out as code and sentence.
public final class CustodianService: Handler {
    private let custodian: Custodian

    /// The service of one custodian.
    public init(_ custodian: Custodian) { self.custodian = custodian }

    public func handle(
        _ endpoint: Endpoint, _ body: [UInt8]
    ) throws(WireProblem) -> [UInt8] {
        do throws(CustodyError) {
            switch endpoint {
            case .grant: return try custodian.grant(body)
            case .docket: return try custodian.docket(body)
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
