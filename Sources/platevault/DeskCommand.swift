import ArgumentParser
import Desks
import Embedded
import Foundation
import Glibc
import Hosting
import Plates

/// `platevault desk`
struct DeskCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "desk",
        abstract: "a party's own desk in the browser, on this machine",
        discussion: """
            Serves the desk of an officer, requester, authority or custodian on 127.0.0.1 and opens \
            the browser at an address that can be used once. Keys, plates and opened reads stay in \
            this program. An officer's desk is the officer's word; a custodian's word opens the desk \
            of its administrator.

            example: platevault desk --as privacy-office-officer
            """)

    @OptionGroup var options: DeploymentOptions
    @Option(name: .customLong("as"), help: "Whose: an officer, requester, authority or custodian.")
    var party: String
    @Option(help: "The port on 127.0.0.1; a free one where left out.")
    var port = 0
    @Flag(help: "Print the address that opens the desk once, and leave the browser alone.")
    var noBrowser = false
    @Flag(help: .hidden)
    var untilInputEnds = false

    func run() throws {
        guard (0...65_535).contains(port) else {
            throw Complaint(code: "port-malformed", sentence: "--port is 0 to 65535")
        }
        let deployment = try options.open()
        let office = try DeskOffice(deployment, as: party)
        let pages = try Roles.pages(for: office)
        if untilInputEnds { InputWatch.start() }
        let opens = !noBrowser
        let server = DeskServer(office, pages: pages, port: port) { address in
            // Standard output and nothing else: the address opens the desk.
            if opens {
                Browser.open(address) { Voice.say(address) }
            } else {
                Voice.say(address)
            }
            Voice.note("the desk of \(office.id) is open; end it with Ctrl-C")
        }
        try Waiting.run { try await DaemonLife.run([server]) }
    }
}

/// Runs work that waits from a program that does not.
private enum Waiting {
    static func run(_ work: @escaping @Sendable () async throws -> Void) throws {
        let ended = DispatchSemaphore(value: 0)
        let result = Outcome()
        Task.detached {
            do { try await work() } catch { result.error = error }
            ended.signal()
        }
        ended.wait()
        if let error = result.error { throw error }
    }

    /// Unchecked: written before the semaphore is signalled, read after.
    private final class Outcome: @unchecked Sendable {
        var error: (any Error)?
    }
}

/// The browser of whoever sits here.
private enum Browser {
    /// Opens an address, on a thread of its own: where no browser runs yet, `xdg-open` may be the
    /// browser itself, and end when it does. `otherwise` is called where the system does not take
    /// the address.
    static func open(_ address: String, otherwise: @escaping @Sendable () -> Void) {
        Thread.detachNewThread { if !isTaken(address) { otherwise() } }
    }

    private static func isTaken(_ address: String) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["xdg-open", address]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
