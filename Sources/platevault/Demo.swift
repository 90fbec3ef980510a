import ArgumentParser
import Embedded
import Glibc

/// `platevault demo`
struct Demo: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "the whole story on real plate reads, every claim checked",
        discussion: """
            Two sites, five custodians, threshold three: each party a program of its own, which stand \
            beside this one (make build), over TLS. Exits with 0 only if every claim was checked and \
            held. With --keep everything that each party has stays in the directory. With --in-process \
            all parties are in this process, and the story is longer: thieves, liars, drills, audits.

            example: platevault demo --dir /tmp/story --keep
            """)

    @Option(help: "Where the parties' files go; a temporary directory where left out.")
    var dir: String?
    @Flag(help: "Keep the files.")
    var keep = false
    @Flag(help: "All parties in this one process, and more that goes wrong.")
    var inProcess = false

    func run() throws {
        let root = try dir ?? Self.temporary()
        let story = Story(root: root) { Voice.say($0) }
        let holds = inProcess ? try story.tell() : try story.tellServed(binaries: Programs.folder)
        if keep {
            Voice.say("everything that each party has is in \(root)")
        } else {
            try story.remove()
        }
        guard holds else { throw ExitCode(1) }
    }

    private static func temporary() throws -> String {
        var path = Array("/tmp/platevault-demo-XXXXXX".utf8CString)
        guard mkdtemp(&path) != nil else {
            throw Complaint(code: "directory-failed", sentence: "cannot make a temporary directory")
        }
        let root = path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: root, as: UTF8.self) + "/city"
    }
}
