import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
public import ServiceLifecycle
import Wire

/// Where cameras and readers post what they read. Each feed has its own credential, sent as
/// `Authorization: Bearer …` to `/feeds/NAME`, or, by devices that can only be given an address, as
/// the last part of `/feeds/NAME/CREDENTIAL`. Nothing of a message is read before the credential is
/// right.
public struct FeedListener: Service {
    /// 16 MiB: the longest message.
    public static let bodyLimit = 16 << 20

    /// One message as it came.
    public struct Message: Sendable {
        /// The feed that it belongs to; its credential was right.
        public let feed: String
        /// What the sender calls it, such as `application/json`.
        public let contentType: String
        /// The bytes.
        public let body: [UInt8]
    }

    /// What is said to the sender.
    public struct Reply: Sendable {
        /// 200 durable or nothing to keep, 202 held, 4xx refused, 503 come again.
        public let status: Int
        /// A stable word, such as `durable` or `keys-missing`.
        public let code: String

        /// A reply of its parts.
        public init(_ status: Int, _ code: String) {
            self.status = status
            self.code = code
        }
    }

    private let place: ListenPlace
    private let certificate: PublicCertificate?
    private let isKnown: @Sendable (_ feed: String, _ credential: String) -> Bool
    private let take: @Sendable (Message) async -> Reply

    /// A listener at a place. Throws `listen-malformed`, and `listen-open` for a place off loopback
    /// without a certificate.
    public init(
        at place: String, certificate: PublicCertificate?,
        isKnown: @escaping @Sendable (_ feed: String, _ credential: String) -> Bool,
        take: @escaping @Sendable (Message) async -> Reply
    ) throws(HostingError) {
        self.place = try ListenPlace(place)
        self.certificate = certificate
        self.isKnown = isKnown
        self.take = take
        try self.place.ensureCovered(by: certificate)
    }

    /// Listens until the program ends in order; messages under way are answered first.
    public func run() async throws {
        let router = Router()
        let listener = self
        router.post("feeds/:feed") { request, context in
            let header = request.headers[.authorization] ?? ""
            let credential = header.hasPrefix("Bearer ") ? String(header.dropFirst(7)) : ""
            return await listener.answer(request, context.parameters.get("feed"), credential)
        }
        router.post("feeds/:feed/:credential") { request, context in
            await listener.answer(
                request, context.parameters.get("feed"), context.parameters.get("credential") ?? "")
        }
        let application = Application(
            router: router, server: try place.server(certificate, idle: .seconds(45)),
            configuration: place.configuration, logger: .silent)
        try await application.run()
    }

    private func answer(_ request: Request, _ feed: String?, _ credential: String) async -> Response
    {
        guard let feed, isKnown(feed, credential) else {
            return Self.response(Reply(401, "credential-unknown"))
        }
        do throws(WireProblem) {
            let body = try await request.wholeBody(
                upTo: Self.bodyLimit, within: .seconds(30))
            let type = request.headers[.contentType] ?? ""
            return Self.response(
                await take(Message(feed: feed, contentType: type, body: body)))
        } catch {
            return Problem(error).response
        }
    }

    private static func response(_ reply: Reply) -> Response {
        var response = Response.bytes(
            Array("{\"code\":\"\(reply.code)\"}\n".utf8), type: "application/json",
            status: HTTPResponse.Status(code: reply.status))
        if reply.status == 503 { response.headers[.retryAfter] = "5" }
        if reply.status == 401 { response.headers[.wwwAuthenticate] = "Bearer" }
        return response
    }
}
