/// One answer of the public pages.
public struct PublicAnswer: Sendable {
    /// The HTTP status.
    public let status: Int
    /// The content type.
    public let type: String
    /// The bytes.
    public let body: [UInt8]

    /// An answer of its parts.
    public init(status: Int = 200, type: String, body: [UInt8]) {
        self.status = status
        self.type = type
        self.body = body
    }
}

/// The public pages of one snapshot: what stands at each path, the same bytes whether a program
/// serves them or a static host does. All links are relative, so that they can stand below any path.
public struct PublicSite: Sendable {
    /// What the pages show.
    public let snapshot: PublicSnapshot

    /// The pages of a snapshot.
    public init(_ snapshot: PublicSnapshot) { self.snapshot = snapshot }

    /// What stands at a path such as `/` or `/figures.json`; nil where nothing does.
    /// Throws what keeps it from being made.
    public func answer(_ path: String) throws -> PublicAnswer? {
        switch path {
        case "/requests.atom":
            return try PublicAnswer(
                type: "application/atom+xml; charset=utf-8", body: Feeds.requests(snapshot))
        case "/destructions.atom":
            return try PublicAnswer(
                type: "application/atom+xml; charset=utf-8", body: Feeds.destructions(snapshot))
        case "/searches.csv":
            return PublicAnswer(
                type: "text/csv; charset=utf-8; header=present", body: Statistics.searches(snapshot)
            )
        case "/days.csv":
            return PublicAnswer(
                type: "text/csv; charset=utf-8; header=present", body: Statistics.days(snapshot))
        case "/figures.json":
            return try PublicAnswer(type: "application/json", body: Statistics.json(snapshot))
        default: return Self.asset(path)
        }
    }

    /// What stands where nothing does.
    public var missing: PublicAnswer {
        PublicAnswer(
            status: 404, type: "text/plain; charset=utf-8",
            body: Array("nothing stands here\n".utf8))
    }

    /// What is told while the log is being read for the first time.
    public static func reading(taken: UInt64, of size: UInt64) -> PublicAnswer {
        PublicAnswer(
            status: 503, type: "text/plain; charset=utf-8",
            body: Array("the log is being read: \(taken) of \(size) entries\n".utf8))
    }

    /// A file below `/assets/`, which is the same for every snapshot.
    public static func asset(_ path: String) -> PublicAnswer? {
        guard path.hasPrefix("/assets/") else { return nil }
        return Asset.named(path.dropFirst(8)).map {
            PublicAnswer(type: $0.type, body: $0.bytes)
        }
    }

    /// The paths of all pages.
    public var pages: [String] { [] }

    /// The paths of files that are no pages.
    public static let files: [String] =
        ["/requests.atom", "/destructions.atom", "/searches.csv", "/days.csv", "/figures.json"]
        + Asset.all.keys.sorted().map { "/assets/\($0)" }
}
