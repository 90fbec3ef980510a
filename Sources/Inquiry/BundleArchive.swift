import Bytes
import Secrets

/// A bundle as one file (Docs/Spec/Bundle.md, "As one file"): a POSIX ustar archive that every `tar`
/// unpacks into one folder, and that a verifier reads as it is. It has one form only: whoever changes
/// anything in it is noticed before the manifest is even looked at.
extension Bundle {
    /// 512: the bytes of a header, and what contents are filled up to.
    static let block = 512
    /// 256 MiB: the longest archive that is read.
    public static let archiveLimit = 256 << 20

    /// The folder in the archive, after the request.
    public var archiveFolder: String {
        get throws {
            let content = try Self.parse(Manifest.self, manifest, "manifest.json")
            return "bundle-\(content.request.hex.prefix(16))"
        }
    }

    /// The archive: its files by name, no times, owners or other names. Throws `bundle-changed` where
    /// the manifest is none.
    public func archive() throws -> [UInt8] {
        let folder = try archiveFolder
        var bytes: [UInt8] = []
        let all = files.merging(["manifest.json": manifest], uniquingKeysWith: { $1 })
        for (name, content) in all.sorted(by: { $0.key < $1.key }) {
            bytes += Self.header(folder, name, content.count) + content
            bytes += [UInt8](repeating: 0, count: Self.filling(content.count))
        }
        return bytes + [UInt8](repeating: 0, count: 2 * Self.block)
    }

    /// The bundle in an archive, every file held against the manifest. Throws `bundle-changed` for
    /// anything that `archive()` would not have written.
    public init(archive: [UInt8]) throws {
        guard archive.count <= Self.archiveLimit else {
            throw Self.changed("archive", "is longer than \(Self.archiveLimit) bytes")
        }
        var files: [String: [UInt8]] = [:]
        var place = 0
        while place + Self.block <= archive.count, archive[place] != 0 {
            guard let (name, size) = Self.entry(archive[place..<(place + Self.block)]),
                files[name] == nil, size <= archive.count - place - Self.block
            else { throw Self.changed("archive", "has an entry that a bundle does not have") }
            place += Self.block
            files[name] = Array(archive[place..<(place + size)])
            place += size + Self.filling(size)
        }
        guard let manifest = files.removeValue(forKey: "manifest.json") else {
            throw Self.changed("manifest.json", "is missing")
        }
        try self.init(files: files, manifest: manifest)
        guard try self.archive() == archive else {
            throw Self.changed("archive", "is not written as a bundle writes it")
        }
    }

    /// A header of POSIX.1-1988, `ustar`: the folder stands in its prefix.
    private static func header(_ folder: String, _ name: String, _ size: Int) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: block)
        func put(_ text: String, at place: Int) {
            header.replaceSubrange(place..<(place + text.utf8.count), with: text.utf8)
        }
        put(name, at: 0)
        put("0000600\0", at: 100)
        put("0000000\0", at: 108)
        put("0000000\0", at: 116)
        put(octal(size, digits: 11) + "\0", at: 124)
        put(octal(0, digits: 11) + "\0", at: 136)
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar\u{0}00", at: 257)
        put(folder, at: 345)
        let sum = header.reduce(0) { $0 + Int($1) }
        put(octal(sum, digits: 6) + "\0 ", at: 148)
        return header
    }

    /// Name and size of a header; nil where it has none. What else it says, the whole archive's
    /// comparison finds out.
    private static func entry(_ header: ArraySlice<UInt8>) -> (name: String, size: Int)? {
        let start = header.startIndex
        let name = header[start..<(start + 100)].prefix { $0 != 0 }
        let size = header[(start + 124)..<(start + 135)]
        guard size.allSatisfy({ (0x30...0x37).contains($0) }), !name.isEmpty,
            let text = String(validating: name, as: UTF8.self)
        else { return nil }
        return (text, size.reduce(0) { $0 << 3 | Int($1 - 0x30) })
    }

    private static func octal(_ value: Int, digits: Int) -> String {
        let text = String(value, radix: 8)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    private static func filling(_ size: Int) -> Int { (block - size % block) % block }
}
