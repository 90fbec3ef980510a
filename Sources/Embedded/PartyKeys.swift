import Bytes
public import Disk
import Plates
public import Secrets
import Warrants

/// A party's keys as it makes them on its own machine, in a folder of its word, and the card with the
/// public ones, which is all that anybody else ever gets.
public struct PartyKeys {
    /// What a party is in the roster.
    public enum Role: String, CaseIterable, Sendable {
        /// The store and its log.
        case vault
        /// A holder of key shares.
        case custodian
        /// A person of a custodian's institution who approves.
        case officer
        /// One process of a site's gateway.
        case site
        /// A person of an agency who asks.
        case requester
        /// Who attests orders.
        case authority

        /// The names of its keys in the roster, each with its file's.
        var files: [(field: String, file: String)] {
            switch self {
            case .vault: [("statement-key", "key"), ("log-key", "log.key")]
            case .custodian: [("statement-key", "key"), ("cosign-key", "cosign.key")]
            case .site, .authority: [("key", "key")]
            case .officer: [("officer", "key")]
            case .requester: [("requester", "key")]
            }
        }

        /// The roster's block that its lines stand in.
        var block: String {
            switch self {
            case .officer: "custodian"
            case .requester: "agency"
            default: rawValue
            }
        }
    }

    /// Who a card is about.
    public struct Description: Sendable {
        /// What the party is.
        public var role: Role
        /// Its word.
        public var id: String
        /// The word of the block that it stands in: for an officer the custodian's, for a requester
        /// the agency's, for everybody else its own.
        public var block: String
        /// What the card says besides keys, in the roster's order.
        public var fields: [(String, String)] = []
        /// The only one of its keys that is made, by its name in the roster; all where nil.
        public var only: String?

        /// A party of a role, without any field.
        public init(_ role: Role, _ id: String, block: String? = nil) {
            self.role = role
            self.id = id
            self.block = block ?? id
        }
    }

    private let root: String
    private let ring: KeyRing
    private let disk: any FileSystem

    /// Keys in the folders of a directory, for a log's origin. Throws `passphrase-missing`.
    public init(
        _ root: String, origin: String, passphrase: SecretBox?,
        fileSystem: any FileSystem = POSIXFileSystem(), random: any RandomSource = SystemRandom()
    ) throws {
        self.root = root
        disk = fileSystem
        ring = try KeyRing(
            origin: origin, passphrase: passphrase, fileSystem: fileSystem, random: random)
    }

    /// Where a party's keys and card are.
    public func folder(_ id: String) -> String { "\(root)/\(id)" }
    /// Where its card is.
    public func card(_ id: String) -> String { folder(id) + "/card.txt" }

    /// Makes the keys and the card, and returns the card. Throws `roster-malformed` or `roster-party`
    /// for a word that no roster takes, and where a key is there already.
    public func make(_ party: Description) throws -> String {
        guard party.id.isWord(most: 40), party.block.isWord(most: 40) else {
            throw EmbeddedError(
                code: "word-malformed", sentence: "a party's word has 1 to 40 of a-z, 0-9 and '-'")
        }
        let wanted = party.role.files.filter { party.only == nil || party.only == $0.field }
        guard !wanted.isEmpty else {
            throw EmbeddedError(
                code: "key-unknown",
                sentence: "the keys of a \(party.role.rawValue) are called "
                    + party.role.files.map(\.field).joined(separator: ", "))
        }
        for (_, file) in wanted where try disk.size("\(folder(party.id))/\(file)") != nil {
            throw EmbeddedError(
                code: "key-exists",
                sentence: "\(folder(party.id))/\(file) is there; make the new key in another --dir")
        }
        var fields = party.fields
        for (field, file) in wanted {
            let key = try ring.create("\(folder(party.id))/\(file)").verifyingKey
            fields.append((field, Self.value(party.role, party.id, PartyKey(key))))
        }
        let text = RosterCard.text(party.role.block, party.block, fields)
        _ = try RosterCard(text)
        try disk.replace(card(party.id), Array(text.utf8))
        return text
    }

    /// The card that is kept, once each key on it was found to be the one whose file is here. Throws
    /// `key-other` for a card that does not fit its keys.
    public func shown(_ id: String) throws -> String {
        let text = String(decoding: try disk.read(card(id)), as: UTF8.self)
        _ = try RosterCard(text)
        let lines = text.split(separator: "\n").map { $0.drop { $0 == " " } }
        for role in Role.allCases {
            for (field, file) in role.files where text.contains("\n\(role.block) ") {
                let path = "\(folder(id))/\(file)"
                let said = lines.filter { $0.hasPrefix("\(field) ") }
                guard !said.isEmpty else { continue }
                let key = PartyKey(try ring.key(path).verifyingKey)
                guard said.contains(where: { $0 == "\(field) \(Self.value(role, id, key))" }) else {
                    throw EmbeddedError(
                        code: "key-other", sentence: "\(card(id)) has another key than \(path)")
                }
            }
        }
        return text
    }

    private static func value(_ role: Role, _ id: String, _ key: PartyKey) -> String {
        role == .officer || role == .requester ? "\(id) \(key.text)" : key.text
    }
}
