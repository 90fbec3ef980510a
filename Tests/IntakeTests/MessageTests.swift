import Plates
import Rows
import Secrets
import Testing
import Warrants
import Wire

@testable import Intake

@Suite("all reads of one message, or none")
struct MessageTests {
    private func received(_ texts: [String], at time: Timestamp = World.now) throws
        -> [ReceivedRead]
    {
        var reception = try reception(.ndjson)
        let lines = texts.map { "{'plate':'\($0)','epoch_ms':\(time.milliseconds)}" }
        return try reception.take(
            message(lines.joined(separator: "\n")), contentType: "", at: time
        ).reads
    }

    @Test(
        "where a later read cannot be sealed, the earlier ones are not either, and come again once")
    func undone() throws {
        let world = try World("undone")
        let gateway = try world.ready()
        try gateway.take(message: received(["AB1"]), at: World.now)
        let before = gateway.counts
        // The last read's hour has no keys here, so nothing of the message may be sealed.
        let mixed =
            try received(["AB1", "AB1", "CD2"])
            + received(["EF3"], at: World.now.adding(hours: 3))
        let late = World.now.adding(hours: 3)
        #expect(refusal { try gateway.take(message: mixed, at: late) } == "keys-missing")
        #expect(gateway.counts.waiting == before.waiting && gateway.counts.sealed == before.sealed)
        #expect(gateway.counts.refused == ["keys-missing": 1])
        #expect(gateway.flush().rows == 1)
        // The same message, once its keys are there: each read is one row, found without a gap.
        gateway.fetchKeys(late.hour...late.hour, generation: World.generation, at: late)
        #expect(try gateway.take(message: mixed, at: late).isEmpty)
        #expect(gateway.flush().rows == 4)
        #expect(try world.found("AB1", runs: [gateway.run]).count == 3)
        #expect(try world.found("CD2", runs: [gateway.run]).count == 1)
        #expect(try world.found("EF3", hour: late.hour, runs: [gateway.run]).count == 1)
        let rows = try world.vault.decoded().flatMap(\.rows)
        #expect(Set(rows.map(\.label)).count == 5 && rows.count == 5)
    }

    @Test("what can never be sealed is left out and told; the others stand")
    func refusedForGood() throws {
        let world = try World("refused")
        let gateway = try world.ready()
        let old = World.now.adding(hours: -30)
        let reads = try received(["AB1"]) + received(["CD2"], at: old) + received(["EF3"])
        #expect(try gateway.take(message: reads, at: World.now) == ["seen-earlier": 1])
        #expect(gateway.flush().rows == 2)
        #expect(try gateway.take(message: received(["CD2"], at: old), at: World.now).count == 1)
        #expect(gateway.counts.waiting == 0)
    }

    @Test("a mark says when rows are durable, also while more come in")
    func marks() throws {
        let world = try World("marks")
        let gateway = try world.ready()
        let hour = World.now.hour
        try gateway.take(message: received(["AB1", "CD2"]), at: World.now)
        let first = gateway.rowsQueued(in: hour)
        let batch = try #require(gateway.nextHandover(of: hour))
        try gateway.take(message: received(["EF3"]), at: World.now)
        let second = gateway.rowsQueued(in: hour)
        #expect(first == 2 && second == 3 && gateway.rowsHanded(in: hour) == 0)
        let lost = WireProblem(code: "unreachable", sentence: "")
        #expect(throws: WireProblem.self) { try gateway.settle(batch, lost) }
        #expect(gateway.rowsHanded(in: hour) == 0 && gateway.rowsQueued(in: hour) == 3)
        #expect(gateway.nextHandover(of: hour) === batch)
        #expect(try gateway.settle(batch, nil) == 2)
        // An answer that comes twice counts once.
        #expect(try gateway.settle(batch, nil) == 0)
        #expect(gateway.rowsHanded(in: hour) == first && gateway.counts.delivered == 2)
        let next = try #require(gateway.nextHandover(of: hour))
        // Another process closed the hour, by the log too: the rows go to the late tree, and the
        // mark stands.
        gateway.isClosedByLog = { $0 == hour }
        #expect(
            try gateway.settle(next, WireProblem(code: "cell-closed", sentence: "")) == 0)
        #expect(gateway.rowsQueued(in: hour) == second && gateway.rowsHanded(in: hour) == first)
        let late = try #require(gateway.nextHandover(of: hour))
        #expect(try late.batch().kind == .late && late.batch().number == 0)
        #expect(try late.batch().rows == next.batch().rows)
        #expect(try gateway.settle(late, nil) == 1 && gateway.rowsHanded(in: hour) == second)
    }

    @Test("a batch on its way whose hour's keys were erased changes nothing when it is answered")
    func erasedOnTheWay() throws {
        let world = try World("erased")
        let gateway = try world.ready()
        let hour = World.now.hour
        try gateway.take(message: received(["AB1"]), at: World.now)
        let batch = try #require(gateway.nextHandover(of: hour))
        gateway.erase(at: World.now.adding(hours: 8))
        #expect(gateway.counts.undelivered == 1 && gateway.hoursWaiting.isEmpty)
        #expect(try gateway.settle(batch, nil) == 0)
        #expect(gateway.counts.waiting == 0 && gateway.counts.delivered == 0)
        // The vault took it all the same: it is a batch that this process made, and the hour is closed.
        #expect(Gateway.submit(try batch.batch(), to: gateway.vault) == nil)
        let report = gateway.closeHours(at: World.now.adding(hours: 8))
        #expect(report.problem == nil && report.closed.first == hour)
    }

    @Test("the batch of a handover is one, whoever asks first and how many at once")
    func oneBatch() throws {
        let world = try World("one batch")
        let gateway = try world.ready()
        let hour = World.now.hour
        try gateway.take(message: received(["AB1", "CD2", "EF3"]), at: World.now)
        let handover = try #require(gateway.nextHandover(of: hour))
        #expect(handover.count == 3 && handover.cell.hour == hour && !handover.hasPhotos)
        let made = Lanes.map(8, lanes: 4) { _ in try? handover.batch().encode() }
        #expect(Set(made).count == 1 && made[0] != nil)
    }

    @Test("custodians asked one by one or together give the same keys")
    func together() throws {
        let world = try World("together")
        let gateway = try world.gateway()
        let hours = World.hours(2)
        var report = KeyReport()
        let asks = try world.custodians.indices.map {
            try gateway.keyAsk($0, hours, at: World.now)
        }
        #expect(Set(asks.map(\.note)).count == asks.count)
        // In another order than the roster's, the second of them not at all.
        for ask in asks.reversed() {
            let client = CustodianClient(LoopbackChannel(world.custodians[ask.custodian]))
            let answer: Result<[UInt8], WireProblem> =
                ask.custodian == 1
                ? .failure(WireProblem(code: "unreachable", sentence: ""))
                : .success(try client.grant(ask.note))
            gateway.take(answer, to: ask, generation: World.generation, at: World.now, &report)
            // Held as soon as enough have answered.
            if ask.custodian == 0 { #expect(gateway.holdsKeys(of: World.now.hour)) }
        }
        gateway.conclude(&report, hours, World.generation)
        #expect(report.incomplete.isEmpty && report.failed == ["custodian-1": "unreachable"])
        #expect(report.answered.count == world.custodians.count - 1)
        // An answer to another ask does not open.
        let other = try gateway.keyAsk(0, hours, at: World.now)
        let sealed = try CustodianClient(LoopbackChannel(world.custodians[0])).grant(asks[0].note)
        gateway.take(.success(sealed), to: other, generation: 1, at: World.now, &report)
        #expect(report.failed["custodian-0"] != nil)
    }
}
