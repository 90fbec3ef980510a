import Dispatch
import Foundation
import Plates
import Synchronization
import Testing
import Warrants

@testable import Custody
@testable import Embedded
@testable import Inquiry

/// Programs that are killed at any moment and started again. The victims and the pauses are drawn by
/// a fixed seed; where in its work a program is then, only the machine knows.
extension FaultTests {
    /// How many kills, of one program or several at once: 200 in all; `PLATEVAULT_KILLS` percent.
    private static func rounds(_ number: Int) -> Int {
        number * Measure.number("PLATEVAULT_KILLS", or: 100) / 100
    }

    @Test func killedWhileReadsComeIn() throws {
        let town = try Town("killed while reads come in")
        defer { town.close() }
        try town.start()
        let traffic = Traffic(town, perSite: 2)
        for round in 0..<Self.rounds(80) {
            try town.killSome(round)
            try town.pass(seconds: Double(town.draw(150)))
            if round % 8 == 7 { try town.recover(traffic) }
        }
        try town.start()
        let account = traffic.stop()
        print("acknowledged \(account.acknowledged.count), statuses \(account.statuses)")
        #expect(account.acknowledged.count > Self.rounds(80) * 2)
        try town.expectFound(account)
        try town.expectCleanAudit()
    }

    @Test func killedWhileSearchesAreAnswered() throws {
        let town = try Town("killed while searches are answered")
        defer { town.close() }
        try town.start()
        let traffic = Traffic(town, perSite: 2)
        _ = town.wait(30) { traffic.acknowledged > 40 }
        let account = traffic.stop()
        let hour = Town.start.hour
        let cells = [hour, hour.next].flatMap { hour in
            town.roster.sites.map { Cell(hour: hour, site: $0.number) }
        }
        try town.expectClosed(cells)
        let searcher = Searcher(try Errand(town, seconds: 600), cells)
        var round = 0
        while round < Self.rounds(60) {
            try town.killSome(round)
            try town.pass(seconds: Double(town.draw(20)))
            if round % 6 == 5 {
                try town.start()
                Thread.sleep(forTimeInterval: 2)
            }
            round += 1
        }
        try town.start()
        let findings = searcher.stop()
        print("\(findings.count) searches")
        #expect(searcher.failure == nil)
        #expect(findings.count >= 2)
        for finding in findings { town.expectFound(account, finding) }
        try town.expectHonestDeaths()
        try town.expectCleanAudit()
    }

    @Test func killedWhileDaysDie() throws {
        let town = try Town("killed while days die", sites: 1)
        defer { town.close() }
        try town.start()
        let first = Town.start.day
        let retention = Int64(town.roster.policy.retentionDays)
        // Two hours before: the destruction is prepared, or about to be.
        try town.pass(to: first.start.adding(days: retention).adding(hours: -2))
        for number in 0..<Self.rounds(20) {
            let day = first.adding(Int64(number))
            let due = day.start.adding(days: retention)
            // After the generation's last day no site is ready any more.
            if number % 3 == 2 { try town.start(waitingFor: town.custodians) }
            try town.pass(to: due.adding(milliseconds: -Int64(town.draw(1_500))))
            for _ in 0..<3 {
                try town.killOne(of: town.custodians + ["vault"])
                try town.expectHonestDeaths()
            }
            for party in town.parties { try town.serving.start(party) }
            let restarted = town.now
            let limit = max(due, restarted).adding(milliseconds: 60_000)
            let isGone = try town.wait(60) { try town.isGone(dueAt: due) }
            #expect(isGone && town.now <= limit, "\(day.text) outlives its time")
        }
        try town.start(waitingFor: town.custodians)
        let city = try town.city()
        let last = first.adding(Int64(Self.rounds(20) - 1))
        let isTold = town.wait(60) {
            (try? city.record().report(on: last, at: town.now)?.erasedBy.count)
                == town.custodians.count
        }
        #expect(isTold)
        try town.expectHonestDeaths()
        try town.expectCleanAudit()
    }
}

extension Town {
    /// Kills one program, or sometimes two or all, at a drawn instant; a while later they start.
    func killSome(_ round: Int) throws {
        pause(upTo: 400)
        let victims: [String]
        switch draw(20) {
        case 0: victims = parties
        case 1..<5: victims = [parties[draw(parties.count)], parties[draw(parties.count)]]
        default: victims = [parties[draw(parties.count)]]
        }
        for victim in Set(victims) { serving.kill(victim) }
        pause(upTo: 200)
        for victim in Set(victims) { try serving.start(victim) }
    }

    func killOne(of parties: [String]) throws {
        let victim = parties[draw(parties.count)]
        pause(upTo: 700)
        serving.kill(victim)
        pause(upTo: 200)
        try serving.start(victim)
    }

    /// Everybody comes back, and cameras are served.
    func recover(_ traffic: Traffic) throws {
        try start()
        let before = traffic.acknowledged
        guard wait(60, until: { traffic.acknowledged >= before + 16 }) else {
            throw TownFault("reads are not taken any more: \(traffic.account.statuses)")
        }
    }
}

/// An investigator on a thread of its own, with one search after the other.
private final class Searcher: Sendable {
    private struct State {
        var findings: [Found] = []
        var failure: String?
        var isRunning = true
    }

    private let state = Mutex(State())
    private let group = DispatchGroup()

    init(_ errand: Errand, _ cells: [Cell]) {
        // From here on only the thread touches it.
        nonisolated(unsafe) let errand = errand
        group.enter()
        Thread.detachNewThread { [self] in
            while state.withLock({ $0.isRunning }) {
                do {
                    let finding = try errand.search(Traffic.plates, cells)
                    state.withLock { $0.findings.append(finding) }
                } catch {
                    let text = "\(error)"
                    state.withLock { state in
                        state.failure = text
                        state.isRunning = false
                    }
                }
            }
            group.leave()
        }
    }

    var failure: String? { state.withLock { $0.failure } }

    func stop() -> [Found] {
        state.withLock { $0.isRunning = false }
        group.wait()
        return state.withLock { $0.findings }
    }
}
