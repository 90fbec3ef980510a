import Secrets

/// A file that pages fetch from `assets/`.
public struct Asset: Sendable {
    /// Its name.
    public let name: String
    /// The content type.
    public let type: String
    /// The bytes.
    public let bytes: [UInt8]
    /// The entity tag, with its quotes: it changes with the bytes.
    public let tag: String

    private init(_ name: String, _ bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
        type =
            switch name.split(separator: ".").last {
            case "css": "text/css; charset=utf-8"
            case "js": "text/javascript; charset=utf-8"
            default: "image/svg+xml"
            }
        tag = "\"\(Digest(of: bytes).hex.prefix(32))\""
    }

    /// All of them, by name.
    public static let all: [String: Asset] = Dictionary(
        uniqueKeysWithValues: [
            ("audit-page.js", PackageResources.audit_page_js),
            ("audit-worker.js", PackageResources.audit_worker_js),
            ("audit.js", PackageResources.audit_js), ("bytes.js", PackageResources.bytes_js),
            ("desk_waiting.js", PackageResources.desk_waiting_js),
            ("icon.svg", PackageResources.icon_svg),
            ("investigator.js", PackageResources.investigator_js),
            ("merkle.js", PackageResources.merkle_js),
            ("note.js", PackageResources.note_js), ("remember.js", PackageResources.remember_js),
            ("says.js", PackageResources.says_js),
            ("statement.js", PackageResources.statement_js),
            ("style.css", PackageResources.style_css), ("tiles.js", PackageResources.tiles_js),
            ("time.js", PackageResources.time_js), ("verify.js", PackageResources.verify_js),
        ].map { ($0.0, Asset($0.0, $0.1)) })

    /// The asset of a name; nil where there is none.
    public static func named(_ name: some StringProtocol) -> Asset? { all[String(name)] }
}
