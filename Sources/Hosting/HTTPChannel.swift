import AsyncHTTPClient
import Dispatch
import Ledger
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Secrets
import Synchronization
public import Warrants
public import Wire

/// The way to another party over HTTPS: `POST /v1/<endpoint>`, TLS 1.3, both ends known by their
/// keys in the roster (Docs/Spec/API.md). An exchange blocks its thread until the answer, the
/// problem or the deadline is there; never call it from an event loop.
public final class HTTPChannel: Wire.Channel, Sendable {
    /// 64 MiB: the longest answer that is taken in.
    static let answerLimit = 64 << 20

    private let client: HTTPClient
    private let address: String
    private let party: String
    private let deadline: TimeAmount
    private let breaker: Breaker?

    /// A way to the party `id` at an address such as `https://10.0.0.5:7443`, as `identity`, trusting
    /// the keys that `roster` has for it. `seconds` is how long one exchange may take; with a
    /// `pause`, a party that did not answer is not asked again for so many seconds. Throws
    /// `address-malformed`, `identity-failed`.
    public init(
        to id: String, at address: String, as identity: PartyIdentity, roster: Roster,
        seconds: Int64 = 10, pause: Int64? = nil
    ) throws(HostingError) {
        guard address.hasPrefix("https://"), !address.dropFirst(8).isEmpty,
            !address.dropFirst(8).contains("/")
        else {
            throw HostingError(
                code: "address-malformed",
                sentence: "the address of \(id) is not like https://host:port")
        }
        self.address = address
        party = id
        deadline = .seconds(seconds)
        breaker = pause.map { Breaker(pause: .seconds($0)) }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: try identity.clientConfiguration(
                to: id, origin: roster.origin, keys: roster.statementKeys(of: id).map(\.key)),
            redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(min(seconds, 5)), read: .seconds(seconds)))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 8
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    deinit {
        // Open connections end by themselves; the client insists on being told.
        client.shutdown(queue: .global()) { _ in }
    }

    public func exchange(_ endpoint: Endpoint, _ body: [UInt8]) throws(WireProblem) -> [UInt8] {
        if let breaker, breaker.isOpen { throw unreachable("was just now not reached") }
        let response: HTTPClient.Response
        do {
            let request = try HTTPClient.Request(
                url: "\(address)/v1/\(endpoint.rawValue)", method: .POST,
                headers: ["content-type": "application/octet-stream"], body: .bytes(body))
            response = try client.execute(
                request: request,
                delegate: ResponseAccumulator(request: request, maxBodySize: Self.answerLimit),
                deadline: .now() + deadline
            ).wait()
        } catch {
            breaker?.trip()
            throw unreachable("does not answer")
        }
        breaker?.reset()
        let answer = response.body.map { Array(buffer: $0) } ?? []
        guard response.status == .ok else {
            throw Problem.decode(answer)
                ?? WireProblem(
                    code: "answer-malformed",
                    sentence: "\(party) answered with HTTP status \(response.status.code)")
        }
        return answer
    }

    private func unreachable(_ what: String) -> WireProblem {
        WireProblem(code: "unreachable", sentence: "\(party) \(what) at \(address)")
    }
}

/// Remembers for a while that somebody was not reached, so that nobody waits for him again at once.
private final class Breaker: Sendable {
    private let pause: TimeAmount
    private let until = Mutex(NIODeadline.uptimeNanoseconds(0))

    init(pause: TimeAmount) { self.pause = pause }

    var isOpen: Bool { until.withLock { NIODeadline.now() < $0 } }
    func trip() { until.withLock { $0 = .now() + pause } }
    func reset() { until.withLock { $0 = .uptimeNanoseconds(0) } }
}
