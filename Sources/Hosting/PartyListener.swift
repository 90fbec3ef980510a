import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOPosix
import NIOSSL
public import ServiceLifecycle
import Synchronization
public import Wire

/// The endpoints of `Wire` over HTTPS (Docs/Spec/API.md): `POST /v1/<endpoint>`, TLS 1.3, and both
/// ends known by their keys in the roster. A stranger's handshake fails: it reaches no endpoint.
public struct PartyListener: Service {
    /// 16 MiB: the longest message that is taken in.
    public static let bodyLimit = 16 << 20
    /// Messages that are being answered at once; beyond, the answer is `too-busy`.
    static let atOnce = 64
    /// How long a message may take to come in.
    static let deadlines = Deadlines(after: .seconds(30))

    /// Answers one message of a party, on a thread that may wait.
    public typealias Answer =
        @Sendable (_ endpoint: Endpoint, _ body: [UInt8], _ caller: String) throws(WireProblem)
        -> [UInt8]

    private let place: ListenPlace
    private let identity: PartyIdentity
    private let trust: PartyTrust
    private let answer: Answer
    private let log: DaemonLog

    /// A listener at a place like `10.0.0.5:7443`, as `identity`, for whoever `trust` knows. Throws
    /// `listen-malformed`.
    public init(
        at place: String, as identity: PartyIdentity, trust: PartyTrust, log: DaemonLog,
        answer: @escaping Answer
    ) throws(HostingError) {
        self.place = try ListenPlace(place)
        self.identity = identity
        self.trust = trust
        self.answer = answer
        self.log = log
    }

    /// Listens until the program ends in order; messages under way are answered first.
    public func run() async throws {
        let pool = NIOThreadPool(numberOfThreads: Self.atOnce)
        pool.start()
        let router = Router(context: PartyContext.self)
        router.add(middleware: Problems())
        router.refuse(allBut: .post, at: "v1/:group/:name")
        let busy = Mutex(0)
        let (answer, trust, log) = (answer, trust, log)
        router.post("v1/:group/:name") { request, context in
            do throws(WireProblem) {
                let endpoint = context.parameters.get("group").flatMap { group in
                    context.parameters.get("name").flatMap { Endpoint(rawValue: "\(group)/\($0)") }
                }
                guard let endpoint else {
                    throw WireProblem(
                        code: "endpoint-unknown", sentence: "there is no such endpoint")
                }
                guard let caller = await context.party(trust) else {
                    throw WireProblem(
                        code: "party-unknown", sentence: "the roster does not know the caller's key"
                    )
                }
                let body = try await request.wholeBody(
                    upTo: Self.bodyLimit, before: Self.deadlines)
                let mayGoOn = busy.withLock { count in
                    guard count < Self.atOnce else { return false }
                    count += 1
                    return true
                }
                guard mayGoOn else {
                    throw WireProblem(code: "too-busy", sentence: "too much is asked at once")
                }
                defer { busy.withLock { $0 -= 1 } }
                let result = await Blocking.run(on: pool) { () -> Result<[UInt8], WireProblem> in
                    do throws(WireProblem) {
                        return .success(try answer(endpoint, body, caller))
                    } catch {
                        return .failure(error)
                    }
                }
                return Response.bytes(try result.get())
            } catch {
                log.problem("message-refused", error)
                return Problem(error).response
            }
        }
        let application = Application(
            router: router,
            server: try .tls(
                .http1(configuration: .init(idleTimeout: .seconds(90))),
                configuration: TLSChannelConfiguration(
                    tlsConfiguration: identity.serverConfiguration(),
                    customAsyncVerificationCallback: { certificates in
                        guard let leaf = certificates.first, trust.party(of: leaf) != nil else {
                            return .failed
                        }
                        return .certificateVerified
                    })),
            configuration: place.configuration, logger: .silent)
        try await application.run()
        try await pool.shutdownGracefully()
    }
}

/// Where a listener stands.
struct ListenPlace: Sendable {
    let host: String
    let port: Int

    /// `host:port` or `[v6]:port`. Throws `listen-malformed`.
    init(_ text: String) throws(HostingError) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count >= 2, let last = parts.last, let port = Int(last),
            (0...65_535).contains(port)
        else {
            throw HostingError(
                code: "listen-malformed", sentence: "a place to listen at is like 127.0.0.1:7443")
        }
        host = parts.dropLast().joined(separator: ":")
            .trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        self.port = port
    }

    /// Whether only this machine gets there.
    var isLoopback: Bool { host == "::1" || host == "localhost" || host.hasPrefix("127.") }

    var configuration: ApplicationConfiguration {
        ApplicationConfiguration(
            address: .hostname(host, port: port), serverName: nil,
            availableConnectionsDelegate: MaximumAvailableConnections(1_024))
    }
}

/// A request's context with the connection that it came by.
struct PartyContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    private let channel: any NIOCore.Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    /// Who is at the other end, by the roster in force now: a key that was revoked while its
    /// connection was open is nobody's.
    func party(_ trust: PartyTrust) async -> String? {
        let certificate = try? await channel.nioSSL_peerCertificate().get()
        return (certificate ?? nil).flatMap { trust.party(of: $0) }
    }
}

extension Logger {
    /// What the libraries would say goes nowhere: it could hold a path or a header.
    static let silent = Logger(label: "platevault") { _ in SwiftLogNoOpLogHandler() }
}

extension Response {
    /// Bytes, as they are.
    static func bytes(
        _ bytes: [UInt8], type: String = "application/octet-stream",
        status: HTTPResponse.Status = .ok
    ) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = type
        return Response(
            status: status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}

extension Request {
    /// The whole body, if it comes in time and is no longer than allowed. Throws
    /// `message-too-long`, `too-slow`.
    func wholeBody(
        upTo limit: Int, before deadlines: Deadlines
    ) async throws(WireProblem) -> [UInt8] {
        let tooLong = WireProblem(
            code: "message-too-long", sentence: "a message has at most \(limit) bytes")
        if let said = headers[.contentLength].flatMap({ Int($0) }), said > limit { throw tooLong }
        let body = body
        let collecting = Task { Array(buffer: try await body.collect(upTo: limit)) }
        let deadline = deadlines.add { collecting.cancel() }
        defer { deadlines.remove(deadline) }
        let result = await withTaskCancellationHandler {
            await collecting.result
        } onCancel: {
            collecting.cancel()
        }
        // Who is cancelled may still give what had come.
        guard !collecting.isCancelled else {
            throw WireProblem(
                code: "too-slow", sentence: "the message did not come within its time")
        }
        do {
            return try result.get()
        } catch {
            throw tooLong
        }
    }
}

/// Work that may wait, on a thread made for it.
enum Blocking {
    static func run<Value: Sendable>(
        on pool: NIOThreadPool, _ work: @escaping @Sendable () -> Value
    ) async -> Value {
        do {
            return try await pool.runIfActive { work() }
        } catch {
            // The pool ends after the listener: nothing is asked of it then.
            return work()
        }
    }
}
