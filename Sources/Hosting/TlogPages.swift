public import Disk
import Ledger
public import ServiceLifecycle

/// A log's or mirror's public folder as C2SP tlog-tiles has it over HTTP: `/checkpoint` and
/// `/tile/…`, nothing else of the disk.
public struct TlogPages: Sendable {
    private let tiles: FolderTiles

    /// The pages of a folder.
    public init(_ folder: String, disk: any FileSystem) {
        tiles = FolderTiles(folder, fileSystem: disk)
    }

    /// The listener for anybody at the place that a configuration names; none where it names none.
    /// Throws `listen-malformed`, `listen-open`, `certificate-unusable`.
    public func listeners(_ setting: PartySetting) throws(HostingError) -> [any Service] {
        let file = setting.file
        guard let place = file.text("public-listen") else { return [] }
        let certificate = try PublicCertificate(
            chain: file.path("public-certificate"), key: file.path("public-key"))
        return [try PublicListener(at: place, certificate: certificate) { page($0) }]
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
