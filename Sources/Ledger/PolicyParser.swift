/// The lines of a tlog-policy file. Names are bytes: nothing here depends on Unicode.
struct PolicyParser {
    /// What the quorum line says.
    enum Quorum {
        case nobody
        case named([UInt8])
    }

    private(set) var logs: [TlogPolicy.KnownLog] = []
    private(set) var witnesses: [TlogPolicy.Witness] = []
    private(set) var groups: [[UInt8]: TlogPolicy.Group] = [:]
    private(set) var quorum: Quorum?
    /// Witnesses and groups share one space of names.
    private var names: Set<[UInt8]> = []
    /// Names that are members of some group: each may be one once, so that a witness counts once.
    private var members: Set<[UInt8]> = []

    private static let none = Array("none".utf8)
    /// The specification asks for at least 32 logs, witnesses and groups.
    private static let maximumLines = 4096

    /// Throws as `TlogPolicy.init(wire:)`.
    static func parse(_ wire: [UInt8]) throws(LedgerError) -> PolicyParser {
        guard wire.count <= TlogPolicy.maximumSize, wire.isEmpty || wire.last == 0x0a,
            wire.allSatisfy({ $0 == 0x09 || $0 == 0x0a || $0 >= 0x20 && $0 != 0x7f })
        else {
            throw refusal("form", "a policy is lines of text without control characters")
        }
        var parser = PolicyParser()
        let lines = wire.split(separator: 0x0a)
        guard lines.count <= maximumLines else {
            throw refusal("form", "a policy has at most \(maximumLines) lines")
        }
        for line in lines {
            let items = line.split { $0 == 0x20 || $0 == 0x09 }.map(Array.init)
            guard let first = items.first, first.first != UInt8(ascii: "#") else { continue }
            try parser.take(first, Array(items.dropFirst()))
        }
        return parser
    }

    private mutating func take(_ word: [UInt8], _ items: [[UInt8]]) throws(LedgerError) {
        switch String(decoding: word, as: UTF8.self) {
        case "log" where (1...2).contains(items.count): try takeLog(items)
        case "witness" where (2...3).contains(items.count): try takeWitness(items)
        case "group" where items.count >= 3: try takeGroup(items)
        case "quorum" where items.count == 1: try takeQuorum(items[0])
        case "quorum": throw Self.refusal("quorum", "a quorum line names one witness or group")
        default: throw Self.refusal("form", "a line is none of log, witness, group and quorum")
        }
    }

    private mutating func takeLog(_ items: [[UInt8]]) throws(LedgerError) {
        guard let text = String(validating: items[0], as: UTF8.self),
            let key = try? NoteVerifierKey(text: text),
            !logs.contains(where: { $0.key.key == key.key })
        else { throw Self.refusal("key", "a log's key is no Ed25519 key, or stands there twice") }
        logs.append(TlogPolicy.KnownLog(key: key, url: items.count > 1 ? items[1] : nil))
    }

    private mutating func takeWitness(_ items: [[UInt8]]) throws(LedgerError) {
        guard let text = String(validating: items[1], as: UTF8.self),
            let key = try? CosignerKey(text: text),
            !witnesses.contains(where: { $0.key.key == key.key })
        else {
            throw Self.refusal(
                "key", "a witness's key is no Ed25519 cosignature key, or stands there twice")
        }
        try define(items[0])
        witnesses.append(
            TlogPolicy.Witness(name: items[0], key: key, url: items.count > 2 ? items[2] : nil))
    }

    private mutating func takeGroup(_ items: [[UInt8]]) throws(LedgerError) {
        let listed = Array(items[2...])
        for name in listed {
            guard names.contains(name), members.insert(name).inserted else {
                throw Self.refusal(
                    "name", "a group's member is not defined before it, or is one already")
            }
        }
        let needed: Int
        switch String(decoding: items[1], as: UTF8.self) {
        case "all": needed = listed.count
        case "any": needed = 1
        case let text:
            guard let number = Int(text), (1...listed.count).contains(number),
                String(number) == text
            else { throw Self.refusal("form", "a group needs from 1 to all of its members") }
            needed = number
        }
        try define(items[0])
        groups[items[0]] = TlogPolicy.Group(needed: needed, members: listed)
    }

    private mutating func takeQuorum(_ name: [UInt8]) throws(LedgerError) {
        guard quorum == nil else {
            throw Self.refusal("quorum", "a policy has one quorum line")
        }
        guard name != Self.none else {
            quorum = .nobody
            return
        }
        guard names.contains(name) else {
            throw Self.refusal("quorum", "the quorum is not defined before its line")
        }
        quorum = .named(name)
    }

    private mutating func define(_ name: [UInt8]) throws(LedgerError) {
        guard name != Self.none, names.insert(name).inserted else {
            throw Self.refusal("name", "a name is defined twice, or is none")
        }
    }

    static func refusal(_ part: String, _ sentence: String) -> LedgerError {
        LedgerError(code: "policy-\(part)", sentence: sentence)
    }
}
