import AsyncHTTPClient
import Dispatch
import NIOCore
import NIOHTTP1

/// A word to somebody's own service that there is something to do: an id that is public anyway, and
/// nothing of what a request is about.
public final class Webhook: Sendable {
    private let client: HTTPClient

    /// A sender of words; redirects are not followed.
    public init() {
        client = HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: HTTPClient.Configuration(
                redirectConfiguration: .disallow,
                timeout: .init(connect: .seconds(3), read: .seconds(3))))
    }

    deinit { client.shutdown(queue: .global()) { _ in } }

    /// Posts a JSON document; returns whether the other side took it. Blocks for at most five
    /// seconds.
    public func post(_ json: String, to address: String) -> Bool {
        guard
            let request = try? HTTPClient.Request(
                url: address, method: .POST, headers: ["content-type": "application/json"],
                body: .string(json)),
            let response = try? client.execute(
                request: request,
                delegate: ResponseAccumulator(request: request, maxBodySize: 65_536),
                deadline: .now() + .seconds(5)
            ).wait()
        else { return false }
        return (200..<300).contains(Int(response.status.code))
    }
}
