public import Disk
import FoundationEssentials
import TOMLKit

/// One key of a program's configuration file, documented where it is read.
public struct ConfigurationKey: Sendable {
    /// What a value may be.
    public enum Kind: Sendable {
        /// A text.
        case text
        /// A whole number in a range.
        case number(ClosedRange<Int>)
        /// Yes or no.
        case flag
        /// A table of texts by words.
        case texts
        /// A list of tables, each with keys of its own.
        case tables([ConfigurationKey])
    }

    /// The key.
    public let name: String
    /// What it takes.
    public let kind: Kind
    /// What holds where the key is left out, as TOML writes it; nil for one that must be there.
    public let standard: String?
    /// What it is for.
    public let purpose: String
    /// Who is trusted with its value, and with what.
    public let trust: String

    /// A key of its parts.
    public init(
        _ name: String, _ kind: Kind, standard: String?, _ purpose: String, trust: String
    ) {
        self.name = name
        self.kind = kind
        self.standard = standard
        self.purpose = purpose
        self.trust = trust
    }
}

/// A configuration file (TOML 1.0) that holds the keys of its program and no other.
public struct ConfigurationFile: Sendable {
    /// The folder that relative paths start from.
    public let folder: String
    private let path: String
    private let values: [String: Value]
    private let keys: [ConfigurationKey]

    enum Value: Decodable, Hashable {
        case text(String)
        case number(Int)
        case flag(Bool)
        case table([String: Value])
        case list([Value])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let number = try? container.decode(Int.self) {
                self = .number(number)
            } else if let text = try? container.decode(String.self) {
                self = .text(text)
            } else if let list = try? container.decode([Value].self) {
                self = .list(list)
            } else {
                self = .table(try container.decode([String: Value].self))
            }
        }
    }

    /// Reads a file. Throws `configuration-missing`, `configuration-malformed` with the line,
    /// `configuration-key` for one that the program does not know or that is missing, and
    /// `configuration-value`.
    public init(
        at path: String, keys: [ConfigurationKey], disk: any FileSystem
    ) throws(HostingError) {
        guard let bytes = try? disk.read(path) else {
            throw HostingError(
                code: "configuration-missing", sentence: "cannot read the configuration \(path)")
        }
        self.path = path
        self.keys = keys
        folder = path.contains("/") ? disk.folder(of: path) : "."
        let json: String
        do {
            json = try TOMLTable(string: String(decoding: bytes, as: UTF8.self)).convert(to: .json)
        } catch {
            let place = (error as? TOMLParseError).map { " in line \($0.source.begin.line)" } ?? ""
            throw HostingError(
                code: "configuration-malformed", sentence: "\(path) is not TOML\(place)")
        }
        guard let table = try? JSONDecoder().decode([String: Value].self, from: Data(json.utf8))
        else {
            throw HostingError(
                code: "configuration-malformed",
                sentence: "\(path) holds something else than texts, whole numbers, true and false")
        }
        values = table
        try Self.check(table, keys, path, "")
    }

    private init(
        _ folder: String, _ path: String, _ values: [String: Value], _ keys: [ConfigurationKey]
    ) {
        self.folder = folder
        self.path = path
        self.values = values
        self.keys = keys
    }

    private static func check(
        _ values: [String: Value], _ keys: [ConfigurationKey], _ path: String, _ place: String
    ) throws(HostingError) {
        for name in values.keys.sorted() where !keys.contains(where: { $0.name == name }) {
            throw HostingError(
                code: "configuration-key",
                sentence: "\(path): there is no key \(place)\(name); the keys are "
                    + keys.map(\.name).joined(separator: ", "))
        }
        for key in keys {
            guard let value = values[key.name] else {
                guard key.standard != nil else {
                    throw HostingError(
                        code: "configuration-key",
                        sentence: "\(path): the key \(place)\(key.name) is missing: \(key.purpose)")
                }
                continue
            }
            try check(value, key, path, place)
        }
    }

    private static func check(
        _ value: Value, _ key: ConfigurationKey, _ path: String, _ place: String
    ) throws(HostingError) {
        func refuse(_ what: String) -> HostingError {
            HostingError(
                code: "configuration-value", sentence: "\(path): \(place)\(key.name) takes \(what)")
        }
        switch (key.kind, value) {
        case (.text, .text(let text)):
            guard !text.isEmpty else { throw refuse("a text that is not empty") }
        case (.number(let range), .number(let number)):
            guard range.contains(number) else {
                throw refuse("a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
        case (.flag, .flag): return
        case (.texts, .table(let table)):
            for case let item in table.values {
                guard case .text = item else { throw refuse("a table of texts") }
            }
        case (.tables(let inner), .list(let list)):
            for (index, item) in list.enumerated() {
                guard case .table(let table) = item else { throw refuse("tables [[\(key.name)]]") }
                try check(table, inner, path, "\(key.name) \(index + 1): ")
            }
        case (.text, _): throw refuse("a text in quotes")
        case (.number(let range), _):
            throw refuse("a whole number from \(range.lowerBound) to \(range.upperBound)")
        case (.flag, _): throw refuse("true or false")
        case (.texts, _): throw refuse("a table of texts")
        case (.tables, _): throw refuse("tables [[\(key.name)]]")
        }
    }

    /// A text; nil where neither the file nor the key's standard has one.
    public func text(_ name: String) -> String? {
        if case .text(let text) = values[name] { return text }
        guard let standard = standard(name), standard.hasPrefix("\""), standard.count > 2 else {
            return nil
        }
        return String(standard.dropFirst().dropLast())
    }

    /// A path, as seen from the file's own folder.
    public func path(_ name: String) -> String? {
        text(name).map { $0.hasPrefix("/") ? $0 : "\(folder)/\($0)" }
    }

    /// A number; zero for a key that the program does not have.
    public func number(_ name: String) -> Int {
        if case .number(let number) = values[name] { return number }
        return standard(name).flatMap { Int($0) } ?? 0
    }

    /// Yes or no.
    public func flag(_ name: String) -> Bool {
        if case .flag(let flag) = values[name] { return flag }
        return standard(name) == "true"
    }

    /// A table of texts.
    public func texts(_ name: String) -> [String: String] {
        guard case .table(let table) = values[name] else { return [:] }
        return table.compactMapValues { if case .text(let text) = $0 { text } else { nil } }
    }

    /// The tables of a list, each to be read in the same way.
    public func tables(_ name: String) -> [ConfigurationFile] {
        guard case .list(let list) = values[name],
            case .tables(let inner)? = keys.first(where: { $0.name == name })?.kind
        else { return [] }
        return list.compactMap { item in
            guard case .table(let table) = item else { return nil }
            return ConfigurationFile(folder, path, table, inner)
        }
    }

    private func standard(_ name: String) -> String? {
        keys.first { $0.name == name }?.standard
    }
}

/// A configuration file as a program would have it written: every key with what it is for, its
/// standard and who is trusted with it.
public struct ConfigurationText {
    /// The file's text.
    public static func write(
        _ title: String, _ keys: [ConfigurationKey], values: [String: String]
    ) -> String {
        var text =
            "# \(title)\n# Paths are seen from this file's folder. Check it with: check-config\n"
        for key in keys {
            if case .tables = key.kind { continue }
            if case .texts = key.kind { continue }
            text += "\n# \(key.purpose)\n# Trusted: \(key.trust)\n"
            if let value = values[key.name] {
                text += "\(key.name) = \(value)\n"
            } else if let standard = key.standard {
                text += "# \(key.name) = \(standard)\n"
            }
        }
        // Tables end a TOML document's top level, so they come last.
        for key in keys {
            switch key.kind {
            case .texts: text += "\n# \(key.purpose)\n# Trusted: \(key.trust)\n"
            case .tables(let inner):
                text += "\n# \(key.purpose)\n# Trusted: \(key.trust)\n"
                for item in inner {
                    text += "#   \(item.name): \(item.purpose)"
                    text += item.standard.map { " (standard \($0))" } ?? ""
                    text += " Trusted: \(item.trust)\n"
                }
            default: continue
            }
            text += values[key.name] ?? ""
        }
        return text
    }

    /// A text as TOML writes it.
    public static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
