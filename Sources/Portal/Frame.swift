/// One page, as it stands in a frame.
public struct Page: Sendable {
    /// What it shows, in few words.
    public var title: String
    /// One sentence: what it is for.
    public var purpose: String
    /// Where the fuller words stand: a page below `Docs/`, such as `Operating/Pages.md`.
    public var help: String
    /// What it shows.
    public var body: Markup
    /// The `Place` of the navigation that it belongs to.
    public var place = ""
    /// The way up: names and addresses, outermost first.
    public var crumbs: [Place] = []
    /// What has just happened.
    public var flash: Flash?
    /// Modules that help where there is JavaScript: names of assets.
    public var modules: [String] = []
    /// Feeds that belong to it.
    public var feeds: [Place] = []
    /// Whether it needs the width of the window: lists with many columns.
    public var isWide = false

    /// A page of its parts.
    public init(title: String, purpose: String, help: String, body: Markup) {
        self.title = title
        self.purpose = purpose
        self.help = help
        self.body = body
    }
}

/// Somewhere to go.
public struct Place: Sendable {
    /// The word by which a page says that it belongs there.
    public var id: String
    /// Its name.
    public var name: String
    /// Its address, below the frame's root.
    public var path: String
    /// How much waits there; nothing is shown for zero.
    public var count: Int

    /// A place of its parts; `id` is the path where none is given.
    public init(_ name: String, _ path: String, id: String? = nil, count: Int = 0) {
        self.id = id ?? path
        self.name = name
        self.path = path
        self.count = count
    }

    func values(below root: String, here: String = "") -> Values {
        [
            "name": .text(name), "href": .text(root + path), "isHere": .flag(id == here),
            "count": count == 0 ? false : .number(count),
        ]
    }
}

/// What has just happened, above a page's body.
public struct Flash: Part {
    /// How it went.
    public enum Kind: String, Sendable {
        /// It is done.
        case good
        /// It is not done.
        case bad
        /// Worth knowing.
        case note
    }

    /// How it went.
    public var kind: Kind
    /// What went so.
    public var text: String
    /// What can be done about it.
    public var hint: String?
    /// The stable code of a problem.
    public var code: String?

    /// A flash of its parts.
    public init(_ kind: Kind, _ text: String, hint: String? = nil, code: String? = nil) {
        self.kind = kind
        self.text = text
        self.hint = hint
        self.code = code
    }

    /// For the partial `flash`.
    public var values: Values {
        [
            "kind": .text(kind.rawValue), "role": .text(kind == .bad ? "alert" : "status"),
            "text": .text(text), "hint": .maybe(hint), "code": .maybe(code),
        ]
    }
}

/// What stands around every page of one face.
public struct Frame: Sendable {
    /// Whose pages they are: the log's origin.
    public var name: String
    /// Which face: `Public record`, `Officer's desk`.
    public var face: String
    /// The way from the page to the face's root, with its slash at the end: `/`, `./`, `../`.
    public var root: String
    /// The navigation.
    public var places: [Place]
    /// Sentences of the foot.
    public var foot: [String] = []
    /// Where `Docs/` can be read, with its slash at the end; nil where nobody said.
    public var docs: String?
    /// Whom the browser tells where it came from; a face with forms tells itself, so that `Origin`
    /// says whose form it is.
    public var referrer = "no-referrer"
    /// The token of the session's forms, for the button that ends it; nil on a face without sessions.
    public var formToken: String?
    /// Whether the deployment is a sample, which protects nobody; every page says so.
    public var isSample: Bool

    /// A frame of its parts. An origin that ends in `.demo` is a sample.
    public init(name: String, face: String, root: String, places: [Place]) {
        self.name = name
        self.face = face
        self.root = root
        self.places = places
        isSample = name.hasSuffix(".demo")
    }

    /// The whole page, as UTF-8. Throws `template-unknown` where the templates are not Portal's.
    public func html(_ page: Page, by templates: Templates) throws(PortalError) -> [UInt8] {
        let values: Values = [
            "title": .text(page.title), "purpose": .text(page.purpose),
            "help": .text("Docs/" + page.help), "helpLink": .maybe(docs.map { $0 + page.help }),
            "body": .markup(page.body), "site": .text(name), "face": .text(face),
            "root": .text(root), "referrer": .text(referrer), "formToken": .maybe(formToken),
            "policy": .text(SecurityHeaders.policyInPage),
            "places": .list(places.map { $0.values(below: root, here: page.place) }),
            "crumbs": .list(page.crumbs.map { $0.values(below: root) }),
            "hasCrumbs": .flag(!page.crumbs.isEmpty), "flash": .maybe(page.flash),
            "modules": .list(page.modules.map { ["module": .text($0)] }),
            "feeds": .list(page.feeds.map { $0.values(below: root) }),
            "foot": .list(foot.map { ["sentence": .text($0)] }), "isSample": .flag(isSample),
            "isWide": .flag(page.isWide),
        ]
        return Array(try templates.render("frame", values).html.utf8)
    }
}
