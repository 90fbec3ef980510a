import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle
public import Wire

/// What a person's browser asks of a program on the same machine.
public struct DeskQuestion: Sendable {
    /// Such as `GET`.
    public let method: String
    /// Path and query, as they came.
    public let target: String
    /// The host that the browser believes it speaks to; nil where it did not say.
    public let host: String?
    /// The body; empty until the head was let through.
    public var body: [UInt8]
    private let fields: [(name: String, value: String)]

    /// A question of its parts; names of fields count in any case.
    public init(
        method: String, target: String, host: String?, fields: [(String, String)] = [],
        body: [UInt8] = []
    ) {
        self.method = method
        self.target = target
        self.host = host
        self.fields = fields.map { (name: $0.lowercased(), value: $1) }
        self.body = body
    }

    /// Every value of a field, in order.
    public func values(_ name: String) -> [String] {
        fields.filter { $0.name == name }.map(\.value)
    }
}

/// What the browser gets.
public struct DeskAnswer: Sendable {
    /// The HTTP status.
    public var status: Int
    /// Header fields, in order.
    public var fields: [(name: String, value: String)]
    /// The bytes.
    public var body: [UInt8]

    /// An answer of its parts.
    public init(status: Int, fields: [(String, String)], body: [UInt8]) {
        self.status = status
        self.fields = fields.map { (name: $0, value: $1) }
        self.body = body
    }

    /// The first value of a field, its name in any case.
    public func value(_ name: String) -> String? {
        fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// A listener on 127.0.0.1 for one person's browser: HTTP in the clear, whose bytes never leave the
/// machine. It decides nothing: `admit` sees each question before its body is read.
public struct DeskListener: Service {
    /// 8: questions that are being answered at once.
    static let atOnce = 8
    /// 64: connections at once; a browser opens six.
    static let connections = 64
    static let deadlines = Deadlines(after: .seconds(30))

    private let port: Int
    private let bodyLimit: Int
    private let ready: @Sendable (_ port: Int) -> Void
    private let admit: @Sendable (DeskQuestion) -> DeskAnswer?
    private let answer: @Sendable (DeskQuestion) -> DeskAnswer
    private let refusal: @Sendable (WireProblem) -> DeskAnswer

    /// A listener on a port, or on a free one for 0; `ready` is told which. `admit` gives the answer
    /// that ends a question before its body is read, or nil; `answer` then has the body, of at most
    /// `bodyLimit` bytes, on a thread that may wait; `refusal` answers for a body that is too long
    /// or too slow.
    public init(
        port: Int, bodyLimit: Int, ready: @escaping @Sendable (_ port: Int) -> Void,
        admit: @escaping @Sendable (DeskQuestion) -> DeskAnswer?,
        answer: @escaping @Sendable (DeskQuestion) -> DeskAnswer,
        refusal: @escaping @Sendable (WireProblem) -> DeskAnswer
    ) {
        self.port = port
        self.bodyLimit = bodyLimit
        self.ready = ready
        self.admit = admit
        self.answer = answer
        self.refusal = refusal
    }

    /// Listens until the program ends in order. Throws where the port is taken.
    public func run() async throws {
        let pool = NIOThreadPool(numberOfThreads: Self.atOnce)
        pool.start()
        let (admit, answer, refusal, ready) = (admit, answer, refusal, ready)
        let limit = bodyLimit
        // No router: a path goes to the desk as the browser wrote it.
        let responder = CallbackResponder<BasicRequestContext> { request, _ in
            var question = DeskQuestion(request)
            if let refused = admit(question) { return refused.response(to: question) }
            do throws(WireProblem) {
                question.body = try await request.wholeBody(upTo: limit, before: Self.deadlines)
            } catch {
                return refusal(error).response(to: question)
            }
            let whole = question
            return await Blocking.run(on: pool) { answer(whole) }.response(to: whole)
        }
        let application = Application(
            responder: responder,
            server: .http1(configuration: .init(idleTimeout: .seconds(60))),
            configuration: ApplicationConfiguration(
                address: .hostname("127.0.0.1", port: port), serverName: nil,
                availableConnectionsDelegate: MaximumAvailableConnections(Self.connections)),
            onServerRunning: { channel in
                if let port = channel.localAddress?.port { ready(port) }
            }, logger: .silent)
        try await application.run()
        try await pool.shutdownGracefully()
    }
}

extension DeskQuestion {
    fileprivate init(_ request: Request) {
        self.init(
            method: request.method.rawValue, target: request.head.path ?? "",
            host: request.head.authority,
            fields: request.headers.map { ($0.name.canonicalName, $0.value) })
    }
}

extension DeskAnswer {
    fileprivate func response(to question: DeskQuestion) -> Response {
        var headers = HTTPFields()
        for field in fields {
            if let name = HTTPField.Name(field.name) {
                headers.append(HTTPField(name: name, value: field.value))
            }
        }
        return Response(
            status: HTTPResponse.Status(code: status), headers: headers,
            body: question.method == "HEAD"
                ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}
