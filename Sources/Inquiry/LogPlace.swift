public import Disk
public import Ledger
import Secrets
import Warrants

/// What people write where a log or its first roster is meant.
public enum LogPlace {
    /// The public files of a log: a URL, or a folder of tiles; of a folder that is a whole log or a
    /// whole mirror, what is public in it. Throws `log-missing`, `url-malformed`.
    public static func tiles(
        _ text: String, fileSystem: any FileSystem
    ) throws -> any TileSource {
        if text.hasPrefix("http://") || text.hasPrefix("https://") { return try WebTiles(text) }
        var folder = text
        while folder.hasSuffix("/"), folder.count > 1 { folder.removeLast() }
        let inside = folder + "/public"
        let mirrored = (try? fileSystem.list(inside))?.map { inside + "/" + $0 } ?? []
        for candidate in [folder, inside] + mirrored
        where (try? fileSystem.size(candidate + "/" + TilePath.checkpoint)) ?? nil != nil {
            return FolderTiles(candidate, fileSystem: fileSystem)
        }
        throw InquiryError(
            code: "log-missing", sentence: "there is no log's checkpoint in \(text)")
    }

    /// The first roster: 64 hex digits are its hash; else a file with its statement, which others may
    /// follow, or its text.
    /// Throws what is wrong with it.
    public static func roster(
        _ text: String, fileSystem: any FileSystem
    ) throws -> LogAudit.Trust {
        if let hash = Digest(hex: text) { return .hash(hash) }
        let bytes = try fileSystem.read(text)
        let content = String(decoding: bytes, as: UTF8.self)
        if content.hasPrefix(RosterText.heading) {
            return .roster(try RosterText.parse(content))
        }
        return .roster(try RosterChain(wire: bytes).first)
    }
}
