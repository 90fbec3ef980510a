/// Where a tiled log's resources stand below its prefix (tlog-tiles v0.1.0, section "APIs").
public enum TilePath {
    /// The signed checkpoint.
    public static let checkpoint = "checkpoint"
    /// How many hashes or entries a full tile has.
    public static let width = 256

    /// The hash tile of a level; partial where `width` is below 256.
    ///
    ///     tile/0/x001/x234/067.p/12       level 0, index 1234067, width 12
    public static func hashes(level: Int, index: UInt64, width: Int = width) -> String {
        "tile/\(level)/\(number(index))\(suffix(width))"
    }

    /// The entry bundle; partial where `width` is below 256.
    public static func entries(index: UInt64, width: Int = width) -> String {
        "tile/entries/\(number(index))\(suffix(width))"
    }

    /// Whether a path is one that `hashes` or `entries` gives.
    static func isTile(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[0] == "tile" else { return false }
        var groups = parts[2...]
        var width = Self.width
        if let before = groups.dropLast().last, before.hasSuffix(".p") {
            guard let last = groups.popLast().flatMap({ Int($0) }), last < Self.width else {
                return false
            }
            width = last
        }
        var index: UInt64 = 0
        for group in groups {
            let digits = group.utf8.filter { (0x30...0x39).contains($0) }
            guard digits.count == 3, index < 1 << 50 else { return false }
            index = index * 1000 + digits.reduce(0) { $0 * 10 + UInt64($1 - 0x30) }
        }
        if parts[1] == "entries" { return width > 0 && path == entries(index: index, width: width) }
        guard let level = Int(parts[1]), (0...63).contains(level), width > 0 else { return false }
        return path == hashes(level: level, index: index, width: width)
    }

    /// The tile or bundle that a partial one becomes; itself where it is full.
    static func full(_ path: String) -> String {
        guard let dot = path.lastIndex(of: ".") else { return path }
        return String(path[..<dot])
    }

    /// An index in groups of three digits, all but the last after an `x`.
    private static func number(_ index: UInt64) -> String {
        var groups: [String] = []
        var rest = index
        repeat {
            let digits = String(rest % 1000)
            groups.append(String(repeating: "0", count: 3 - digits.count) + digits)
            rest /= 1000
        } while rest > 0
        return groups.indices.reversed()
            .map { $0 == 0 ? groups[$0] : "x" + groups[$0] }.joined(separator: "/")
    }

    private static func suffix(_ width: Int) -> String {
        width < Self.width ? ".p/\(width)" : ""
    }
}
