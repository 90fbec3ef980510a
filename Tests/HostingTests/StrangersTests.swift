import Disk
import Foundation
import Ledger
import Plates
import Secrets
import Synchronization
import TestSupport
import Testing
import Warrants
import Wire

@testable import Hosting

/// Who gets through to a party's endpoints over TLS, and who does not.
@Suite(.serialized) struct StrangersTests {
    private static let origin = SampleRoster.origin

    /// A roster of a vault, custodians and one site, with the keys of two of them.
    private struct Town {
        let vault: SigningKey
        let site: SigningKey
        let roster: Roster

        /// The same town, with another key for its site where one is given.
        init(_ name: String, site: SigningKey? = nil, vault: SigningKey? = nil) throws {
            self.vault = try vault ?? SigningKey(from: SystemRandom())
            self.site = try site ?? SigningKey(from: SystemRandom())
            var draft = try SampleRoster.draft(vault: self.vault.verifyingKey)
            draft.add(
                Site(
                    id: "site-1", name: "Main Street", number: SiteNumber(number: 1),
                    keys: [self.site.verifyingKey]))
            roster = try draft.roster(origin: StrangersTests.origin)
        }
    }

    /// A listener as the vault of a town; the roster that it goes by can be changed.
    private func listening(
        _ town: Town, _ body: (Int, RosterBox) async throws -> Void
    ) async throws {
        let port = RawConnection.freePort()
        let inForce = RosterBox(town.roster)
        let listener = try PartyListener(
            at: "127.0.0.1:\(port)",
            as: try PartyIdentity(
                id: "vault", origin: Self.origin, key: town.vault, now: Date()),
            trust: PartyTrust(roster: { inForce.roster }, now: { Date() }),
            log: DaemonLog(to: -1) { Timestamp(milliseconds: 0) }
        ) { _, _, caller throws(WireProblem) in Array(caller.utf8) }
        Task { try await listener.run() }
        for _ in 0..<200 where (try? RawConnection(port: port)) == nil {
            try await Task.sleep(for: .milliseconds(20))
        }
        try await body(port, inForce)
    }

    /// The roster in force, which a test changes.
    private final class RosterBox: Sendable {
        private let held: Mutex<Roster>
        init(_ roster: Roster) { held = Mutex(roster) }
        var roster: Roster { held.withLock { $0 } }
        func set(_ roster: Roster) { held.withLock { $0 = roster } }
    }

    /// On a thread that may wait: what the vault calls the caller, or the problem's code.
    private func ask(_ channel: HTTPChannel) async -> String {
        await withCheckedContinuation { done in
            DispatchQueue.global().async {
                do throws(WireProblem) {
                    let name = try channel.exchange(.logCheckpoint, [])
                    done.resume(returning: String(decoding: name, as: UTF8.self))
                } catch {
                    done.resume(returning: error.code)
                }
            }
        }
    }

    private func channel(
        _ port: Int, _ town: Town, as id: String = "site-1", _ key: SigningKey,
        origin: String = origin, now: Date = Date()
    ) throws -> HTTPChannel {
        try HTTPChannel(
            to: "vault", at: "https://127.0.0.1:\(port)",
            as: try PartyIdentity(id: id, origin: origin, key: key, now: now),
            roster: town.roster, seconds: 5)
    }

    @Test func onlyKeysOfTheRosterGetThrough() async throws {
        let town = try Town("a")
        try await listening(town) { (port, _) async throws in
            let own = try channel(port, town, town.site)
            #expect(await ask(own) == "site-1")
            let stranger = try SigningKey(from: SystemRandom())
            #expect(await ask(try channel(port, town, stranger)) == "unreachable")
            // The right key under another's word is not that other.
            #expect(await ask(try channel(port, town, as: "vault", town.site)) == "unreachable")
            // A certificate out of its time, before and after.
            for shift in [-500.0, 2.0] {
                let now = Date().addingTimeInterval(shift * 86_400)
                #expect(await ask(try channel(port, town, town.site, now: now)) == "unreachable")
            }
        }
    }

    @Test func whoAnswersMustHaveTheRostersKey() async throws {
        let town = try Town("a")
        // Another vault, at the same place.
        let other = try Town("b", site: town.site)
        try await listening(other) { (port, _) async throws in
            #expect(await ask(try channel(port, town, town.site)) == "unreachable")
            #expect(await ask(try channel(port, other, town.site)) == "site-1")
        }
    }

    /// A key that is revoked while its connection is open is nobody's from the next message on.
    @Test func aRevokedKeyIsNobodys() async throws {
        let town = try Town("a")
        let later = try Town("b", vault: town.vault)
        try await listening(town) { (port, roster) async throws in
            let open = try channel(port, town, town.site)
            #expect(await ask(open) == "site-1")
            roster.set(later.roster)
            #expect(await ask(open) == "party-unknown")
            #expect(await ask(try channel(port, town, town.site)) == "unreachable")
            #expect(await ask(try channel(port, town, later.site)) == "site-1")
            roster.set(town.roster)
            #expect(await ask(open) == "site-1")
        }
    }

    /// No certificate, an older TLS, no TLS at all: tried by another implementation.
    @Test func withoutCertificateOrTLS13NobodyGetsAnAnswer() async throws {
        let town = try Town("a")
        try await listening(town) { (port, _) async throws in
            for attempt in ["no-certificate", "tls12", "plain"] {
                let output = try await Self.python(attempt, port)
                #expect(output == "refused\n", "\(attempt): \(output)")
            }
            // The listener lives.
            #expect(await ask(try channel(port, town, town.site)) == "site-1")
        }
    }

    private static let script = """
        import socket, ssl, sys
        attempt, port = sys.argv[1], int(sys.argv[2])
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        try:
            if attempt != "plain":
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
                if attempt == "tls12":
                    context.maximum_version = ssl.TLSVersion.TLSv1_2
                connection = context.wrap_socket(connection)
            connection.sendall(b"POST /v1/log/checkpoint HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 0\\r\\n\\r\\n")
            answer = connection.recv(65536)
            print("refused" if not answer else answer)
        except (ssl.SSLError, ConnectionError):
            print("refused")
        """

    private static func python(_ attempt: String, _ port: Int) async throws -> String {
        try await withCheckedThrowingContinuation { done in
            DispatchQueue.global().async {
                done.resume(
                    with: Result {
                        let process = Process()
                        process.executableURL = URL(filePath: "/usr/bin/env")
                        process.arguments = ["python3", "-c", script, attempt, "\(port)"]
                        let pipe = Pipe()
                        process.standardOutput = pipe
                        try process.run()
                        let output = pipe.fileHandleForReading.readDataToEndOfFile()
                        process.waitUntilExit()
                        return String(decoding: output, as: UTF8.self)
                    })
            }
        }
    }
}
