// The program of everybody who is not a server: see README.md for a session.
//
// Every command is one file in this folder; what they do stands in `Embedded` and `Inquiry`.

import ArgumentParser

/// `platevault`, and its commands.
@main
struct PlateVault: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "platevault",
        abstract: "a plate vault that needs no belief",
        subcommands: [])
}
