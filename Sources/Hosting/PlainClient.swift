import AsyncHTTPClient
import Dispatch
import NIOCore
import NIOHTTP1

/// Plain HTTP to addresses that somebody configured: webhooks, health pages, gateways' feeds. Nobody
/// is known by a key here; nothing secret is sent but a feed's own credential. Redirects are not
/// followed, and each call blocks its thread for at most so many seconds.
public final class PlainClient: Sendable {
    /// An answer.
    public struct Answer: Sendable {
        /// The HTTP status.
        public let status: Int
        /// The body, at most 1 MiB.
        public let body: [UInt8]
    }

    private let client: HTTPClient
    private let seconds: Int64

    /// A client whose calls take at most `seconds`.
    public init(seconds: Int64 = 5) {
        self.seconds = seconds
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(3), read: .seconds(seconds)))
        configuration.httpVersion = .http1Only
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    deinit { client.shutdown(queue: .global()) { _ in } }

    /// What stands at an address; nil where nobody answers.
    public func get(_ address: String) -> Answer? {
        run(try? HTTPClient.Request(url: address, method: .GET))
    }

    /// The answer to a body; nil where nobody answers. A credential goes along as `word` has it,
    /// `Bearer` or `Token`.
    public func post(
        _ body: [UInt8], type: String = "application/json", to address: String,
        credential: String? = nil, as word: String = "Bearer"
    ) -> Answer? {
        var headers: HTTPHeaders = ["content-type": type]
        if let credential { headers.add(name: "authorization", value: "\(word) \(credential)") }
        return run(
            try? HTTPClient.Request(
                url: address, method: .POST, headers: headers, body: .bytes(body)))
    }

    private func run(_ request: HTTPClient.Request?) -> Answer? {
        guard let request,
            let response = try? client.execute(
                request: request,
                delegate: ResponseAccumulator(request: request, maxBodySize: 1 << 20),
                deadline: .now() + .seconds(seconds)
            ).wait()
        else { return nil }
        return Answer(
            status: Int(response.status.code),
            body: response.body.map { Array(buffer: $0) } ?? [])
    }
}
