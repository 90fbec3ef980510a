import ArgumentParser
import Bytes
import Embedded
import Foundation
import Glibc
import Inquiry

/// `platevault inbox`
struct InboxCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inbox",
        abstract: "what waits for an officer, an authority or a requester, and by when",
        discussion: """
            For an officer requests to approve or deny, for an authority requests to attest or ratify, \
            for a requester what became of the own ones. With --follow it stays and tells what is new, \
            also after the vault was away; it needs the parties' programs running (platevault serve).

            example: platevault inbox --as privacy-office --follow
            """)

    @OptionGroup var options: DeploymentOptions
    @Option(name: .customLong("as"), help: "Whose: a custodian or officer, authority, requester.")
    var party: String
    @Flag(help: "Stay, and print what is new as it comes.")
    var follow = false

    func run() throws {
        let deployment = try options.open()
        guard !follow || deployment.isServed else {
            throw Complaint(
                code: "deployment-not-served", sentence: "nothing new comes while nobody serves it",
                hint: "platevault serve runs the parties' programs")
        }
        guard follow else { return try tell(try deployment.inbox(of: party)) }
        let copy = try TemporaryFolder.make("inbox")
        defer { try? FileManager.default.removeItem(atPath: copy) }
        var told: Set<InboxItem> = []
        var isAway = false
        let signals = SignalWait()
        repeat {
            do {
                let items = try deployment.inbox(of: party, copy: copy)
                if isAway { Voice.note("the vault answers again") }
                isAway = false
                try tell(items.filter { !told.contains($0) })
                // What is done and comes again is told again.
                told = Set(items)
            } catch let error as any CodedError where error.code == "unreachable" {
                if !isAway { Voice.note("note: the vault does not answer; asking again") }
                isAway = true
            }
        } while !signals.wait(seconds: 2)
    }

    private func tell(_ items: [InboxItem]) throws {
        if options.json, !follow { return try options.print(items) }
        if items.isEmpty, !follow { Voice.say("nothing waits for \(party)") }
        for item in items {
            if options.json {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                Voice.say(String(decoding: try encoder.encode(item), as: UTF8.self))
                continue
            }
            Voice.say("\(item.request.prefix(12))  \(item.what)  until \(item.deadline)")
            Voice.say("    \(item.requester)  \(item.purpose)  filed \(item.filed)")
        }
    }
}
