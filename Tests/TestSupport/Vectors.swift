public import FoundationEssentials

/// Files of known answers, found next to the sources whatever the working directory is.
public enum Vectors {
    /// The top of the package.
    public static var root: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
    }

    /// The path of a file of the package, such as `Keys/vectors/tokens.json`.
    public static func path(_ name: String) -> String { root.appending(path: name).path }

    /// The bytes of a file of the package.
    public static func bytes(_ name: String) throws -> [UInt8] {
        try Array(Data(contentsOf: root.appending(path: name)))
    }

    /// The text of a file of the package.
    public static func text(_ name: String) throws -> String {
        String(decoding: try bytes(name), as: UTF8.self)
    }

    /// A decoded JSON file below `Tests/Vectors`.
    public static func json<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes("Tests/Vectors/" + name)))
    }

    /// The blocks of a file of `NAME = value` lines below `Tests/Vectors`: a block begins with a
    /// line that names `first`; lines that begin with `#` and empty lines are skipped.
    public static func blocks(_ name: String, first: String) throws -> [[String: String]] {
        var blocks: [[String: String]] = []
        for line in try text("Tests/Vectors/" + name).split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard !line.hasPrefix("#"), parts.count == 2 else { continue }
            let key = parts[0].trimmed
            let value = parts[1].trimmed
            if key == first { blocks.append([:]) }
            if !blocks.isEmpty { blocks[blocks.count - 1][key] = value }
        }
        return blocks
    }
}

extension Substring {
    fileprivate var trimmed: String {
        var rest = self
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
