import Hosting
import Secrets
import Warrants

/// The configuration of each program, with every key explained.
struct ProgramFiles {
    let roster: Roster
    let programs: [Serving.Program]
    let credentials: [String: String]
    let passphraseFile: String?

    /// The table by which everybody finds the others.
    var services: String {
        "[services]\n"
            + programs.filter { $0.address.hasPrefix("https") }.map {
                "\($0.party) = \(ConfigurationText.quoted($0.address))\n"
            }.joined()
    }

    /// A program's own file.
    func text(of program: Serving.Program) -> String {
        let keys = Self.keys[program.name] ?? []
        var values = [
            "party": ConfigurationText.quoted(program.party),
            "roster": "\"../roster.note\"",
            "listen": Self.place(program.address),
            "metrics-listen": Self.place(program.health),
            "services": services,
        ]
        if let address = program.publicAddress { values["public-listen"] = Self.place(address) }
        if roster.origin.hasSuffix(".demo") { values["clock"] = "\"../clock\"" }
        if let passphraseFile {
            values["passphrase-file"] = ConfigurationText.quoted(passphraseFile)
        }
        if let credential = credentials[program.party] {
            let digest = Digest(of: Array(credential.utf8))
            values["feed"] =
                "[[feed]]\nname = \"camera\"\nkind = \"openalpr\"\ncredential-sha256 = \"\(digest.hex)\"\n"
        }
        return ConfigurationText.write(program.name, keys, values: values)
    }

    private static func place(_ address: String) -> String {
        ConfigurationText.quoted(String(address.split(separator: "/").last ?? ""))
    }

    private static let keys = [
        "vaultd": ProgramKeys.vault, "custodiand": ProgramKeys.custodian,
        "gatewayd": ProgramKeys.gateway,
    ]
}
