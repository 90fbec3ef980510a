public import Portal

/// What one role adds to a desk: its places, and an answer to each question that the gate let
/// through. Called on several threads at once.
public protocol DeskPages: Sendable {
    /// What the desk is called, such as `Officer's desk`.
    var title: String { get }
    /// The places of its navigation, the first of them `/`.
    var places: [DeskPlace] { get }
    /// Whether what waits for the party is this desk's to do, and is counted and told.
    var hasInbox: Bool { get }
    /// The answer. Throws what the party's own work throws (a `CodedError` is shown with its
    /// sentence and code), and `DeskError` `path-unknown` where nothing stands.
    func answer(_ ask: DeskAsk, in office: DeskOffice) throws -> DeskReply
}

extension DeskPages {
    /// It is.
    public var hasInbox: Bool { true }
}

/// A place of a desk's navigation.
public struct DeskPlace: Sendable {
    /// Its path, such as `/requests`.
    public let path: String
    /// Its name.
    public let title: String

    /// A place with its name.
    public init(_ path: String, _ title: String) {
        self.path = path
        self.title = title
    }
}

/// One question of the desk's own browser.
public struct DeskAsk: Sendable {
    /// Whether a form was sent, with the session's own token in it; a page is asked for otherwise.
    public let isForm: Bool
    /// The words of the path, none for `/`: letters, digits, `-`, `_` and `.` only.
    public let path: [String]
    /// What stands behind the question mark.
    public let query: DeskForm
    /// The form's fields and files.
    public let form: DeskForm
    /// The hidden field `desk-token` of every form of this session.
    public let token: String

    /// Where nothing stands.
    public var unknown: DeskError {
        DeskError(code: "path-unknown", sentence: DeskRefusal.pathUnknown.sentence)
    }
}

/// An answer to the desk's own browser.
public enum DeskReply: Sendable {
    /// A page, put into the desk's frame.
    case page(DeskPage)
    /// Go there next, with a sentence shown once on top of it.
    case see(_ path: String, _ told: String? = nil)
    /// A file to be kept: its name and type.
    case download(name: String, type: String, bytes: [UInt8])
    /// Bytes for a page, such as a photo or JSON.
    case bytes(type: String, _ bytes: [UInt8])
}

/// A page within a desk's frame.
public struct DeskPage: Sendable {
    /// Its title.
    public var title: String
    /// What it is for, in one sentence.
    public var purpose: String
    /// Where the fuller words stand: a page below `Docs/`, such as `Operating/Desk.md`.
    public var fuller: String
    /// The place of the navigation that it belongs to.
    public var place: String
    /// What it shows, as `DeskAsk.render` made it.
    public var body: Markup
    /// After how many seconds the browser asks anew; nil for never. Works without scripts.
    public var refresh: Int?
    /// The HTTP status.
    public var status: Int
    /// What has just happened, or went wrong; shown on top.
    public var flash: Flash?
    /// The way up.
    public var crumbs: [Place] = []
    /// Modules that help where there is JavaScript: names of assets.
    public var modules: [String] = ["time.js", "desk_waiting.js"]
    /// Whether it needs the width of the window.
    public var isWide = false

    /// A page of its parts.
    public init(
        _ title: String, purpose: String, fuller: String = "Operating/Desk.md",
        place: String = "/", body: Markup, refresh: Int? = nil, status: Int = 200
    ) {
        self.title = title
        self.purpose = purpose
        self.fuller = fuller
        self.place = place
        self.body = body
        self.refresh = refresh
        self.status = status
    }
}
