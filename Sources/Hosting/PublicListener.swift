import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOPosix
import NIOSSL
public import ServiceLifecycle
import Wire

/// What anybody may ask: read-only pages over HTTP, without a sign-in and without a way to change
/// anything. On loopback in the clear, for a web server in front of it; elsewhere over TLS 1.3
/// under a certificate of the operator's.
public struct PublicListener: Service {
    /// One answer.
    public struct Page: Sendable {
        /// The HTTP status.
        public let status: Int
        /// The content type.
        public let type: String
        /// The bytes.
        public let body: [UInt8]
        /// Whether the same path will always give the same bytes.
        public let isFixed: Bool
        /// Further header fields.
        public var fields: [(name: String, value: String)] = []
        /// What stands for the bytes in `ETag`, so that a browser need not fetch them again; nil for
        /// none.
        public var tag: String?

        /// A page of its parts.
        public init(status: Int = 200, type: String, body: [UInt8], isFixed: Bool = false) {
            self.status = status
            self.type = type
            self.body = body
            self.isFixed = isFixed
        }

        /// A page of text.
        public init(_ text: String, status: Int = 200, type: String = "text/plain; charset=utf-8") {
            self.init(status: status, type: type, body: Array(text.utf8))
        }
    }

    private let place: ListenPlace
    private let certificate: PublicCertificate?
    private let page: @Sendable (_ path: String) -> Page?

    /// A listener at a place; `page` gives what stands at a path like `/checkpoint`, on a thread that
    /// may wait, and nil where nothing does. Throws `listen-malformed`, and `listen-open` for a
    /// place off loopback without a certificate.
    public init(
        at place: String, certificate: PublicCertificate? = nil,
        page: @escaping @Sendable (_ path: String) -> Page?
    ) throws(HostingError) {
        self.place = try ListenPlace(place)
        self.certificate = certificate
        self.page = page
        try self.place.ensureCovered(by: certificate)
    }

    /// Listens until the program ends in order.
    public func run() async throws {
        let pool = NIOThreadPool(numberOfThreads: 8)
        pool.start()
        let router = Router()
        router.add(middleware: Problems())
        let page = page
        // `**` is everything below `/`, and not `/` itself.
        for place: RouterPath in ["/", "**"] {
            router.refuse(allBut: .get, .head, at: place)
            for method in [HTTPRequest.Method.get, .head] {
                router.on(place, method: method) { request, _ in
                    let path = request.uri.path
                    let found = await Blocking.run(on: pool) { page(path) }
                    let response = Self.response(found, to: request)
                    // All that GET would say, its length too, and not the thing itself.
                    return method == .head ? response.createHeadResponse() : response
                }
            }
        }
        let application = Application(
            router: router, server: try place.server(certificate),
            configuration: place.configuration,
            logger: .silent)
        try await application.run()
        try await pool.shutdownGracefully()
    }
}

extension PublicListener {
    /// A page, or that nothing stands there.
    private static func response(_ found: Page?, to request: Request) -> Response {
        guard let found else {
            return Problem(code: "path-unknown", detail: "nothing stands here", status: 404)
                .response
        }
        let tag = found.tag.map { "\"\($0)\"" }
        let isHeld = tag != nil && request.headers[.ifNoneMatch] == tag
        var response = Response.bytes(
            isHeld ? [] : found.body, type: found.type,
            status: HTTPResponse.Status(code: isHeld ? 304 : found.status))
        response.headers[.cacheControl] =
            found.isFixed ? "max-age=31536000, immutable" : tag == nil ? "no-store" : "no-cache"
        response.headers[.xContentTypeOptions] = "nosniff"
        if let tag { response.headers[.eTag] = tag }
        for (name, value) in found.fields {
            if let name = HTTPField.Name(name) { response.headers[name] = value }
        }
        return response
    }
}

/// A certificate and key of the operator's, for those who are not parties: cameras and readers.
public struct PublicCertificate: Sendable {
    let configuration: TLSConfiguration

    /// From PEM files; nil where neither is named. Throws `certificate-unusable`, which also names a
    /// file of the two that is missing.
    public init?(chain: String?, key: String?) throws(HostingError) {
        guard chain != nil || key != nil else { return nil }
        guard let chain, let key,
            let certificates = try? NIOSSLCertificate.fromPEMFile(chain), !certificates.isEmpty,
            let privateKey = try? NIOSSLPrivateKey(file: key, format: .pem)
        else {
            throw HostingError(
                code: "certificate-unusable",
                sentence: "TLS needs both a certificate chain and its key, as PEM files")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) },
            privateKey: .privateKey(privateKey))
        configuration.minimumTLSVersion = .tlsv13
        self.configuration = configuration
    }
}

extension ListenPlace {
    /// Throws `listen-open` for a place that others reach and that nothing covers.
    func ensureCovered(by certificate: PublicCertificate?) throws(HostingError) {
        guard isLoopback || certificate != nil else {
            throw HostingError(
                code: "listen-open",
                sentence: "\(host) is not loopback: it needs TLS; name a certificate and its key, "
                    + "or listen on 127.0.0.1 behind a web server")
        }
    }

    /// HTTP, in TLS where there is a certificate.
    func server(
        _ certificate: PublicCertificate?, idle: TimeAmount = .seconds(60)
    ) throws -> HTTPServerBuilder {
        let plain = HTTPServerBuilder.http1(configuration: .init(idleTimeout: idle))
        guard let certificate else { return plain }
        return try .tls(plain, tlsConfiguration: certificate.configuration)
    }
}
