import Disk
import Foundation
import Glibc
import Hosting
import Plates
import Secrets
import TestSupport
import Testing
import Warrants

@testable import Embedded
@testable import Inquiry

/// Officers are told, the requester sees how far it is and comes back, whoever is down meanwhile.
@Suite(.serialized) struct TellingProgramTests {
    /// `platevault inbox --follow` as a program of its own.
    private final class FollowedInbox {
        private let process = Process()
        private let path: String

        init(_ root: String, as party: String) throws {
            path = root + ".inbox"
            _ = FileManager.default.createFile(atPath: path, contents: nil)
            process.executableURL = URL(filePath: ProgramCity.binaries + "/platevault")
            process.arguments = ["inbox", "--dir", root, "--as", party, "--follow"]
            let output = FileHandle(forWritingAtPath: path)
            process.standardOutput = output
            process.standardError = output
            process.standardInput = FileHandle.nullDevice
            try process.run()
        }

        var text: String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }

        func close() {
            process.terminate()
            process.waitUntilExit()
            try? FileManager.default.removeItem(atPath: path)
        }
    }

    /// A city with one read of the wanted plate in a closed hour, old enough to be asked for.
    private func town(_ webhooks: String) throws -> (ProgramCity, Application) {
        let town = try ProgramCity { program, text in
            program.name == "vaultd" ? text + "\n[webhooks]\n\(webhooks)\n" : text
        }
        let seen = town.city.now
        let group =
            "{\"data_type\":\"alpr_group\",\"epoch_start\":\(seen.milliseconds),"
            + "\"best_plate_number\":\"\(City.wanted)\"}"
        guard town.serving.cameras.post(Array(group.utf8), to: "site-1") == 200 else {
            throw TestFault("the read is not durable")
        }
        try town.city.clocks.pass(milliseconds: 9 * 3_600_000)
        let cell = Cell(hour: seen.hour, site: SiteNumber(number: 1))
        guard
            try town.city.wait(
                seconds: 60, until: { try town.city.record().closedCells.contains(cell) })
        else { throw TestFault("the hour stays open") }
        return (town, town.city.application(cells: [cell]))
    }

    @Test func officersAreToldAndTheRequesterComesBack() throws {
        let receiver = try #require(RawReceiver())
        let (town, application) = try town(
            "privacy-office = \"http://127.0.0.1:\(receiver.port)/hook\"\n"
                + "clerk-of-court = \"http://127.0.0.1:1/nobody\"")
        defer { town.close() }
        let inbox = try FollowedInbox(town.path, as: "privacy-office")
        defer { inbox.close() }
        // Each step from a laptop that was just opened: nothing lives in memory only.
        func desk() throws -> Deployment { try Deployment.open(at: town.path) }
        let first = try desk().file(application, as: "investigator")
        #expect(try town.city.wait(seconds: 20) { !receiver.bodies.isEmpty })
        #expect(
            receiver.bodies == ["{\"event\":\"request-filed\",\"request\":\"\(first.hex)\"}"])
        #expect(
            try town.city.wait(seconds: 20) { inbox.text.contains(String(first.hex.prefix(12))) })
        #expect(
            try town.city.wait(seconds: 20) {
                try town.log(of: "vault").contains("event=webhook-failed party=clerk-of-court")
            })

        // The vault dies and comes back; whoever followed goes on by himself.
        town.serving.kill("vault")
        #expect(try town.city.wait(seconds: 20) { inbox.text.contains("does not answer") })
        #expect(code { _ = try desk().inbox(of: "privacy-office") } == "unreachable")
        try town.serving.start("vault")
        try town.serving.waitUntilReady("vault", seconds: 30)
        receiver.answer(with: 500)
        let second = try desk().file(application, as: "investigator")
        #expect(
            try town.city.wait(seconds: 20) { inbox.text.contains(String(second.hex.prefix(12))) })
        #expect(try town.city.wait(seconds: 20) { receiver.bodies.count >= 2 })
        receiver.answer(with: 200)
        #expect(try town.city.wait(seconds: 20) { receiver.bodies.count >= 3 })
        #expect(Set(receiver.bodies.dropFirst()).count == 1)
        #expect(!(receiver.bodies.joined() + inbox.text).contains(City.wanted))

        try progress(town, first, desk)
        // The other one lapses, and its requester is told.
        try town.city.clocks.pass(milliseconds: 3 * 86_400_000)
        #expect(try desk().progress(of: second).verdict == "lapsed")
        let own = try desk().inbox(of: "investigator")
        #expect(own.map(\.what) == ["lapsed"] && own.map(\.request) == [second.hex])
        #expect(try desk().inbox(of: "clerk-of-court").isEmpty)
    }

    /// From the filing to the opened rows, one custodian standing still and then dead.
    private func progress(
        _ town: ProgramCity, _ id: Digest, _ desk: () throws -> Deployment
    ) throws {
        let filed = try #require(try desk().record().request(id)).body.time
        var now = try desk().progress(of: id)
        #expect(now.verdict == "attestation-missing")
        #expect(now.deadline == filed.adding(days: 3).text)
        #expect(now.acts.map(\.what) == ["filed"])
        #expect(
            now.missing.contains { $0.hasPrefix("attestation by ") }
                && now.missing.filter { $0.hasPrefix("approval by ") }.count == 3)
        #expect(now.machines.allSatisfy { $0.entries != nil })
        try desk().attest(
            id, warrant: Digest(of: Deployment.warrant),
            expires: try desk().now.adding(days: 2))
        try desk().officer("privacy-office").approve(id, at: try desk().now)
        #expect(try desk().inbox(of: "privacy-office").map(\.request).contains(id.hex) == false)

        // Standing still is not answering, and is named.
        let stopped = try #require(town.serving.processID("inspector-general"))
        Glibc.kill(stopped, SIGSTOP)
        now = try desk().progress(of: id)
        Glibc.kill(stopped, SIGCONT)
        #expect(now.verdict == "approvals-missing")
        #expect(now.acts.map(\.what) == ["filed", "attested", "approved"])
        let still = now.machines.first { $0.custodian == "inspector-general" }
        #expect(still?.problem?.contains("[unreachable]") == true)
        #expect(code { _ = try desk().search(id, as: "investigator") } == "answers-missing")

        // Any two of three suffice.
        town.serving.kill("inspector-general")
        try desk().officer("clerk-of-court").approve(id, at: try desk().now)
        #expect(try desk().inbox(of: "investigator").contains { $0.what == "open" })
        let finding = try desk().open(id, as: "investigator", bundle: town.path + "/bundle")
        #expect(finding.disclosure.reads.map(\.read.asRead) == [City.wanted])
        now = try desk().progress(of: id)
        let acts = now.acts.map { "\($0.what) by \($0.by)" }
        #expect(acts.contains("evaluated by privacy-office"))
        #expect(acts.contains("evaluated by clerk-of-court"))
        #expect(acts.contains("handed over by vault"))
        #expect(acts.contains("countersigned by investigator"))
        #expect(now.missing == ["evaluation or check by inspector-general"])
        #expect(now.next.hasPrefix("when the embargo ends"))
        #expect(
            now.machines.first { $0.custodian == "inspector-general" }?.entries == nil)
        try town.serving.start("inspector-general")
        try town.serving.waitUntilReady("inspector-general", seconds: 60)
    }
}
