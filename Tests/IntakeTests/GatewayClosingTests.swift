import Intake
import Plates
import Rows
import Secrets
import Testing
import Warrants
import Wire

@Suite("closing hours")
struct GatewayClosingTests {
    private let due = World.now.hour.end.adding(minutes: 5)

    @Test("an hour is closed five minutes after its end, over all of its rows")
    func closing() throws {
        let world = try World()
        let gateway = try world.ready()
        for index in 0..<10 { try gateway.take(World.read("AB\(index)"), at: World.now) }
        gateway.flush()
        try gateway.take(World.read("AB1"), at: World.now)
        gateway.flush()
        #expect(gateway.closeHours(at: due.adding(milliseconds: -1)).closed.isEmpty)
        let report = gateway.closeHours(at: due)
        #expect(report.closed == [World.now.hour] && report.problem == nil)
        #expect(gateway.firstOpenHour == World.now.hour.next && gateway.counts.closed == 1)
        let closing = try #require(world.vault.closings.first)
        let opening = try HourOpening(wire: closing.opening)
        let body = try world.roster.verify(
            UnverifiedStatement(wire: closing.statement), as: HourClosedBody.self
        ).body
        #expect(body.closed == opening.commitment && body.cell == opening.cell)
        #expect(body.kind == .prompt && opening.kind == .prompt && body.time == due)
        #expect(opening.runs == [.init(id: gateway.run, lastBatch: 1, isUnfinished: false)])
        let tree = try HourTree(world.vault.decoded().flatMap(\.rows))
        #expect(opening.tree == tree.root)
        #expect(opening.tree.size == 13)
        #expect(gateway.closeHours(at: due).closed.isEmpty)
    }

    private let lateDue = World.now.hour.end.adding(hours: 6).adding(minutes: 5)

    @Test("what comes after the closing makes a late tree, with counters that go on")
    func late() throws {
        let world = try World()
        let gateway = try world.ready()
        try gateway.take(World.read("AB1"), at: World.now)
        gateway.flush()
        gateway.closeHours(at: due)
        try gateway.take(World.read("AB1"), at: due)
        gateway.erase(at: due)
        try gateway.take(World.read("AB1"), at: due)
        gateway.flush()
        let batches = try world.vault.decoded()
        #expect(batches.map(\.kind) == [.prompt, .late] && batches.map(\.number) == [0, 0])
        #expect(Set(batches.flatMap(\.rows).map(\.label)).count == 3)
        #expect(gateway.closeHours(at: lateDue.adding(milliseconds: -1)).closedLate.isEmpty)
        let report = gateway.closeHours(at: lateDue)
        #expect(report.closedLate == [World.now.hour] && report.problem == nil)
        #expect(gateway.firstLateHour == World.now.hour.next && gateway.counts.closedLate == 1)
        let closing = try #require(world.vault.closings.last)
        let opening = try HourOpening(wire: closing.opening)
        let body = try world.roster.verify(
            UnverifiedStatement(wire: closing.statement), as: HourClosedBody.self
        ).body
        #expect(opening.kind == .late && body.kind == .late && body.closed == opening.commitment)
        #expect(opening.runs == [.init(id: gateway.run, lastBatch: 0, isUnfinished: false)])
        #expect(opening.tree == (try HourTree(batches[1].rows).root))
        #expect(refusal { try gateway.take(World.read("AB1"), at: lateDue) } == "seen-earlier")
    }

    @Test("a new process takes late reads of an hour that another has closed, and closes its tree")
    func lateAfterRestart() throws {
        let world = try World()
        let first = try world.ready()
        try first.take(World.read("AB1"), at: World.now)
        first.flush()
        first.closeHours(at: due)
        let second = try world.gateway(
            firstOpenHour: World.now.hour.next, firstLateHour: World.now.hour)
        #expect(second.keyHours(at: due).lowerBound == World.now.hour)
        second.fetchKeys(World.now.hour...World.now.hour, generation: 1, at: due)
        try second.take(World.read("AB1"), at: due)
        second.flush()
        #expect(try world.vault.decoded().last?.kind == .late)
        #expect(second.closeHours(at: lateDue).closedLate == [World.now.hour])
    }

    @Test("rows that missed the closing by another process go to the late tree, none is lost")
    func overtaken() throws {
        let world = try World()
        let slow = try world.ready()
        try slow.take(World.read("AB1"), at: World.now)
        try world.ready().closeHours(at: due)
        // The vault's word alone is a refusal like any other.
        #expect(slow.flush().problems.map(\.code) == ["cell-closed"])
        #expect(slow.counts.waiting == 1 && slow.firstOpenHour == World.now.hour)
        slow.isClosedByLog = { $0 == World.now.hour }
        slow.flush()
        #expect(slow.counts.waiting == 0 && slow.counts.delivered == 1)
        #expect(slow.firstOpenHour == World.now.hour.next)
        #expect(try world.vault.decoded().map(\.kind) == [.late])
        #expect(slow.closeHours(at: lateDue).closedLate.first == World.now.hour)
    }

    @Test("a vault that lies about closed hours makes no gateway leave one unclosed")
    func lies() throws {
        let world = try World()
        let gateway = try world.ready()
        let (hour, next) = (World.now.hour, World.now.hour.next)
        try gateway.take(World.read("AB1"), at: World.now)
        try gateway.take(World.read("AB1", at: next.start), at: next.start)
        let lie = WireProblem(code: "cell-closed", sentence: "")
        let batch = try #require(gateway.nextHandover(of: next))
        #expect(throws: WireProblem.self) { try gateway.settle(batch, lie) }
        #expect(gateway.firstOpenHour == hour && gateway.counts.waiting == 2)
        #expect(gateway.nextHandover(of: next) === batch)
        // Another process closed the second hour: the first is closed by this one all the same, and
        // the second not again.
        gateway.isClosedByLog = { $0 == next }
        #expect(try gateway.settle(batch, lie) == 0 && gateway.firstOpenHour == hour)
        #expect(gateway.flush().problems.isEmpty && gateway.counts.waiting == 0)
        #expect(try Set(world.vault.decoded().map(\.kind)) == [.prompt, .late])
        let report = gateway.closeHours(at: due.adding(hours: 2))
        #expect(report.closed == [hour, next.next] && report.problem == nil)
        #expect(gateway.firstOpenHour == next.next.next)
    }

    @Test("a closing that another process was first with is not sent for ever")
    func second() throws {
        let world = try World()
        let slow = try world.ready()
        world.vault.answersLost = 1
        slow.closeHours(at: due)
        world.vault.isClosedBefore = true
        let refused = slow.closeHours(at: due.adding(minutes: 1))
        #expect(refused.problem?.code == "cell-closed" && refused.closed.isEmpty)
        #expect(slow.closeHours(at: due.adding(minutes: 2)).problem?.code == "cell-closed")
        slow.isClosedByLog = { $0 == World.now.hour }
        slow.closeHours(at: due.adding(minutes: 3))
        #expect(slow.closeHours(at: due.adding(minutes: 4)).problem == nil)
        #expect(slow.firstOpenHour == World.now.hour.next)
    }

    @Test("nor is one of a late tree; what waits for that is given up")
    func secondLate() throws {
        let world = try World()
        let slow = try world.ready()
        slow.closeHours(at: due)
        try slow.take(World.read("AB1"), at: due)
        slow.flush()
        // The prompt trees of the hours since, and this late one.
        world.vault.answersLost = 2
        slow.closeHours(at: lateDue)
        world.vault.isClosedBefore = true
        #expect(slow.closeHours(at: lateDue.adding(minutes: 1)).problem?.code == "cell-closed")
        #expect(slow.firstLateHour == World.now.hour)
        slow.isClosedByLog = { [lateDue] in $0 < lateDue.hour }
        slow.isLateClosedByLog = { $0 == World.now.hour }
        slow.closeHours(at: lateDue.adding(minutes: 2))
        #expect(slow.closeHours(at: lateDue.adding(minutes: 3)).problem == nil)
        #expect(slow.firstLateHour == World.now.hour.next)
        #expect(slow.counts.waiting == 0 && slow.counts.undelivered == 0)
        // A process whose rows never got through.
        world.vault.isClosedBefore = false
        let other = try world.gateway(
            firstOpenHour: World.now.hour.next, firstLateHour: World.now.hour)
        other.fetchKeys(World.hours(1), generation: 1, at: due)
        try other.take(World.read("AB1"), at: due)
        other.isLateClosedByLog = { $0 == World.now.hour }
        other.closeHours(at: lateDue)
        #expect(other.counts.waiting == 0 && other.counts.undelivered == 1)
        #expect(other.firstLateHour == World.now.hour.next)
        #expect(refusal { try other.take(World.read("AB1"), at: due) } == "seen-earlier")
    }

    @Test("closings go on only while there is time, and then where they stopped")
    func time() throws {
        let world = try World()
        let gateway = try world.gateway()
        let end = World.now.hour.adding(5)
        let time = end.start.adding(minutes: 5)
        var left = 3
        func goesOn() -> Bool {
            left -= 1
            return left >= 0
        }
        let first = gateway.closeHours(at: time, while: goesOn)
        #expect(first.closed == (0..<3).map { World.now.hour.adding($0) })
        #expect(first.problem == nil && gateway.firstOpenHour == World.now.hour.adding(3))
        #expect(gateway.closeHours(at: time).closed == (3..<5).map { World.now.hour.adding($0) })
    }

    @Test("a vault that gives batches one by one takes one of them of each turn, and no more time")
    func dripping() throws {
        let world = try World()
        let gateway = try world.ready()
        for index in 0..<5 {
            try gateway.take(World.read("AB\(index)"), at: World.now)
            gateway.flush()
        }
        world.vault.batchesAtOnce = 1
        var turns = 0
        var closed: [Hour] = []
        repeat {
            var asked = 0
            let before = world.vault.sequence.count
            let report = gateway.closeHours(at: due) {
                asked += 1
                return asked == 1
            }
            #expect(report.problem == nil)
            closed += report.closed
            #expect(world.vault.sequence.count - before <= 2)
            turns += 1
        } while closed.isEmpty && turns < 20
        #expect(closed == [World.now.hour] && turns == 6)
        let opening = try HourOpening(wire: #require(world.vault.closings.first).opening)
        #expect(opening.tree == (try HourTree(world.vault.decoded().flatMap(\.rows)).root))
        #expect(opening.runs == [.init(id: gateway.run, lastBatch: 4, isUnfinished: false)])
    }

    @Test("rows that come between two turns are in the tree")
    func drippingWithRows() throws {
        let world = try World()
        let gateway = try world.ready()
        for index in 0..<3 {
            try gateway.take(World.read("AB\(index)"), at: World.now)
            gateway.flush()
        }
        world.vault.batchesAtOnce = 1
        for index in 0..<2 {
            var asked = 0
            let report = gateway.closeHours(at: due) {
                asked += 1
                return asked == 1
            }
            #expect(report.closed.isEmpty)
            try gateway.take(World.read("CD\(index)"), at: due)
            gateway.flush()
        }
        world.vault.batchesAtOnce = nil
        #expect(gateway.closeHours(at: due).closed == [World.now.hour])
        let opening = try HourOpening(wire: #require(world.vault.closings.first).opening)
        #expect(opening.tree.size == 7)
        #expect(opening.tree == (try HourTree(world.vault.decoded().flatMap(\.rows)).root))
    }

    @Test("a late tree without a row is closed too, and never before the prompt one")
    func lateQuiet() throws {
        let world = try World()
        let gateway = try world.gateway()
        gateway.closeHours(at: lateDue)
        let openings = try world.vault.closings.map { try HourOpening(wire: $0.opening) }
        #expect(openings.filter { $0.kind == .late }.map(\.cell.hour) == [World.now.hour])
        #expect(openings.last?.kind == .late && openings.last?.tree.size == 2)
    }

    @Test("quiet hours are closed too, without any key, each under its own salt")
    func quiet() throws {
        let world = try World()
        let gateway = try world.gateway()
        let end = World.now.hour.adding(24 * 31)
        let report = gateway.closeHours(at: end.start.adding(minutes: 5))
        #expect(report.closed.count == 24 * 31 && report.problem == nil)
        for custodian in world.custodians { #expect(custodian.asked.isEmpty) }
        let openings = try world.vault.closings.map { try HourOpening(wire: $0.opening) }
        #expect(openings.filter { $0.kind == .prompt }.map(\.cell.hour) == report.closed)
        #expect(openings.filter { $0.kind == .late }.map(\.cell.hour) == report.closedLate)
        #expect(report.closedLate.count == 24 * 31 - 6)
        #expect(openings.allSatisfy { $0.tree.size == 2 && $0.runs.isEmpty })
        #expect(Set(openings.map(\.salt)).count == openings.count)
        #expect(Set(openings.map(\.commitment)).count == openings.count)
    }

    @Test("rows that wait hold the closing back; then it goes on")
    func waiting() throws {
        let world = try World()
        let gateway = try world.ready()
        try gateway.take(World.read("AB1"), at: World.now)
        let report = gateway.closeHours(at: due)
        #expect(report.problem?.code == "rows-waiting" && report.closed.isEmpty)
        gateway.flush()
        #expect(gateway.closeHours(at: due).closed == [World.now.hour])
    }

    @Test("the batches of an earlier process are in the tree, its run named unfinished")
    func unfinished() throws {
        let world = try World()
        let first = try world.ready()
        try first.take(World.read("AB1"), at: World.now)
        first.flush()
        let second = try world.ready()
        try second.take(World.read("AB1"), at: World.now)
        second.flush()
        second.closeHours(at: due)
        let opening = try HourOpening(wire: #require(world.vault.closings.first).opening)
        #expect(opening.tree.size == 4 && opening.runs.count == 2)
        for run in opening.runs { #expect(run.isUnfinished == (run.id == first.run)) }
    }

    @Test("a closing whose answer is lost is sent again as the same bytes, and takes no row in")
    func lostAnswer() throws {
        let world = try World()
        let gateway = try world.ready()
        world.vault.answersLost = 1
        let report = gateway.closeHours(at: due)
        #expect(report.problem?.code == "unreachable" && report.closed.isEmpty)
        // What comes now is late; the signed tree does not change.
        try gateway.take(World.read("AB1"), at: World.now)
        #expect(gateway.closeHours(at: due.adding(minutes: 1)).closed == [World.now.hour])
        gateway.flush()
        #expect(try world.vault.decoded().map(\.kind) == [.late])
        #expect(world.vault.closingArrivals.count == 2 && world.vault.closings.count == 1)
        #expect(Set(world.vault.closingArrivals).count == 1)
    }

    @Test("a vault that hides, adds or changes a batch gets no signature")
    func tampering() throws {
        for (code, change) in Self.changes {
            let world = try World()
            let gateway = try world.ready()
            for _ in 0..<3 {
                try gateway.take(World.read("AB1"), at: World.now)
                gateway.flush()
            }
            try change(world, gateway)
            let report = gateway.closeHours(at: due)
            #expect(report.problem?.code == code)
            #expect(report.closed.isEmpty && world.vault.closings.isEmpty)
        }
    }

    private static let changes: [(String, @Sendable (World, Gateway) throws -> Void)] = [
        ("batch-missing", { world, _ in world.vault.batches.removeLast() }),
        (
            "hour-gap",
            { world, _ in
                let other = try World("rows")
                _ = other
                let earlier = try world.ready()
                for _ in 0..<2 {
                    try earlier.take(World.read("AB1"), at: World.now)
                    earlier.flush()
                }
                world.vault.batches.remove(at: 3)
            }
        ),
        ("batch-missing", { world, _ in world.vault.batches.removeAll() }),
        (
            "batch-signature",
            { world, gateway in
                let batch = try #require(try world.vault.decoded().first)
                let stranger = try SigningKey(from: world.random)
                let forged = try Batch(
                    cell: batch.cell, run: RunID(bytes: world.random.bytes(8)), number: 0,
                    rows: batch.rows, origin: World.origin, key: stranger)
                world.vault.batches.append(forged.encode())
            }
        ),
        (
            "batch-other",
            { world, gateway in
                let batch = try #require(try world.vault.decoded().first)
                let another = try Batch(
                    cell: batch.cell, run: gateway.run, number: 3, rows: batch.rows,
                    origin: World.origin, key: world.siteKey)
                world.vault.batches.append(another.encode())
            }
        ),
        (
            "batch-root",
            { world, _ in
                world.vault.batches[0][world.vault.batches[0].count - 1] ^= 1
            }
        ),
    ]
}
