public import Disk
import Ledger

/// A log's or mirror's public folder as C2SP tlog-tiles has it over HTTP: `/checkpoint` and
/// `/tile/…`, nothing else of the disk.
public struct TlogPages: Sendable {
    private let tiles: FolderTiles

    /// The pages of a folder.
    public init(_ folder: String, disk: any FileSystem) {
        tiles = FolderTiles(folder, fileSystem: disk)
    }

    /// Whether a path is a log's own, where programs read and no page for people stands.
    static func isTheirs(_ path: String) -> Bool {
        path == "/" + TilePath.checkpoint || path.hasPrefix("/tile/")
    }

    /// The page at a path; nil where there is none that can be read.
    public func page(_ path: String) -> PublicListener.Page? {
        let name = String(path.dropFirst())
        let reply = tiles.reply(to: name)
        guard reply.status == 200 else { return nil }
        return PublicListener.Page(
            type: reply.contentType, body: reply.body, isFixed: name != TilePath.checkpoint)
    }
}
