import Ledger
import Secrets
import Warrants

/// The public pages as files for any static host, with the log's own public files beside them, so
/// that a reader's browser can verify what it is shown against them.
public struct StaticSite: Sendable {
    private let site: PublicSite
    private let base: String

    /// The files of a snapshot. `base` is the path below which the host will have them, such as `/` or
    /// `/vault/`: `404.html` is shown at any address, and only its links need to know. Throws `base-malformed`.
    public init(
        _ snapshot: PublicSnapshot, below base: String = "/"
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
    }

    /// What stands for itself in an address (RFC 3986, unreserved).
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
        default: false
        }
    }

    /// How many files there are.
    public var count: Int { site.pages.count + files.count + 2 + tileCount }

    /// The names that a site can have in its folder: what has any other was not written here.
    public static let names: Set<String> = Set(
        [
            "index.html", "404.html", TilePath.checkpoint, "tile", TallyBody.file, "figures",
            "days", "policy", "audit", "data", "requests", "log",
        ] + PublicSite.files.compactMap { $0.split(separator: "/").first.map(String.init) })

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
        try tiles(body)
        // Last, as a log publishes it: under it everything else is there.
        try body(TilePath.checkpoint, site.snapshot.note.encode())
    }

    /// The tiles and bundles of the snapshot's tree, made anew from its verified entries: what the
    /// source of the log says a second time plays no part.
    private func tiles(_ body: (_ path: String, _ bytes: [UInt8]) throws -> Void) throws {
        var roots: [UInt8] = []
        var index: UInt64 = 0
        try site.snapshot.entries { entries in
            try body(
                TilePath.entries(index: index, width: entries.count),
                try EntryBundle.encode(entries))
            let hashes = entries.flatMap { Merkle.leafHash($0).bytes }
            try body(TilePath.hashes(level: 0, index: index, width: entries.count), hashes)
            if entries.count == TilePath.width { roots += Merkle.root(ofHashes: hashes).bytes }
            index += 1
        }
        for level in 1..<8 where !roots.isEmpty {
            let below = roots
            roots = []
            let step = 32 * TilePath.width
            for (index, start) in stride(from: 0, to: below.count, by: step).enumerated() {
                let tile = Array(below[start..<min(start + step, below.count)])
                let width = tile.count / 32
                try body(TilePath.hashes(level: level, index: UInt64(index), width: width), tile)
                if width == TilePath.width { roots += Merkle.root(ofHashes: tile).bytes }
            }
        }
    }

    private var tileCount: Int {
        var count = Int(clamping: site.snapshot.head.size)
        var all = (count + 255) / 256
        while count > 0 {
            all += (count + 255) / 256
            count >>= 8
        }
        return all
    }
}
