public import Disk

/// A log's or mirror's public folder as C2SP tlog-tiles has it over HTTP: `/checkpoint` and
/// `/tile/…`, nothing else of the disk.
public struct TlogPages: Sendable {
    private let folder: String
    private let disk: any FileSystem

    /// The pages of a folder.
    public init(_ folder: String, disk: any FileSystem) {
        self.folder = folder
        self.disk = disk
    }

    /// The page at a path; nil where there is none.
    public func page(_ path: String) -> PublicListener.Page? {
        guard let bytes = file(String(path.dropFirst())) else { return nil }
        if path == "/checkpoint" {
            return PublicListener.Page(type: "text/plain; charset=utf-8", body: bytes)
        }
        return PublicListener.Page(type: "application/octet-stream", body: bytes, isFixed: true)
    }

    /// The file at a path below the folder; nil where there is none.
    public func file(_ name: String) -> [UInt8]? {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        // A tile's path has digits, `x`, `entries` and `.p`; a part that starts with a dot is none.
        guard name == "checkpoint" || parts.first == "tile",
            parts.allSatisfy({ part in
                !part.isEmpty && part.first != "."
                    && part.utf8.allSatisfy {
                        (0x30...0x39).contains($0) || (0x61...0x7a).contains($0) || $0 == 0x2e
                    }
            })
        else { return nil }
        return try? disk.read("\(folder)/\(name)")
    }
}
