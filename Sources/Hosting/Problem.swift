import FoundationEssentials
import HTTPTypes
import Hummingbird
import Wire

/// A problem on its way over HTTP (RFC 9457), with the code of `WireProblem` beside what the
/// standard asks for:
///
///     {"code":"request-unknown","detail":"the log has no such request","status":422}
struct Problem: Codable {
    static let contentType = "application/problem+json"

    let code: String
    let detail: String
    let status: Int

    init(code: String, detail: String, status: Int) {
        self.code = code
        self.detail = detail
        self.status = status
    }

    init(_ problem: WireProblem) {
        self.init(
            code: problem.code, detail: problem.sentence,
            status: Self.statuses[problem.code] ?? 422)
    }

    /// What HTTP has a word for; every other refusal is a matter of the rules: 422.
    private static let statuses = [
        "message-malformed": 400, "party-unknown": 403, "party-forbidden": 403,
        "endpoint-unknown": 404, "tile-missing": 404, "mirror-empty": 404,
        "message-too-long": 413, "too-slow": 408, "too-busy": 503,
        "custodian-busy": 503, "destruction-due": 503, "store-full": 503, "disk-full": 503,
    ]

    /// The answer that carries it.
    var response: Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = (try? encoder.encode(self)) ?? Data()
        var headers = HTTPFields()
        headers[.contentType] = Self.contentType
        if status == 503 { headers[.retryAfter] = "5" }
        return Response(
            status: HTTPResponse.Status(code: status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }

    /// The problem in an answer's body; nil where it holds none.
    static func decode(_ body: [UInt8]) -> WireProblem? {
        guard let problem = try? JSONDecoder().decode(Problem.self, from: Data(body)) else {
            return nil
        }
        return WireProblem(code: problem.code, sentence: problem.detail)
    }
}
