import Foundation
import Plates
import Testing
import Warrants

@testable import Custody
@testable import Embedded
@testable import Inquiry

/// Lines between the programs that are slow, cut connections, never answer, or are down.
extension FaultTests {
    /// The vault is cut off from two of five custodians: three are enough for reads and searches,
    /// keys die everywhere on time, and afterwards all catch up.
    @Test func aPartitionBetweenTheVaultAndTwoCustodians() throws {
        let town = try Town("a partition", threshold: (3, 5), sites: 1)
        defer { town.close() }
        let lines = try town.lines()
        defer { lines.close() }
        try town.start()
        let cutOff = Array(town.custodians.suffix(2))
        lines.set(.silent) { cutOff.contains($0.from) && $0.to == "vault" }
        let traffic = Traffic(town, perSite: 2)
        #expect(town.wait(60) { traffic.acknowledged > 40 })
        let account = traffic.stop()
        try town.expectFound(account)
        // Whole again: the two check what the others answered.
        lines.set(.open) { _ in true }
        #expect(town.wait(60) { town.allFollow })
        let city = try town.city()
        let isChecked = try town.wait(60) {
            let states = try city.record().allRequests
            return states.allSatisfy { state in
                let seen = state.evaluations.map(\.body.custodian)
                return Set(seen + state.checks.map(\.body.custodian)).count == 5
            }
        }
        #expect(isChecked)

        lines.set(.silent) { cutOff.contains($0.from) && $0.to == "vault" }
        let first = Town.start.day
        let due = first.start.adding(days: Int64(town.roster.policy.retentionDays))
        try town.pass(to: due)
        let isGone = try town.wait(60) { try town.isGone(dueAt: due) }
        #expect(isGone && town.now <= due.adding(milliseconds: 60_000))
        let isDead = try town.wait(60) {
            try city.record().report(on: first, at: town.now)?.verdict == .dead
        }
        #expect(isDead)
        let word = try city.record().report(on: first, at: town.now)
        #expect(word.map { Set($0.erasedBy).isDisjoint(with: cutOff) } == true)
        lines.set(.open) { _ in true }
        let isTold = try town.wait(60) {
            try city.record().report(on: first, at: town.now)?.erasedBy.count == 5
        }
        #expect(isTold && town.wait(60) { town.allFollow })
        try town.expectHonestDeaths()
        try town.expectCleanAudit()
    }

    /// Every line is slow; then every connection is cut in the middle of some message.
    @Test func slowLinesAndLinesThatBreak() throws {
        let town = try Town("slow lines and lines that break", sites: 1)
        defer { town.close() }
        let lines = try town.lines()
        defer { lines.close() }
        try town.start()
        lines.set(.slow(milliseconds: 60)) { _ in true }
        let traffic = Traffic(town, perSite: 2)
        #expect(town.wait(60) { traffic.acknowledged > 20 })
        lines.set(.cutting(bytes: 24_000)) { _ in true }
        let before = traffic.acknowledged
        #expect(town.wait(240) { traffic.acknowledged > before + 60 && lines.cuts > 20 })
        let account = traffic.stop()
        // Closing goes over the same lines; its messages are longer, and must pass at some time.
        lines.set(.cutting(bytes: 240_000)) { _ in true }
        try town.expectFound(account)
        lines.set(.open) { _ in true }
        #expect(town.wait(60) { town.allFollow })
        try town.expectCleanAudit()
    }

    /// One custodian takes every connection and never answers, and is not answered either.
    @Test func aCustodianThatNeverAnswers() throws {
        let town = try Town("a custodian that never answers", sites: 1)
        defer { town.close() }
        let lines = try town.lines()
        defer { lines.close() }
        let mute = town.custodians[1]
        try town.start()
        lines.set(.silent) { $0.from == mute || $0.to == mute }
        // A gateway that has to fetch its keys now.
        town.serving.kill("site-1")
        try town.serving.start("site-1")
        let traffic = Traffic(town, perSite: 2)
        #expect(town.wait(90) { traffic.acknowledged > 40 })
        let account = traffic.stop()
        try town.expectFound(account)
        let due = Town.start.day.start.adding(days: Int64(town.roster.policy.retentionDays))
        try town.pass(to: due)
        let isGone = try town.wait(60) { try town.isGone(dueAt: due) }
        #expect(isGone && town.now <= due.adding(milliseconds: 60_000))
        lines.set(.open) { _ in true }
        #expect(town.wait(60) { town.allFollow })
        try town.expectHonestDeaths()
        // It was cut off for a month, and the record says so: nobody checked in its place.
        let faults = try town.audit().findings.filter(\.isFault)
        #expect(faults.allSatisfy { $0.code == "check-missing" && $0.sentence.contains(mute) })
    }
}

/// The lines between a town's programs, one for each pair and direction.
struct Lines {
    struct Place: Hashable {
        let from: String
        let to: String
    }

    fileprivate var lines: [Place: FaultyLine] = [:]

    /// Makes some lines so.
    func set(_ mode: FaultyLine.Mode, where isMeant: (Place) -> Bool) {
        for (place, line) in lines where isMeant(place) { line.mode = mode }
    }

    /// How many connections were cut so far.
    var cuts: Int { lines.values.map(\.cuts).reduce(0, +) }

    func close() { for line in lines.values { line.close() } }
}

extension Town {
    /// Puts a line between each program and every other that it reaches; before they start.
    func lines() throws -> Lines {
        var lines = Lines()
        let served = serving.programs.filter { $0.name != "gatewayd" }
        for program in serving.programs where program.name != "vaultd" {
            for other in served where other.party != program.party {
                guard let port = Int(other.address.split(separator: ":").last ?? "") else {
                    throw TownFault("no port in \(other.address)")
                }
                let line = try FaultyLine(to: port)
                lines.lines[Lines.Place(from: program.party, to: other.party)] = line
                try change(program.party) { text in
                    text.replacing(
                        "\"\(other.address)\"", with: "\"https://127.0.0.1:\(line.port)\"")
                }
            }
        }
        return lines
    }

    /// Whether every custodian's mirror is as long as the log.
    var allFollow: Bool { custodians.indices.allSatisfy { isFollowing($0) } }
}
