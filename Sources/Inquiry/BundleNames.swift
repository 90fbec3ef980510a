import Bytes
import Secrets

/// Which files a bundle has (Docs/Spec/Bundle.md): these, and nothing else. What has another name proves
/// nothing, and would seem to.
extension Bundle {
    /// What a file is by its name.
    enum Part: Equatable {
        /// One that each bundle has.
        case fixed
        /// A statement by its index in the log.
        case statement(UInt64)
        /// What a custodian gave, by its word.
        case partials(String)
        /// A sealed photo, or the one inside.
        case photo
    }

    /// The folders of a bundle that its files are in.
    static let folders = ["evidence", "log", "photos"]
    private static let fixed: Set<String> = [
        "report.txt", "reads.json", "reads.csv", "log/checkpoint", "log/proofs.json",
        "evidence/secret.json", "evidence/answers",
    ]

    /// What a name stands for; nil for one that no bundle has.
    static func part(_ name: String) -> Part? {
        if fixed.contains(name) { return .fixed }
        if let word = inner(name, "log/", ".note") {
            // A second spelling of an index would be a second place in the order of names.
            guard let index = UInt64(word), Self.name(index) == word else { return nil }
            return .statement(index)
        }
        if let word = inner(name, "evidence/partials-", "") {
            return word.isWord(most: 40) ? .partials(word) : nil
        }
        let photo =
            inner(name, "evidence/photo-", "") ?? inner(name, "photos/", ".jpg")
            ?? inner(name, "photos/", ".png")
        return photo.flatMap { Digest(hex: $0) } == nil ? nil : .photo
    }

    /// An index as names have it: at least eight digits.
    static func name(_ index: UInt64) -> String {
        let digits = String(index)
        return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }

    /// The statements' indices, ascending.
    var statements: [UInt64] {
        files.keys.compactMap {
            guard case .statement(let index) = Self.part($0) else { return nil }
            return index
        }.sorted()
    }

    /// A name as a terminal may show it: those of a bundle, and what is written like them.
    static func shown(_ name: String) -> String {
        let isPlain = name.utf8.allSatisfy {
            (0x61...0x7a).contains($0) || (0x41...0x5a).contains($0) || (0x2d...0x39).contains($0)
        }
        return isPlain && (1...120).contains(name.utf8.count) ? name : "of a foreign name"
    }

    private static func inner(_ name: String, _ head: String, _ tail: String) -> String? {
        guard name.hasPrefix(head), name.hasSuffix(tail),
            name.utf8.count >= head.utf8.count + tail.utf8.count
        else { return nil }
        return String(name.dropFirst(head.count).dropLast(tail.count))
    }
}
