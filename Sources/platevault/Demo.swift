import ArgumentParser
import Disk
import Embedded
import Foundation
import Hosting

/// `platevault demo`
struct Demo: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "the whole story on real plate reads, every claim checked",
        discussion: """
            Two sites, five custodians, threshold three: each party a program of its own, which stand \
            beside this one (make build), over TLS. Exits with 0 only if every claim was checked and \
            held. With --keep everything that each party has stays in the directory. With --in-process \
            all parties are in this process, and the story is longer: thieves, liars, drills, audits.

            With --serve nothing is told: a deployment with a month of history and requests in every \
            state is left running, and the addresses of its public pages and of each person's desk \
            are printed. Ctrl-C ends all of it.

            example: platevault demo --dir /tmp/story --keep
            """)

    @Option(help: "Where the parties' files go; a temporary directory where left out.")
    var dir: String?
    @Flag(help: "Keep the files.")
    var keep = false
    @Flag(help: "All parties in this one process, and more that goes wrong.")
    var inProcess = false

    @Flag(help: "Leave a populated deployment running, and print its pages and desks.")
    var serve = false
    @Option(help: "With --serve: the port of the vault's pages; a free one where left out.")
    var port: Int?
    @Option(help: "With --serve: a file for all addresses as JSON, written when everything runs.")
    var addresses: String?
    @Flag(help: "With --serve: end when standard input does, too.")
    var untilInputEnds = false

    func validate() throws {
        guard serve || (port == nil && addresses == nil && !untilInputEnds) else {
            throw ValidationError("--port, --addresses and --until-input-ends go with --serve")
        }
        guard !(serve && inProcess) else {
            throw ValidationError("--serve runs programs; it does not go with --in-process")
        }
        guard port.map((1...65_535).contains) ?? true else {
            throw ValidationError("--port is 1 to 65535")
        }
    }

    func run() throws {
        let root = try dir ?? TemporaryFolder.make("demo") + "/city"
        guard !serve else {
            try Demonstration(root: root, keep: keep, demo: self).run()
            return
        }
        let story = Story(root: root) { Voice.say($0) }
        let holds = inProcess ? try story.tell() : try story.tellServed(binaries: Programs.folder)
        if keep {
            Voice.say("everything that each party has is in \(root)")
        } else {
            try story.remove()
        }
        guard holds else { throw ExitCode(1) }
    }
}

/// `platevault demo --serve`
private struct Demonstration {
    let root: String
    let keep: Bool
    let demo: Demo

    func run() throws {
        let signals = SignalWait()
        defer { if !keep { try? FileManager.default.removeItem(atPath: root) } }
        let showcase = try Showcase(
            root, binaries: Programs.folder, publicPort: demo.port, say: Voice.note
        ) { !signals.wait(seconds: 0) }
        // Whatever ends this program ends the others.
        defer { showcase.stop() }
        let addresses = try showcase.start()
        if let path = demo.addresses {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
            try POSIXFileSystem().replace(path, Array(try encoder.encode(addresses)))
        }
        tell(addresses)
        if demo.untilInputEnds { InputWatch.start() }
        signals.wait()
        Voice.note("ending all programs")
    }

    private func tell(_ addresses: Showcase.Addresses) {
        Voice.say("what anybody sees")
        for (party, address) in addresses.pages.sorted(by: { $0.key < $1.key }) {
            Voice.say("  \(pad(party)) \(address)/")
        }
        Voice.say("each person's desk; each address opens it once")
        for word in Showcase.people {
            Voice.say("  \(pad(word)) " + (addresses.desks[word] ?? none(addresses, word)))
        }
        Voice.say("requests")
        for (state, id) in addresses.requests.sorted(by: { $0.key < $1.key }) {
            Voice.say("  \(pad(state)) \(id.prefix(12))  \(addresses.warrants[state] ?? "")")
        }
        Voice.say(
            "a sample plate that nobody has asked for yet: \(addresses.plate), "
                + addresses.window.joined(separator: " to "))
        Voice.say("other commands: --dir \(root)")
        Voice.say("one machine that holds all shares protects nobody; see Docs/Trust.md")
        Voice.note("end it with Ctrl-C")
    }

    private func none(_ addresses: Showcase.Addresses, _ word: String) -> String {
        "none: \(addresses.withoutDesk[word] ?? "it did not start")"
    }

    private func pad(_ word: String) -> String {
        word + String(repeating: " ", count: max(0, 32 - word.count))
    }
}
