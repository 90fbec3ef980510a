import Plates
import Warrants

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

    /// A page of HTML.
    static func html(_ bytes: [UInt8], status: Int = 200) -> PublicAnswer {
        PublicAnswer(status: status, type: "text/html; charset=utf-8", body: bytes)
    }
}

/// The public pages of one snapshot: what stands at each path, the same bytes whether a program
/// serves them or a static host does. All links are relative, so that they can stand below any path.
public struct PublicSite: Sendable {
    /// What the pages show.
    public let snapshot: PublicSnapshot

    /// The pages of a snapshot.
    public init(_ snapshot: PublicSnapshot) { self.snapshot = snapshot }

    /// What stands at a path such as `/`, `/log/12/` or `/figures.json`; nil where nothing does.
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
        case "/" + TallyBody.file:
            return snapshot.tally.map {
                PublicAnswer(type: "text/plain; charset=utf-8", body: $0.wire)
            }
        case "/figures.json":
            return try PublicAnswer(type: "application/json", body: Statistics.json(snapshot))
        default:
            if let asset = Self.asset(path) { return asset }
            let maker = try maker(path)
            return try page(path, maker).map { .html(try maker.html($0)) }
        }
    }

    /// What stands where nothing does.
    public func missing(_ path: String) -> PublicAnswer { missing(below: Self.root(of: path)) }

    /// What stands where nothing does, wherever that is, on a host whose root is known, such as `/`.
    func missing(below root: String) -> PublicAnswer {
        let plain = PublicAnswer(
            status: 404, type: "text/plain; charset=utf-8",
            body: Array("nothing stands here\n".utf8))
        guard let maker = try? maker(below: root), let page = try? maker.missing(),
            let html = try? maker.html(page)
        else { return plain }
        return .html(html, status: 404)
    }

    /// What is told while the log is being read for the first time.
    public static func reading(_ path: String, taken: UInt64, of size: UInt64) -> PublicAnswer {
        let share = "\(taken.parted) of \(size.parted) entries"
        let plain = PublicAnswer(
            status: 503, type: "text/plain; charset=utf-8",
            body: Array("the log is being read: \(share)\n".utf8))
        let bar = ProgressBar(
            "The log is being read and checked.",
            share: size == 0 ? nil : (Int(clamping: taken), Int(clamping: size)))
        guard let templates = try? Templates.own.get(),
            let body = try? templates.render("reading", ["progress": .of(bar)])
        else { return plain }
        let page = Page(
            title: "One moment",
            purpose: "These pages are made of the log, which is read only once.",
            help: "Operating/Pages.md", body: body)
        let frame = Frame(
            name: "PlateVault", face: "Public record", root: root(of: path), places: [])
        return (try? frame.html(page, by: templates)).map { .html($0, status: 503) } ?? plain
    }

    /// A file below `/assets/`, which is the same for every snapshot.
    public static func asset(_ path: String) -> PublicAnswer? {
        guard path.hasPrefix("/assets/") else { return nil }
        return Asset.named(path.dropFirst(8)).map {
            PublicAnswer(type: $0.type, body: $0.bytes)
        }
    }

    /// The paths of all pages.
    public var pages: [String] {
        guard let maker = try? maker("/") else { return [] }
        func numbered(_ path: String, _ count: Int, _ more: String = "") -> [String] {
            let pages = Paging(count: count, page: 1)?.pages ?? 1
            return [path] + (pages > 1 ? (2...pages).map { "\(path)\(more)\($0)/" } : [])
        }
        return ["/", "/figures/", "/days/", "/policy/", "/audit/", "/data/"]
            + numbered("/requests/", snapshot.figures.searches.count)
            + maker.lists.flatMap {
                numbered(
                    "/" + $0.path, $0.entries?.count ?? snapshot.count,
                    $0.entries == nil ? "page/" : "")
            } + (0..<snapshot.count).map { "/log/\($0)/" }
    }

    /// The paths of files that are no pages.
    public static let files: [String] =
        ["/requests.atom", "/destructions.atom", "/searches.csv", "/days.csv", "/figures.json"]
        + Asset.all.keys.sorted().map { "/assets/\($0)" }

    private func maker(_ path: String) throws -> PageMaker {
        try maker(below: Self.root(of: path))
    }

    private func maker(below root: String) throws -> PageMaker {
        PageMaker(snapshot: snapshot, templates: try Templates.own.get(), root: root)
    }

    /// The way from a path to the root: as many steps as the browser needs. Pages do not lie deep:
    /// from deeper than 16, where nothing stands, the way is the host's own root, and not as long as
    /// whoever asks wants it to be.
    static func root(of path: String) -> String {
        let depth = path.utf8.filter { $0 == 0x2F }.count - 1
        if depth > 16 { return "/" }
        return depth < 1 ? "./" : String(repeating: "../", count: depth)
    }

    private func page(_ path: String, _ maker: PageMaker) throws -> Page? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 2, parts.first == "", parts.last == "" else { return nil }
        let words = Array(parts[1..<(parts.count - 1)])
        switch words.first {
        case nil: return try maker.overview()
        case "log": return try logPage(Array(words.dropFirst()), maker)
        case "requests" where words.count == 1: return try maker.searches(1)
        case "requests" where words.count == 2:
            return try Self.later(words[1]).flatMap { try maker.searches($0) }
        default: break
        }
        guard words.count == 1 else { return nil }
        switch words[0] {
        case "figures": return try maker.figures()
        case "days": return try maker.days()
        case "policy": return try maker.policy()
        case "audit": return try maker.audit()
        case "data": return try maker.data()
        default: return nil
        }
    }

    private func logPage(_ words: [String], _ maker: PageMaker) throws -> Page? {
        if words.isEmpty { return try maker.log(PageMaker.wholeLog(), page: 1) }
        if words.count == 1 {
            return try Self.whole(words[0]).flatMap { try maker.entryPage(UInt64($0)) }
        }
        if words[0] == "page" {
            guard words.count == 2, let number = Self.later(words[1]) else { return nil }
            return try maker.log(PageMaker.wholeLog(), page: number)
        }
        guard let list = list(words[0], words[1], maker) else { return nil }
        if words.count == 2 { return try maker.log(list, page: 1) }
        guard words.count == 3, let number = Self.later(words[2]) else { return nil }
        return try maker.log(list, page: number)
    }

    private func list(_ filter: String, _ word: String, _ maker: PageMaker) -> EntryList? {
        switch filter {
        case "kind" where word == "refused": maker.refusedList
        case "kind": StatementType(rawValue: word).map(maker.list(ofKind:))
        case "agency": snapshot.agencies.contains(word) ? maker.list(ofAgency: word) : nil
        case "day": Day(text: word).map(maker.list(on:))
        default: nil
        }
    }

    /// A page of a list that is not its first, whose path has no number.
    private static func later(_ text: String) -> Int? {
        whole(text).flatMap { $0 > 1 ? $0 : nil }
    }

    /// A whole number in its one form.
    private static func whole(_ text: String) -> Int? {
        guard let number = Int(text), number >= 0, "\(number)" == text else { return nil }
        return number
    }
}
