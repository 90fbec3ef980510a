import HTTPTypes
import Hummingbird
import HummingbirdCore
public import ServiceLifecycle
import Synchronization
import Wire

/// Where cameras and readers post what they read (Docs/Spec/API.md). Each feed has its own
/// credential, sent as `Authorization: Bearer …` or `Token …` to `/feeds/NAME`, or, by devices that
/// can only be given an address, as the last part of `/feeds/NAME/CREDENTIAL`. Nothing of a message
/// is read before the credential is right.
public struct FeedListener: Service {
    /// One message as it came.
    public struct Message: Sendable {
        /// The feed that it belongs to; its credential was right.
        public let feed: String
        /// What the sender calls it, such as `application/json`.
        public let contentType: String
        /// The bytes.
        public let body: [UInt8]
        /// Its room, which it has for as long as anybody has the message.
        let room: FeedRoom.Stay
    }

    /// What is said to the sender.
    public struct Reply: Sendable {
        /// 200 durable or nothing to keep, 202 held, 4xx refused, 503 come again.
        public let status: Int
        /// A stable word, such as `durable` or `keys-missing`.
        public let code: String
        /// One sentence for people, where it is a problem.
        public let sentence: String
        /// What came of the message in numbers, where it is none.
        public let counts: [String: Int]

        /// A message that was taken, with numbers by words.
        public init(_ status: Int, _ code: String, _ counts: [String: Int]) {
            self.status = status
            self.code = code
            self.counts = counts
            sentence = ""
        }

        /// A message that was not taken, or not yet.
        public init(_ status: Int, _ code: String, _ sentence: String) {
            self.status = status
            self.code = code
            self.sentence = sentence
            counts = [:]
        }

        /// As it goes over HTTP:
        ///
        ///     {"code":"durable","duplicates":0,"held":0,"reads":1,"refused":0}
        var response: Response {
            guard status < 400 else {
                return Problem(code: code, detail: sentence, status: status).response
            }
            let words = counts.sorted { $0.key < $1.key }.map { ",\"\($0.key)\":\($0.value)" }
            return Response.bytes(
                Array("{\"code\":\"\(code)\"\(words.joined())}\n".utf8),
                type: "application/json", status: HTTPResponse.Status(code: status))
        }
    }

    private let place: ListenPlace
    private let certificate: PublicCertificate?
    private let admit: @Sendable (_ feed: String, _ credential: String) -> Int?
    private let take: @Sendable (Message) async -> Reply
    private let deadlines: Deadlines
    private let room = FeedRoom()

    /// A listener at a place. `admit` gives how long a message of a feed may be, and nil where the
    /// credential is not the feed's; a message must come in within `patience`. Throws `listen-malformed`, and `listen-open` for a place off
    /// loopback without a certificate.
    public init(
        at place: String, certificate: PublicCertificate?, patience: Duration = .seconds(30),
        admit: @escaping @Sendable (_ feed: String, _ credential: String) -> Int?,
        take: @escaping @Sendable (Message) async -> Reply
    ) throws(HostingError) {
        self.place = try ListenPlace(place)
        self.certificate = certificate
        deadlines = Deadlines(after: patience)
        self.admit = admit
        self.take = take
        try self.place.ensureCovered(by: certificate)
    }

    /// Listens until the program ends in order; messages under way are answered first.
    public func run() async throws {
        let router = Router()
        router.add(middleware: Problems())
        router.refuse(allBut: .post, at: "feeds/:feed")
        router.refuse(allBut: .post, at: "feeds/:feed/:credential")
        let listener = self
        router.post("feeds/:feed") { request, context in
            await listener.answer(
                request, context.parameters.get("feed"), Self.credential(request) ?? "")
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

    /// What a header says: `Bearer` of RFC 6750, or `Token`, as Plate Recognizer's webhooks have it.
    private static func credential(_ request: Request) -> String? {
        let words = (request.headers[.authorization] ?? "").split(separator: " ")
        guard words.count == 2, ["bearer", "token"].contains(words[0].lowercased()) else {
            return nil
        }
        return String(words[1])
    }

    private func answer(_ request: Request, _ feed: String?, _ credential: String) async -> Response
    {
        guard let feed, let limit = admit(feed, credential) else {
            var response = Problem(
                code: "credential-unknown", detail: "no feed has this name and credential",
                status: 401
            ).response
            response.headers[.wwwAuthenticate] = "Bearer"
            return response
        }
        do throws(WireProblem) {
            let said = request.headers[.contentLength].flatMap { Int($0) }
            guard let stay = FeedRoom.Stay(in: room, feed, bytes: min(said ?? limit, limit)) else {
                throw WireProblem(
                    code: "too-busy", sentence: "too much of this feed or of all is under way")
            }
            let body = try await request.wholeBody(upTo: limit, before: deadlines)
            let type = request.headers[.contentType] ?? ""
            return await take(Message(feed: feed, contentType: type, body: body, room: stay))
                .response
        } catch {
            return Problem(error).response
        }
    }
}

/// How much of what feeds send is in memory: each has a share, so that none takes the others' room.
final class FeedRoom: Sendable {
    /// 256 MiB: of all feeds together.
    static let most = 256 << 20
    /// 64 MiB: of one feed.
    static let mostOfOne = 64 << 20
    /// Messages of one feed at once.
    static let messages = 256

    /// What one message holds.
    struct Place {
        fileprivate let feed: String
        fileprivate let bytes: Int
    }

    /// A place that is given back when nobody has it any more: a message may wait for the far side
    /// of the listener longer than its sender does.
    final class Stay: Sendable {
        private let room: FeedRoom
        private let place: Place

        /// Room for one message of a feed; nil where there is none.
        init?(in room: FeedRoom, _ feed: String, bytes: Int) {
            guard let place = room.enter(feed, bytes: bytes) else { return nil }
            self.room = room
            self.place = place
        }

        deinit { room.leave(place) }
    }

    private struct Use {
        var total = 0
        var feeds: [String: (messages: Int, bytes: Int)] = [:]
    }

    private let use = Mutex(Use())

    /// Room for one message of a feed; nil where there is none.
    func enter(_ feed: String, bytes: Int) -> Place? {
        use.withLock { use in
            let own = use.feeds[feed] ?? (0, 0)
            guard own.messages < Self.messages, own.bytes + bytes <= Self.mostOfOne,
                use.total + bytes <= Self.most
            else { return nil }
            use.feeds[feed] = (own.messages + 1, own.bytes + bytes)
            use.total += bytes
            return Place(feed: feed, bytes: bytes)
        }
    }

    /// Gives the room back.
    func leave(_ place: Place) {
        use.withLock { use in
            guard let own = use.feeds[place.feed] else { return }
            use.total -= place.bytes
            use.feeds[place.feed] =
                own.messages > 1 ? (own.messages - 1, own.bytes - place.bytes) : nil
        }
    }
}
