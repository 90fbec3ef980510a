import ArgumentParser
import Embedded
import Hosting
import Plates
import Secrets
import Warrants

/// `platevault key`
struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "make a party's own keys, and show the public ones",
        discussion: """
            example: platevault key new authority court --name "District Court" \
            --origin example.org/vault
            """,
        subcommands: [NewKey.self, ShowKey.self])
}

/// Where a party keeps its keys, for which log they are, and what opens them.
struct KeyOptions: ParsableArguments {
    @Option(help: "The directory with the party's folder.")
    var dir = "."
    @Option(help: "The log's origin; that of DIR/roster.note where left out.")
    var origin: String?
    @Option(help: "A file whose first line is the passphrase; asked for otherwise.")
    var passphraseFile: String?

    /// The keys in the directory; a new passphrase is asked for twice.
    func keys(new: Bool) throws -> PartyKeys {
        let origin = try self.origin ?? Deployment.origin(at: dir)
        return try PartyKeys(dir, origin: origin, passphrase: try passphrase(origin, new: new))
    }

    private func passphrase(_ origin: String, new: Bool) throws -> SecretBox? {
        if origin.hasSuffix(".demo") { return nil }
        if let passphraseFile { return SecretBox(try Passphrase.read(passphraseFile)) }
        guard new else { return SecretBox(try Passphrase.ask("passphrase of the key: ")) }
        return SecretBox(try Passphrase.askTwice("new passphrase for the key: "))
    }
}

/// `platevault key new`
struct NewKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "make a party's keys on its own machine, and the card with the public ones",
        discussion: """
            Roles: vault, custodian, officer, site, requester, authority. The key files go to DIR/WORD \
            and never leave the machine; the card, DIR/WORD/card.txt, is printed and goes to whoever \
            drafts the roster. To replace one key of several, name it: --only statement-key.

            example: platevault key new custodian privacy-office --name "Privacy Office" \
            --institution privacy-office --place "City Hall" --administrator "Privacy Office IT" \
            --origin example.org/vault
            """)

    @OptionGroup var options: KeyOptions
    @Argument(help: "What the party is in the roster.")
    var role: String
    @Argument(help: "Its word: 1 to 40 of a-z, 0-9 and '-', unlike all others.")
    var word: String
    @Option(help: "The name for people; a requester gives the agency's, if it is a new one.")
    var name: String?
    @Option(help: "custodian, requester: the institution it belongs to.")
    var institution: String?
    @Option(help: "custodian: where its machine stands.")
    var place: String?
    @Option(help: "custodian: who administers the machine.")
    var administrator: String?
    @Option(help: "custodian: file, the slot of its root key.")
    var slot = "file"
    @Option(help: "officer: the custodian's word.")
    var custodian: String?
    @Option(help: "requester: the agency's word.")
    var agency: String?
    @Option(help: "requester: the first day without its agency's agreement, like 2027-12-31.")
    var agreementEnds: String?
    @Option(help: "requester: its agency's cells of 30 days.")
    var budget: Int?
    @Option(help: "site: its number, never used before.")
    var number: UInt16?
    @Option(help: "Make this key only: statement-key, cosign-key or log-key.")
    var only: String?

    func run() throws {
        guard let role = PartyKeys.Role(rawValue: role) else {
            throw ValidationError(
                "a role is one of "
                    + PartyKeys.Role.allCases.map(\.rawValue).joined(separator: ", "))
        }
        var party = PartyKeys.Description(role, word)
        party.only = only
        switch role {
        case .vault: break
        case .custodian where only != nil: break
        case .custodian:
            party.fields = [
                ("name", try given(name, "--name")),
                ("institution", try given(institution, "--institution")),
                ("place", try given(place, "--place")),
                ("administrator", try given(administrator, "--administrator")), ("slot", slot),
            ]
        case .officer: party.block = try given(custodian, "--custodian")
        case .site:
            party.fields = number.map { [("number", String($0))] } ?? []
            party.fields += name.map { [("name", $0)] } ?? []
        case .requester:
            party.block = try given(agency, "--agency")
            let terms = [
                ("name", name), ("institution", institution), ("agreement-ends", agreementEnds),
                ("budget", (budget ?? name.map { _ in Agency.usualBudget }).map { String($0) }),
            ]
            party.fields = terms.compactMap { field, value in value.map { (field, $0) } }
        case .authority: party.fields = name.map { [("name", $0)] } ?? []
        }
        let keys = try options.keys(new: true)
        let card = try keys.make(party)
        Voice.note("note: made \(keys.folder(word)); its key files stay here")
        Voice.say(String(card.dropLast()))
    }

    private func given(_ value: String?, _ option: String) throws -> String {
        guard let value else {
            throw Complaint(
                code: "option-missing", sentence: "to be \(role) takes \(option)")
        }
        return value
    }
}

/// `platevault key show`
struct ShowKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "print a party's card, once its keys were found to be those in its folder",
        discussion: "example: platevault key show privacy-office --origin example.org/vault")

    @OptionGroup var options: KeyOptions
    @Argument(help: "The party's word.")
    var word: String

    func run() throws {
        Voice.say(String(try options.keys(new: false).shown(word).dropLast()))
    }
}
