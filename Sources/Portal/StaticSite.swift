public import Ledger
import Warrants

/// The public pages as files for any static host, with the log's own public files beside them, so
/// that a reader's browser can verify what it is shown against them.
public struct StaticSite: Sendable {
    private let site: PublicSite
    private let source: any TileSource
    private let base: String

    /// The files of a snapshot, whose log is read from a source. `base` is the path below which the
    /// host will have them, such as `/` or `/vault/`: `404.html` is shown at any address, and only
    /// its links need to know. Throws `base-malformed`.
    public init(
        _ snapshot: PublicSnapshot, from source: any TileSource, below base: String = "/"
    ) throws(PortalError) {
        let parts = base.split(separator: "/", omittingEmptySubsequences: false)
        let isPath =
            parts.count >= 2 && parts.first == "" && parts.last == ""
            && parts.dropFirst().dropLast().allSatisfy {
                !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.allSatisfy(Self.isPlain)
            }
        guard isPath else {
            throw PortalError(
                code: "base-malformed",
                sentence:
                    "a host's path begins and ends in a slash, like /vault/, and has letters, "
                    + "digits and -._~ between")
        }
        self.base = base
        site = PublicSite(snapshot)
        self.source = source
    }

    /// What stands for itself in an address (RFC 3986, unreserved).
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
        default: false
        }
    }

    /// How many files there are.
    public var count: Int { site.pages.count + files.count + 2 + tiles.count }

    private var files: [String] {
        PublicSite.files + (site.snapshot.tally == nil ? [] : ["/" + TallyBody.file])
    }

    /// Gives each file once: its path below the site's folder, and its bytes. Throws what keeps one
    /// from being made, and what `body` throws.
    public func files(_ body: (_ path: String, _ bytes: [UInt8]) throws -> Void) throws {
        for path in site.pages + files {
            guard let answer = try site.answer(path) else {
                throw PortalError(code: "page-missing", sentence: "nothing stands at \(path)")
            }
            try body(
                String(path.dropFirst()) + (path.hasSuffix("/") ? "index.html" : ""), answer.body)
        }
        try body("404.html", site.missing(below: base).body)
        for path in tiles { try body(path, try tile(path)) }
        // Last, as a log publishes it: under it everything else is there.
        try body(TilePath.checkpoint, site.snapshot.note.encode())
    }

    private func tile(_ path: String) throws(LedgerError) -> [UInt8] { try source.read(path) }

    /// The tiles and bundles of the snapshot's tree.
    private var tiles: [String] {
        let size = site.snapshot.head.size
        var paths: [String] = []
        var count = size
        for level in 0..<8 where count > 0 {
            for index in 0..<((count + 255) / 256) {
                let width = Int(min(256, count - index * 256))
                paths.append(TilePath.hashes(level: level, index: index, width: width))
                if level == 0 { paths.append(TilePath.entries(index: index, width: width)) }
            }
            count >>= 8
        }
        return paths
    }
}
