import ArgumentParser
import Disk
import Embedded
import Plates
import Secrets
import Warrants

/// `platevault join`
struct Join: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "set a party's directory up on its own machine, around the keys made there",
        discussion: """
            Takes the roster and the addresses of the others, which are public, and writes the \
            configuration of the party's program with every key explained, and a README.txt with what \
            is to be done next. Compare the hash that it prints with what the others have.

            example: platevault join pv --as privacy-office --roster roster.note \
            --services services.toml
            """)

    @Argument(help: "The directory; the keys are in DIRECTORY/WORD.")
    var directory: String
    @Option(name: .customLong("as"), help: "The party's word in the roster.")
    var party: String
    @Option(help: "The first roster as a note; later ones may follow it in the file.")
    var roster: String
    @Option(help: "A file with [services]: where the vault and each custodian are.")
    var services: String
    @Option(help: "Where the program listens, like 0.0.0.0:7443.")
    var listen: String?
    @Option(help: "Where anybody reads the log or mirror.")
    var publicListen: String?
    @Option(help: "Where numbers and health are, on loopback.")
    var metricsListen = "127.0.0.1:9464"
    @Option(help: "The file from which the program reads its passphrase.")
    var passphraseFile: String?

    func run() throws {
        let disk = POSIXFileSystem()
        let folder = try PartyFolder(directory, id: party, rosters: try disk.read(roster))
        var places = PartyFolder.Places()
        places.listen = listen
        places.publicListen = publicListen
        places.metricsListen = metricsListen
        places.passphraseFile = passphraseFile
        try folder.write(
            services: String(decoding: try disk.read(services), as: UTF8.self), places: places)
        Voice.say("origin        \(folder.rosters.first.origin)")
        Voice.say("first roster  \(folder.rosters.first.hash.hex)")
        if folder.rosters.rosters.count > 1 {
            Voice.say("newest        \(folder.rosters.newest.hash.hex)")
        }
        Voice.say("next          \(directory)/README.txt")
    }
}
