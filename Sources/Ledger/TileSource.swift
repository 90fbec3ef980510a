public import Disk

/// Where a tiled log's public files come from: a folder, a web server, whatever serves them.
public protocol TileSource: Sendable {
    /// The bytes of one resource by its path below the log's prefix, such as `tile/0/000`. Throws
    /// `tile-missing` where there is none, and whatever else kept it away.
    func read(_ path: String) throws(LedgerError) -> [UInt8]
}

/// The public files in a folder.
public struct FolderTiles: TileSource {
    private let folder: String
    private let fileSystem: any FileSystem

    /// The files below a folder: a log's `public`, a mirror's `public/<origin hash>`, or a copy.
    public init(_ folder: String, fileSystem: any FileSystem) {
        self.folder = folder
        self.fileSystem = fileSystem
    }

    /// One file. Throws `tile-missing`, and the disk's errors.
    public func read(_ path: String) throws(LedgerError) -> [UInt8] {
        do {
            return try fileSystem.read(folder + "/" + path)
        } catch {
            guard error.code == "file-missing" else { throw LedgerError(error) }
            throw LedgerError(code: "tile-missing", sentence: "there is no \(path)")
        }
    }

    /// Answers a GET below the log's prefix: `checkpoint` and `tile/…` by their exact names, 404 for
    /// every other, 500 after an error of the disk.
    public func reply(to name: String) -> TlogReply {
        guard name == TilePath.checkpoint || TilePath.isTile(name) else {
            return .refused(404, "there is no such resource")
        }
        let type = name == TilePath.checkpoint ? TlogReply.plain : TlogReply.binary
        do {
            return TlogReply(status: 200, contentType: type, body: try read(name))
        } catch {
            guard error.code == "tile-missing" else { return .failed(error) }
            return .refused(404, "there is no such resource")
        }
    }
}
